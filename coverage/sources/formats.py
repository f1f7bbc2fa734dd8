"""Vector formats: which there are, and that a file is the one that its name says, before GDAL sees it.

GDAL tells formats by content, and some of what it would then read are lists of other files or addresses on the
network. So a file is opened only as what its name promises and its first bytes confirm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import limit
from coverage.sources.spreadsheet import refuse_entities

HEAD_BYTES: Final = 1 << 16
_PROLOGUE: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?(?:\s|<!--.*?-->)*<(?:\w+:)?kml[\s>]", re.DOTALL
)
_TYPE: Final = re.compile(rb'"type"\s*:\s*"([^"]{0,60})"')
GEOJSON_TYPES: Final = (
    b"FeatureCollection", b"Feature", b"Point", b"MultiPoint", b"LineString", b"MultiLineString", b"Polygon",
    b"MultiPolygon", b"GeometryCollection",
)  # fmt: skip


@dataclass(frozen=True)
class Format:
    """Describe one format: GDAL's names of its drivers, and a test of the first bytes."""

    name: str
    drivers: tuple[str, ...]
    fits: Callable[[bytes], bool]
    text: bool = False  # read whole into memory by GDAL, so bounded like a table


def _geojson(head: bytes) -> bool:
    types = _TYPE.findall(head)
    known = not types or any(name in GEOJSON_TYPES for name in types)
    return known and b"gdal_streamed_alg" not in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


FORMATS: Final[Mapping[str, Format]] = {
    ".gpkg": Format("GeoPackage", ("GPKG",), lambda head: head.startswith(b"SQLite format 3\0")),
    ".geojson": Format("GeoJSON", ("GeoJSON",), _geojson, text=True),
    ".json": Format("GeoJSON", ("GeoJSON",), _geojson, text=True),
    ".shp": Format("Shapefile", ("ESRI Shapefile",), lambda head: head.startswith(b"\x00\x00\x27\x0a")),
    ".fgb": Format("FlatGeobuf", ("FlatGeobuf",), lambda head: head.startswith(b"fgb")),
    ".kml": Format("KML", ("LIBKML", "KML"), lambda head: bool(_PROLOGUE.match(head)), text=True),
    ".gdb": Format("file geodatabase", ("OpenFileGDB",), lambda head: True),
    ".pbf": Format("OpenStreetMap PBF", ("OSM",), lambda head: b"OSMHeader" in head[:64]),
    ".parquet": Format("GeoParquet", (), lambda head: head.startswith(b"PAR1")),
    ".geoparquet": Format("GeoParquet", (), lambda head: head.startswith(b"PAR1")),
}


def identify(path: Path, spec: SourceSpec) -> Format:
    """Return the format of a vector file. Raises DataError where its name or its content is of none that is read."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(f"*{suffix}" for suffix in FORMATS)
        raise DataError(f"{spec.name}: no known vector format; expected one of {known}, or one of them in a *.zip")
    if path.suffix.lower() == ".gdb":
        if not path.is_dir():
            raise DataError(f"{spec.name}: not a readable vector file; expected a folder with a {form.name}")
        return form
    if not path.is_file():
        raise DataError(f"{spec.name}: not a readable vector file; expected a {form.name}, not a folder")
    with path.open("rb") as file:
        if not form.fits(file.read(HEAD_BYTES)):
            raise DataError(f"{spec.name}: not a readable vector file; expected a {form.name}, as its name says")
    if form.text and path.stat().st_size > (most := limit(spec, "max_bytes")):
        raise DataError(f"{spec.name}: more than {most:,} bytes of text; expected less, or a higher options.max_bytes")
    if form.name == "KML":
        with path.open("rb") as file:
            refuse_entities(file, spec)
    return form
