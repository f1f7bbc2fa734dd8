"""Places and existing networks meet the road graph: edges are split where they do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra

from coverage.crs import require_metric
from coverage.errors import CrsError, DataError
from coverage.roads.access import add_access, drop_in_cell
from coverage.roads.graph import ACCESS, DETOUR, FERRY, SPUR, Bools, Floats, Ints, RoadGraph, distinct, is_among
from coverage.roads.split import Shapes, add_straight, nearest, split


@dataclass(frozen=True, eq=False)
class Attached:
    """Hold the road graph with places and networks on it.

    `place_node` and `place_drop_m` are aligned to the places (-1 and NaN where not asked for); `network_nodes` are
    sorted, `network_flagged` says which stand only for assumed networks. `unreachable` marks places with no road
    (or ferry) to any network; `components` counts the unconnected parts of the graph; `network_apart` the network
    features too far from every road to start from.
    """

    graph: RoadGraph
    place_node: Ints
    place_drop_m: Floats
    network_nodes: Ints
    network_flagged: Bools
    unreachable: Bools
    components: int
    network_apart: int

    def to_network(self) -> tuple[Floats, Ints]:
        """Return each node's distance to the nearest network, and its next node on the way (negative: none)."""
        return self._to_network

    @cached_property
    def _to_network(self) -> tuple[Floats, Ints]:
        distance, before, _ = dijkstra(
            self.graph.matrix, indices=self.network_nodes, min_only=True, return_predecessors=True
        )
        return distance, before.astype(np.int64)


def attach(
    graph: RoadGraph,
    places: gpd.GeoDataFrame,
    *,
    mask: Bools,
    network: gpd.GeoDataFrame,
    reach_m: float = 25.0,
    spur_m: float = 2000.0,
    detour: float = DETOUR,
) -> Attached:
    """Put the places under `mask` and the existing network on the graph.

    A place meets the nearest road (never a ferry) at a node of its own; `place_drop_m` is the way there. Where
    `cell_m` (if there) is above 0, the place is a grid cell whose buildings stand anywhere in it: its middle is
    joined to the roads by a way that cells share (`add_access`), `detour` times as long as it is drawn, and
    `place_drop_m` is the mean drop per building inside the cell. A cell that no link within `spur_m` joins to a
    road stays apart, and is unreachable unless it lies in a network.

    A network point is joined by a spur of its true length. A network line is on every node within `reach_m` of it; a
    polygon is on every node inside, and roads are cut at its border. A feature that touches no road gets a spur
    from its nearest point, if a road is within `spur_m`; else it is counted as apart. Column `flagged` (bool) marks
    stand-ins. Raises DataError if no network is near a road or all roads are ferries, CrsError if the systems
    differ.
    """
    for frame, name in ((places, "places"), (network, "network")):
        if require_metric(frame, where=name).crs != graph.crs:
            raise CrsError(f"{name}: the coordinate system differs from that of the roads; expected one for all")
    if not len(network) or network.geometry.is_empty.all() or network.geometry.isna().all():
        raise DataError("network: no feature says where fibre is today; give points, lines or areas of a network")
    if not (graph.kind != FERRY).any():
        raise DataError("roads: every line is a ferry; expected at least one road")
    in_cell = _cell_sizes(places) * mask
    cells = np.flatnonzero(in_cell > 0)
    place_node = np.full(len(places), -1, dtype=np.int64)
    place_drop = np.full(len(places), np.nan)
    if len(cells):
        middle = shapely.get_coordinates(np.asarray(places.geometry.array, dtype=object)[cells])
        graph, place_node[cells] = add_access(graph, middle, limit_m=spur_m)
        place_drop[cells] = drop_in_cell(in_cell[cells], places["buildings"].to_numpy(dtype=float)[cells])
    (road, tree), land = graph.beside, np.flatnonzero(graph.kind != FERRY)

    wanted = np.flatnonzero(mask & (in_cell == 0))
    points = np.asarray(places.geometry.array, dtype=object)[wanted]
    place_edge, place_position, place_drop[wanted] = nearest(tree, points)
    features, feature_flagged = _features(network)
    contact = _contacts(shapely.STRtree(graph.lines(land)) if len(cells) else tree, features, reach_m)
    loose = np.setdiff1d(np.arange(len(features)), contact[2])
    loose_edge, loose_position, gap = nearest(tree, features[loose])
    near = gap <= spur_m
    apart = int(np.count_nonzero(~near))
    if apart == len(features):
        raise DataError(
            f"network: no feature is within {spur_m:g} m of a road; expected a network in the area of the roads"
        )
    loose, loose_edge, loose_position, gap = loose[near], loose_edge[near], loose_position[near], gap[near]

    edge = np.concatenate([road[place_edge], land[contact[0]], road[loose_edge]])
    position = np.concatenate([place_position, contact[1], loose_position])
    graph, node = split(graph, edge, position)
    place_count, contact_count = len(wanted), len(contact[0])
    loose_node = node[place_count + contact_count :]
    graph, loose_node = _add_spurs(graph, loose_node, features[loose], gap)

    inside_node, inside_feature = _touched(graph, features, reach_m)
    on_network = np.concatenate([node[place_count : place_count + contact_count], loose_node, inside_node])
    by = np.concatenate([contact[2], loose, inside_feature])
    network_nodes = distinct(on_network)
    sure = distinct(on_network[~feature_flagged[by]])

    length = np.where(graph.kind == ACCESS, np.round(graph.length_m * detour, 3), graph.length_m)
    graph = replace(graph, length_m=length)
    component = graph.component
    place_node[wanted] = node[:place_count]
    served = np.zeros(int(component.max()) + 1, dtype=bool)
    served[component[network_nodes]] = True
    unreachable = (place_node >= 0) & ~served[component[place_node]]
    flagged = ~is_among(network_nodes, sure)
    return Attached(graph, place_node, place_drop, network_nodes, flagged, unreachable, len(served), apart)


