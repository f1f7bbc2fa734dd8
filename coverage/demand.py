"""What lacks mobile coverage, as points that a mast may serve: premises, farmland and roads.

Places stand where the register has them. Farmland is counted by the points of a fixed lattice that lie on it, roads by
the middles of equal pieces, so that what a mast serves adds up to km² and km. Nothing is moved or merged by nearness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage.crs import require_metric, to_crs
from coverage.errors import CrsError
from coverage.extent import are_lines
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.mobile import measure_levels, summarise_levels
from coverage.policy import Policy

LATTICE_M: Final = 100.0  # between points on farmland: each stands for one hectare
PIECE_M: Final = 100.0  # of a road, at most
CHUNK: Final = 2_000_000  # points tried at a time
COLUMNS: Final = {
    "demand_id": "str", "kind": "str", "weight": "float64", "gain": "float64", "employees": "float64",
    "place_row": "int64", "mobile_only": "bool", "municipality_code": "str",
}  # fmt: skip

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]


def mobile_demand(
    places: gpd.GeoDataFrame,
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    *,
    policy: Policy,
    municipalities: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Return all that lacks the policy's mobile level, one point a row, sorted by `demand_id`.

    `places` are judged. Columns: `demand_id`; `kind` (of schemas.KINDS, "farmland", "road"); `weight` (premises
    short of mobile coverage, km², km); `gain` in weighted employees, as a mast's worth is counted: 1 per premises, of
    a business min(policy.employees_cap, max(1, employees per premises)), and the policy's gain per km² of farmland and
    per km of road, which may be 0; `employees` (those of the premises short of it); `place_row` (position in `places`,
    -1: none); `mobile_only` (a place short of mobile coverage and not of fixed); `municipality_code`; geometry.

    Farmland is what the extents of ground "land" hold, roads are the lines among them; what is given twice is counted
    once. A point of theirs is short where fewer operators than the policy asks for have its level; without a layer that
    counts nothing is known, and none is. What lies outside every municipality is left out. Raises DataError or CrsError
    naming the layer that cannot be used.
    """
    require_metric(places, where="places")
    crs = places.crs
    parts = [_of_places(places, policy)]
    counted = [layer for layer in mobile if layer.technology in policy.mobile.technologies]
    for kind, lines, each in (
        ("farmland", False, policy.mobile.gain_per_km2),
        ("road", True, policy.mobile.gain_per_road_km),
    ):
        shapes = _shapes_of(extents, lines=lines, crs=crs) if counted else np.empty(0, dtype=object)
        xy, weight = _along(shapes) if lines else _inside(shapes)
        if len(xy):
            parts.append(_of_extent(kind, xy, weight, each, counted, policy=policy, municipalities=municipalities))
    whole = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs).sort_values("demand_id", ignore_index=True)


def _of_places(places: gpd.GeoDataFrame, policy: Policy) -> gpd.GeoDataFrame:
    whole = places["weight"].to_numpy(dtype=float)
    short = places["short_mobile"].to_numpy(dtype=float)
    rows = np.flatnonzero((whole * short > 0) & places["municipality_code"].notna().to_numpy())
    chosen, weight = places.iloc[rows], (whole * short)[rows]
    employees = chosen["employees"].fillna(0).to_numpy(dtype=float)
    per_premises = np.minimum(policy.employees_cap, np.maximum(1.0, employees / whole[rows]))
    return _frame(
        {
            "demand_id": [f"place-{name}" for name in chosen["place_id"]],
            "kind": chosen["kind"].to_numpy(dtype=object),
            "weight": weight,
            "gain": weight * np.where(chosen["kind"].eq("business"), per_premises, 1.0),
            "employees": employees * short[rows],
            "place_row": rows,
            "mobile_only": chosen["gap_kind"].eq("mobile").to_numpy(),
            "municipality_code": chosen["municipality_code"].to_numpy(dtype=object),
        },
        np.asarray(chosen.geometry.array, dtype=object),
        places.crs,
    )


