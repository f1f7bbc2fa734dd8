"""Find what was clicked: the nearest place, the area and the municipality under a position."""

from __future__ import annotations

import math
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
from coverage.kinds import MOBILE, is_mobile

NEAR_M: Final = 1_500.0  # a place farther away is not what was meant
MARK_M: Final = 90.0  # radius of the ring around a place
SAME_M: Final = 0.01  # two places this close stand at one position
SITE_M: Final = 400.0  # a mast this close was meant, not what another one serves
NEAR_PX: Final = 9.0  # pixels on the screen beside a sign that still count as on it
EARTH_M: Final = 6_378_137.0
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
    route: bool = False  # a route was meant: the area is the one that it is built for

    @property
    def mark(self) -> gpd.GeoSeries:
        """Return what the map marks: a ring around the place or the position, or the outline of an area alone."""
        area = self.area if self.place is None else None
        return self.point.buffer(MARK_M) if area is None else gpd.GeoSeries([area.geometry], crs=self.point.crs)


@dataclass(frozen=True)
class Index:
    """Hold the places in two trees, with their rows: all that can be meant, and those that are short of service."""

    every: cKDTree
    rows: NDArray[np.intp]
    short: cKDTree
    short_rows: NDArray[np.intp]

    @classmethod
    def build(
        cls,
        places: gpd.GeoDataFrame,
        *,
        first: NDArray[np.bool_] | None = None,
        shown: NDArray[np.bool_] | None = None,
    ) -> Index:
        """Index the places; points only.

        `first` tells which come first, those short of service if None; `shown` which can be meant, all if None.
        """
        xy = np.column_stack([places.geometry.x, places.geometry.y])
        if first is None:
            first = (places["gap_kind"] != "none").to_numpy() | (places["short_fixed"].to_numpy() > 0)
        if shown is None:
            shown = np.ones(len(places), dtype=bool)
        rows, short = np.flatnonzero(shown), np.flatnonzero(shown & first)
        # As they come: a click asks once or twice, and of two million places a balanced tree takes twice as long.
        every, few = (cKDTree(xy[at], balanced_tree=False, compact_nodes=False) for at in (rows, short))
        return cls(every, rows, few, short)

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
            row = int(self.rows[min(self.every.query_ball_point([x, y], distance + SAME_M))])
        return row, float(distance)


def pick(assessment: Assessment, index: Index, *, lat: float, lon: float, zoom: float | None = None) -> Picked:
    """Return the place that was meant, its area or the one under the position, and the municipality.

    `zoom` is the map's at the click: it tells how far from a sign a click may be. Where no sign of a place is that
    close, a route that is, or else the area below, was meant, and not a place farther off.
    """
    at = gpd.GeoSeries([Point(lon, lat)], crs=GEOGRAPHIC_CRS).to_crs(assessment.places.crs)
    spot = at.iloc[0]
    known = bool(np.isfinite([spot.x, spot.y]).all())
    reach = EXACT_M if zoom is None else max(EXACT_M, NEAR_PX * _metres_per_pixel(lat, zoom))
    found_place = index.nearest(spot.x, spot.y) if known else None
    place = None if found_place is None else assessment.places.iloc[found_place[0]]
    distance = float("inf") if found_place is None else found_place[1]
    mast = _mast_away(assessment, spot) if known else float("inf")
    if mast < min(distance, SITE_M):  # a mast was meant, not the place beyond it
        place, distance = None, float("inf")
    route = _route(assessment, spot, reach=reach) if known and min(distance, mast) > reach else None
    area_id = _area_of(place) if distance <= EXACT_M else None
    if area_id is None and not route:
        fixed = assessment.areas[~is_mobile(assessment.areas)]
        under = fixed[fixed.geometry.contains(spot)]
        area_id = _area_of(place) if under.empty else str(under.sort_values("area_id")["area_id"].iloc[0])
        if zoom is not None and distance > reach and not under.empty:
            place, distance = None, float("inf")
    if route:
        area_id, place, distance = route, None, float("inf")
    inside = assessment.municipalities[assessment.municipalities.geometry.intersects(spot)]
    area = _row(assessment, area_id)
    masted = area if area is not None and area["kind"] == MOBILE else None
    if masted is None and known and is_mobile(assessment.areas).any():
        masted = _mobile(assessment, spot, place, near=distance <= EXACT_M)
    return Picked(
        place=place,
        distance_m=distance,
        area=None if area is None or area["kind"] == MOBILE else area,
        mobile=masted,
        municipality=None if inside.empty else str(inside["name"].iloc[0]),
        point=at if place is None else gpd.GeoSeries([place.geometry], crs=assessment.places.crs),
        route=route is not None,
    )


def place_of(assessment: Assessment, row: int) -> Picked:
    """Return the place of a row with its areas, as a click on it would."""
    place = assessment.places.iloc[row]
    names = assessment.municipalities.set_index("municipality_code")["name"]
    return Picked(
        place=place,
        distance_m=0.0,
        area=_row(assessment, _area_of(place)),
        mobile=_row(assessment, _area_of(place, "mobile_area_id")),
        municipality=names.get(place["municipality_code"]),
        point=gpd.GeoSeries([place.geometry], crs=assessment.places.crs),
    )


def area_of(assessment: Assessment, area_id: str) -> Picked | None:
    """Return an area by its id; None where there is no such area, say under another policy."""
    area = _row(assessment, area_id)
    if area is None:
        return None
    names = assessment.municipalities.set_index("municipality_code")["name"]
    masted = area["kind"] == MOBILE
    return Picked(
        place=None,
        distance_m=float("inf"),
        area=None if masted else area,
        mobile=area if masted else None,
        municipality=names.get(area["municipality_code"]),
        point=gpd.GeoSeries([area.geometry.representative_point()], crs=assessment.areas.crs),
    )


def _row(assessment: Assessment, area_id: str | None) -> pd.Series[Any] | None:
    found = assessment.areas[assessment.areas["area_id"] == area_id] if area_id else assessment.areas.iloc[:0]
    return None if found.empty else found.iloc[0]


def _area_of(place: pd.Series[Any] | None, column: str = "area_id") -> str | None:
    """Return the id of a place's area, or None."""
    value = None if place is None else place.get(column)
    return None if value is None or pd.isna(value) else str(value)


def _route(assessment: Assessment, spot: Point, *, reach: float) -> str | None:
    """Return the area whose route is the nearest within reach, or None."""
    routes = assessment.routes
    if routes.empty:
        return None
    rows = routes.sindex.nearest(spot, return_all=False, max_distance=reach)[1]
    return str(routes["area_id"].iloc[rows[0]]) if len(rows) else None


def _metres_per_pixel(lat: float, zoom: float) -> float:
    """Return what a pixel of the web Mercator map is on the ground, in metres."""
    return 2 * math.pi * EARTH_M * math.cos(math.radians(lat)) / (256 * 2.0**zoom)


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
