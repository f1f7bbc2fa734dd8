"""Road lines become a graph: nodes at ends and shared vertices, edges that keep the line between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from coverage.crs import require_metric
from coverage.errors import DataError

ROAD: Final = 0
FERRY: Final = 1  # a cable in the sea, not a trench
SPUR: Final = 2  # from a network's own point to the road
ACCESS: Final = 3  # assumed: the way to grid cells off the road
PRIVATE: Final = 4  # a road whose owner must be asked
BESIDE: Final = (ROAD, PRIVATE)  # kinds that places lie along
# A way that is not in the data is so many times as long as the straight line. An assumption.
DETOUR: Final = 1.3

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int32] | Ints  # of nodes or edges


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Hold nodes and undirected edges, each edge with its polyline, in metres of the roads' CRS.

    `xy` (n, 2); `u`, `v`, `length_m`, `kind` (ROAD, FERRY, SPUR, ACCESS, PRIVATE) one per edge; the polyline of edge i
    runs from u[i] to v[i] in `line_xy[start[i]:start[i + 1]]`. Lengths are whole millimetres and never zero.
    """

    xy: Floats
    u: Ints
    v: Ints
    length_m: Floats
    kind: Ints
    start: Ints
    line_xy: Floats
    crs: Any

    @property
    def nodes(self) -> int:
        """Count the nodes."""
        return len(self.xy)

    @property
    def edges(self) -> int:
        """Count the edges."""
        return len(self.u)

    @cached_property
    def _entries(self) -> tuple[Ints, Ints, Floats, Ints]:
        # Both directions of every edge, of parallel edges the shortest alone, in row order; loops left out.
        edge = np.tile(np.flatnonzero(self.u != self.v), 2)
        half = len(edge) // 2
        row = np.concatenate([self.u[edge[:half]], self.v[edge[half:]]])
        column = np.concatenate([self.v[edge[:half]], self.u[edge[half:]]])
        order = np.lexsort((edge, self.length_m[edge], column, row))
        row, column, edge = row[order], column[order], edge[order]
        first = np.ones(len(row), dtype=bool)
        first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        row, column, edge = row[first], column[first], edge[first]
        return row, column, self.length_m[edge], edge

    @cached_property
    def matrix(self) -> csr_matrix:
        """Return the symmetric sparse matrix of lengths; of parallel edges the shortest counts."""
        row, column, length, _ = self._entries
        pointer = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=self.nodes))])
        return csr_matrix((length, column.astype(np.int32), pointer.astype(np.int32)), shape=(self.nodes, self.nodes))

    @cached_property
    def pairs(self) -> tuple[Positions, Positions, Floats, Ints]:
        """Return each pair of neighbours once: its lower and upper node, the length and the shortest edge between."""
        row, column, length, edge = self._entries
        once = np.flatnonzero(row < column)
        return row[once].astype(np.int32), column[once].astype(np.int32), length[once], edge[once]

    @cached_property
    def _keys(self) -> Ints:
        row, column, _, _ = self._entries
        return row * self.nodes + column

    def edge_between(self, a: Ints, b: Ints) -> Ints:
        """Return the shortest edge between each pair of neighbours."""
        found: Ints = self._entries[3][np.searchsorted(self._keys, a * self.nodes + b)]
        return found

    def lines(self, edges: Ints | None = None) -> npt.NDArray[np.object_]:
        """Return the polylines of the given edges (all of them by default) as shapely LineStrings."""
        if edges is None:
            part, size = self.line_xy, np.diff(self.start)
        else:
            size = np.diff(self.start)[edges]
            part = self.line_xy[ranges(self.start[edges], size)]
        if not len(size):
            return np.empty(0, dtype=object)
        return np.asarray(shapely.linestrings(part, indices=np.repeat(np.arange(len(size)), size)))

    @cached_property
    def beside(self) -> tuple[Ints, shapely.STRtree]:
        """Return the edges that places lie along (BESIDE), and a tree of their polylines in the same order."""
        edges = np.flatnonzero(np.isin(self.kind, BESIDE)).astype(np.int64)
        return edges, shapely.STRtree(self.lines(edges))

    @cached_property
    def component(self) -> Ints:
        """Return the number of the connected part each node belongs to."""
        labels: Ints = connected_components(self.matrix, directed=False)[1].astype(np.int64)
        return labels

    @cached_property
    def diagonal_m(self) -> float:
        """Return the diagonal of the box around all nodes."""
        return float(np.hypot(*(self.xy.max(axis=0) - self.xy.min(axis=0))))

    def take(self, edges: Ints) -> RoadGraph:
        """Return the graph with these edges only, in this order; the nodes stay."""
        size = np.diff(self.start)[edges]
        return replace(
            self,
            u=self.u[edges],
            v=self.v[edges],
            length_m=self.length_m[edges],
            kind=self.kind[edges],
            start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            line_xy=self.line_xy[ranges(self.start[edges], size)],
        )


