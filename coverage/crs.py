"""The one gate for coordinate systems: nothing is guessed, metric work is in metres."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pyproj
from pyproj.exceptions import CRSError as PyprojCrsError
from pyproj.exceptions import ProjError

from coverage.errors import CrsError

GEOGRAPHIC_CRS: Final = "EPSG:4326"


def parse_crs(text: object, *, where: str) -> pyproj.CRS:
    """Turn a CRS name such as ``EPSG:25833`` into a CRS.

    `where` is what the user should look at (file and field). Raises CrsError if it names no known CRS.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except PyprojCrsError as error:
        raise CrsError(f"{where}: {text!r} is not a known coordinate system; expected e.g. 'EPSG:25833'") from error


def parse_metric_crs(text: object, *, where: str) -> pyproj.CRS:
    """Turn a CRS name into a projected CRS in metres, or raise CrsError."""
    crs = parse_crs(text, where=where)
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        raise CrsError(f"{where}: {text!r} is not a projected coordinate system in metres; expected e.g. 'EPSG:25833'")
    return crs


def to_crs(frame: gpd.GeoDataFrame, crs: object, *, where: str) -> gpd.GeoDataFrame:
    """Reproject a frame, or raise CrsError if it states no CRS."""
    if frame.crs is None:
        raise CrsError(f'{where}: the layer states no coordinate system; write crs = "EPSG:…" for it in study.toml')
    target = pyproj.CRS.from_user_input(crs)
    try:
        return frame if frame.crs == target else frame.to_crs(target)
    except ProjError as error:
        raise CrsError(f"{where}: the coordinate system that the layer states cannot be brought into {crs}") from error


def require_metric(frame: gpd.GeoDataFrame, *, where: str) -> gpd.GeoDataFrame:
    """Return the frame unchanged if it is in a projected CRS in metres, else raise CrsError."""
    if frame.crs is None:
        raise CrsError(f"{where}: the frame has no coordinate system")
    parse_metric_crs(frame.crs, where=where)
    return frame
