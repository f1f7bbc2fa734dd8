"""Positions told by the cell of a grid: who reads them knows a home to 250 m and no nearer.

The grid is that of the study's CRS: its lines are whole multiples of CELL_M metres, and a cell is named by how many
multiples its lower left corner lies from the origin.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

CELL_M: Final = 250.0  # the cell in which Statistics Norway publishes where people live

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def cells_of(points: gpd.GeoSeries) -> Ints:
    """Return column and row of the cell that holds each point, n × 2."""
    xy = np.column_stack([points.x.to_numpy(), points.y.to_numpy()])
    return np.floor(xy / CELL_M).astype(np.int64)


def at_centres(points: gpd.GeoSeries, where: Bools) -> gpd.GeoSeries:
    """Return the points, those of `where` at the centre of their cell."""
    moved = np.asarray(points.array, dtype=object).copy()
    centres = (cells_of(points[where]) + 0.5) * CELL_M
    moved[where] = shapely.points(centres)
    return gpd.GeoSeries(moved, index=points.index, crs=points.crs)


def cell_ids(places: gpd.GeoDataFrame, where: Bools, *, by: list[str]) -> pd.Series:
    """Return `place_id`, of the rows of `where` one that says no more than the cell: `cell-<column>-<row>-<number>`.

    Numbers follow the columns `by`, which everybody may see, so that the order of the register does not show.
    """
    mine = places[where]
    cell = cells_of(mine.geometry)
    table = pd.DataFrame({name: mine[name].array for name in by}).assign(_x=cell[:, 0], _y=cell[:, 1])
    ordered = table.sort_values(["_x", "_y", *by], kind="stable")
    number = (ordered.groupby(["_x", "_y"]).cumcount() + 1).sort_index()
    ids = places["place_id"].to_numpy(dtype=object, copy=True)
    ids[where] = [f"cell-{x}-{y}-{n}" for x, y, n in zip(table["_x"], table["_y"], number, strict=True)]
    return pd.Series(pd.array(ids, dtype="str"), index=places.index)


def in_cells(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, by: str) -> gpd.GeoDataFrame:
    """Return the areas drawn as the cells that their places are in; `by` names a place's area. Others stay as drawn.

    An area's own outline runs around its premises, and of a single one its middle would be the house.
    """
    mine = places[places[by].notna()] if by in places else places.iloc[:0]
    cell = cells_of(mine.geometry)
    table = pd.DataFrame({"area_id": mine[by].array if by in mine else [], "x": cell[:, 0], "y": cell[:, 1]})
    table = table.drop_duplicates()
    corner = table[["x", "y"]].to_numpy(dtype=float) * CELL_M
    boxes = shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + CELL_M, corner[:, 1] + CELL_M)
    drawn = {area: shapely.union_all(boxes[rows]) for area, rows in table.groupby("area_id").indices.items()}
    shapes: list[Any] = [
        drawn.get(area, shape) for area, shape in zip(areas["area_id"], areas.geometry.array, strict=True)
    ]
    return areas.set_geometry(gpd.GeoSeries(shapes, index=areas.index, crs=areas.crs))


def along_cells(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the routes drawn from centre to centre of the cells that they pass: their ends are houses."""
    lines = np.asarray(routes.geometry.array, dtype=object)
    moved = shapely.remove_repeated_points(shapely.transform(lines, lambda xy: (np.floor(xy / CELL_M) + 0.5) * CELL_M))
    parts, owner = shapely.get_parts(moved, return_index=True)
    kept = shapely.length(parts) > 0
    shapes = np.full(len(routes), shapely.MultiLineString(), dtype=object)
    if kept.any():
        rows = np.unique(owner[kept])
        shapes[rows] = shapely.multilinestrings(parts[kept], indices=np.searchsorted(rows, owner[kept]))
    return routes.set_geometry(gpd.GeoSeries(shapes, index=routes.index, crs=routes.crs))
