"""Small frames drawn by hand: places at given points, offers with given speeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:25833"


def places(xy: Sequence[tuple[float, float]], **columns: Any) -> gpd.GeoDataFrame:
    """Return places p0, p1, … at points; columns may replace the defaults (business, weight 1, municipality 5001)."""
    rows = len(xy)
    defaults: dict[str, Any] = {
        "place_id": pd.Series([f"p{number}" for number in range(rows)], dtype="str"),
        "kind": "business",
        "weight": 1.0,
        "buildings": 1.0,
        "municipality_code": "5001",
        "year_round": True,
    }
    frame = pd.DataFrame(defaults | columns, index=pd.RangeIndex(rows))
    return gpd.GeoDataFrame(frame, geometry=shapely.points(np.reshape(np.asarray(xy, float), (rows, 2))), crs=CRS)


def offers(
    rows: Sequence[dict[str, Any]], *, geometry: Sequence[Any] | None = None, source: str = "list"
) -> pd.DataFrame:
    """Return offers; each row names `down_mbps` at least (fibre of A, existing, claimed, up = down)."""
    table = []
    for number, row in enumerate(rows, start=1):
        down = float(row.get("down_mbps", 100.0))
        up = float(row.get("up_mbps", down))
        defaults = {
            "provider": "A",
            "technology": "fibre",
            "down_mbps": down,
            "up_mbps": up,
            "down_max_mbps": down,
            "up_max_mbps": up,
            "status": "existing",
            "available_from": None,
            "basis": "claimed",
            "source": source,
            "source_row": number,
        }
        table.append(defaults | row)
    frame = pd.DataFrame(table)
    frame["available_from"] = pd.to_datetime(frame["available_from"]).astype("datetime64[s]")
    return frame if geometry is None else gpd.GeoDataFrame(frame, geometry=list(geometry), crs=CRS)
