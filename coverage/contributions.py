"""What residents bring to an area: a fee for each connection, and trench that they dig themselves (dugnad).

A room below `subsidy` and above the bill. Both are taken off the funding gap before the public shares; neither
changes the gap itself, which is what the area needs whoever pays. They are counted at the book's own figures and
stand as pledged in every draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.bill import make_bill, surface_metres
from coverage.costbook import CostBook
from coverage.finance import Array
from coverage.parts import MOBILE_SITE, TRENCH, base_levels, surface_mix
from coverage.scenario import Scenario

# Where residents can dig: rock is blasted, and poles and the sea bed are no place for a dugnad.
DUG_BY_HAND: Final = ("verge_trench_m", "soil_trench_m")


def dugnad_price(book: CostBook) -> float:
    """Return what a metre of verge or soil trench saves if residents dig it, in the book's currency.

    The price of verge and soil in the mix along roads, without its cable and jointing (`cable_share`). Design and
    supervision are not saved, and neither are upkeep, replacement and residual: the duct lies there all the same.
    """
    shares = surface_mix(TRENCH, base_levels(book), book)
    metres = sum(float(shares[item][0]) for item in DUG_BY_HAND)
    if metres <= 0:
        return 0.0
    cost = sum(float(shares[item][0]) * book[item].value for item in DUG_BY_HAND)
    return cost / metres * (1.0 - book["cable_share"].value)


def dugnad_limit_m(areas: pd.DataFrame, routes: pd.DataFrame, *, book: CostBook) -> Array:
    """Return the metres of each area's route in verge and soil; 0 where no fibre is proposed. In the areas' order."""
    metres = surface_metres(make_bill(areas, routes, technology="fibre", book=book), base_levels(book), book)
    dug = sum((metres[item][:, 0] for item in DUG_BY_HAND), start=np.zeros(len(areas)))
    return np.asarray(np.where(areas["technology"] == "fibre", dug, 0.0))


def expected_connections(areas: pd.DataFrame, *, book: CostBook) -> Array:
    """Return the connections of each area at the book's take-up: homes, and businesses with public bodies.

    A mobile site connects nobody.
    """
    levels = base_levels(book)
    premises = areas["premises"].to_numpy(dtype=float)
    businesses = np.minimum(premises, (areas["businesses"] + areas["public"]).to_numpy(dtype=float))
    homes = premises - businesses
    connected = homes * levels.take_up_household[0] + businesses * levels.take_up_business[0]
    return np.asarray(np.where(areas["technology"] == MOBILE_SITE, 0.0, connected))


def contributions(
    areas: gpd.GeoDataFrame,
    routes: pd.DataFrame,
    *,
    book: CostBook,
    scenario: Scenario,
    given: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Count what is given towards each area's gap, on the index of `areas`.

    `given` is further money by area_id (an operator's, a municipality's above its share). Columns: connection_fees,
    dugnad_m (never more than the verge and soil of the route), dugnad_worth, given, and private, their sum in money.
    """
    fees = scenario.connection_fee * expected_connections(areas, book=book)
    metres = np.minimum(scenario.dugnad_m, dugnad_limit_m(areas, routes, book=book))
    worth = metres * dugnad_price(book)
    money = np.array([float((given or {}).get(str(area_id), 0.0)) for area_id in areas["area_id"]], dtype=float)
    columns = {
        "connection_fees": fees,
        "dugnad_m": metres,
        "dugnad_worth": worth,
        "given": money,
        "private": fees + worth + money,
    }
    return pd.DataFrame(columns, index=areas.index)
