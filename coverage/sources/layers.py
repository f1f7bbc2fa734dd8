"""Municipalities, roads, network, truth, terrain and mobile coverage: layers that are mostly geometry."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.errors import DataError
from coverage.inputs import ExtentLayer, MobileLayer, SourceFacts, SourceReport, SourceSpec, TerrainLayer
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into, bring_municipalities, doubt_box, suspect
from coverage.sources.batch import Batch, digest
from coverage.sources.geometry import clean, map_and_place
from coverage.sources.limits import brief
from coverage.sources.mapping import as_number, as_text, fill_codes, map_fields, note_unused
from coverage.sources.raster import RasterFacts, class_levels, inspect_raster
from coverage.sources.roles import ROLES

# No land lies lower (the shore of the Dead Sea: -440 m) or higher (Mount Everest: 8,849 m).
LOWEST_M: Final = -500
HIGHEST_M: Final = 9_000


def read_municipalities(spec: SourceSpec, *, crs: str) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read the municipalities (schemas.MUNICIPALITIES) in the study's CRS, sorted by code.

    Parts of one municipality (rows with the same code) are joined. Raises DataError where none is usable.
    """
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["municipalities"].fields, defaults=defaults)
    clean(batch, ("polygon",))
    bring_municipalities(batch, crs)
    batch.require_rows()
    frame = batch.geo.assign(municipality_code=fill_codes(batch.frame["municipality_code"], spec))
    parts = len(frame)
    try:
        frame = frame.dissolve("municipality_code", aggfunc="first", sort=True).reset_index()
    except shapely.errors.ShapelyError as error:
        raise DataError(f"{spec.name}: parts of a municipality cannot be joined ({brief(error)})") from error
    if len(frame) < parts:
        batch.notes.append(f"{parts:,} rows joined to {len(frame):,} municipalities by their code")
    frame = frame[["municipality_code", "name", "geometry"]]
    frame = frame.assign(municipality_code=frame["municipality_code"].astype("str"), name=frame["name"].astype("str"))
    return batch, schemas.check(frame, schemas.MUNICIPALITIES, where=spec.name)


