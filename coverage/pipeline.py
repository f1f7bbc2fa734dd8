"""The only composer of the stages: from a study and a scenario to an Assessment.

`prepare` does what depends on the data and the policy (slow); `decide` does what depends on budget, weights,
costs and seed (fast), so that a dashboard can move a slider without reading a file.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage import corrections, costs, pricing, priority, status, stranding, subsidy, summary
from coverage.assessment import Assessment
from coverage.comparisons import contrast_study
from coverage.contrast import Contrast
from coverage.curve import budget_to_reach
from coverage.draws import Draws
from coverage.errors import PolicyError
from coverage.kinds import FIXED, MOBILE, is_mobile
from coverage.layout import Clock
from coverage.policy import Policy, load_policy
from coverage.preparation import Prepared as Prepared
from coverage.preparation import prepare as prepare
from coverage.preparation import prepare_again as prepare_again
from coverage.preparation import redraw as redraw
from coverage.provenance import assumed_text, provenance_of
from coverage.reselection import limits_of
from coverage.scenario import Scenario
from coverage.schemas import AREA_COLUMNS, AREA_TAIL
from coverage.scoring import require_currency
from coverage.stability import stability
from coverage.study import Progress, Study, ignore
from coverage.templates import choose_template

# What `stability` says of each area.
FIRM: Final = ("funded_share", "certainty", "rank_p10", "rank_p50", "rank_p90", "driver")
# The speeds that every business is to be brought up to.
REACHED: Final = (30.0, 100.0)
KINDS: Final = (FIXED, MOBILE)  # of areas; their premises are never added up
# The steps a whole run goes through, in order; a progress bar counts them.
PREPARED: Final = ("overlay", "verdict", "areas", "routes", "masts")
STEPS: Final = (*PREPARED, "costs", "subsidy", "priority")


def assess(study: Study, scenario: Scenario, *, progress: Progress = ignore) -> Assessment:
    """Run every stage on a study under a scenario.

    Raises DataError, CrsError or PolicyError with one sentence where the input cannot be used.
    """
    policy = scenario.shape(load_policy(scenario.policy))
    policy.require_currency(study.currency, where=f"study {study.id}")
    # What areas are scored by is needed last: what cannot be used of it is said before the work is done.
    template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
    require_currency(template, policy.currency)
    template.with_weights(dict(scenario.weights))
    priority.criterion_weights(template.on(policy), scenario)
    return decide(prepare(study, policy, progress=progress), scenario, progress=progress)


def decide(prepared: Prepared, scenario: Scenario, *, progress: Progress = ignore) -> Assessment:
    """Price, estimate the subsidy and rank, under one budget, one set of weights and one seed.

    Raises PolicyError if the scenario's policy, or its rules for areas, are not those that `prepared` was made with,
    or if the policy is in another currency.
    """
    study, policy = prepared.study, prepared.policy
    if scenario.policy != policy.id:
        raise PolicyError(f"the places were judged under {policy.id!r}, not under the scenario's {scenario.policy!r}")
    if scenario.areas != policy.areas.changed:
        raise PolicyError("the areas were delineated under other rules than the scenario's; prepare the study again")
    policy.require_currency(study.currency, where=f"study {study.id}")
    # What areas are scored by is the scenario's choice; who is eligible was the policy's.
    template = choose_template(policy, template_id=scenario.template, weights=scenario.weights)
    policy = template.on(policy)
    clock = Clock()
    progress("costs")
    book = costs.load_costs(study.costs, currency=study.currency, price_year=study.price_year, overrides=scenario.costs)
    priced, _, lines = pricing.propose(prepared.areas, prepared.routes, book=book, policy=policy)
    places = prepared.places.assign(
        stranding_route_m=prepared.branches[["trench_m", "subsea_m"]].sum(axis=1, skipna=False),
        stranding_capex=stranding.price_branches(prepared.places, prepared.branches, book=book),
    )
    priced = stranding.sum_up(priced, places)
    clock.lap("costs")

    progress("subsidy")
    estimated, draws = pricing.estimate(
        priced, prepared.routes, prepared.places, inputs=prepared.inputs, book=book, policy=policy, scenario=scenario
    )
    clock.lap("subsidy")

    progress("priority")
    ranked = priority.prioritise(estimated, policy=policy, scenario=scenario)
    chosen = ranked.attrs
    limits, left_out = limits_of(scenario.wishes)
    firm = stability(
        ranked, draws=draws, policy=policy, scenario=scenario.with_changes(budget=scenario.money), limits=limits
    )
    ranked = ranked.assign(
        **{name: firm.areas[name].array for name in FIRM},
        policy=policy.id,
        as_of=study.as_of.isoformat(),
        currency=study.currency,
        data_status=study.data_status,
        assumed=assumed_text(
            policy,
            book,
            template=template if scenario.template else None,
            radio=prepared.radio if prepared.inputs.terrain else None,
        ),
    )
    reach = tuple(budget_to_reach(ranked, places, mbps, policy=policy, draws=draws) for mbps in _speeds(places, policy))
    clock.lap("priority")

    applications = prepared.inputs.applications
    figures = {
        "study": study.id,
        "policy": policy.id,
        "currency": study.currency,
        "data_status": study.data_status,
        "as_of": study.as_of.isoformat(),
        "rejected": sum(report.rows_rejected for report in prepared.inputs.reports),
        **{key: value for key, value in prepared.counts.items() if key != "municipalities"},
        **summary.summarise_areas(
            ranked,
            funding_gap={kind: _of_kind(draws, estimated, kind).total_quantiles() for kind in KINDS},
            budget=scenario.money,
            lacking=prepared.masts.counts,
        ),
        "stability": summary.summarise_firmness(firm.summary()),
        "reach": [summary.summarise_reach(asdict(item)) for item in reach],
        "route_m": round(float(_routes_of(prepared, KINDS[0])["route_m"].sum())),
        "route_m_if_all_built": round(prepared.joint_route_m),
        "municipalities": prepared.counts["municipalities"],
        **({"status": status.summarise(ranked, applications=applications)} if "award_id" in ranked else {}),
        **({"corrections": corrections.summarise(prepared.corrections)} if len(prepared.corrections) else {}),
        **({"hearing": prepared.hearing} if prepared.hearing else {}),
        **({"extents": prepared.extents} if prepared.extents else {}),
        **({"agreement": prepared.agreement} if prepared.agreement else {}),
    }
    return Assessment(
        places=places,
        areas=_ordered(ranked, policy),
        routes=prepared.routes,
        municipalities=prepared.inputs.municipalities,
        cost_lines=lines,
        rejected=prepared.inputs.rejected,
        study=study,
        scenario=scenario,
        policy=policy,
        costs=book,
        mobile=prepared.inputs.mobile,
        summary=figures,
        provenance=provenance_of(prepared, scenario, book, clock.timings)
        | {"selection": chosen["selection"] | firm.summary() | {"wishes_not_drawn": list(left_out)}},
        stability=firm,
        differences=chosen["differences"],
        reach=reach,
        corrections=prepared.corrections,
        hubs=prepared.inputs.hubs,
        lacking=prepared.lacking,
        water=prepared.inputs.water,
        terrain=prepared.inputs.terrain,
        sites=prepared.masts.sites,
    )


def _speeds(places: gpd.GeoDataFrame, policy: Policy) -> list[float]:
    """Return the speeds of REACHED; where service is known as shares of tiers, those at which a tier ends."""
    by_share = "service_basis" in places and (places["service_basis"] == "expected_share").any()
    ends = {tier.down_mbps for tier in policy.tiers}
    return [mbps for mbps in REACHED if mbps in ends or not by_share]


def _routes_of(prepared: Prepared, kind: str) -> gpd.GeoDataFrame:
    """Return the routes of the areas of one kind."""
    chosen = prepared.areas.loc[prepared.areas["kind"] == kind, "area_id"]
    return prepared.routes[prepared.routes["area_id"].isin(chosen)]


def _of_kind(draws: Draws, areas: gpd.GeoDataFrame, kind: str) -> Draws:
    """Return the draws of the areas of one kind."""
    chosen = (areas["kind"] == kind).to_numpy()  # in the order of the draws, which were made of these rows
    return replace(
        draws,
        area_ids=tuple(areas.loc[chosen, "area_id"]),
        funding_gap=draws.funding_gap[chosen],
        private=draws.private[chosen],
        municipal=None if draws.municipal is None else draws.municipal[chosen],
    )


def contrast_policies(prepared: Prepared, other: Policy, *, progress: Progress = ignore) -> Contrast:
    """Set the verdicts of a second policy beside those of a prepared study. Nothing is grouped, routed or priced."""
    return contrast_study(
        prepared.study,
        prepared.inputs,
        policy=prepared.policy,
        other=other,
        judged=prepared.places,
        progress=progress,
    )


def swings(assessment: Assessment) -> pd.DataFrame:
    """Return what moves the funding gap of all fixed areas most: see `subsidy.tornado`."""
    return subsidy.tornado(
        assessment.areas[~is_mobile(assessment.areas)],
        assessment.routes,
        book=assessment.costs,
        policy=assessment.policy,
        scenario=assessment.scenario,
    )


def _ordered(ranked: gpd.GeoDataFrame, policy: Policy) -> gpd.GeoDataFrame:
    scores = [f"score_{criterion.id}" for criterion in policy.criteria]
    first = [*AREA_COLUMNS, *scores, *AREA_TAIL]
    ordered = ranked[[*first, *(name for name in ranked.columns if name not in first)]]
    ordered.attrs = {}  # the assessment holds what the list says of its choice; here pandas would copy it at each step
    return ordered
