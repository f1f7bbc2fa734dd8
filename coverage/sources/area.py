"""The study area: positions are brought into its CRS, and a position that cannot be right is explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from coverage.crs import GEOGRAPHIC_CRS, parse_crs, to_crs
from coverage.errors import CrsError
from coverage.sources.batch import Batch, Mask
from coverage.sources.geometry import describe

Floats = npt.NDArray[np.float64]

# A row may lie outside the municipalities (a road goes on, a cell straddles the border), but not farther than
# the larger of this and half the area's diagonal: beyond that its coordinates are taken to be wrong.
FAR_M: Final = 50_000.0
# A layer of which fewer rows than the first lie near the area is doubted where a known mistake would bring as many as
# the second into it: few others lie elsewhere in just that way.
FEW_NEAR: Final = 0.5
MOST_EXPLAINED: Final = 0.9
# National systems are used well outside their zone (UTM 33 for all of Norway), so allow this many degrees.
USE_MARGIN_DEG: Final = 15.0


@dataclass(frozen=True)
class StudyArea:
    """Hold the municipalities (schemas.MUNICIPALITIES, sorted by code) in the study's CRS."""

    crs: str
    municipalities: gpd.GeoDataFrame

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the area's bounding box in metres."""
        west, south, east, north = self.municipalities.total_bounds
        return float(west), float(south), float(east), float(north)

    @cached_property
    def near(self) -> tuple[float, float, float, float]:
        """Return the box beyond which a position is taken to be wrong."""
        west, south, east, north = self.bounds
        margin = max(FAR_M, np.hypot(east - west, north - south) / 2)
        return west - margin, south - margin, east + margin, north + margin


def bring_into(batch: Batch, area: StudyArea, *, clip_margin_m: float = 0.0, called: pd.Series | None = None) -> None:
    """Reproject to the study's CRS; reject what cannot be projected or lies far outside, saying what looks wrong.

    With option `clip`, what lies farther than `clip_margin_m` outside the area's bounding box is left out instead.
    A rejected row is shown as `called` names it, else by its geometry.
    A layer that lies elsewhere as a whole is named in the batch's facts, though its rows may be near enough to be used.
    """
    source = _project(batch, area.crs)
    bounds = _bounds(batch.geo)
    batch.facts = replace(batch.facts, doubt=doubt(source, bounds, area))
    if batch.spec.options.get("clip", False):
        west, south, east, north = area.bounds
        box = (west - clip_margin_m, south - clip_margin_m, east + clip_margin_m, north + clip_margin_m)
        away = ~_touches(bounds, box)
        why = "outside the study area (clip)"
        if away.all() and not _touches(bounds, area.near).any():
            # A layer that is wholly elsewhere is more likely misunderstood than clipped.
            words, count = np.unique(explain(source, batch.geo, area), return_counts=True)
            why += f"; the whole layer {words[count.argmax()]}"
        batch.leave_out(away, why=why)
        return
    far = ~_touches(bounds, area.near)
    if far.any():
        reasons = np.full(len(far), "", dtype=object)
        reasons[far] = explain(source[far], batch.geo[far], area)
        values = describe(_shapes(source)) if called is None else called.loc[batch.frame.index]
        batch.reject(far, field=batch.position, values=values, reason=reasons)


def bring_municipalities(batch: Batch, crs: str) -> None:
    """Reproject the municipalities to the study's CRS; reject those far outside the CRS's area of use."""
    source = _project(batch, crs)
    use = pyproj.CRS(crs).area_of_use
    box = (-180.0, -90.0, 180.0, 90.0)
    if use is not None:
        margin = USE_MARGIN_DEG
        box = (use.west - margin, use.south - margin, use.east + margin, use.north + margin)
    degrees = to_crs(source, GEOGRAPHIC_CRS, where=batch.spec.name)
    outside = ~_touches(_bounds(degrees), box) | ~np.isfinite(_bounds(batch.geo)).all(axis=1)
    reason = f"lies far outside the area of use of {crs}" + (f" ({use.name})" if use is not None else "")
    batch.reject(outside, field=batch.position, values=describe(_shapes(source)), reason=reason)


