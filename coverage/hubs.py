"""Tell which business park a place is in, and which support hub (business garden, incubator) is nearest, by road."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.csgraph import dijkstra

from coverage.crs import to_crs
from coverage.errors import CrsError
from coverage.roads import FERRY, RoadGraph
from coverage.roads.split import nearest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Shapes = npt.NDArray[np.object_]

PARK: Final = "business_park"
COLUMNS: Final = ("business_park", "hub_name", "hub_distance_m", "hub_distance_basis")
LEAST_M: Final = 0.001  # a sparse matrix keeps no zero


def find_hubs(
    places: gpd.GeoDataFrame, *, hubs: gpd.GeoDataFrame, park_radius_m: float, graph: RoadGraph | None
) -> pd.DataFrame:
    """Return `business_park`, `hub_name`, `hub_distance_m` and `hub_distance_basis` of each place.

    A place is in a park whose polygon it intersects, or whose point is within `park_radius_m`; in several, the first
    by name. Parks are no hubs. The distance is along roads and ferries from the point of the road that is nearest to
    the place to the one nearest to the hub (of a polygon a point on it), with the straight ways to both: basis "road".
    Without a graph, or where no road leads to any hub, it is the straight line to the nearest: "straight_line". Equal
    distances go to the first hub by name. All null where there is none. Raises CrsError if the systems differ.
    """
    index = places.index
    empty = {name: pd.array([None] * len(places), dtype="str") for name in COLUMNS}
    found = pd.DataFrame(empty | {"hub_distance_m": np.full(len(places), np.nan)}, index=index)
    if not len(hubs) or not len(places):
        return found[list(COLUMNS)]
    if to_crs(hubs, places.crs, where="hubs") is not hubs:
        raise CrsError(f"hubs: the layer is in {hubs.crs}, the places in {places.crs}")
    ordered = hubs.sort_values(["name", "source", "source_row"], kind="stable", ignore_index=True)
    points = _shapes(places)
    park = (ordered["hub_kind"] == PARK).to_numpy()
    found["business_park"] = _parks(points, ordered[park], radius_m=park_radius_m)
    support = ordered[~park]
    if not len(support):
        return found[list(COLUMNS)]
    which, distance = _straight(points, _shapes(support))
    basis = np.full(len(points), "straight_line", dtype=object)
    if graph is not None and (graph.kind != FERRY).any():
        by_road, road_m = _by_road(points, _shapes(support), graph)
        there = np.isfinite(road_m)
        which, distance = np.where(there, by_road, which), np.where(there, road_m, distance)
        basis[there] = "road"
    names = support["name"].to_numpy(dtype=object)
    found["hub_name"] = pd.array(names[which], dtype="str")
    found["hub_distance_m"] = np.round(distance, 1)
    found["hub_distance_basis"] = pd.array(basis, dtype="str")
    return found[list(COLUMNS)]


def _shapes(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _parks(points: Shapes, parks: gpd.GeoDataFrame, *, radius_m: float) -> Any:
    shapes = _shapes(parks)
    reach = np.where(shapely.get_dimensions(shapes) == 0, radius_m, 0.0)
    park, place = shapely.STRtree(points).query(shapes, predicate="dwithin", distance=reach)
    names = np.full(len(points), None, dtype=object)
    order = np.lexsort((-park, place))  # the last one written stays: the first by name
    names[place[order]] = parks["name"].to_numpy(dtype=object)[park[order]]
    return pd.array(names, dtype="str")


def _straight(points: Shapes, hubs: Shapes) -> tuple[Ints, Floats]:
    (place, hub), distance = shapely.STRtree(hubs).query_nearest(points, all_matches=True, return_distance=True)
    order = np.lexsort((hub, place))
    first = order[np.append(True, np.diff(place[order]) > 0)]
    return hub[first].astype(np.int64), distance[first]


def _by_road(points: Shapes, hubs: Shapes, graph: RoadGraph) -> tuple[Ints, Floats]:
    """Return the hub nearest along the graph to each point, and how far it is; infinite where there is no way."""
    land = np.flatnonzero(graph.kind != FERRY)
    tree = shapely.STRtree(graph.lines(land))
    edge, at, gap = _meet(tree, points, land, graph)
    hub_edge, hub_at, hub_gap = _meet(tree, shapely.point_on_surface(hubs), land, graph)
    # Every hub is a node of its own, with a way to both ends of its edge and none back.
    count = len(hubs)
    own = np.arange(count)
    ways = np.maximum(LEAST_M, np.concatenate([hub_at, graph.length_m[hub_edge] - hub_at]) + np.tile(hub_gap, 2))
    ends = np.concatenate([graph.u[hub_edge], graph.v[hub_edge]])
    loop = graph.u[hub_edge] == graph.v[hub_edge]  # both ways end at one node: the shorter counts
    ways[:count] = np.where(loop, np.minimum(ways[:count], ways[count:]), ways[:count])
    kept = np.append(np.ones(count, dtype=bool), ~loop)
    extra = csr_matrix((ways[kept], (np.tile(own, 2)[kept], ends[kept])), shape=(count, graph.nodes))
    body = vstack([graph.matrix, extra], format="csr")
    square = csr_matrix((body.data, body.indices, body.indptr), shape=(graph.nodes + count, graph.nodes + count))
    reach, _, source = dijkstra(square, indices=graph.nodes + own, min_only=True, return_predecessors=True)

    one, two = graph.u[edge], graph.v[edge]
    by_u, by_v = reach[one] + at, reach[two] + graph.length_m[edge] - at
    distance = np.minimum(by_u, by_v)
    which = source[np.where(by_u <= by_v, one, two)].astype(np.int64) - graph.nodes
    for hub in range(count - 1, -1, -1):
        same = edge == hub_edge[hub]
        direct = np.abs(at - hub_at[hub]) + hub_gap[hub]
        closer = same & (direct <= distance)
        distance, which = np.where(closer, direct, distance), np.where(closer, hub, which)
    return np.where(np.isfinite(distance), which, 0), distance + gap


def _meet(tree: shapely.STRtree, points: Shapes, land: Ints, graph: RoadGraph) -> tuple[Ints, Floats, Floats]:
    edge, at, gap = nearest(tree, points)
    edge = land[edge]
    return edge, np.clip(at, 0.0, graph.length_m[edge]), gap
