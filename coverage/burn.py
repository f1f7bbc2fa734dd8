"""Burn polygons to a grid once: which cells lie wholly inside, and which edges pass through the others.

Everything that decides is a comparison of the original coordinates, or errs on the safe side by `MARGIN` of a cell,
which is far above the rounding of the grid's arithmetic (`fit_grid` sees to it). So a cell said to be inside is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

MARGIN: Final = 1e-6  # of a cell: what is nearer to a cell than this counts as in it
REFERENCE: Final = 0.4142135623730951  # where in a cell its reference point lies, in both directions
MAX_CELLS: Final = 1 << 22
MIN_CELLS: Final = 1 << 16
CELLS_PER_VERTEX: Final = 4
# The sign of an orientation is certain above this share of its two products (Shewchuk 1997: 3.4e-16).
SAFE: Final = 1e-15
CHUNK: Final = 1 << 16  # vertices burnt at once


@dataclass(frozen=True)
class Grid:
    """Hold a grid of square cells that covers all polygons with a cell to spare."""

    x0: float
    y0: float
    size: float
    columns: int
    rows: int

    @property
    def cells(self) -> int:
        """Return the number of cells."""
        return self.columns * self.rows


@dataclass(frozen=True)
class Burnt:
    """Hold the cells of polygons: those on a border one by one, those inside as runs along a row.

    `edge` holds, per border cell, the edges that touch it: `edge[first[k]:first[k + 1]]`, each the number of its first
    vertex in `xy`. `inside` says whether the cell's reference point is in the polygon; where `unsure`, it lies too
    near an edge to tell.
    """

    xy: Floats  # vertices × 2, as given
    polygon: Ids
    cell: Ids
    inside: Bools
    unsure: Bools
    first: Longs
    edge: Ids
    run_polygon: Ids
    run_cell: Ids
    run_length: Ids


def fit_grid(polygons: npt.NDArray[np.object_], *, cells: int | None = None) -> Grid | None:
    """Choose a grid for polygons (none empty): fine where there are many vertices, never above `MAX_CELLS` or so.

    The cells under the polygons' bounding boxes, one by one, are kept under twice that number, however they overlap.
    None where the polygons have no extent.
    """
    if not len(polygons):
        return None
    boxes = shapely.bounds(polygons)
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    width, height = float(east - west), float(north - south)
    if not max(width, height) > 0:
        return None
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    wanted = cells or min(MAX_CELLS, max(MIN_CELLS, CELLS_PER_VERTEX * vertices))
    covered = float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
    size = max(
        np.sqrt(width * height / wanted),
        np.sqrt(covered / (2 * wanted)),
        max(width, height) / wanted,
        float(np.abs(boxes).max()) * 2.0**-52 * 128 / MARGIN,  # else rounding would come near the margin
    )
    x0, y0 = float(west) - size, float(south) - size
    return Grid(x0, y0, size, int((east - x0) / size) + 2, int((north - y0) / size) + 2)


def burn(polygons: npt.NDArray[np.object_], grid: Grid) -> Burnt:
    """Burn polygons and multi-polygons (none empty), a few at a time.

    Valid ones, and invalid ones of a single ring, are burnt as GEOS sees them: by the parity of crossings.
    """
    counts = shapely.get_num_coordinates(polygons)
    xy = np.empty((int(counts.sum()), 2))
    parts: list[_Part] = []
    base = 0
    for start, stop in _chunks(counts):
        coordinates, ring_end, owner = _rings(polygons[start:stop])
        xy[base : base + len(coordinates)] = coordinates
        parts.append(_burn(coordinates, ring_end, (owner + start).astype(np.int32), grid, base))
        base += len(coordinates)

    def joined(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    return Burnt(
        xy=xy,
        polygon=joined("polygon"),
        cell=joined("cell"),
        inside=joined("inside"),
        unsure=joined("unsure"),
        first=np.concatenate([[0], np.cumsum(joined("edges"), dtype=np.int64)]),
        edge=joined("edge"),
        run_polygon=joined("run_polygon"),
        run_cell=joined("run_cell"),
        run_length=joined("run_length"),
    )


def spread(counts: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Repeat every position `counts` times: the positions, and the number of each repetition."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def orient(x1: Array, y1: Array, x2: Array, y2: Array, x: Array, y: Array) -> tuple[Bools, Bools]:
    """Say on which side of edges points lie (left of the way from 1 to 2), and where that is uncertain."""
    one, two = (x2 - x1) * (y - y1), (y2 - y1) * (x - x1)
    return one > two, np.abs(one - two) <= SAFE * (np.abs(one) + np.abs(two))


@dataclass(frozen=True)
class _Part:
    polygon: Ids
    cell: Ids
    inside: Bools
    unsure: Bools
    edges: Longs
    edge: Ids
    run_polygon: Ids
    run_cell: Ids
    run_length: Ids


def _chunks(counts: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        yield start, stop
        start = stop


def _rings(polygons: npt.NDArray[np.object_]) -> tuple[Floats, npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the vertices, the end of every ring among them, and the polygon of every vertex."""
    _, xy, offsets = shapely.to_ragged_array(polygons, include_z=False)
    to_vertex, *levels = offsets
    ends = to_vertex
    for level in levels:
        ends = ends[level]
    return xy, to_vertex[1:], np.repeat(np.arange(len(polygons)), np.diff(ends))


