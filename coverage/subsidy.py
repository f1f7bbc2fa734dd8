"""How much public money each area needs, who pays it, and how sure that is.

Two views, never mixed. `business_case`: max(0, capex + PV(opex) + PV(replacement) - PV(revenue) - PV(residual))
over the policy's horizon, capex undiscounted in year 0; the rate and all flows are real and before tax.
`private_cap`: max(0, capex - cap x premises), of a mobile site max(0, capex): it brings no customers. The funding gap
is a planning estimate: the grant is set by competition. Nothing here is net of tax, and no flow is inflated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.bill import Bill, backhaul_saving, make_bill, revenue
from coverage.contributions import contributions, expected_connections
from coverage.costbook import CostBook
from coverage.draws import GROUPS, QUANTILES, Draws, Sampler
from coverage.errors import DataError
from coverage.finance import Array, discount, ramp, real_rate, replacement_years, residual_share
from coverage.parts import (
    MOBILE_SITE,
    Factors,
    Levels,
    base_levels,
    earning_years,
    factors,
    life_mix,
    net_arpu_year,
    project_share,
    upkeep_share,
)
from coverage.policy import Policy
from coverage.scenario import Scenario

__all__ = ["Draws", "cash_flow", "estimate", "tornado"]

FLOWS: Final = ("capex", "pv_opex", "pv_replacement", "pv_residual", "pv_revenue")
ONE_YEAR: Final = np.ones(1)  # at full take-up, not discounted


def estimate(
    areas: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    *,
    book: CostBook,
    policy: Policy,
    scenario: Scenario,
    private: Mapping[str, float] | None = None,
    municipal: Mapping[str, float] | None = None,
) -> tuple[gpd.GeoDataFrame, Draws]:
    """Estimate the funding gap of every area with its proposed technology, and split its P50 over who pays.

    `private` is money by area_id beside what the scenario says of residents (a fee for each connection, metres dug in
    dugnad): all of it is taken off the gap before the public shares. `municipal` is what municipalities have confirmed
    by area_id: it stands in place of the policy's local share, in every draw, up to what is left of the gap. Adds the
    present values at the book's own figures (FLOWS but capex, funding_gap), connections and what they bring in a year
    once the book's take-up is reached (`revenue_per_year`), municipal_confirmed (NaN where none is told),
    backhaul_saving where masts could share fibre trenches (told by `backhaul_saving_m`; taken off nothing), the
    quantiles of the scenario's draws, and the shares:
    state + county + municipal + private = P50; grant = state + county.
    """
    rules = policy.subsidy
    base = base_levels(book)
    sampler = Sampler.make(book, seed=scenario.seed, draws=scenario.draws)
    years = earning_years(book, rate=sampler.rate, horizon=rules.horizon_years)
    gaps = np.zeros((len(areas), scenario.draws))
    columns = {name: np.zeros(len(areas)) for name in (*FLOWS[1:], "revenue_per_year", "funding_gap")}
    columns["connections"] = expected_connections(areas, book=book)
    if "backhaul_saving_m" in areas:
        columns["backhaul_saving"] = backhaul_saving(areas, routes, book=book)
    ids = [str(area_id) for area_id in areas["area_id"]]
    for technology, rows, bill in _bills(areas, routes, book):
        flows = _flows(bill, base, book, policy)
        for name in FLOWS[1:]:
            columns[name][rows] = flows[name][:, 0]
        columns["revenue_per_year"][rows] = revenue(bill, base, book, years=ONE_YEAR)[:, 0]
        columns["funding_gap"][rows] = _gap(bill, flows, policy, scenario)[:, 0]
        values = factors(technology, book, rate=sampler.rate, horizon=rules.horizon_years)
        # Area by area: memory stays small, and each area's numbers come from its own generator.
        for number, row in enumerate(rows):
            levels = sampler.levels(ids[row])
            gaps[row] = _drawn_gap(
                bill.rows(slice(number, number + 1)), levels, values, years, book=book, policy=policy, scenario=scenario
            )
    quantiles = np.zeros((len(QUANTILES), len(areas)))
    for column, drawn in enumerate(gaps):
        quantiles[:, column] = np.quantile(drawn, list(QUANTILES.values()))
    columns |= {f"funding_gap_{name}": quantiles[number] for number, name in enumerate(QUANTILES)}
    brought = contributions(areas, routes, book=book, scenario=scenario, given=private)
    given = brought["private"].to_numpy(dtype=float)
    confirmed = np.array([float((municipal or {}).get(name, np.nan)) for name in ids], dtype=float)
    columns |= _shares(columns["funding_gap_p50"], given, confirmed, policy)
    if municipal:
        columns["municipal_confirmed"] = confirmed
    premises = areas["premises"].to_numpy(dtype=float)
    columns["grant_per_premises"] = np.divide(columns["grant"], premises, out=np.zeros(len(areas)), where=premises > 0)
    draws = Draws(tuple(ids), gaps, given, rules.local_share, confirmed)
    return areas.assign(**columns, subsidy_view=_view(policy, scenario)), draws


def cash_flow(
    areas: gpd.GeoDataFrame, routes: pd.DataFrame, *, book: CostBook, policy: Policy, area_id: str
) -> pd.DataFrame:
    """Write out one area's business case year by year, at the book's own figures.

    One row per year from 0 to the horizon; costs and revenue are positive, `net_cost` is cost less revenue and
    residual, and `present_value` sums to the funding gap where that is above 0. Real, before tax.
    """
    chosen = areas[areas["area_id"] == area_id]
    if len(chosen) != 1:
        raise DataError(f"cash flow: {area_id!r} is no area of this assessment")
    horizon = policy.subsidy.horizon_years
    technology = str(chosen["technology"].iloc[0])
    base = base_levels(book)
    bill = make_bill(chosen, routes[routes["area_id"] == area_id], technology=technology, book=book)
    flows = {name: np.zeros(horizon + 1) for name in ("capex", "opex", "replacement", "revenue", "residual")}
    borne = project_share(technology, book)
    for part, amounts in bill.amounts(base, book):
        amount = float(amounts[0, 0])
        flows["capex"][0] += amount
        amount *= borne
        flows["opex"][1:] += amount * upkeep_share(part, book)
        for life, share in life_mix(part, book).items():
            flows["replacement"][replacement_years(life, horizon)] += amount * share
            flows["residual"][horizon] += amount * share * residual_share(life, horizon)
    full = float(
        bill.homes[0] * base.take_up_household[0] * net_arpu_year(book, kind="household", technology=technology)
        + bill.businesses[0] * base.take_up_business[0] * net_arpu_year(book, kind="business", technology=technology)
    )
    years = range(horizon + 1)
    flows["revenue"] += [full * ramp(year, book["take_up_ramp_years"].value) for year in years]
    net = flows["capex"] + flows["opex"] + flows["replacement"] - flows["revenue"] - flows["residual"]
    factor = np.array([float(discount(base.rate, year)[0]) for year in years])
    table = pd.DataFrame({**flows, "net_cost": net, "discount_factor": factor, "present_value": net * factor})
    return table.rename_axis("year").reset_index()


def tornado(
    areas: gpd.GeoDataFrame, routes: pd.DataFrame, *, book: CostBook, policy: Policy, scenario: Scenario
) -> pd.DataFrame:
    """Return the county's funding gap with one uncertain group at a time at its low and its high end.

    Columns group, low, base, high, swing; all areas move together; the largest swing first.
    """
    totals = np.zeros(1 + 2 * len(GROUPS))
    for _, _, bill in _bills(areas, routes, book):
        totals += _gap(bill, _flows(bill, _ends(book), book, policy), policy, scenario).sum(axis=0)
    table = pd.DataFrame({"group": GROUPS, "low": totals[1::2], "base": totals[0], "high": totals[2::2]})
    table["swing"] = (table["high"] - table["low"]).abs()
    return table.sort_values(["swing", "group"], ascending=[False, True], ignore_index=True)


def _bills(areas: gpd.GeoDataFrame, routes: pd.DataFrame, book: CostBook) -> list[tuple[str, list[int], Bill]]:
    technologies = areas["technology"].to_numpy()
    found = []
    for technology in sorted(set(technologies)):
        rows = [int(row) for row in np.flatnonzero(technologies == technology)]
        found.append((technology, rows, make_bill(areas.iloc[rows], routes, technology=technology, book=book)))
    return found


def _view(policy: Policy, scenario: Scenario) -> str:
    return scenario.view or policy.subsidy.view


def _flows(bill: Bill, levels: Levels, book: CostBook, policy: Policy) -> dict[str, Array]:
    horizon = policy.subsidy.horizon_years
    values = factors(bill.technology, book, rate=levels.rate, horizon=horizon)
    shape = (len(bill.premises), len(levels.rate))
    flows = {name: np.zeros(shape) for name in FLOWS[:4]}
    for part, amount in bill.amounts(levels, book):
        factor = values[part.item]
        flows["capex"] += amount
        flows["pv_opex"] += amount * factor.opex
        flows["pv_replacement"] += amount * factor.replacement
        flows["pv_residual"] += amount * factor.residual
    return flows | {
        "pv_revenue": revenue(bill, levels, book, years=earning_years(book, rate=levels.rate, horizon=horizon))
    }


def _gap(bill: Bill, flows: dict[str, Array], policy: Policy, scenario: Scenario) -> Array:
    if _view(policy, scenario) == "private_cap":
        net = flows["capex"] - _private_cap(bill, policy)[:, None]
    else:
        costs = flows["capex"] + flows["pv_opex"] + flows["pv_replacement"]
        net = costs - flows["pv_residual"] - flows["pv_revenue"]
    return np.maximum(0.0, net)


def _private_cap(bill: Bill, policy: Policy) -> Array:
    """Return what an operator is taken to pay itself: nothing for a mobile site, which brings no customers."""
    paying = 0.0 if bill.technology == MOBILE_SITE else policy.subsidy.private_cap_per_premises
    return paying * bill.premises


def _drawn_gap(
    bill: Bill,
    levels: Levels,
    values: dict[str, Factors],
    years: Array,
    *,
    book: CostBook,
    policy: Policy,
    scenario: Scenario,
) -> Array:
    """Return one area's gap in every draw: `_gap` with the flows added up as they come, for speed."""
    capped = _view(policy, scenario) == "private_cap"
    if capped:
        net = np.full(len(levels.rate), -_private_cap(bill, policy)[0])
    else:
        net = -revenue(bill, levels, book, years=years)[0]
    for part, amount in bill.amounts(levels, book):
        net += amount[0] if capped else amount[0] * values[part.item].whole_life
    return np.asarray(np.maximum(0.0, net))


