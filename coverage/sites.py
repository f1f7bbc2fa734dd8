"""Where antennas could stand: existing masts, road sides and high ground near what is to be covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from coverage.crs import parse_metric_crs
from coverage.errors import CrsError
from coverage.heights import heights_at
from coverage.inputs import TerrainLayer
from coverage.radio import Radio
from coverage.roads import RoadGraph

SITE_BASES: Final = ("mast", "roadside", "high_ground")
ACROSS: Final = 16  # points along the side of a lattice cell whose heights are compared
MAX_CELLS: Final = 4096  # lattice cells looked at together

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def candidate_sites(
    masts: gpd.GeoDataFrame,
    *,
    graph: RoadGraph,
    terrain: Sequence[TerrainLayer],
    near: Floats,
    radio: Radio,
    crs: Any,
) -> gpd.GeoDataFrame:
    """Return sites from which something at `near` (n, 2) could be covered, sorted by `site_id`.

    - `mast`: existing masts within the largest range of a band, `mast-<mast_id>`;
    - `roadside`: of each cell of a fixed lattice (`site_lattice_m`) whose middle is within `site_near_m` of `near`, or
      half the cell's diagonal if that is more, the point on a road (no ferry, no assumed way) nearest the middle, where
      that point is in the cell, `road-e<column>n<row>`;
    - `high_ground`: of each such cell the highest of 256 points, if it rises `high_ground_gain_m` above their mean,
      and of 81 points around it the highest again, `high-e<column>n<row>`.

    A lattice cell is named by its column and row from the origin of `crs` (w and s before it), so that an id depends
    on nothing else. Columns: `site_id`, `basis`, `mast_id`, `operator` (null where new), `mast_m` (metres of the
    antennas above the ground: the mast's own, else the book's), `ground_m` (NaN: not known), `road_m` (straight to
    the nearest road; NaN: there is none), geometry. Raises CrsError where the systems differ or are not in metres.
    """
    system = parse_metric_crs(crs, where="sites")
    for name, other in (("masts", masts.crs if len(masts) else crs), ("roads", graph.crs)):
        if other is None or parse_metric_crs(other, where=name) != system:
            raise CrsError(f"{name}: the coordinate system differs from {crs}; expected one for all")
    near = np.asarray(near, float).reshape(-1, 2)
    near = near[np.isfinite(near).all(axis=1)]
    lattice = radio["site_lattice_m"].value
    cell = _cells_near(near, lattice, radio["site_near_m"].value)
    roads = graph.beside[1]
    parts = [
        _existing(masts, near, radio),
        _new(_roadside(cell, lattice, roads), "roadside", "road", radio),
        _new(
            _high_ground(cell, lattice, terrain, crs, radio["high_ground_gain_m"].value), "high_ground", "high", radio
        ),
    ]
    frame = pd.concat(parts, ignore_index=True).sort_values("site_id", kind="stable", ignore_index=True)
    xy = frame[["x", "y"]].to_numpy(dtype=float)
    points = shapely.points(xy)
    road_m = np.full(len(frame), np.nan)
    if len(roads.geometries) and len(frame):
        (row, _), gap = roads.query_nearest(points, all_matches=False, return_distance=True)
        road_m[row] = np.round(gap, 3)
    frame = frame.drop(columns=["x", "y"]).assign(ground_m=np.round(heights_at(xy, terrain, crs)[0], 3), road_m=road_m)
    return gpd.GeoDataFrame(frame, geometry=points, crs=crs)


def _existing(masts: gpd.GeoDataFrame, near: Floats, radio: Radio) -> pd.DataFrame:
    if not len(masts) or not len(near):
        return _table([], np.empty((0, 2)), "mast", np.empty(0))
    xy = np.column_stack([masts.geometry.x, masts.geometry.y])
    reach = max(radio["mobile_range_m"].value, radio["fwa_range_m"].value)
    there = np.flatnonzero(cKDTree(near).query(xy, distance_upper_bound=np.nextafter(reach, np.inf))[0] <= reach)
    kept = masts.iloc[there]
    height = kept["height_m"].astype(float).fillna(radio["mast_existing_m"].value).to_numpy()
    names = kept["mast_id"].astype("str")
    table = _table([f"mast-{name}" for name in names], xy[there], "mast", height)
    return table.assign(mast_id=names.array, operator=kept["operator"].astype("str").array)


def _new(found: tuple[Ints, Floats], basis: str, prefix: str, radio: Radio) -> pd.DataFrame:
    cell, xy = found
    names = [f"{prefix}-{_named(i, 'e', 'w')}{_named(j, 'n', 's')}" for i, j in cell.tolist()]
    return _table(names, xy, basis, np.full(len(xy), radio["mast_new_m"].value))


def _named(number: int, ahead: str, behind: str) -> str:
    return f"{ahead}{number}" if number >= 0 else f"{behind}{-number}"


def _table(names: list[str], xy: Floats, basis: str, mast_m: Floats) -> pd.DataFrame:
    none = pd.array([None] * len(names), dtype="str")
    return pd.DataFrame(
        {
            "site_id": pd.array(names, dtype="str"),
            "basis": pd.array([basis] * len(names), dtype="str"),
            "mast_id": none,
            "operator": none,
            "mast_m": mast_m,
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )


def _cells_near(near: Floats, lattice: float, reach: float) -> Ints:
    """Return column and row of the lattice cells whose middle is within `reach` of a point; all that hold one are."""
    if not len(near):
        return np.empty((0, 2), dtype=np.int64)
    reach = max(reach, lattice * np.sqrt(0.5))
    own = np.unique(np.floor(near / lattice).astype(np.int64), axis=0)
    rings = int(np.ceil(reach / lattice))
    span = np.arange(-rings, rings + 1)
    around = np.stack(np.meshgrid(span, span, indexing="ij"), axis=-1).reshape(-1, 2)
    cell = np.unique((own[:, None, :] + around).reshape(-1, 2), axis=0)
    gap = cKDTree(near).query(_middle(cell, lattice), distance_upper_bound=np.nextafter(reach, np.inf))[0]
    return np.asarray(cell[gap <= reach])


def _middle(cell: Ints, lattice: float) -> Floats:
    return np.asarray((cell + 0.5) * lattice, dtype=np.float64)


def _roadside(cell: Ints, lattice: float, roads: shapely.STRtree) -> tuple[Ints, Floats]:
    """Return the cells with a road in them, and the point on a road nearest the middle of each."""
    if not len(cell) or not len(roads.geometries):
        return cell[:0], np.empty((0, 2))
    middle = np.asarray(shapely.points(_middle(cell, lattice)))
    at, road = roads.query_nearest(middle, max_distance=lattice * np.sqrt(0.5), all_matches=True)
    foot = shapely.get_point(shapely.shortest_line(roads.geometries[road], middle[at]), 0)
    xy = np.round(shapely.get_coordinates(foot), 3)
    # Of several nearest points the westernmost counts.
    order = np.lexsort((xy[:, 1], xy[:, 0], at))
    order = order[np.diff(at[order], prepend=-1) != 0]
    at, xy = at[order], xy[order]
    inside = (np.abs(xy - _middle(cell[at], lattice)) <= lattice / 2).all(axis=1)
    return cell[at[inside]], xy[inside]


def _high_ground(
    cell: Ints, lattice: float, terrain: Sequence[TerrainLayer], crs: Any, gain: float
) -> tuple[Ints, Floats]:
    """Return the cells with high ground, and the highest point of each."""
    if not len(cell) or not terrain:
        return cell[:0], np.empty((0, 2))
    step = lattice / ACROSS
    found = np.empty((len(cell), 2))
    rises = np.zeros(len(cell), dtype=bool)
    for begin in range(0, len(cell), MAX_CELLS):
        part = slice(begin, begin + MAX_CELLS)
        top, height, mean = _highest(_middle(cell[part], lattice), step, ACROSS, terrain, crs)
        high = height - mean >= gain  # false of NaN
        top[high] = _highest(top[high], step / 8, 8, terrain, crs, itself=True)[0]
        found[part], rises[part] = top, high
    return cell[rises], found[rises]


def _highest(
    middle: Floats, step: float, across: int, terrain: Sequence[TerrainLayer], crs: Any, *, itself: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Return, of a square of points around each middle, the highest one, its height and the mean (NaN: none known).

    Of equal heights the point nearest the middle counts, then the westernmost.
    """
    side = (np.arange(across + itself) - (across - (not itself)) / 2) * step
    offset = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    # The nearest first, for of equal heights the first counts.
    offset = offset[np.lexsort((offset[:, 1], offset[:, 0], np.round(np.hypot(*offset.T), 6)))]
    xy = np.round(middle[:, None, :] + offset, 3)
    height = heights_at(xy.reshape(-1, 2), terrain, crs)[0].reshape(len(middle), len(offset))
    known = ~np.isnan(height)
    best = np.where(known, height, -np.inf).argmax(axis=1)
    count = known.sum(axis=1)
    rows = np.arange(len(middle))
    mean = np.where(known, height, 0.0).sum(axis=1) / np.where(count, count, np.nan)
    return xy[rows, best], height[rows, best], mean
