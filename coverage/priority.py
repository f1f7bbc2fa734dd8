"""Score and rank the areas, and choose those to fund under the budget, within what the council wishes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage.criteria import EXTENSIVE, benefit, brought, from_residents, goodness, nothing_adds_up
from coverage.errors import PolicyError
from coverage.kinds import is_mobile
from coverage.policy import Policy
from coverage.programme import NONE, InfeasibleError, Options, Programme, choose, explain
from coverage.scenario import Scenario
from coverage.schemas import AREA_COLUMNS, AREA_STATUSES, AREA_TAIL
from coverage.scoring import score as score_areas
from coverage.selection import ranked_cut
from coverage.templates import Template, choose_template, of_policy
from coverage.wishes import Wishes

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Why an area cannot be funded, the first that holds: it has its money already; the money is not for mobile coverage; it
# would bring nothing; no technology or no grant is known; it asks for more than a template takes.
INELIGIBLE: Final = ("awarded", "mobile_not_supported", "brings_nothing", "not_priced", "above_reference")
# The same as words in the sentence on a wish to fund such an area.
_WHY_NOT: Final = (
    "it has its money already",
    "the money is not for mobile coverage",
    "it brings nothing that counts",
    "no technology with a grant is known for it",
    "it asks for more than the template takes",
)
SAFE_YES: Final = 0.9
SAFE_NO: Final = 0.1


@dataclass(frozen=True)
class Standing:
    """Say where an area would stand in a list of so many, itself included; `ineligible_because` is "" or one of those.

    `reached`: the plain cut of the ranked list would fund it.
    """

    rank: int
    areas: int
    score: float
    scores: dict[str, float]  # by criterion
    ineligible_because: str
    reached: bool


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Hold areas in the order of their ids, each with its score, why it cannot be funded ("": it can) and rank."""

    table: pd.DataFrame
    scored: pd.DataFrame
    raw: dict[str, Any]
    why: Any
    able: Bools
    order: npt.NDArray[np.intp]
    grant: Floats  # 0 where it cannot be funded

    @property
    def rank(self) -> npt.NDArray[np.int64]:
        """Return the rank of each area, from 1."""
        rank = np.empty(len(self.order), dtype=np.int64)
        rank[self.order] = np.arange(1, len(self.order) + 1)
        return rank

    def cut(self, money: float) -> Bools:
        """Say which areas the plain cut down the ranking would fund."""
        cut = np.zeros(len(self.order), dtype=bool)
        cut[self.order] = ranked_cut(self.grant[self.order], budget=money)
        return cut


@dataclass(frozen=True, eq=False)
class _Rules:
    """Hold what areas are scored by: the template, the policy with its criteria, and their weights."""

    template: Template
    policy: Policy
    weights: dict[str, float]

    @classmethod
    def of(cls, policy: Policy, scenario: Scenario) -> _Rules:
        """Choose them as the scenario says; raises PolicyError for weights that cannot be used."""
        template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
        template.with_weights(dict(scenario.weights))  # names the template where one does not fit
        policy = template.on(policy)
        return cls(template, policy, criterion_weights(policy, scenario))

    def rank(self, areas: pd.DataFrame, *, scenario: Scenario) -> _Ranking:
        """Score the areas and put them in order: those that can be funded by score, then by ties, then the others."""
        table = areas.sort_values("area_id", kind="stable", ignore_index=True)
        policy = self.policy
        scored = score_areas(
            table, self.template, currency=policy.currency, weights=self.weights, local_share=policy.subsidy.local_share
        )
        raw = {criterion.id: scored[f"measure_{criterion.id}"].to_numpy() for criterion in policy.criteria}
        why = _ineligible(table, policy=policy, scenario=scenario, rejected=scored["rejected"].to_numpy())
        able = np.equal(why, "")
        ties = [goodness(raw[criterion.id], criterion) for criterion in policy.criteria]
        score = scored["score"].to_numpy()
        order = np.lexsort([np.arange(len(table)), *(-tie for tie in reversed(ties)), -score, ~able])
        grant = np.where(able, table["grant"].to_numpy(dtype=float, na_value=0.0), 0.0)
        return _Ranking(table, scored, raw, why, able, order.astype(np.intp), grant)


