"""The minimum spanning tree of the road distances between many nodes, in one shortest-path run.

Mehlhorn (1988), "A faster approximation algorithm for the Steiner problem in graphs": every node goes to its
nearest terminal; edges between two terminals' cells are the only candidates for the tree over all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from coverage.roads.graph import Floats, Ints, RoadGraph


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
    matrix = graph.matrix
    start = terminals
    if within is not None:
        matrix = matrix[within][:, within]
        start = np.searchsorted(within, terminals)
    # Every node on a shortest link of length L is within L/2 of one of its ends.
    distance, before, nearest = dijkstra(
        matrix, indices=start, min_only=True, return_predecessors=True, limit=limit_m / 2
    )
    cell = np.full(matrix.shape[0], -1, dtype=np.int64)
    cell[start] = np.arange(len(start))
    reached = nearest >= 0
    cell[reached] = cell[nearest[reached]]

    x = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    y = matrix.indices.astype(np.int64)
    border = (cell[x] >= 0) & (cell[y] > cell[x])  # each border once: from the lower cell
    x, y, step = x[border], y[border], matrix.data[border]
    length = distance[x] + step + distance[y]
    close = length <= limit_m
    x, y, length = x[close], y[close], length[close]
    key = cell[x] * len(start) + cell[y]
    order = np.lexsort((y, x, length, key))
    order = order[np.concatenate([[True], np.diff(key[order]) > 0])] if len(order) else order
    x, y, length, key = x[order], y[order], length[order], key[order]

    shape = (len(start), len(start))
    chosen = minimum_spanning_tree(csr_matrix((length, (cell[x], cell[y])), shape=shape)).tocoo()
    at = np.sort(np.searchsorted(key, chosen.row.astype(np.int64) * len(start) + chosen.col))
    x, y, length = x[at], y[at], length[at]
    s, t = terminals[cell[x]], terminals[cell[y]]
    none = np.empty(0, dtype=np.int64)
    if not paths:
        return Links(s, t, length, none, none)

    link = np.arange(len(at))
    walked, a, b = walk_to_sources(np.concatenate([x, y]), before.astype(np.int64))
    a, b = np.concatenate([x, a]), np.concatenate([y, b])
    if within is not None:
        a, b = within[a], within[b]
    return Links(s, t, length, np.concatenate([link, np.tile(link, 2)[walked]]), graph.edge_between(a, b))


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