def read_roads(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read roads as single LineStrings with `ferry`, `private`, `source` and `source_row`."""
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["roads"].fields, defaults=defaults)
    clean(batch, ("line",))
    bring_into(batch, area)
    batch.require_rows()
    lines = _with_origin(batch).explode(index_parts=False, ignore_index=True)
    return batch, lines[shapely.length(np.asarray(lines.geometry.array, dtype=object)) > 0].reset_index(drop=True)


def read_network(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read where fibre is today, as points, lines or polygons with `flagged` (option `stand_in`), `name`, `source`."""
    batch, defaults = open_batch(spec)
    map_and_place(batch, ROLES["network"], defaults)
    bring_into(batch, area)
    batch.require_rows()
    frame = _with_origin(batch).assign(flagged=bool(spec.options.get("stand_in", False)))
    return batch, frame.reset_index(drop=True)


def read_hubs(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read support hubs and business parks (schemas.HUBS) as points or polygons in the study's CRS."""
    batch, defaults = open_batch(spec)
    map_and_place(batch, ROLES["hubs"], defaults)
    bring_into(batch, area)
    batch.require_rows()
    return batch, schemas.check(_with_origin(batch).reset_index(drop=True), schemas.HUBS, where=spec.name)


def read_truth(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read published results as polygons, with the mapped columns: numbers as float, the rest as text."""
    batch, _ = open_batch(spec)
    note_unused(batch, dict(spec.columns))
    missing = [theirs for theirs in spec.columns.values() if theirs not in batch.frame.columns]
    if missing:
        raise DataError(f"{spec.name}: no column {missing[0]!r}; expected the columns that study.toml maps")
    geometry = batch.geo.geometry
    columns: dict[str, pd.Series] = {}
    for ours, theirs in spec.columns.items():
        text = as_text(batch.frame[theirs])
        number = as_number(text, decimal=batch.decimal)
        columns[ours] = number if number.isna().equals(text.isna()) else text
    batch.frame = gpd.GeoDataFrame(columns, index=batch.frame.index, geometry=geometry, crs=batch.geo.crs)
    clean(batch, ("polygon",))
    bring_into(batch, area)
    batch.require_rows()
    return batch, _with_origin(batch).reset_index(drop=True)


def read_extent(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, ExtentLayer]:
    """Read what mobile coverage is told of by area or length: polygons of farmland or lines of roads, say.

    Option `what` names it. A layer is all polygons or all lines: rows of the other kind than the first are rejected.
    """
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["extent"].fields, defaults=defaults)
    shapes = batch.geo.geometry.dropna()
    lines = bool(len(shapes)) and shapes.iloc[0].geom_type in ("LineString", "MultiLineString")
    clean(batch, ("line",) if lines else ("polygon",))
    bring_into(batch, area)
    batch.require_rows()
    what, ground = str(spec.options["what"]), str(spec.options.get("ground", ""))
    if ground and lines:
        raise DataError(f"{spec.name}: ground = {ground!r} is said of lines; expected polygons of the ground worked on")
    return batch, ExtentLayer(spec.id, what, _with_origin(batch).reset_index(drop=True), ground)


def read_water(spec: SourceSpec, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    """Read lakes, rivers and the sea as polygons in the study's CRS: a background, from which nothing is reckoned."""
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["water"].fields, defaults=defaults)
    clean(batch, ("polygon",))
    bring_into(batch, area)
    batch.require_rows()
    return batch, _with_origin(batch).reset_index(drop=True)


def read_mobile_raster(spec: SourceSpec, *, area: StudyArea) -> tuple[SourceReport, MobileLayer]:
    """Check one operator's mobile raster and name it: signal in dBm, or classes by option `classes`.

    It keeps its own CRS and is sampled in it. Raises DataError where the raster is unusable, holds classes without that
    option or signals of 0 dBm and more, which nothing receives, or does not touch the study area.
    """
    classes = class_levels(spec)
    facts = inspect_raster(spec, crs=area.crs, classes=classes)
    _require_touch(facts, spec, area)
    if facts.categorical and not classes:
        raise DataError(f"{spec.name}: the raster has a colour table, so classes; expected options.classes for them")
    if not classes and facts.high >= 0:
        # 0 where there is no coverage, or classes, or per cent: all would be read as very good coverage.
        raise DataError(
            f"{spec.name}: holds {facts.low:g} to {facts.high:g} where signals are expected, in dBm below 0; expected "
            "nodata where there is no coverage, or options.classes if the values are classes"
        )
    what = f"a signal, {facts.low:g} to {facts.high:g} dBm"
    if classes:
        what = "a class: " + ", ".join(f"{level} {facts.counts[value]:,}" for value, level in sorted(classes.items()))
    stated = "none stated" if facts.nodata is None else f"{facts.nodata:g}"
    note = f"{facts.valid:,} of {facts.cells:,} cells hold {what}; nodata {stated}"
    layer = MobileLayer(
        spec.id, spec.options["operator"], spec.options["technology"], raster=facts.path, classes=classes
    )
    return _raster_report(spec, facts, note, area), layer


def read_terrain(spec: SourceSpec, *, area: StudyArea) -> tuple[SourceReport, TerrainLayer]:
    """Check one elevation model and name it; it keeps its own CRS and is sampled in it.

    Raises DataError where the raster is unusable, does not touch the study area, or holds what is no height on earth.
    """
    facts = inspect_raster(spec, crs=area.crs)
    _require_touch(facts, spec, area)
    if facts.categorical or facts.low < LOWEST_M or facts.high > HIGHEST_M:
        raise DataError(
            f"{spec.name}: holds {facts.low:g} to {facts.high:g} where heights in metres are expected, {LOWEST_M:,} to "
            f"{HIGHEST_M:,}; expected an elevation model, with nodata stated where it has voids"
        )
    stated = "none stated" if facts.nodata is None else f"{facts.nodata:g}"
    note = f"{facts.valid:,} of {facts.cells:,} cells hold a height, {facts.low:g} to {facts.high:g} m; nodata {stated}"
    return _raster_report(spec, facts, note, area), TerrainLayer(spec.id, facts.path)


def _require_touch(facts: RasterFacts, spec: SourceSpec, area: StudyArea) -> None:
    """Raise DataError where a raster lies outside the study area."""
    west, south, east, north = area.bounds
    left, bottom, right, top = facts.bounds
    if not (left < east and right > west and bottom < north and top > south):
        words = suspect(facts.bounds, facts.crs, area)
        why = f" ({words})" if words else ""
        raise DataError(
            f"{spec.name}: the raster lies outside the study area{why}; expected one that covers part of it"
        )


def _raster_report(spec: SourceSpec, facts: RasterFacts, note: str, area: StudyArea) -> SourceReport:
    return SourceReport(
        source=spec.id, role=spec.role, path=spec.name, sha256=digest(spec.path), supplier=spec.supplier,
        licence=spec.licence, as_of=spec.as_of, data_status=spec.data_status, rows_read=facts.cells,
        rows_rejected=0, geometries_repaired=0, crs_found=facts.crs, notes=(note,),
        facts=SourceFacts(extent=facts.bounds, doubt=doubt_box(facts.bounds, facts.crs, area)),
    )  # fmt: skip


def _with_origin(batch: Batch) -> gpd.GeoDataFrame:
    frame = batch.geo
    return frame.assign(
        source=pd.Series(batch.spec.id, index=frame.index, dtype="str"),
        source_row=frame.index.to_numpy(dtype="int64"),
    )