def suspect(bounds: tuple[float, float, float, float], crs: str, area: StudyArea) -> str:
    """Return what would bring a layer that lies elsewhere into the study area, or "" where nothing that is known does.

    `bounds` are in the study's CRS, `crs` is the layer's own.
    """
    west, south, east, north = bounds
    if not np.isfinite(bounds).all():
        return ""
    try:
        theirs = parse_crs(crs, where="the layer's CRS")
    except CrsError:  # of a name too long to be quoted whole
        return ""
    after = gpd.GeoDataFrame(geometry=gpd.points_from_xy([(west + east) / 2], [(south + north) / 2], crs=area.crs))
    (reason,) = explain(after.to_crs(theirs), after, area)
    return str(reason).partition(": ")[2]


def locate(points: gpd.GeoDataFrame, area: StudyArea, *, nearest_m: float) -> pd.Series:
    """Return the municipality_code of each point: where it intersects, else the nearest within `nearest_m`; else null.

    On a border, and at equal distances, the smallest code wins.
    """
    codes = area.municipalities["municipality_code"].to_numpy(dtype=object)
    polygons = np.asarray(area.municipalities.geometry.array, dtype=object)
    shapes = np.asarray(points.geometry.array, dtype=object)
    home = np.full(len(shapes), len(codes))
    # On the points, not the polygons: GEOS prepares the geometry that asks, and the polygons are the costly ones.
    owner, hit = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    np.minimum.at(home, hit, owner)
    lost = np.flatnonzero(home == len(codes))
    if nearest_m > 0 and len(lost):
        asked, owner = shapely.STRtree(polygons).query_nearest(shapes[lost], max_distance=nearest_m, all_matches=True)
        np.minimum.at(home, lost[asked], owner)
    return pd.Series(np.array([*codes, None], dtype=object)[home], index=points.index).astype("str")


def _project(batch: Batch, crs: str) -> gpd.GeoDataFrame:
    """Reproject the batch, reject what is no longitude and latitude, and return the rest as it was before."""
    source = batch.geo
    if source.crs is not None and pyproj.CRS(source.crs).is_geographic:
        bounds = np.abs(_bounds(source))
        lon, lat = bounds[:, [0, 2]].max(axis=1), bounds[:, [1, 3]].max(axis=1)
        metres = "is outside the area of use: expected degrees; these look like metres"
        swapped = "is outside the area of use: a latitude is at most 90 degrees; longitude and latitude look swapped"
        reasons = np.full(len(lon), metres, dtype=object)
        reasons[(lon <= 90) & (lat <= 360)] = swapped
        batch.reject((lon > 360) | (lat > 90), field=batch.position, values=describe(_shapes(source)), reason=reasons)
        source = batch.geo
    batch.frame = to_crs(source, crs, where=batch.spec.name)
    return source


def _shapes(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)


def _bounds(frame: gpd.GeoDataFrame) -> Floats:
    return np.asarray(shapely.bounds(_shapes(frame)), dtype=float).reshape(-1, 4)


def _touches(bounds: Floats, box: tuple[float, float, float, float]) -> Mask:
    west, south, east, north = box
    inside = (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return np.asarray(inside & np.isfinite(bounds).all(axis=1))


def doubt(before: gpd.GeoDataFrame, after: Floats, area: StudyArea) -> str:
    """Return what is wrong with a layer that lies elsewhere as a whole, or "" where nothing that is known is.

    `before` has its own CRS, `after` are the bounds of its rows in the study's. In a county as wide as a UTM zone, the
    rows of a layer in the wrong zone are not far enough away to be rejected one by one.
    """
    west, south, east, north = area.bounds
    beside = (west - FAR_M, south - FAR_M, east + FAR_M, north + FAR_M)
    near = int(_touches(after, beside).sum())
    if near >= FEW_NEAR * len(after):
        return ""
    words, fits = _mistake(before, area)
    if not words:
        return ""
    return (
        f"{len(after) - near:,} of {len(after):,} rows lie more than {FAR_M / 1000:g} km outside the study area's box: "
        f"{words}, which would bring {fits:,} of them into it"
    )


def doubt_box(bounds: tuple[float, float, float, float], crs: str, area: StudyArea) -> str:
    """Return what is wrong with a raster that touches the area but lies elsewhere as a whole, or "".

    `bounds` are in the study's CRS, `crs` is the raster's own. Nine points inside stand for it.
    """
    try:
        theirs = parse_crs(crs, where="the raster's CRS")
    except CrsError:  # of a name too long to be quoted whole
        return ""
    quarters = np.array([0.25, 0.5, 0.75])
    x, y = np.meshgrid(bounds[0] + quarters * (bounds[2] - bounds[0]), bounds[1] + quarters * (bounds[3] - bounds[1]))
    after = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x.ravel(), y.ravel()), crs=area.crs)
    if not doubt(before := after.to_crs(theirs), _bounds(after), area):
        return ""
    return f"most of the raster lies more than {FAR_M / 1000:g} km outside the area's box: {_mistake(before, area)[0]}"


