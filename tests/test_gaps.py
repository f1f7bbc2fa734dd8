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
from pandas.testing import assert_frame_equal, assert_index_equal

from coverage.gaps import RULES, gap_weights, judge, tier_weights
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import ALLOWING, Policy, list_policies, load_policy
from coverage.policy import RULES as POLICY_RULES
from coverage.schemas import GAP_KINDS, VERDICT, check
from tests import drawn
from tests.cases import CASES, verdicts

NORWAY = load_policy("no-2024")
BEAD = load_policy("us-bead-2022")
PACKS = [load_policy(policy_id) for policy_id in list_policies()]
AS_OF = dt.date(2022, 6, 30)

Row = dict[str, Any]


def verdict(
    rows: list[list[Row]], *, policy: Policy = NORWAY, shares: pd.DataFrame | None = None, **columns: Any
) -> gpd.GeoDataFrame:
    """Judge one place per list of offers."""
    places = drawn.places([(float(number), 0.0) for number in range(len(rows))], **columns)
    ids = [f"p{number}" for number, offers in enumerate(rows) for _ in offers]
    listed = [offer for offers in rows for offer in offers]
    layers = [OfferLayer("list", "place", drawn.offers(listed).assign(place_id=ids))] if listed else []
    service, _ = overlay(places, offers=layers, mobile=(), shares=shares, policy=policy, as_of=AS_OF)
    out = judge(service, policy=policy, as_of=AS_OF)
    assert_index_equal(out.index, places.index)
    assert out["place_id"].equals(places["place_id"])
    return check(out, VERDICT, where="verdict")


def speeds(*down: float, up: float | None = None) -> list[list[Row]]:
    return [[{"down_mbps": value} | ({} if up is None else {"up_mbps": up})] if value else [] for value in down]


def plan(down: float, date: str | None) -> Row:
    return {"provider": "B", "down_mbps": down, "status": "planned", "available_from": date}


def test_every_rule_of_a_policy_has_a_test() -> None:
    assert tuple(RULES) == POLICY_RULES


def test_a_tier_begins_at_its_threshold() -> None:
    out = verdict(speeds(0, 29.9, 30, 99.9, 100, 999, 1000))
    assert out["tier"].tolist() == [
        "below_30",
        "below_30",
        "below_100",
        "below_100",
        "below_1000",
        "below_1000",
        "served",
    ]
    assert out["eligible"].tolist() == [1, 1, 1, 1, 0, 0, 0]
    assert out["gap_kind"].tolist() == ["fixed"] * 4 + ["none"] * 3


def test_upload_decides_where_the_tier_asks_for_it() -> None:
    out = verdict([*speeds(24, 1000, up=2), *speeds(25, 1000, up=3), *speeds(99, 100, up=20)], policy=BEAD)
    assert out["tier"].tolist() == ["unserved", "unserved", "underserved", "underserved", "underserved", "served"]


def test_classes_at_their_upper_end() -> None:
    out = verdict([[{"down_mbps": 50, "down_max_mbps": 100, "up_mbps": 10, "up_max_mbps": 100}]], policy=BEAD)
    assert (out["tier"].iloc[0], out["tier_best"].iloc[0]) == ("underserved", "served")


@pytest.mark.parametrize(
    ("offers", "columns", "code"),
    [
        ([], {"municipality_code": pd.Series([None], dtype="str")}, "outside-study"),
        ([{"down_mbps": 100}], {"kind": "holiday"}, "served"),
        ([], {"kind": "holiday", "year_round": False}, "holiday-home"),
        ([], {"year_round": False}, "not-year-round"),
        ([plan(100, "2025-06-30")], {}, "planned"),
        ([plan(100, "2025-07-01")], {}, "eligible"),
        ([plan(99, "2023-01-01")], {}, "eligible"),
        ([plan(1000, None)], {}, "eligible"),
        ([{"down_mbps": 50, "upgradeable": True}], {}, "upgradeable"),
        ([{"down_mbps": 50, "upgradeable": True}, plan(1000, "2023-01-01")], {}, "planned"),
        ([{"down_mbps": 50}], {}, "eligible"),
    ],
)
def test_the_first_clause_that_holds_decides(offers: list[Row], columns: Row, code: str) -> None:
    offers = [{"upgradeable": False} | offer for offer in offers]
    out = verdict([offers], **columns)
    assert out["reason_code"].tolist() == [code]
    assert out["eligible"].tolist() == [1.0 if code == "eligible" else 0.0]


