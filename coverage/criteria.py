"""Measure the areas, criterion by criterion, and bring what is measured to 0..100 by bounds that are fixed.

A measure looks at one area alone: neither it nor its score changes when another area comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError, PolicyError
from coverage.kinds import is_mobile
from coverage.policy import Criterion, Policy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Measure = Callable[[pd.DataFrame], Floats]

# The criteria that add up over areas, and so can be a benefit that a budget buys. Cost efficiency is not one of
# them: the budget already counts the cost.
EXTENSIVE: Final = ("premises", "business_and_mobile")
# Criterion -> the column of the areas that holds it. Without that column it is not measured.
GIVEN: Final[Mapping[str, str]] = {
    # asked for by some packs and templates
    "municipality_short_share": "municipality_short_share",
    "white_spot_share": "white_spot_share",
    "remaining_need": "remaining_need",
    "inhabitants_per_km2": "inhabitants_per_km2",
    "municipalities": "municipalities",
    # optional: a scenario adds them (data/criteria/optional.toml); coverage/traits.py makes the columns
    "worst_served": "worst_served_share",
    "remoteness": "centrality_class",
    "single_operator_risk": "single_operator_share",
    "hub_distance": "hub_distance_m",
}


def measure(areas: pd.DataFrame, criterion: Criterion) -> Floats:
    """Measure one criterion on every area, in its own unit; NaN where it cannot be measured. Raises PolicyError."""
    if criterion.id not in MEASURES:
        raise PolicyError(f"criterion {criterion.id!r} is not known; expected one of {', '.join(MEASURES)}")
    return MEASURES[criterion.id](areas)


def measure_all(areas: pd.DataFrame, criteria: Sequence[Criterion], *, local_share: float) -> dict[str, Floats]:
    """Measure several criteria, by id, in their order.

    An area without a funding gap has no part of it to take: as `local_cofunding` it gets local_share / (1 +
    local_share), what the policy asks of every area that nobody has committed money to.
    """
    raw = {criterion.id: measure(areas, criterion) for criterion in criteria}
    if "local_cofunding" in raw:
        none = column(areas, "funding_gap_p50") == 0
        raw["local_cofunding"] = np.where(none, local_share / (1.0 + local_share), raw["local_cofunding"])
    return raw


def scale(raw: Floats, criterion: Criterion) -> Floats:
    """Bring a measure to 0..100 by the criterion's bounds, clipped; what cannot be measured scores 0."""
    part = np.clip((raw - criterion.low) / (criterion.high - criterion.low), 0.0, 1.0)
    return np.where(np.isnan(part), 0.0, 100.0 * part)


def weigh(scores: Mapping[str, Floats], weights: Mapping[str, float], *, rows: int) -> Floats:
    """Return the weighted mean of the scores, in the order of the weights.

    Added one by one: a sum in a fixed order keeps the better area's score the higher.
    """
    total = np.zeros(rows)
    for name, weight in weights.items():
        total = total + weight * scores[name]
    return np.asarray(total / sum(weights.values()), dtype=float)


def goodness(raw: Floats, criterion: Criterion) -> Floats:
    """Turn a measure so that more is better, beyond the bounds too; what cannot be measured is worst."""
    good = raw if criterion.high > criterion.low else -raw
    return np.where(np.isnan(good), -np.inf, good)


def benefit(raw: Mapping[str, Floats], *, policy: Policy, weights: Mapping[str, float], premises: Floats) -> Floats:
    """Add up what an area brings: each extensive measure over its bound `high`, by its weight; not clipped.

    Where the policy has no extensive criterion, an area brings `premises`: see `brought`.
    """
    if nothing_adds_up(policy):
        return premises
    parts = [
        weights[criterion.id] * np.nan_to_num(raw[criterion.id]) / criterion.high
        for criterion in policy.criteria
        if criterion.id in EXTENSIVE
    ]
    return np.asarray(np.sum(parts, axis=0), dtype=float)


def nothing_adds_up(policy: Policy) -> bool:
    """Say whether no criterion of the policy adds up over areas; then the budget buys premises."""
    return not any(criterion.id in EXTENSIVE for criterion in policy.criteria)


