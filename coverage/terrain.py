"""The ground under a route: how much it climbs and how many metres are steep, from an elevation model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

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
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Rulers:
    """Measure lines along their bends: all of them end to end on one ruler, with a metre between two.

    `line` and `along_m` say for each vertex whose it is and how far along; `begin` is where on the one ruler each
    line begins, `length_m` how long it is.
    """

    xy: Floats
    line: Ints
    along_m: Floats
    begin: Floats
    length_m: Floats

    def locate(self, line: Ints, along_m: Floats) -> Floats:
        """Return the points (n, 2) so many metres along lines."""
        if not len(line):
            return np.empty((0, 2))
        at, ruler = self.begin[line] + along_m, self.begin[self.line] + self.along_m
        return np.column_stack([np.interp(at, ruler, self.xy[:, axis]) for axis in (0, 1)])


@dataclass(frozen=True, eq=False)
class Steps:
    """Hold the steps of at most STEP_M in which slopes are read, in order along each line, from end to end.

    `change_m` is the difference in height, NaN where it is not known; `by` the number of the layer that told it.
    """

    line: Ints
    start_m: Floats
    end_m: Floats
    change_m: Floats
    by: Ints

    def steep(self, slope: float) -> Bools:
        """Say which steps are known to rise or fall by `slope` (metres per metre) or more."""
        return np.asarray(self.change_m >= slope * (self.end_m - self.start_m))


def describe(routes: gpd.GeoDataFrame, *, terrain: Sequence[TerrainLayer], steep_slope: float) -> gpd.GeoDataFrame:
    """Return the routes with what lies under them; what steep ground costs follows from `surfaces`, not from this.

    Heights are read every 50 m at most along the drawn route, between the four nearest cells. Columns:

    - `climb_m`: Σ of the differences in height, up and down alike, for a trench has no direction;
    - `steep_m`: metres whose slope (difference in height / metres along the route) is `steep_slope` or more;
    - `terrain_m`: metres of the route whose heights are known, without those in voids of the model or beyond it;
    - `terrain_basis`: the sources of the heights, joined by ", ".

    All are of the drawn route times its `build_share`. Where no height is known (no model, or none of its cells, or no
    metre to dig) `terrain_m` is 0 and the others are null. Of several sources the first with a height counts. Raises
    DataError where a raster cannot be read.
    """
    parts, row = shapely.get_parts(np.asarray(routes.geometry.array, dtype=object), return_index=True)
    steps = read_steps(parts, terrain=terrain, crs=routes.crs)
    known = np.flatnonzero(~np.isnan(steps.change_m))
    length = (steps.end_m - steps.start_m)[known]
    route = row[steps.line[known]].astype(np.int64)
    count = len(routes)
    share = routes["build_share"].to_numpy(dtype=float)
    known_m = np.bincount(route, length, minlength=count) * share
    climb_m = np.bincount(route, steps.change_m[known], minlength=count) * share
    steep_m = np.bincount(route, length * steps.steep(steep_slope)[known], minlength=count) * share
    there = known_m > 0
    return routes.assign(
        climb_m=np.where(there, np.round(climb_m, 3), np.nan),
        steep_m=np.where(there, np.round(steep_m, 3), np.nan),
        terrain_m=np.round(known_m, 3),
        terrain_basis=_basis(route, steps.by[known], count, [layer.source for layer in terrain]),
    )


def measure(lines: Shapes) -> Rulers:
    """Lay lines (no multi-part ones) end to end on one ruler."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    line = line.astype(np.int64)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    first = np.diff(line, prepend=-1) != 0
    step[first] = 0.0
    total = np.cumsum(step)
    along = total - total[first][np.cumsum(first) - 1]
    length = np.zeros(len(lines))
    length[line] = along  # the last vertex stays
    return Rulers(xy, line, along, np.cumsum(length + 1.0) - (length + 1.0), length)


def read_steps(lines: Shapes, *, terrain: Sequence[TerrainLayer], crs: Any) -> Steps:
    """Read heights every STEP_M at most along lines, and return the steps between them.

    Of several sources the first with a height counts. Raises DataError where a raster cannot be read.
    """
    rulers = measure(lines)
    count = np.ceil(rulers.length_m / STEP_M).astype(np.int64)
    stations = np.where(count > 0, count + 1, 0)
    line = np.repeat(np.arange(len(lines)), stations)
    number = np.arange(len(line)) - np.repeat(np.cumsum(stations) - stations, stations)
    along = rulers.length_m[line] * (number / count[line])
    z, by = heights_at(rulers.locate(line, along), terrain, crs)
    first = np.flatnonzero(number < count[line])
    return Steps(line[first], along[first], along[first + 1], np.abs(z[first + 1] - z[first]), by[first])


def _basis(route: Ints, by: Ints, count: int, names: list[str]) -> pd.Series[str]:
    used = np.zeros((count, len(names)), dtype=bool)
    used[route, by] = True
    texts = [", ".join(name for name, there in zip(names, row, strict=True) if there) for row in used.tolist()]
    return pd.Series([text or None for text in texts], dtype="str")
