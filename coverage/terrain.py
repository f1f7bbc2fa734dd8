"""The ground under a route: how much it climbs and how many metres are steep, from an elevation model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.heights import heights_at
from coverage.inputs import TerrainLayer

STEP_M: Final = 50.0  # between two heights along a route, at most

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
    z, by = heights_at(xy, terrain, routes.crs)
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
