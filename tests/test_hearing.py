"""What a hearing removed from the lists, by whom, and what came back: drawn by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage.errors import DataError
from coverage.hearing import COUNTED, PUBLISHED, Account, list_weights, load_published, removed
from coverage.inputs import OfferLayer
from coverage.policy import Policy, list_policies, load_policy
from tests.heard import AS_OF, LATE, NORWAY, SOON, county, judged, offered, said

NO_OVERDUE = dataclasses.replace(NORWAY, fixed=dataclasses.replace(NORWAY.fixed, counts_overdue_plans=False))


def hear(
    places: gpd.GeoDataFrame,
    hearing: Sequence[OfferLayer],
    *,
    offers: Sequence[OfferLayer] = (),
    policy: Policy = NORWAY,
    shares: pd.DataFrame | None = None,
) -> Account:
    whole = judged(places, [*offers, *hearing], policy=policy, shares=shares)
    return removed(whole, offers=offers, hearing=hearing, shares=shares, policy=policy, as_of=AS_OF)


def on(account: Account, list_id: str = "below_100") -> pd.Series:
    return account.lists.set_index("list").loc[list_id]


def of(account: Account, operator: str, list_id: str = "below_100") -> pd.Series:
    return account.operators.set_index(["operator", "list"]).loc[(operator, list_id)]


def test_a_plan_and_an_objection_take_places_off_the_lists() -> None:
    places = county(5, kind=["business", "household", "household", "household", "household"], weight=[1, 2, 3, 4, 5.0])
    hearing = said(
        [
            {"place": "p0", "operator": "A"},
            {"place": "p1", "operator": "B", "claim": "exists", "down": 50},
            {"place": "p2", "operator": "B", "claim": "exists", "down": 100},
            {"place": "p3", "operator": "A", "day": LATE},
        ]
    )
    account = hear(places, [hearing])
    slow, fast = on(account, "below_30"), on(account, "below_100")
    # B's 50 Mbit/s takes p1 off the list of those below 30, but not off that of those below 100.
    assert [slow["premises_before"], slow["premises_after"], slow["premises_removed"]] == [15, 9, 6]
    assert [fast["premises_before"], fast["premises_after"], fast["premises_removed"]] == [15, 11, 4]
    assert [fast["businesses_before"], fast["businesses_removed"], fast["households_removed"]] == [1, 1, 3]
    assert fast["removed_share"] == pytest.approx(4 / 15)
    assert of(account, "A", "below_100")[["premises_claimed", "premises_alone", "premises_shared"]].tolist() == [
        1,
        1,
        0,
    ]
    assert of(account, "B", "below_30")[["premises_claimed", "premises_alone"]].tolist() == [5, 5]
    assert of(account, "A")[["plan", "exists", "lapsed", "withdrawn"]].tolist() == [2, 0, 0, 0]
    assert account.places["hearing"].fillna("–").tolist() == ["removed", "–", "removed", "–", "–"]
    assert account.places["hearing_removed_by"].fillna("–").tolist() == ["A", "–", "B", "–", "–"]


def test_what_several_claim_hangs_on_none_of_them_alone() -> None:
    hearing = said(
        [{"place": "p0", "operator": "A"}, {"place": "p0", "operator": "B"}, {"place": "p1", "operator": "B"}]
    )
    account = hear(county(3), [hearing])
    assert on(account)["premises_removed"] == 2
    assert of(account, "A")[["premises_claimed", "premises_alone", "premises_shared"]].tolist() == [1, 0, 1]
    assert of(account, "B")[["premises_claimed", "premises_alone", "premises_shared"]].tolist() == [2, 1, 1]
    assert account.places["hearing_removed_by"].fillna("–").tolist() == ["A, B", "B", "–"]


def test_names_that_differ_in_case_or_spaces_are_one_operator() -> None:
    hearing = said([{"place": "p0", "operator": "Fjord  Fiber"}, {"place": "p0", "operator": "fjord fiber"}])
    account = hear(county(1), [hearing])
    assert account.operators["operator"].unique().tolist() == ["Fjord  Fiber"]
    assert of(account, "Fjord  Fiber")["premises_alone"] == 1


@pytest.mark.parametrize("claim", ["lapsed", "withdrawn"])
def test_a_lapse_puts_its_places_back_exactly(claim: str) -> None:
    places = county(4)
    plans = [{"place": f"p{number}", "operator": "A"} for number in range(3)]
    with_all = hear(places, [said(plans)])
    assert on(with_all)["premises_removed"] == 3
    lapse = [{"place": "p0", "operator": "A", "claim": claim}, {"place": "p3", "operator": "A", "claim": claim}]
    account = hear(places, [said(plans), said(lapse, "lapses")])
    assert on(account)["premises_removed"] == 2
    assert account.places["hearing"].fillna("–").tolist() == ["put_back", "removed", "removed", "put_back"]
    assert of(account, "A")[["plan", claim, "premises_put_back"]].tolist() == [3, 2, 2]
    # The same as if the plan had never been said.
    never = judged(places, [said(plans[1:])])
    after = judged(places, [said(plans), said(lapse, "lapses")])
    assert_frame_equal(pd.DataFrame(never[["tier", "eligible"]]), pd.DataFrame(after[["tier", "eligible"]]))


def test_a_lapse_takes_a_plan_away_from_the_offers_too_and_only_its_own_operators() -> None:
    plan = {"status": "planned", "available_from": SOON, "down_mbps": 1000}
    offers = [offered([{"place": "p0", "provider": "A", **plan}, {"place": "p1", "provider": "B", **plan}])]
    lapse = said([{"place": "p0", "claim": "lapsed"}, {"place": "p1", "claim": "lapsed"}])
    assert judged(county(2), offers)["eligible"].tolist() == [0, 0]
    account = hear(county(2), [lapse], offers=offers)
    assert judged(county(2), [*offers, lapse])["eligible"].tolist() == [1, 0]
    assert on(account)[["premises_before", "premises_after", "premises_removed", "premises_put_back"]].tolist() == [
        1,
        1,
        0,
        1,
    ]


def test_a_place_put_back_names_whose_claim_lapsed_and_when() -> None:
    early, day = dt.date(2022, 2, 1), dt.date(2022, 3, 1)
    hearing = said(
        [
            *({"place": "p0", "operator": name} for name in ("B", "A")),
            {"place": "p0", "operator": "B", "claim": "lapsed", "lapsed_on": day},
            {"place": "p0", "operator": "A", "claim": "lapsed", "lapsed_on": early},
            {"place": "p1", "operator": "A"},
            {"place": "p2", "operator": "B"},
            {"place": "p2", "operator": "A"},
            {"place": "p2", "operator": "A", "claim": "lapsed", "lapsed_on": day},
        ]
    )
    told = hear(county(4), [hearing]).places
    assert told["hearing"].fillna("–").tolist() == ["put_back", "removed", "removed", "–"]
    assert told["hearing_lapsed_by"].fillna("–").tolist() == ["A, B", "–", "–", "–"], "another plan stands at p2"
    assert told["hearing_lapsed_on"].iloc[0] == pd.Timestamp(day), "the last one"
    assert told["hearing_lapsed_on"].iloc[1:].isna().all()


def test_a_plan_without_a_date_is_kept_and_does_not_count() -> None:
    account = hear(county(1), [said([{"place": "p0", "day": None}])])
    assert on(account)["premises_removed"] == 0
    assert of(account, "A")["plan"] == 1
    assert judged(county(1), [said([{"place": "p0", "day": None}])])["planned_by"].tolist() == ["A"]


def test_an_overdue_plan_counts_and_is_flagged_unless_the_policy_says_otherwise() -> None:
    past = said([{"place": "p0", "day": dt.date(2021, 12, 1)}, {"place": "p1"}])
    account = hear(county(2), [past])
    assert on(account)[["premises_removed", "premises_overdue"]].tolist() == [2, 1]
    assert of(account, "A")["premises_overdue"] == 1
    assert account.overdue_claims == 1
    strict = hear(county(2), [past], policy=NO_OVERDUE)
    assert on(strict)[["premises_removed", "premises_overdue"]].tolist() == [1, 0]


def test_a_lapse_of_an_overdue_plan_puts_nothing_back_where_those_do_not_count() -> None:
    rows = [{"place": "p0", "day": dt.date(2021, 12, 1)}, {"place": "p0", "claim": "lapsed", "day": None}]
    assert on(hear(county(1), [said(rows)]))["premises_put_back"] == 1
    assert on(hear(county(1), [said(rows)], policy=NO_OVERDUE))["premises_put_back"] == 0


def test_an_overdue_plan_that_was_built_is_not_flagged() -> None:
    offers = [offered([{"place": "p0", "provider": "A", "down_mbps": 1000}])]
    account = hear(county(1), [said([{"place": "p0", "day": dt.date(2021, 12, 1)}])], offers=offers)
    assert account.overdue_claims == 0
    assert on(account)["premises_overdue"] == 0


def test_a_hearing_that_reaches_nobody_changes_nothing() -> None:
    account = hear(county(2), [said([{"place": "elsewhere"}])])
    assert on(account)[["premises_before", "premises_after", "premises_removed"]].tolist() == [2, 2, 0]
    assert account.places["hearing"].isna().all()
    assert of(account, "A")["premises_claimed"] == 0


def test_shares_are_removed_in_part_and_lifted_by_what_exists() -> None:
    shares = pd.DataFrame({"municipality_code": ["5001"], "fixed_30": [0.9], "fixed_100": [0.6], "fixed_1000": [0.5]})
    places = county(3, kind="household", weight=100.0)
    hearing = said([{"place": "p0", "claim": "exists", "down": 50}, {"place": "p1", "claim": "exists", "down": 300}])
    whole = judged(places, [hearing], shares=shares)
    assert whole["service_basis"].tolist() == ["expected_share"] * 3
    # A claim lifts what lies below it, and never pushes down what already has more.
    assert whole["share_below_30"].tolist() == pytest.approx([0, 0, 0.1])
    assert whole["share_served"].tolist() == pytest.approx([0.5] * 3)
    account = hear(places, [hearing], shares=shares)
    assert on(account, "below_30")[["premises_before", "premises_after"]].tolist() == pytest.approx([30, 10])
    assert on(account, "below_100")[["premises_before", "premises_after"]].tolist() == pytest.approx([120, 80])
    plan = hear(places, [said([{"place": "p2"}])], shares=shares)
    assert on(plan, "below_100")["premises_removed"] == pytest.approx(40)


def test_what_was_published_stands_beside_with_its_source() -> None:
    account = hear(county(1), [said([{"place": "p0"}])])
    assert on(account, "below_30")["published_share"] == pytest.approx(0.60)
    assert on(account, "below_100")["published_share"] == pytest.approx(0.38, abs=0.005)
    assert "Nkom" in on(account)["published_source"]
    summary = account.summary()
    assert summary["lists"][1]["premises_removed"] == 1
    assert summary["operators"][0]["operator"] == "A"


def test_a_country_without_a_published_hearing_has_none() -> None:
    assert load_published("us").empty
    account = hear(county(1), [said([{"place": "p0"}])], policy=load_policy("us-bead-2022"))
    assert account.lists["published_share"].isna().all()
    assert account.summary()["lists"][0]["published_share"] is None


def test_a_figure_that_is_no_number_is_one_sentence(tmp_path: Any) -> None:
    path = tmp_path / "hearings.csv"
    path.write_text(PUBLISHED.read_text(encoding="utf-8").replace("45000", "many"), encoding="utf-8")
    with pytest.raises(DataError, match=r"hearings\.csv: .*numbers"):
        load_published("no", path=path)


CLAIM = st.fixed_dictionaries(
    {
        "place": st.sampled_from([f"p{number}" for number in range(6)]),
        "operator": st.sampled_from(["A", "B", "C"]),
        "claim": st.sampled_from(["plan", "exists", "lapsed", "withdrawn"]),
        "down": st.sampled_from([10, 50, 100, 1000]),
        "day": st.sampled_from([None, dt.date(2021, 1, 1), SOON, LATE]),
        "technology": st.sampled_from(["fibre", "fwa", "other"]),
    }
)
PACKS = [load_policy(policy_id) for policy_id in list_policies()]


@settings(max_examples=8)
@given(st.lists(CLAIM, min_size=1, max_size=10), st.sampled_from(PACKS), st.randoms())
def test_sums_hold_and_no_order_matters(rows: list[dict[str, Any]], policy: Policy, random: Any) -> None:
    offers = [offered([{"place": "p0", "down_mbps": 50}, {"place": "p1", "down_mbps": 1000}])]
    places = county(6, weight=[1, 2, 3, 4, 5, 6.0])
    account = hear(places, [said(rows)], offers=offers, policy=policy)
    whole = judged(places, [*offers, said(rows)], policy=policy)
    lists, operators = account.lists, account.operators
    np.testing.assert_allclose(lists["premises_after"], list_weights(whole, policy).sum(axis=0))
    for what in COUNTED:
        np.testing.assert_allclose(
            lists[f"{what}_removed"], lists[f"{what}_before"] - lists[f"{what}_after"], atol=1e-9
        )
    sums = operators.groupby("list", sort=False)[["premises_claimed", "premises_alone"]].sum().loc[lists["list"]]
    assert (sums["premises_alone"].to_numpy() <= lists["premises_removed"].to_numpy() + 1e-9).all()
    assert (sums["premises_claimed"].to_numpy() >= lists["premises_removed"].to_numpy() - 1e-9).all()
    assert (operators["premises_shared"] >= -1e-9).all()
    shuffled = random.sample(rows, len(rows))
    again = hear(places, [said(shuffled)], offers=offers, policy=policy)
    assert_frame_equal(account.lists, again.lists)
    assert_frame_equal(account.operators, again.operators)
    assert_frame_equal(account.places, again.places)


@settings(max_examples=8)
@given(st.lists(CLAIM.map(lambda row: row | {"claim": "plan"}), min_size=1, max_size=8), st.sampled_from(PACKS))
def test_a_plan_never_adds_a_gap(rows: list[dict[str, Any]], policy: Policy) -> None:
    offers = [offered([{"place": "p0", "down_mbps": 50}, {"place": "p1", "down_mbps": 10}])]
    without = judged(county(6), offers, policy=policy)
    with_plans = judged(county(6), [*offers, said(rows)], policy=policy)
    assert (with_plans["eligible"] <= without["eligible"]).all()
    assert (with_plans["short_fixed"] == without["short_fixed"]).all()
    account = hear(county(6), [said(rows)], offers=offers, policy=policy)
    assert (account.lists["premises_removed"] >= 0).all()
    lapses = said([row | {"claim": "lapsed"} for row in rows], "lapses")
    back = judged(county(6), [*offers, said(rows), lapses], policy=policy)
    assert back["eligible"].tolist() == without["eligible"].tolist()


def test_where_any_two_of_three_networks_remove_a_place_all_three_are_named() -> None:
    black = load_policy("eu-2023")
    rows = [{"place": "p0", "operator": name, "down": 200} for name in ("A", "B", "C")]
    slow = {"place": "p0", "operator": "D", "down": 20}
    account = hear(county(2), [said([*rows, slow, {"place": "p1", "operator": "A", "down": 200}])], policy=black)
    assert account.places["hearing"].tolist()[:1] == ["removed"]
    assert account.places["hearing_removed_by"].iloc[0] == "A, B, C"
    last = account.lists["list"].iloc[-1]
    shares = account.operators.set_index(["operator", "list"])[["premises_claimed", "premises_alone"]]
    assert shares.loc[("A", last)].tolist() == [1, 0]
    assert shares.loc[("D", last)].tolist() == [0, 0]