def eligible_premises(areas: pd.DataFrame) -> Floats:
    """Take the eligible premises. Those that a mast reaches are none: they count as its mobile gain."""
    return np.where(is_mobile(areas), 0.0, column(areas, "premises"))


def brought(areas: pd.DataFrame) -> Floats:
    """Take what an area brings at all: a fixed area its eligible premises, a mast its mobile gain."""
    mobile = is_mobile(areas)
    return np.where(mobile, column(areas, "mobile_gain") if mobile.any() else 0.0, column(areas, "premises"))


def from_residents(areas: pd.DataFrame) -> Floats:
    """Take what residents give (fees, dug metres); it is local money, and lowers the municipality's part."""
    return column(areas, "private_share") if "private_share" in areas else np.zeros(len(areas))


def column(areas: pd.DataFrame, name: str) -> Floats:
    """Read a column as numbers, null as NaN; raises DataError where it is missing."""
    if name not in areas:
        raise DataError(f"areas: column {name!r} is missing; the ranking needs it")
    return np.asarray(areas[name].to_numpy(dtype=float, na_value=np.nan))


def _cost_efficiency(areas: pd.DataFrame) -> Floats:
    """Take the funding gap per premises reached: with fixed service, or by a mast with mobile coverage."""
    return _ratio(column(areas, "funding_gap_p50"), column(areas, "premises"))


def _capex_per_premises(areas: pd.DataFrame) -> Floats:
    return _ratio(column(areas, "capex"), column(areas, "premises"))


def _local_cofunding(areas: pd.DataFrame) -> Floats:
    return _ratio(column(areas, "municipal_share") + from_residents(areas), column(areas, "funding_gap_p50"))


def _sustainable_operation(areas: pd.DataFrame) -> Floats:
    """Take (PV revenue - PV opex) / PV opex; without operating cost any revenue is enough."""
    revenue, opex = column(areas, "pv_revenue"), column(areas, "pv_opex")
    return np.asarray(np.where((opex == 0) & (revenue > 0), np.inf, _ratio(revenue - opex, opex)))


def _capacity_uplift(areas: pd.DataFrame) -> Floats:
    """Take log2(new / old download speed), the mean over premises, speeds below 1 Mbit/s counted as 1."""
    new = np.log2(np.maximum(1.0, column(areas, "delivered_down_mbps")))
    return np.where(is_mobile(areas), np.nan, new - column(areas, "mean_log2_down"))


def _business_and_mobile(areas: pd.DataFrame) -> Floats:
    """Take business need plus mobile gain. A fixed network brings no mobile gain, and a mast no fixed service."""
    gain = np.nan_to_num(column(areas, "mobile_gain")) if "mobile_gain" in areas else 0.0
    return np.asarray(column(areas, "business_need") + gain, dtype=float)


def _reference_percent(areas: pd.DataFrame) -> Floats:
    """Take the money asked for in percent of a reference price.

    Asked for is `requested_grant` (of an application) where there is one, else the modelled `grant`; without a column
    `reference_grant` there is nothing to compare with.
    """
    if "reference_grant" not in areas:
        return np.full(len(areas), np.nan)
    asked = column(areas, "grant")
    if "requested_grant" in areas:
        requested = column(areas, "requested_grant")
        asked = np.where(np.isnan(requested), asked, requested)
    return np.asarray(100.0 * _ratio(asked, column(areas, "reference_grant")))


def _given(name: str) -> Measure:
    def read(areas: pd.DataFrame) -> Floats:
        return column(areas, name) if name in areas else np.full(len(areas), np.nan)

    return read


MEASURES: Final[dict[str, Measure]] = {
    "premises": eligible_premises,
    "cost_efficiency": _cost_efficiency,
    "local_cofunding": _local_cofunding,
    "sustainable_operation": _sustainable_operation,
    "capacity_uplift": _capacity_uplift,
    "business_and_mobile": _business_and_mobile,
    "capex_per_premises": _capex_per_premises,
    "reference_percent": _reference_percent,
    **{criterion: _given(name) for criterion, name in GIVEN.items()},
}


def _ratio(part: Floats, whole: Floats) -> Floats:
    out: Floats = np.full(len(whole), np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))
