"""Ways to grid cells that lie off the road: one shared tree, where the roads in the data leave local roads out."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from coverage.roads.graph import ACCESS, Floats, Ints, RoadGraph, distinct, unique_rows
from coverage.roads.split import add_straight, nearest, split

# Mean distance from the middle of a square of side 1 to a point anywhere in it.
MEAN_FROM_MIDDLE: Final = (np.sqrt(2.0) + np.arcsinh(1.0)) / 6.0
# A shortest path past n points anywhere in a square of side 1 tends to this × √n (Beardwood, Halton & Hammersley
# 1959; the constant as measured since, 0.7124).
PATH_PAST_POINTS: Final = 0.7124


def drop_in_cell(cell_m: Floats, buildings: Floats) -> Floats:
    """Return the mean metres of drop per building of a square cell of `cell_m` metres a side.

    Its buildings may stand anywhere in it. Each has a drop of its own from the middle, or all share one path past
    them, whichever is shorter: from the fourth building on the path is.
    """
    crowd = np.sqrt(np.maximum(buildings, 1.0))
    return np.asarray(cell_m * np.minimum(MEAN_FROM_MIDDLE, PATH_PAST_POINTS / crowd))


def add_access(graph: RoadGraph, cells: Floats, *, limit_m: float) -> tuple[RoadGraph, Ints]:
    """Join the middles of cells (n, 2) to the roads, and return the graph and the node of each.

    The ways (edges of kind ACCESS, straight lines) are the shortest forest in which every cell hangs on a road
    (never a ferry), directly or over cells that lie nearer to it: cells share their way as houses along a local
    road do. Each tree of it meets the roads in one point, so that no way becomes a short cut between two roads. No
    link is longer than `limit_m`; cells that only a longer one would join stay apart.
    """
    xy, row = unique_rows(cells)
    road, tree = graph.beside
    edge, position, gap = nearest(tree, np.asarray(shapely.points(xy)))
    a, b = _links(xy, gap, limit_m)
    rooted = np.flatnonzero(b == len(xy))
    graph, foot = split(graph, road[edge[a[rooted]]], position[a[rooted]])
    node = graph.nodes + np.arange(len(xy))
    on_road = gap[a[rooted]] < 0.01
    away = np.ones(len(xy), dtype=bool)
    away[a[rooted[on_road]]] = False
    node[away] = graph.nodes + np.arange(np.count_nonzero(away))
    node[a[rooted[on_road]]] = foot[on_road]
    inner = b < len(xy)
    u = np.append(foot[~on_road], node[a[inner]])
    v = np.append(node[a[rooted[~on_road]]], node[b[inner]])
    return add_straight(graph, xy[away], u, v, kind=ACCESS), node[row]


def _links(xy: Floats, gap: Floats, limit_m: float) -> tuple[Ints, Ints]:
    """Return the links of the shortest forest over the cells and the road: two cells, or a cell and len(xy)."""
    count = len(xy)
    # Two cells that are both nearer to the road than to each other are never linked.
    around = cKDTree(xy).query_ball_point(xy, np.minimum(gap, limit_m), return_sorted=True)
    a = np.repeat(np.arange(count), [len(one) for one in around])
    b = np.concatenate([np.empty(0, dtype=np.int64), *(np.asarray(one, dtype=np.int64) for one in around)])
    near = np.flatnonzero(gap <= limit_m)
    low = np.concatenate([np.minimum(a, b)[a != b], near])
    high = np.concatenate([np.maximum(a, b)[a != b], np.full(len(near), count)])
    key = distinct(low * (count + 1) + high)
    low, high = key // (count + 1), key % (count + 1)
    pair = np.minimum(high, count - 1)
    straight = np.hypot(xy[low, 0] - xy[pair, 0], xy[low, 1] - xy[pair, 1])
    # A weight of 0 would count as no link.
    length: Floats = np.maximum(np.where(high < count, straight, gap[low]), 1e-6)
    matrix: csr_matrix[np.float64] = coo_matrix((length, (low, high)), shape=(count + 1, count + 1)).tocsr()
    tree = minimum_spanning_tree(matrix).tocoo()
    chosen = np.sort(tree.row.astype(np.int64) * (count + 1) + tree.col)
    return chosen // (count + 1), chosen % (count + 1)
