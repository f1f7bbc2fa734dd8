"""Score and rank the areas, choose those to fund under the budget, and say how certain each choice is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.errors import DataError, PolicyError
from coverage.policy import Criterion, Policy
from coverage.scenario import Scenario
from coverage.schemas import AREA_COLUMNS, AREA_TAIL
from coverage.selection import optimum, ranked_cut, reselect

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# The criteria that add up over areas, and so can be a benefit that a budget buys. Cost efficiency is not one of
# them: the budget already counts the cost.
EXTENSIVE: Final = ("premises", "business_and_mobile")
# Asked for by some packs: read from a column of that name where the areas have it, else not measured.
GIVEN: Final = ("municipality_short_share", "remaining_need", "inhabitants_per_km2", "municipalities")
MOBILE: Final = "mobile"  # the kind of areas that bring mobile coverage, not eligible premises
# Why an area cannot be funded, the first that holds: the money is not for mobile coverage; it would bring nothing; no
# technology or no grant is known.
INELIGIBLE: Final = ("mobile_not_supported", "brings_nothing", "not_priced")
SAFE_YES: Final = 0.9
SAFE_NO: Final = 0.1


class GrantDraws(Protocol):
    """Ask of the random draws: the grant of every area in every draw, in the order of `area_ids`."""

    @property
    def area_ids(self) -> tuple[str, ...]:
        """Return the areas' ids."""

    @property
    def grant(self) -> Floats:
        """Return state and county money, areas × draws."""


def prioritise(areas: gpd.GeoDataFrame, *, draws: GrantDraws, policy: Policy, scenario: Scenario) -> gpd.GeoDataFrame:
    """Rank the areas and decide which to fund; the result is sorted by rank, whatever the order of the input.

    Adds: `measure_<criterion>` (raw, in the criterion's unit), `score_<criterion>` (0 to 100 by the policy's bounds),
    `score` (their weighted mean), `rank`; `ranked_decision` (funded down the ranking until one area does not fit) and
    `decision` (the set of areas with the largest benefit under the budget); `funded_share` (of the draws in which
    the area is chosen again) and `certainty`; `cumulative_grant` down the ranking; and `local_cofunding_basis`
    ("policy default", or "scenario" where it says that residents give something; until an application brings
    committed money).

    Ties in the score are broken by the raw measures in the policy's order, then by area_id. Areas that bring nothing
    (no eligible premises; of kind mobile: no gain), without a technology or without a priced grant are ineligible and
    stand last, and so are areas of kind mobile where neither the policy nor the scenario gives money to mobile
    coverage; `ineligible_because` is one of INELIGIBLE, null for the others. Areas that need no grant are always
    funded.

    `attrs["selection"]` holds how good the choice provably is: benefit, bound and gap of `decision`, and the mean and
    the largest error of the choice redone in the draws (a share of each draw's bound). Raises DataError if the draws
    are of other areas, PolicyError for weights that cannot be used.
    """
    table = areas.sort_values("area_id", kind="stable", ignore_index=True)
    weights = criterion_weights(policy, scenario)
    raw = _measures(table, policy)
    why = _ineligible(table, policy=policy, scenario=scenario)
    able = np.equal(why, "")
    scores = {criterion.id: _scale(raw[criterion.id], criterion) for criterion in policy.criteria}
    score = np.zeros(len(table))
    for name, weight in weights.items():  # one by one: a sum in a fixed order keeps the better area's score the higher
        score = score + weight * scores[name]
    score = score / sum(weights.values())
    ties = [_goodness(raw[criterion.id], criterion) for criterion in policy.criteria]
    order = np.lexsort([np.arange(len(table)), *(-tie for tie in reversed(ties)), -score, ~able])

    grant = np.where(able, table["grant"].to_numpy(dtype=float, na_value=0.0), 0.0)
    worth = np.where(able, benefit(raw, policy=policy, weights=weights, premises=_brought(table)), 0.0)
    best, share = np.zeros(len(table), dtype=bool), np.zeros(len(table))
    chosen = optimum(worth[able], grant[able], budget=scenario.budget)
    again = reselect(worth[able], _drawn(table, draws)[able], budget=scenario.budget)
    best[able], share[able] = chosen.chosen, again.funded_share
    cut = np.zeros(len(table), dtype=bool)
    cut[order] = ranked_cut(grant[order], budget=scenario.budget)
    rank = np.empty(len(table), dtype=np.int64)
    rank[order] = np.arange(1, len(table) + 1)
    columns: dict[str, Any] = {
        "rank": rank,
        "decision": _decision(best, able),
        "ranked_decision": _decision(cut, able),
        "ineligible_because": pd.Series(why, dtype="str").mask(able),
        "certainty": _certainty(share),
        "funded_share": share,
        "score": score,
        **{f"score_{name}": values for name, values in scores.items()},
        **{f"measure_{name}": values for name, values in raw.items()},
        "local_cofunding_basis": pd.array(
            np.where(_from_residents(table) > 0, "scenario", "policy default"), dtype="str"
        ),
    }
    ranked = table.assign(**columns).iloc[order].reset_index(drop=True)
    ranked["cumulative_grant"] = np.cumsum(grant[order])
    ranked.attrs["selection"] = {
        "benefit": chosen.benefit,
        "bound": chosen.bound,
        "gap": chosen.gap,
        "redrawn_error_mean": float(again.error.mean()),
        "redrawn_error_max": float(again.error.max(initial=0.0)),
    }
    listed = [*AREA_COLUMNS, *(f"score_{criterion.id}" for criterion in policy.criteria), *AREA_TAIL]
    first = [name for name in listed if name in ranked]
    return ranked[[*first, *(name for name in ranked.columns if name not in first)]]


