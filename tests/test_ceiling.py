"""The sweep over the ceiling: what each ceiling buys, and what never happens as it rises."""

from __future__ import annotations

import dataclasses
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.ceiling import COLUMNS, STEPS, sweep
from coverage.costs import load_costs, price, propose
from coverage.errors import DataError
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.subsidy import estimate
from tests.test_costs import make_areas, make_mobile

POLICY = load_policy("no-2024")
BOOK = load_costs("norway", currency="NOK", price_year=2025)


def case(
    rows: list[dict[str, float]], *, policy: Policy = POLICY
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    areas, routes = make_areas(rows)
    options, _ = price(areas, routes, book=BOOK, policy=policy)
    return propose(areas, options, policy=policy), options, routes


# Three areas by hand. Near a network: fibre. Far, 100 Mbit/s asked: wireless is proposed. Far, 300 asked: only fibre.
THREE = [
    {"households": 40.0, "trench_m": 500.0},
    {"households": 40.0, "trench_m": 40_000.0, "deliver_down_mbps": 100.0},
    {"households": 40.0, "trench_m": 40_000.0},
]


def test_each_ceiling_buys_what_one_counts() -> None:
    areas, options, _ = case(THREE)
    assert list(areas["technology"]) == ["fibre", "fwa", "fibre"]
    near, wireless, far = areas["capex_per_premises"]
    capex = options.set_index(["area_id", "technology"])["capex"]
    voucher = capex["5001-000000", "voucher"] / 40
    assert voucher < near < wireless < far
    found = sweep(areas, options, policy=POLICY, ceilings=[far, wireless, near, near - 1, 0]).set_index("ceiling")
    counted = ["premises_fibre", "premises_fwa", "premises_voucher", "premises_below_delivery", "areas_above"]
    assert found.loc[far, counted].tolist() == [80, 40, 0, 0, 0]
    assert found.loc[wireless, counted].tolist() == [40, 40, 40, 40, 1]  # wireless does not give 300: the voucher
    assert found.loc[near, counted].tolist() == [40, 0, 80, 80, 2]
    assert found.loc[near - 1, counted].tolist() == [0, 0, 120, 120, 3]
    assert found.loc[0, counted].tolist() == [0, 0, 120, 120, 3]  # a voucher at last, though it is above 0 too
    assert found.loc[near, "capex"] == pytest.approx(areas["capex"][0] + 2 * 40 * voucher)
    assert list(found.index) == [0, near - 1, near, wireless, far]


def test_wireless_replaces_fibre_where_it_delivers_and_is_within_the_ceiling() -> None:
    """Fibre at a low net cost is proposed, though wireless is cheaper to build."""
    areas, options, _ = case([{"households": 60.0, "trench_m": 5000.0, "deliver_down_mbps": 100.0}])
    each = options.set_index("technology")["capex_per_premises"]
    dear = options.assign(net_cost=np.where(options["technology"] == "fibre", 0.0, options["net_cost"]))
    areas = propose(areas, dear, policy=POLICY)
    assert areas["technology"][0] == "fibre"
    assert each["voucher"] < each["fwa"] < each["fibre"]
    levels = [each["fwa"] - 1, each["fwa"], each["fibre"] - 1, each["fibre"]]
    found = sweep(areas, dear, policy=POLICY, ceilings=levels)
    assert found["premises_voucher"].tolist() == [60, 0, 0, 0]
    assert found["premises_fwa"].tolist() == [0, 60, 60, 0]
    assert found["premises_fibre"].tolist() == [0, 0, 0, 60]
    assert found["premises_below_delivery"].tolist() == [60, 0, 0, 0]
    assert found["areas_changed"].tolist() == [1, 1, 1, 0]


def test_an_infinite_ceiling_gives_the_proposal_and_its_gap() -> None:
    areas, options, routes = case(THREE)
    scenario = Scenario(policy="no-2024", budget=0, draws=5)
    for view in ("business_case", "private_cap"):
        gaps, _ = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=scenario.with_changes(view=view))
        last = sweep(areas, options, policy=POLICY, view=view).iloc[-1]
        assert last["ceiling"] == math.inf
        assert last["capex"] == pytest.approx(areas["capex"].sum())
        assert last["funding_gap"] == pytest.approx(gaps["funding_gap"].sum())
        assert (last["areas_above"], last["areas_changed"], last["premises_below_delivery"]) == (0, 0, 0)


