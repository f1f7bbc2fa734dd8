"""The ground under a route: how much it climbs and how many metres are steep, from an elevation model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window

from coverage.errors import DataError
from coverage.inputs import TerrainLayer

STEP_M: Final = 50.0  # between two heights along a route, at most
MAX_CELLS: Final = 16_000_000  # read at a time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def describe(routes: gpd.GeoDataFrame, *, terrain: Sequence[TerrainLayer], steep_slope: float) -> gpd.GeoDataFrame:
    """Return the routes with what lies under them; it does not change the price of anything yet.

    Heights are read every 50 m at most along the drawn route, between the four nearest cells. Columns:

    - `climb_m`: Σ of the differences in height, up and down alike, for a trench has no direction;
    - `steep_m`: metres whose slope (difference in height / metres along the route) is `steep_slope` or more;
    - `terrain_m`: metres of the route whose heights are known, without those in voids of the model or beyond it;
    - `terrain_basis`: the sources of the heights, joined by ", ".

    All are of the drawn route times its `build_share`. Where no height is known (no model, or none of its cells, or no
    metre to dig) `terrain_m` is 0 and the others are null. Of several sources the first with a height counts. Raises
    DataError where a raster cannot be read.
    """
    xy, part, along, owner = _stations(routes)
    z, by = _heights(xy, terrain, routes.crs)
    same = part[1:] == part[:-1]
    first = np.flatnonzero(same & ~np.isnan(z[1:]) & ~np.isnan(z[:-1])) if len(part) else np.empty(0, dtype=np.int64)
    length = along[first + 1] - along[first]
    change = np.abs(z[first + 1] - z[first])
    route = owner[first]
    count = len(routes)
    share = routes["build_share"].to_numpy(dtype=float)
    known_m = np.bincount(route, length, minlength=count) * share
    climb_m = np.bincount(route, change, minlength=count) * share
    steep_m = np.bincount(route, length * (change >= steep_slope * length), minlength=count) * share
    there = known_m > 0
    return routes.assign(
        climb_m=np.where(there, np.round(climb_m, 3), np.nan),
        steep_m=np.where(there, np.round(steep_m, 3), np.nan),
        terrain_m=np.round(known_m, 3),
        terrain_basis=_basis(route, by[first], count, [layer.source for layer in terrain]),
    )


def _stations(routes: gpd.GeoDataFrame) -> tuple[Floats, Ints, Floats, Ints]:
    """Return points along every part of every route: x and y, the part, the metres along it, and the route."""
    parts, row = shapely.get_parts(np.asarray(routes.geometry.array, dtype=object), return_index=True)
    length = shapely.length(parts)
    parts, row, length = parts[length > 0], row[length > 0].astype(np.int64), length[length > 0]
    if not len(parts):
        none = np.empty(0, dtype=np.int64)
        return np.empty((0, 2)), none, np.empty(0), none
    vertex, owner = shapely.get_coordinates(parts, return_index=True)
    step = np.hypot(*np.diff(vertex, axis=0, prepend=vertex[:1]).T)
    # One long ruler for all parts, with a metre between two of them.
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    step[begins] = np.where(begins > 0, 1.0, 0.0)
    ruler = np.cumsum(step)
    extent = np.append(ruler[begins[1:] - 1], ruler[-1]) - ruler[begins]
    pieces = np.ceil(extent / STEP_M).astype(np.int64)
    part = np.repeat(np.arange(len(parts)), pieces + 1)
    number = np.arange(len(part)) - np.repeat(np.cumsum(pieces + 1) - (pieces + 1), pieces + 1)
    along = extent[part] * (number / pieces[part])
    at = ruler[begins][part] + along
    xy = np.column_stack([np.interp(at, ruler, vertex[:, axis]) for axis in (0, 1)])
    return xy, part, along, row[part]


def _basis(route: Ints, by: Ints, count: int, names: list[str]) -> pd.Series[str]:
    used = np.zeros((count, len(names)), dtype=bool)
    used[route, by] = True
    texts = [", ".join(name for name, there in zip(names, row, strict=True) if there) for row in used.tolist()]
    return pd.Series([text or None for text in texts], dtype="str")


def _heights(xy: Floats, terrain: Sequence[TerrainLayer], crs: Any) -> tuple[Floats, Ints]:
    """Return the height at each point (NaN: none), and which layer gave it (-1: none)."""
    height = np.full(len(xy), np.nan)
    by = np.full(len(xy), -1, dtype=np.int64)
    for number, layer in enumerate(terrain):
        missing = np.flatnonzero(np.isnan(height))
        try:
            with rasterio.open(layer.raster) as raster:
                found = _sample(raster, xy[missing], crs)
        except RasterioError as error:
            detail = " ".join(str(error).split())
            raise DataError(f"{layer.source}: the raster {layer.raster} cannot be read ({detail})") from error
        height[missing] = found
        by[missing[~np.isnan(found)]] = number
    return height, by


def _sample(raster: Any, xy: Floats, crs: Any) -> Floats:
    """Return heights between the four cells around each point, none where one of them that counts holds none.

    In the outermost half cell of the raster the nearest cells are read, so that tiles side by side leave no gap.
    """
    target = pyproj.CRS.from_wkt(raster.crs.to_wkt())
    x, y = xy[:, 0], xy[:, 1]
    if pyproj.CRS.from_user_input(crs) != target:
        x, y = pyproj.Transformer.from_crs(crs, target, always_xy=True).transform(x, y)
    back = ~raster.transform
    column, row = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    inside = (column >= 0) & (column <= raster.width) & (row >= 0) & (row <= raster.height)
    out = np.full(len(xy), np.nan)
    at = np.flatnonzero(inside)  # infinite coordinates are not
    if not len(at):
        return out
    # From the corner of the raster to the middle of its first cell.
    column = np.clip(column[at] - 0.5, 0, raster.width - 1)
    row = np.clip(row[at] - 0.5, 0, raster.height - 1)
    left, top = column.astype(np.int64), row.astype(np.int64)
    right, bottom = np.minimum(left + 1, raster.width - 1), np.minimum(top + 1, raster.height - 1)
    east, south = column - left, row - top
    height = np.zeros(len(at))
    for rows, columns, weight in (
        (top, left, (1 - east) * (1 - south)),
        (top, right, east * (1 - south)),
        (bottom, left, (1 - east) * south),
        (bottom, right, east * south),
    ):
        counts = weight > 0
        height[counts] += _read(raster, rows[counts], columns[counts]) * weight[counts]
    out[at] = height
    return out


def _read(raster: Any, rows: Ints, columns: Ints) -> Floats:
    """Return the values of cells, NaN where they hold none; in strips, so that no more is read than fits."""
    out = np.full(len(rows), np.nan)
    if not len(rows):
        return out
    left, width = int(columns.min()), int(np.ptp(columns)) + 1
    strip = (rows - rows.min()) // max(1, MAX_CELLS // width)
    for number in np.unique(strip):
        chosen = np.flatnonzero(strip == number)
        top = int(rows[chosen].min())
        window = Window(left, top, width, int(rows[chosen].max()) - top + 1)
        values = raster.read(1, window=window, masked=True)[rows[chosen] - top, columns[chosen] - left]
        out[chosen] = values.astype(np.float64).filled(np.nan) * raster.scales[0] + raster.offsets[0]
    return out
