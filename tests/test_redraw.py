from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.errors import DataError, PolicyError
from coverage.policy import load_policy
from coverage.priority import criterion_weights, prioritise
from coverage.redraw import CONCENTRATION, draw_benefit, draw_scores, draw_weights
from coverage.templates import load_template
from tests.ranked import LOCAL, NORWAY, ROWS, priced, ranked

WEIGHTS = {criterion.id: criterion.weight for criterion in NORWAY.criteria}


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 50), min_size=1), st.integers(1, 500))
def test_drawn_weights_keep_their_sum_and_what_has_none_gets_none(weights: dict[str, int], close: int) -> None:
    if not sum(weights.values()):
        return
    drawn = draw_weights(weights, seed=3, draws=20, concentration=close)
    assert np.sum(list(drawn.values()), axis=0) == pytest.approx(np.full(20, sum(weights.values())))
    for name, weight in weights.items():
        assert (drawn[name] >= 0).all()
        assert weight or (drawn[name] == 0).all()


def test_one_criterion_of_six_stays_within_half_its_weight_in_19_draws_of_20() -> None:
    drawn = draw_weights(dict.fromkeys("abcdef", 1.0), seed=1, draws=20_000)["c"]
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.std() == pytest.approx(0.25, abs=0.01)
    assert math.sqrt((1 / 6) * (5 / 6) / (CONCENTRATION + 1)) == pytest.approx((1 / 6) / 4)
    assert np.mean(np.abs(drawn - 1) < 0.5) == pytest.approx(0.95, abs=0.01)


def test_weights_follow_from_the_seed_and_their_names_alone() -> None:
    one = draw_weights({"a": 1.0, "b": 2.0}, seed=1, draws=5)
    other = draw_weights({"b": 2.0, "a": 1.0}, seed=1, draws=5)
    assert all(np.array_equal(one[name], other[name]) for name in "ab")
    assert not np.array_equal(one["a"], draw_weights({"a": 1.0, "b": 2.0}, seed=2, draws=5)["a"])
    certain = draw_weights({"a": 1.0, "b": 2.0}, seed=1, draws=5, concentration=math.inf)
    assert [values.tolist() for values in certain.values()] == [[1.0] * 5, [2.0] * 5]
    for close in (0.0, 0.5, math.nan):
        with pytest.raises(PolicyError, match="expected 1 or more"):
            draw_weights({"a": 1.0}, seed=1, draws=5, concentration=close)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_draw_of_what_the_list_has_gives_its_own_scores_to_the_last_digit(rows: list[Any]) -> None:
    table, draws, scenario = ranked(rows, budget=3e6, count=2)
    weights = draw_weights(criterion_weights(NORWAY, scenario), seed=1, draws=2, concentration=math.inf)
    found = draw_scores(table, draws, policy=NORWAY, weights=weights)
    assert np.array_equal(found, np.repeat(table["score"].to_numpy()[:, None], 2, axis=1))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_drawn_scores_are_those_of_a_list_at_the_drawn_gap_and_weights(rows: list[Any]) -> None:
    table, draws, scenario = ranked(rows, budget=3e6, count=3, spread=0.4)
    weights = draw_weights(criterion_weights(NORWAY, scenario), seed=1, draws=3)
    scores = draw_scores(table, draws, policy=NORWAY, weights=weights)
    worth = draw_benefit(table, policy=NORWAY, weights=weights)
    source = priced(rows)
    for draw in range(3):
        gap = draws.funding_gap[:, draw]
        at = source.assign(funding_gap_p50=gap, grant=gap / (1 + LOCAL), municipal_share=gap - gap / (1 + LOCAL))
        changed = scenario.with_changes(weights=tuple((name, float(values[draw])) for name, values in weights.items()))
        again = prioritise(at, policy=NORWAY, scenario=changed).set_index("area_id")
        again = again.loc[table["area_id"]]
        assert scores[:, draw] == pytest.approx(again["score"].to_numpy(), abs=1e-9)
        chosen = (again["decision"] == "fund").to_numpy()
        assert worth[chosen, draw].sum() == pytest.approx(
            prioritise(at, policy=NORWAY, scenario=changed).attrs["selection"]["benefit"]
        )


def test_what_residents_give_is_local_money_in_every_draw() -> None:
    table, draws, _ = ranked([(10, 5, 1300, 4, 300)], budget=3e6, count=2, spread=0.1)
    gap = draws.funding_gap[0]
    only = {name: np.full(2, 1.0 if name == "local_cofunding" else 0.0) for name in WEIGHTS}
    giving = draw_scores(table, replace(draws, private=np.array([130_000.0])), policy=NORWAY, weights=only)[0]
    share = (130_000 + (gap - 130_000) * LOCAL / (1 + LOCAL)) / gap
    assert giving == pytest.approx(100 * share / 0.5)
    all_given = draw_scores(table, replace(draws, private=np.array([9e9])), policy=NORWAY, weights=only)[0]
    assert all_given.tolist() == [100, 100]


def test_without_a_criterion_that_adds_up_an_area_brings_its_premises_and_a_mast_its_gain() -> None:
    germany = load_policy("de-gigabit-2")
    table, _, _ = ranked([(10, 5, 1300, 4, 300), (4, 5, 1300, 4, 300)], budget=3e6)
    table = table.sort_values("area_id").assign(
        **{f"measure_{criterion.id}": np.nan for criterion in germany.criteria},
        kind=["fixed", "mobile"],
        mobile_gain=[np.nan, 7.5],
    )
    weights = {criterion.id: np.ones(3) for criterion in germany.criteria}
    assert draw_benefit(table, policy=germany, weights=weights).tolist() == [[10.0] * 3, [7.5] * 3]


def test_drawn_requests_get_the_points_of_the_reference_price() -> None:
    louisiana = load_template("louisiana")
    policy = louisiana.on(NORWAY)
    table, draws, scenario = ranked([(10, 5, 1300, 4, 300)], budget=9e6, count=4)
    scenario = scenario.with_changes(template="louisiana")
    table = prioritise(priced([(10, 5, 1300, 4, 300)], reference_grant=1e6), policy=NORWAY, scenario=scenario)
    gap = 13_000.0 * np.array([[100.0, 62.4, 150.0, 201.0]])  # a grant of 100 % of the reference, and so on
    weights = {"reference_percent": np.full(4, 100.0)}
    found = draw_scores(table, replace(draws, funding_gap=gap), policy=policy, weights=weights, template=louisiana)
    assert found[0] == pytest.approx(np.array([200, 238, 50, 0]) / 3)
    again = prioritise(
        priced([(10, 5, 1300, 4, 300)], reference_grant=1e6, grant=gap[0, 1] / (1 + LOCAL)),
        policy=NORWAY,
        scenario=scenario,
    )
    assert found[0, 1] == pytest.approx(again["score"].iloc[0])


def test_draws_of_other_areas_are_refused() -> None:
    table, draws, _ = ranked([(10, 5, 1300, 4, 300)] * 2, budget=3e6)
    weights = {name: np.ones(40) for name in WEIGHTS}
    with pytest.raises(DataError, match="they are of 2 areas, not of the 1"):
        draw_scores(table.iloc[:1], draws, policy=NORWAY, weights=weights)
    with pytest.raises(DataError, match="not of the 2 that are ranked"):
        draw_scores(table.assign(area_id=["A00", "B00"]), draws, policy=NORWAY, weights=weights)
