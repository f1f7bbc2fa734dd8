"""The fibre route of every area: the shortest tree along roads that joins its places to the nearest network."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from coverage.roads import ACCESS, DETOUR, FERRY, Attached, Links, add_up, span, walk_to_sources
from coverage.roads.graph import Bools, Floats, Ints, RoadGraph, distinct, ranges


class _Trees(NamedTuple):
    """Hold the trees of several groups of terminals: one row per (group, edge), and what could not be joined."""

    group: Ints
    edge: Ints
    backhaul_m: Floats  # per group
    crow_group: Ints
    crow_line: Floats  # (k, 4): from x, y to x, y
    flagged: Bools  # per group: a start is a stand-in


def route(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, attached: Attached, detour: float = DETOUR
) -> gpd.GeoDataFrame:
    """Find the route of every area on its own: one row per `area_id`, sorted by it.

    The route is a Steiner tree (Mehlhorn 1988; at most twice the shortest, and never longer than the minimum
    spanning tree of the road distances) over the roads at the area's eligible places and the existing network,
    which counts as one: each part of an area joins the network where it is nearest. Metres:

    - `route_m` = `trench_m` (on land, spurs to the network's own points included) + `subsea_m` (ferry links);
    - `backhaul_m`: the part of it from the network to the first place or fork;
    - `access_m`: the part of `trench_m` along assumed ways to grid cells that lie off every road in the data;
    - `crow_link_m`: the part of `trench_m` that is a straight line × `detour` (an assumption) to the nearest
      road that leads to a network, where no road joins them: then `connected` is False and a survey must tell;
    - `drop_m`: Σ distance from place to road (in a grid cell: the mean drop inside it) × `buildings` × `eligible`:
      the homes of one building share their drop. `drops` counts them.

    Where eligibility is known only as a share, the tree joins all the places and its metres are multiplied by
    `build_share`: the area's eligible premises over its premises off the network, at most 1. That takes the
    eligible ones to lie off the network as far as there is room, and together; the others to be served by a network
    that is therefore near. An assumption; where eligibility is known, the share is 1.

    `stand_in`: the route starts at a network that is only assumed to be there.
    """
    member = _members(areas, places, attached)
    ids = areas["area_id"].sort_values().to_numpy()
    trees = _grow(attached, member["group"].to_numpy(), member["node"].to_numpy(), len(ids))
    graph = attached.graph
    length = graph.length_m[trees.edge]
    sea = graph.kind[trees.edge] == FERRY
    land_m = add_up(length[~sea], by=trees.group[~sea], size=len(ids))
    sea_m = add_up(length[sea], by=trees.group[sea], size=len(ids))
    line = trees.crow_line
    straight = np.hypot(line[:, 0] - line[:, 2], line[:, 1] - line[:, 3])
    access = graph.kind[trees.edge] == ACCESS
    access_m = add_up(length[access], by=trees.group[access], size=len(ids))
    crow_m = add_up(straight, by=trees.crow_group, size=len(ids)) * detour
    member_group = member["group"].to_numpy()
    drops = member["buildings"].to_numpy() * member["eligible"].to_numpy()
    drop_m = add_up(member["drop_m"].to_numpy() * drops, by=member_group, size=len(ids))
    build_share = _build_share(member, attached, len(ids))
    land_m, sea_m, crow_m = land_m * build_share, sea_m * build_share, crow_m * build_share
    return gpd.GeoDataFrame(
        {
            "area_id": pd.array(ids, dtype="str"),
            "route_m": np.round(land_m + sea_m + crow_m, 3),
            "trench_m": np.round(land_m + crow_m, 3),
            "subsea_m": np.round(sea_m, 3),
            "drop_m": np.round(drop_m, 3),
            "drops": add_up(drops, by=member_group, size=len(ids)),
            "backhaul_m": np.round(trees.backhaul_m * build_share + crow_m, 3),
            "access_m": np.round(access_m * build_share, 3),
            "crow_link_m": np.round(crow_m, 3),
            "build_share": build_share,
            "connected": crow_m == 0,
            "stand_in": trees.flagged,
        },
        geometry=_draw(graph, trees, len(ids)),
        crs=areas.crs,
    )


def joint_length_m(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, attached: Attached) -> float:
    """Measure the one route that serves all areas if they were built together, in metres along roads.

    Less than the sum of `route_m`, since trenches are shared: the difference is what sharing saves. Straight links
    to parts without a road (`crow_link_m`) are not in it. Where eligibility is known only as a share, it is
    multiplied by the areas' mean `build_share`, each weighed by the metres that its area needs alone.
    """
    member = _members(areas, places, attached)
    node = distinct(member["node"].to_numpy())
    length_m = attached.graph.length_m
    joint_m = float(length_m[_grow(attached, np.zeros(len(node), dtype=np.int64), node, 1).edge].sum())
    build_share = _build_share(member, attached, len(areas))
    if (build_share == 1).all():
        return joint_m
    alone = _grow(attached, member["group"].to_numpy(), member["node"].to_numpy(), len(areas))
    alone_m = add_up(length_m[alone.edge], by=alone.group, size=len(areas))
    return joint_m * float(alone_m @ build_share) / float(alone_m.sum()) if alone_m.any() else joint_m


def _members(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, attached: Attached) -> pd.DataFrame:
    """List the eligible places of the areas: group (position of the area by id), node, drop_m, eligible, weight."""
    ids = pd.Index(areas["area_id"].sort_values())
    eligible = places["eligible"].to_numpy(dtype=float)
    inside = places["area_id"].isin(ids).to_numpy() & (eligible > 0) & (attached.place_node >= 0)
    frame = pd.DataFrame(
        {
            "group": ids.get_indexer(places["area_id"][inside]),
            "node": attached.place_node[inside],
            "drop_m": attached.place_drop_m[inside],
            "eligible": eligible[inside],
            "weight": places["weight"].to_numpy(dtype=float)[inside],
            "buildings": places["buildings"].to_numpy(dtype=float)[inside],
        }
    )
    return frame.sort_values(["group", "node", "drop_m", "eligible", "weight", "buildings"], ignore_index=True)


def _build_share(member: pd.DataFrame, attached: Attached, groups: int) -> Floats:
    by, weight = member["group"].to_numpy(), member["weight"].to_numpy()
    off = ~np.isin(member["node"].to_numpy(), attached.network_nodes)
    room = add_up(weight * off, by=by, size=groups)
    part = add_up(weight * member["eligible"].to_numpy(), by=by, size=groups)
    return np.asarray(np.minimum(1.0, np.divide(part, room, out=np.ones(groups), where=room > 0)))


def _grow(attached: Attached, group: Ints, node: Ints, groups: int) -> _Trees:
    """Grow one tree per group over its terminals (rows of group, node) and the network.

    One run joins all terminals; a group whose own terminals hang together in it has thereby its own minimum
    spanning tree (a tree edge between two of them is lightest across a cut, in the group as in the whole). Other
    groups get a run of their own. A second run leads every node to the network.
    """
    graph = attached.graph
    key = distinct(group * graph.nodes + node)
    group, node = key // graph.nodes, key % graph.nodes
    to_network, onward = attached.to_network()
    crow_group, crow_line, landing = _crow_links(attached, group, node, to_network)
    key = distinct(np.append(key, crow_group * graph.nodes + landing))
    group, node = key // graph.nodes, key % graph.nodes
    link_group, s, t, length, path_link, path_edge = _inner_links(graph, group, node, groups)

    # The network is one more terminal of each group; terminals on it are that terminal.
    a = _slot(key, link_group * graph.nodes + s)
    b = _slot(key, link_group * graph.nodes + t)
    root = len(key) + group
    block = np.where(to_network[node] == 0, root, np.arange(len(key)))
    reach = np.flatnonzero(np.isfinite(to_network[node]) & (to_network[node] > 0))
    chosen = _tree(
        np.concatenate([block[a], reach]),
        np.concatenate([block[b], root[reach]]),
        np.concatenate([length, to_network[node[reach]]]),
        len(key) + groups,
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
    return _Trees(tree_group, tree_edge, backhaul, crow_group, crow_line, flagged)


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
    extent = float(np.hypot(*np.ptp(graph.xy, axis=0)))
    while True:
        within = np.flatnonzero(((graph.xy >= low - margin) & (graph.xy <= high + margin)).all(axis=1))
        links = span(graph, terminals, within=within, paths=True)
        # A link of length L stays within L/2 of its ends.
        whole = len(links.s) == len(terminals) - parts
        if margin > extent or (whole and links.length_m.max(initial=0.0) / 2 <= margin):
            return links
        margin = max(2 * margin, links.length_m.max(initial=0.0) / 2 if whole else 0.0)


def _tree(a: Ints, b: Ints, weight: Floats, size: int) -> Ints:
    """Return the positions of the edges of a minimum spanning forest; loops and the longer of parallels never."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    position = np.flatnonzero(low != high)
    position = position[np.lexsort((position, weight[position], high[position], low[position]))]
    key = low[position] * size + high[position]
    fresh = np.concatenate([[True], np.diff(key) > 0])[: len(key)]
    position, key = position[fresh], key[fresh]
    matrix = csr_matrix((weight[position], (low[position], high[position])), shape=(size, size))
    tree = minimum_spanning_tree(matrix).tocoo()
    return np.sort(position[np.searchsorted(key, tree.row.astype(np.int64) * size + tree.col)])


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
    kept = _tree(a, b, length, len(known))
    fixed = (known >= groups * graph.nodes) | np.isin(known, terminal)
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
    """Join each part of a group that no road joins to a network by a straight line: group, line, node it lands on.

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
    return group[rows], np.column_stack([xy[node[rows]], xy[landing]]), landing


def _slot(sorted_keys: Ints, keys: Ints) -> Ints:
    found: Ints = np.searchsorted(sorted_keys, keys).astype(np.int64)
    return found


def _draw(graph: RoadGraph, trees: _Trees, groups: int) -> list[shapely.Geometry]:
    """Draw every tree along its roads."""
    lines = np.concatenate([graph.lines(trees.edge), shapely.linestrings(trees.crow_line.reshape(-1, 2, 2))])
    group = np.concatenate([trees.group, trees.crow_group])
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(groups + 1))
    drawn: list[shapely.Geometry] = []
    for low, high in pairwise(first):
        merged = shapely.line_merge(shapely.multilinestrings(lines[order[low:high]]))
        drawn.append(shapely.MultiLineString(list(shapely.get_parts(merged))))
    return drawn
