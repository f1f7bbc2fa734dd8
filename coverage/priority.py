"""Score and rank the areas, choose those to fund under the budget, and say how certain each choice is."""

from __future__ import annotations

from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.criteria import EXTENSIVE, benefit, brought, from_residents, goodness, is_mobile, nothing_adds_up
from coverage.errors import DataError, PolicyError
from coverage.policy import Policy
from coverage.scenario import Scenario
from coverage.schemas import AREA_COLUMNS, AREA_STATUSES, AREA_TAIL
from coverage.scoring import score as score_areas
from coverage.selection import optimum, ranked_cut, reselect
from coverage.templates import choose_template, of_policy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Why an area cannot be funded, the first that holds: it has its money already; the money is not for mobile coverage; it
# would bring nothing; no technology or no grant is known; it asks for more than a template takes.
INELIGIBLE: Final = ("awarded", "mobile_not_supported", "brings_nothing", "not_priced", "above_reference")
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
    ("application" where municipalities have confirmed money, "scenario" where it says that residents give something,
    else "policy default").

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
    template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
    policy = template.on(policy)
    weights = criterion_weights(policy, scenario)
    scored = score_areas(
        table, template, currency=policy.currency, weights=weights, local_share=policy.subsidy.local_share
    )
    raw = {criterion.id: scored[f"measure_{criterion.id}"].to_numpy() for criterion in policy.criteria}
    score = scored["score"].to_numpy()
    why = _ineligible(table, policy=policy, scenario=scenario, rejected=scored["rejected"].to_numpy())
    able = np.equal(why, "")
    ties = [goodness(raw[criterion.id], criterion) for criterion in policy.criteria]
    order = np.lexsort([np.arange(len(table)), *(-tie for tie in reversed(ties)), -score, ~able])

    grant = np.where(able, table["grant"].to_numpy(dtype=float, na_value=0.0), 0.0)
    worth = np.where(able, benefit(raw, policy=policy, weights=weights, premises=brought(table)), 0.0)
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
        **{str(name): scored[name].to_numpy() for name in scored.columns if name != "rejected"},
        "local_cofunding_basis": pd.array(_cofunding_basis(table), dtype="str"),
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
    weights = of_policy(policy).with_weights(dict(scenario.weights))
    if not nothing_adds_up(policy) and not sum(weights.get(name, 0.0) for name in EXTENSIVE) > 0:
        raise PolicyError(
            f"scenario: weights: one of {' and '.join(EXTENSIVE)} must be above 0, or the budget has nothing to buy"
        )
    return weights


def _ineligible(areas: pd.DataFrame, *, policy: Policy, scenario: Scenario, rejected: Bools) -> Any:
    """Say of each area why it cannot be funded: one of INELIGIBLE, "" where it can be."""
    mobile = is_mobile(areas)
    priced = (areas["technology"].notna() & areas["grant"].notna()).to_numpy()
    holds = [_is_awarded(areas), mobile & (not scenario.funds_mobile(policy)), ~(brought(areas) > 0), ~priced, rejected]
    return np.select(holds, INELIGIBLE, default="").astype(object)


def _is_awarded(areas: pd.DataFrame) -> Bools:
    """Say which areas have their money already (`status.advance`)."""
    if "status" not in areas:
        return np.zeros(len(areas), dtype=bool)
    return np.asarray(areas["status"].isin(AREA_STATUSES[2:]), dtype=bool)


def _cofunding_basis(areas: pd.DataFrame) -> Any:
    """Say what local co-funding rests on: an application's confirmed money, the scenario's residents, or the policy."""
    by_residents = from_residents(areas) > 0
    told = "municipal_confirmed" in areas
    by_application = areas["municipal_confirmed"].notna().to_numpy() if told else np.zeros(len(areas), dtype=bool)
    return np.select([by_application, by_residents], ["application", "scenario"], "policy default").astype(object)


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
