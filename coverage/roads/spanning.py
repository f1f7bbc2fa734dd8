"""Minimum spanning trees of the road distances between many nodes, in one shortest-path run.

Mehlhorn (1988), "A faster approximation algorithm for the Steiner problem in graphs": every node goes to its
nearest terminal; edges between two terminals' cells are the only candidates for the tree over all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, dijkstra, minimum_spanning_tree

from coverage.roads.graph import Floats, Ints, Positions, RoadGraph


@dataclass(frozen=True, eq=False)
class Links:
    """Hold the links of the tree: terminals `s` and `t` (graph nodes) and the road distance between them.

    `path_edge[i]` is a graph edge on the path of link `path_link[i]` (empty unless asked for).
    """

    s: Ints
    t: Ints
    length_m: Floats
    path_link: Ints
    path_edge: Ints


def span(
    graph: RoadGraph,
    terminals: Ints,
    *,
    limit_m: float = np.inf,
    within: Ints | None = None,
    paths: bool = False,
) -> Links:
    """Return the minimum spanning tree (a forest, if parts are unconnected) of the terminals' road distances.

    `terminals` are distinct, sorted nodes. Links longer than `limit_m` are left out. `within` (sorted nodes, with
    all terminals among them) keeps the search to a part of the graph.
    """
    start = terminals
    if within is None:
        matrix, (x, y, step, _) = graph.matrix, graph.pairs
    else:
        matrix = graph.matrix[within][:, within]
        start = np.searchsorted(within, terminals)
        row = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
        once = np.flatnonzero(row < matrix.indices)
        x, y, step = row[once], matrix.indices[once], matrix.data[once]
    # Every node on a shortest link of length L is within L/2 of one of its ends.
    distance, before, cell = _cells(matrix, start, np.arange(len(start)), limit_m=limit_m / 2)
    at, one, two, length = _borders(x, y, step, distance, cell)
    known = np.flatnonzero((length <= limit_m) & (one >= 0) & (two >= 0))
    chosen = known[spanning_forest(one[known], two[known], length[known], size=len(start))]
    at, length = at[chosen], length[chosen]
    x, y = x[at].astype(np.int64), y[at].astype(np.int64)
    swap = cell[x] > cell[y]
    x, y = np.where(swap, y, x), np.where(swap, x, y)
    order = np.lexsort((cell[y], cell[x]))
    x, y, length = x[order], y[order], length[order]
    s, t = terminals[cell[x]], terminals[cell[y]]
    none = np.empty(0, dtype=np.int64)
    if not paths:
        return Links(s, t, length, none, none)

    link = np.arange(len(s))
    walked, a, b = walk_to_sources(np.concatenate([x, y]), before.astype(np.int64))
    a, b = np.concatenate([x, a]), np.concatenate([y, b])
    if within is not None:
        a, b = within[a], within[b]
    return Links(s, t, length, np.concatenate([link, np.tile(link, 2)[walked]]), graph.edge_between(a, b))


def steiner_tree(graph: RoadGraph, terminals: Ints, *, roots: Ints) -> Ints:
    """Return the edges of a short tree that joins the terminals to each other and to the roots, which count as one.

    `terminals` are distinct nodes, none of them among the distinct `roots`. The edges come sorted; a forest, if parts
    are unconnected. At most twice as long as the shortest, and no longer than the spanning tree of road distances.
    """
    x, y, step, edge = graph.pairs
    start = np.append(roots, terminals)
    number = np.append(np.zeros(len(roots), dtype=np.int64), np.arange(1, len(terminals) + 1))
    distance, before, cell = _cells(graph.matrix, start, number)
    at, one, two, length = _borders(x, y, step, distance, cell)
    chosen = at[spanning_forest(one, two, length, size=len(terminals) + 1)]

    # Walk back from both sides of every border that is crossed: a search from a node of our own that leads to them.
    onward = np.where(before >= 0, before, np.arange(graph.nodes, dtype=np.int32))
    steps = np.concatenate([onward, x[chosen], y[chosen]])
    pointer = np.append(np.arange(graph.nodes + 1, dtype=np.int32), np.int32(len(steps)))
    ways = csr_matrix((np.ones(len(steps)), steps, pointer), shape=(graph.nodes + 1, graph.nodes + 1))
    met = breadth_first_order(ways, graph.nodes, return_predecessors=False)[1:]
    back = np.full(graph.nodes, -1, dtype=np.int32)
    back[met] = before[met]
    used = (back[x] == y) | (back[y] == x)
    used[chosen] = True
    return np.sort(edge[used])


def spanning_forest(a: Positions, b: Positions, length_m: Floats, *, size: int) -> Ints:
    """Return the positions of the edges of a minimum spanning forest over the nodes 0 … size - 1, sorted.

    Loops and the longer of parallel edges are never in it; of edges equally long (to the millimetre) the first is.
    """
    position = np.flatnonzero(a != b)
    ranked = position[_order(np.rint(length_m[position] * 1000).astype(np.int64))]
    # Each edge is a node of its own, by rank, that is tied to both its ends: the first tie always holds, the second
    # where the edge is in the tree. So the weights, which scipy sorts, stand in order already.
    ends = np.empty(2 * len(ranked), dtype=np.int32)
    ends[::2], ends[1::2] = a[ranked], b[ranked]
    ends += len(ranked)
    pointer = np.minimum(np.arange(0, 2 * (len(ranked) + size) + 1, 2, dtype=np.int32), len(ends))
    rank = np.repeat(np.arange(1.0, len(ranked) + 1), 2)
    tied = minimum_spanning_tree(csr_matrix((rank, ends, pointer), shape=(len(ranked) + size,) * 2), overwrite=True)
    return np.sort(ranked[np.diff(tied.indptr[: len(ranked) + 1]) == 2])


def walk_to_sources(nodes: Ints, before: Ints) -> tuple[Ints, Ints, Ints]:
    """Walk from each node back to its source: (index of the walk, node, next node) for every step taken."""
    walks, starts, ends = [], [], []
    walk, node = np.arange(len(nodes)), nodes
    while len(node):
        onward = before[node] >= 0
        walk, node = walk[onward], node[onward]
        walks.append(walk)
        starts.append(node)
        node = before[node]
        ends.append(node)
    none = np.empty(0, dtype=np.int64)
    return tuple(np.concatenate([none, *parts]) for parts in (walks, starts, ends))  # type: ignore[return-value]


def _cells(matrix: Any, start: Ints, number: Ints, *, limit_m: float = np.inf) -> tuple[Floats, Positions, Positions]:
    """Send every node to the nearest start: distance, the node before it (negative: none), the start's number or -1."""
    distance, before, source = dijkstra(matrix, indices=start, min_only=True, return_predecessors=True, limit=limit_m)
    numbers = np.full(matrix.shape[0] + 1, -1, dtype=np.int32)  # the last for nodes that are not reached
    numbers[start] = number
    return distance, before, numbers[np.maximum(source, -1)]


def _borders(
    x: Positions, y: Positions, step: Floats, distance: Floats, cell: Positions
) -> tuple[Ints, Positions, Positions, Floats]:
    """Return the pairs whose two nodes lie in different cells, these cells, and how long the links across are."""
    one, two = cell[x], cell[y]
    at = np.flatnonzero(one != two)
    return at, one[at], two[at], distance[x[at]] + step[at] + distance[y[at]]


def _order(keys: Ints) -> Ints:
    """Return the stable order of whole numbers from 0 on: sorting them with their positions is faster than argsort."""
    bits = len(keys).bit_length()
    packed = (keys << bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << bits) - 1)
