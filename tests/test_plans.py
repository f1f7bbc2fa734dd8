"""Plans that come late, lapse or arrive, one by one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from coverage.inputs import Inputs, OfferLayer
from coverage.plans import ARRIVE, LAPSE, arrive, lapse, late, planned, what_ifs
from coverage.policy import load_policy
from coverage.verdicts import judge_inputs
from tests import drawn

POLICY = load_policy("no-2024")
AS_OF = dt.date(2024, 6, 30)
CRS = drawn.CRS


def layer(*rows: dict[str, Any]) -> OfferLayer:
    table = [{"place_id": "p0", "status": "planned", "down_mbps": 1000, **row} for row in rows]
    frame = drawn.offers(table)
    for name in ("lapsed_on", "as_of"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    return OfferLayer("list", "place", frame)


def bare(**layers: tuple[OfferLayer, ...]) -> Inputs:
    nothing = gpd.GeoDataFrame(geometry=[], crs=CRS)
    return Inputs(nothing, drawn.places([(0, 0)]), nothing, nothing, **layers)


def eligible(inputs: Inputs) -> list[float]:
    return list(judge_inputs(inputs, policy=POLICY, as_of=AS_OF)["eligible"])


def test_a_plan_is_what_is_not_there_yet_and_has_not_lapsed() -> None:
    rows: list[dict[str, Any]] = [
        {"claim": "plan"},
        {"claim": "exists", "status": "existing"},
        {"claim": "exists", "status": "existing", "available_from": dt.date(2025, 1, 1)},
        {"claim": "lapsed"},
        {"claim": "lapsed", "lapsed_on": dt.date(2025, 1, 1)},
        {"claim": "withdrawn"},
        {"claim": "plan", "basis": "measured"},
    ]
    frame = layer(*({"lapsed_on": None} | row for row in rows)).frame
    assert planned(frame, as_of=AS_OF).tolist() == [True, False, True, False, True, False, False]


def test_late_moves_plans_alone_and_leaves_those_without_a_date() -> None:
    there = layer(
        {"available_from": dt.date(2025, 2, 28)},
        {"available_from": None},
        {"status": "existing", "available_from": dt.date(2020, 1, 1)},
    )
    inputs = bare(offers=(there,))
    moved = late(inputs, 12, as_of=AS_OF).offers[0].frame["available_from"]
    assert moved.dt.date.tolist()[0] == dt.date(2026, 2, 28)
    assert pd.isna(moved.iloc[1])
    assert moved.dt.date.tolist()[2] == dt.date(2020, 1, 1)
    assert inputs.offers[0].frame["available_from"].dt.date.tolist()[0] == dt.date(2025, 2, 28)


def test_a_lapse_takes_the_plans_of_one_operator_in_both_roles() -> None:
    day = {"available_from": dt.date(2025, 6, 1)}
    inputs = bare(
        offers=(layer({"provider": "A", **day}, {"provider": "A", "status": "existing", "down_mbps": 10}),),
        hearing=(layer({"provider": "a", "claim": "plan", "lapsed_on": None, **day}),),
    )
    assert eligible(inputs) == [0]
    gone = lapse(inputs, as_of=AS_OF, operator="A")
    assert [len(each.frame) for each in (*gone.offers, *gone.hearing)] == [1, 0]
    assert eligible(gone) == [1]
    assert eligible(lapse(inputs, as_of=AS_OF, operator="B")) == [0]
    assert eligible(lapse(inputs, as_of=AS_OF)) == [1]


@pytest.mark.parametrize("row", [
    {"claim": "plan", "available_from": dt.date(2040, 1, 1)}, {"claim": "plan"},
    {"claim": "lapsed"}, {"claim": "plan", "available_from": dt.date(2023, 1, 1)},
])  # fmt: skip
def test_all_arrive_whatever_their_date(row: dict[str, Any]) -> None:
    inputs = bare(hearing=(layer({"lapsed_on": None, "available_from": None} | row),))
    built = judge_inputs(arrive(inputs, as_of=AS_OF), policy=POLICY, as_of=AS_OF)
    assert built["tier"].tolist() == ["served"]


def test_a_lapse_takes_nothing_from_what_has_arrived() -> None:
    rows = [{"claim": claim, "lapsed_on": None, "as_of": AS_OF} for claim in ("plan", "withdrawn", "lapsed")]
    assert eligible(arrive(bare(hearing=(layer(*rows),)), as_of=AS_OF)) == [0]


def test_shares_go_on_to_count_where_a_plan_arrives() -> None:
    shares = pd.DataFrame({"municipality_code": ["5001"], "fixed_30": [0.9], "fixed_100": [0.6], "fixed_1000": [0.5]})
    inputs = bare(offers=(layer({"place_id": "elsewhere"}),))
    inputs = dataclasses.replace(inputs, shares=shares)
    assert eligible(inputs) == pytest.approx([0.4])
    assert eligible(arrive(inputs, as_of=AS_OF)) == pytest.approx([0.4])


def test_every_operator_has_its_own_what_if_with_an_id_of_its_own() -> None:
    names = ["Zeta", "Fjord Fiber", "fjord  fiber", "Fjord-Fiber", "All"]
    inputs = bare(offers=(layer(*({"provider": name} for name in names)),))
    cases = what_ifs(inputs, as_of=AS_OF)
    lapses = [
        (case.id, case.operator, case.plans) for case in cases if case.id.startswith("lapse") and case.id != LAPSE
    ]
    assert lapses == [
        ("lapse_all_2", "All", 1), ("lapse_fjord_fiber", "Fjord Fiber", 2), ("lapse_fjord_fiber_2", "Fjord-Fiber", 1),
        ("lapse_zeta", "Zeta", 1),
    ]  # fmt: skip
    assert [case.id for case in cases if case.id not in {one for one, _, _ in lapses}] == [
        "late_12", "late_24", LAPSE, ARRIVE,
    ]  # fmt: skip


def test_what_arrives_stands_against_a_corrected_speed() -> None:
    dead = OfferLayer(
        "fix", "place", layer({"status": "existing", "down_mbps": 0, "provider": "?"}).frame, overrides=True
    )
    slow = layer({"status": "existing", "down_mbps": 500, "provider": "B"})
    inputs = bare(offers=(layer({"available_from": dt.date(2025, 1, 1)}), slow, dead))
    assert eligible(inputs) == [0]  # the plan's word
    built = judge_inputs(arrive(inputs, as_of=AS_OF), policy=POLICY, as_of=AS_OF)
    assert built[["fixed_down_mbps", "eligible"]].to_numpy().tolist() == [[1000, 0]]
    assert eligible(lapse(inputs, as_of=AS_OF)) == [1]


def test_an_arrived_line_reaches_places_that_have_a_nearer_one_already() -> None:
    frame = drawn.offers(
        [{"down_mbps": 10}, {"status": "planned", "down_mbps": 1000}],
        geometry=[shapely.LineString([(-9, 1), (9, 1)]), shapely.LineString([(-9, 2), (9, 2)])],
    )
    inputs = bare(offers=(OfferLayer("lines", "line", frame, within_m=5.0),))
    assert eligible(inputs) == [1]  # the plan has no date
    assert eligible(arrive(inputs, as_of=AS_OF)) == [0]


def test_who_announces_a_lapse_without_a_speed_has_no_plan() -> None:
    said = layer({"claim": "lapsed", "lapsed_on": dt.date(2025, 1, 1), "down_mbps": 0})
    assert what_ifs(bare(hearing=(said,)), as_of=AS_OF) == ()