def _cell_sizes(places: gpd.GeoDataFrame) -> Floats:
    """Return the metres of a cell's side, 0 for a place whose position is its own."""
    if "cell_m" not in places:
        return np.zeros(len(places))
    return np.asarray(places["cell_m"].fillna(0.0).to_numpy(dtype=float))


def _features(network: gpd.GeoDataFrame) -> tuple[Shapes, Bools]:
    shapes, row = shapely.get_parts(np.asarray(network.geometry.array, dtype=object), return_index=True)
    flagged = network["flagged"].to_numpy(dtype=bool) if "flagged" in network else np.zeros(len(network), dtype=bool)
    keep = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return shapely.force_2d(shapes[keep]), flagged[row[keep]]


def _contacts(tree: shapely.STRtree, features: Shapes, reach_m: float) -> tuple[Ints, Floats, Ints]:
    """Find where roads meet network lines and the borders of network areas: line, metres along it, feature."""
    kinds = shapely.get_dimensions(features)
    edges, positions, found = [], [], []
    is_line = np.flatnonzero(kinds == 1)
    feature, edge = tree.query(features[is_line], predicate="dwithin", distance=reach_m)
    lines = tree.geometries[edge]
    foot = shapely.get_point(shapely.shortest_line(lines, features[is_line[feature]]), 0)
    edges.append(edge)
    positions.append(shapely.line_locate_point(lines, foot))
    found.append(is_line[feature])

    is_area = np.flatnonzero(kinds == 2)
    borders = shapely.boundary(features[is_area])
    feature, edge = tree.query(borders, predicate="intersects")
    crossings = shapely.extract_unique_points(shapely.intersection(tree.geometries[edge], borders[feature]))
    crossing, pair = shapely.get_parts(crossings, return_index=True)
    edges.append(edge[pair])
    positions.append(shapely.line_locate_point(tree.geometries[edge[pair]], crossing))
    found.append(is_area[feature[pair]])
    # Roads wholly inside need no cut, but they show that the area is on the road net.
    feature, edge = tree.query(features[is_area], predicate="contains_properly")
    edges.append(edge)
    positions.append(np.zeros(len(edge)))
    found.append(is_area[feature])
    return np.concatenate(edges).astype(np.int64), np.concatenate(positions), np.concatenate(found)


def _add_spurs(graph: RoadGraph, node: Ints, shapes: Shapes, gap: Floats) -> tuple[RoadGraph, Ints]:
    """Join shapes that lie off the road to their node by a straight spur; return the node of each shape."""
    away = np.flatnonzero(gap >= 0.01)
    if not len(away):
        return graph, node
    foot = shapely.points(graph.xy[node[away]])
    tip = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(shapes[away], foot), 0))
    away = away[np.lexsort((tip[:, 1], tip[:, 0]))]
    tip = tip[np.lexsort((tip[:, 1], tip[:, 0]))]
    new = graph.nodes + np.arange(len(away))
    joined = add_straight(graph, tip, node[away], new, kind=SPUR)
    node = node.copy()
    node[away] = new
    return joined, node


def _touched(graph: RoadGraph, features: Shapes, reach_m: float) -> tuple[Ints, Ints]:
    """Return (node, feature) for all nodes inside network areas or within reach of network lines."""
    tree = shapely.STRtree(np.asarray(shapely.points(graph.xy)))
    kinds = shapely.get_dimensions(features)
    area, line = np.flatnonzero(kinds == 2), np.flatnonzero(kinds == 1)
    in_area = tree.query(features[area], predicate="intersects")
    on_line = tree.query(features[line], predicate="dwithin", distance=reach_m)
    node = np.concatenate([in_area[1], on_line[1]]).astype(np.int64)
    return node, np.concatenate([area[in_area[0]], line[on_line[0]]])
