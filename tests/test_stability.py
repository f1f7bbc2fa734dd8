from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from coverage.errors import DataError, PolicyError
from coverage.priority import prioritise
from coverage.reselection import Limits
from coverage.stability import DRIVERS, NEAR, Stability, stability
from tests.ranked import LOCAL, NORWAY, ROWS, draws_of, priced, ranked

BUDGETS = st.integers(0, 12).map(lambda million: million * 1e6)
# The higher, the better in every criterion: more premises and need, a smaller gap, a larger uplift and surplus.
LADDER = [(40 - 5 * step, 60 - 5 * step, 1000 + 300 * step, step, 400 - 40 * step) for step in range(8)]


def firm(rows: list[Any], *, budget: float = 3e6, spread: float = 0.2, **how: Any) -> tuple[pd.DataFrame, Stability]:
    columns = how.pop("columns", {})
    table, draws, scenario = ranked(rows, budget=budget, spread=spread, **columns)
    return table, stability(table, draws=draws, policy=NORWAY, scenario=scenario, **how)


@settings(max_examples=25, deadline=None)
@given(ROWS, BUDGETS)
def test_without_draws_of_anything_the_list_is_what_it_is(rows: list[Any], budget: float) -> None:
    table, found = firm(rows, budget=budget, spread=0.0, concentration=math.inf)
    for name in ("rank_p10", "rank_p50", "rank_p90"):
        assert found.areas[name].tolist() == table["rank"].tolist()
    assert found.areas["area_id"].tolist() == table["area_id"].tolist()
    assert found.areas["funded_share"].isin([0, 1]).all()
    assert found.areas["ranked_funded_share"].tolist() == table["ranked_decision"].eq("fund").astype(float).tolist()
    assert not found.areas["certainty"].eq("toss-up").any()


@settings(max_examples=25, deadline=None)
@given(ROWS, BUDGETS)
def test_shares_are_shares_and_the_intervals_are_ranks(rows: list[Any], budget: float) -> None:
    table, found = firm(rows, budget=budget)
    areas = found.areas
    for name in [column for column in areas if "share" in column]:
        assert areas[name].between(0, 1).all(), name
    assert (areas["rank_p10"] <= areas["rank_p50"]).all()
    assert (areas["rank_p50"] <= areas["rank_p90"]).all()
    assert areas["rank_p10"].ge(1).all()
    assert areas["rank_p90"].le(len(table)).all()
    assert areas["driver"].notna().tolist() == areas["certainty"].eq("toss-up").tolist()
    assert 0 <= found.error_mean <= found.error_max <= 1
    assert found.overspent_share == 0
    assert sum(found.summary()["certainty"].values()) == len(table)


