"""What operators say in a public hearing: planned builds, objections, and what no longer stands, to schemas.OFFERS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.errors import CrsError, DataError
from coverage.inputs import OfferLayer, OfferShape, SourceSpec
from coverage.sources import open_batch
from coverage.sources.addresses import match_places
from coverage.sources.area import StudyArea, bring_into, explain
from coverage.sources.batch import Batch
from coverage.sources.classes import doubt_unit
from coverage.sources.geometry import clean, stated_crs
from coverage.sources.mapping import map_fields, source_column
from coverage.sources.offers import recode_technology, set_speeds, with_origin
from coverage.sources.roles import PLACE_FIELDS, POINT_FIELDS, ROLES

# A claim that stands must say what is there or will be; one that stands no more need not.
NO_SPEED: Final = "is empty, and the claim stands; expected a number of 0 or more"


def read_hearing(spec: SourceSpec, *, area: StudyArea, places: gpd.GeoDataFrame) -> tuple[Batch, OfferLayer]:
    """Read one hearing file as a layer in the study's CRS (schemas.OFFERS with `claim`, `lapsed_on` and `comment`).

    Shape "polygon": a footprint is said of every place that it touches. Shape "address": each row names premises by
    `place_id`, address or coordinates (`sources.addresses`), and becomes one offer per premises that it names; a row
    that names none, or may mean several addresses, is rejected. `status` follows from `claim`: what exists is existing,
    all else planned. A claim that stands without a download speed is rejected; without an upload speed it is read as
    one of 0. Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    shape = str(spec.options["shape"])
    recode_technology(batch, defaults)
    if shape == "polygon":
        map_fields(batch, ROLES["hearing"].fields, defaults=defaults)
        if not isinstance(batch.frame, gpd.GeoDataFrame):
            raise DataError(f"{spec.name}: shape 'polygon' needs a vector layer; a table has shape 'address'")
        clean(batch, ("polygon",))
        bring_into(batch, area)
    else:
        points = _map_list(batch, defaults, area)
    _need_speed(batch)
    if shape != "polygon":
        points = None if points is None else points.loc[batch.frame.index]
        _name_places(batch, places, area, points)
    batch.require_rows()
    set_speeds(batch)
    doubt_unit(batch, batch.frame["down_mbps"])
    exists = batch.frame["claim"] == "exists"
    frame = batch.frame.assign(
        status=pd.Series(np.where(exists, "existing", "planned"), index=batch.frame.index, dtype="str"),
        basis=pd.Series("claimed", index=batch.frame.index, dtype="str"),
    )
    if spec.as_of is not None:
        frame = frame.assign(as_of=frame["as_of"].fillna(pd.Timestamp(spec.as_of)))
    batch.frame = frame
    batch.frame = with_origin(batch)
    schemas.check(batch.frame, schemas.OFFERS, where=spec.name)
    seen: OfferShape = "polygon" if shape == "polygon" else "place"
    return batch, OfferLayer(source=spec.id, shape=seen, frame=batch.frame.reset_index(drop=True))


def _need_speed(batch: Batch) -> None:
    frame = batch.frame
    mute = (frame["down_mbps"].isna() & frame["claim"].isin(schemas.STANDING)).to_numpy()
    batch.reject(mute, field=batch.named.get("down_mbps", "down_mbps"), values=frame["down_mbps"], reason=NO_SPEED)
    batch.require_rows()
    frame = batch.frame
    silent = int((frame["up_mbps"].isna() & frame["claim"].isin(schemas.STANDING)).sum())
    if silent:
        batch.notes.append(f"{silent:,} claims say nothing of the upload speed: it is taken to be 0")
    batch.frame = frame.assign(down_mbps=frame["down_mbps"].fillna(0.0), up_mbps=frame["up_mbps"].fillna(0.0))


def _map_list(batch: Batch, defaults: Mapping[str, str], area: StudyArea) -> gpd.GeoSeries | None:
    """Map the columns of a list, and return the points of the rows that have coordinates, in the study's CRS."""
    spec = batch.spec
    fields = (*ROLES["hearing"].fields, *PLACE_FIELDS)
    if isinstance(batch.frame, gpd.GeoDataFrame):
        map_fields(batch, fields, defaults=defaults)
        whole = batch.geo
        batch.frame = pd.DataFrame(whole.drop(columns=whole.geometry.name))
        return _near_points(batch, whole[~(whole.geometry.isna() | whole.geometry.is_empty)], area)
    pair = next(
        (pair for pair in POINT_FIELDS if all(source_column(batch, name, defaults) is not None for name in pair)), None
    )
    if pair is None:
        map_fields(batch, fields, defaults=defaults)
        return None
    map_fields(batch, (*fields, *POINT_FIELDS[pair]), defaults=defaults)
    crs = stated_crs(spec, pair)
    table = batch.frame
    batch.position = " ".join(batch.named.get(name, name) for name in pair)
    batch.crs_found = f"none; study.toml says {spec.crs}"
    batch.frame = table.drop(columns=list(pair))
    there = table[list(pair)].notna().all(axis=1)
    points = gpd.points_from_xy(table.loc[there, pair[0]], table.loc[there, pair[1]], crs=crs)
    return _near_points(batch, gpd.GeoDataFrame(index=table.index[there], geometry=points), area)


def _near_points(batch: Batch, source: gpd.GeoDataFrame, area: StudyArea) -> gpd.GeoSeries:
    """Return the points in the study's CRS on the batch's index; reject rows far from the study, and say why."""
    if source.crs is None:
        raise CrsError(f'{batch.spec.name}: the layer states no coordinate system; write crs = "EPSG:…" for it')
    after = source.to_crs(area.crs)
    xy = np.column_stack([after.geometry.centroid.x, after.geometry.centroid.y])
    west, south, east, north = area.near
    inside = np.isfinite(xy).all(axis=1) & (xy >= (west, south)).all(axis=1) & (xy <= (east, north)).all(axis=1)
    if not inside.all():
        reasons = pd.Series("", index=batch.frame.index, dtype=object)
        reasons[after.index[~inside]] = explain(source[~inside], after[~inside], area)
        words = [f"{x:.12g} {y:.12g}" for x, y in shapely.get_coordinates(source.geometry.centroid.array)]
        text = pd.Series(words, index=source.index, dtype="str").reindex(batch.frame.index).fillna("")
        bad = batch.frame.index.isin(after.index[~inside])
        batch.reject(bad, field=batch.position, values=text, reason=reasons.to_numpy())
    points = gpd.GeoSeries(after.geometry.centroid[inside], crs=area.crs)
    return points.reindex(batch.frame.index)


def _name_places(batch: Batch, places: gpd.GeoDataFrame, area: StudyArea, points: gpd.GeoSeries | None) -> None:
    """Replace each row by one per premises that it names, with their `place_id`; the row number stays its own."""
    matches = match_places(
        batch,
        places,
        municipalities=area.municipalities,
        points=points,
        within_m=float(batch.spec.options.get("within_m", 0.0)),
    )
    batch.require_rows()
    named = [field.name for field in PLACE_FIELDS]
    told = len(batch.frame)
    frame = batch.frame.drop(columns=named).iloc[matches.row]
    batch.frame = frame.assign(place_id=places["place_id"].to_numpy()[matches.place])
    if len(frame) > told:
        batch.notes.append(
            f"{told:,} rows name {len(frame):,} premises: an address stands for all premises that have it"
        )
