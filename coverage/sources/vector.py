"""Vector files, read by GDAL or as GeoParquet. The CRS is the file's own, or the one study.toml states."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyogrio.errors
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.archive import local_file
from coverage.sources.formats import Format, identify
from coverage.sources.geopackage import check_views
from coverage.sources.limits import MAX_COLUMNS, brief, check_count, limit
from coverage.sources.names import nearest
from coverage.sources.raw import NoRowsError, RawTable
from coverage.sources.shapefile import text_encoding

VECTOR_READER_OPTIONS: Final = ("encoding",)
# What the libraries raise for files that are damaged; all else is a fault of ours and shows as such.
_DAMAGED: Final = (
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError, pa.ArrowException, ShapelyError,
    ProjError, RuntimeError, ValueError, OSError, OverflowError, MemoryError, UnboundLocalError,
)  # fmt: skip


def read_vector(spec: SourceSpec) -> RawTable:
    """Read one layer with its columns and its CRS.

    Formats: see `formats.FORMATS`; one data set inside a zip file too. A column name that occurs again becomes
    `name#2`. Raises DataError where the file is missing, unreadable, too large, empty, not what its name says, or has
    several layers and none is named; and CrsError where it states no CRS and study.toml gives none, or gives another.
    """
    with local_file(spec) as path, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        form = identify(path, spec)
        notes: tuple[str, ...] = ()
        if form.drivers:
            frame, notes = _ogr(path, form, spec)
        else:
            frame = _parquet(path, spec)
    if frame.empty:
        raise NoRowsError(f"{spec.name}: the layer is empty; expected at least one feature for source {spec.id!r}")
    frame, twice = _named_once(frame)
    _check_texts(frame, spec)
    stated = frame.crs
    frame = _with_crs(frame, spec)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    found = stated.to_string() if stated is not None else f"none; study.toml says {spec.crs}"
    said = dict.fromkeys(brief(str(item.message).split("\n", 1)[0], length=200) for item in caught)
    return RawTable(frame, crs_found=brief(found), notes=(*notes, *twice, *said))


def layer_names(spec: SourceSpec) -> tuple[str, ...]:
    """Return the layers of a vector file, for a person to choose from; none of a format that has no layers.

    Raises DataError where the file is not what its name says.
    """
    with local_file(spec) as path:
        form = identify(path, spec)
        if not form.drivers:
            return ()
        _check_path(path, spec)
        try:
            return tuple(str(name) for name in pyogrio.list_layers(path)[:, 0])
        except _DAMAGED as error:
            raise DataError(
                f"{spec.name}: not a readable vector file ({brief(error)}); expected a whole {form.name}"
            ) from error


def _ogr(path: Path, form: Format, spec: SourceSpec) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    _check_path(path, spec)
    options: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    if form.name == "Shapefile":
        options["encoding"], notes = text_encoding(path, spec)
    try:
        if form.name == "GeoPackage":
            check_views(path, spec)
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        layer = _layer(layers, spec)
        facts = pyogrio.read_info(path, layer=layer)
        _check_facts(facts, form, spec)
        if "geometry" in facts["fields"]:  # the library overwrites it
            notes = (*notes, "the column 'geometry' is not read, because the name stands for the geometry itself")
        # One row more than is allowed shows that there are too many, in layers that do not say how many they have.
        most = limit(spec, "max_rows") + 1
        # GDAL hands over what a damaged FlatGeobuf says of its texts as it stands, and Arrow then reads beyond them.
        arrow = form.name != "FlatGeobuf" and options.get("encoding") is None
        frame = pyogrio.read_dataframe(path, layer=layer, use_arrow=arrow, max_features=most, **options)
    except _DAMAGED as error:
        raise DataError(
            f"{spec.name}: not a readable vector file ({brief(error)}); expected a whole {form.name}"
        ) from error
    check_count(len(frame), spec, "max_rows", "features")
    if not isinstance(frame, gpd.GeoDataFrame):
        raise DataError(f"{spec.name}: the layer has no geometry; expected features with a geometry")
    return frame, notes


def _layer(layers: list[str], spec: SourceSpec) -> str:
    shown = ", ".join(brief(name, length=60) for name in layers[:20]) + (" …" if len(layers) > 20 else "")
    if not layers:
        raise DataError(f"{spec.name}: the file has no layer; expected one for source {spec.id!r}")
    if spec.layer and spec.layer not in layers:
        raise DataError(f"{spec.name}: no layer {spec.layer!r}; {nearest(spec.layer, layers)}: expected one of {shown}")
    if not spec.layer and len(layers) > 1:
        raise DataError(f"{spec.name}: the file has the layers {shown}; name one as layer in study.toml")
    return spec.layer or layers[0]


def _check_facts(facts: dict[str, Any], form: Format, spec: SourceSpec) -> None:
    if facts["driver"] not in form.drivers:
        raise DataError(f"{spec.name}: is a {facts['driver']} file; expected a {form.name}, as its name says")
    if len(facts["fields"]) > MAX_COLUMNS:
        raise DataError(
            f"{spec.name}: the layer has {len(facts['fields']):,} columns; expected no more than {MAX_COLUMNS:,}"
        )
    check_count(int(facts["features"]), spec, "max_rows", "features")


def _check_path(path: Path, spec: SourceSpec) -> None:
    # The library would take these apart, and then read another file or none.
    if any(mark in str(path) for mark in "!;?"):
        raise DataError(f"{spec.name}: the path has one of ! ; ? in it; expected a path of a vector file without them")


def check_parquet(path: Path, spec: SourceSpec) -> None:
    """Raise DataError where a Parquet file announces more rows, columns or bytes than the limits allow."""
    facts = pq.read_metadata(path)
    check_count(facts.num_rows, spec, "max_rows", "rows")
    if facts.num_columns > MAX_COLUMNS:
        raise DataError(f"{spec.name}: {facts.num_columns:,} columns; expected no more than {MAX_COLUMNS:,}")
    size = sum(facts.row_group(group).total_byte_size for group in range(facts.num_row_groups))
    check_count(size, spec, "max_bytes", "bytes unpacked")


def _parquet(path: Path, spec: SourceSpec) -> gpd.GeoDataFrame:
    try:
        check_parquet(path, spec)
        return gpd.read_parquet(path)
    except (*_DAMAGED, KeyError, TypeError, AttributeError) as error:  # the last three: damaged metadata
        raise DataError(f"{spec.name}: not readable as GeoParquet ({brief(error)}); expected a whole file") from error


def _named_once(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Give repeated column names a number, and the geometry the name that only it may have."""
    names = [str(name) for name in frame.columns]
    active = list(frame.columns).index(frame.geometry.name)
    taken = {"geometry"}
    new, notes = [], []
    for position, name in enumerate(names):
        if position == active:
            new.append("geometry")
            continue
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name}#{number}"
        if unique != name:
            notes.append(f"column {brief(name)!r} occurs again; read as {brief(unique)}")
        taken.add(unique)
        new.append(unique)
    if new == names:
        return frame, ()
    crs = frame.crs
    plain = pd.DataFrame(frame)
    plain.columns = pd.Index(new)
    return gpd.GeoDataFrame(plain, geometry="geometry", crs=crs), tuple(notes)


