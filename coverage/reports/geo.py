"""Files for other people's GIS: GeoParquet, GeoPackage with QGIS styles, GeoJSON (RFC 7946)."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS
from coverage.reports.audience import mark
from coverage.reports.columns import rounded, style_of
from coverage.reports.corrections import correction_layer
from coverage.reports.evidence import EVERY_TEXT, with_evidence
from coverage.reports.pieces import Pieces, by_value, in_pieces
from coverage.reports.qgis import add_styles
from coverage.reports.short import short_places
from coverage.reports.tables import ranked_areas
from coverage.reports.technical import with_metres
from coverage.reports.wording import Wording

Layer: TypeAlias = gpd.GeoDataFrame | Pieces

PLACED: Final = ("eligible", "weight", "buildings")  # of sites: what lets them be routed to as places
SERVED: Final = "served"  # the reason_code of places that reach every tier
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
    plain = frame.copy(deep=False)
    plain.attrs = {}
    plain.to_parquet(path, index=False, compression="zstd", schema_version="1.1.0")


def full_places(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return every place with all that is known of it, the reasons in every language included."""
    return stamped(with_evidence(assessment.places, assessment), assessment)


def full_areas(assessment: Assessment) -> gpd.GeoDataFrame:
    """Return the areas in the order of rank, with the metres that each would be built of."""
    return with_metres(ranked_areas(assessment), assessment)


def brief_places(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `full_places` without the long texts of places that lack nothing: of those `reason` alone says why.

    A GeoPackage does not compress, and the texts of served places make up half of one.
    """
    served = (places["gap_kind"] == "none") & (places["reason_code"] == SERVED)
    long = [name for name in places.columns if name in EVERY_TEXT and name != "reason"]
    return places.assign(**{name: places[name].mask(served) for name in long})


def assessment_layers(assessment: Assessment, places: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
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


def gap_layers(assessment: Assessment) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a gap report: areas, routes and the places short of service, without homes' names."""
    return assessment_layers(assessment, short_places(assessment))


def write_geopackage(layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, as_of: dt.date, wording: Wording) -> None:
    """Write layers and their QGIS styles into one GeoPackage; its time stamps are the as-of date."""
    with _gdal_date(as_of):
        for number, (name, frame) in enumerate(layers.items()):
            pyogrio.write_dataframe(
                _plain_columns(frame),
                path,
                layer=name,
                driver="GPKG",
                append=number > 0,
                geometry_type=_geometry_type(frame),
                promote_to_multi=_geometry_type(frame).startswith("Multi"),
                layer_options={"IDENTIFIER": name, "GEOMETRY_NAME": "geom"},
            )
    add_styles(path, list(layers), as_of=as_of, wording=wording)


def _geometry_type(frame: gpd.GeoDataFrame) -> str:
    kinds = {str(kind).removeprefix("Multi") for kind in frame.geom_type.dropna().unique()}
    if kinds == {"Point"} and not frame.geom_type.str.startswith("Multi").any():
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
def _gdal_date(as_of: dt.date) -> Iterator[None]:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{as_of.isoformat()}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


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