def _mistake(before: gpd.GeoDataFrame, area: StudyArea) -> tuple[str, int]:
    """Return the mistake that explains where a layer lies, and how many rows it would bring into the area's box."""
    boxes = _bounds(before)
    x, y = (boxes / 2)[:, [0, 2]].sum(axis=1), (boxes / 2)[:, [1, 3]].sum(axis=1)  # a sum of whole ones may overflow
    for words, px, py, crs in _suspicions(x, y, pyproj.CRS(before.crs)):
        mx, my = pyproj.Transformer.from_crs(crs, area.crs, always_xy=True).transform(px, py)
        fits = int(_touches(np.column_stack([mx, my, mx, my]), area.bounds).sum())
        if fits >= MOST_EXPLAINED * len(boxes):
            return words, fits
    return "", 0


def explain(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, area: StudyArea) -> npt.NDArray[np.object_]:
    """Return for each far position what would bring it into the study area, else that it is far off."""
    boxes = _bounds(before)
    x, y = (boxes / 2)[:, [0, 2]].sum(axis=1), (boxes / 2)[:, [1, 3]].sum(axis=1)  # a sum of whole ones may overflow
    reasons = np.full(len(boxes), "lies far outside the study area", dtype=object)
    nowhere = ~np.isfinite(_bounds(after)).all(axis=1)
    reasons[nowhere] = f"is outside the area of use of {area.crs}: it has no coordinates there"
    unexplained = np.ones(len(reasons), dtype=bool)
    west, south, east, north = area.near
    for words, px, py, crs in _suspicions(x, y, pyproj.CRS(before.crs)):
        move = pyproj.Transformer.from_crs(crs, area.crs, always_xy=True)
        mx, my = move.transform(px, py)
        fits = unexplained & (mx >= west) & (mx <= east) & (my >= south) & (my <= north)
        reasons[fits] = f"lies far outside the study area: {words}"
        unexplained &= ~fits
    return reasons


def _suspicions(x: Floats, y: Floats, crs: pyproj.CRS) -> Iterator[tuple[str, Floats, Floats, pyproj.CRS]]:
    """Yield the mistakes that people make, most likely first: words, and the position if that is the mistake."""
    if crs.is_geographic:
        yield "longitude and latitude look swapped", y, x, crs
        yield "wrong hemisphere, the sign of the longitude looks wrong", -x, y, crs
        yield "wrong hemisphere, the sign of the latitude looks wrong", x, -y, crs
        yield "wrong hemisphere, the signs of longitude and latitude look wrong", -x, -y, crs
        return
    degrees = pyproj.CRS(GEOGRAPHIC_CRS)
    yield "easting and northing look swapped", y, x, crs
    yield "wrong hemisphere, the sign of the northing looks wrong", x, -y, crs
    yield "wrong hemisphere, the sign of the easting looks wrong", -x, y, crs
    yield "these look like degrees (longitude, latitude)", x, y, degrees
    yield "these look like degrees (latitude, longitude)", y, x, degrees
    if crs.utm_zone:
        zone, south = int(crs.utm_zone[:-1]), crs.utm_zone.endswith("S")
        for other in (zone - 1, zone + 1, zone - 2, zone + 2):
            if 1 <= other <= 60:
                yield f"these look like UTM zone {other}", x, y, pyproj.CRS.from_dict(
                    {"proj": "utm", "zone": other, "south": south, "datum": "WGS84"}
                )  # fmt: skip
