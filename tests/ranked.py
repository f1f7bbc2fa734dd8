"""Small ranked lists with draws, for the rooms that ask how firm a list is."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from hypothesis import strategies as st

from coverage.draws import Draws
from coverage.policy import load_policy
from coverage.priority import prioritise
from coverage.scenario import Scenario
from tests import drawn

NORWAY = load_policy("no-2024")
LOCAL = NORWAY.subsidy.local_share

# premises, business need, gap (thousands), median doublings, operating revenue (thousands)
ROWS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 60), st.integers(0, 4000), st.integers(0, 9), st.integers(0, 400)),
    min_size=1,
    max_size=9,
)


def priced(rows: list[tuple[int, ...]], **columns: Any) -> gpd.GeoDataFrame:
    """Return areas A00, A01, … as the subsidy estimate gives them; a row as ROWS draws it."""
    table = np.array(rows, dtype=float).reshape(-1, 5)
    premises, need, gap, log2, revenue = table.T
    count = len(table)
    frame: dict[str, Any] = {
        "area_id": pd.Series([f"A{number:02d}" for number in range(count)], dtype="str"),
        "municipality_code": pd.Series([f"50{number % 3:02d}" for number in range(count)], dtype="str"),
        "kind": pd.Series(["fixed"] * count, dtype="str"),
        "name": pd.Series(["Westby"] * count, dtype="str"),
        "technology": pd.Series(["fibre"] * count, dtype="str"),
        "premises": premises,
        "businesses": np.floor(premises / 4),
        "households": premises - np.floor(premises / 4),
        "public": 0.0,
        "employees": need,
        "business_need": need,
        "mean_log2_down": log2,
        "delivered_down_mbps": 1024.0,
        "funding_gap_p50": 1000 * gap,
        "grant": 1000 * gap / (1 + LOCAL),
        "municipal_share": 1000 * gap - 1000 * gap / (1 + LOCAL),
        "pv_revenue": 1000 * revenue,
        "pv_opex": 100_000.0,
    }
    points = shapely.points(np.arange(2.0 * count).reshape(count, 2))
    return gpd.GeoDataFrame(pd.DataFrame(frame | columns, index=pd.RangeIndex(count)), geometry=points, crs=drawn.CRS)


def draws_of(table: gpd.GeoDataFrame, *, spread: float, count: int = 40, seed: int = 1) -> Draws:
    """Draw gaps around the areas' own, by id; a spread of 0 gives the gap itself in every draw."""
    gap = table["funding_gap_p50"].to_numpy(dtype=float)
    factor: npt.NDArray[np.float64] = np.ones((len(table), count))
    if spread:
        each = [np.random.default_rng([seed, int(area_id[1:])]).normal(0, spread, count) for area_id in table.area_id]
        factor = np.exp(np.array(each).reshape(len(table), count))
    return Draws(tuple(table["area_id"]), gap[:, None] * factor, np.zeros(len(table)), LOCAL)


def ranked(
    rows: list[tuple[int, ...]], *, budget: float, spread: float = 0.0, count: int = 40, **columns: Any
) -> tuple[gpd.GeoDataFrame, Draws, Scenario]:
    """Return a ranked list, its draws and its scenario."""
    table = priced(rows, **columns)
    draws = draws_of(table, spread=spread, count=count)
    scenario = Scenario(NORWAY.id, budget, draws=count)
    return prioritise(table, policy=NORWAY, scenario=scenario), draws, scenario
