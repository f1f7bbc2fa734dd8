"""How a new mast is joined to the network: a cable along roads, a trench shared with a fibre area, or a radio link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from coverage.inputs import ReuseLayer, TerrainLayer
from coverage.radio import Radio
from coverage.roads import DETOUR, RoadGraph, attach
from coverage.routes import route
from coverage.sight import in_sight

EXISTING: Final = "mast"  # the basis of a site that stands already
LEAST_M: Final = 1.0  # a saving of less is none


def lay_backhaul(
    masts: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    graph: RoadGraph,
    network: gpd.GeoDataFrame,
    terrain: Sequence[TerrainLayer] = (),
    reuse: Sequence[ReuseLayer] = (),
    steep_slope: float = np.inf,
) -> gpd.GeoDataFrame:
    """Find the cable from every new site to the nearest network: one row per area of kind mobile, as `routes.route`.

    `masts` are the areas, `sites` their points as `routes.route` takes places, with `basis`. The straight way from a
    site to its road, DETOUR times as long, is dug off the road (`field_dug_m`, in `trench_m` and `route_m`). A site
    that stands already (basis "mast") is taken to have backhaul: its route has no metre. An assumption.
    """
    new = sites[sites["basis"] != EXISTING].reset_index(drop=True)
    if not len(new):  # roads need not be near masts that need none
        new = sites.iloc[:0]
    attached = attach(graph, new, mask=np.ones(len(new), dtype=bool), network=network)
    laid = route(masts, new, attached=attached, terrain=terrain, reuse=reuse, steep_slope=steep_slope)
    at = pd.Index(laid["area_id"]).get_indexer(new["area_id"])
    away = np.zeros(len(laid))
    away[at] = np.round(attached.place_drop_m * DETOUR, 3)
    shapes = np.asarray(laid.geometry.array, dtype=object)
    ends = attached.graph.xy[attached.place_node]
    starts = shapely.get_coordinates(np.asarray(new.geometry.array, dtype=object))
    for row, start, end in zip(at, starts, ends, strict=True):
        if away[row] > 0:
            spur = shapely.LineString([start, end])
            shapes[row] = shapely.MultiLineString([*shapely.get_parts(shapes[row]), spur])
    longer = {name: laid[name] + away for name in ("route_m", "trench_m", "field_dug_m", "backhaul_m")}
    return laid.assign(**longer, drop_m=0.0, drops=0.0).set_geometry(gpd.GeoSeries(shapes, crs=laid.crs))


def share_backhaul(
    masts: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    alone: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    *,
    graph: RoadGraph,
    network: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Find for each new mast the fibre route that would shorten its backhaul most, if that route were built first.

    `alone` is what `lay_backhaul` found, `routes` are those of the fixed areas. Returns, in the order of `masts`:
    `backhaul_with`, the area whose route the shorter backhaul starts at (null where none is nearer than the network),
    and `backhaul_saving_m`, the metres that it is shorter by. One mast at a time: masts do not share with each other.
    """
    found = pd.DataFrame(
        {"backhaul_with": pd.Series([None] * len(masts), dtype="str"), "backhaul_saving_m": np.zeros(len(masts))}
    ).set_axis(masts.index)
    drawn = routes[~(routes.geometry.is_empty | routes.geometry.isna())]
    if not (sites["basis"] != EXISTING).any() or not len(drawn):
        return found
    # A line is on the road at its crossings and bends; its ends, where the last house is, are features of their own.
    ends = drawn.geometry.boundary
    shapes = [*drawn.geometry, *ends[~ends.is_empty]]
    trenches = gpd.GeoDataFrame({"flagged": False}, index=range(len(shapes)), geometry=shapes, crs=drawn.crs)
    both = gpd.GeoDataFrame(pd.concat([network, trenches], ignore_index=True), geometry="geometry", crs=network.crs)
    shared = lay_backhaul(masts, sites, graph=graph, network=both).set_index("area_id").loc[list(masts["area_id"])]
    before = alone.set_index("area_id").loc[list(masts["area_id"]), "route_m"].to_numpy(dtype=float)
    saving = np.round(before - shared["route_m"].to_numpy(dtype=float), 3)
    better = np.flatnonzero(saving >= LEAST_M)
    # The backhaul ends where the trench begins; where the mast stands beside it, there is nothing left to dig.
    points = sites.set_index("area_id").geometry.loc[list(masts["area_id"].iloc[better])]
    left = np.asarray(shared.geometry.array, dtype=object)[better]
    left = np.where(shapely.is_empty(left), np.asarray(points.array, dtype=object), left)
    tree = shapely.STRtree(np.asarray(drawn.geometry.array, dtype=object))
    found.iloc[better, 0] = drawn["area_id"].to_numpy(dtype=object)[tree.nearest(left)]
    found.iloc[better, 1] = saving[better]
    return found


def link_backhaul(
    masts: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    existing: gpd.GeoDataFrame,
    *,
    terrain: Sequence[TerrainLayer],
    radio: Radio,
    crs: Any,
) -> pd.DataFrame:
    """Find for each new mast the nearest existing one (schemas.MASTS) that a radio link could reach.

    In sight means clear by the share of the first Fresnel zone of the FWA band; links use higher bands, whose zones
    are narrower, so that is cautious. Returns, in the order of `masts`: `link_to` (mast_id, null where none is in
    sight within `link_range_m`) and `link_m`, the straight way (NaN where there is none). That the existing mast has
    capacity to spare is an assumption.
    """
    to: npt.NDArray[np.object_] = np.full(len(masts), None, dtype=object)
    far = np.full(len(masts), np.nan)
    new = sites[sites["basis"] != EXISTING].sort_values("area_id", ignore_index=True)
    if len(new) and len(existing):
        here, there = _xy(new), _xy(existing)
        reached = cKDTree(there).query_ball_point(here, radio["link_range_m"].value, return_sorted=True)
        one = np.repeat(np.arange(len(new)), [np.size(found) for found in reached])
        other = np.concatenate([np.asarray(found, dtype=np.int64) for found in reached])
        away = np.hypot(*(here[one] - there[other]).T)
        kept = away > 0
        one, other, away = one[kept], other[kept], away[kept]
        height = existing["height_m"].fillna(radio["mast_existing_m"].value).to_numpy(dtype=float)
        sight = in_sight(
            here[one], new["mast_m"].to_numpy(dtype=float)[one], there[other], height[other],
            terrain=terrain, crs=crs, radio=radio, band="fwa",
        )  # fmt: skip
        one, other, away = one[sight.clear], other[sight.clear], away[sight.clear]
        names = existing["mast_id"].to_numpy(dtype=object)
        order = np.lexsort((names[other].astype(str), away, one))
        mine, first = np.unique(one[order], return_index=True)
        row = pd.Index(masts["area_id"]).get_indexer(new["area_id"].iloc[mine])
        to[row], far[row] = names[other[order[first]]], away[order[first]]
    return pd.DataFrame({"link_to": pd.array(to, dtype="str"), "link_m": np.round(far, 3)}, index=masts.index)


def _xy(frame: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(np.asarray(frame.geometry.array, dtype=object)), dtype=float)