def _of_extent(
    kind: str,
    xy: Floats,
    weight: Floats,
    gain: float,
    layers: Sequence[MobileLayer],
    *,
    policy: Policy,
    municipalities: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    points = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=municipalities.crs)
    reached = summarise_levels(measure_levels(points, layers, policy=policy), policy=policy)["mobile_operators"]
    short = np.flatnonzero(reached < max(1, policy.mobile.operators))
    at = np.asarray(points.geometry.array, dtype=object)[short]
    home = _homes(at, municipalities)
    short, at, home = short[home >= 0], at[home >= 0], home[home >= 0]
    codes = municipalities["municipality_code"].to_numpy(dtype=object)
    return _frame(
        {
            "demand_id": [f"{kind}-{x:.1f}-{y:.1f}" for x, y in xy[short].tolist()],
            "kind": kind,
            "weight": weight[short],
            "gain": weight[short] * gain,
            "employees": 0.0,
            "place_row": -1,
            "mobile_only": False,
            "municipality_code": codes[home],
        },
        at,
        municipalities.crs,
    )


def _frame(columns: dict[str, Any], points: Shapes, crs: Any) -> gpd.GeoDataFrame:
    table = pd.DataFrame(columns, index=pd.RangeIndex(len(points))).astype(COLUMNS)
    return gpd.GeoDataFrame(table, geometry=points, crs=crs)


def _shapes_of(extents: Sequence[ExtentLayer], *, lines: bool, crs: Any) -> Shapes:
    """Return the single lines, or the single polygons of farmland, of all layers; a layer without any is passed by."""
    found = [np.empty(0, dtype=object)]
    for layer in extents:
        shapes = np.asarray(layer.frame.geometry.array, dtype=object)
        if not len(shapes) or are_lines(layer) != lines or not (lines or layer.ground == "land"):
            continue
        if to_crs(layer.frame, crs, where=layer.source) is not layer.frame:
            raise CrsError(f"{layer.source}: the layer is in {layer.frame.crs}, the places in {crs}")
        found.append(shapely.get_parts(shapes))
    return np.concatenate(found)


def _inside(polygons: Shapes) -> tuple[Floats, Floats]:
    """Return the points of the lattice on farmland, each once, and the km² that each stands for."""
    shapely.prepare(polygons)
    box = shapely.bounds(polygons).reshape(-1, 4) / LATTICE_M - 0.5
    low, high = np.ceil(box[:, :2]).astype(np.int64), np.floor(box[:, 2:]).astype(np.int64)
    size = np.maximum(0, high - low + 1)
    count = size.prod(axis=1)
    found = [np.empty((0, 2), dtype=np.int64)]
    part = (np.cumsum(count) - count) // CHUNK
    for number in np.unique(part):
        chosen = np.flatnonzero((part == number) & (count > 0))
        owner = np.repeat(chosen, count[chosen])
        step = np.arange(len(owner)) - np.repeat(np.cumsum(count[chosen]) - count[chosen], count[chosen])
        cell = low[owner] + np.column_stack(np.divmod(step, size[owner, 1]))
        xy = _middles(cell)
        found.append(cell[shapely.intersects_xy(polygons[owner], xy[:, 0], xy[:, 1])])
    cells = np.unique(np.concatenate(found), axis=0)
    return _middles(cells), np.full(len(cells), LATTICE_M**2 / 1e6)


def _middles(cells: Ints) -> Floats:
    return np.asarray((cells + 0.5) * LATTICE_M, dtype=np.float64)


def _along(lines: Shapes) -> tuple[Floats, Floats]:
    """Return the middles of the equal pieces of each line, each once, and the km of each."""
    length = shapely.length(lines)
    pieces = np.ceil(length / PIECE_M).astype(np.int64)
    owner = np.repeat(np.arange(len(lines)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    middle = shapely.line_interpolate_point(lines[owner], (number + 0.5) / pieces[owner], normalized=True)
    xy = np.round(shapely.get_coordinates(middle), 1)
    km = (length / 1e3)[owner] / pieces[owner]
    order = np.lexsort((-km, xy[:, 1], xy[:, 0]))
    xy, km = xy[order], km[order]
    first = (np.diff(xy, axis=0, prepend=np.inf) != 0).any(axis=1)
    return xy[first], km[first]


def _homes(points: Shapes, municipalities: gpd.GeoDataFrame) -> Ints:
    """Return the position of the municipality of each point, on a border the first by code; -1 outside all."""
    shapes = np.asarray(municipalities.geometry.array, dtype=object)
    rank = np.argsort(np.argsort(municipalities["municipality_code"].to_numpy(dtype=object), kind="stable"))
    point, home = shapely.STRtree(shapes).query(points, predicate="intersects")
    order = np.argsort(-rank[home], kind="stable")  # written from the last to the first, so that the first stands
    found = np.full(len(points), -1, dtype=np.int64)
    found[point[order]] = home[order]
    return found
