"""Find the polygons that points lie in: exactly, fast, and again and again on an index that is built once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from coverage.burn import REFERENCE, Burnt, Floats, Grid, Ids, burn, fit_grid, orient, spread

Ints = npt.NDArray[np.intp]
Pairs = tuple[Ints, Ints]
Shapes = npt.NDArray[np.object_]

BLOCK: Final = 1 << 16  # points looked up at once
TESTS: Final = 1 << 16  # pairs of a point and an edge held at once
FEW: Final = 8  # points for which a polygon is not prepared


def pair(points: Shapes, polygons: Shapes) -> Pairs:
    """Pair points with polygons, once: on an index where building it pays, else one by one.

    The same pairs as those of ``PolygonIndex.query``, in the same order.
    """
    vertices = int(shapely.get_num_coordinates(polygons).sum())
    # In seconds: what asking one by one costs more than a look-up, and what it costs to build an index.
    if len(points) * (2e-7 + 5e-9 * vertices / max(1, len(polygons))) > 0.01 + 4e-7 * vertices:
        return PolygonIndex(polygons).query(points)
    place, polygon = _ask_all(points, polygons)
    order = np.lexsort((polygon, place))
    return place[order], polygon[order]


class PolygonIndex:
    """Hold polygons burnt to a grid, to be asked for the points in them.

    ``query`` returns exactly the pairs of ``geopandas.sjoin(predicate="intersects")``. A cell wholly inside a polygon
    answers by a look-up. In a cell on a border, the parity of the edges between the point and the cell's
    reference point decides; where rounding leaves a doubt (a point on an edge, say), GEOS decides on the original.
    """

    def __init__(self, polygons: Shapes, *, cells: int | None = None) -> None:
        self.polygons = np.asarray(polygons, dtype=object)
        self._burnable = _burnable(self.polygons)
        given = ~(shapely.is_missing(self.polygons) | shapely.is_empty(self.polygons))
        self._others = np.flatnonzero(given & ~self._burnable)
        self._numbers = np.flatnonzero(self._burnable).astype(np.int32)
        chosen = self.polygons[self._burnable]
        self._grid = fit_grid(chosen, cells=cells)
        if self._grid is None:
            self._others = np.flatnonzero(given)
        else:
            self._burnt = burn(chosen, self._grid)
            self._code, self._start, self._member, self._border = _contents(self._burnt, self._grid, len(chosen))

    def query(self, points: Shapes) -> Pairs:
        """Pair points with the polygons they intersect: positions of both, sorted by point, then polygon.

        Missing and empty points are in no polygon.
        """
        found = [(np.empty(0, np.intp), np.empty(0, np.intp))]
        if self._grid is not None:
            found += [self._block(points, start, self._grid) for start in range(0, len(points), BLOCK)]
        if len(self._others):
            place, other = _ask_all(points, self.polygons[self._others])
            found.append((place, self._others[other]))
        place = np.concatenate([pair[0] for pair in found])
        polygon = np.concatenate([pair[1] for pair in found])
        if not len(self._others):
            return place, polygon
        order = np.lexsort((polygon, place))
        return place[order], polygon[order]

    def _block(self, points: Shapes, start: int, grid: Grid) -> Pairs:
        block = points[start : start + BLOCK]
        empty = shapely.is_empty(block)
        if empty.any():
            block = block.copy()
            block[empty] = None
        x, y = shapely.get_x(block), shapely.get_y(block)
        column, row = (x - grid.x0) / grid.size, (y - grid.y0) / grid.size
        within = (column >= 0) & (row >= 0) & (column < grid.columns) & (row < grid.rows)  # false for NaN
        point = np.flatnonzero(within)
        cell = row[point].astype(np.int64) * grid.columns + column[point].astype(np.int64)
        code = self._code[cell]
        alone = (code > 0) & (code <= len(self._numbers))
        listed = code > len(self._numbers)
        many, cell = point[listed], cell[listed]
        number = code[listed] - len(self._numbers) - 1
        owner, step = spread(self._start[number + 1] - self._start[number])
        entry = self._start[number][owner] + step
        candidate, polygon, border = many[owner], self._member[entry], self._border[entry]
        kept = border < 0
        tested = np.flatnonzero(~kept)
        kept[tested] = self._decide(block, x, y, candidate[tested], border[tested], grid)
        place = np.concatenate([point[alone], candidate[kept]])
        polygon = np.concatenate([code[alone] - 1, polygon[kept]])
        order = np.argsort(place, kind="stable")
        return place[order] + start, self._numbers[polygon[order]].astype(np.intp)

    def _decide(self, block: Shapes, x: Floats, y: Floats, point: Ints, border: Ids, grid: Grid) -> Any:
        """Say for points in border cells whether they are in that cell's polygon."""
        burnt = self._burnt
        answer = burnt.inside[border]
        doubt = burnt.unsure[border]
        first = burnt.first[border]
        counts = burnt.first[border + 1] - first
        ends = np.cumsum(counts)
        begin = 0
        while begin < len(border):
            done = int(ends[begin - 1]) if begin else 0
            stop = max(begin + 1, int(np.searchsorted(ends, done + TESTS, side="right")))
            part = slice(begin, stop)
            owner, step = spread(counts[part])
            edge = burnt.edge[first[part][owner] + step]
            odd, near = self._passed(edge, owner, x[point[part]], y[point[part]], burnt.cell[border[part]], grid)
            starts = ends[part] - counts[part] - done
            answer[part] ^= np.logical_xor.reduceat(odd, starts)
            doubt[part] |= np.logical_or.reduceat(near, starts)
            begin = stop
        unclear = np.flatnonzero(doubt)
        polygon = self._numbers[burnt.polygon[border[unclear]]]
        answer[unclear] = _exact(self.polygons, polygon, block[point[unclear]])
        return answer

    def _passed(self, edge: Ids, owner: Ints, px: Floats, py: Floats, cell: Ids, grid: Grid) -> tuple[Any, Any]:
        """Say whether edges are passed between points and their cells' reference points, and where that is uncertain.

        The way goes level to the column of the reference points, then upright along it. An edge with one end on the
        line itself counts as above it (or to the right of it): both ways see the corner between them alike, unless
        it lies on an edge, and that is uncertain.
        """
        xr = (grid.x0 + (cell % grid.columns + REFERENCE) * grid.size)[owner]
        yr = (grid.y0 + (cell // grid.columns + REFERENCE) * grid.size)[owner]
        px, py = px[owner], py[owner]
        (x1, y1), (x2, y2) = self._burnt.xy[edge].T, self._burnt.xy[edge + 1].T
        at_point, near_point = orient(x1, y1, x2, y2, px, py)
        at_corner, near_corner = orient(x1, y1, x2, y2, xr, py)
        at_reference, _ = orient(x1, y1, x2, y2, xr, yr)
        level = ((y1 > py) != (y2 > py)) & (at_point != at_corner)
        upright = ((x1 > xr) != (x2 > xr)) & (at_corner != at_reference)
        return level ^ upright, near_point | near_corner


def _ask_all(points: Shapes, shapes: Shapes) -> Pairs:
    """Ask GEOS about every point in a shape's box, as ``sjoin`` does.

    With the polygons prepared it would be faster, and see the overlap of an invalid multi-polygon otherwise.
    """
    place, other = shapely.STRtree(shapes).query(points, predicate="intersects")
    return place, other


def _burnable(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Choose the polygons whose inside is a matter of parity: valid ones, and those of one ring."""
    kinds = shapely.get_type_id(shapes)
    areal = np.isin(kinds, (3, 6)) & ~shapely.is_empty(shapes)
    areal &= np.isfinite(shapely.bounds(shapes)).all(axis=1)
    rings = np.zeros(len(shapes), dtype=np.int64)
    rings[areal] = _count_rings(shapes[areal])
    compound = np.flatnonzero(rings > 1)
    areal[compound] = shapely.is_valid(shapes[compound])
    return np.asarray(areal)


def _count_rings(polygons: Shapes) -> npt.NDArray[np.int64]:
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings = 1 + shapely.get_num_interior_rings(parts)
    return np.bincount(owner, weights=rings, minlength=len(polygons)).astype(np.int64)


def _contents(burnt: Burnt, grid: Grid, polygons: int) -> tuple[Ids, Any, Ids, Ids]:
    """Say what each cell holds: 0 nothing, k + 1 wholly inside polygon k alone, else a list.

    List n of code `polygons + 1 + n` is `member[start[n]:start[n + 1]]`, polygons in rising order; `border` is the
    number of the border cell in `burnt`, -1 where the cell is wholly inside.
    """
    ends = burnt.run_cell + burnt.run_length
    cover = _cumulated(burnt.run_cell, ends, None, grid.cells)
    busy = cover > 1
    busy[burnt.cell] = True
    code = _cumulated(burnt.run_cell, ends, burnt.run_polygon + 1, grid.cells)  # right where one run covers the cell
    code[busy] = 0
    cells, members, borders = [burnt.cell], [burnt.polygon], [np.arange(len(burnt.cell), dtype=np.int32)]
    for begin in range(0, len(burnt.run_cell), BLOCK):
        part = slice(begin, begin + BLOCK)
        owner, step = spread(burnt.run_length[part])
        cell = burnt.run_cell[part][owner] + step.astype(np.int32)
        kept = busy[cell]
        cells.append(cell[kept])
        members.append(burnt.run_polygon[part][owner[kept]])
        borders.append(np.full(len(cells[-1]), -1, dtype=np.int32))
    cell, member, border = np.concatenate(cells), np.concatenate(members), np.concatenate(borders)
    order = np.lexsort((member, cell))
    cell = cell[order]
    start = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]])) if len(cell) else np.empty(0, np.intp)
    code[cell[start]] = polygons + 1 + np.arange(len(start), dtype=np.int32)
    return code, np.append(start, len(cell)), member[order], border[order]


def _cumulated(first: Ids, end: Ids, weight: Ids | None, cells: int) -> Ids:
    """Sum the weights (or numbers) of the runs over every cell; a sum above 2³¹ wraps, and so does its end."""
    change = np.zeros(cells + 1, dtype=np.int32)
    np.add.at(change, first, 1 if weight is None else weight)
    np.subtract.at(change, end, 1 if weight is None else weight)
    return np.cumsum(change, dtype=np.int32, out=change)[:cells]


def _exact(polygons: Shapes, number: Ids, points: Shapes) -> npt.NDArray[np.bool_]:
    """Ask GEOS, one polygon at a time: prepared, with all its points, and let go again."""
    answer = np.zeros(len(number), dtype=bool)
    order = np.argsort(number, kind="stable")
    for chosen in np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if len(order) else []:
        polygon = polygons[number[chosen[0]]]
        ready = bool(shapely.is_prepared(polygon)) or len(chosen) < FEW
        if not ready:
            shapely.prepare(polygon)
        answer[chosen] = shapely.intersects(polygon, points[chosen])
        if not ready:
            shapely.destroy_prepared(polygon)
    return answer
