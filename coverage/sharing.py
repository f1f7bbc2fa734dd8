"""Trenches shared as backhaul: a mast whose fibre could start at the route of a project area, if that is built."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.roads import RoadGraph, attach
from coverage.routes import route

LEAST_M: Final = 1.0  # a saving of less is none


def share_backhaul(
    masts: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    alone: gpd.GeoDataFrame,
    routes: gpd.GeoDataFrame,
    *,
    graph: RoadGraph,
    network: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Find for each mast the fibre route that would shorten its backhaul most, if that route were built first.

    `masts` are the areas of kind mobile, `sites` their points as `routes.route` takes places, `alone` the routes of
    their backhaul from the existing network, `routes` those of the fixed areas. Returns, in the order of `masts`:
    `backhaul_with`, the area whose route the shorter backhaul starts at (null where none is nearer than the network),
    and `backhaul_saving_m`, the metres that it is shorter by. One mast at a time: masts do not share with each other.
    """
    none = pd.DataFrame(
        {"backhaul_with": pd.Series([None] * len(masts), dtype="str"), "backhaul_saving_m": np.zeros(len(masts))},
        index=masts.index,
    )
    drawn = routes[~(routes.geometry.is_empty | routes.geometry.isna())]
    if not len(masts) or not len(sites) or not len(drawn):
        return none
    # A line is on the road at its crossings and bends; its ends, where the last house is, are features of their own.
    shapes = [*drawn.geometry, *drawn.geometry.boundary[~drawn.geometry.boundary.is_empty]]
    trenches = gpd.GeoDataFrame({"flagged": False}, index=range(len(shapes)), geometry=shapes, crs=drawn.crs)
    both = gpd.GeoDataFrame(pd.concat([network, trenches], ignore_index=True), geometry="geometry", crs=network.crs)
    attached = attach(graph, sites, mask=np.ones(len(sites), dtype=bool), network=both)
    shared = route(masts, sites, attached=attached).set_index("area_id").loc[list(masts["area_id"])]
    before = alone.set_index("area_id").loc[list(masts["area_id"]), "route_m"].to_numpy(dtype=float)
    saving = np.round(before - shared["route_m"].to_numpy(dtype=float), 3)
    better = np.flatnonzero(saving >= LEAST_M)
    # The backhaul ends where the trench begins; where the mast stands beside it, there is nothing left to dig.
    ends = np.asarray(shared.geometry.array, dtype=object)[better]
    at = sites.drop_duplicates("area_id").set_index("area_id").geometry
    points = np.asarray(at.loc[list(masts["area_id"].iloc[better])].array, dtype=object)
    tree = shapely.STRtree(np.asarray(drawn.geometry.array, dtype=object))
    nearest = tree.nearest(np.where(shapely.is_empty(ends), points, ends))
    found = none.copy()
    found.iloc[better, 0] = drawn["area_id"].to_numpy(dtype=object)[nearest]
    found.iloc[better, 1] = saving[better]
    return found