def test_without_ceilings_there_are_as_many_steps_as_areas_allow_and_the_policys_own() -> None:
    areas, options, _ = case([row | {"households": 5.0 + n} for n in range(40) for row in THREE])
    found = sweep(areas, options, policy=POLICY)
    assert list(found.columns) == list(COLUMNS)
    assert STEPS - 5 <= len(found) <= STEPS + 2
    assert POLICY.subsidy.ceiling_per_premises in set(found["ceiling"])
    none = sweep(areas.iloc[:0], options.iloc[:0], policy=POLICY)
    assert none["capex"].tolist() == [0.0] * len(none)


def test_areas_of_kind_mobile_are_under_no_ceiling() -> None:
    areas, routes = make_mobile()
    options, _ = price(areas, routes, book=BOOK, policy=POLICY)
    proposed = propose(areas, options, policy=POLICY)
    only = proposed["kind"] == "fixed"
    mixed = sweep(proposed, options, policy=POLICY, ceilings=[0.0, 50_000.0, math.inf])
    fixed = sweep(proposed[only], options, policy=POLICY, ceilings=[0.0, 50_000.0, math.inf])
    pd.testing.assert_frame_equal(mixed, fixed)


def test_what_is_asked_wrongly_is_refused() -> None:
    areas, options, _ = case(THREE)
    for ceilings in ([-1.0], [float("nan")]):
        with pytest.raises(DataError, match="a ceiling below 0"):
            sweep(areas, options, policy=POLICY, ceilings=ceilings)
    with pytest.raises(DataError, match="view is 'both'"):
        sweep(areas, options, policy=POLICY, view="both")
    with pytest.raises(DataError, match="the area '5001-000002' is not priced in every technology"):
        sweep(areas, options[options["area_id"] != "5001-000002"], policy=POLICY)


# Properties

PLACES = st.fixed_dictionaries(
    {
        "households": st.floats(1, 200),
        "businesses": st.floats(0, 30),
        "trench_m": st.floats(0, 60_000),
        "drop_m": st.floats(0, 8000),
        "deliver_down_mbps": st.sampled_from([100.0, 300.0]),
    }
)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(PLACES, min_size=1, max_size=6),
    ceilings=st.lists(st.floats(0, 3e6), min_size=2, max_size=8),
    satellite=st.booleans(),
)
def test_a_higher_ceiling_never_lowers_fibre_or_capex_and_everybody_is_counted(
    rows: list[dict[str, float]], ceilings: list[float], satellite: bool
) -> None:
    counted = ("fibre", "fwa", "satellite") if satellite else POLICY.fixed.technologies
    policy = dataclasses.replace(POLICY, fixed=dataclasses.replace(POLICY.fixed, technologies=counted))
    areas, options, _ = case(rows, policy=policy)
    found = sweep(areas, options, policy=policy, ceilings=[*ceilings, math.inf])
    assert found["ceiling"].is_monotonic_increasing
    assert found["premises_fibre"].is_monotonic_increasing
    assert (found["capex"].diff().dropna() >= -1e-6 * found["capex"].max()).all()
    assert found["areas_above"].is_monotonic_decreasing
    assert (found["areas_changed"] <= found["areas_above"]).all()
    together = found[["premises_fibre", "premises_fwa", "premises_voucher"]].sum(axis=1)
    assert together.to_numpy() == pytest.approx(np.full(len(found), areas["premises"].sum()))
    assert found["capex"].iloc[-1] == pytest.approx(areas["capex"].sum())
    by_technology = areas.groupby("technology")["premises"].sum()
    for name in by_technology.index:
        assert found[f"premises_{name}"].iloc[-1] == pytest.approx(by_technology[name])
    turned = sweep(areas.iloc[::-1], options.sample(frac=1, random_state=1), policy=policy, ceilings=ceilings)
    pd.testing.assert_frame_equal(turned, sweep(areas, options, policy=policy, ceilings=ceilings), check_exact=True)
