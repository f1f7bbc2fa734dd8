"""Served places as the start of routes: where fibre is in the road today, if no operator shows its network."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.roads.graph import RoadGraph, unique_rows
from coverage.roads.split import nearest

SERVED: Final = "served places"  # the `source` of such a start


def with_served(
    network: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    graph: RoadGraph,
    technologies: Collection[str],
    reach_m: float = 2000.0,
) -> gpd.GeoDataFrame:
    """Return the network and, as points on it, the roads at places whose best offer today is of these technologies.

    The start is where the place's drop leaves the road (never a ferry), for there the cable is; a place farther than
    `reach_m` from every road gives none. `places` has `fixed_technology`, null where there is no offer or service is
    known as a share only. Earlier such points in the network are replaced, so that a change of offers is followed.
    """
    known = network
    if "source" in network:
        known = network[network["source"].ne(SERVED)]
    served = places["fixed_technology"].isin(list(technologies)).to_numpy(dtype=bool)
    road, tree = graph.beside
    if not served.any() or not len(road):
        return known
    edge, position, gap = nearest(tree, np.asarray(places.geometry.array, dtype=object)[served])
    near = gap <= reach_m
    if not near.any():
        return known
    foot = shapely.line_interpolate_point(tree.geometries[edge[near]], position[near])
    xy, _ = unique_rows(np.round(shapely.get_coordinates(foot), 2))
    columns = {"flagged": np.zeros(len(xy), dtype=bool), "source": pd.array([SERVED] * len(xy), dtype="str")}
    starts = gpd.GeoDataFrame(columns, geometry=np.asarray(shapely.points(xy)), crs=places.crs)
    if known.empty:
        return starts
    return gpd.GeoDataFrame(pd.concat([known, starts], ignore_index=True), geometry="geometry", crs=places.crs)
