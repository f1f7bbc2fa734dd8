"""Points on the road graph: find them on the nearest edge, cut the edge there, add straight edges of our own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely

from coverage.roads.graph import Floats, Ints, RoadGraph, break_at_nodes, distinct, positions

Shapes = npt.NDArray[np.object_]


def nearest(tree: shapely.STRtree, shapes: Shapes) -> tuple[Ints, Floats, Floats]:
    """Return the nearest line of each shape, the metres along it, and the distance."""
    if not len(shapes):
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    (_, edge), distance = tree.query_nearest(shapes, all_matches=False, return_distance=True)
    lines = tree.geometries[edge]
    foot = shapely.get_point(shapely.shortest_line(lines, shapes), 0)
    return edge.astype(np.int64), shapely.line_locate_point(lines, foot), distance


def split(graph: RoadGraph, edge: Ints, position: Floats) -> tuple[RoadGraph, Ints]:
    """Cut edges at positions (to the centimetre); return the graph and the node of each position."""
    extent = np.add.reduceat(_steps(graph), graph.start[:-1])
    centimetre = np.round(position * 100).astype(np.int64)
    at_start = centimetre < 1
    at_end = ~at_start & (centimetre / 100 > extent[edge] - 0.01)
    inner = ~(at_start | at_end)
    node = np.where(at_start, graph.u[edge], graph.v[edge])
    longest = int(extent.max() * 100) + 2
    key = edge[inner] * longest + centimetre[inner]
    cuts = distinct(key)
    node[inner] = graph.nodes + np.searchsorted(cuts, key)
    cut_edge, cut_position = cuts // longest, cuts % longest / 100
    cut_xy = np.empty((0, 2))
    if len(cuts):
        cut_xy = shapely.get_coordinates(shapely.line_interpolate_point(graph.lines(cut_edge), cut_position))

    owner = np.repeat(np.arange(graph.edges), np.diff(graph.start))
    stop = np.full(len(owner), -1, dtype=np.int64)
    stop[graph.start[:-1]] = graph.u
    stop[graph.start[1:] - 1] = graph.v
    along = np.append(positions(graph.line_xy, owner), cut_position)
    owner = np.append(owner, cut_edge)
    stop = np.append(stop, graph.nodes + np.arange(len(cuts)))
    order = np.lexsort((along, owner))
    xy = np.append(graph.line_xy, cut_xy, axis=0)[order]
    points = np.append(graph.xy, cut_xy, axis=0)
    cut, source = break_at_nodes(owner[order], xy, stop[order], points, crs=graph.crs)
    return replace(cut, kind=graph.kind[source]), node


def add_straight(graph: RoadGraph, xy: Floats, u: Ints, v: Ints, *, kind: int) -> RoadGraph:
    """Add nodes at `xy` and straight edges of one kind between the nodes `u` and `v`, which may be new ones."""
    points = np.append(graph.xy, xy, axis=0)
    length = np.maximum(np.round(np.hypot(*(points[v] - points[u]).T), 3), 0.001)
    return replace(
        graph,
        xy=points,
        u=np.append(graph.u, u),
        v=np.append(graph.v, v),
        length_m=np.append(graph.length_m, length),
        kind=np.append(graph.kind, np.full(len(u), kind)),
        start=np.append(graph.start, graph.start[-1] + 2 * np.arange(1, len(u) + 1)),
        line_xy=np.append(graph.line_xy, np.stack([points[u], points[v]], axis=1).reshape(-1, 2), axis=0),
    )


def _steps(graph: RoadGraph) -> Floats:
    step = np.append(np.hypot(*np.diff(graph.line_xy, axis=0).T), 0.0)
    step[graph.start[1:] - 1] = 0.0
    return step
