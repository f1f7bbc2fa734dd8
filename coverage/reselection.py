"""Choose areas again in every random draw of what they bring and cost, under a budget and caps: a shortcut, bounded.

In each draw the best set is a 0/1 programme. The shortcut takes areas by grant per benefit while they fit, then tries
changes around the line. What it misses is bounded by the linear relaxation, solved exactly: caps per municipality
inside one budget are nested limits, and for these taking parts of areas in the same order is optimal (the areas'
money is a polymatroid).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from coverage.errors import PolicyError
from coverage.selection import TRIALS, Reselection
from coverage.wishes import Wishes

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Pairs = tuple[tuple[str, float], ...]

INFINITE: Final = float("inf")


@dataclass(frozen=True)
class Limits:
    """Hold the wishes that the shortcut follows: areas to fund or not in any case, and caps on municipalities' grants.

    `caps` says for single municipalities what `cap` says for all others.
    """

    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    caps: Pairs = ()
    cap: float = INFINITE


def limits_of(wishes: Wishes) -> tuple[Limits, tuple[str, ...]]:
    """Return what the shortcut follows of a council's wishes, and the names of those asked for that it does not."""
    others = ("least_municipalities", "needs", "sources", "phases")
    left_out = tuple(name for name in others if getattr(wishes, name))
    return Limits(wishes.must, wishes.never, wishes.caps, wishes.cap), left_out


@dataclass(frozen=True)
class Case:
    """Hold areas × draws: cost, gain, group, and what may be taken at all."""

    cost: Floats
    gain: Floats
    group: Ints  # the number of an area's municipality: one for all draws, or areas × draws
    useful: Bools
    first: int  # so many rows are taken whatever they cost
    limit: Floats  # of each group
    budget: float


def reselect(
    benefit: Floats,
    grant: Floats,
    *,
    budget: float,
    area_ids: tuple[str, ...] = (),
    municipalities: tuple[str, ...] = (),
    limits: Limits | None = None,
    trials: int = TRIALS,
) -> Reselection:
    """Choose again in every draw. `grant` is areas × draws, `benefit` too, or one figure per area for all draws.

    Areas by grant per benefit, each taken if it still fits the budget and its municipality's cap; then the same with
    one of the `trials` last areas above the line left out, or one of the first below it forced in, and the best of
    these kept. What needs no grant in a draw is taken, unless it is never to be funded. An area that must be funded is
    taken in every draw, even in those in which that costs more than the budget or a cap; nothing else is taken then.

    `Reselection.error` bounds what each draw misses, by the linear relaxation. `area_ids` and `municipalities` (codes
    of the areas) are needed where `limits` name any. Ties in grant per benefit go to the area that is given first: sort
    by id, and the answer is always the same. Raises PolicyError for limits that name an area which is not there, or
    name it twice over.
    """
    areas, draws = grant.shape
    gains: Floats = np.broadcast_to(benefit if benefit.ndim == 2 else benefit[:, None], grant.shape)
    if not areas:
        return Reselection(np.zeros(grant.shape, dtype=bool), np.zeros(draws), np.zeros(draws))
    must, never, group, limit = read_limits(areas, area_ids, municipalities, limits or Limits())
    most = np.minimum(limit[group], budget)[:, None]
    useful = ((grant <= 0) | ((grant <= most) & (gains > 0))) & ~never[:, None] | must[:, None]
    # What no money can buy, or what brings nothing, goes to the end and counts for nothing.
    rate = np.divide(grant, gains, out=np.zeros(grant.shape), where=gains > 0)
    rate = np.where(must[:, None], -1.0, np.where(useful, rate, np.inf))
    case = Case(grant, gains, group, useful, int(must.sum()), limit, float(budget))
    bound, line, found = _choose(case, rate, trials=trials)
    worth = (gains * found).sum(axis=0)
    if np.isfinite(limit).any():
        # Caps bind one by one: choose inside each municipality first, of what the budget reaches, then for the budget.
        inside = _inside(case, rate, line, must, trials=trials)
        ahead = 1.0 + np.max(rate, where=np.isfinite(rate), initial=0.0)  # taken off a rate: before all others
        tried = _choose(case, np.where(inside, rate - ahead, rate), trials=trials)[2]
        value = (gains * tried).sum(axis=0)
        better = value > worth
        found[:, better], worth[better] = tried[:, better], value[better]
    return Reselection(found, worth, np.maximum(bound, worth))


def read_limits(
    areas: int, area_ids: tuple[str, ...], municipalities: tuple[str, ...], limits: Limits
) -> tuple[Bools, Bools, Ints, Floats]:
    """Turn limits into arrays: must, never, the number of each area's municipality, and each municipality's cap.

    Raises PolicyError for limits that contradict each other or name an area that is not there.
    """
    both = sorted(set(limits.must) & set(limits.never))
    if both:
        raise PolicyError(f"wishes: area {both[0]} both must and must never be funded")
    marks = []
    for name, wanted in (("must", limits.must), ("never", limits.never)):
        strange = sorted(set(wanted) - set(area_ids))
        if strange:
            raise PolicyError(f"wishes: {name}: area {strange[0]} is not one of the areas that can be funded")
        marks.append(np.isin(np.array(area_ids, dtype=str), wanted) if wanted else np.zeros(areas, dtype=bool))
    caps = dict(limits.caps)
    if not caps and limits.cap == INFINITE:
        return marks[0], marks[1], np.zeros(areas, dtype=np.intp), np.array([INFINITE])
    if len(municipalities) != areas:
        raise PolicyError(f"wishes: caps need the municipality of each of the {areas} areas")
    codes, group = np.unique(np.array(municipalities, dtype=str), return_inverse=True)
    limit = np.array([caps.get(str(code), limits.cap) for code in codes])
    return marks[0], marks[1], group.astype(np.intp), limit