def build_graph(roads: gpd.GeoDataFrame, *, tolerance_m: float = 1.0) -> RoadGraph:
    """Turn road lines into a graph.

    A node stands at every line end, at every vertex that lies in two lines, and where an end touches another
    line between its vertices, all within `tolerance_m`. Lines that cross without a shared vertex are not joined:
    that is how bridges and tunnels are drawn. Columns `ferry` and `private` (bool), if there, mark ferry links
    and private roads. The order of
    the rows does not matter. Raises DataError if the layer holds anything but lines, or none; CrsError if it is
    not in metres.
    """
    lines, kind = _read_lines(require_metric(roads, where="roads"))
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    xy, owner = np.round(xy, 3), owner.astype(np.int64)
    keep = np.ones(len(owner), dtype=bool)
    keep[1:] = (owner[1:] != owner[:-1]) | (xy[1:] != xy[:-1]).any(axis=1)
    keep &= np.bincount(owner[keep], minlength=len(lines))[owner] > 1  # lines of no length
    xy, owner = xy[keep], owner[keep]
    if not len(owner):
        raise DataError("roads: the layer holds no line; expected at least one LineString to dig along")

    points, point = unique_rows(xy)
    fresh = np.append(True, owner[1:] != owner[:-1])
    is_end = np.zeros(len(points), dtype=bool)
    is_end[point[fresh | np.append(fresh[1:], True)]] = True
    leader, is_node = _snap(points, point, owner, is_end, tolerance_m)

    # Ends that touch another line between two of its vertices become vertices of that line.
    row_of_line, run = owner[fresh], np.cumsum(fresh) - 1
    lines = np.asarray(shapely.linestrings(xy, indices=run))
    ends = distinct(leader[is_end])
    at, line = shapely.STRtree(lines).query(shapely.points(points[ends]), predicate="dwithin", distance=tolerance_m)
    known = distinct(owner * len(points) + leader[point])
    new = ~is_among(row_of_line[line] * len(points) + ends[at], known)
    at, line = ends[at[new]], line[new]
    position = np.append(positions(xy, owner), shapely.line_locate_point(lines[line], shapely.points(points[at])))
    node = np.append(np.where(is_node[leader[point]], leader[point], -1), at)
    owner = np.append(owner, row_of_line[line])
    order = np.lexsort((position, owner))
    node, owner = node[order], owner[order]
    xy = np.where(node[:, None] >= 0, points[node], np.append(xy, points[at], axis=0)[order])

    graph, source = break_at_nodes(owner, xy, node, points, crs=roads.crs)
    graph = replace(graph, kind=kind[source])
    low, high = np.minimum(graph.u, graph.v), np.maximum(graph.u, graph.v)
    order = np.lexsort((graph.kind, graph.length_m, high, low))
    graph = graph.take(order[(low != high)[order] | (graph.length_m > 2 * tolerance_m)[order]])
    used = distinct(np.concatenate([graph.u, graph.v]))
    renumbered = np.zeros(len(points), dtype=np.int64)
    renumbered[used] = np.arange(len(used))
    return replace(graph, xy=points[used], u=renumbered[graph.u], v=renumbered[graph.v])


def remarks(graph: RoadGraph) -> tuple[str, ...]:
    """Say in a sentence that parts of the roads do not hang together, where that is so."""
    part_m = np.bincount(graph.component[graph.u], graph.length_m)
    if len(part_m) == 1:
        return ()
    return (
        f"roads: {len(part_m):,} parts do not hang together; the largest has {part_m.max() / part_m.sum():.1%} of "
        f"{part_m.sum() / 1000:,.0f} km, and from a part without a network the route is a straight link",
    )