def prioritise(areas: gpd.GeoDataFrame, *, policy: Policy, scenario: Scenario) -> gpd.GeoDataFrame:
    """Rank the areas and decide which to fund; the result is sorted by rank, whatever the order of the input.

    Adds: `measure_<criterion>` (raw, in the criterion's unit), `score_<criterion>` (0 to 100 by the policy's bounds),
    `score` (their weighted mean), `rank`; `ranked_decision` (funded down the ranking until one area does not fit) and
    `decision` (the set of areas with the largest benefit under the budget that keeps the scenario's wishes); `phase`
    (year, from 1) and `pot` of what is funded, where the wishes name years or pots; `cumulative_grant` down the
    ranking; and `local_cofunding_basis` ("application" where municipalities have confirmed money, "scenario" where it
    says that residents give something, else "policy default"). The ranked cut follows no wish. Where an area needs one
    that has its money already, that wish is kept.

    Ties in the score are broken by the raw measures in the policy's order, then by area_id. Areas that bring nothing
    (no eligible premises; of kind mobile: no gain), without a technology or without a priced grant are ineligible and
    stand last, and so are areas of kind mobile where neither the policy nor the scenario gives money to mobile
    coverage; `ineligible_because` is one of INELIGIBLE, null for the others. Areas that need no grant are always
    funded, unless the wishes say never. One technology per area is chosen among: the proposed one, for the others that
    deliver bring as much and cost more.

    `attrs["selection"]` holds how good the choice provably is: benefit, bound and gap of `decision`;
    `attrs["differences"]` what it does otherwise than the ranked cut, and why (`programme.explain`). Raises PolicyError
    for weights or wishes that cannot be used, InfeasibleError for wishes that clash.
    """
    rules = _Rules.of(policy, scenario)
    policy, weights, found = rules.policy, rules.weights, rules.rank(areas, scenario=scenario)
    table, raw, able, order, grant = found.table, found.raw, found.able, found.order, found.grant
    worth = np.where(able, benefit(raw, policy=policy, weights=weights, premises=brought(table)), 0.0)
    wishes = _still_open(scenario.wishes, table, found.why)
    programme, options = _choose(table, worth, grant, able, budget=scenario.budget, wishes=wishes)
    cut = found.cut(scenario.money)
    columns: dict[str, Any] = {
        "rank": found.rank,
        "decision": _decision(programme.chosen, able),
        "ranked_decision": _decision(cut, able),
        "ineligible_because": pd.Series(found.why, dtype="str").mask(able),
        **_when_and_whence(programme, scenario),
        **{str(name): found.scored[name].to_numpy() for name in found.scored.columns if name != "rejected"},
        "local_cofunding_basis": pd.array(_cofunding_basis(table), dtype="str"),
    }
    ranked = table.assign(**columns).iloc[order].reset_index(drop=True)
    ranked["cumulative_grant"] = np.cumsum(grant[order])
    ranked.attrs["selection"] = {"benefit": programme.benefit, "bound": programme.bound, "gap": programme.gap}
    plain = np.where(cut & able, np.cumsum(able) - 1, NONE)
    ranked.attrs["differences"] = tuple(explain(programme, plain, options, wishes=wishes, order=order))
    listed = [*AREA_COLUMNS, *(f"score_{criterion.id}" for criterion in policy.criteria), *AREA_TAIL]
    first = [name for name in listed if name in ranked]
    return ranked[[*first, *(name for name in ranked.columns if name not in first)]]


def place_among(areas: gpd.GeoDataFrame, one: gpd.GeoDataFrame, *, policy: Policy, scenario: Scenario) -> Standing:
    """Say where one more area, priced as they are, would stand among others, and whether the plain cut would fund it.

    The others may be ranked already; nothing is chosen anew. Raises PolicyError for weights that cannot be used.
    """
    known = [name for name in areas.columns.intersection(one.columns) if name != areas.geometry.name]
    lacking = [name for name in ("municipal_confirmed", "requested_grant", "reference_grant") if name in areas]
    both = pd.concat([frame.reindex(columns=list(dict.fromkeys([*known, *lacking]))) for frame in (areas, one)])
    found = _Rules.of(policy, scenario).rank(both, scenario=scenario)
    at = int(np.flatnonzero((found.table["area_id"] == one["area_id"].iloc[0]).to_numpy())[0])
    return Standing(
        rank=int(found.rank[at]),
        areas=len(both),
        score=float(found.scored["score"].iloc[at]),
        scores={name: float(found.scored[f"score_{name}"].iloc[at]) for name in found.raw},
        ineligible_because=str(found.why[at]),
        reached=bool(found.cut(scenario.money)[at] and found.able[at]),
    )


def _choose(
    table: pd.DataFrame, worth: Floats, grant: Floats, able: Bools, *, budget: float, wishes: Wishes
) -> tuple[Programme, Options]:
    """Choose among the areas that can be funded, each in its proposed technology."""
    rows = np.flatnonzero(able)
    options = Options(
        area_ids=tuple(table["area_id"]),
        municipality=tuple(table["municipality_code"]),
        area=rows,
        technology=tuple(table["technology"].iloc[rows]),
        benefit=worth[rows],
        grant=grant[rows],
    )
    return choose(options, budget=budget, wishes=wishes), options


def _still_open(wishes: Wishes, areas: pd.DataFrame, why: Any) -> Wishes:
    """Return the wishes without needs that awards have met; raise InfeasibleError for a must that cannot be funded."""
    because = dict(zip(areas["area_id"], why.tolist(), strict=True))
    for name in wishes.must:
        if because.get(name):
            reason = _WHY_NOT[INELIGIBLE.index(because[name])]
            message = f"wishes: fund {name} in any case cannot hold: {reason}"
            raise InfeasibleError(message, (("must", name),))
    needs = tuple(
        (area, other) for area, other in wishes.needs if area not in because or because.get(other) != INELIGIBLE[0]
    )
    return replace(wishes, needs=needs)


def _when_and_whence(programme: Programme, scenario: Scenario) -> dict[str, Any]:
    """Return year and pot of what is chosen, where the wishes name any."""
    found: dict[str, Any] = {}
    if scenario.wishes.phases:
        found["phase"] = pd.array(np.where(programme.chosen, programme.phase + 1, 0), dtype="Int64")
        found["phase"][~programme.chosen] = pd.NA
    if scenario.wishes.sources:
        names = np.array([*programme.pots, None], dtype=object)
        found["pot"] = pd.array(names[programme.pot], dtype="str")
    return found


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


def _decision(chosen: Bools, able: Bools) -> Any:
    return pd.array(np.select([~able, chosen], ["ineligible", "fund"], "reserve").astype(object), dtype="str")
