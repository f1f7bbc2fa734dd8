"""Choose the set of areas with the largest benefit that keeps every wish, with a proven bound.

Each chosen area is paid wholly by one pot in one year: so a county's list names one source per project, and a decision
binds one appropriation. Money that a year leaves over is not carried on. Areas that need no grant take no pot's money.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from coverage.programme.clash import clash
from coverage.programme.frontier import Front
from coverage.programme.model import NONE, Bins, Bools, Floats, Ints, Model, Options, build, check_names
from coverage.programme.pack import pack
from coverage.programme.plan import Plan
from coverage.programme.relax import Relaxed, relax, with_less
from coverage.programme.solve import UnsolvedError, solve
from coverage.wishes import Wishes

GAP: Final = 1e-4
# Sets near the bound that are tried to be shared out to pots and years before the solver is asked.
STATES_TRIED: Final = 20
# Sums in another order differ by this share; it is no gap.
ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Programme:
    """Hold the choice, per area in the order of `Options.area_ids`: option, year and pot, NONE where not chosen.

    `pot` is also NONE for a chosen area that needs no grant. `granted` is pots × years, `money` what there was.
    """

    option: Ints
    phase: Ints
    pot: Ints
    pots: tuple[str, ...]
    granted: Floats
    money: Floats
    benefit: float
    bound: float

    @property
    def chosen(self) -> Bools:
        """Say of each area whether it is chosen."""
        return np.asarray(self.option != NONE)

    @property
    def gap(self) -> float:
        """Return by how much, at most, a better programme could beat this one: a share of the bound."""
        return max(0.0, self.bound - self.benefit) / self.bound if self.bound > 0 else 0.0


def choose(options: Options, *, budget: float, wishes: Wishes = Wishes(), gap: float = GAP) -> Programme:  # noqa: B008
    """Choose the programme with the largest benefit, proven to `gap` unless the limit of nodes is reached first.

    Frontiers (relax.py) prove the bound and find the set; what they cannot share out, or what they do not know, goes
    to the solver: a least number of municipalities that the best set does not reach, an area that needs several, a
    need across the border of a capped municipality. There the limit of nodes may leave a larger gap: `gap` tells.

    Where the wishes name sources, their money counts and `budget` does not. The order of the rows never matters: the
    problem is written by area_id and technology. Of several best programmes the solver's first is taken; then areas
    are built as early as the money of their pot allows, those with the most benefit per grant first. Raises
    PolicyError for wishes about areas or municipalities that are not there, InfeasibleError for wishes that clash.
    """
    check_names(options, wishes)
    table, area_order, option_order = _by_id(options)
    money = wishes.money(budget)
    bins = Bins.of(money, wishes.phases)
    model = build(table, bins, wishes)
    plan, bound = _by_frontiers(table, bins, wishes, model, gap=gap)
    if plan is None or plan.benefit < (1 - gap - ROUNDING) * bound:
        try:
            answer = solve(model, gap=gap)
        except UnsolvedError:
            if plan is None:
                raise
        else:  # without an answer the plan stands, with its larger gap
            if answer is None:
                raise clash(table, money=money, wishes=wishes)
            bound = min(bound, answer.bound)
            columns = answer.columns[answer.columns < len(model.option)]
            solved = _finished(table, bins, wishes, model.option[columns], model.bin[columns])
            plan = solved if plan is None or solved.benefit > plan.benefit else plan
    return _programme(plan, table, bins, bound, tuple(name for name, _ in money), area_order, option_order)


def _by_frontiers(table: Options, bins: Bins, wishes: Wishes, model: Model, *, gap: float) -> tuple[Plan | None, float]:
    """Return a plan, if this way finds one that keeps every wish, and the bound on any plan that it proves."""
    relaxed = relax(table, bins, wishes, model, gap=gap)
    if relaxed is None:
        return None, math.inf
    enough = (1 - gap - ROUNDING) * relaxed.bound
    best: Plan | None = None
    # The sets that use the whole budget up first; if pots and years cannot share them, sets that leave a little over.
    for front in _fronts(relaxed, bins, gap=gap):
        for state in np.argsort(-front.benefit, kind="stable")[:STATES_TRIED].tolist():
            packed = pack(table, front.options_of(state), bins, wishes)
            plan = _finished(table, bins, wishes, *packed)
            if plan.keeps() and (best is None or plan.benefit > best.benefit):
                best = plan
            if best is not None and best.benefit >= enough:
                return best, relaxed.bound
    return best, relaxed.bound


def _fronts(relaxed: Relaxed, bins: Bins, *, gap: float) -> Iterator[Front]:
    yield relaxed.front
    if np.count_nonzero(bins.money) > 1:
        yield with_less(relaxed, budget=float(bins.money.sum()), gap=gap)


def _finished(table: Options, bins: Bins, wishes: Wishes, options: Ints, at: Ints) -> Plan:
    plan = Plan.of(table, bins, wishes)
    plan.take(options, at)
    plan.fill()
    plan.hasten()
    return plan


def _by_id(options: Options) -> tuple[Options, Ints, Ints]:
    """Return the options sorted by area_id and technology, and for each new row the old one."""
    areas = np.array(sorted(range(len(options.area_ids)), key=options.area_ids.__getitem__), dtype=np.intp)
    new = np.empty(len(areas), dtype=np.intp)
    new[areas] = np.arange(len(areas))
    keys = [(int(new[place]), options.technology[row]) for row, place in enumerate(options.area)]
    rows = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)
    table = Options(
        area_ids=tuple(options.area_ids[row] for row in areas),
        municipality=tuple(options.municipality[row] for row in areas),
        area=new[options.area[rows]],
        technology=tuple(options.technology[row] for row in rows),
        benefit=np.asarray(options.benefit[rows], dtype=float),
        grant=np.asarray(options.grant[rows], dtype=float),
        earliest=None if options.earliest is None else options.earliest[rows],
    )
    return table, areas, rows


def _programme(
    plan: Plan, table: Options, bins: Bins, bound: float, pots: tuple[str, ...], areas: Ints, rows: Ints
) -> Programme:
    """Turn the plan back to the order of the areas and options that were given."""
    taken = plan.option != NONE
    option = np.full(len(areas), NONE, dtype=np.intp)
    phase, pot = option.copy(), option.copy()
    option[areas[taken]] = rows[plan.option[taken]]
    phase[areas[taken]] = bins.phase[plan.bin[taken]]
    pot[areas[taken]] = bins.pot[plan.bin[taken]]
    paid = np.flatnonzero(bins.pot != NONE)
    shape = (len(pots), bins.years)
    granted = np.array([plan.spent(at) for at in paid.tolist()]).reshape(shape)
    benefit = plan.benefit
    return Programme(option, phase, pot, pots, granted, bins.money[paid].reshape(shape), benefit, max(benefit, bound))
