"""What would change an area's money: each change, made in the inputs, meets the target; a hair less does not."""

from __future__ import annotations

import dataclasses
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coverage.contributions import contributions, dugnad_limit_m, dugnad_price
from coverage.costs import CostBook, load_costs, price, propose
from coverage.errors import DataError
from coverage.levers import LEVER_COLUMNS, LEVERS, MEASURES, MOST_FURTHER, levers, measured
from coverage.parts import PARTS, base_levels, price_of
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.subsidy import estimate
from tests.test_costs import make_areas, make_mobile, make_sighted

POLICY = load_policy("no-2024")
BOOK = load_costs("norway", currency="NOK", price_year=2025)
SCENARIO = Scenario(policy="no-2024", budget=1e6, draws=60)
CAPPED = SCENARIO.with_changes(view="private_cap")
HAMLET = {"households": 40.0, "businesses": 4.0, "trench_m": 6000.0, "drop_m": 2500.0}
WIRELESS = {"households": 95.0, "businesses": 5.0, "trench_m": 60_000.0, "drop_m": 2500.0, "deliver_down_mbps": 100.0}
AREA_ID = "5001-000000"

Case = tuple[gpd.GeoDataFrame, pd.DataFrame]


def book_of(**values: float) -> CostBook:
    return load_costs("norway", currency="NOK", price_year=2025, overrides=tuple(sorted(values.items())))


@cache
def hamlet() -> Case:
    return chosen(HAMLET)


@cache
def wireless() -> Case:
    return chosen(WIRELESS)


def chosen(row: dict[str, float], *, book: CostBook = BOOK, policy: Policy = POLICY) -> Case:
    areas, routes = make_areas([row])
    options, _ = price(areas, routes, book=book, policy=policy)
    return propose(areas, options, policy=policy), routes


def value(
    case: Case,
    measure: str,
    *,
    book: CostBook = BOOK,
    policy: Policy = POLICY,
    scenario: Scenario = SCENARIO,
    private: dict[str, float] | None = None,
) -> float:
    found, _ = estimate(*case, book=book, policy=policy, scenario=scenario, private=private)
    return measured(found.iloc[0], measure)


def found_for(
    case: Case, target: float, measure: str = "funding_gap", scenario: Scenario = SCENARIO, book: CostBook = BOOK
) -> pd.DataFrame:
    table = levers(*case, book=book, policy=POLICY, scenario=scenario, target=target, measure=measure)
    assert list(table.columns) == list(LEVER_COLUMNS)
    assert tuple(table["lever"]) == LEVERS
    return table.set_index("lever")


def applied(case: Case, lever: str, row: pd.Series, measure: str, scenario: Scenario, part: float = 1.0) -> float:
    """Make the change in the inputs, by hand and without the module's own help, and estimate again.

    `part` makes less than the whole change.
    """
    areas, routes = case
    change = part * float(row["change"])
    if lever == "take_up":
        lift = change / (float(areas["premises"].iloc[0]) - float(row["start"]))
        raised = {
            name: BOOK[name].value + lift * (1 - BOOK[name].value) for name in ("take_up_household", "take_up_business")
        }
        return value(case, measure, book=book_of(**raised), scenario=scenario)
    if lever == "further_premises":
        more = float(row["change"]) - (0 if part == 1 else 1)
        premises = areas["premises"] + more
        further = routes.assign(drop_m=routes["drop_m"] * (premises / areas["premises"]).to_numpy())
        return value(
            (areas.assign(premises=premises, households=areas["households"] + more), further),
            measure,
            scenario=scenario,
        )
    if lever == "connection_fee":
        return value(case, measure, scenario=scenario.with_changes(connection_fee=scenario.connection_fee + change))
    if lever == "dugnad":
        return value(case, measure, scenario=scenario.with_changes(dugnad_m=float(row["start"]) + change))
    if lever == "municipality" and measure == "grant":  # a higher local share, so that it pays that much more
        grant = value(case, measure, scenario=scenario)
        share = (1 + POLICY.subsidy.local_share) * grant / (grant - change) - 1
        generous = dataclasses.replace(POLICY, subsidy=dataclasses.replace(POLICY.subsidy, local_share=share))
        return value(case, measure, policy=generous, scenario=scenario)
    assert lever in ("operator", "municipality")
    return value(case, measure, scenario=scenario, private={AREA_ID: change})


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("scenario", [SCENARIO, CAPPED], ids=["business case", "private cap"])
@pytest.mark.parametrize("make", [hamlet, wireless])
@pytest.mark.parametrize("part", [0.97, 0.8])
def test_each_change_meets_the_target_and_a_hair_less_does_not(
    make: object, scenario: Scenario, measure: str, part: float
) -> None:
    case: Case = make()  # type: ignore[operator]
    before = value(case, measure, scenario=scenario)
    assert before > 0
    target = part * before
    table = found_for(case, target, measure, scenario)
    reached = table[table["feasible"] & (table.index != "technology")]
    assert {"connection_fee", "operator", "municipality"} <= set(reached.index)
    for lever, row in reached.iterrows():
        again = applied(case, str(lever), row, measure, scenario)
        assert again == pytest.approx(row["after"], abs=1e-3), lever
        assert again <= target + 1e-6, lever
        assert row["end"] == pytest.approx(row["start"] + row["change"])
        if lever == "further_premises":  # whole homes
            assert row["change"] == round(row["change"])
        else:
            assert again >= target - 1, lever
        assert applied(case, str(lever), row, measure, scenario, part=0.995) > target, lever
    for lever, row in table[~table["feasible"]].iterrows():
        assert row["after"] > target, lever
        assert row["why"], lever


