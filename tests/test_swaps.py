from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from coverage.errors import DataError
from coverage.priority import criterion_weights, prioritise
from coverage.swaps import COLUMNS, neighbour_swaps
from tests.ranked import NORWAY, ROWS, priced, ranked

WEIGHTS = {"premises": 60.0, "capacity_uplift": 40.0}


def scored(*rows: tuple[float, float]) -> pd.DataFrame:
    """Return areas A, B, … in the order given, with their scores in the two criteria."""
    table = pd.DataFrame(rows, columns=[f"score_{name}" for name in WEIGHTS])
    return table.assign(area_id=list("ABCDE")[: len(rows)], rank=range(1, len(rows) + 1), decision="reserve")


def test_two_areas_by_hand() -> None:
    # 60·50 + 40·10 = 3400 against 60·30 + 40·30 = 3000. Equal at premises w: 50w + 400 = 30w + 1200, w = 40; or at
    # uplift v: 3000 + 10v = 1800 + 30v, v = 60. Both change by 20: the first of the policy is named.
    swap = neighbour_swaps(scored((50, 10), (30, 30)), weights=WEIGHTS).iloc[0]
    assert list(swap.index) == list(COLUMNS)
    assert swap[["above", "below", "code", "criterion"]].tolist() == ["A", "B", "swap", "premises"]
    assert swap[["weight", "swap_weight"]].tolist() == [60, pytest.approx(40)]
    assert swap[["weight_share", "swap_share"]].tolist() == [0.6, pytest.approx(0.5)]


def test_no_weight_turns_what_is_better_everywhere_and_ties_stand_on_any_weight() -> None:
    found = neighbour_swaps(scored((50, 30), (40, 30), (40, 30), (20, 60)), weights=WEIGHTS)
    assert found["code"].tolist() == ["dominates", "same", "tied"]
    assert found["criterion"].isna().tolist() == [True, True, False]
    assert found[["weight", "swap_weight"]].iloc[2].tolist() == [60, 60]
    assert found["swap_weight"].isna().tolist() == [True, True, False]


def test_a_criterion_without_weight_can_be_given_one() -> None:
    found = neighbour_swaps(scored((50, 10), (30, 30)), weights=WEIGHTS | {"capacity_uplift": 0.0}).iloc[0]
    assert found[["criterion", "weight", "swap_weight"]].tolist() == ["capacity_uplift", 0.0, pytest.approx(60)]


def test_what_cannot_be_funded_has_no_neighbours() -> None:
    table = scored((50, 10), (30, 30), (10, 10)).assign(decision=["fund", "reserve", "ineligible"])
    assert neighbour_swaps(table, weights=WEIGHTS)["below"].tolist() == ["B"]
    assert neighbour_swaps(table.iloc[:1], weights=WEIGHTS).empty
    with pytest.raises(DataError, match="'score_capacity_uplift' is missing"):
        neighbour_swaps(table.drop(columns="score_capacity_uplift"), weights=WEIGHTS)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_beyond_its_swap_weight_the_list_itself_has_turned_the_two(rows: list[Any]) -> None:
    table, _, scenario = ranked(rows, budget=3e6)
    weights = criterion_weights(NORWAY, scenario)
    source = priced(rows)
    for swap in neighbour_swaps(table, weights=weights).to_dict("records"):
        if swap["code"] != "swap":
            assert swap["code"] in ("tied", "dominates", "same")
            continue
        step = 1e-6 * sum(weights.values()) * (1 if swap["swap_weight"] > swap["weight"] else -1)
        apart = abs(np.diff(table.set_index("area_id").loc[[swap["above"], swap["below"]],
                                                           f"score_{swap['criterion']}"])[0])  # fmt: skip
        if apart < 1e-3:
            continue  # so little parts them that a step this small is rounding
        placed = {}
        for side, value in (("short", swap["swap_weight"] - step), ("beyond", swap["swap_weight"] + step)):
            changed = scenario.with_changes(weights=((swap["criterion"], value),))
            again = prioritise(source, policy=NORWAY, scenario=changed)
            rank = again.set_index("area_id")["rank"]
            placed[side] = rank[swap["above"]] < rank[swap["below"]]
        assert placed == {"short": True, "beyond": False}, swap


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_where_no_weight_turns_them_the_upper_is_no_worse_anywhere(rows: list[Any]) -> None:
    table, _, scenario = ranked(rows, budget=3e6)
    weights = criterion_weights(NORWAY, scenario)
    scores = table.set_index("area_id")[[f"score_{name}" for name in weights]]
    found = neighbour_swaps(table, weights=weights)
    for swap in found[found["code"].isin(["dominates", "same"])].to_dict("records"):
        assert (scores.loc[swap["above"]] >= scores.loc[swap["below"]] - 1e-9).all()