def criterion_weights(policy: Policy, scenario: Scenario) -> dict[str, float]:
    """Return the weight of every criterion of the policy, the scenario's where it has one, in the policy's order.

    Raises PolicyError for a criterion that the policy does not have, or if nothing or nothing extensive has weight.
    """
    weights = {criterion.id: float(criterion.weight) for criterion in policy.criteria}
    for name, value in scenario.weights:
        if name not in weights:
            raise PolicyError(f"scenario: weights.{name}: policy {policy.id} has only {', '.join(weights)}")
        weights[name] = float(value)
    if not _nothing_adds_up(policy) and not sum(weights.get(name, 0.0) for name in EXTENSIVE) > 0:
        raise PolicyError(
            f"scenario: weights: one of {' and '.join(EXTENSIVE)} must be above 0, or the budget has nothing to buy"
        )
    return weights


def benefit(raw: dict[str, Floats], *, policy: Policy, weights: dict[str, float], premises: Floats) -> Floats:
    """Add up what an area brings: each extensive measure over its bound `high`, by its weight; not clipped.

    Where the policy has no extensive criterion, an area brings its `premises` (of a mast its mobile gain).
    """
    if _nothing_adds_up(policy):
        return premises
    parts = [
        weights[criterion.id] * np.nan_to_num(raw[criterion.id]) / criterion.high
        for criterion in policy.criteria
        if criterion.id in EXTENSIVE
    ]
    return np.asarray(np.sum(parts, axis=0), dtype=float)


def measure(areas: pd.DataFrame, criterion: Criterion) -> Floats:
    """Measure one criterion on every area, in its own unit; NaN where it cannot be measured. Raises PolicyError."""
    if criterion.id not in MEASURES:
        raise PolicyError(f"criterion {criterion.id!r} is not known; expected one of {', '.join(MEASURES)}")
    return MEASURES[criterion.id](areas)


def _measures(areas: pd.DataFrame, policy: Policy) -> dict[str, Floats]:
    raw = {criterion.id: measure(areas, criterion) for criterion in policy.criteria}
    if "local_cofunding" in raw:
        # No gap, no part of it to take: the policy's default, as of every area that nobody has committed money to.
        local = policy.subsidy.local_share
        none = _column(areas, "funding_gap_p50") == 0
        raw["local_cofunding"] = np.where(none, local / (1.0 + local), raw["local_cofunding"])
    return raw


def _is_mobile(areas: pd.DataFrame) -> Bools:
    if "kind" not in areas:
        return np.zeros(len(areas), dtype=bool)
    return np.asarray(areas["kind"] == MOBILE, dtype=bool)


def _eligible_premises(areas: pd.DataFrame) -> Floats:
    """Take the eligible premises. Those that a mast reaches are none: they count as its mobile gain."""
    return np.where(_is_mobile(areas), 0.0, _column(areas, "premises"))


def _brought(areas: pd.DataFrame) -> Floats:
    """Take the eligible premises of a fixed area, and the mobile gain of a mast, where no criterion adds up."""
    mobile = _is_mobile(areas)
    return np.where(mobile, _column(areas, "mobile_gain") if mobile.any() else 0.0, _column(areas, "premises"))


def _cost_efficiency(areas: pd.DataFrame) -> Floats:
    """Take the funding gap per premises reached: with fixed service, or by a mast with mobile coverage."""
    return _ratio(_column(areas, "funding_gap_p50"), _column(areas, "premises"))


