"""Files for other people's GIS: GeoParquet, GeoPackage with QGIS styles, GeoJSON (RFC 7946)."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS
from coverage.reports.audience import mark
from coverage.reports.columns import rounded, style_of
from coverage.reports.corrections import correction_layer
from coverage.reports.evidence import OFFERS, in_language, text_columns, with_evidence
from coverage.reports.pieces import SIZE, Pieces, by_value, in_pieces
from coverage.reports.qgis import add_styles
from coverage.reports.short import pieces
from coverage.reports.tables import ranked_areas
from coverage.reports.technical import with_metres
from coverage.reports.wording import Wording

Layer: TypeAlias = gpd.GeoDataFrame | Pieces

PLACED: Final = ("eligible", "weight", "buildings")  # of sites: what lets them be routed to as places
SERVED: Final = "served"  # the reason_code of places that reach every tier
# What a GeoPackage of all places leaves to places.parquet: columns that say again what another one says, what the
# project needs for itself, and the rows of registers.
LEFT_OUT: Final = frozenset(
    (
        "source", "source_row", "tier_best", "fixed_down_max_mbps", "fixed_up_max_mbps", "fixed_class_down_mbps",
        "fixed_class_up_mbps", "uncounted_down_mbps", "uncounted_up_mbps", "uncounted_technology",
        "uncounted_provider", "uncounted_source", "uncounted_source_row", "uncounted_why", "measured_up_mbps",
        "measured_tests", "mobile_level_indoor", "nace_standard", "nace_division", "nace_note", "ground_basis",
        "hub_distance_basis", "correction_row", "correction_source", "stranding_route_m",
    )
)  # fmt: skip
PARQUET: Final[dict[str, Any]] = {"index": False, "compression": "zstd", "schema_version": "1.1.0"}
PAGE_BYTES: Final = 16_384
DEGREE_DECIMALS: Final = 7  # about one centimetre


def stamped(frame: gpd.GeoDataFrame, assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the frame with the columns that say under which policy, for which date and how real it is."""
    return frame.assign(
        policy=assessment.policy.id,
        as_of=assessment.study.as_of.isoformat(),
        data_status=assessment.study.data_status,
        **mark(assessment),
    )


def write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write GeoParquet 1.1; the same frame gives the same bytes. What a stage noted beside its rows stays out of it."""
    _plain(frame).to_parquet(path, **PARQUET)


def write_parquet_pieces(parts: Pieces, path: Path) -> None:
    """Write GeoParquet 1.1, each piece as a row group; the same rows give the same bytes.

    What the file says of its geometries is what `write_parquet` says of all the pieces' together.
    """
    columns, pandas = (_geo_metadata(frame) for frame in (parts.source[[parts.source.geometry.name]], parts.head))
    schema = _arrow(parts.head).schema.with_metadata({**pandas, b"geo": columns[b"geo"]})
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for part in parts:
            file.write_table(_arrow(part).cast(schema))


def _geo_metadata(frame: gpd.GeoDataFrame) -> dict[bytes, bytes]:
    held = io.BytesIO()
    _plain(frame).to_parquet(held, **PARQUET)
    found: dict[bytes, bytes] = pq.read_schema(held).metadata
    return found


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    plain = frame.copy(deep=False)
    plain.attrs = {}
    return plain


def _arrow(frame: gpd.GeoDataFrame) -> pa.Table:
    return pa.table(_plain(frame).to_arrow(index=False, geometry_encoding="WKB"))


def every_place(assessment: Assessment, *, size: int = SIZE) -> Pieces:
    """Return every place with all that is known of it, in every language, as frames of at most `size` rows."""
    at = np.arange(len(assessment.places))
    make = partial(with_evidence, assessment=assessment)
    return Pieces(assessment.places, at, make, size).then(partial(stamped, assessment=assessment))


def full_areas(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the areas in the order of rank, with the metres that each would be built of."""
    return with_metres(ranked_areas(assessment), assessment)


def brief_places(places: gpd.GeoDataFrame, wording: Wording) -> gpd.GeoDataFrame:
    """Return places of `every_place` without other languages' texts, and without what LEFT_OUT names.

    Of places that lack nothing no text, file and date says what `reason_code` and the offer's own columns say already:
    a GeoPackage does not compress, and these would make up a third of one.
    """
    served = (places["gap_kind"] == "none") & (places["reason_code"] == SERVED)
    kept = in_language(places.drop(columns=[name for name in places.columns if name in LEFT_OUT]), wording)
    told = [*text_columns(wording.language), *(f"{offer}_{what}" for offer in OFFERS for what in ("file", "as_of"))]
    return kept.assign(**{name: kept[name].mask(served) for name in told})


def assessment_layers(assessment: Assessment, places: Layer) -> dict[str, Layer]:
    """Return the layers of a GeoPackage, in the study's CRS: municipalities, areas, routes and the places given.

    Where places were corrected, a layer `corrections` holds a point for each correction.
    """
    corrected = {"corrections": correction_layer(assessment)} if len(assessment.corrections) else {}
    return {
        "municipalities": stamped(assessment.municipalities, assessment),
        "areas": stamped(full_areas(assessment), assessment),
        **(
            {"sites": stamped(assessment.sites.drop(columns=[*PLACED], errors="ignore"), assessment)}
            if len(assessment.sites)
            else {}
        ),
        "routes": stamped(with_metres(assessment.routes, assessment), assessment),
        "places": places,
        **corrected,
    }


