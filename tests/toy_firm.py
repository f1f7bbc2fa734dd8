"""The toy ranked by the model itself under a scenario: scores that differ, draws, the best set, its differences."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np

from coverage.assessment import Assessment
from coverage.curve import budget_to_reach
from coverage.draws import Draws
from coverage.priority import prioritise
from coverage.reselection import limits_of
from coverage.scenario import Scenario
from coverage.stability import stability
from coverage.templates import choose_template
from tests import toy
from tests.kept import kept
from tests.reported import summarised

DRAWS = 200
JUDGED = ("rank", "score", "decision", "ranked_decision", "certainty", "funded_share", "cumulative_grant")
FIRM = ("funded_share", "certainty", "rank_p10", "rank_p50", "rank_p90", "driver")


def unranked() -> gpd.GeoDataFrame:
    """Return the toy's areas before they are ranked, with grants and businesses that no order follows."""
    areas = toy.areas(toy.places())
    areas = areas.drop(columns=[*JUDGED, *(name for name in areas if name.startswith(("score_", "measure_")))])
    number = np.arange(len(areas))
    price = 0.5 + (7 * number % 12) / 8
    money = ["capex", "capex_per_premises", "funding_gap_p10", "funding_gap_p50", "funding_gap_p90", "state_share",
             "municipal_share", "grant", "grant_per_premises", "pv_opex"]  # fmt: skip
    areas[money] = areas[money].mul(price, axis=0)
    need = areas["employees"] * (1 + (5 * number % 12) / 6)
    return areas.assign(business_need=need, mean_log2_down=4 + (number % 4) / 2)


@kept
def assessment(scenario: Scenario | None = None) -> Assessment:
    """Return the toy, ranked and chosen under a scenario; nothing asked: the toy's own."""
    plain = toy.assessment()
    scenario = (scenario or plain.scenario).with_changes(draws=DRAWS)
    policy = choose_template(plain.policy, template_id=scenario.template, weights=scenario.weights).on(plain.policy)
    areas = unranked()
    gap = areas["funding_gap_p50"].to_numpy()
    spread = np.exp(np.random.default_rng(3).normal(0.0, 0.2, (len(areas), DRAWS)))
    draws = Draws(tuple(areas["area_id"]), gap[:, None] * spread, np.zeros(len(areas)), policy.subsidy.local_share)
    ranked = prioritise(areas, policy=policy, scenario=scenario)
    limits, left_out = limits_of(scenario.wishes)
    money = scenario.with_changes(budget=scenario.money)
    firm = stability(ranked, draws=draws, policy=policy, scenario=money, limits=limits)
    reached = [budget_to_reach(ranked, plain.places, mbps, policy=policy, draws=draws) for mbps in (30.0, 100.0)]
    found = dataclasses.replace(
        plain,
        areas=ranked.assign(**{name: firm.areas[name].array for name in FIRM}),
        policy=policy,
        scenario=scenario,
        stability=firm,
        differences=ranked.attrs["differences"],
        reach=tuple(reached),
        provenance=plain.provenance | {"selection": {"wishes_not_drawn": list(left_out)}},
    )
    return summarised(found)