def test_a_plan_must_lift_the_place_above_its_tier() -> None:
    slow = replace(NORWAY, fixed=replace(NORWAY.fixed, plan_min_down_mbps=30))
    same_tier = [[{"down_mbps": 40}, plan(60, "2023-01-01")]]
    lifted = [[{"down_mbps": 20}, plan(60, "2023-01-01")]]
    assert verdict(same_tier, policy=slow)["reason_code"].tolist() == ["eligible"]
    assert verdict(lifted, policy=slow)["reason_code"].tolist() == ["planned"]


def test_mobile_shortfall_needs_mobile_data() -> None:
    places = verdict(speeds(0, 0, 100, 100))
    assert places["short_mobile"].eq(0).all(), "without mobile data nobody is said to be short"
    known = places.assign(mobile_level=["none", "good", "basic", "very_good"], mobile_operators=[0, 1, 0, 2])
    out = judge(known, policy=NORWAY, as_of=AS_OF)
    assert out["gap_kind"].tolist() == ["both", "fixed", "mobile", "none"]
    strict = replace(NORWAY, mobile=replace(NORWAY.mobile, operators=2))
    assert judge(known, policy=strict, as_of=AS_OF)["short_mobile"].tolist() == [1, 1, 1, 0]


def test_tiers_and_gaps_are_counted_by_weight() -> None:
    places = verdict(speeds(0, 50, 50, 1000), weight=[2.0, 3.0, 4.0, 5.0])
    tiers = tier_weights(places, NORWAY)
    assert_index_equal(tiers.index, places.index)
    assert tiers.sum().to_dict() == {"below_30": 2, "below_100": 7, "below_1000": 0, "served": 5}
    assert gap_weights(places).sum().to_dict() == {"none": 5, "fixed": 9, "mobile": 0, "both": 0}


SHARES = pd.DataFrame(
    {"municipality_code": ["5001"], "fixed_30": [0.9], "fixed_100": [0.7], "fixed_1000": [0.2], "mobile": [0.75]}
)


def test_shares_make_fractional_verdicts() -> None:
    out = verdict([[], []], shares=SHARES, kind=["household", "holiday"], weight=[10.0, 4.0])
    assert out["tier"].tolist() == ["below_1000", "below_1000"]
    np.testing.assert_allclose(out["short_fixed"], [0.3, 0.3])
    np.testing.assert_allclose(out["eligible"], [0.3, 0.0])
    np.testing.assert_allclose(out["short_mobile"], [0.25, 0.25])
    assert out["reason_code"].tolist() == ["expected-share", "holiday-home"]
    assert out["gap_kind"].tolist() == ["none", "none"]
    np.testing.assert_allclose(tier_weights(out, NORWAY).iloc[0], [1, 2, 5, 2])
    np.testing.assert_allclose(gap_weights(out)[list(GAP_KINDS)].iloc[0], [5.25, 2.25, 1.75, 0.75])


def test_a_plan_lifts_a_share_only_above_every_eligible_tier() -> None:
    policy = replace(NORWAY, fixed=replace(NORWAY.fixed, plan_min_down_mbps=30))
    out = verdict([[plan(60, "2023-01-01")], [plan(100, "2023-01-01")]], shares=SHARES, policy=policy)
    assert out["reason_code"].tolist() == ["expected-share", "planned"]


def test_a_share_of_nothing_is_served() -> None:
    out = verdict([[]], shares=SHARES.assign(fixed_30=1.0, fixed_100=1.0))
    assert (out["reason_code"].iloc[0], out["eligible"].iloc[0]) == ("served", 0)