def test_the_levers_of_a_hamlet_are_what_one_counts() -> None:
    case = hamlet()
    before = value(case, "funding_gap")
    table = found_for(case, before - 100_000)
    assert table.loc["operator", "change"] == pytest.approx(100_000)
    assert table.loc["connection_fee", "change"] == pytest.approx(100_000 / (44 * 0.7))
    # Verge and soil at 6 to 3 of what is not rock, three quarters of it digging.
    verge, soil = BOOK["verge_trench_m"].value, BOOK["soil_trench_m"].value
    assert dugnad_price(BOOK) == pytest.approx(0.75 * (0.6 * verge + 0.3 * soil) / 0.9)
    assert table.loc["dugnad", "change"] == pytest.approx(100_000 / dugnad_price(BOOK))
    assert table.loc["dugnad", "unit"] == "m"
    assert dugnad_limit_m(*case, book=BOOK) == pytest.approx([0.9 * 6000])
    grant = found_for(case, value(case, "grant") - 100_000, "grant")
    assert grant.loc["operator", "change"] == pytest.approx(130_000)  # the municipality's share falls with it
    assert grant.loc["municipality", "change"] == pytest.approx(100_000)
    each = found_for(case, value(case, "gap_per_premises") - 1000, "gap_per_premises")
    assert each.loc["operator", "change"] == pytest.approx(44_000)


def test_what_has_the_target_already_needs_no_change() -> None:
    case = hamlet()
    table = found_for(case, value(case, "funding_gap"))
    assert table["feasible"].all()
    assert (table["why"] == "already").all()
    assert (table["change"].drop("technology") == 0).all()
    assert (table["after"] == table["before"]).all()


def test_a_dugnad_digs_no_more_than_verge_and_soil() -> None:
    case = chosen(HAMLET | {"households": 6.0, "trench_m": 900.0})
    table = found_for(case, 0.0)
    row = table.loc["dugnad"]
    assert not row["feasible"]
    assert row["why"] == "not_enough"
    assert row["change"] == pytest.approx(0.9 * 900)
    assert row["after"] == pytest.approx(row["before"] - 0.9 * 900 * dugnad_price(BOOK))
    dug = SCENARIO.with_changes(dugnad_m=500.0)
    assert found_for(case, 0.0, scenario=dug).loc["dugnad", ["start", "end"]].tolist() == pytest.approx([500, 810])
    assert found_for(wireless(), 0.0).loc["dugnad", "why"] == "no_trench"


def test_customers_only_cost_in_the_private_cap_view_and_where_they_bring_less_than_they_cost() -> None:
    table = found_for(hamlet(), 1000.0, scenario=CAPPED)
    assert table.loc["take_up", "why"] == "costs_more"
    assert table.loc["take_up", "after"] > table.loc["take_up", "before"]
    poor = book_of(arpu_household_month=20.0, arpu_business_month=20.0)
    case = chosen(HAMLET, book=poor)
    table = found_for(case, 1000.0, book=poor)
    assert list(table.loc[["take_up", "further_premises"], "why"]) == ["costs_more"] * 2


def test_when_everybody_connects_take_up_has_no_more_to_give() -> None:
    book = book_of(take_up_household=1.0, take_up_business=1.0)
    case = chosen(HAMLET, book=book)
    assert found_for(case, 0.0, book=book).loc["take_up", ["change", "why"]].tolist() == [0, "not_enough"]
    nobody = book_of(take_up_household=0.0, take_up_business=0.0)
    case = chosen(HAMLET, book=nobody)
    assert found_for(case, 0.0, book=nobody).loc["connection_fee", "why"] == "no_connections"