def _local_cofunding(areas: pd.DataFrame) -> Floats:
    return _ratio(_column(areas, "municipal_share") + _from_residents(areas), _column(areas, "funding_gap_p50"))


def _from_residents(areas: pd.DataFrame) -> Floats:
    """Take what residents give (fees, dug metres); it is local money, and lowers the municipality's part."""
    return _column(areas, "private_share") if "private_share" in areas else np.zeros(len(areas))


def _sustainable_operation(areas: pd.DataFrame) -> Floats:
    """Take (PV revenue - PV opex) / PV opex; without operating cost any revenue is enough."""
    revenue, opex = _column(areas, "pv_revenue"), _column(areas, "pv_opex")
    return np.asarray(np.where((opex == 0) & (revenue > 0), np.inf, _ratio(revenue - opex, opex)))


def _capacity_uplift(areas: pd.DataFrame) -> Floats:
    """Take log2(new / old download speed), the mean over premises, speeds below 1 Mbit/s counted as 1."""
    new = np.log2(np.maximum(1.0, _column(areas, "delivered_down_mbps")))
    return np.where(_is_mobile(areas), np.nan, new - _column(areas, "mean_log2_down"))


def _business_and_mobile(areas: pd.DataFrame) -> Floats:
    """Take business need plus mobile gain. A fixed network brings no mobile gain, and a mast no fixed service."""
    gain = np.nan_to_num(_column(areas, "mobile_gain")) if "mobile_gain" in areas else 0.0
    return np.asarray(_column(areas, "business_need") + gain, dtype=float)


def _nothing_adds_up(policy: Policy) -> bool:
    """Say whether no criterion of the policy adds up over areas; then the budget buys premises."""
    return not any(criterion.id in EXTENSIVE for criterion in policy.criteria)


def _given(name: str) -> Callable[[pd.DataFrame], Floats]:
    def read(areas: pd.DataFrame) -> Floats:
        return _column(areas, name) if name in areas else np.full(len(areas), np.nan)

    return read


MEASURES: Final[dict[str, Callable[[pd.DataFrame], Floats]]] = {
    "premises": _eligible_premises,
    "cost_efficiency": _cost_efficiency,
    "local_cofunding": _local_cofunding,
    "sustainable_operation": _sustainable_operation,
    "capacity_uplift": _capacity_uplift,
    "business_and_mobile": _business_and_mobile,
    **{name: _given(name) for name in GIVEN},
}


def _column(areas: pd.DataFrame, name: str) -> Floats:
    if name not in areas:
        raise DataError(f"areas: column {name!r} is missing; the ranking needs it")
    return np.asarray(areas[name].to_numpy(dtype=float, na_value=np.nan))


def _ratio(part: Floats, whole: Floats) -> Floats:
    out: Floats = np.full(len(whole), np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))


def _goodness(raw: Floats, criterion: Criterion) -> Floats:
    """Turn a measure so that more is better; what cannot be measured is worst."""
    good = raw if criterion.high > criterion.low else -raw
    return np.where(np.isnan(good), -np.inf, good)


def _scale(raw: Floats, criterion: Criterion) -> Floats:
    part = np.clip((raw - criterion.low) / (criterion.high - criterion.low), 0.0, 1.0)
    return np.where(np.isnan(part), 0.0, 100.0 * part)


def _ineligible(areas: pd.DataFrame, *, policy: Policy, scenario: Scenario) -> Any:
    """Say of each area why it cannot be funded: one of INELIGIBLE, "" where it can be."""
    mobile = _is_mobile(areas)
    priced = (areas["technology"].notna() & areas["grant"].notna()).to_numpy()
    holds = [mobile & (not scenario.funds_mobile(policy)), ~(_brought(areas) > 0), ~priced]
    return np.select(holds, INELIGIBLE, default="").astype(object)


def _drawn(table: pd.DataFrame, draws: GrantDraws) -> Floats:
    at = pd.Index(draws.area_ids).get_indexer(pd.Index(table["area_id"]))
    if (at < 0).any() or len(draws.area_ids) != len(table):
        raise DataError(f"draws: they are of {len(draws.area_ids)} areas, not of the {len(table)} that are ranked")
    return np.nan_to_num(draws.grant[at])


def _decision(chosen: Bools, able: Bools) -> Any:
    return pd.array(np.select([~able, chosen], ["ineligible", "fund"], "reserve").astype(object), dtype="str")


def _certainty(share: Floats) -> Any:
    labels = np.select([share >= SAFE_YES, share <= SAFE_NO], ["safe yes", "safe no"], "toss-up")
    return pd.array(labels.astype(object), dtype="str")
