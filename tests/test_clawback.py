"""What is paid back where more connect than was assumed."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.clawback import CLAWBACK_COLUMNS, clawback
from coverage.costs import CostBook
from coverage.errors import DataError
from coverage.policy import load_policy
from coverage.subsidy import estimate
from tests.test_levers import HAMLET, PLACES, SCENARIO, Case, chosen, hamlet, mast
from tests.test_subsidy import BOOK, POLICY, SHEET_BOOK, book_of, policy_with, sheet

PURSES = ["state_back", "county_back", "municipal_back"]


def without_ranges(book: CostBook) -> CostBook:
    """Return a book in which every draw is the book's own value."""
    return dataclasses.replace(
        book, items=tuple(dataclasses.replace(row, low=row.value, high=row.value) for row in book.items)
    )


def test_the_sheets_operator_pays_back_what_two_more_customers_bring() -> None:
    """The sheet of test_subsidy: ten homes, eight connect. If all ten do, by hand, over ten years at 5 %:

    revenue 2 x 900 x (7.7217 - 0.5 x 0.9524) = 13,041.98 more; two ports and two boxes 3,000 more at once, their
    upkeep 0.1 x 2,000 x 7.7217 = 1,544.35, bought again 1,000 x 0.7835 + 2,000 x 0.6446 = 2,072.74, and
    2,000 x 8/9 x 0.6139 = 1,091.40 left at the end. The gap falls by 13,041.98 - 5,525.69 = 7,516.29.
    """
    areas, routes, book, policy = sheet()
    policy = dataclasses.replace(policy, subsidy=dataclasses.replace(policy.subsidy, county_share=0.2))
    found = clawback(areas, routes, book=without_ranges(book), policy=policy, scenario=SCENARIO, parts=(0, 0.5, 1))
    assert list(found.columns) == list(CLAWBACK_COLUMNS)
    assert found["connections"].tolist() == pytest.approx([8, 9, 10])
    assert found["take_up"].tolist() == pytest.approx([0.8, 0.9, 1.0])
    assert found["paid"].tolist() == pytest.approx([48807.2041] * 3, abs=5e-3)
    assert found["paid_back"].tolist() == pytest.approx([0, 7516.29 / 2, 7516.29], abs=0.02)
    assert found["needed"].tolist() == pytest.approx([48807.20, 48807.20 - 7516.29 / 2, 41290.91], abs=0.02)
    assert found[PURSES].iloc[2].tolist() == pytest.approx(
        [7516.29 / 1.3 * 0.8, 7516.29 / 1.3 * 0.2, 7516.29 * 3 / 13], abs=0.02
    )
    assert SHEET_BOOK["arpu_household_month"] * 12 * 0.75 == 900


def test_at_the_take_up_that_was_assumed_nothing_is_paid_back() -> None:
    areas, routes = hamlet()
    found = clawback(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    assert found["paid_back"].iloc[0] == 0
    assert found["paid_back"].iloc[-1] > 0
    with_fee = SCENARIO.with_changes(connection_fee=4000.0, dugnad_m=200.0)
    assert clawback(areas, routes, book=BOOK, policy=POLICY, scenario=with_fee)["paid_back"].iloc[0] == pytest.approx(0)


def test_the_private_cap_is_checked_against_the_business_case() -> None:
    areas, routes = hamlet()
    capped = SCENARIO.with_changes(view="private_cap")
    policy = policy_with(private_cap_per_premises=0.0)  # then the public pays all of the build
    found = clawback(areas, routes, book=BOOK, policy=policy, scenario=capped, parts=(0.0,)).iloc[0]
    paid = estimate(areas, routes, book=BOOK, policy=policy, scenario=capped)[0]["funding_gap_p50"][0]
    need = estimate(areas, routes, book=BOOK, policy=policy, scenario=SCENARIO)[0]["funding_gap_p50"][0]
    assert found["paid"] == pytest.approx(paid)
    assert found["paid_back"] == pytest.approx(max(0.0, paid - need))


def test_the_policy_says_from_which_aid_it_is_mandatory() -> None:
    areas, routes = hamlet()
    paid = clawback(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)["paid"].iloc[0]
    for above, expected in ((paid - 1, True), (paid + 1, False), (float("inf"), False)):
        found = clawback(
            areas, routes, book=BOOK, policy=policy_with(clawback_above=above), scenario=SCENARIO, parts=(0.0,)
        )
        assert list(found["mandatory"]) == [expected]
    assert load_policy("eu-2023").subsidy.clawback_above == 10e6
    assert "general knowledge" in load_policy("no-2024").subsidy.clawback_source
    assert load_policy("us-bead-2022").subsidy.clawback_above == float("inf")


def test_what_is_asked_wrongly_is_refused() -> None:
    areas, routes = hamlet()
    with pytest.raises(DataError, match=r"a part of 1\.5 cannot connect; expected 0 to 1"):
        clawback(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO, parts=(0.5, 1.5))
    with pytest.raises(DataError, match="2 areas are given; expected one"):
        clawback(pd.concat([areas, areas]), routes, book=BOOK, policy=POLICY, scenario=SCENARIO)


def test_an_area_that_got_nothing_pays_nothing_back() -> None:
    case: Case = chosen(HAMLET | {"trench_m": 10.0, "drop_m": 0.0})
    rich = book_of(arpu_household_month=900.0)
    found = clawback(*case, book=rich, policy=POLICY, scenario=SCENARIO)
    assert (found[["paid", "paid_back", *PURSES]] == 0).all().all()


@settings(deadline=None, max_examples=20)
@given(row=PLACES, parts=st.lists(st.floats(0, 1), min_size=1, max_size=3), fee=st.sampled_from([0.0, 3000.0]))
def test_never_more_is_paid_back_than_was_paid_and_each_purse_gets_its_part(
    row: dict[str, float], parts: list[float], fee: float
) -> None:
    scenario = SCENARIO.with_changes(draws=15, connection_fee=fee)
    found = clawback(*chosen(row), book=BOOK, policy=POLICY, scenario=scenario, parts=parts)
    assert ((found["paid_back"] >= 0) & (found["paid_back"] <= found["paid"] + 1e-6)).all()
    assert found[PURSES].sum(axis=1).to_numpy() == pytest.approx(found["paid_back"].to_numpy())


def test_a_mobile_site_pays_nothing_back_whoever_connects() -> None:
    for row in (2, 3):  # one that serves premises, and one for roads alone
        found = clawback(*mast(row), book=BOOK, policy=POLICY, scenario=SCENARIO, parts=(0.0, 1.0))
        assert (found[["take_up", "connections", "paid_back", *PURSES]] == 0).all().all()
        assert (found["paid"] > 0).all()
        assert found["needed"].to_numpy() == pytest.approx(found["paid"].to_numpy())