def test_a_full_wireless_site_makes_the_next_customer_dear_and_the_search_stays_below_it() -> None:
    """Of 80 homes 56 connect, on one site of 60: four more lower the gap, a fifth needs a second site."""
    case = chosen(WIRELESS | {"households": 80.0, "businesses": 0.0})
    before = value(case, "funding_gap")
    lifts = np.linspace(0, 1, 241)  # in tenths of a connection
    gaps = [value(case, "funding_gap", book=book_of(take_up_household=0.7 + 0.3 * lift)) for lift in lifts]
    assert gaps[39] < before < gaps[42]
    assert gaps[-1] > before  # with everybody on two sites it is dearer than today
    target = (gaps[39] + before) / 2
    row = found_for(case, target).loc["take_up"]
    first = next(number for number, gap in enumerate(gaps) if gap <= target)
    assert row["feasible"]
    assert (first - 1) / 10 <= row["change"] <= first / 10
    assert found_for(case, gaps[39] - 50_000).loc["take_up", "why"] == "not_enough"


def test_another_technology_is_offered_only_if_it_delivers() -> None:
    far = {"households": 40.0, "trench_m": 40_000.0}
    demanding = chosen(far)  # 300 Mbit/s: only fibre
    assert found_for(demanding, 1000.0).loc["technology", "why"] == "no_technology"
    modest, routes = chosen(far | {"deliver_down_mbps": 100.0})
    dear = modest.assign(technology="fibre"), routes
    least = value((modest.assign(technology="fwa"), routes), "funding_gap")
    row = found_for(dear, least).loc["technology"]
    assert (row["technology"], row["feasible"], row["after"]) == ("fwa", True, pytest.approx(least))
    short = found_for(dear, least - 1).loc["technology"]
    assert (short["feasible"], short["why"], short["technology"]) == (False, "not_enough", "fwa")
    back = found_for((modest, routes), 0.0).loc["technology"]
    assert (back["technology"], back["why"]) == ("fibre", "costs_more")


def test_what_is_asked_wrongly_is_refused() -> None:
    areas, routes = hamlet()
    for bad, sentence in (
        ({"target": -1.0}, "target is -1.0"),
        ({"target": float("nan")}, "target is nan"),
        ({"measure": "score"}, "measure is 'score'; expected one of funding_gap"),
    ):
        asked = {"target": 0.0} | bad
        with pytest.raises(DataError, match=sentence):
            levers(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO, **asked)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="2 areas are given; expected one"):
        levers(pd.concat([areas, areas]), routes, book=BOOK, policy=POLICY, scenario=SCENARIO, target=0.0)


def mast(row: int) -> Case:
    areas, routes = make_mobile()
    options, _ = price(areas, routes, book=BOOK, policy=POLICY)
    return propose(areas, options, policy=POLICY).iloc[[row]], routes


def test_only_money_moves_a_mobile_site() -> None:
    case = mast(2)
    before = value(case, "funding_gap")
    table = found_for(case, 0.5 * before)
    assert table.loc[["take_up", "further_premises", "connection_fee"], "why"].tolist() == ["no_connections"] * 3
    assert table.loc[["dugnad", "technology"], "why"].tolist() == ["no_trench", "no_technology"]
    assert table.loc[["operator", "municipality"], "change"].tolist() == pytest.approx([0.5 * before] * 2)
    assert table.loc[["operator", "municipality"], "feasible"].all()
    each = found_for(case, 1000.0, "gap_per_premises")
    assert each.loc["operator", "change"] == pytest.approx(before - 12_000)


def test_a_mast_without_premises_has_no_gap_per_premises() -> None:
    case = mast(3)
    assert np.isnan(value(case, "gap_per_premises"))
    with pytest.raises(DataError, match="'5001-mob-dddddd' has no premises; expected another measure"):
        found_for(case, 1000.0, "gap_per_premises")
    assert found_for(case, 0.0).loc["operator", "feasible"]


