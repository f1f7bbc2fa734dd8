from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.criteria import EXTENSIVE, GIVEN, MEASURES, benefit, brought, goodness, measure, measure_all, scale, weigh
from coverage.errors import DataError, PolicyError
from coverage.kinds import MOBILE
from coverage.policy import Criterion, load_policy

NORWAY = load_policy("no-2024")
SHARE = 0.3


def areas(rows: int = 1, **columns: Any) -> pd.DataFrame:
    """Return equal areas: 10 premises, capex 2 million, gap 1.3 million, of which 1 million is the grant."""
    defaults: dict[str, Any] = {
        "kind": "fixed",
        "premises": 10.0,
        "business_need": 6.0,
        "mean_log2_down": 4.0,
        "delivered_down_mbps": 1024.0,
        "capex": 2_000_000.0,
        "funding_gap_p50": 1_300_000.0,
        "municipal_share": 300_000.0,
        "grant": 1_000_000.0,
        "pv_revenue": 300_000.0,
        "pv_opex": 100_000.0,
    }
    return pd.DataFrame(defaults | columns, index=pd.RangeIndex(rows))


def criterion(name: str, *, low: float = 0.0, high: float = 1.0) -> Criterion:
    return Criterion(name, {"en": name, "nb": name}, 1.0, low, high, "", "assumed")


def measured(name: str, table: pd.DataFrame) -> list[float]:
    return measure(table, criterion(name)).tolist()


def test_the_measures_of_one_area_by_hand() -> None:
    raw = {name: float(values[0]) for name, values in measure_all(areas(), NORWAY.criteria, local_share=SHARE).items()}
    assert raw == {
        "premises": 10,
        "cost_efficiency": 130_000,
        "local_cofunding": pytest.approx(3 / 13),
        "sustainable_operation": 2,
        "capacity_uplift": 6,
        "business_and_mobile": 6,
    }
    assert measured("capex_per_premises", areas()) == [200_000]


def test_a_mast_has_no_eligible_premises_and_no_uplift_but_a_cost_for_each_it_reaches() -> None:
    mast = areas(kind="mobile", premises=40.0, business_need=0.0, mobile_gain=60.0)
    assert measured("premises", mast) == [0]
    assert np.isnan(measured("capacity_uplift", mast)[0])
    assert measured("cost_efficiency", mast) == [32_500]
    assert measured("business_and_mobile", mast) == [60]


def test_an_area_without_a_gap_has_what_the_policy_asks_as_local_money() -> None:
    table = areas(2, funding_gap_p50=[0.0, 1.3e6], municipal_share=[0.0, 3.9e5])
    raw = measure_all(table, NORWAY.criteria, local_share=SHARE)["local_cofunding"]
    assert raw.tolist() == pytest.approx([0.3 / 1.3, 0.3])


def test_what_residents_give_is_local_money() -> None:
    table = areas(private_share=130_000.0, municipal_share=270_000.0)
    assert measured("local_cofunding", table) == pytest.approx([400_000 / 1_300_000])


def test_an_area_brings_its_premises_and_a_mast_its_gain() -> None:
    table = areas(2, kind=["fixed", "mobile"], premises=[10.0, 40.0], mobile_gain=[0.0, 60.0])
    assert brought(table).tolist() == [10, 60]
    assert brought(areas()).tolist() == [10], "where there are no masts there is no such column"


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_a_given_criterion_is_its_column_and_without_it_not_measured(name: str) -> None:
    assert measured(name, areas(2, **{GIVEN[name]: [0.25, np.nan]}))[0] == 0.25
    assert np.isnan(measured(name, areas(2, **{GIVEN[name]: [0.25, np.nan]}))[1])
    assert np.isnan(measured(name, areas(2))).all()


def test_a_request_is_compared_with_the_areas_own_reference() -> None:
    table = areas(3, reference_grant=[800_000.0, 2_000_000.0, 0.0])
    assert measured("reference_percent", table)[:2] == [125, 50]
    assert np.isnan(measured("reference_percent", table)[2]), "a reference of nothing says nothing"
    asked = table.assign(requested_grant=[np.nan, 3_000_000.0, 1.0])
    assert measured("reference_percent", asked)[:2] == [125, 150], "where nobody has asked, the modelled grant stands"
    assert np.isnan(measured("reference_percent", areas())[0])