@pytest.mark.parametrize(
    ("policy_id", "case", "code"),
    [
        ("no-2023", "funded before", "earlier-funded"),
        ("no-2023", "cable, easily upgraded", "eligible"),  # that clause came with 2024
        ("no-2024", "funded before", "earlier-funded"),
        ("no-2024", "funded before and fibre now", "served"),
        ("no-2026", "holiday home", "holiday-home"),
        ("eu-2023", "nothing", "white-area"),
        ("eu-2023", "cable 500/50", "grey-area"),
        ("eu-2023", "cable 1000/100", "grey-area"),  # fast enough down, not up
        ("eu-2023", "cable and fibre of 300", "black-area"),
        ("eu-2023", "cable of 300 and a plan of 300", "black-area"),
        ("eu-2023", "plan in time", "grey-area"),  # a plan of 500 is a network, and no end of the failure
        ("eu-2023", "plans of two networks", "black-area"),
        ("eu-2023", "plan of 1 Gbit/s in time", "planned"),
        ("eu-2023", "plan fast down and slow up", "grey-area"),
        ("eu-2023", "fibre", "served"),
        ("us-bead-2022", "satellite, low orbit", "eligible"),
        ("us-bead-2025", "satellite, low orbit", "served"),
        ("us-bead-2025", "satellite, far orbit", "eligible"),
        ("us-bead-2022", "unlicensed wireless", "eligible"),
        ("us-bead-2025", "unlicensed wireless", "served"),
        ("us-bead-2025", "slow to answer", "eligible"),
        ("uk-uso", "10/1", "served"),
        ("uk-uso", "10/0.5", "eligible"),
        ("uk-uso", "holiday home with fibre", "served"),
        ("de-gigabit-2", "cable 500/50", "served"),
        ("de-gigabit-2", "cable 499/50", "eligible"),
        ("de-gigabit-2", "symmetric 200", "served"),
        ("de-gigabit-2", "plan in time", "planned"),
    ],
)
def test_what_each_pack_makes_of_a_place(policy_id: str, case: str, code: str) -> None:
    drawn_case = next(item for item in CASES if item.label == case)
    assert verdicts([drawn_case], load_policy(policy_id)).loc[case, "reason_code"] == code


@pytest.mark.parametrize(
    ("case", "code", "further"),
    [
        ("holiday home, summer only, and a plan", "holiday-home", "not-year-round, planned"),
        ("holiday home with fibre", "served", "holiday-home"),
        ("holiday home outside", "outside-study", "holiday-home"),
        ("cable, easily upgraded, and a plan", "planned", "upgradeable"),
        ("share of nothing, and a plan", "served", "planned"),
        ("holiday home", "holiday-home", ""),
        ("dsl", "eligible", ""),
        ("share of a municipality", "expected-share", ""),
    ],
)
def test_the_further_clauses_that_exclude_a_place_are_listed(case: str, code: str, further: str) -> None:
    out = verdicts([next(item for item in CASES if item.label == case)], NORWAY).iloc[0]
    assert (out["reason_code"], out["also_excluded_by"]) == (code, further)


def test_no_places_are_judged_too() -> None:
    none = judge(verdict([[]]).iloc[:0], policy=NORWAY, as_of=AS_OF)
    assert len(check(none, VERDICT, where="verdict")) == 0


def test_nobody_is_said_to_be_funded_before_where_no_column_says_so() -> None:
    assert verdict([[]])["reason_code"].tolist() == ["eligible"]


# --- invariants ---------------------------------------------------------------------------------------------

OFFER = st.fixed_dictionaries(
    {
        "down_mbps": st.sampled_from([5.0, 10.0, 18.0, 25.0, 30.0, 99.0, 100.0, 200.0, 300.0, 500.0, 1000.0]),
        "up_mbps": st.sampled_from([0.5, 1.0, 3.0, 20.0, 100.0, 150.0, 200.0]),
        "provider": st.sampled_from("ABC"),
        "technology": st.sampled_from(["fibre", "dsl", "fwa_unlicensed", "satellite", "other"]),
        "status": st.sampled_from(["existing", "planned"]),
        "available_from": st.sampled_from([None, "2023-01-01", "2024-01-01", "2030-01-01"]),
        "upgradeable": st.booleans(),
    }
)
OFFERS = st.lists(OFFER, max_size=5)
KIND = st.sampled_from(["business", "household", "holiday", "public"])
POLICY = st.sampled_from(PACKS)