@settings(max_examples=20, deadline=None)
@given(ROWS, BUDGETS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters(rows: list[Any], budget: float, random: Any) -> None:
    table, draws, scenario = ranked(rows, budget=budget, spread=0.3)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = priced(rows).iloc[order].reset_index(drop=True)
    one = stability(table, draws=draws, policy=NORWAY, scenario=scenario)
    other = stability(table.iloc[order], draws=draws_of(shuffled, spread=0.3), policy=NORWAY, scenario=scenario)
    for name in ("areas", "swaps", "line"):
        assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.summary() == other.summary()


def test_what_is_better_in_everything_keeps_its_place_whatever_the_weights() -> None:
    _, found = firm(LADDER, spread=0.0)
    assert found.areas["rank_p10"].tolist() == found.areas["rank_p90"].tolist() == list(range(1, 9))
    assert found.swaps["code"].eq("dominates").all()


def test_two_areas_that_compete_for_the_money_of_one_are_a_toss_up_by_costs() -> None:
    # Equal areas, and money for one of them: in half the draws the one is cheaper, in half the other.
    _, found = firm([(20, 10, 1300, 4, 300)] * 2, budget=1.2e6, spread=0.1, columns={"count": 400})
    areas = found.areas
    assert areas["certainty"].tolist() == ["toss-up"] * 2
    assert areas["funded_share"].sum() == pytest.approx(0.95, abs=0.06)
    assert areas["driver"].tolist() == ["costs"] * 2
    assert areas["rank_p10"].tolist() == [1, 1]
    assert areas["rank_p90"].tolist() == [2, 2]
    assert areas["funded_share_weights"].tolist() == [1, 0]


def test_premises_against_need_at_the_same_price_are_a_toss_up_by_weights() -> None:
    # 30 premises bring 25·30/150 = 5, and 66⅔ employees 15·66⅔/200 = 5: the weights decide.
    rows = [(30, 1, 1300, 4, 300), (1, 66, 1300, 4, 300)]
    _, found = firm(rows, budget=1.2e6, spread=0.0, columns={"count": 400})
    assert found.areas["driver"].tolist() == ["weights"] * 2
    assert found.areas["funded_share_costs"].sum() == 1
    assert found.areas["funded_share"].sum() == 1
    assert set(found.areas["driver"]) <= set(DRIVERS)


def test_the_sentence_at_the_line_names_what_would_change_it() -> None:
    rows = [(20, 10, 1300, 4, 300), (18, 20, 1300, 4, 300), (10, 10, 1300, 4, 300)]
    table, found = firm(rows, budget=2.5e6, spread=0.0, concentration=math.inf)
    line = found.line
    assert line["side"].tolist() == ["above", "above", "below"]
    assert line["code"].tolist() == ["fund: safe yes", "fund: safe yes", "reserve: safe no"]
    assert line["budget_change"].tolist() == pytest.approx([1e6 - 2.5e6, 2e6 - 2.5e6, 3e6 - 2.5e6])
    # Per million they bring 3.33 + 0.75, 3 + 1.5 and 1.67 + 0.75: the last is the edge, at 1 / 2.42 million each.
    edge = 25 * 10 / 150 + 15 * 10 / 200
    brought = [25 * row[0] / 150 + 15 * row[1] / 200 for row in (rows[int(name[1:])] for name in line["area_id"])]
    assert line["grant"].tolist() == pytest.approx([1e6] * 3)
    assert line["grant_limit"].tolist() == pytest.approx([1e6 * worth / edge for worth in brought])
    ids = table["area_id"].tolist()
    assert line["against"].tolist() == [ids[2], ids[2], ids[1]]
    assert line.loc[[1, 2], "swap_code"].tolist() == ["dominates", "dominates"]
    source = priced(rows)
    # A budget that rises by what the third area lacks reaches it; one that falls past the second's room drops it.
    for change, funded in ((line["budget_change"][2], 3), (line["budget_change"][1] - 1, 1)):
        again, _, _ = ranked(rows, budget=2.5e6 + change)
        assert again["ranked_decision"].eq("fund").sum() == funded
    assert len(source) == 3


@pytest.mark.parametrize("budget", [0.0, 9e9])
def test_where_all_or_nothing_is_funded_there_is_no_other_side(budget: float) -> None:
    _, found = firm(LADDER, budget=budget, spread=0.1)
    assert found.line["against"].isna().all()
    assert found.line[["swap_code", "criterion", "swap_weight"]].isna().all().all()
    assert len(found.line) == NEAR
    assert found.line["grant_limit"].isna().all() == (budget > 0)
    assert found.line["side"].eq("below" if budget == 0 else "above").all()


def test_every_toss_up_has_its_sentence_and_so_have_the_neighbours_of_the_line() -> None:
    table, found = firm([(20 + step, 5, 1300 + 10 * step, 4, 300) for step in range(30)], budget=12e6)
    near = set(found.line["area_id"])
    assert set(found.areas.loc[found.areas["certainty"] == "toss-up", "area_id"]) <= near
    line = table["ranked_decision"].eq("fund").sum()
    assert set(table["area_id"].iloc[line - NEAR : line + NEAR]) <= near
    assert found.line["rank"].is_monotonic_increasing


def test_ineligible_areas_stay_last_and_are_never_funded() -> None:
    technology = pd.Series(["fibre", None, "fibre"], dtype="str")
    _, found = firm([(20, 10, 1300, 4, 300)] * 3, budget=9e9, columns={"technology": technology})
    last = found.areas.iloc[2]
    assert last[["area_id", "rank_p10", "rank_p90", "funded_share", "certainty"]].tolist() == [
        "A01",
        3,
        3,
        0,
        "safe no",
    ]
    assert found.line["area_id"].tolist() == found.areas["area_id"].tolist()[:2]


def test_wishes_that_the_choice_can_follow_are_followed() -> None:
    rows = [(40, 60, 1300, 1, 400), (2, 0, 1300, 1, 10), (30, 50, 1300, 1, 400)]
    _, free = firm(rows, budget=2.1e6, spread=0.01)
    assert free.areas.set_index("area_id")["funded_share"].to_dict() == {"A00": 1, "A02": 1, "A01": 0}
    _, wished = firm(rows, budget=2.1e6, spread=0.01, limits=Limits(must=("A01",), never=("A00",)))
    assert wished.areas.set_index("area_id")["funded_share"].to_dict() == {"A00": 0, "A02": 1, "A01": 1}
    _, capped = firm(rows, budget=2.1e6, spread=0.01, limits=Limits(caps=(("5000", 0.5e6),)))
    assert capped.areas.set_index("area_id")["funded_share"].to_dict() == {"A00": 0, "A02": 1, "A01": 1}
    _, short = firm(rows, budget=0.5e6, spread=0.01, limits=Limits(must=("A01",)))
    assert short.overspent_share == 1


def test_a_wish_not_to_fund_what_cannot_be_funded_anyway_changes_nothing() -> None:
    rows = [(10, 10, 1000, 4, 100), (0, 10, 1000, 4, 100)]
    table, plain = firm(rows, budget=2.1e6)
    assert table.set_index("area_id")["decision"]["A01"] == "ineligible"
    assert_frame_equal(firm(rows, budget=2.1e6, limits=Limits(never=("A01",)))[1].areas, plain.areas)
    with pytest.raises(PolicyError, match="Z99"):
        firm(rows, budget=2.1e6, limits=Limits(never=("Z99",)))


def test_draws_of_other_areas_and_weights_too_loose_are_refused() -> None:
    table, draws, scenario = ranked([(20, 10, 1300, 4, 300)] * 2, budget=1e6)
    with pytest.raises(DataError, match="draws: they are of 2 areas, not of the 1"):
        stability(table.iloc[:1], draws=draws, policy=NORWAY, scenario=scenario)
    with pytest.raises(PolicyError, match=r"concentration is 0\.5"):
        stability(table, draws=draws, policy=NORWAY, scenario=scenario, concentration=0.5)


def test_the_shares_are_those_of_lists_made_again_one_by_one() -> None:
    rows = [(20 + step, 3 * step, 1300 + 150 * step, 4, 300) for step in range(8)]
    table, draws, scenario = ranked(rows, budget=5e6, spread=0.3, count=12)
    found = stability(table, draws=draws, policy=NORWAY, scenario=scenario, concentration=math.inf)
    ranks, cut = [], []
    for draw in range(12):
        gap = draws.funding_gap[:, draw]
        at = priced(rows, funding_gap_p50=gap, grant=gap / (1 + LOCAL), municipal_share=gap - gap / (1 + LOCAL))
        again = prioritise(at, policy=NORWAY, scenario=scenario).set_index("area_id")
        again = again.loc[table["area_id"]]
        ranks.append(again["rank"].to_numpy())
        cut.append(again["ranked_decision"].eq("fund").to_numpy())
    expected = np.quantile(ranks, [0.1, 0.5, 0.9], axis=0, method="inverted_cdf")
    assert np.array_equal(expected, found.areas[["rank_p10", "rank_p50", "rank_p90"]].to_numpy().T)
    assert found.areas["ranked_funded_share"].to_numpy() == pytest.approx(np.mean(cut, axis=0))


def test_the_exact_choice_is_that_of_lists_made_again_one_by_one() -> None:
    sizes = [(23, 7), (31, 11), (29, 2), (37, 17), (20, 29), (41, 5), (19, 13), (34, 3)]  # no two sets bring the same
    rows = [(*size, 1300 + 150 * step, 4, 300) for step, size in enumerate(sizes)]
    table, draws, scenario = ranked(rows, budget=5e6, spread=0.3, count=12)
    found = stability(table, draws=draws, policy=NORWAY, scenario=scenario, concentration=math.inf, exact=True)
    chosen = []
    for draw in range(12):
        gap = draws.funding_gap[:, draw]
        at = priced(rows, funding_gap_p50=gap, grant=gap / (1 + LOCAL), municipal_share=gap - gap / (1 + LOCAL))
        again = prioritise(at, policy=NORWAY, scenario=scenario).set_index("area_id")
        chosen.append(again.loc[table["area_id"], "decision"].eq("fund").to_numpy())
    assert found.areas["funded_share"].to_numpy() == pytest.approx(np.mean(chosen, axis=0))
    assert found.error_max == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("dear", "label"), [(1, "safe yes"), (2, "toss-up"), (8, "toss-up"), (9, "safe no")])
def test_certainty_thresholds_are_inclusive(dear: int, label: str) -> None:
    table, draws, scenario = ranked([(10, 6, 1300, 4, 300)], budget=2e6, count=10)
    gap = draws.funding_gap.copy()
    gap[0, :dear] = 9e6
    found = stability(table, draws=replace(draws, funding_gap=gap), policy=NORWAY, scenario=scenario)
    assert found.areas["certainty"].tolist() == [label]
