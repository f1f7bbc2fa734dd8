"""The small map of one area, written as SVG at once: its outline, premises and route, and faintly what lies around.

A paper holds dozens of them, so they are not drawn on a chart library's figure, which takes ten times as long; what
lies around is sorted once for all of them.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from coverage.reports.once import once
from coverage.reports.small_picture import KINDS, Floats, Frame, Picture, SmallMap

AT_PLACE_M: Final = 1.0  # an end of a route nearer than this to where a place joins it leads to that place


class Surroundings:
    """Hold an assessment's shapes sorted by where they are, so that each small map takes only its own."""

    def __init__(self, assessment: Assessment) -> None:
        """Sort what the maps of an assessment's areas show."""
        areas = assessment.areas.sort_values("area_id", kind="stable")  # whatever the order of the rows
        routes, sites = assessment.routes, assessment.sites
        self._outline = dict(zip(areas["area_id"], areas.geometry.array, strict=True))
        self._mobile = set(areas.loc[is_mobile(areas), "area_id"])
        self._ids = areas["area_id"].to_numpy(dtype=object)
        self._areas = shapely.STRtree(_shapes(areas))
        self._route = dict(zip(routes["area_id"], routes.geometry.array, strict=True))
        self._routes = shapely.STRtree(_shapes(routes))
        self._route_ids = routes["area_id"].to_numpy(dtype=object)
        self._land = _shapes(assessment.municipalities)
        self._mast = dict(zip(sites["area_id"], sites.geometry.array, strict=True)) if len(sites) else {}
        self._lacking = assessment.lacking
        self._missing = shapely.STRtree(_shapes(assessment.lacking) if len(assessment.lacking) else [])
        places = assessment.places
        self._xy = np.column_stack([places.geometry.x, places.geometry.y])
        self._kind = places["kind"].to_numpy(dtype=object)
        able = places[places["eligible"] > 0]
        self._members = _positions(able["area_id"], places.index)
        if "mobile_area_id" in places:
            self._members |= _positions(places["mobile_area_id"], places.index)
        # Where positions are told by the cell alone, nothing says at which end of a route the network is.
        self._placed = assessment.audience.kind != "public"

    def draw(self, area_id: str, *, width: float, height: float, north: str) -> SmallMap:
        """Draw the map of one area, in print points."""
        outline, route = self._outline[area_id], self._route.get(area_id, shapely.MultiLineString())
        rows = self._members.get(area_id, np.array([], dtype=np.intp))
        mast = self._mast.get(area_id)
        frame = Frame.around([outline, route, *([mast] if mast is not None else [])], width=width, height=height)
        picture = Picture(frame)
        picture.land(shapely.clip_by_rect(self._land, *frame.bounds))
        near = [at for at in sorted(self._areas.query(frame.box)) if self._ids[at] != area_id]
        # A mast and a trench are two projects on the same ground: an outline of the other kind would hide it.
        alike = [at for at in sorted(near) if (self._ids[at] in self._mobile) == (area_id in self._mobile)]
        picture.fill("neighbour", [self._outline[self._ids[at]] for at in alike])
        others = [at for at in sorted(self._routes.query(frame.box)) if self._route_ids[at] != area_id]
        picture.line("other_route", [self._route[self._route_ids[at]] for at in others])
        picture.fill("outline", [outline])
        if area_id in self._mobile:
            self._served(picture, outline)
        picture.line("route", [route])
        starts = _starts(route, self._xy[rows]) if self._placed and mast is None else np.empty((0, 2))
        picture.rings("start", starts)
        for kind in KINDS:
            picture.marks(kind, self._xy[rows[self._kind[rows] == kind]])
        if mast is not None:
            picture.marks("mast", shapely.get_coordinates(mast))
        return picture.finish(north)

    def _served(self, picture: Picture, outline: Any) -> None:
        """Draw the farmland and main roads without mobile service that the mast is to reach."""
        for what in ("farmland", "road"):
            found = [at for at in sorted(self._missing.query(outline)) if _is(self._lacking["unit"].iloc[at], what)]
            shapes = shapely.intersection(self._lacking.geometry.array[found], outline) if found else []
            (picture.line if what == "road" else picture.fill)(what, shapes)


@once
def surroundings(assessment: Assessment) -> Surroundings:
    """Return an assessment's shapes, sorted once for all the maps that are drawn of it."""
    return Surroundings(assessment)


def _shapes(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)


def _positions(ids: Any, index: Any) -> dict[str, npt.NDArray[np.intp]]:
    """Return the positions of the rows of each id in a frame with that index."""
    told = ids[ids.notna()]
    at = index.get_indexer(told.index)
    return {str(name): at[rows] for name, rows in told.groupby(told).indices.items()}


def _is(unit: str, what: str) -> bool:
    """Say whether a part without service that is counted in this unit is a road, or ground."""
    return (unit == "km") == (what == "road")


def _starts(route: Any, places: Floats) -> Floats:
    """Return the ends of a route that lead to none of its places: there it joins the network. May be none."""
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(route)]
    if not parts or not len(places):
        return np.empty((0, 2))
    ends = np.round(np.concatenate([part[[0, -1]] for part in parts]), 1)
    single, count = np.unique(ends, axis=0, return_counts=True)
    loose = single[count == 1]
    joins = shapely.get_coordinates(shapely.shortest_line(route, shapely.points(places)))[::2]
    apart = np.hypot(loose[:, None, 0] - joins[None, :, 0], loose[:, None, 1] - joins[None, :, 1])
    return np.asarray(loose[apart.min(axis=1) > AT_PLACE_M]) if len(loose) else np.empty((0, 2))