def break_at_nodes(owner: Ints, xy: Floats, node: Ints, points: Floats, *, crs: Any) -> tuple[RoadGraph, Ints]:
    """Cut polylines at their nodes.

    Vertices come ordered along each `owner`; `node` is the index into `points` or -1 for a mere bend. Returns the
    graph (all of kind ROAD) and the owner of each edge.
    """
    stops = np.flatnonzero(node >= 0)
    a, b = stops[:-1], stops[1:]
    same = owner[a] == owner[b]
    a, b = a[same], b[same]
    size = b - a + 1
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    line_xy = xy[ranges(a, size)]
    step = np.append(np.hypot(*np.diff(line_xy, axis=0).T), 0.0)
    step[start[1:] - 1] = 0.0
    length = np.maximum(np.round(np.add.reduceat(step, start[:-1]), 3), 0.001) if len(a) else np.empty(0)
    kind = np.zeros(len(a), dtype=np.int64)
    return RoadGraph(points, node[a], node[b], length, kind, start, line_xy, crs), owner[a]


def _read_lines(roads: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.object_], Ints]:
    geometry = np.asarray(roads.geometry.array, dtype=object)
    parts, row = shapely.get_parts(geometry, return_index=True)
    wrong = ~np.isin(shapely.get_type_id(parts), [1, 2])
    if wrong.any():
        at = int(row[wrong][0])
        raise DataError(f"roads: row {at + 1} is a {geometry[at].geom_type}; expected LineString or MultiLineString")
    parts, row = parts[~shapely.is_empty(parts)], row[~shapely.is_empty(parts)]
    kind = np.full(len(roads), ROAD, dtype=np.int64)
    for name, code in (("private", PRIVATE), ("ferry", FERRY)):
        if name in roads:
            kind[roads[name].to_numpy(dtype=bool)] = code
    return shapely.force_2d(parts), kind[row]


def _snap(points: Floats, point: Ints, owner: Ints, is_end: Bools, tolerance_m: float) -> tuple[Ints, Bools]:
    """Give every distinct point the point it is merged into, and say which are nodes.

    The first of a crowd (by x, then y) takes in all others within the tolerance, so that no chain of close
    vertices collapses into one far node.
    """
    visits = np.bincount(point, minlength=len(points))
    only = np.full(len(points), -1, dtype=np.int64)
    only[point] = owner
    shared = visits > 1
    only[shared] = -1 - np.flatnonzero(shared)
    pairs = cKDTree(points).query_pairs(tolerance_m, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    near = (is_end[i] & is_end[j]) | (only[i] != only[j])
    pairs = pairs[near]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    leader = np.arange(len(points))
    for first, second in pairs.tolist():
        if leader[first] == first and leader[second] == second:
            leader[second] = first
    is_node = is_end | shared
    merged = np.flatnonzero(leader != np.arange(len(points)))
    is_node[merged] = True
    is_node[leader[merged]] = True
    is_node[leader[is_node]] = True
    return leader, is_node


def positions(xy: Floats, owner: Ints) -> Floats:
    """Return the distance of every vertex from the start of its line."""
    step = np.concatenate([[0.0], np.hypot(*np.diff(xy, axis=0).T)])
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    step[first] = 0.0
    total = np.cumsum(step)
    run = np.cumsum(first) - 1
    along: Floats = total - total[first][run]
    return along


def unique_rows(xy: Floats) -> tuple[Floats, Ints]:
    """Return the distinct rows of (n, 2), sorted by x, then y, and the position of each given row among them."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    ordered = xy[order]
    fresh = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    inverse = np.empty(len(xy), dtype=np.int64)
    inverse[order] = np.cumsum(fresh) - 1
    return ordered[fresh], inverse


def ranges(start: Ints, size: Ints) -> Ints:
    """Return start[0], start[0]+1, … for each of the ranges, end to end."""
    before = np.cumsum(size) - size
    filled: Ints = np.arange(int(size.sum())) + np.repeat(start - before, size)
    return filled


def add_up(values: Floats, *, by: Ints, size: int) -> Floats:
    """Return the sums of values in the groups 0 … size - 1."""
    return np.bincount(by, values, minlength=size).astype(np.float64)


def distinct(keys: Ints) -> Ints:
    """Return the distinct values, sorted: on millions of keys several times faster than numpy.unique."""
    ordered = np.sort(keys)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
    return np.asarray(ordered[first], dtype=np.int64)


def is_among(keys: Ints, known: Ints) -> Bools:
    """Say which keys are among the known ones, which are sorted: on millions several times faster than numpy.isin."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[at] == keys)
