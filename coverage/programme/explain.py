"""Say in codes and figures how the programme differs from the plain ranked cut, and why; the words are the readers'."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coverage.programme.choose import Programme
from coverage.programme.model import NONE, Ints, Options
from coverage.wishes import Wishes


@dataclass(frozen=True)
class Finding:
    """Hold the key of one sentence and the figures that belong into it."""

    code: str
    values: Mapping[str, Any]


def explain(programme: Programme, cut: Ints, options: Options, *, wishes: Wishes, order: Ints) -> list[Finding]:
    """List the differences to the ranked cut: `cut` is an option per area or NONE, `order` the areas by rank.

    First `totals` (areas, grant and benefit of both), then `line` (the first area that the cut could not pay, and
    the money it left), then areas by rank. Gained: `gained_must`, `gained_needed` (another needs it),
    `gained_municipality` (the only one of its municipality, and so many municipalities are asked for),
    `gained_more_per_grant` (than what was lost), `gained_fits` (in money that was left). Lost: `lost_never`,
    `lost_larger_than_a_pot` (of any year), `lost_need` (an area that it needs is not chosen), `lost_cap` (its
    municipality has no room for it), `lost_less_per_grant` (than what was gained), `lost_no_room`. And `technology`,
    where both choose an area by different ones. Where nothing differs, `same` stands alone after `totals`.
    """
    best = programme.option
    found = [_totals(programme, cut, options)]
    stopped = [row for row in order.tolist() if cut[row] == NONE and np.any(options.area == row)]
    if stopped and not np.array_equal(best, cut):
        grants = options.grant[options.area == stopped[0]]
        left = float(programme.money.sum()) - _sum(options.grant, cut)
        found.append(
            Finding("line", {"area_id": options.area_ids[stopped[0]], "grant": float(grants.min()), "left": left})
        )
    gained = [row for row in order.tolist() if best[row] != NONE and cut[row] == NONE]
    lost = [row for row in order.tolist() if best[row] == NONE and cut[row] != NONE]
    changed = [row for row in order.tolist() if NONE not in (best[row], cut[row]) and best[row] != cut[row]]
    rates = (_rate(options, best[gained]), _rate(options, cut[lost]))
    found += [_gained(row, programme, options, wishes, rates[1]) for row in gained]
    found += [_lost(row, int(cut[row]), programme, options, wishes, rates[0]) for row in lost]
    for row in changed:
        names = {"from": options.technology[cut[row]], "to": options.technology[best[row]]}
        found.append(Finding("technology", _of(options, row, int(best[row])) | names))
    return found if len(found) > 1 else [*found, Finding("same", {})]


def _totals(programme: Programme, cut: Ints, options: Options) -> Finding:
    values: dict[str, Any] = {}
    for name, choice in (("best", programme.option), ("cut", cut)):
        values[f"areas_{name}"] = int((choice != NONE).sum())
        values[f"grant_{name}"] = _sum(options.grant, choice)
        values[f"benefit_{name}"] = _sum(options.benefit, choice)
    values["gap"] = programme.gap
    return Finding("totals", values)


def _gained(row: int, programme: Programme, options: Options, wishes: Wishes, lost_rate: float) -> Finding:
    values, name = _of(options, row, int(programme.option[row])), options.area_ids[row]
    chosen = {options.area_ids[at] for at in np.flatnonzero(programme.chosen).tolist()}
    needed_by = sorted(area for area, other in wishes.needs if other == name and area in chosen)
    if name in wishes.must:
        return Finding("gained_must", values)
    if needed_by:
        return Finding("gained_needed", values | {"needed_by": tuple(needed_by)})
    towns = [options.municipality[at] for at in np.flatnonzero(programme.chosen).tolist()]
    here = options.municipality[row]
    if towns.count(here) == 1 and len(set(towns)) <= wishes.least_municipalities:
        return Finding(
            "gained_municipality", values | {"municipality_code": here, "least": wishes.least_municipalities}
        )
    more = not math.isnan(lost_rate) and values["rate"] > lost_rate
    return Finding("gained_more_per_grant" if more else "gained_fits", values | {"lost_rate": lost_rate})


def _lost(row: int, option: int, programme: Programme, options: Options, wishes: Wishes, rate: float) -> Finding:
    values, name, code = _of(options, row, option), options.area_ids[row], options.municipality[row]
    chosen = {options.area_ids[at] for at in np.flatnonzero(programme.chosen).tolist()}
    missing = sorted(other for area, other in wishes.needs if area == name and other not in chosen)
    here = np.array([town == code for town in options.municipality])
    given = _sum(options.grant, np.where(here, programme.option, NONE))
    if name in wishes.never:
        return Finding("lost_never", values)
    if values["grant"] > programme.money.max(initial=0.0):
        return Finding("lost_larger_than_a_pot", values | {"most": float(programme.money.max(initial=0.0))})
    if missing:
        return Finding("lost_need", values | {"needs": tuple(missing)})
    if given + values["grant"] > wishes.cap_of(code):
        return Finding("lost_cap", values | {"municipality_code": code, "cap": wishes.cap_of(code), "given": given})
    less = not math.isnan(rate) and values["rate"] < rate
    return Finding("lost_less_per_grant" if less else "lost_no_room", values | {"gained_rate": rate})


def _of(options: Options, row: int, option: int) -> dict[str, Any]:
    benefit, grant = float(options.benefit[option]), float(options.grant[option])
    rate = benefit / grant if grant > 0 else math.inf
    return {"area_id": options.area_ids[row], "benefit": benefit, "grant": grant, "rate": rate}


def _sum(values: Any, choice: Ints) -> float:
    return math.fsum(values[choice[choice != NONE]])


def _rate(options: Options, choice: Ints) -> float:
    """Return the benefit per grant of several options together, NaN for none."""
    if not len(choice):
        return math.nan
    grant = _sum(options.grant, choice)
    return _sum(options.benefit, choice) / grant if grant > 0 else math.inf