@settings(max_examples=60, deadline=None)
@given(OFFERS, OFFERS, KIND, st.booleans(), POLICY)
def test_more_coverage_never_adds_a_gap(
    few: list[Row], extra: list[Row], kind: str, year_round: bool, policy: Policy
) -> None:
    out = verdict([few, few + extra], policy=policy, kind=kind, year_round=year_round)
    rank = pd.Index(policy.tier_ids).get_indexer(pd.Index(out["tier"]))
    assert rank[1] >= rank[0]
    assert out["short_fixed"].iloc[1] <= out["short_fixed"].iloc[0]
    assert out["eligible"].iloc[1] <= out["eligible"].iloc[0]
    assert out["tier_best"].iloc[0] != "served" or out["tier_best"].iloc[1] == "served"


@settings(max_examples=30, deadline=None)
@given(st.lists(OFFERS, min_size=2, max_size=8), st.data(), POLICY)
def test_the_order_of_rows_is_irrelevant(rows: list[list[Row]], data: st.DataObject, policy: Policy) -> None:
    kinds = data.draw(st.lists(KIND, min_size=len(rows), max_size=len(rows)))
    order = data.draw(st.permutations(range(len(rows))))
    out = verdict(rows, policy=policy, kind=kinds)
    shuffled = judge(out.iloc[list(order)], policy=policy, as_of=AS_OF)
    assert_frame_equal(pd.DataFrame(shuffled.sort_index()), pd.DataFrame(out))


@settings(max_examples=30, deadline=None)
@given(st.lists(OFFERS, min_size=1, max_size=6), KIND, st.booleans(), st.booleans(), st.data(), POLICY)
def test_the_order_of_clauses_does_not_change_a_verdict(
    rows: list[list[Row]], kind: str, year_round: bool, funded: bool, data: st.DataObject, policy: Policy
) -> None:
    """Put the clauses of a pack in any order, even those that allow before those that exclude."""
    first = verdict(rows, policy=policy, kind=kind, year_round=year_round, funded_earlier=funded)
    clauses = tuple(data.draw(st.permutations(policy.clauses)))
    second = judge(first, policy=replace(policy, clauses=clauses), as_of=AS_OF)
    for name in ("eligible", "tier", "gap_kind", "short_fixed", "short_mobile"):
        assert second[name].tolist() == first[name].tolist(), name
    excluding = {clause.id for clause in policy.clauses if clause.rule not in ALLOWING}
    held = [{*row.also_excluded_by.split(", "), row.reason_code} & excluding for row in first.itertuples()]
    again = [{*row.also_excluded_by.split(", "), row.reason_code} & excluding for row in second.itertuples()]
    assert held == again, "the same clauses hold, whichever is named first"
    assert [not clauses for clauses in held] == (first["eligible"] == 1).tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(OFFERS, min_size=1, max_size=8), st.floats(1, 2), st.floats(1, 2), POLICY)
def test_a_stricter_tier_never_lowers_the_count_short_of_it(
    rows: list[list[Row]], down: float, up: float, policy: Policy
) -> None:
    def short(pack: Policy) -> float:
        return float(verdict(rows, policy=pack)["short_fixed"].sum())

    tiers = tuple(
        replace(tier, down_mbps=tier.down_mbps * down, up_mbps=tier.up_mbps * up, or_down_mbps=tier.or_down_mbps * down)
        for tier in policy.tiers
    )
    assert short(replace(policy, tiers=tiers)) >= short(policy)


@settings(max_examples=30, deadline=None)
@given(st.lists(OFFERS, min_size=1, max_size=8), POLICY)
def test_each_premises_is_counted_once(rows: list[list[Row]], policy: Policy) -> None:
    out = verdict(rows, policy=policy, weight=np.arange(1.0, len(rows) + 1))
    np.testing.assert_allclose(tier_weights(out, policy).sum(axis=1), out["weight"])
    np.testing.assert_allclose(gap_weights(out).sum(axis=1), out["weight"])
