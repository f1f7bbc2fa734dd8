"""How far a source reaches: in how many municipalities of the study any of its rows lies."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

MOST_ROWS: Final = 20_000  # of geometry that are looked at, spread over the file: a share needs no more


def count_municipalities(
    frame: pd.DataFrame, *, municipalities: gpd.GeoDataFrame, homes: pd.Series | None, cell_m: float = 0.0
) -> int | None:
    """Return in how many municipalities the rows used of a source lie; None where nothing says where they are.

    A row is where its code says, where the premises are that it names (`homes`: code by place_id), where its geometry
    lies, or where the middle of its cell does. Of very many geometries every n-th is asked.
    """
    if "municipality_code" in frame and frame["municipality_code"].notna().any():
        codes = frame["municipality_code"].dropna().unique()
        return int(pd.Series(codes).isin(municipalities["municipality_code"]).sum())
    if isinstance(frame, gpd.GeoDataFrame):
        return _touched(np.asarray(frame.geometry.array, dtype=object), municipalities)
    if "cell_x" in frame:
        middle = cell_m / 2
        return _touched(shapely.points(frame["cell_x"] + middle, frame["cell_y"] + middle), municipalities)
    if "place_id" in frame and homes is not None:
        return int(frame["place_id"].map(homes).nunique())
    return None


def _touched(shapes: Any, municipalities: gpd.GeoDataFrame) -> int:
    step = -(-len(shapes) // MOST_ROWS)
    tree = shapely.STRtree(shapes[::step])
    areas = np.asarray(municipalities.geometry.array, dtype=object)
    shapely.prepare(areas)
    reached = tree.query(areas, predicate="intersects")[0]
    return len(np.unique(reached))