def _burn(xy: Floats, ring_end: npt.NDArray[Any], owner: Ids, grid: Grid, base: int) -> _Part:
    is_edge = np.ones(len(xy), dtype=bool)
    is_edge[ring_end - 1] = False
    edge = np.flatnonzero(is_edge)
    x, y = xy[:, 0], xy[:, 1]
    at, row, column, crossing = _touched(x, y, edge, grid)
    cell = row * grid.columns + column
    edge = edge[at]
    key = owner[edge].astype(np.int64) * grid.cells + cell
    order = np.argsort(key, kind="stable")
    key, edge, cell, crossing = key[order], edge[order], cell[order], crossing[order]
    start = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))

    xr = grid.x0 + (cell % grid.columns + REFERENCE) * grid.size
    yr = grid.y0 + (cell // grid.columns + REFERENCE) * grid.size
    left, near = orient(x[edge], y[edge], x[edge + 1], y[edge + 1], xr, yr)
    # An upward edge with the reference point on its right is crossed before it on the way from the west.
    before = crossing & (left != (y[edge + 1] > y[edge]))
    crossings = np.add.reduceat(crossing.astype(np.int64), start)
    passed = np.cumsum(crossings)  # rings cross a row an even number of times: the parity starts anew by itself
    polygon, cell = owner[edge[start]], cell[start]
    odd = (passed & 1).astype(bool)
    row = cell // grid.columns
    gap = cell[1:] - cell[:-1] - 1
    run = np.flatnonzero(odd[:-1] & (polygon[1:] == polygon[:-1]) & (row[1:] == row[:-1]) & (gap > 0))
    return _Part(
        polygon=polygon,
        cell=cell.astype(np.int32),
        inside=((passed - crossings + np.add.reduceat(before.astype(np.int64), start)) & 1).astype(bool),
        unsure=np.logical_or.reduceat(near, start),
        edges=np.diff(np.append(start, len(edge))),
        edge=(edge + base).astype(np.int32),
        run_polygon=polygon[run],
        run_cell=(cell[run] + 1).astype(np.int32),
        run_length=gap[run].astype(np.int32),
    )


def _touched(x: Floats, y: Floats, edge: npt.NDArray[np.intp], grid: Grid) -> tuple[Any, Any, Any, Bools]:
    """Pair edges with every cell they come near.

    Returns positions in `edge`, rows, columns, and whether the edge crosses the row's line of reference points there;
    each crossing is told in one cell.
    """
    gx, gy = (x - grid.x0) / grid.size, (y - grid.y0) / grid.size
    low, high = np.minimum(gy[edge], gy[edge + 1]), np.maximum(gy[edge], gy[edge + 1])
    first = np.floor(low - MARGIN).astype(np.int64)
    at, step = spread(np.floor(high + MARGIN).astype(np.int64) - first + 1)
    row = first[at] + step
    here = edge[at]
    x1, y1, x2 = gx[here], gy[here], gx[here + 1]
    rise = gy[here + 1] - y1
    level = rise == 0
    slope = (x2 - x1) / np.where(level, 1.0, rise)
    least, most = np.minimum(x1, x2), np.maximum(x1, x2)
    # The part of the edge in the row, widened by the margin; where it is level, all of it.
    bottom = np.clip(x1 + (np.maximum(low[at], row - MARGIN) - y1) * slope, least, most)
    top = np.clip(x1 + (np.minimum(high[at], row + 1 + MARGIN) - y1) * slope, least, most)
    west = np.where(level, least, np.minimum(bottom, top))
    east = np.where(level, most, np.maximum(bottom, top))
    left = np.floor(west - MARGIN).astype(np.int64)
    right = np.floor(east + MARGIN).astype(np.int64)
    line = grid.y0 + (row + REFERENCE) * grid.size
    crosses = (y[here] > line) != (y[here + 1] > line)
    meeting = np.clip(np.floor(x1 + (row + REFERENCE - y1) * slope), left, right).astype(np.int64)
    which, shift = spread(right - left + 1)
    column = left[which] + shift
    return at[which], row[which], column, crosses[which] & (column == meeting[which])