def gap_layers(assessment: Assessment) -> dict[str, Layer]:
    """Return the layers of a gap report: areas, routes and the places short of service, without homes' names."""
    return assessment_layers(assessment, pieces(assessment))


def write_geopackage(layers: Mapping[str, Layer], path: Path, *, as_of: dt.date, wording: Wording) -> None:
    """Write layers and their QGIS styles into one GeoPackage; its time stamps are the as-of date."""
    with _gdal_options(as_of):
        for number, (name, layer) in enumerate(layers.items()):
            options = {"IDENTIFIER": name, "GEOMETRY_NAME": "geom"}
            where = {"layer": name, "driver": "GPKG", "append": number > 0, "layer_options": options}
            if isinstance(layer, Pieces):
                _stream(layer, path, where)
                continue
            kind = _geometry_type(layer.geometry)
            pyogrio.write_dataframe(
                _plain_columns(layer), path, geometry_type=kind, promote_to_multi=kind.startswith("Multi"), **where
            )
    add_styles(path, list(layers), as_of=as_of, wording=wording)


def _stream(parts: Pieces, path: Path, where: Mapping[str, Any]) -> None:
    """Write a layer that is pulled piece by piece: one transaction, one spatial index, the types of the head."""
    head = _plain_columns(parts.head)
    schema = _arrow(head).schema
    batches = (batch for part in parts for batch in _arrow(_plain_columns(part)).cast(schema).to_batches())
    code = head.crs.to_epsg()
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, batches),
        path,
        geometry_name=head.geometry.name,
        geometry_type=_geometry_type(parts.source.geometry),
        crs=f"EPSG:{code}" if code else head.crs.to_wkt(),
        **where,
    )


def _geometry_type(shapes: gpd.GeoSeries) -> str:
    found = [str(kind) for kind in shapes.geom_type.dropna().unique()]
    kinds = {kind.removeprefix("Multi") for kind in found}
    if found == ["Point"]:
        return "Point"
    if len(kinds) == 1:
        return f"Multi{next(iter(kinds)).replace('LinearRing', 'LineString')}"
    return "Unknown"


def _plain_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    # GDAL knows no column of mixed Python objects, and a column of nothing but None has no type it could infer.
    attributes = [name for name in frame.columns if name != frame.geometry.name]
    text = [name for name in attributes if frame[name].dtype == object]
    return frame.assign(**{name: frame[name].astype("str").where(frame[name].notna()) for name in text})


@contextlib.contextmanager
def _gdal_options(as_of: dt.date) -> Iterator[None]:
    # Our rows are long: in SQLite's own pages of 4 kB a tenth of a file is left empty.
    options = {"OGR_CURRENT_DATE": f"{as_of.isoformat()}T00:00:00.000Z", "OGR_SQLITE_PRAGMA": f"page_size={PAGE_BYTES}"}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


def write_geojson(layers: Mapping[str, Layer], path: Path, *, facts: Mapping[str, Any]) -> None:
    """Write layers into one GeoJSON file after RFC 7946: WGS84, right-hand rule, seven decimals.

    Each feature names its layer in the property `layer`. `facts` stand as further members beside the features.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type": "FeatureCollection",\n')
        for key, value in facts.items():
            file.write(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n")
        file.write('"features": [')
        comma = "\n"
        for name, frame in layers.items():
            for part in in_pieces(frame):
                for feature in _features(part, name):
                    file.write(comma + feature)
                    comma = ",\n"
        file.write("\n]}\n")


def _features(frame: gpd.GeoDataFrame, layer: str) -> Iterator[str]:
    degrees = frame.geometry.to_crs(GEOGRAPHIC_CRS).to_numpy()
    turned = shapely.orient_polygons(degrees, exterior_cw=False)
    shapes = shapely.to_geojson(shapely.transform(turned, lambda xy: np.round(xy, DEGREE_DECIMALS)))
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    columns = [[_json("layer", layer)] * len(frame), *(_members(attributes[name]) for name in attributes.columns)]
    for *members, shape in zip(*columns, shapes, strict=True):
        properties = ", ".join(members)
        yield f'{{"type": "Feature", "properties": {{{properties}}}, "geometry": {shape or "null"}}}'


def _members(column: pd.Series) -> list[str]:
    """Return the JSON of a column's values, each with the column's name in front."""
    name = str(column.name)
    nothing = _json(name, None)
    if pd.api.types.is_bool_dtype(column.dtype):
        return by_value(column, lambda value: _json(name, bool(value)), missing=nothing)
    if pd.api.types.is_numeric_dtype(column.dtype):
        style = style_of(name)
        kept = "degrees" if style in ("text", "wide", "short", "long") else style
        numbers = pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
        return by_value(numbers, lambda value: _json(name, rounded(value, kept)), missing=nothing)
    return by_value(column, lambda value: _json(name, str(value)), missing=nothing)


def _json(name: str, value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return f"{json.dumps(name, ensure_ascii=False)}: {shown}"