def _check_texts(frame: gpd.GeoDataFrame, spec: SourceSpec) -> None:
    """Raise DataError for a column name or value that is no UTF-8 text: most formats promise that, and none checks."""
    for name in frame.columns:
        if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", str(name)):
            raise DataError(f"{spec.name}: the column name {brief(ascii(name))} is no text; expected column names")
        values = frame[name].array
        try:
            if isinstance(values, pd.arrays.ArrowStringArray):
                pa.chunked_array(values.__arrow_array__()).validate(full=True)
        except pa.ArrowException as error:
            raise DataError(
                f"{spec.name}: column {brief(name)!r} holds bytes that are no UTF-8 text; expected text in UTF-8"
            ) from error


def _with_crs(frame: gpd.GeoDataFrame, spec: SourceSpec) -> gpd.GeoDataFrame:
    given = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs") if spec.crs else None
    if frame.crs is None:
        if given is None:
            raise CrsError(
                f'{spec.name}: the layer states no coordinate system; write crs = "EPSG:…" for it in study.toml'
            )
        return frame.set_crs(given)
    if given is not None and given != frame.crs:
        found = brief(frame.crs.to_string())
        raise CrsError(f"{spec.name}: the layer states {found} but study.toml says {spec.crs}; expected the same")
    return frame
