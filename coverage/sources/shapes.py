"""Where the rows of a source are: footprints, lines, points, cells or places, each made from what the file has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources import ssb
from coverage.sources.area import StudyArea, bring_into, doubt, explain
from coverage.sources.batch import Batch
from coverage.sources.cells import SSB_ID, h3_outlines, quadkey_outlines, ssb_corner
from coverage.sources.geometry import add_points, clean, coordinate_pair
from coverage.sources.mapping import source_column
from coverage.sources.roles import SHAPE_FIELDS, Family, Field

# Shapes whose geometry the file itself has.
FAMILIES: Final[Mapping[str, tuple[Family, ...]]] = {"polygon": ("polygon",), "line": ("line",), "point": ("point",)}
OUTLINES: Final[Mapping[str, tuple[Callable[[pd.Series], gpd.GeoSeries], str]]] = {
    "h3": (h3_outlines, "is no H3 cell"),
    "quadkey": (quadkey_outlines, "is no quadkey: expected one digit 0 to 3 per zoom level"),
}


def fields_of(batch: Batch, shape: str, defaults: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the columns that say where the rows are, of the ways that the shape knows the one this file has.

    Raises DataError where it has none.
    """
    fields = SHAPE_FIELDS[shape]
    if shape == "point":
        if isinstance(batch.frame, gpd.GeoDataFrame):
            return ()
        pair = coordinate_pair(batch, defaults)
        return tuple(field for field in fields if field.name in pair)
    if shape == "cell":
        by_id = source_column(batch, "cell_id", defaults) is not None
        return tuple(field for field in fields if (field.name == "cell_id") == by_id)
    return fields


def place_rows(batch: Batch, shape: str, area: StudyArea) -> None:
    """Give the mapped rows their geometry in the study's CRS; cells of a metric grid keep their corners instead.

    A row of shape "place" keeps its id. Rows that lead nowhere are rejected. Raises DataError or CrsError.
    """
    spec = batch.spec
    if shape in FAMILIES:
        if shape == "point" and not isinstance(batch.frame, gpd.GeoDataFrame):
            x_y = ("x", "y") if "x" in batch.frame else ("lon", "lat")
            add_points(batch, x_y)
        if not isinstance(batch.frame, gpd.GeoDataFrame):
            raise DataError(
                f"{spec.name}: shape {shape!r} needs a vector layer; a table has shape 'place', 'point', 'cell', "
                "'h3' or 'quadkey'"
            )
        clean(batch, FAMILIES[shape])
        bring_into(batch, area)
        return
    if isinstance(batch.frame, gpd.GeoDataFrame):
        # The id decides; the geometry that the file has besides is not looked at.
        batch.frame = pd.DataFrame(batch.frame.drop(columns=batch.frame.geometry.name))
    if shape in OUTLINES:
        ids = batch.frame[shape]
        _outline(batch, shape)
        bring_into(batch, area, called=ids)
    elif shape == "cell":
        _check_cells(batch, area)


def _outline(batch: Batch, shape: str) -> None:
    outlines, reason = OUTLINES[shape]
    ids = batch.frame[shape]
    shapes = outlines(ids)
    field = batch.named.get(shape, shape)
    batch.frame = gpd.GeoDataFrame(batch.frame, geometry=shapes, crs=shapes.crs)
    batch.reject(shapes.isna().to_numpy(), field=field, values=ids, reason=reason)
    batch.frame = batch.geo.drop(columns=shape)
    batch.position = field
    batch.crs_found = f"{batch.geo.crs.to_string()} (of the {shape} ids)"


def _check_cells(batch: Batch, area: StudyArea) -> None:
    spec = batch.spec
    if not float(spec.options.get("cell_m", 0.0)) > 0:
        raise DataError(f"study.toml: source {spec.id!r} has shape 'cell' but no cell_m; expected metres above 0")
    if "cell_id" in batch.frame:
        ids = batch.frame["cell_id"]
        field = batch.named.get("cell_id", "cell_id")
        wrong = ~ids.str.fullmatch(SSB_ID).to_numpy(dtype=bool)
        batch.reject(wrong, field=field, values=ids, reason="is not a cell id of 14 digits")
        x, y = ssb_corner(batch.frame["cell_id"])
        batch.frame = batch.frame.drop(columns="cell_id").assign(cell_x=x.astype(float), cell_y=y.astype(float))
        _same_crs(spec, ssb.CRS, area)
        batch.crs_found = f"{ssb.CRS} (in the cell ids)"
    else:
        if not spec.crs:
            raise CrsError(f"study.toml: source {spec.id!r} has cells but states no crs; expected {area.crs}")
        _same_crs(spec, spec.crs, area)
        batch.crs_found = f"none; study.toml says {spec.crs}"
    _near(batch, area)


def _same_crs(spec: SourceSpec, crs: str, area: StudyArea) -> None:
    # A square of one projection is no square of another, so cells are not reprojected.
    theirs = parse_crs(crs, where=f"study.toml: source {spec.id!r}, crs")
    if theirs != parse_crs(area.crs, where="study.toml: crs"):
        raise CrsError(f"study.toml: source {spec.id!r} has cells in {crs}; expected the study's {area.crs}")


def _near(batch: Batch, area: StudyArea) -> None:
    """Reject cells far outside the study, or leave out those outside its bounding box (clip)."""
    clip = bool(batch.spec.options.get("clip", False))
    west, south, east, north = area.bounds if clip else area.near
    side = float(batch.spec.options["cell_m"])
    x, y = batch.frame["cell_x"].to_numpy(), batch.frame["cell_y"].to_numpy()
    away = np.asarray((x > east) | (x + side < west) | (y > north) | (y + side < south))
    middles = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x + side / 2, y + side / 2), crs=area.crs)
    batch.facts = replace(batch.facts, doubt=doubt(middles, np.column_stack([x, y, x + side, y + side]), area))
    if clip:
        batch.leave_out(away, why="outside the study area (clip)")
    else:
        values = batch.frame["cell_x"].map("{:.12g}".format) + " " + batch.frame["cell_y"].map("{:.12g}".format)
        field = batch.named.get("cell_id", "cell_x cell_y")
        reasons = np.full(len(away), "", dtype=object)
        if away.any():
            reasons[away] = explain(middles[away], middles[away], area)
        batch.reject(away, field=field, values=values, reason=reasons)
