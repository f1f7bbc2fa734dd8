"""Choose areas under a budget: the plain ranked cut, the best set, and the choice redone in every random draw.

Benefit adds up over areas, so the best set is a 0/1 knapsack: maximise the benefit of the chosen areas while their
grants stay within the budget. Areas that need no grant are always chosen: they cost the budget nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.errors import CoverageError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# A limit on the solver's nodes, not on its seconds: the same answer on every machine.
MAX_NODES: Final = 50_000
# The budget in the solver's units. Its tolerance of 1e-6 is then 1e-10 of the budget.
SCALE: Final = 1e4
# Items around the line that the shortcut tries to leave out, or to force in, in each draw.
TRIALS: Final = 12


@dataclass(frozen=True)
class Selection:
    """Hold a chosen set, its benefit, and the proven upper bound on any set's benefit."""

    chosen: Bools
    benefit: float
    bound: float

    @property
    def gap(self) -> float:
        """Return by how much, at most, a better set could beat this one: a share of the bound."""
        return max(0.0, self.bound - self.benefit) / self.bound if self.bound > 0 else 0.0


@dataclass(frozen=True)
class Reselection:
    """Hold the choice in every draw (areas × draws), its benefit, and the linear relaxation's bound per draw."""

    chosen: Bools
    benefit: Floats
    bound: Floats

    @property
    def error(self) -> Floats:
        """Return by how much, at most, each draw's choice falls short of its best set: a share of the bound."""
        short = np.maximum(0.0, self.bound - self.benefit)
        return np.divide(short, self.bound, out=np.zeros_like(short), where=self.bound > 0)

    @property
    def funded_share(self) -> Floats:
        """Return the share of draws in which each area is chosen."""
        return np.asarray(self.chosen.mean(axis=1), dtype=float)


def ranked_cut(grant: Floats, *, budget: float) -> Bools:
    """Choose areas in the order given until one does not fit; none after it, save those that need no grant."""
    return np.asarray((np.cumsum(grant) <= budget) | (grant <= 0))


def optimum(benefit: Floats, grant: Floats, *, budget: float) -> Selection:
    """Choose the set of areas with the largest benefit whose grants stay within the budget.

    Solved as a mixed-integer programme to a gap of 0, unless MAX_NODES is reached first (`Selection.gap` tells).
    Of several best sets, the solver's first is taken: sort the areas by id, and the answer is always the same.
    """
    chosen = grant <= 0
    open_ = np.flatnonzero(~chosen & (grant <= budget) & (benefit > 0))
    free = math.fsum(benefit[chosen])
    if not len(open_):
        return Selection(chosen, free, free)
    gain = benefit[open_] / benefit[open_].max()
    limit = budget
    while True:
        result = milp(
            -gain,
            constraints=LinearConstraint(grant[open_][None, :] / budget * SCALE, ub=limit / budget * SCALE),
            integrality=np.ones(len(open_), dtype=np.int64),
            bounds=Bounds(0.0, 1.0),
            options={"mip_rel_gap": 0.0, "node_limit": MAX_NODES},
        )
        if result.x is None:
            raise CoverageError(f"the best set under a budget of {budget:,.0f} was not found: {result.message}")
        picked = open_[result.x > 0.5]
        over = math.fsum(grant[picked]) - budget
        if over <= 0:
            break
        limit -= over + 1e-9 * budget  # the solver's tolerance let a few cents through
    chosen[picked] = True
    bound = free - float(result.mip_dual_bound) * float(benefit[open_].max())
    total = math.fsum(benefit[chosen])
    return Selection(chosen, total, max(total, bound))


def reselect(benefit: Floats, grant: Floats, *, budget: float, trials: int = TRIALS) -> Reselection:
    """Choose again in every draw: `grant` is areas × draws, `benefit` the same in all.

    A shortcut for `optimum`, all draws at once: areas by grant per benefit, each taken if it still fits; then the same
    with one of the `trials` last areas above the line left out, or one of the first below it forced in, and
    the best of these kept. `Reselection.error` bounds what it misses, by the linear relaxation of each draw.
    """
    areas, draws = grant.shape
    if not areas:
        return Reselection(np.zeros(grant.shape, dtype=bool), np.zeros(draws), np.zeros(draws))
    # What no budget of this size can buy, or what brings nothing, goes to the end and counts for nothing.
    useful = (grant <= 0) | ((grant <= budget) & (benefit > 0)[:, None])
    rate = np.divide(grant, benefit[:, None], out=np.zeros(grant.shape), where=(benefit > 0)[:, None])
    order = np.argsort(np.where(useful, rate, np.inf), axis=0, kind="stable")
    cost = np.take_along_axis(grant, order, axis=0)
    gain = np.where(np.take_along_axis(useful, order, axis=0), benefit[order], 0.0)
    total = np.cumsum(cost, axis=0)
    line = (total <= budget).sum(axis=0)  # per draw, the position of the first area that does not fit
    column = np.arange(draws)

    best = _greedy(cost, gain, budget, skip=None, force=None)
    worth = (gain * best).sum(axis=0)
    for step in range(1, trials + 1):
        for skip, force in _moves(line, step):
            tried = _greedy(cost, gain, budget, skip=skip, force=force)
            value = (gain * tried).sum(axis=0)
            better = value > worth
            best[:, better] = tried[:, better]
            worth[better] = value[better]

    inside = np.arange(areas)[:, None] < line
    at = np.minimum(line, areas - 1)
    left = budget - np.where(line > 0, total[np.maximum(line - 1, 0), column], 0.0)
    part = np.where(line < areas, gain[at, column] * left / np.maximum(cost[at, column], 1e-300), 0.0)
    bound = (gain * inside).sum(axis=0) + part
    chosen = np.zeros(grant.shape, dtype=bool)
    np.put_along_axis(chosen, order, best, axis=0)
    return Reselection(chosen, worth, np.maximum(bound, worth))


def _moves(line: Ints, step: int) -> tuple[tuple[Ints | None, Ints | None], ...]:
    return (line - step, None), (None, line + step - 1)


def _greedy(cost: Floats, gain: Floats, budget: float, *, skip: Ints | None, force: Ints | None) -> Bools:
    """Take every area that still fits, in order, in all draws; first the forced one, never the skipped one."""
    areas, draws = cost.shape
    taken = np.zeros((areas, draws), dtype=bool)
    left = np.full(draws, float(budget))
    if force is not None:
        able = np.flatnonzero(force < areas)
        able = able[cost[force[able], able] <= budget]
        taken[force[able], able] = True
        left[able] -= cost[force[able], able]
    for row in range(areas):
        fits = (cost[row] <= left) & ~taken[row] & ((gain[row] > 0) | (cost[row] <= 0))
        if skip is not None:
            fits &= skip != row
        left[fits] -= cost[row, fits]
        taken[row] |= fits
    return taken
