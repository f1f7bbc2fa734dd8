"""Which offer is the best, by the policy's technologies, latency and dates; networks, connection, measured speed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.gaps import judge
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import Policy, load_policy
from coverage.schemas import OFFERS, SERVICE, check
from coverage.service import complete, no_offers
from tests import drawn

NORWAY = load_policy("no-2024")
BEAD = load_policy("us-bead-2022")
AS_OF = dt.date(2022, 6, 30)


def served(*rows: dict[str, Any], policy: Policy = NORWAY, places: int = 3) -> gpd.GeoDataFrame:
    """Lay offers over places p0, p1, …; each row names its place as `at`."""
    at = [f"p{row['at']}" for row in rows]
    frame = drawn.offers([{k: v for k, v in row.items() if k != "at"} for row in rows]).assign(place_id=at)
    if "available_until" in frame:
        frame["available_until"] = pd.to_datetime(frame["available_until"]).astype("datetime64[s]")
    points = drawn.places([(float(x), 0.0) for x in range(places)])
    layers = [OfferLayer("list", "place", frame)]
    out, _ = overlay(points, offers=layers, mobile=(), shares=None, policy=policy, as_of=AS_OF)
    assert out["place_id"].tolist() == points["place_id"].tolist()
    return check(out, SERVICE, where="service")


def test_layers_without_the_optional_columns_and_without_rows_are_completed() -> None:
    bare = drawn.offers([{}])
    filled = complete(bare)
    assert filled["upgradeable"].tolist() == [False]
    assert filled[["latency_ms", "connected", "available_until", "tests"]].isna().all(axis=None)
    assert list(filled.columns) == list(no_offers().columns)
    assert (filled.dtypes == no_offers().dtypes).all()
    check(filled, OFFERS, where="offers")


def test_networks_of_a_gigabit_are_counted_beside_those_of_a_hundred() -> None:
    out = served(
        {"at": 0, "down_mbps": 1000},
        {"at": 0, "down_mbps": 2000},
        {"at": 0, "down_mbps": 1000, "provider": "B"},
        {"at": 0, "down_mbps": 999, "provider": "C"},
        {"at": 1, "down_mbps": 100},
        {"at": 1, "down_mbps": 1000, "technology": "satellite"},
        {"at": 2, "down_mbps": 1000, "status": "planned"},
    )
    assert out["fixed_networks_100"].tolist() == [3, 1, 0]
    assert out["fixed_networks_1000"].tolist() == [2, 0, 0]


def test_an_offer_that_answers_too_slowly_does_not_count() -> None:
    rows = [
        {"at": 0, "down_mbps": 100, "up_mbps": 20, "latency_ms": 101.0},
        {"at": 0, "down_mbps": 25, "up_mbps": 3, "latency_ms": 100.0, "provider": "B"},
        {"at": 1, "down_mbps": 100, "up_mbps": 20, "latency_ms": np.nan},
        {"at": 2, "down_mbps": 100, "up_mbps": 20, "latency_ms": 600.0, "status": "planned"},
    ]
    out = served(*rows, policy=BEAD)
    assert out["fixed_provider"].fillna("-").tolist() == ["B", "A", "-"]
    assert out["fixed_latency_ms"].fillna(-1).tolist() == [100, -1, -1], "not known: it counts"
    assert out["planned_by"].isna().all()
    assert served(*rows)["fixed_provider"].fillna("-").tolist() == ["A", "A", "-"], "Norway names no limit"


def test_connected_and_passed_are_told_where_a_net_that_counts_says_so() -> None:
    out = served(
        {"at": 0, "down_mbps": 1000, "connected": False},
        {"at": 0, "down_mbps": 10, "connected": True, "technology": "dsl", "provider": "B"},
        {"at": 1, "connected": False},
        {"at": 1, "connected": True, "technology": "satellite"},
        {"at": 2, "connected": None},
    )
    assert out["fixed_connection"].fillna("-").tolist() == ["connected", "passed", "-"]
    assert served({"at": 0})["fixed_connection"].isna().all()


def test_an_offer_that_closes_counts_until_it_does_and_says_when() -> None:
    rows = [
        {"at": 0, "down_mbps": 100, "available_until": "2025-06-30", "technology": "dsl"},
        {"at": 1, "down_mbps": 100, "available_until": "2022-06-29"},
        {"at": 2, "down_mbps": 100, "available_until": "2022-06-30"},
    ]
    out = served(*rows)
    assert out["fixed_down_mbps"].tolist() == [100, 0, 100], "what ended before the as-of date is no offer"
    assert out["fixed_closes"].astype("str").fillna("-").tolist() == ["2025-06-30", "-", "2022-06-30"]
    judged = judge(out, policy=NORWAY, as_of=AS_OF)
    assert judged["eligible"].tolist() == [0, 1, 0]
    assert "DSL from A, which closes on 2025-06-30," in judged["reason"].iloc[0]


def test_a_policy_may_leave_out_offers_that_close_within_the_horizon() -> None:
    strict = replace(NORWAY, fixed=replace(NORWAY.fixed, counts_closing=False))
    rows = [
        {"at": 0, "down_mbps": 100, "available_until": "2025-06-30"},
        {"at": 0, "down_mbps": 18, "provider": "B"},
        {"at": 1, "down_mbps": 100, "available_until": "2025-07-01"},
        {"at": 2, "down_mbps": 100, "available_until": None},
    ]
    out = served(*rows, policy=strict)
    assert out["fixed_down_mbps"].tolist() == [18, 100, 100]
    assert served(*rows)["fixed_down_mbps"].tolist() == [100, 100, 100]


def test_every_claim_is_traced_to_its_source_and_row() -> None:
    out = served(
        {"at": 0, "down_mbps": 18},
        {"at": 0, "down_mbps": 50},
        {"at": 0, "down_mbps": 500, "status": "planned", "available_from": "2023-01-01"},
        {"at": 0, "down_mbps": 100, "technology": "satellite"},
        {"at": 1, "down_mbps": 18},
    )
    assert out["fixed_source_row"].tolist() == [2, 5, 0]
    assert out["planned_source"].fillna("-").tolist() == ["list", "-", "-"]
    assert out["planned_source_row"].tolist() == [3, 0, 0]
    assert out["uncounted_source"].fillna("-").tolist() == ["list", "-", "-"]
    assert out["uncounted_source_row"].tolist() == [4, 0, 0]


def test_the_class_told_is_the_best_offers_own() -> None:
    out = served(
        {"at": 0, "down_mbps": 30, "down_max_mbps": 100, "up_max_mbps": 40},
        {"at": 0, "down_mbps": 0, "down_max_mbps": 500, "provider": "B"},
        {"at": 1, "down_mbps": 50},
    )
    assert out["fixed_down_mbps"].tolist() == [30, 50, 0]
    assert out["fixed_class_down_mbps"].tolist() == [100, 50, 0]
    assert out["fixed_class_up_mbps"].tolist() == [40, 50, 0]
    assert out["fixed_down_max_mbps"].tolist() == [500, 50, 0], "that is of whichever may be the best"


def test_the_best_claim_that_does_not_count_is_kept_with_why() -> None:
    strict = replace(BEAD, fixed=replace(BEAD.fixed, counts_closing=False))
    soon = {"available_until": "2024-01-01"}
    rows: list[dict[str, Any]] = [
        {"at": 0, "down_mbps": 100, "technology": "satellite", "latency_ms": 600.0} | soon,
        {"at": 1, "down_mbps": 100, "latency_ms": 600.0} | soon,
        {"at": 2, "down_mbps": 100} | soon,
        {"at": 2, "down_mbps": 50, "technology": "satellite"},
        {"at": 3, "down_mbps": 100},
        {"at": 4, "down_mbps": 100, "technology": "satellite", "status": "planned"},
        {"at": 4, "down_mbps": 100, "technology": "satellite", "available_until": "2022-06-29"},
        {"at": 4, "down_mbps": 0, "technology": "satellite"},
        {"at": 4, "down_mbps": 7, "technology": "satellite", "basis": "measured"},
    ]
    out = served(*rows, policy=strict, places=5)
    assert out["uncounted_why"].fillna("-").tolist() == ["technology", "latency", "closing", "-", "-"]
    assert out["uncounted_down_mbps"].tolist() == [100, 100, 100, 0, 0]
    assert out["uncounted_technology"].fillna("-").tolist() == ["satellite", "fibre", "fibre", "-", "-"]
    assert out["uncounted_provider"].fillna("-").tolist() == ["A", "A", "A", "-", "-"]


def test_plans_that_would_end_the_shortfall_are_counted_by_provider_and_what_is_left_without_them() -> None:
    europe = load_policy("eu-2023")
    planned = {"status": "planned", "available_from": "2023-01-01", "provider": "B"}
    rows: list[dict[str, Any]] = [
        {"at": 0, "down_mbps": 300},
        {"at": 0, "down_mbps": 1000} | planned,
        {"at": 0, "down_mbps": 2000} | planned,
        {"at": 0, "down_mbps": 1000} | planned | {"provider": "C"},
        {"at": 1, "down_mbps": 300} | planned,
        {"at": 1, "down_mbps": 1000} | planned | {"available_from": "2030-01-01"},
        {"at": 2, "down_mbps": 1000} | planned,
    ]
    out = served(*rows, policy=europe)
    assert out["planned_networks"].tolist() == [2, 0, 1]
    assert out["fixed_networks_100_planned"].tolist() == [3, 1, 1]
    assert out["fixed_networks_100_lapsed"].tolist() == [1, 1, 0]


def test_measured_stands_beside_claimed_weighted_by_its_tests() -> None:
    measured = {"basis": "measured"}
    out = served(
        {"at": 0, "down_mbps": 100},
        {"at": 0, "down_mbps": 20, "up_mbps": 5, "tests": 30.0} | measured,
        {"at": 0, "down_mbps": 60, "up_mbps": 15, "tests": 10.0} | measured,
        {"at": 1, "down_mbps": 100},
        {"at": 1, "down_mbps": 50, "tests": 9.0} | measured,
        {"at": 2, "down_mbps": 5, "tests": 9.0} | measured,
    )
    assert out["measured_down_mbps"].tolist() == [30, 50, 5]
    assert out["measured_up_mbps"].tolist() == [7.5, 50, 5]
    assert out["measured_tests"].tolist() == [40, 9, 9]
    assert out["measured_flag"].tolist() == [True, False, False], "half the claim is not below half; no claim, no flag"
    assert out["fixed_down_mbps"].tolist() == [100, 100, 0]


def test_few_tests_raise_no_flag_and_an_unknown_number_may() -> None:
    rows = [
        {"at": 0}, {"at": 0, "down_mbps": 1, "basis": "measured", "tests": 4.0},
        {"at": 1}, {"at": 1, "down_mbps": 1, "basis": "measured", "tests": 5.0},
        {"at": 2}, {"at": 2, "down_mbps": 1, "basis": "measured", "tests": np.nan},
    ]  # fmt: skip
    out = served(*rows)
    assert out["measured_flag"].tolist() == [False, True, True]
    assert out["measured_tests"].fillna(-1).tolist() == [4, 5, -1]
    silent = replace(NORWAY, measured=replace(NORWAY.measured, flag_below=0.0))
    assert not served(*rows, policy=silent)["measured_flag"].any()


ROW = st.fixed_dictionaries(
    {
        "at": st.integers(0, 2),
        "down_mbps": st.sampled_from([0.0, 5.0, 30.0, 99.0, 100.0, 1000.0]),
        "provider": st.sampled_from("AB"),
        "technology": st.sampled_from(["fibre", "dsl", "satellite"]),
        "status": st.sampled_from(["existing", "planned"]),
        "latency_ms": st.sampled_from([np.nan, 20.0, 600.0]),
        "connected": st.sampled_from([True, False, None]),
        "available_until": st.sampled_from([None, "2020-01-01", "2024-01-01", "2040-01-01"]),
    }
)
MEASURED = st.fixed_dictionaries(
    {"at": st.integers(0, 2), "down_mbps": st.sampled_from([0.0, 1.0, 500.0]), "basis": st.just("measured"),
     "tests": st.sampled_from([np.nan, 0.0, 3.0, 80.0])}
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.lists(MEASURED, min_size=1, max_size=5), st.booleans())
def test_measurements_never_change_a_verdict(rows: list[Any], measured: list[Any], closing: bool) -> None:
    policy = replace(BEAD, fixed=replace(BEAD.fixed, counts_closing=closing))
    verdict = ["tier", "tier_best", "short_fixed", "eligible", "reason_code", "reason"]
    plain = judge(served(*rows, policy=policy), policy=policy, as_of=AS_OF)
    beside = judge(served(*rows, *measured, policy=policy), policy=policy, as_of=AS_OF)
    pd.testing.assert_frame_equal(pd.DataFrame(plain[verdict]), pd.DataFrame(beside[verdict]))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8))
def test_what_a_policy_leaves_out_can_only_lower_service(rows: list[Any]) -> None:
    strict = replace(NORWAY, fixed=replace(NORWAY.fixed, counts_closing=False, max_latency_ms=100.0))
    loose, tight = served(*rows), served(*rows, policy=strict)
    for name in ("fixed_down_mbps", "fixed_networks_100", "fixed_networks_1000"):
        assert (tight[name] <= loose[name]).all()
    assert not (tight["fixed_latency_ms"] > 100).any()
    assert (loose["fixed_networks_1000"] <= loose["fixed_networks_100"]).all()


@pytest.mark.parametrize(("name", "value"), [("connected", ["yes"]), ("tests", [-1.0]), ("latency_ms", [-5.0])])
def test_the_schema_refuses_optional_columns_with_strange_values(name: str, value: list[Any]) -> None:
    with pytest.raises(Exception, match=name):
        check(complete(drawn.offers([{}])).assign(**{name: value}), OFFERS, where="offers")


def test_operators_whose_names_differ_in_case_or_spaces_are_one_network() -> None:
    black = load_policy("eu-2023")
    rows = [{"at": 0, "provider": name, "down_mbps": 200} for name in ("Telenor", "TELENOR", "telenor ")]
    plans = [row | {"at": 1, "status": "planned", "available_from": dt.date(2023, 1, 1)} for row in rows]
    out = served(*rows, *plans, policy=black)
    assert out["fixed_networks_100"].tolist() == [1, 0, 0]
    assert out["fixed_networks_100_planned"].tolist() == [1, 1, 0]
    assert served(*plans).loc[1, "planned_networks"] == 1
    assert not (judge(out, policy=black, as_of=AS_OF)["reason_code"] == "black-area").any()


def test_a_plan_of_no_speed_is_no_plan() -> None:
    out = served({"at": 0, "status": "planned", "down_mbps": 0, "available_from": dt.date(2023, 1, 1)})
    assert out["planned_by"].isna().all()
