"""Hold the result against published figures: controls from study.toml, and a published truth per area.

A planner trusts a ranking more when its inputs agree with what others counted, and needs to know where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.errors import CrsError, DataError
from coverage.gaps import tier_weights
from coverage.policy import Policy
from coverage.study import Control, Study

Floats = npt.NDArray[np.float64]

KIND_OF: Final = {"businesses": "business", "households": "household", "holiday": "holiday", "public": "public"}
_SHARE: Final = re.compile(r"share_(businesses|households|holiday|public)_down_(\d+(?:\.\d+)?)")
TOTALS: Final = (*KIND_OF, "employees")

# Counts that a truth must have per polygon; whatever else starts with `unserved` is added to the unserved.
CLASSES: Final = ("unserved", "underserved", "served")
DIFFERENCES_SHOWN: Final = 6


def compare(
    places: gpd.GeoDataFrame,
    *,
    truth: gpd.GeoDataFrame | None,
    controls: Sequence[Control],
    policy: Policy,
    study: Study,
) -> dict[str, Any]:
    """Compare judged places with published figures; an empty mapping where the study brings none.

    `places` holds schemas.PLACES, SERVICE and VERDICT; those outside every municipality are left out. `controls`:
    one entry per control with `measured` (null and a `note` where the policy cannot tell), `published`,
    `difference` (measured minus published), `source`, `explanation`. `truth`: see `compare_areas`.

    Raises DataError for a measure that is not understood or a truth that cannot be used.
    """
    inside = places[places["municipality_code"].notna()]
    found: dict[str, Any] = {}
    if controls:
        found["controls"] = [_control(control, inside, policy) for control in controls]
    if truth is not None:
        source = next((spec for spec in study.sources if spec.role == "truth"), None)
        options = source.options if source else {}
        found["truth"] = {
            "source": source.id if source else "",
            "supplier": source.supplier if source else "",
            **compare_areas(
                inside,
                truth=truth,
                unserved_below=_speeds(options, "unserved_below"),
                served_from=_speeds(options, "served_from"),
            ),
        }
    return found


def compare_areas(
    places: gpd.GeoDataFrame,
    *,
    truth: gpd.GeoDataFrame,
    unserved_below: tuple[float, float],
    served_from: tuple[float, float],
) -> dict[str, Any]:
    """Compare the shares of premises without service with a truth that counts them per polygon.

    `truth` has the counts `unserved`, `underserved`, `served` (and `unserved_…`, added to the unserved), and `name`.
    Its classes have their own lines, (down, up) in Mbit/s: below `unserved_below` a location is unserved, below
    `served_from` it is short of service. Where an offer is known as a class of speeds, the share is given twice:
    with every class read at its lower end and at its upper end; `between` is the share of areas whose truth lies
    in that interval, to within half a percentage point.

    Areas without a counted location, or without modelled premises, are not compared but counted. `mae` is the mean
    absolute error of the share over areas, `mae_weighted` the same weighted by the published count,
    `correlation` Pearson's (null where a side does not vary), `majority_right` the share of areas in which
    both sides agree whether more than half is without.
    """
    counts = _counts(truth)
    if places.crs != truth.crs:
        raise CrsError(f"truth: the areas are in {truth.crs}, the places in {places.crs}")
    if "service_basis" in places and (places["service_basis"] == "expected_share").any():
        raise DataError("truth: service is known as a share only; expected offers to compare areas with")
    area = _area_of(places, truth)
    weight = places["weight"].to_numpy(dtype=float)
    modelled = np.bincount(area[area >= 0], weights=weight[area >= 0], minlength=len(truth))
    published = counts.sum(axis=1)
    use = (published > 0) & (modelled > 0)
    names = truth["name"].astype("str").to_numpy() if "name" in truth else truth.index.astype("str").to_numpy()

    def measure(label: str, line: tuple[float, float], without: Floats) -> dict[str, Any]:
        known = np.divide(without, published, out=np.zeros(len(published)), where=published > 0)
        ends = {}
        for end, suffix in (("lower_end", ""), ("upper_end", "_max")):
            short = _below(places, line, suffix)
            sums = np.bincount(area[area >= 0], weights=(weight * short)[area >= 0], minlength=len(truth))
            ends[end] = np.divide(sums, modelled, out=np.zeros(len(modelled)), where=modelled > 0)
        low, high = np.minimum(*ends.values()), np.maximum(*ends.values())
        worst = np.argsort(-np.abs(ends["lower_end"] - known)[use], kind="stable")[:DIFFERENCES_SHOWN]
        return {
            "id": label,
            "below_mbps": list(line),
            "published_share": _round(without[use].sum() / max(published[use].sum(), 1.0)),
            **{end: _agree(share[use], known[use], published[use], modelled[use]) for end, share in ends.items()},
            "between": _round(((known >= low - 0.005) & (known <= high + 0.005))[use].mean()) if use.any() else None,
            "largest_differences": [
                {
                    "area": str(names[use][row]),
                    "premises": _round(published[use][row], 1),
                    "published": _round(known[use][row]),
                    "modelled": _round(ends["lower_end"][use][row]),
                }
                for row in worst
            ],
        }

    return {
        "areas": int(use.sum()),
        "areas_without_count": int((published == 0).sum()),
        "areas_without_premises": int(((published > 0) & (modelled == 0)).sum()),
        "premises": {
            "published": _round(published.sum(), 1),
            "modelled": _round(modelled.sum(), 1),
            "outside": _round(weight[area < 0].sum(), 1),
        },
        "measures": [
            measure("unserved", unserved_below, counts[:, 0]),
            measure("short", served_from, counts[:, 0] + counts[:, 1]),
        ],
    }


def lines(agreement: Mapping[str, Any]) -> list[str]:
    """Say the comparison in sentences for a terminal; empty where there is none."""
    said = [_control_line(entry) for entry in agreement.get("controls", ())]
    truth = agreement.get("truth")
    if truth:
        premises = truth["premises"]
        said.append(
            f"{truth['source']}: {truth['areas']} areas compared with the published counts "
            f"({premises['modelled']:,.0f} premises modelled, {premises['published']:,.0f} counted)."
        )
        said += [_measure_line(entry) for entry in truth["measures"]]
    return said


def _control(control: Control, places: pd.DataFrame, policy: Policy) -> dict[str, Any]:
    measured, note = _measure(control, places, policy)
    share = control.measure.startswith("share_")
    digits = 4 if share else 1
    entry = {
        "id": control.id,
        "measure": control.measure,
        "measured": None if measured is None else _round(measured, digits),
        "published": control.value,
        "difference": None if measured is None else _round(measured - control.value, digits),
        "source": control.source,
        "explanation": " ".join(control.explanation.split()),
    }
    return entry | ({"note": note} if note else {})


def _measure(control: Control, places: pd.DataFrame, policy: Policy) -> tuple[float | None, str]:
    """Return the figure, or null and why it cannot be told."""
    share = _SHARE.fullmatch(control.measure)
    if share is None and control.measure not in TOTALS:
        raise DataError(
            f"study.toml: control {control.id!r} has measure {control.measure!r}; expected "
            f"share_businesses_down_<mbps>, share_households_down_<mbps> or one of {', '.join(TOTALS)}"
        )
    if share is None:
        if control.measure == "employees":
            return float(places.loc[places["kind"] == "business", "employees"].sum()), ""
        return float(places.loc[places["kind"] == KIND_OF[control.measure], "weight"].sum()), ""
    kind, mbps = KIND_OF[share[1]], float(share[2])
    chosen = places[places["kind"] == kind]
    total = float(chosen["weight"].sum())
    if not total > 0:
        return None, f"the study has no {share[1]}"
    by_share = "service_basis" in chosen and bool((chosen["service_basis"] == "expected_share").any())
    if not by_share:
        reached = chosen["fixed_down_mbps"].to_numpy(dtype=float) >= mbps
        return float(chosen["weight"].to_numpy(dtype=float)[reached].sum()) / total, ""
    # Known per tier only: the tiers above the one whose threshold is this speed.
    position = next((i for i, tier in enumerate(policy.tiers) if tier.down_mbps == mbps), None)
    if position is None:
        return None, f"no tier of policy {policy.id} ends at {mbps:g} Mbit/s, and service is known per tier only"
    above = list(policy.tier_ids[position + 1 :])
    return float(tier_weights(chosen, policy)[above].to_numpy().sum()) / total, ""


def _speeds(options: Mapping[str, Any], name: str) -> tuple[float, float]:
    value = options.get(name)
    pair = list(value) if isinstance(value, list | tuple) else []
    if len(pair) != 2 or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in pair
    ):
        raise DataError(
            f"study.toml: the truth's option {name} is {value!r}; expected [down, up] in Mbit/s, e.g. [25, 3]"
        )
    return float(pair[0]), float(pair[1])


def _counts(truth: gpd.GeoDataFrame) -> Floats:
    """Return the counts per polygon: one column per class."""
    missing = [name for name in CLASSES if name not in truth]
    if missing:
        raise DataError(f"truth: column {missing[0]!r} is missing; expected the counts {', '.join(CLASSES)}")
    more = [name for name in truth.columns if str(name).startswith("unserved_")]
    table = truth[[*CLASSES, *more]].apply(pd.to_numeric, errors="coerce")
    bad = table.isna() | (table < 0)
    if bad.to_numpy().any():
        row, column = np.argwhere(bad.to_numpy())[0]
        raise DataError(f"truth: row {row + 1}: {table.columns[column]} is not a number of 0 or more")
    counts: Floats = table[list(CLASSES)].to_numpy(dtype=float).copy()
    counts[:, 0] += table[more].to_numpy(dtype=float).sum(axis=1)
    return counts


def _area_of(places: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the position of the first polygon that each place lies in, -1 where it lies in none."""
    tree = shapely.STRtree(np.asarray(truth.geometry.array, dtype=object))
    place, polygon = tree.query(np.asarray(places.geometry.array, dtype=object), predicate="intersects")
    first = np.full(len(places), len(truth), dtype=np.int64)
    np.minimum.at(first, place, polygon)
    return np.where(first == len(truth), -1, first)


