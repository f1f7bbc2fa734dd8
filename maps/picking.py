"""Find what was clicked: the nearest place, the area and the municipality under a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import Point

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS
from coverage.kinds import is_mobile

NEAR_M: Final = 1_500.0  # a place farther away is not what was meant
SAME_M: Final = 0.01  # two places this close stand at one position
SITE_M: Final = 400.0  # a mast this close was meant, not what another one serves
EXACT_M: Final = 60.0  # within this, the nearest place was meant, short of service or not


@dataclass(frozen=True)
class Picked:
    """Hold what lies at a position; a part is None where nothing does."""

    place: pd.Series[Any] | None
    distance_m: float
    area: pd.Series[Any] | None
    municipality: str | None
    mobile: pd.Series[Any] | None  # the area of kind mobile
    point: gpd.GeoSeries  # the place, else the position itself, in the study's CRS


@dataclass(frozen=True)
class Index:
    """Hold the places in two trees: all of them, and those that are short of service (with their rows)."""

    every: cKDTree
    short: cKDTree
    short_rows: NDArray[np.intp]

    @classmethod
    def build(cls, places: gpd.GeoDataFrame, *, first: NDArray[np.bool_] | None = None) -> Index:
        """Index the places; points only. `first` tells which come first, those short of service if None."""
        xy = np.column_stack([places.geometry.x, places.geometry.y])
        if first is None:
            first = (places["gap_kind"] != "none").to_numpy() | (places["short_fixed"].to_numpy() > 0)
        rows = np.nonzero(first)[0]
        return cls(cKDTree(xy), cKDTree(xy[rows]), rows)

    def nearest(self, x: float, y: float) -> tuple[int, float] | None:
        """Return row and distance of the place that was meant, or None.

        That is the nearest place within EXACT_M, else the nearest that is short of service within NEAR_M, else
        the nearest within NEAR_M. Of several at one position, one short of service comes first, then the lowest row.
        """
        if not self.every.n:
            return None
        distance, row = self.every.query([x, y])[0], None
        if self.short.n:
            short = self.short.query([x, y])[0]
            if short <= distance + SAME_M or (distance > EXACT_M and short <= NEAR_M):
                distance, row = short, int(self.short_rows[min(self.short.query_ball_point([x, y], short + SAME_M))])
        if distance > NEAR_M:
            return None
        if row is None:
            row = min(self.every.query_ball_point([x, y], distance + SAME_M))
        return row, float(distance)


def pick(assessment: Assessment, index: Index, *, lat: float, lon: float) -> Picked:
    """Return the place that was meant, its area or the one under the position, and the municipality."""
    at = gpd.GeoSeries([Point(lon, lat)], crs=GEOGRAPHIC_CRS).to_crs(assessment.places.crs)
    spot = at.iloc[0]
    known = bool(np.isfinite([spot.x, spot.y]).all())
    found_place = index.nearest(spot.x, spot.y) if known else None
    place = None if found_place is None else assessment.places.iloc[found_place[0]]
    distance = float("inf") if found_place is None else found_place[1]
    if known and _mast_away(assessment, spot) < min(distance, SITE_M):  # a mast was meant, not the place beyond it
        place, distance = None, float("inf")
    masted = is_mobile(assessment.areas)
    areas = assessment.areas[~masted]
    area_id = None if place is None or pd.isna(place["area_id"]) else str(place["area_id"])
    if area_id is None or distance > EXACT_M:
        under = areas[areas.geometry.contains(spot)]
        area_id = area_id if under.empty else str(under.sort_values("area_id")["area_id"].iloc[0])
    found = areas[areas["area_id"] == area_id] if area_id else areas.iloc[:0]
    inside = assessment.municipalities[assessment.municipalities.geometry.intersects(spot)]
    mark = at if place is None else gpd.GeoSeries([place.geometry], crs=assessment.places.crs)
    return Picked(
        place=place,
        distance_m=distance,
        area=None if found.empty else found.iloc[0],
        mobile=_mobile(assessment, spot, place, near=distance <= EXACT_M) if masted.any() and known else None,
        municipality=None if inside.empty else str(inside["name"].iloc[0]),
        point=mark,
    )


def _mobile(assessment: Assessment, spot: Point, place: pd.Series[Any] | None, *, near: bool) -> pd.Series[Any] | None:
    """Return the area of kind mobile that was meant: of the mast close by, of the place, else the one below."""
    masted = assessment.areas[is_mobile(assessment.areas)].sort_values("area_id").set_index("area_id", drop=False)
    away = _away(assessment, spot)
    own = None if place is None else place.get("mobile_area_id")
    if near and isinstance(own, str) and own in masted.index:
        return masted.loc[own]
    if len(away) and away.min() <= SITE_M:
        return masted.loc[str(away.sort_index(kind="stable").idxmin())]
    under = masted[masted.geometry.contains(spot)]
    return None if under.empty else under.iloc[0]


def _away(assessment: Assessment, spot: Point) -> pd.Series[float]:
    """Return the distance to the mast of each area of kind mobile."""
    sites = assessment.sites
    return sites.geometry.distance(spot).set_axis(sites["area_id"]) if len(sites) else pd.Series(dtype=float)


def _mast_away(assessment: Assessment, spot: Point) -> float:
    away = _away(assessment, spot)
    return float(away.min()) if len(away) else float("inf")