def _choose(case: Case, rate: Floats, *, trials: int) -> tuple[Floats, Floats, Bools]:
    """Choose in the order of `rate`: the relaxation's value, the rate at the line, and the best set found."""
    areas, draws = rate.shape
    order = np.argsort(rate, axis=0, kind="stable")
    useful = np.take_along_axis(case.useful, order, axis=0)
    ordered = replace(
        case,
        cost=np.take_along_axis(case.cost, order, axis=0),
        gain=np.where(useful, np.take_along_axis(case.gain, order, axis=0), 0.0),
        group=case.group[order],
        useful=useful,
    )
    bound, line = _relaxation(ordered)
    best = _greedy(ordered)
    worth = (ordered.gain * best).sum(axis=0)
    for step in range(1, trials + 1):
        for skip, force in _moves(line, step):
            tried = _greedy(ordered, skip=skip, force=force)
            value = (ordered.gain * tried).sum(axis=0)
            better = value > worth
            best[:, better] = tried[:, better]
            worth[better] = value[better]
    chosen = np.zeros(rate.shape, dtype=bool)
    np.put_along_axis(chosen, order, best, axis=0)
    at = order[np.minimum(line, areas - 1), np.arange(draws)]
    limit = np.where(line < areas, rate[at, np.arange(draws)], INFINITE)
    return bound, limit, chosen


def _inside(case: Case, rate: Floats, line: Floats, must: Bools, *, trials: int) -> Bools:
    """Choose in each municipality under its cap alone, of the areas up to the rate at the line.

    What an area brings is set against what its grant would bring elsewhere, at that rate.
    """
    kept = case.useful & (rate <= line)
    worth = np.maximum(0.0, case.gain - case.cost / line)
    for number, limit in enumerate(case.limit):
        if np.isinf(limit):
            continue
        rows = np.flatnonzero(case.group == number)
        part = Case(
            cost=case.cost[rows],
            gain=worth[rows],
            group=np.zeros(len(rows), dtype=np.intp),
            useful=kept[rows],
            first=int(must[rows].sum()),
            limit=np.array([INFINITE]),
            budget=float(limit),
        )
        kept[rows] = _choose(part, np.where(kept[rows], rate[rows], np.inf), trials=trials)[2]
    return kept


def _moves(line: Ints, step: int) -> tuple[tuple[Ints | None, Ints | None], ...]:
    return (line - step, None), (None, line + step - 1)


def _relaxation(case: Case) -> tuple[Floats, Ints]:
    """Take parts of areas in order: the value per draw, and the position of the first that does not fit wholly."""
    areas, draws = case.cost.shape
    column = np.arange(draws)
    left, room = _money(case)
    value = np.zeros(draws)
    line = np.full(draws, areas, dtype=np.intp)
    for row in range(areas):
        cost, gain = case.cost[row], case.gain[row]
        if row < case.first:
            part = np.ones(draws)
        else:
            most = np.maximum(0.0, np.minimum(left, room[case.group[row], column]))
            part = np.divide(np.minimum(cost, most), cost, out=np.ones(draws), where=cost > 0)
            part = np.where(case.useful[row], part, 0.0)
            line = np.where((line == areas) & (cost > np.maximum(0.0, left)), row, line)
        value += gain * part
        left -= cost * part
        room[case.group[row], column] -= cost * part
    return value, line


def _greedy(case: Case, *, skip: Ints | None = None, force: Ints | None = None) -> Bools:
    """Take every area that still fits, in order, in all draws; first the forced one, never the skipped one."""
    areas, draws = case.cost.shape
    column = np.arange(draws)
    capped = bool(np.isfinite(case.limit).any())
    taken = np.zeros((areas, draws), dtype=bool)
    left, room = _money(case)
    for row in range(case.first):
        taken[row] = True
        left -= case.cost[row]
        room[case.group[row], column] -= case.cost[row]
    if force is not None:
        able = np.flatnonzero((force >= case.first) & (force < areas))
        at = force[able]
        cost, group = case.cost[at, able], case.group[at, able]
        fits = case.useful[at, able] & (cost <= left[able]) & (cost <= room[group, able])
        able, at, cost, group = able[fits], at[fits], cost[fits], group[fits]
        taken[at, able] = True
        left[able] -= cost
        room[group, able] -= cost
    for row in range(case.first, areas):
        cost = case.cost[row]
        fits = (cost <= left) & ~taken[row] & case.useful[row]
        fits |= case.useful[row] & (cost <= 0)
        if capped:
            group = case.group[row]
            fits &= (cost <= room[group, column]) | (cost <= 0)
        if skip is not None:
            fits &= (skip != row) | (cost <= 0)
        paid = np.where(fits & ~taken[row], cost, 0.0)
        left -= paid
        if capped:
            room[group, column] -= paid
        taken[row] |= fits
    return taken


def _money(case: Case) -> tuple[Floats, Floats]:
    draws = case.cost.shape[1]
    return np.full(draws, case.budget), np.repeat(case.limit[:, None], draws, axis=1)
