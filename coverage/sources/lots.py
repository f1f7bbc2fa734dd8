"""Lots: areas that a planner has drawn."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch
from coverage.sources.geometry import clean
from coverage.sources.mapping import fill_codes, map_fields
from coverage.sources.reading import Reading
from coverage.sources.roles import ROLES

COLUMNS: Final = ("lot_id", "name", "municipality_code", "source", "source_row")
LEAST_OVERLAP_M2: Final = 1.0  # less is how two drawn borders meet


def gather_lots(reading: Reading, *, area: StudyArea) -> gpd.GeoDataFrame:
    """Return all lots of a study (schemas.LOTS) in the order of its sources and their rows.

    Rows of one source with the same `lot_id` are parts of one lot; a `lot_id` of an earlier source rejects its row.
    `municipality_code` is the row's, else that in which most of the lot's area lies (the smallest code, where two
    hold as much), else null. Lots that overlap are told in a warning: places in two belong to the first.
    """
    frames: list[gpd.GeoDataFrame] = []
    for spec in reading.of("lots"):

        def read(spec: SourceSpec = spec) -> gpd.GeoDataFrame:
            taken = pd.Index([name for frame in frames for name in frame["lot_id"]], dtype="str")
            batch, lots = _read_lots(spec, taken, area=area)
            reading.close(batch)
            return lots

        if (lots := reading.attempt(spec, read)) is not None:
            frames.append(lots)
    if not frames:
        columns = {name: pd.Series(dtype="int64" if name == "source_row" else "str") for name in COLUMNS}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=area.crs))
    whole = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=area.crs)
    reading.warnings += overlaps(whole)
    return schemas.check(whole, schemas.LOTS, where="lots")


def _read_lots(spec: SourceSpec, taken: pd.Index, *, area: StudyArea) -> tuple[Batch, gpd.GeoDataFrame]:
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["lots"].fields, defaults=defaults)
    clean(batch, ("polygon",))
    bring_into(batch, area)
    batch.reject(
        batch.frame["lot_id"].isin(taken).to_numpy(),
        field=spec.columns.get("lot_id", "lot_id"),
        values=batch.frame["lot_id"],
        reason="is a lot_id of an earlier source; the earlier lot is kept",
    )
    codes = fill_codes(batch.frame["municipality_code"], spec)
    strange = (codes.notna() & ~codes.isin(area.municipalities["municipality_code"])).to_numpy()
    field = spec.columns.get("municipality_code", "municipality_code")
    batch.reject(strange, field=field, values=codes, reason="is no municipality of the study")
    batch.require_rows()
    frame = batch.geo.assign(
        municipality_code=codes[~strange].astype("str"),
        source=pd.Series(spec.id, index=batch.frame.index, dtype="str"),
        source_row=batch.frame.index.to_numpy(dtype="int64"),
    )
    lots = frame.dissolve("lot_id", aggfunc="first", sort=False).reset_index()
    if len(lots) < len(frame):
        batch.notes.append(f"{len(frame):,} rows joined to {len(lots):,} lots by their lot_id")
    lots = lots.sort_values("source_row", ignore_index=True)
    codes = lots["municipality_code"].where(lots["municipality_code"].notna(), _most_of(lots, area))
    return batch, lots.assign(municipality_code=codes.astype("str"))[[*COLUMNS, "geometry"]]


def _most_of(lots: gpd.GeoDataFrame, area: StudyArea) -> pd.Series:
    """Return the municipality that most of each lot lies in; null where it touches none."""
    codes = area.municipalities["municipality_code"].to_numpy(dtype=object)
    polygons = np.asarray(area.municipalities.geometry.array, dtype=object)
    shapes = np.asarray(lots.geometry.array, dtype=object)
    lot, town = shapely.STRtree(polygons).query(shapes, predicate="intersects")
    found = pd.DataFrame({"lot": lot, "code": codes[town]})
    found["held"] = shapely.area(shapely.intersection(shapes[lot], polygons[town]))
    best = found.sort_values(["lot", "held", "code"], ascending=[True, False, True]).drop_duplicates("lot")
    return best.set_index("lot")["code"].reindex(lots.index)


def overlaps(lots: gpd.GeoDataFrame) -> list[str]:
    """Say which lots share ground, the first of each pair first."""
    shapes = np.asarray(lots.geometry.array, dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    order = np.lexsort((other, one))
    names = lots["lot_id"].tolist()
    return [
        f"lots: {names[one[pair]]!r} and {names[other[pair]]!r} share {shared[pair] / 1e6:.3f} km²; "
        f"places there belong to {names[one[pair]]!r}, which comes first"
        for pair in order[shared[order] > LEAST_OVERLAP_M2]
    ]
