"""Trees along roads: one for each of several groups of terminals, each joined to the nearest existing network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from coverage.roads.attach import Attached
from coverage.roads.graph import Bools, Floats, Ints, RoadGraph, distinct, is_among, ranges
from coverage.roads.spanning import Links, span, spanning_forest, steiner_tree, walk_to_sources


class Trees(NamedTuple):
    """Hold the trees of several groups of terminals: one row per (group, edge), and what could not be joined."""

    group: Ints
    edge: Ints
    backhaul_m: Floats  # per group
    crow_group: Ints
    crow_line: Floats  # (k, 4): from x, y to x, y
    crow_nodes: Ints  # (k, 2): the nodes there
    flagged: Bools  # per group: a start is a stand-in


def grow_trees(attached: Attached, group: Ints, node: Ints, groups: int) -> Trees:
    """Grow one tree per group over its terminals (rows of group, node) and the network.

    One run joins all terminals; a group whose own terminals hang together in it has thereby its own minimum
    spanning tree (a tree edge between two of them is lightest across a cut, in the group as in the whole). Other
    groups get a run of their own. A second run leads every node to the network.
    """
    graph = attached.graph
    key = distinct(group * graph.nodes + node)
    group, node = key // graph.nodes, key % graph.nodes
    to_network, onward = attached.to_network()
    crow_group, crow_line, crow_nodes = _crow_links(attached, group, node, to_network)
    landing = crow_nodes[:, 1]
    key = distinct(np.append(key, crow_group * graph.nodes + landing))
    group, node = key // graph.nodes, key % graph.nodes
    link_group, s, t, length, path_link, path_edge = _inner_links(graph, group, node, groups)

    # The network is one more terminal of each group; terminals on it are that terminal.
    a = _slot(key, link_group * graph.nodes + s)
    b = _slot(key, link_group * graph.nodes + t)
    root = len(key) + group
    block = np.where(to_network[node] == 0, root, np.arange(len(key)))
    reach = np.flatnonzero(np.isfinite(to_network[node]) & (to_network[node] > 0))
    chosen = spanning_forest(
        np.concatenate([block[a], reach]),
        np.concatenate([block[b], root[reach]]),
        np.concatenate([length, to_network[node[reach]]]),
        size=len(key) + groups,
    )
    is_link = np.zeros(len(length), dtype=bool)
    is_link[chosen[chosen < len(length)]] = True
    used = is_link[path_link]
    stars = reach[chosen[chosen >= len(length)] - len(length)]
    walk, here, there = walk_to_sources(node[stars], onward)
    pairs = distinct(
        np.concatenate(
            [
                link_group[path_link[used]] * graph.edges + path_edge[used],
                group[stars[walk]] * graph.edges + graph.edge_between(here, there),
            ]
        )
    )
    tree_group, tree_edge, backhaul, contact_group, contact_node = _prune(
        attached, pairs // graph.edges, pairs % graph.edges, key, groups
    )

    on = to_network[node] == 0
    start_group, start_node = np.append(group[on], contact_group), np.append(node[on], contact_node)
    flagged = np.zeros(groups, dtype=bool)
    flagged[start_group[attached.network_flagged[_slot(attached.network_nodes, start_node)]]] = True
    return Trees(tree_group, tree_edge, backhaul, crow_group, crow_line, crow_nodes, flagged)


def grow_joint_tree(attached: Attached, node: Ints) -> Ints:
    """Grow the one tree that joins distinct terminals and the network, and return its edges.

    Where no road leads to a network, the tree joins the node that a straight link lands on, but not the link itself.
    """
    component = attached.graph.component
    apart = ~is_among(component[node], distinct(component[attached.network_nodes]))
    if apart.any():
        stray = node[apart]
        landing = _crow_links(attached, np.zeros(len(stray), dtype=np.int64), stray, attached.to_network()[0])[2][:, 1]
        node = distinct(np.append(node, landing))
    outside = node[~is_among(node, attached.network_nodes)]
    return steiner_tree(attached.graph, outside, roots=attached.network_nodes)


def _inner_links(graph: RoadGraph, group: Ints, node: Ints, groups: int) -> tuple[Ints, Ints, Ints, Floats, Ints, Ints]:
    """Link the terminals of each group: (group, s, t, length per link), (link, edge per path step)."""
    links = span(graph, distinct(node), paths=True)
    terminals = pd.DataFrame({"group": group, "node": node})
    at = pd.DataFrame({"link": np.arange(len(links.s)), "s": links.s, "t": links.t})
    inner = at.merge(terminals.rename(columns={"node": "s"}), on="s")
    inner = inner.merge(terminals.rename(columns={"node": "t"}), on=["t", "group"])
    parts = (
        terminals.assign(part=graph.component[node])
        .groupby("group")
        .agg(node=("node", "size"), part=("part", "nunique"))
    )
    needed = (parts["node"] - parts["part"]).reindex(range(groups), fill_value=0).to_numpy()
    whole = np.bincount(inner["group"], minlength=groups) == needed
    inner = inner[whole[inner["group"]]].sort_values(["group", "link"])

    order = np.argsort(links.path_link, kind="stable")
    first = np.searchsorted(links.path_link[order], np.arange(len(links.s) + 1))
    kept = inner["link"].to_numpy()
    size = first[kept + 1] - first[kept]
    found = [(inner["group"].to_numpy(), links.s[kept], links.t[kept], links.length_m[kept])]
    paths = [(np.repeat(np.arange(len(kept)), size), links.path_edge[order[ranges(first[kept], size)]])]
    count = len(kept)
    for alone in np.flatnonzero(~whole):
        own = _own_links(graph, node[group == alone])
        found.append((np.full(len(own.s), alone), own.s, own.t, own.length_m))
        paths.append((own.path_link + count, own.path_edge))
        count += len(own.s)
    gathered = [np.concatenate(column) for column in zip(*found, strict=True)]
    return (*gathered, *(np.concatenate(column) for column in zip(*paths, strict=True)))  # type: ignore[return-value]


def _own_links(graph: RoadGraph, terminals: Ints) -> Links:
    """Link terminals by a run on the part of the graph around them, widened until no link can lie outside it."""
    low, high = graph.xy[terminals].min(axis=0), graph.xy[terminals].max(axis=0)
    parts = len(np.unique(graph.component[terminals]))
    margin = float(np.hypot(*(high - low))) / 4 + 1000.0
    while True:
        within = np.flatnonzero(((graph.xy >= low - margin) & (graph.xy <= high + margin)).all(axis=1))
        links = span(graph, terminals, within=within, paths=True)
        # A link of length L stays within L/2 of its ends.
        whole = len(links.s) == len(terminals) - parts
        if margin > graph.diagonal_m or (whole and links.length_m.max(initial=0.0) / 2 <= margin):
            return links
        margin = max(2 * margin, links.length_m.max(initial=0.0) / 2 if whole else 0.0)


def _prune(
    attached: Attached, group: Ints, edge: Ints, terminal: Ints, groups: int
) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """Make each group's edges a tree whose leaves are terminals or the network.

    Return (group, edge), the backhaul of each group, and (group, node) where trees meet the network.
    """
    graph = attached.graph
    is_network = np.zeros(graph.nodes, dtype=bool)
    is_network[attached.network_nodes] = True
    ends = np.concatenate([graph.u[edge], graph.v[edge]])
    network_key = groups * graph.nodes + np.tile(group, 2)  # beyond every (group, node)
    keys = np.where(is_network[ends], network_key, np.tile(group, 2) * graph.nodes + ends)
    known, slot = np.unique(keys, return_inverse=True)
    a, b = slot[: len(edge)], slot[len(edge) :]
    length = graph.length_m[edge]
    kept = spanning_forest(a, b, length, size=len(known))
    fixed = (known >= groups * graph.nodes) | is_among(known, terminal)
    while True:
        degree = np.bincount(np.concatenate([a[kept], b[kept]]), minlength=len(known))
        stub = (degree == 1) & ~fixed
        loose = stub[a[kept]] | stub[b[kept]]
        if not loose.any():
            break
        kept = kept[~loose]

    # Walk out from the network until the first terminal or fork.
    a, b, length, at = a[kept], b[kept], length[kept], group[kept]
    other = np.zeros(len(known), dtype=np.int64)  # the sum of a node's edges: at a mere bend, less one is the other
    np.add.at(other, a, np.arange(len(a)))
    np.add.at(other, b, np.arange(len(a)))
    is_root = known >= groups * graph.nodes
    step = np.flatnonzero(is_root[a] | is_root[b])
    tip = np.where(is_root[a[step]], b[step], a[step])
    backhaul = np.zeros(groups)
    while len(step):
        np.add.at(backhaul, at[step], length[step])
        onward = ~fixed[tip] & (degree[tip] == 2)
        step, tip = step[onward], tip[onward]
        step = other[tip] - step
        tip = a[step] + b[step] - tip
    ends = np.concatenate([graph.u[edge[kept]], graph.v[edge[kept]]])
    meets = is_network[ends]
    return at, edge[kept], backhaul, np.tile(at, 2)[meets], ends[meets]


def _crow_links(attached: Attached, group: Ints, node: Ints, to_network: Floats) -> tuple[Ints, Floats, Ints]:
    """Join each part of a group that no road joins to a network by a straight line: group, line, its two nodes.

    It lands where a road (or a network) that leads to a network is nearest, so that as little as can be is dug
    through country without a road.
    """
    xy = attached.graph.xy
    rows = np.flatnonzero(~np.isfinite(to_network[node]))
    joined = np.flatnonzero(np.isfinite(to_network))
    found = cKDTree(xy[joined]).query(xy[node[rows]])
    straight, landing = np.asarray(found[0]), joined[np.asarray(found[1], dtype=np.int64)]
    part = np.column_stack([group[rows], attached.graph.component[node[rows]]])
    order = np.lexsort((node[rows], to_network[landing], straight, part[:, 1], part[:, 0]))
    order = order[np.concatenate([[True], (np.diff(part[order], axis=0) != 0).any(axis=1)])[: len(order)]]
    rows, landing = rows[order], landing[order]
    return group[rows], np.column_stack([xy[node[rows]], xy[landing]]), np.column_stack([node[rows], landing])


def _slot(sorted_keys: Ints, keys: Ints) -> Ints:
    found: Ints = np.searchsorted(sorted_keys, keys).astype(np.int64)
    return found