def _below(places: pd.DataFrame, line: tuple[float, float], suffix: str) -> npt.NDArray[np.bool_]:
    down = places[f"fixed_down{suffix}_mbps"].to_numpy(dtype=float)
    up = places[f"fixed_up{suffix}_mbps"].to_numpy(dtype=float)
    return np.asarray((down < line[0]) | (up < line[1]))


def _agree(share: Floats, known: Floats, published: Floats, modelled: Floats) -> dict[str, Any]:
    if not len(share):
        return dict.fromkeys(("share", "correlation", "mae", "mae_weighted", "majority_right"))
    error = np.abs(share - known)
    varies = share.std() > 1e-9 and known.std() > 1e-9
    return {
        "share": _round(float(np.average(share, weights=modelled))),
        "correlation": _round(float(np.corrcoef(share, known)[0, 1])) if varies else None,
        "mae": _round(float(error.mean())),
        "mae_weighted": _round(float(np.average(error, weights=published))),
        "majority_right": _round(float(((share > 0.5) == (known > 0.5)).mean())),
    }


def _round(value: float, digits: int = 4) -> float:
    return round(float(value), digits) + 0.0  # + 0.0: no negative zero


def _control_line(entry: Mapping[str, Any]) -> str:
    share = str(entry["measure"]).startswith("share_")

    def figure(value: float) -> str:
        return f"{value:.2%}" if share else f"{value:,.0f}"

    if entry["measured"] is None:
        return f"{entry['id']}: published {figure(entry['published'])}, not comparable: {entry['note']}."
    apart = f"{entry['difference'] * 100:+.2f} points" if share else f"{entry['difference']:+,.0f}"
    said = (
        f"{entry['id']}: {figure(entry['measured'])} here, {figure(entry['published'])} published "
        f"({apart}; {entry['source']})."
    )
    return f"{said} {entry['explanation']}".strip()


def _measure_line(entry: Mapping[str, Any]) -> str:
    down, up = entry["below_mbps"]

    def end(name: str) -> str:
        found = entry[name]
        if found["share"] is None:
            return "nothing to compare"
        r = "none" if found["correlation"] is None else f"{found['correlation']:.2f}"
        return (
            f"share {found['share']:.1%}, correlation {r}, mean absolute error {found['mae']:.3f}, "
            f"majority right in {found['majority_right']:.0%}"
        )

    lower, upper = end("lower_end"), end("upper_end")
    head = f"  {entry['id']} (below {down:g}/{up:g} Mbit/s, published {entry['published_share']:.1%}): {lower}"
    if upper == lower:
        return f"{head}."
    return f"{head}; with speed classes read at their upper end: {upper}; between the two: {entry['between']:.0%}."
