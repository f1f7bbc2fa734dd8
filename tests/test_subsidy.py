"""The funding gap: against a spreadsheet made by hand, its shares, and its draws."""

from __future__ import annotations

import dataclasses
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.costbook import CostItem
from coverage.costs import CostBook, load_costs, price, propose
from coverage.draws import Draws, Sampler, Uniform, triangular
from coverage.errors import DataError
from coverage.finance import annuity, replacement, residual
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.subsidy import cash_flow, estimate, tornado
from tests.test_costs import make_areas, make_mobile, unit_prices

POLICY = load_policy("no-2024")
SCENARIO = Scenario(policy="no-2024", budget=1e6, draws=200)
BOOK = load_costs("norway", currency="NOK", price_year=2025)
SHARES = ["state_share", "county_share", "municipal_share", "private_share"]


def policy_with(**subsidy: object) -> Policy:
    return dataclasses.replace(POLICY, subsidy=dataclasses.replace(POLICY.subsidy, **subsidy))  # type: ignore[arg-type]


def book_of(**values: float) -> CostBook:
    return load_costs("norway", currency="NOK", price_year=2025, overrides=tuple(sorted(values.items())))


def proposed(
    rows: list[dict[str, float]], *, book: CostBook = BOOK, policy: Policy = POLICY, ids: list[str] | None = None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    areas, routes = make_areas(rows, ids=ids)
    options, _ = price(areas, routes, book=book, policy=policy)
    return propose(areas, options, policy=policy), routes


@cache
def county() -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return eight areas; the first is cheap enough to need nothing, two are wireless."""
    rows = [
        {
            "households": 20.0 + 3 * n,
            "businesses": float(n % 3),
            "trench_m": 100.0 if n == 0 else 3000.0 * n,
            "drop_m": 1500.0,
            "deliver_down_mbps": 100.0 if n > 5 else 300.0,
        }
        for n in range(8)
    ]
    return proposed(rows)


# A business case on one sheet. Ten homes, eight of which connect; every price a round number.
#   route 1,000 m at 100, design 10 %: 110,000, of which duct 82,500 (40 years) and cable 27,500 (25 years)
#   active 8 x 1,000 = 8,000 (9 years); equipment 8 x 500 = 4,000 (5 years); capex 122,000
#   upkeep 2 % of 110,000 + 10 % of 8,000 = 3,000 a year
#   revenue 8 x 12 x 100 less 25 % cost of sales = 7,200 a year, half of it in the first
#   at the end of year 10: duct 82,500 x 30/40, cable 27,500 x 15/25, active of year 9 8,000 x 8/9, equipment 0
#   rate 1.071 / 1.02 - 1 = 5 %
SHEET = [
    # year, capex, opex, replacement, revenue, residual, net cost, discount factor, present value
    (0, 122000, 0, 0, 0, 0, 122000, 1.0, 122000.0),
    (1, 0, 3000, 0, 3600, 0, -600, 0.9523809524, -571.4286),
    (2, 0, 3000, 0, 7200, 0, -4200, 0.9070294785, -3809.5238),
    (3, 0, 3000, 0, 7200, 0, -4200, 0.8638375985, -3628.1179),
    (4, 0, 3000, 0, 7200, 0, -4200, 0.8227024748, -3455.3504),
    (5, 0, 3000, 4000, 7200, 0, -200, 0.7835261665, -156.7052),
    (6, 0, 3000, 0, 7200, 0, -4200, 0.7462153966, -3134.1047),
    (7, 0, 3000, 0, 7200, 0, -4200, 0.7106813301, -2984.8616),
    (8, 0, 3000, 0, 7200, 0, -4200, 0.6768393620, -2842.7253),
    (9, 0, 3000, 8000, 7200, 0, 3800, 0.6446089162, 2449.5139),
    (10, 0, 3000, 0, 7200, 85486.1111, -89686.1111, 0.6139132535, -55059.4923),
]
SHEET_GAP = 48807.2041
SHEET_BOOK = {
    "verge_trench_m": 100.0, "soil_trench_m": 100.0, "rock_trench_m": 100.0, "design_overhead": 0.1,
    "splitter_premises": 0.0, "drop_m": 0.0, "drop_premises": 0.0, "active_premises": 1000.0, "cpe": 500.0,
    "take_up_household": 0.8, "take_up_ramp_years": 2.0, "arpu_household_month": 100.0, "cost_of_sales": 0.25,
    "opex_passive": 0.02, "opex_active": 0.10, "wacc": 0.071, "inflation": 0.02,
}  # fmt: skip


def sheet() -> tuple[gpd.GeoDataFrame, pd.DataFrame, CostBook, Policy]:
    book, policy = book_of(**SHEET_BOOK), policy_with(horizon_years=10)
    areas, routes = proposed([{"households": 10.0, "trench_m": 1000.0}], book=book, policy=policy)
    return areas, routes, book, policy


def test_the_cash_flow_is_the_spreadsheets_digit_by_digit() -> None:
    areas, routes, book, policy = sheet()
    found = cash_flow(areas, routes, book=book, policy=policy, area_id="5001-000000")
    columns = ["year", "capex", "opex", "replacement", "revenue", "residual", "net_cost", "discount_factor"]
    expected = pd.DataFrame(SHEET, columns=[*columns, "present_value"])
    assert list(found.columns) == list(expected.columns)
    assert (found.drop(columns="discount_factor") - expected.drop(columns="discount_factor")).abs().max().max() < 6e-5
    assert (found["discount_factor"] - expected["discount_factor"]).abs().max() < 6e-11
    assert found["present_value"].sum() == pytest.approx(SHEET_GAP, abs=5e-5)


def test_the_estimate_is_the_spreadsheets_gap() -> None:
    areas, routes, book, policy = sheet()
    found, _ = estimate(areas, routes, book=book, policy=policy, scenario=SCENARIO)
    row = found.iloc[0]
    assert row["funding_gap"] == pytest.approx(SHEET_GAP, abs=5e-5)
    assert row["capex"] == pytest.approx(122_000)
    assert row["opex_per_year"] == pytest.approx(3000)
    assert row["pv_opex"] == pytest.approx(3000 * 7.7217349292, abs=1e-4)
    assert row["pv_replacement"] == pytest.approx(4000 * 0.7835261665 + 8000 * 0.6446089162, abs=1e-4)
    assert row["pv_residual"] == pytest.approx(85486.1111 * 0.6139132535, abs=1e-3)
    assert row["pv_revenue"] == pytest.approx(7200 * 7.7217349292 - 3600 * 0.9523809524, abs=1e-4)
    assert row["revenue_per_year"] == pytest.approx(7200)  # once take-up is reached
    assert row["connections"] == pytest.approx(8)
    assert found["subsidy_view"].iloc[0] == "business_case"


def test_businesses_and_public_bodies_pay_as_businesses() -> None:
    book = book_of(arpu_business_month=1000.0, take_up_business=0.5, take_up_ramp_years=1.0, cost_of_sales=0.0)
    areas, routes = proposed([{"businesses": 3.0, "public": 1.0, "trench_m": 1e4}], book=book)
    flow = cash_flow(areas, routes, book=book, policy=POLICY, area_id="5001-000000")
    assert flow["revenue"].iloc[1:].to_numpy() == pytest.approx(np.full(25, 4 * 0.5 * 12 * 1000.0))


def test_vat_is_taken_out_of_a_list_price() -> None:
    with_vat = book_of(vat_share=0.2, arpu_household_month=500.0)
    without = book_of(arpu_household_month=400.0)
    areas, routes = proposed([{"households": 10.0, "trench_m": 3000.0}])
    gaps = [
        estimate(areas, routes, book=book, policy=POLICY, scenario=SCENARIO)[0]["funding_gap"][0]
        for book in (with_vat, without)
    ]
    assert gaps[0] == pytest.approx(gaps[1])


def test_every_areas_cash_flow_sums_to_its_gap() -> None:
    areas, routes = county()
    found, _ = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    assert set(found["technology"]) == {"fibre", "fwa"}
    for row in found.itertuples():
        flow = cash_flow(areas, routes, book=BOOK, policy=POLICY, area_id=str(row.area_id))
        assert max(0.0, flow["present_value"].sum()) == pytest.approx(row.funding_gap)
    assert found["funding_gap"].iloc[0] == 0  # a commercial area needs nothing
    assert found["funding_gap"].iloc[1:].min() > 0
    with pytest.raises(DataError, match="'nowhere' is no area"):
        cash_flow(areas, routes, book=BOOK, policy=POLICY, area_id="nowhere")


def test_the_second_view_takes_a_private_cap_off_capex_and_nothing_else() -> None:
    areas, routes = county()
    capped = SCENARIO.with_changes(view="private_cap")
    found, draws = estimate(
        areas, routes, book=BOOK, policy=policy_with(private_cap_per_premises=9000), scenario=capped
    )
    expected = np.maximum(0, areas["capex"] - 9000 * areas["premises"])
    assert found["funding_gap"].to_numpy() == pytest.approx(expected.to_numpy())
    assert (found["subsidy_view"] == "private_cap").all()
    richer = book_of(arpu_household_month=900.0)
    again = estimate(areas, routes, book=richer, policy=policy_with(private_cap_per_premises=9000), scenario=capped)[1]
    assert np.array_equal(draws.funding_gap, again.funding_gap)  # revenue is not in this view


def test_the_p50_is_split_over_who_pays() -> None:
    areas, routes = county()
    policy = policy_with(local_share=0.3, county_share=0.25)
    given_money = {"5001-000002": 50_000.0, "5001-000003": 1e12}
    found, draws = estimate(areas, routes, book=BOOK, policy=policy, scenario=SCENARIO, private=given_money)
    gap = found["funding_gap_p50"]
    assert found[SHARES].sum(axis=1).to_numpy() == pytest.approx(gap.to_numpy())
    assert (found["state_share"] + found["county_share"]).to_numpy() == pytest.approx(found["grant"].to_numpy())
    row = found.iloc[1]
    assert row["municipal_share"] / row["funding_gap_p50"] == pytest.approx(0.2308, abs=5e-5)  # 0.30 / 1.30
    assert row["county_share"] == pytest.approx(row["grant"] / 4)
    assert found["private_share"].iloc[2] == 50_000
    assert found["grant"].iloc[2] == pytest.approx((gap.iloc[2] - 50_000) / 1.3)
    assert found["private_share"].iloc[3] == gap.iloc[3]  # never more than the gap
    assert (found.loc[3, ["grant", "municipal_share"]] == 0).all()
    assert (draws.grant[3] == 0).all()
    assert np.median(draws.grant[1]) == pytest.approx(row["grant"])
    assert found["grant_per_premises"].iloc[1] == pytest.approx(row["grant"] / row["premises"])


def test_rows_keep_their_place_and_the_frame_its_index() -> None:
    areas, routes = county()
    shuffled = areas.sample(frac=1, random_state=3)
    found, draws = estimate(shuffled, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    assert found.index.equals(shuffled.index)
    assert draws.area_ids == tuple(shuffled["area_id"])
    assert set(areas.columns) < set(found.columns)
    assert found.crs == areas.crs


def test_no_areas_need_no_money() -> None:
    areas, routes = county()
    found, draws = estimate(areas.iloc[:0], routes.iloc[:0], book=BOOK, policy=POLICY, scenario=SCENARIO)
    assert len(found) == 0
    assert draws.total_quantiles() == {"p10": 0.0, "p50": 0.0, "p90": 0.0}


# Areas of both kinds


@cache
def mixed() -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    areas, routes = make_mobile()
    options, _ = price(areas, routes, book=BOOK, policy=POLICY)
    return propose(areas, options, policy=POLICY), routes


def test_a_mobile_site_earns_nothing_and_its_gap_is_what_it_costs() -> None:
    areas, routes = mixed()
    found, draws = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    mobile = (found["kind"] == "mobile").to_numpy()
    assert (found.loc[mobile, ["pv_revenue", "revenue_per_year", "connections"]] == 0).all().all()
    assert (found.loc[~mobile, ["pv_revenue", "revenue_per_year", "connections"]] > 0).all().all()
    costs = found["capex"] + found["pv_opex"] + found["pv_replacement"] - found["pv_residual"]
    assert found.loc[mobile, "funding_gap"].to_numpy() == pytest.approx(costs[mobile].to_numpy())
    assert (draws.funding_gap[mobile] > 0).all()
    assert found["grant_per_premises"].iloc[2] == pytest.approx(found["grant"].iloc[2] / 12)
    assert found["grant_per_premises"].iloc[3] == 0  # a mast for roads: no premises to share it by
    assert found[SHARES].sum(axis=1).to_numpy() == pytest.approx(found["funding_gap_p50"].to_numpy())
    capped = SCENARIO.with_changes(view="private_cap", connection_fee=5000.0, dugnad_m=500.0)
    again, drawn = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=capped)
    assert again.loc[mobile, "funding_gap"].to_numpy() == pytest.approx(again.loc[mobile, "capex"].to_numpy())
    assert (again.loc[mobile, "private_share"] == 0).all()  # nobody connects, and no trench is dug by hand
    assert np.median(drawn.funding_gap[2]) == pytest.approx(again["funding_gap_p50"].iloc[2])
    metre = unit_prices(BOOK, technology="mobile_site")["trench_m"]
    assert found["backhaul_saving"].to_numpy() == pytest.approx([0, 0, 2000 * metre, 0])


def test_fixed_areas_are_estimated_the_same_beside_mobile_ones() -> None:
    areas, routes = mixed()
    fixed = areas[areas["kind"] == "fixed"]
    both, draws = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    alone, few = estimate(fixed, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    pd.testing.assert_frame_equal(both[areas["kind"] == "fixed"], alone, check_exact=True)
    assert np.array_equal(draws.funding_gap[:2], few.funding_gap)


def test_the_cash_flow_and_the_tornado_know_mobile_sites() -> None:
    areas, routes = mixed()
    found, _ = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    for row in found.itertuples():
        flow = cash_flow(areas, routes, book=BOOK, policy=POLICY, area_id=str(row.area_id))
        assert max(0.0, flow["present_value"].sum()) == pytest.approx(row.funding_gap)
        assert (flow["revenue"].sum() == 0) == (row.kind == "mobile")
    rows = tornado(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO).set_index("group")
    assert rows["base"].to_numpy() == pytest.approx(np.full(4, found["funding_gap"].sum()))
    only = tornado(areas.iloc[2:], routes, book=BOOK, policy=POLICY, scenario=SCENARIO).set_index("group")
    assert (only.loc[["take_up", "wacc"], "swing"] == 0).all()  # the operator runs the site
    assert (only.loc[["unit_cost", "rock_share"], "swing"] > 0).all()


def test_what_the_operator_bears_of_running_a_mast_is_not_in_its_gap() -> None:
    areas, routes = mixed()
    gaps = {}
    for share in (1.0, 0.5, 0.0):
        book = BOOK.with_values((("mobile_operator_share", share),))
        found, _ = estimate(areas, routes, book=book, policy=POLICY, scenario=SCENARIO)
        gaps[share] = found["funding_gap"].to_numpy()
        for row in found.itertuples():
            flow = cash_flow(areas, routes, book=book, policy=POLICY, area_id=str(row.area_id))
            assert max(0.0, flow["present_value"].sum()) == pytest.approx(row.funding_gap)
    assert gaps[1.0][2:] == pytest.approx(areas["capex"].to_numpy()[2:])
    assert gaps[0.5][2:] == pytest.approx((gaps[1.0][2:] + gaps[0.0][2:]) / 2)
    assert (gaps[0.0][2:] > gaps[1.0][2:]).all()
    assert np.array_equal(gaps[0.0][:2], gaps[1.0][:2])


def test_rock_on_steep_ground_is_drawn_together_with_rock_elsewhere() -> None:
    sampler = Sampler.make(BOOK, seed=1, draws=500)
    levels = sampler.levels("a")
    assert (np.argsort(levels.rock_share) == np.argsort(levels.steep_rock_share)).all()
    assert (levels.steep_rock_share > levels.rock_share).all()
    areas, routes = proposed([{"households": 30.0, "trench_m": 4000.0}])
    told = routes.assign(steep_dug_m=4000.0)
    gaps = [
        estimate(areas, each, book=BOOK, policy=POLICY, scenario=SCENARIO)[1].funding_gap[0] for each in (routes, told)
    ]
    assert (gaps[1] > gaps[0]).all()


# Draws


def test_the_order_and_company_of_areas_do_not_change_their_draws() -> None:
    areas, routes = county()
    whole, draws = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    turned, reverse = estimate(areas.iloc[::-1], routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    few, some = estimate(areas.iloc[[2, 6]], routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    pd.testing.assert_frame_equal(whole, turned.sort_index(), check_exact=True)
    pd.testing.assert_frame_equal(whole.loc[[2, 6]], few, check_exact=True)
    assert np.array_equal(draws.funding_gap, reverse.funding_gap[::-1])
    assert np.array_equal(draws.totals, reverse.totals)  # to the last bit
    assert np.array_equal(draws.funding_gap[[2, 6]], some.funding_gap)


def test_the_seed_decides_the_draws() -> None:
    areas, routes = county()
    one, two, other = (
        estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO.with_changes(seed=seed))[1].funding_gap
        for seed in (5, 5, 6)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_quantiles_are_of_the_draws_and_totals_of_the_totals() -> None:
    areas, routes = county()
    found, draws = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO.with_changes(draws=2000))
    assert (found["funding_gap_p10"] <= found["funding_gap_p50"]).all()
    assert (found["funding_gap_p50"] <= found["funding_gap_p90"]).all()
    assert found["funding_gap_p90"].to_numpy() == pytest.approx(np.quantile(draws.funding_gap, 0.9, axis=1))
    total = draws.total_quantiles()
    assert total["p90"] == pytest.approx(np.quantile(draws.funding_gap.sum(axis=0), 0.9))
    # Areas do not all go wrong at once: the county's spread is narrower than the sum of spreads.
    assert total["p90"] - total["p10"] < (found["funding_gap_p90"] - found["funding_gap_p10"]).sum()
    assert (draws.funding_gap >= 0).all()


def test_a_book_without_ranges_draws_its_own_figures() -> None:
    book = dataclasses.replace(
        BOOK, items=tuple(dataclasses.replace(row, low=row.value, high=row.value) for row in BOOK.items)
    )
    areas, routes = county()
    found, draws = estimate(areas, routes, book=book, policy=POLICY, scenario=SCENARIO)
    expected = np.repeat(found["funding_gap"].to_numpy()[:, None], SCENARIO.draws, axis=1)
    assert draws.funding_gap == pytest.approx(expected)


def test_two_areas_correlate_as_the_book_says() -> None:
    for rho in (0.2, 0.7):
        sampler = Sampler.make(book_of(correlation=rho), seed=1, draws=20_000)
        one, other = (sampler.levels(area_id).prices["rock_trench_m"] for area_id in ("a", "b"))
        ranks = pd.DataFrame({"one": one, "other": other}).corr("spearman").iloc[0, 1]
        assert ranks == pytest.approx(6 / np.pi * np.arcsin(rho / 2), abs=0.02)  # of a Gaussian copula
        assert np.array_equal(sampler.levels("a").rate, sampler.levels("b").rate)


def test_the_triangular_inverse_meets_its_corners_and_its_mean() -> None:
    row = CostItem("x", 2.0, 1.0, 5.0, "NOK per m", 2025, "NOK", "none", "assumed")
    u = np.array([0.0, 0.25, 1.0])  # a quarter of the weight lies below the mode
    assert triangular(row, Uniform.of(u)) == pytest.approx([1.0, 2.0, 5.0])
    grid = triangular(row, Uniform.of((np.arange(100_000) + 0.5) / 100_000))
    assert grid.mean() == pytest.approx((1 + 2 + 5) / 3, abs=1e-4)
    assert np.all(np.diff(grid) > 0)
    flat = dataclasses.replace(row, low=2.0, high=2.0)
    assert list(triangular(flat, Uniform.of(u))) == [2.0, 2.0, 2.0]
    for corner in (dataclasses.replace(row, low=2.0), dataclasses.replace(row, high=2.0)):
        assert np.all(np.diff(triangular(corner, Uniform.of(np.linspace(0, 1, 101)))) > 0)


def test_totals_and_grants_follow_from_the_draws() -> None:
    draws = Draws(("b", "a"), np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([0.0, 1.0]), 0.25)
    assert list(draws.totals) == [4.0, 7.0]
    assert draws.grant.tolist() == [[0.8, 1.6], [1.6, 3.2]]


def test_the_tornado_has_each_group_alone_and_the_widest_first() -> None:
    areas, routes = county()
    found = tornado(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    assert set(found["group"]) == {"unit_cost", "rock_share", "take_up", "wacc"}
    assert found["swing"].is_monotonic_decreasing
    base = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)[0]["funding_gap"].sum()
    assert found["base"].to_numpy() == pytest.approx(np.full(4, base))
    rows = found.set_index("group")
    assert rows.loc["unit_cost", "low"] < base < rows.loc["unit_cost", "high"]
    low_rock = book_of(rock_share=BOOK["rock_share"].low)
    alone = estimate(areas, routes, book=low_rock, policy=POLICY, scenario=SCENARIO)[0]["funding_gap"].sum()
    assert rows.loc["rock_share", "low"] == pytest.approx(alone)


# Present values


def test_present_values_match_their_closed_forms() -> None:
    rate = np.array([0.0, 0.05])
    assert annuity(rate, 10) == pytest.approx([10.0, (1 - 1.05**-10) / 0.05])
    assert annuity(np.array([0.0]), 10, 4.0) == pytest.approx([0.25 + 0.5 + 0.75 + 7])
    assert replacement(rate, 9, 25) == pytest.approx([2.0, 1.05**-9 + 1.05**-18])
    assert list(replacement(rate, 5, 5)) == [0.0, 0.0]  # nothing is bought on the last day
    assert residual(rate, 40, 25) == pytest.approx([0.375, 0.375 * 1.05**-25])
    assert residual(rate, 9, 25) == pytest.approx([1 - 7 / 9, (1 - 7 / 9) * 1.05**-25])
    assert list(residual(rate, 25, 25)) == [0.0, 0.0]


# Properties

PLACES = st.fixed_dictionaries(
    {
        "households": st.floats(0.5, 300),
        "businesses": st.floats(0, 50),
        "public": st.floats(0, 5),
        "trench_m": st.floats(0, 60_000),
        "subsea_m": st.sampled_from([0.0, 400.0]),
        "drop_m": st.floats(0, 10_000),
        "deliver_down_mbps": st.sampled_from([100.0, 300.0]),
    }
)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(PLACES, min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
    view=st.sampled_from(["business_case", "private_cap"]),
    local_share=st.floats(0, 2),
    county_share=st.floats(0, 1),
    money=st.floats(0, 1e7),
    fee=st.floats(0, 50_000),
    dugnad_m=st.floats(0, 50_000),
)
def test_gaps_are_never_negative_and_shares_sum(
    rows: list[dict[str, float]],
    seed: int,
    view: str,
    local_share: float,
    county_share: float,
    money: float,
    fee: float,
    dugnad_m: float,
) -> None:
    policy = policy_with(local_share=local_share, county_share=county_share)
    areas, routes = proposed(rows)
    scenario = Scenario(
        policy="no-2024", budget=0, seed=seed, draws=20, view=view, connection_fee=fee, dugnad_m=dugnad_m
    )
    private = {"5001-000000": money}
    found, draws = estimate(areas, routes, book=BOOK, policy=policy, scenario=scenario, private=private)
    assert (draws.funding_gap >= 0).all()
    assert (draws.grant >= 0).all()
    assert (found[["funding_gap", *SHARES]] >= -1e-6).all().all()
    assert found[SHARES].sum(axis=1).to_numpy() == pytest.approx(found["funding_gap_p50"].to_numpy())
    low, middle, high = (found[f"funding_gap_{name}"] for name in ("p10", "p50", "p90"))
    assert ((low <= middle) & (middle <= high)).all()


@settings(deadline=None, max_examples=25)
@given(
    row=PLACES,
    take_up=st.floats(0, 1),
    more=st.floats(0, 1),
    arpu=st.floats(100, 2000),
    kind=st.sampled_from(["household", "business"]),
)
def test_more_take_up_never_raises_the_gap_where_a_customer_pays_for_itself(
    row: dict[str, float], take_up: float, more: float, arpu: float, kind: str
) -> None:
    lower, higher = sorted((take_up, more))
    gaps = []
    for level in (lower, higher):
        values = {f"take_up_{kind}": level, "arpu_household_month": arpu, "arpu_business_month": arpu}
        book = book_of(**values)
        areas, routes = proposed([row | {"deliver_down_mbps": 300.0}], book=book)  # fibre
        gaps.append(estimate(areas, routes, book=book, policy=POLICY, scenario=SCENARIO.with_changes(draws=1))[0])
    rate = 1.0533 / 1.02 - 1
    years = [(1 + rate) ** -year for year in range(1, 26)]
    income = 12 * arpu * 0.7 * (sum(years) - years[0] * 2 / 3 - years[1] / 3)
    drop = 5000 + 100 * row["drop_m"] / sum(row[name] for name in ("households", "businesses", "public"))
    spending = drop * (1 + 0.025 * sum(years))
    spending += 1500 * (1 + 0.09 * sum(years) + years[8] + years[17] - years[24] * 2 / 9)
    spending += 2500 * (1 + years[4] + years[9] + years[14] + years[19])
    first, second = (float(found["funding_gap"].iloc[0]) for found in gaps)
    if income >= spending:
        assert second <= first + 1e-6 * first
    else:  # and a customer who costs more than it brings never lowers it
        assert second >= first - 1e-6 * first
