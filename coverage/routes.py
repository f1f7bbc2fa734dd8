"""The fibre route of every area: the shortest tree along roads that joins its places to the nearest network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.inputs import ReuseLayer, TerrainLayer
from coverage.roads import ACCESS, DETOUR, FERRY, PRIVATE, SPUR, Attached, Trees, add_up, grow_joint_tree, grow_trees
from coverage.roads.graph import Floats, RoadGraph, distinct, is_among
from coverage.roads.split import Shapes
from coverage.surfaces import SURFACES, split_by_surface

# Kinds of edges that run off every road; a straight link does, too.
OFF_ROAD: Final = (ACCESS, SPUR)


def route(
    areas: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    attached: Attached,
    terrain: Sequence[TerrainLayer] = (),
    reuse: Sequence[ReuseLayer] = (),
    steep_slope: float = np.inf,
    detour: float = DETOUR,
) -> gpd.GeoDataFrame:
    """Find the route of every area on its own: one row per `area_id`, sorted by it.

    The route is a Steiner tree (Mehlhorn 1988; at most twice the shortest, and never longer than the minimum
    spanning tree of the road distances) over the roads at the area's eligible places and the existing network,
    which counts as one: each part of an area joins the network where it is nearest. Metres:

    - `route_m` = `trench_m` (on land, spurs to the network's own points included) + `subsea_m` (ferry links);
    - `backhaul_m`: the part of it from the network to the first place or fork;
    - `access_m`: the part of `trench_m` along assumed ways to grid cells that lie off every road in the data;
    - `private_m`: the part of `trench_m` along private roads, whose owners must be asked;
    - `crow_link_m`: the part of `trench_m` that is a straight line × `detour` (an assumption) to the nearest
      road that leads to a network, where no road joins them: then `connected` is False and a survey must tell;
    - `in_duct_m`, `on_poles_m`, `steep_dug_m`, `field_dug_m` (off every road: ways to cells, spurs, straight links) and
      `verge_dug_m`: `trench_m` by what it runs through, as `surfaces.split_by_surface` says; they sum to it;
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
    trees = grow_trees(attached, member["group"].to_numpy(), member["node"].to_numpy(), len(ids))
    graph = attached.graph
    length = graph.length_m[trees.edge]
    sea = graph.kind[trees.edge] == FERRY
    land_m = add_up(length[~sea], by=trees.group[~sea], size=len(ids))
    sea_m = add_up(length[sea], by=trees.group[sea], size=len(ids))
    line = trees.crow_line
    straight = np.hypot(line[:, 0] - line[:, 2], line[:, 1] - line[:, 3])
    part_m = {}
    for name, kind in (("access_m", ACCESS), ("private_m", PRIVATE)):
        along = graph.kind[trees.edge] == kind
        part_m[name] = add_up(length[along], by=trees.group[along], size=len(ids))
    crow_m = add_up(straight, by=trees.crow_group, size=len(ids)) * detour
    surface_m = _surfaces(
        graph, trees, straight * detour, terrain=terrain, reuse=reuse, steep_slope=steep_slope, groups=len(ids)
    )
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
            **{name: np.round(metres * build_share, 3) for name, metres in part_m.items()},
            "crow_link_m": np.round(crow_m, 3),
            **{name: np.round(metres * build_share, 3) for name, metres in surface_m.items()},
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
    joint_m = float(length_m[grow_joint_tree(attached, node)].sum())
    build_share = _build_share(member, attached, len(areas))
    if (build_share == 1).all():
        return joint_m
    alone = grow_trees(attached, member["group"].to_numpy(), member["node"].to_numpy(), len(areas))
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
    off = ~is_among(member["node"].to_numpy(), attached.network_nodes)
    room = add_up(weight * off, by=by, size=groups)
    part = add_up(weight * member["eligible"].to_numpy(), by=by, size=groups)
    return np.asarray(np.minimum(1.0, np.divide(part, room, out=np.ones(groups), where=room > 0)))


def _surfaces(
    graph: RoadGraph,
    trees: Trees,
    crow_m: Floats,
    *,
    terrain: Sequence[TerrainLayer],
    reuse: Sequence[ReuseLayer],
    steep_slope: float,
    groups: int,
) -> dict[str, Floats]:
    """Add up the trench of every tree by surface; an edge is looked at once, however many trees have it."""
    dug = np.flatnonzero(graph.kind[trees.edge] != FERRY)
    edge = distinct(trees.edge[dug])
    split = split_by_surface(
        np.concatenate([graph.lines(edge), _crow_lines(trees)]),
        np.concatenate([graph.length_m[edge], crow_m]),
        off_road=np.append(np.isin(graph.kind[edge], OFF_ROAD), np.ones(len(crow_m), dtype=bool)),
        terrain=terrain,
        reuse=reuse,
        steep_slope=steep_slope,
        crs=graph.crs,
    )
    row = np.append(np.searchsorted(edge, trees.edge[dug]), len(edge) + np.arange(len(crow_m)))
    by = np.append(trees.group[dug], trees.crow_group)
    return {name: add_up(split[name].to_numpy()[row], by=by, size=groups) for name in SURFACES}


def _crow_lines(trees: Trees) -> Shapes:
    return np.asarray(shapely.linestrings(trees.crow_line.reshape(-1, 2, 2)), dtype=object)


def _draw(graph: RoadGraph, trees: Trees, groups: int) -> list[shapely.Geometry]:
    """Draw every tree along its roads."""
    lines = np.concatenate([graph.lines(trees.edge), _crow_lines(trees)])
    group = np.concatenate([trees.group, trees.crow_group])
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(groups + 1))
    drawn: list[shapely.Geometry] = []
    for low, high in pairwise(first):
        merged = shapely.line_merge(shapely.multilinestrings(lines[order[low:high]]))
        drawn.append(shapely.MultiLineString(list(shapely.get_parts(merged))))
    return drawn