def test_nothing_is_divided_by_no_premises_or_no_operating_cost() -> None:
    table = areas(2, premises=0.0, pv_opex=0.0, pv_revenue=[1.0, 0.0])
    assert np.isnan(measured("cost_efficiency", table)).all()
    assert np.isnan(measured("capex_per_premises", table)).all()
    running = measured("sustainable_operation", table)
    assert running[0] == np.inf
    assert np.isnan(running[1])


def test_scores_are_clipped_at_the_bounds_and_nothing_measured_scores_nothing() -> None:
    raw = np.array([-1.0, 0.0, 75.0, 150.0, 9e9, np.inf, np.nan])
    assert scale(raw, criterion("premises", high=150)).tolist() == [0, 0, 50, 100, 100, 100, 0]
    less = scale(np.array([0.0, 87_500.0, 350_000.0, 9e9, np.nan]), criterion("cost_efficiency", low=350_000, high=0))
    assert less.tolist() == [100, 75, 0, 0, 0]


def test_beyond_the_bounds_the_better_area_is_still_told_from_the_other() -> None:
    raw = np.array([400_000.0, 900_000.0, np.nan])
    good = goodness(raw, criterion("cost_efficiency", low=350_000, high=0))
    assert good[0] > good[1] > good[2] == -np.inf
    assert goodness(raw, criterion("premises", high=150))[1] > goodness(raw, criterion("premises", high=150))[0]


def test_the_score_is_the_weighted_mean() -> None:
    scores = {"premises": np.array([100.0, 0.0]), "remoteness": np.array([0.0, 50.0])}
    assert weigh(scores, {"premises": 3.0, "remoteness": 1.0}, rows=2).tolist() == [75, 12.5]


def test_benefit_adds_up_what_is_extensive_over_its_bound() -> None:
    raw = {item.id: np.array([10.0, 300.0]) for item in NORWAY.criteria}
    weights = {item.id: item.weight for item in NORWAY.criteria}
    worth = benefit(raw, policy=NORWAY, weights=weights, premises=np.array([1.0, 2.0]))
    assert worth.tolist() == pytest.approx([25 * 10 / 150 + 15 * 10 / 200, 25 * 2 + 15 * 1.5])
    bare = replace(NORWAY, criteria=(criterion("remoteness"),))
    assert benefit({}, policy=bare, weights={}, premises=np.array([1.0, 2.0])).tolist() == [1, 2]
    assert set(EXTENSIVE) <= set(MEASURES)


def test_what_is_not_known_or_missing_is_named() -> None:
    with pytest.raises(PolicyError, match="'charm' is not known"):
        measure(areas(), criterion("charm"))
    with pytest.raises(DataError, match="'pv_opex'"):
        measure(areas().drop(columns="pv_opex"), criterion("sustainable_operation"))


# --- invariants ---------------------------------------------------------------------------------------------

AMOUNT = st.one_of(st.just(0.0), st.floats(0.01, 1e9))
ROWS = st.lists(st.tuples(*[AMOUNT] * 9, st.booleans()), min_size=1, max_size=6)


def drawn(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Return areas with every column that any measure reads."""
    *numbers, mobile = zip(*rows, strict=True)
    names = [name for name in areas() if name not in ("kind", "capex")]
    given_ = dict.fromkeys(GIVEN.values(), numbers[0])
    columns = dict(zip(names, numbers, strict=True)) | given_ | {"capex": numbers[1], "reference_grant": numbers[2]}
    return areas(len(rows), **columns, kind=np.where(mobile, MOBILE, "fixed"), mobile_gain=numbers[3])


@settings(max_examples=60)
@given(ROWS, ROWS, st.data())
def test_no_measure_and_no_score_of_an_area_hangs_on_other_areas(
    rows: list[tuple[Any, ...]], more: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    alone, among = drawn(rows), drawn(rows + more)
    order = list(data.draw(st.permutations(range(len(among)))))
    for name in MEASURES:
        by = criterion(name, low=3, high=11)
        before, after = measure(alone, by), measure(among.iloc[order], by)
        back = np.argsort(order)[: len(alone)]
        np.testing.assert_array_equal(before, after[back])
        np.testing.assert_array_equal(scale(before, by), scale(after, by)[back])
