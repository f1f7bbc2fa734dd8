"""Find what was clicked: the nearest place, the area and the municipality under a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from shapely.geometry import Point

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS

NEAR_M: Final = 1_500.0  # a place farther away is not what was meant


@dataclass(frozen=True)
class Picked:
    """Hold what lies at a position; a part is None where nothing does."""

    place: pd.Series[Any] | None
    distance_m: float
    area: pd.Series[Any] | None
    municipality: str | None
    point: gpd.GeoSeries  # the place, else the position itself, in the study's CRS


def tree_of(places: gpd.GeoDataFrame) -> cKDTree:
    """Index the places; points only."""
    return cKDTree(np.column_stack([places.geometry.x, places.geometry.y]))


def pick(assessment: Assessment, tree: cKDTree, *, lat: float, lon: float) -> Picked:
    """Return the nearest place within NEAR_M, its area or the one under the position, and the municipality.

    Of places at the same position the one that is short of service comes first, then the lowest row.
    """
    at = gpd.GeoSeries([Point(lon, lat)], crs=GEOGRAPHIC_CRS).to_crs(assessment.places.crs)
    spot = at.iloc[0]
    place, distance = None, float("inf")
    if np.isfinite([spot.x, spot.y]).all() and len(assessment.places):
        distance = float(tree.query([spot.x, spot.y])[0])
        if distance <= NEAR_M:
            rows = sorted(tree.query_ball_point([spot.x, spot.y], distance + 0.01))
            short = assessment.places["short_fixed"].to_numpy()[rows]
            place = assessment.places.iloc[rows[int(np.argmax(short))]]
    area_id = None if place is None or pd.isna(place["area_id"]) else str(place["area_id"])
    areas = assessment.areas
    if area_id is None and len(areas):
        under = areas[areas.geometry.contains(spot)]
        area_id = None if under.empty else str(under.sort_values("area_id")["area_id"].iloc[0])
    found = areas[areas["area_id"] == area_id] if area_id else areas.iloc[:0]
    inside = assessment.municipalities[assessment.municipalities.geometry.intersects(spot)]
    mark = at if place is None else gpd.GeoSeries([place.geometry], crs=assessment.places.crs)
    return Picked(
        place=place,
        distance_m=distance,
        area=None if found.empty else found.iloc[0],
        municipality=None if inside.empty else str(inside["name"].iloc[0]),
        point=mark,
    )
