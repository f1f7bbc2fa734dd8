"""Tell how much of the ground around a place has mobile coverage: of the land of farms, of the sea of fish farms.

The ground is counted in squares of a fixed grid, each by its middle, so that places share what they share, and a county
takes seconds. `coverage/extent.py` measures areas exactly; a square of 250 m is as fine as the published coverage is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.mobile import measure_levels, summarise_levels
from coverage.policy import Policy
from coverage.polygon_index import pair

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

COLUMNS: Final = ("ground_basis", "ground_km2", "ground_covered_share")
CHUNK: Final = 4_000_000  # squares held in memory at once
SPAN: Final = 1 << 24  # squares from one end of the grid to the other: 4,000 km of 250 m


@dataclass(frozen=True)
class Reach:
    """Say how far the ground lies, how it is counted, and from where on the sea is the open sea; all in metres."""

    land_radius_m: float
    sea_radius_m: float
    step_m: float
    shore_m: float


def measure_ground(
    places: gpd.GeoDataFrame,
    *,
    works_on: pd.Series,
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    municipalities: gpd.GeoDataFrame,
    policy: Policy,
    reach: Reach,
) -> pd.DataFrame:
    """Return `ground_basis`, `ground_km2` and `ground_covered_share` of each place; null where `works_on` is.

    The ground is what lies within the radius: for "land" the polygons of the layers whose `ground` is land ("layer"),
    where there are none all that lies in the municipalities ("land"), inland waters with it; for "sea" the layers whose
    `ground` is sea, else all that lies outside the municipalities ("sea"), a neighbour's land with it. Covered is a
    square with the policy's mobile level by as many operators as the policy asks for.

    The share is null without a mobile layer that counts, without ground, and on the sea where no layer has a signal
    beyond `shore_m` from land: then they end at the shore and say nothing of it. Raises DataError or CrsError naming
    the layer that cannot be used.
    """
    basis = np.full(len(places), None, dtype=object)
    km2, share = np.full(len(places), np.nan), np.full(len(places), np.nan)
    counted = [layer for layer in mobile if layer.technology in policy.mobile.technologies]
    homes = _shapes(municipalities)
    for ground, radius in (("land", reach.land_radius_m), ("sea", reach.sea_radius_m)):
        rows = np.flatnonzero((works_on == ground).to_numpy(dtype=bool, na_value=False))
        if not len(rows):
            continue
        place, square = _squares(places.geometry.iloc[rows], radius, reach.step_m)
        distinct, at = np.unique(square, return_inverse=True)
        middles = _middles(distinct, reach.step_m)
        whole = _inside(middles, homes) == (ground == "land")
        layers = [layer for layer in extents if layer.ground == ground]
        drawn = whole & _in_layers(middles, layers, crs=places.crs)
        size, of_layer = np.bincount(place, whole[at], len(rows)), np.bincount(place, drawn[at], len(rows))
        by_layer = of_layer > 0
        some = np.where(by_layer[place], drawn[at], whole[at])
        size = np.where(by_layer, of_layer, size)
        basis[rows] = np.where(by_layer, "layer", ground)
        km2[rows] = size * reach.step_m**2 / 1e6
        # Of the land what some place counts; of the sea all, for it tells whether signals end at the shore.
        wanted = np.unique(at[some]) if ground == "land" else np.flatnonzero(whole)
        if not counted or not len(wanted):
            continue
        covered, heard = np.zeros(len(distinct), dtype=bool), np.zeros(len(distinct), dtype=bool)
        covered[wanted], heard[wanted] = _covered(middles[wanted], counted, crs=places.crs, policy=policy)
        if ground == "sea" and not _beyond(middles[heard], homes, reach.shore_m):
            continue
        part = np.bincount(place, (some & covered[at]).astype(float), len(rows))
        share[rows] = np.divide(part, size, out=np.full(len(rows), np.nan), where=size > 0)
    columns = {"ground_basis": pd.array(basis, dtype="str"), "ground_km2": km2, "ground_covered_share": share}
    return pd.DataFrame(columns, index=places.index)


def _shapes(frame: gpd.GeoDataFrame | gpd.GeoSeries) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _squares(points: gpd.GeoSeries, radius_m: float, step_m: float) -> tuple[Ints, Ints]:
    """Return the squares of the grid whose middle is within the radius: the position of the place, and the square."""
    xy = shapely.get_coordinates(_shapes(points))
    home = np.floor(xy / step_m).astype(np.int64)
    far = int(radius_m // step_m) + 1
    offset = np.stack(np.meshgrid(np.arange(-far, far + 1), np.arange(-far, far + 1)), axis=-1).reshape(-1, 2)
    places, squares = [], []
    for start in range(0, len(xy), max(1, CHUNK // len(offset))):
        part = slice(start, start + max(1, CHUNK // len(offset)))
        cell = home[part, None, :] + offset[None, :, :]
        gap = (cell + 0.5) * step_m - xy[part, None, :]
        near = (gap**2).sum(axis=-1) <= radius_m**2
        near[:, len(offset) // 2] = True  # its own square at least
        place, which = np.nonzero(near)
        chosen = cell[place, which] + SPAN // 2
        places.append(place + start)
        squares.append(chosen[:, 0] * SPAN + chosen[:, 1])
    return np.concatenate(places), np.concatenate(squares)


def _middles(square: Ints, step_m: float) -> Shapes:
    column, row = np.divmod(square, SPAN)
    x, y = ((axis - SPAN // 2 + 0.5) * step_m for axis in (column, row))
    return np.asarray(shapely.points(x, y), dtype=object)


def _inside(points: Shapes, shapes: Shapes) -> Bools:
    inside = np.zeros(len(points), dtype=bool)
    inside[pair(points, shapes)[0]] = True
    return inside


def _in_layers(points: Shapes, layers: Sequence[ExtentLayer], *, crs: object) -> Bools:
    inside = np.zeros(len(points), dtype=bool)
    for layer in layers:
        if to_crs(layer.frame, crs, where=layer.source) is not layer.frame:
            raise CrsError(f"{layer.source}: the layer is in {layer.frame.crs}, the places in {crs}")
        shapes = _shapes(layer.frame)
        if (shapely.get_dimensions(shapes) == 1).any():
            raise DataError(f"{layer.source}: the layer holds lines; expected polygons of the ground that is worked")
        inside |= _inside(points, shapes)
    return inside


def _covered(points: Shapes, layers: Sequence[MobileLayer], *, crs: object, policy: Policy) -> tuple[Bools, Bools]:
    """Return where the policy's level is reached by enough operators, and where anyone has any level."""
    frame = gpd.GeoDataFrame(geometry=points, crs=crs)
    levels = measure_levels(frame, layers, policy=policy)
    enough = summarise_levels(levels, policy=policy)["mobile_operators"] >= max(1, policy.mobile.operators)
    return np.asarray(enough, dtype=bool), np.asarray((levels.level > 0).any(axis=1), dtype=bool)


def _beyond(points: Shapes, homes: Shapes, shore_m: float) -> bool:
    """Say whether any point is farther from land than the shore reaches."""
    if not len(points):
        return False
    near = np.unique(shapely.STRtree(homes).query(points, predicate="dwithin", distance=shore_m)[0])
    return len(near) < len(points)
