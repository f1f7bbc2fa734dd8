"""Offers: claims of fixed service to schemas.OFFERS, by footprint, line, cell or address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import pandas as pd

from coverage import schemas
from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import OfferLayer, SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch
from coverage.sources.geometry import clean
from coverage.sources.mapping import map_fields
from coverage.sources.roles import ROLES, SHAPE_FIELDS, Family

SPEEDS: Final = ("down_mbps", "up_mbps", "down_max_mbps", "up_max_mbps")
FAMILIES: Final[Mapping[str, tuple[Family, ...]]] = {"polygon": ("polygon",), "line": ("line",)}


def read_offers(spec: SourceSpec, *, area: StudyArea, place_ids: pd.Series) -> tuple[Batch, OfferLayer]:
    """Read one source of offers as a layer in the study's CRS (schemas.OFFERS).

    `down_max_mbps` and `up_max_mbps` default to the lower ends; option `speed_unit` = "kbps" divides by 1000. Shape
    "place" rejects a row whose `place_id` is no place of the study. Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    shape = spec.options["shape"]
    map_fields(batch, (*ROLES["offers"].fields, *SHAPE_FIELDS[shape]), defaults=defaults)
    if shape in FAMILIES:
        if not isinstance(batch.frame, gpd.GeoDataFrame):
            raise DataError(f"{spec.name}: shape {shape!r} needs a vector layer; a table has shape 'place' or 'cell'")
        clean(batch, FAMILIES[shape])
        bring_into(batch, area)
    elif shape == "place":
        _known_places(batch, place_ids)
    else:
        _check_cells(spec, area)
        batch.crs_found = f"none; study.toml says {spec.crs}"
    frame = batch.frame
    if shape not in FAMILIES and isinstance(frame, gpd.GeoDataFrame):
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    batch.frame = _finish(frame, spec)
    schemas.check(batch.frame, schemas.OFFERS, where=spec.name)
    layer = OfferLayer(
        source=spec.id,
        shape=shape,
        frame=batch.frame.reset_index(drop=True),
        within_m=float(spec.options.get("within_m", 0.0)),
        cell_m=float(spec.options.get("cell_m", 0.0)),
    )
    return batch, layer


def _finish(frame: pd.DataFrame, spec: SourceSpec) -> pd.DataFrame:
    divisor = 1000.0 if spec.options.get("speed_unit") == "kbps" else 1.0
    speeds = {name: frame[name] / divisor for name in SPEEDS}
    for way in ("down", "up"):
        low, high = speeds[f"{way}_mbps"], speeds[f"{way}_max_mbps"]
        speeds[f"{way}_max_mbps"] = high.fillna(low).clip(lower=low)
    return frame.assign(
        **speeds,
        source=pd.Series(spec.id, index=frame.index, dtype="str"),
        source_row=frame.index.to_numpy(dtype="int64"),
    )


def _known_places(batch: Batch, place_ids: pd.Series) -> None:
    ids = batch.frame["place_id"]
    strange = ~ids.isin(place_ids).to_numpy()
    if batch.spec.options.get("clip", False):
        batch.leave_out(strange, why="for a place that is not in the study (clip)")
    else:
        field = batch.spec.columns.get("place_id", "place_id")
        batch.reject(strange, field=field, values=ids, reason="is the place_id of no premises in the study")


def _check_cells(spec: SourceSpec, area: StudyArea) -> None:
    if not float(spec.options.get("cell_m", 0.0)) > 0:
        raise DataError(f"study.toml: source {spec.id!r} has shape 'cell' but no cell_m; expected metres above 0")
    if not spec.crs:
        raise CrsError(f"study.toml: source {spec.id!r} has cells but states no crs; expected {area.crs}")
    # A square of one projection is no square of another, so cells are not reprojected.
    theirs = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs")
    if theirs != parse_crs(area.crs, where="study.toml: crs"):
        raise CrsError(f"study.toml: source {spec.id!r} has cells in {spec.crs}; expected the study's {area.crs}")