def test_masts_that_were_found_hold_no_more_sectors_than_fit_and_a_sector_is_a_step() -> None:
    """One mast with room for six sectors of 100 customers: a seventh hundred cannot be served."""
    book = book_of(fwa_busy_mbps=2.0, fwa_load_share=0.5, take_up_household=0.5, fwa_cpe=20_000.0)
    areas, routes = make_sighted([{"households": 1150.0, "trench_m": 200_000.0}])
    options, _ = price(areas, routes, book=book, policy=POLICY)
    case = propose(areas, options, policy=POLICY), routes
    assert case[0]["technology"].tolist() == ["fwa"]
    poor = dataclasses.replace(book, items=book.with_values((("arpu_household_month", 300.0),)).items)
    before = value(case, "funding_gap", book=poor)
    assert before > 0
    row = found_for(case, 0.0, book=poor).loc["take_up"]
    assert row["end"] <= 600  # of 1,150: 25 more than today at most
    further = found_for(case, 0.0, book=poor).loc["further_premises"]
    assert further["end"] * 0.5 <= 600
    full = areas.assign(premises=1300.0, households=1300.0, technology="fwa"), routes
    table = found_for(full, 0.0, book=poor)
    assert table.loc[["take_up", "further_premises"], "why"].tolist() == ["not_enough"] * 2
    assert table.loc[["take_up", "further_premises"], "change"].tolist() == [0, 0]


# What residents bring


def test_fees_and_dug_metres_are_private_money_and_leave_the_gap_as_it_is() -> None:
    areas, routes = hamlet()
    plain, _ = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=SCENARIO)
    scenario = SCENARIO.with_changes(connection_fee=5000.0, dugnad_m=300.0)
    found, draws = estimate(areas, routes, book=BOOK, policy=POLICY, scenario=scenario, private={AREA_ID: 1000.0})
    brought = contributions(areas, routes, book=BOOK, scenario=scenario, given={AREA_ID: 1000.0}).iloc[0]
    assert brought["connection_fees"] == pytest.approx(5000 * 44 * 0.7)
    assert brought["dugnad_worth"] == pytest.approx(300 * dugnad_price(BOOK))
    assert brought["private"] == pytest.approx(5000 * 44 * 0.7 + 300 * dugnad_price(BOOK) + 1000)
    assert found["private_share"][0] == pytest.approx(brought["private"])
    assert draws.private == pytest.approx([brought["private"]])
    assert found["funding_gap_p50"][0] == plain["funding_gap_p50"][0]
    assert found["grant"][0] == pytest.approx((found["funding_gap_p50"][0] - brought["private"]) / 1.3)
    shares = ["state_share", "county_share", "municipal_share", "private_share"]
    assert found[shares].sum(axis=1)[0] == pytest.approx(found["funding_gap_p50"][0])


def test_a_dug_metre_saves_the_digging_and_not_the_cable_or_the_design() -> None:
    """A kilometre by hand, half in verge and half in soil; a quarter of the price is cable."""
    book = book_of(rock_share=0.0, soil_share=0.5, verge_trench_m=200.0, soil_trench_m=600.0, cable_share=0.25)
    assert dugnad_price(book) == pytest.approx(0.75 * 400)
    fibre = {part.item: part for part in PARTS["fibre"]}
    whole = float(price_of(fibre["trench_m"], base_levels(book), book)[0])
    assert whole == pytest.approx(1.1 * 400)
    assert dugnad_price(book) < whole
    poles = book_of(aerial_share=1.0)
    assert dugnad_price(poles) == 0
    assert dugnad_limit_m(*hamlet(), book=poles) == pytest.approx([0.0])


# Properties

PLACES = st.fixed_dictionaries(
    {
        "households": st.floats(1, 200),
        "businesses": st.floats(0, 30),
        "trench_m": st.floats(500, 40_000),
        "drop_m": st.floats(0, 8000),
        "deliver_down_mbps": st.sampled_from([100.0, 300.0]),
    }
)


@settings(deadline=None, max_examples=15)
@given(
    row=PLACES,
    view=st.sampled_from(["business_case", "private_cap"]),
    measure=st.sampled_from(MEASURES),
    parts=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
)
def test_a_lower_target_never_asks_for_less(
    row: dict[str, float], view: str, measure: str, parts: tuple[float, float]
) -> None:
    case = chosen(row)
    scenario = SCENARIO.with_changes(view=view, draws=15)
    before = value(case, measure, scenario=scenario)
    assume(before > 100)
    low, high = (found_for(case, part * before, measure, scenario) for part in sorted(parts))
    assert not (low["feasible"] & ~high["feasible"]).any(), "what reaches the lower target reaches the higher one"
    for lever in LEVERS[:-1]:
        if low.loc[lever, "feasible"]:
            assert low.loc[lever, "change"] >= high.loc[lever, "change"] - 1e-6 * abs(high.loc[lever, "change"])
    for table, target in ((low, min(parts) * before), (high, max(parts) * before)):
        reached = table["after"] <= target + 1e-6 * max(1.0, before)
        assert (reached == table["feasible"]).all()
        assert (table["change"].drop("technology") >= 0).all()
        assert table.loc["further_premises", "change"] <= max(1, round(MOST_FURTHER * case[0]["premises"].iloc[0]))
