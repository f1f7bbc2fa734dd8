"""Mobile coverage to layers: rasters, and levels by polygon, cell, tile or address."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.errors import DataError
from coverage.inputs import MobileLayer, SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.classes import name_levels
from coverage.sources.mapping import map_fields
from coverage.sources.roles import ROLES
from coverage.sources.shapes import fields_of, place_rows


def read_mobile_shapes(spec: SourceSpec, *, area: StudyArea, places: gpd.GeoDataFrame) -> tuple[Batch, MobileLayer]:
    """Read one operator's coverage in one technology as shapes with a `level`.

    Option `shape` (polygon unless said otherwise) says what a row is: a footprint, an H3 cell, a tile, a square of
    `cell_m` metres or one of `places` by its `place_id`, which becomes the place's own point. `level` is the
    file's, or follows from `signal_dbm` or `down_mbps` by option `levels`. Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    shape = str(spec.options.get("shape", "polygon"))
    map_fields(batch, (*ROLES["mobile"].fields, *fields_of(batch, shape, defaults)), defaults=defaults)
    name_levels(batch)
    place_rows(batch, shape, area)
    if shape == "cell":
        _square(batch, area)
    elif shape == "place":
        _stand_on_places(batch, places)
    batch.require_rows()
    polygons = batch.geo[["level", "geometry"]].reset_index(drop=True)
    return batch, MobileLayer(spec.id, spec.options["operator"], spec.options["technology"], polygons=polygons)


def _square(batch: Batch, area: StudyArea) -> None:
    side = float(batch.spec.options["cell_m"])
    x, y = batch.frame["cell_x"].to_numpy(), batch.frame["cell_y"].to_numpy()
    squares = shapely.box(x, y, x + side, y + side)
    batch.frame = gpd.GeoDataFrame(batch.frame, geometry=squares, crs=area.crs)


def _stand_on_places(batch: Batch, places: gpd.GeoDataFrame) -> None:
    if places.empty:
        raise DataError(f"{batch.spec.name}: shape 'place' needs the study's premises, and there are none")
    at = pd.Index(places["place_id"]).get_indexer(pd.Index(batch.frame["place_id"]))
    strange = at < 0
    ids = batch.frame["place_id"]
    if batch.spec.options.get("clip", False):
        batch.leave_out(strange, why="for a place that is not in the study (clip)")
    else:
        field = batch.named.get("place_id", "place_id")
        batch.reject(strange, field=field, values=ids, reason="is the place_id of no premises in the study")
    shapes = np.asarray(places.geometry.array, dtype=object)[at[~strange]]
    batch.frame = gpd.GeoDataFrame(batch.frame, geometry=shapes, crs=places.crs)
