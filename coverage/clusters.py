"""Places that would share a trench: neighbours along the road, cut where the way is long, sized by the rules.

The room below `areas`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from coverage.policy import AreaRules
from coverage.roads import FERRY, SPUR, Attached, RoadGraph, add_up, span
from coverage.roads.split import add_straight

MERGE_FACTOR: Final = 3  # a tiny area joins a neighbour within this many times the cut

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def cluster(
    codes: npt.NDArray[np.object_], rows: Ints, premises: Floats, *, attached: Attached, rules: AreaRules
) -> Ints:
    """Return the area of each place, numbered in the order of the first place of each.

    `rows` are the places' rows in `attached`; `codes` (their municipalities) and `premises` are aligned to them. Places
    are linked by the shortest tree of their road distances, in each municipality if the rules split by it. Links
    longer than `cut_m` are cut; an area above `max_premises` is halved at the long link that leaves much on both
    sides; one below `min_premises` joins the nearest within three times `cut_m`, unless that grows too large.

    A ferry counts as `cut_m` longer than it is, since a cable in the sea is no trench to share: it parts areas, and
    joins only what is too small to stand alone. So does the way from a place to the road where it is longer than
    `cut_m`.
    """
    graph, node = _ground(attached, rows, rules.cut_m)
    names = np.unique(codes) if rules.split_by_municipality else np.array([None])
    label = np.zeros(len(codes), dtype=np.int64)
    used = 0
    for name in names:
        here = np.flatnonzero(codes == name) if name is not None else np.arange(len(codes))
        terminals, at = np.unique(node[here], return_inverse=True)
        weight = add_up(premises[here], by=at, size=len(terminals))
        links = span(graph, terminals, limit_m=MERGE_FACTOR * rules.cut_m)
        a, b = np.searchsorted(terminals, links.s), np.searchsorted(terminals, links.t)
        kept = _halve(a, b, links.length_m, links.length_m <= rules.cut_m, weight, rules.max_premises)
        label[here] = used + _join_tiny(a, b, links.length_m, kept, weight, rules.min_premises, rules.max_premises)[at]
        used = int(label[here].max(initial=-1)) + 1
    return np.asarray(pd.factorize(label)[0], dtype=np.int64)


def _ground(attached: Attached, rows: Ints, cut_m: float) -> tuple[RoadGraph, Ints]:
    """Return the graph that areas are measured on, and the node of each place."""
    graph, node = attached.graph, attached.place_node[rows]
    ferry = graph.kind == FERRY
    if ferry.any():
        graph = replace(graph, length_m=np.where(ferry, graph.length_m + cut_m, graph.length_m))
    drop = attached.place_drop_m[rows]
    far = np.flatnonzero(drop > cut_m)
    if len(far):
        node = node.copy()
        tips = graph.nodes + np.arange(len(far))
        ways = add_straight(graph, graph.xy[node[far]], node[far], tips, kind=SPUR)
        graph = replace(ways, length_m=np.append(graph.length_m, drop[far]))
        node[far] = tips
    return graph, node


def _links(a: Ints, b: Ints, size: int) -> csr_matrix[np.float64]:
    each: Floats = np.ones(len(a))
    return coo_matrix((each, (a, b)), shape=(size, size)).tocsr()


def _parts(a: Ints, b: Ints, size: int) -> Ints:
    matrix = _links(a, b, size)
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)


def _halve(
    a: Ints, b: Ints, length: Floats, kept: npt.NDArray[np.bool_], weight: Floats, most: float
) -> npt.NDArray[np.bool_]:
    """Drop links until no part holds more than `most`, each time the one with the largest length × smaller side."""
    kept = kept.copy()
    while True:
        part = _parts(a[kept], b[kept], len(weight))
        total = np.bincount(part, weight)
        links = np.flatnonzero(kept & (total[part[a]] > most))
        if not len(links):
            return kept
        below = _below(a[links], b[links], weight)
        smaller = np.minimum(below, total[part[a[links]]] - below)
        worth = length[links] * smaller
        # The best link of each part; ties fall to the first, which is fixed by where the places lie.
        order = np.lexsort((links, -worth, part[a[links]]))
        owner = part[a[links]][order]
        kept[links[order[np.concatenate([[True], np.diff(owner) > 0])]]] = False


def _below(a: Ints, b: Ints, weight: Floats) -> Floats:
    """Return, for each link of a forest, the weight on its far side, seen from the first node of its part."""
    size = len(weight)
    part = _parts(a, b, size)
    roots = np.unique(part, return_index=True)[1]
    # One extra node above all roots makes the forest a tree that is walked once.
    up, down = np.append(a, np.full(len(roots), size)), np.append(b, roots)
    matrix = _links(up, down, size + 1)
    order, before = breadth_first_order(matrix, size, directed=False)
    sums = np.append(weight, 0.0)
    for node in order[:0:-1].tolist():
        sums[before[node]] += sums[node]
    return np.where(before[b] == a, sums[b], sums[a])


def _join_tiny(
    a: Ints, b: Ints, length: Floats, kept: npt.NDArray[np.bool_], weight: Floats, least: float, most: float
) -> Ints:
    """Join parts below `least` to a neighbour, shortest link first, and return the part of each terminal."""
    part = _parts(a[kept], b[kept], len(weight))
    total = np.bincount(part, weight).tolist()
    owner = list(range(len(total)))

    def head(item: int) -> int:
        while owner[item] != item:
            owner[item] = owner[owner[item]]
            item = owner[item]
        return item

    spare = np.flatnonzero(~kept)
    for link in spare[np.lexsort((spare, length[spare]))].tolist():
        one, two = head(int(part[a[link]])), head(int(part[b[link]]))
        together = total[one] + total[two]
        if one != two and min(total[one], total[two]) < least and together <= most:
            owner[two] = one
            total[one] = together
    return np.array([head(item) for item in range(len(total))], dtype=np.int64)[part]
