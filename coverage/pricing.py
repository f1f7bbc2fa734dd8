"""From areas and their routes to proposals and funding gap: a whole list and a single drawn area are priced alike."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from coverage import costs, status, subsidy
from coverage.costbook import CostBook
from coverage.draws import Draws
from coverage.inputs import Inputs
from coverage.policy import Policy
from coverage.scenario import Scenario


def propose(
    areas: gpd.GeoDataFrame, routes: pd.DataFrame, *, book: CostBook, policy: Policy
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Give each area its technology (`costs.propose`) and `route_m`.

    Returns the areas, all options (`costs.price`), and the cost lines that sum to the capex of what is proposed.
    Raises PolicyError if nothing in the cost book reaches what an area must be given.
    """
    options, lines = costs.price(areas, routes, book=book, policy=policy)
    priced = _share_fibre(costs.propose(areas, options, policy=policy))
    priced = priced.assign(route_m=priced["area_id"].map(routes.set_index("area_id")["route_m"]))
    chosen = lines["area_id"].map(priced.set_index("area_id")["technology"])
    return priced, options, lines[lines["technology"] == chosen].reset_index(drop=True)


def estimate(
    areas: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    inputs: Inputs,
    book: CostBook,
    policy: Policy,
    scenario: Scenario,
) -> tuple[gpd.GeoDataFrame, Draws]:
    """Estimate the subsidy of proposed areas (`subsidy.estimate`), with the money that applications bring and ask for.

    `places` have the `area_id` of these areas. Adds `requested_grant` where an application asks for one.
    """
    told = {"applications": inputs.applications, "applied": inputs.applied}
    confirmed = status.committed(areas, places, **told)
    estimated, draws = subsidy.estimate(areas, routes, book=book, policy=policy, scenario=scenario, municipal=confirmed)
    if asked := status.requested(areas, places, **told):
        estimated = estimated.assign(requested_grant=estimated["area_id"].map(asked))
    return estimated, draws


def _share_fibre(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Let masts share a trench only with areas where fibre is proposed: nothing is dug in the others."""
    other = areas["backhaul_with"]
    none = other.notna() & other.map(areas.set_index("area_id")["technology"]).ne("fibre")
    return areas.assign(backhaul_with=other.mask(none), backhaul_saving_m=areas["backhaul_saving_m"].mask(none, 0.0))