def _shares(gap: Array, given: Array, confirmed: Array, policy: Policy) -> dict[str, Array]:
    private = np.minimum(given, gap)
    left = gap - private
    grant = np.where(np.isnan(confirmed), left / (1.0 + policy.subsidy.local_share), np.maximum(0.0, left - confirmed))
    county = grant * policy.subsidy.county_share
    return {
        "grant": grant,
        "state_share": grant - county,
        "county_share": county,
        "municipal_share": gap - private - grant,
        "private_share": private,
    }


def _ends(book: CostBook) -> Levels:
    """Return 1 + 2 × groups settings: the book's values, then each group at its low and at its high end."""
    count = 1 + 2 * len(GROUPS)

    def setting(item: str, group: str) -> Array:
        row = book[item]
        values = np.full(count, row.value)
        column = 1 + 2 * GROUPS.index(group)
        values[column], values[column + 1] = row.low, row.high
        return values

    return Levels(
        prices={row.item: setting(row.item, "unit_cost") for row in book.items},
        rock_share=setting("rock_share", "rock_share"),
        steep_rock_share=setting("steep_rock_share", "rock_share"),
        take_up_household=setting("take_up_household", "take_up"),
        take_up_business=setting("take_up_business", "take_up"),
        rate=real_rate(setting("wacc", "wacc"), book["inflation"].value),
    )
