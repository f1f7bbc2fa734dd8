"""Vector files: whatever GDAL reads, and GeoParquet. The CRS is the file's own, or the one study.toml states."""

from __future__ import annotations

import textwrap
import warnings
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.raw import RawTable

PARQUET: Final = (".parquet", ".geoparquet")


def read_vector(spec: SourceSpec) -> RawTable:
    """Read one layer with its columns and its CRS.

    Raises DataError where the file is missing, unreadable, empty or has several layers and none is named, and
    CrsError where it states no CRS and study.toml gives none, or gives another.
    """
    if not spec.path.exists():
        raise DataError(f"{spec.name}: the file does not exist; expected a vector layer for source {spec.id!r}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = _parquet(spec) if spec.path.suffix.lower() in PARQUET else _ogr(spec)
    if frame.empty:
        raise DataError(f"{spec.name}: the layer is empty; expected at least one feature for source {spec.id!r}")
    stated = frame.crs
    frame = _with_crs(frame, spec)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    found = stated.to_string() if stated is not None else f"none; study.toml says {spec.crs}"
    notes = tuple(dict.fromkeys(str(item.message).splitlines()[0] for item in caught))
    return RawTable(frame, crs_found=found, notes=notes)


def _ogr(spec: SourceSpec) -> gpd.GeoDataFrame:
    try:
        layers = [str(name) for name in pyogrio.list_layers(spec.path)[:, 0]]
        if spec.layer and spec.layer not in layers:
            raise DataError(f"{spec.name}: no layer {spec.layer!r}; expected one of {', '.join(layers)}")
        if not spec.layer and len(layers) > 1:
            raise DataError(
                f"{spec.name}: the file has the layers {', '.join(layers)}; name one as layer in study.toml"
            )
        if not layers:
            raise DataError(f"{spec.name}: the file has no layer; expected one for source {spec.id!r}")
        frame = pyogrio.read_dataframe(spec.path, layer=spec.layer or layers[0], use_arrow=True)
    except (DataSourceError, DataLayerError, RuntimeError, UnicodeDecodeError) as error:
        reason = textwrap.shorten(str(error), 100, placeholder=" …")
        raise DataError(f"{spec.name}: not a readable vector file ({reason}); expected e.g. GeoPackage") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise DataError(f"{spec.name}: the layer has no geometry; expected features with a geometry")
    return frame


def _parquet(spec: SourceSpec) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(spec.path)
    except (ValueError, OSError) as error:  # geopandas and pyarrow raise subclasses of these
        reason = textwrap.shorten(str(error), 100, placeholder=" …")
        raise DataError(f"{spec.name}: not readable as GeoParquet ({reason}); expected a whole file") from error


def _with_crs(frame: gpd.GeoDataFrame, spec: SourceSpec) -> gpd.GeoDataFrame:
    given = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs") if spec.crs else None
    if frame.crs is None:
        if given is None:
            raise CrsError(
                f'{spec.name}: the layer states no coordinate system; write crs = "EPSG:…" for it in study.toml'
            )
        return frame.set_crs(given)
    if given is not None and given != frame.crs:
        found = frame.crs.to_string()
        raise CrsError(f"{spec.name}: the layer states {found} but study.toml says {spec.crs}; expected the same")
    return frame
