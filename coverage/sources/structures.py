"""What stands already and can be used again: masts, poles and ducts."""

from __future__ import annotations

from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage import schemas
from coverage.inputs import ReuseLayer, SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch
from coverage.sources.geometry import clean, map_and_place
from coverage.sources.mapping import map_fields
from coverage.sources.reading import Reading
from coverage.sources.roles import ROLES

MAST_COLUMNS: Final = ("mast_id", "name", "operator", "height_m", "source", "source_row")
# How far beside a road a line may run and still be of use to a cable along it; option `within_m` says otherwise.
WITHIN_M: Final[dict[Literal["poles", "ducts"], float]] = {"poles": 30.0, "ducts": 15.0}


def gather_masts(reading: Reading, *, area: StudyArea) -> gpd.GeoDataFrame:
    """Return all masts of a study (schemas.MASTS), one row per position, sorted by mast_id.

    Rows at one position (to the metre) are one mast: with all their operators, the greatest height, and the first
    name. Without a `mast_id` its position is its id. A `mast_id` of an earlier position rejects its row.
    """
    found: list[gpd.GeoDataFrame] = []
    for spec in reading.of("masts"):

        def read(spec: SourceSpec = spec) -> gpd.GeoDataFrame:
            batch, masts = _read_masts(spec, found, area=area)
            reading.close(batch)
            return masts

        if (masts := reading.attempt(spec, read)) is not None:
            found.append(masts)
    if not found:
        kinds = {"height_m": "float64", "source_row": "int64"}
        columns = {name: pd.Series(dtype=kinds.get(name, "str")) for name in MAST_COLUMNS}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=area.crs))
    whole = pd.concat(found, ignore_index=True)
    groups = whole.groupby(_position(whole), sort=False)
    operators = groups["operator"].agg(lambda names: ", ".join(sorted(set(names.dropna()))) or None)
    one = whole.iloc[groups.head(1).index].reset_index(drop=True)
    one = one.assign(
        name=groups["name"].first().astype("str").to_numpy(),
        operator=pd.array(operators.to_numpy(dtype=object), dtype="str"),
        height_m=groups["height_m"].max().to_numpy(dtype=float),
    )
    masts = gpd.GeoDataFrame(one[[*MAST_COLUMNS, "geometry"]], geometry="geometry", crs=area.crs)
    return schemas.check(masts.sort_values("mast_id", ignore_index=True), schemas.MASTS, where="masts")


def gather_reuse(reading: Reading, *, area: StudyArea) -> tuple[ReuseLayer, ...]:
    """Return the ducts, then the poles of a study, one layer per source."""
    layers: list[ReuseLayer] = []
    for what in ("ducts", "poles"):
        layers += reading.gather(what, lambda spec, what=what: _read_reuse(spec, what, area=area))  # type: ignore[misc]
    return tuple(layers)


def _read_masts(
    spec: SourceSpec, earlier: list[gpd.GeoDataFrame], *, area: StudyArea
) -> tuple[Batch, gpd.GeoDataFrame]:
    batch, defaults = open_batch(spec)
    map_and_place(batch, ROLES["masts"], defaults)
    bring_into(batch, area)
    batch.require_rows()
    position = _position(batch.geo)
    ids = batch.frame["mast_id"].fillna(pd.Series(position, index=batch.frame.index))
    known = {mast: at for frame in earlier for mast, at in zip(frame["mast_id"], _position(frame), strict=True)}
    again = []
    for mast, at in zip(ids, position, strict=True):
        again.append(known.setdefault(mast, at) != at)
    batch.frame = batch.geo.assign(mast_id=ids.astype("str"))
    batch.reject(
        np.array(again, dtype=bool),
        field=spec.columns.get("mast_id", "mast_id"),
        values=batch.frame["mast_id"],
        reason="is the mast_id of another position; the first is kept",
    )
    masts = batch.geo.assign(
        source=pd.Series(spec.id, index=batch.frame.index, dtype="str"),
        source_row=batch.frame.index.astype("int64"),
    )
    return batch, masts[[*MAST_COLUMNS, "geometry"]]


def _read_reuse(spec: SourceSpec, what: Literal["poles", "ducts"], *, area: StudyArea) -> tuple[Batch, ReuseLayer]:
    batch, defaults = open_batch(spec)
    role = ROLES[what]
    map_fields(batch, role.fields, defaults=defaults)
    clean(batch, role.families)
    bring_into(batch, area)
    batch.require_rows()
    frame = batch.geo[["geometry"]].explode(index_parts=False, ignore_index=True)
    return batch, ReuseLayer(spec.id, what, frame, float(spec.options.get("within_m", WITHIN_M[what])))


def _position(frame: gpd.GeoDataFrame) -> list[str]:
    x, y = frame.geometry.x.round().astype("int64"), frame.geometry.y.round().astype("int64")
    return [f"{east}-{north}" for east, north in zip(x, y, strict=True)]
