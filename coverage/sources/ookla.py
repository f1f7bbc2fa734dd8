"""Ookla's open tiles of measured speed, and stand-ins for area and premises from them where nothing else is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.cells import quadkey_outlines
from coverage.sources.raw import RawTable
from coverage.sources.vector import read_vector

KEY: Final = "quadkey"
DEVICES: Final = "devices"

TILE_COLUMNS: Final = {
    "quadkey": KEY, "down_mbps": "avg_d_kbps", "up_mbps": "avg_u_kbps", "latency_ms": "avg_lat_ms", "tests": "tests",
}  # fmt: skip
TILE_CONSTANTS: Final = {"basis": "measured", "technology": "other", "provider": "Ookla Speedtest users"}
TILE_OPTIONS: Final = {"shape": "quadkey", "speed_unit": "kbps"}
PLACE_COLUMNS: Final = {"place_id": KEY, "weight": DEVICES}


def read_tile_area(spec: SourceSpec) -> RawTable:
    """Read tiles as one area, their convex hull, with `code` and `name` from options `area_code` and `area_name`.

    It holds every tile and much where nobody tested: no boundary of anything. A row here is that area.
    """
    for option in ("area_code", "area_name"):
        if not str(spec.options.get(option, "")).strip():
            raise DataError(f"study.toml: source {spec.id!r}: option {option} is missing; expected a text")
    raw, tiles = _tiles(spec)
    hull = shapely.convex_hull(shapely.union_all(np.asarray(tiles, dtype=object)))
    frame = gpd.GeoDataFrame(
        {"code": [str(spec.options["area_code"])], "name": [str(spec.options["area_name"])]},
        geometry=[hull], crs=tiles.crs, index=pd.RangeIndex(1, 2, name="row"),
    )  # fmt: skip
    note = f"the area is the convex hull of {len(tiles):,} tiles, no published boundary"
    return replace(raw, frame=frame, notes=(*raw.notes, note))


def read_tile_places(spec: SourceSpec) -> RawTable:
    """Read tiles as places at their middles that stand for the devices which tested there: modelled, not premises."""
    raw, tiles = _tiles(spec)
    if DEVICES not in raw.frame:
        raise DataError(f"{spec.name}: no column {DEVICES!r}; expected how many devices tested in each tile")
    west, south, east, north = shapely.bounds(np.asarray(tiles, dtype=object)).T
    frame = gpd.GeoDataFrame(
        pd.DataFrame(raw.frame.drop(columns="geometry")),
        geometry=gpd.points_from_xy((west + east) / 2, (south + north) / 2, crs=tiles.crs),
    )
    note = f"places modelled: {len(frame):,} tiles stand at their middles for the devices that tested there"
    return replace(raw, frame=frame, notes=(*raw.notes, note))


def _tiles(spec: SourceSpec) -> tuple[RawTable, gpd.GeoSeries]:
    raw = read_vector(spec)
    if KEY not in raw.frame:
        raise DataError(f"{spec.name}: no column {KEY!r}; expected Ookla's tiles")
    tiles = quadkey_outlines(raw.frame[KEY].astype("str"))
    if tiles.isna().any():
        row = int(tiles.index[tiles.isna()][0])
        raise DataError(f"{spec.name}: row {row}: {raw.frame.loc[row, KEY]!r} is no quadkey; expected digits 0 to 3")
    return raw, tiles
