"""Turn the shortcut's choice in every draw into the best set, proven: what cannot change is fixed, the rest is solved.

The dual of the linear relaxation gives every area a reduced benefit: what it brings less what its grant is worth at
the prices of the budget and of its municipality's cap. An area whose reduced benefit is larger than what the bound
leaves above the choice in hand has its place in every better set settled; few areas around the line are left, and
scipy's milp chooses among these alone.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.reselection import Limits, read_limits
from coverage.selection import MAX_NODES, SCALE, Reselection

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# A share of the bound: what is nearer to the edge than rounding is left open.
ROUNDING: Final = 1e-9
# What a draw's choice may fall short of its best set, as a share: a tenth of what would show in four digits.
GAP: Final = 1e-5


def refine(
    found: Reselection,
    benefit: Floats,
    grant: Floats,
    *,
    budget: float,
    area_ids: tuple[str, ...] = (),
    municipalities: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> Reselection:
    """Return the best set of every draw, to a share of GAP.

    `found` is the choice of `reselection.reselect` with the same arguments.
    A draw's choice is kept where the solver finds none that brings more, or one that breaks a limit by its tolerance;
    `Reselection.error` says what is proven. Draws in which the areas that must be funded cost more than the budget or a
    cap are kept as they are. Deterministic: limits on the solver's nodes, never on its seconds.
    """
    areas, draws = grant.shape
    if not areas:
        return found
    gains: Floats = np.broadcast_to(benefit if benefit.ndim == 2 else benefit[:, None], grant.shape)
    must, never, group, limit = read_limits(areas, area_ids, municipalities, limits or Limits())
    chosen, worth, bound = found.chosen.copy(), found.benefit.copy(), found.bound.copy()
    for draw in range(draws):
        cost, gain = grant[:, draw], gains[:, draw]
        left = budget - float(cost[must].sum())
        room = limit - np.bincount(group[must], weights=cost[must], minlength=len(limit))
        if bound[draw] - worth[draw] <= GAP * worth[draw] or left < 0 or (room < 0).any():
            continue
        sure = must | ((cost <= 0) & ~never)
        open_ = np.flatnonzero(~sure & ~never & (gain > 0) & (cost > 0) & (cost <= np.minimum(room[group], left)))
        base = math.fsum(gain[sure])
        hand, slack = worth[draw] - base, GAP * worth[draw]
        best, most = _solve(cost[open_], gain[open_], group[open_], left, room, least=hand, slack=slack)
        bound[draw] = max(worth[draw], min(bound[draw], base + most))
        value = base + math.fsum(gain[open_[best]])
        if value > worth[draw] and _keeps(cost[open_[best]], group[open_[best]], left, room):
            chosen[:, draw] = sure
            chosen[open_[best], draw] = True
            worth[draw] = value
            bound[draw] = max(value, bound[draw])
    return Reselection(chosen, worth, bound)


def _keeps(cost: Floats, group: Ints, left: float, room: Floats) -> bool:
    spent = np.bincount(group, weights=cost, minlength=len(room))
    return bool(math.fsum(cost) <= left and (spent <= room).all())


def _solve(
    cost: Floats, gain: Floats, group: Ints, left: float, room: Floats, *, least: float, slack: float
) -> tuple[Bools, float]:
    """Choose the best set of those open, but for `slack`, and bound every set; the one in hand brings `least`."""
    if not len(cost):
        return np.zeros(0, dtype=bool), 0.0
    price, dual = _prices(cost, gain, group, left, room)
    reduced = gain - price[group] * cost
    if dual - least <= slack:
        return np.zeros(len(cost), dtype=bool), dual
    core = np.abs(reduced) <= dual - least + ROUNDING * dual
    chosen = ~core & (reduced > 0)
    if not core.any():
        return chosen, dual
    settled = math.fsum(gain[chosen])
    spent = np.bincount(group[chosen], weights=cost[chosen], minlength=len(room))
    rows = [(cost[core], left - float(spent.sum()))]
    rows += [
        (np.where(group[core] == number, cost[core], 0.0), float(room[number] - spent[number]))
        for number in np.unique(group[core])
        if np.isfinite(room[number])
    ]
    scale = SCALE / left
    result = milp(
        -gain[core] / gain[core].max(),
        constraints=LinearConstraint(np.array([row for row, _ in rows]) * scale, ub=[most * scale for _, most in rows]),
        integrality=np.ones(int(core.sum()), dtype=np.int64),
        bounds=Bounds(0.0, 1.0),
        options={"mip_rel_gap": slack / max(dual - settled, slack), "node_limit": MAX_NODES},
    )
    if result.x is None or result.mip_dual_bound is None:  # no set with what is settled: the one in hand is best
        return np.zeros(len(cost), dtype=bool), dual
    chosen[np.flatnonzero(core)[result.x > 0.5]] = True
    # A better set than the one in hand is in what was solved, so none beats both.
    return chosen, min(dual, max(least, settled - float(result.mip_dual_bound) * float(gain[core].max())))


def _prices(cost: Floats, gain: Floats, group: Ints, left: float, room: Floats) -> tuple[Floats, float]:
    """Return benefit per money at the edge of each municipality, and the relaxation's dual bound at these prices.

    Any prices not below 0 give a valid bound; these are those of areas taken in parts, in the order of grant per
    benefit.
    """
    rate = cost / gain
    order = np.lexsort([rate, group])
    cost_, group_, rate_ = cost[order], group[order], rate[order]
    total = np.cumsum(cost_)
    first = np.searchsorted(group_, np.arange(len(room)))
    within = total - np.concatenate([[0.0], total])[first][group_]
    over = within > room[group_]
    edge = np.full(len(room), np.inf)
    np.minimum.at(edge, group_[over], rate_[over])
    part = np.clip(room[group_] - (within - cost_), 0.0, cost_)
    along = np.argsort(rate_, kind="stable")
    at = int(np.searchsorted(np.cumsum(part[along]), left, side="right"))
    money = 1.0 / float(rate_[along[at]]) if at < len(along) else 0.0
    price = np.maximum(money, 1.0 / edge)
    capped = np.isfinite(room)
    dual = money * left + float(((price - money)[capped] * room[capped]).sum())
    return price, dual + float(np.maximum(0.0, gain - price[group] * cost).sum())
