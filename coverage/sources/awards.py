"""Past awards of support to schemas.AWARDS: for how many premises, what it cost, and what the public paid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage import schemas
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch
from coverage.sources.geometry import clean
from coverage.sources.mapping import fill_codes, map_fields
from coverage.sources.reading import Reading
from coverage.sources.roles import ROLES

COLUMNS = tuple(schemas.AWARDS.columns)


def read_awards(spec: SourceSpec, *, area: StudyArea, taken: frozenset[str] = frozenset()) -> Batch:
    """Read one file of awards: a table, or a vector file with the outline of each.

    An award without an id is called `<source>-<row>`; an id that an earlier row or source (`taken`) has is rejected,
    and so are amounts and counts that no award can have. A cancelled award cost nothing that could be compared, so it
    is left out. Raises DataError or CrsError.
    """
    batch, defaults = open_batch(spec)
    map_fields(batch, ROLES["awards"].fields, defaults=defaults)
    if isinstance(batch.frame, gpd.GeoDataFrame):
        clean(batch, ROLES["awards"].families)
        bring_into(batch, area)
    batch.leave_out(batch.frame["status"].eq("cancelled").to_numpy(dtype=bool), why="the award was cancelled")
    frame = batch.frame
    numbers = pd.Series([f"{spec.id}-{row}" for row in frame.index], index=frame.index, dtype="str")
    batch.frame = frame.assign(
        award_id=frame["award_id"].fillna(numbers),
        municipality_code=fill_codes(frame["municipality_code"], spec),
        terrain=frame["terrain"].str.strip().str.lower(),
        source=pd.Series(spec.id, index=frame.index, dtype="str"),
        source_row=frame.index.to_numpy(dtype="int64"),
    )
    _reject_impossible(batch, taken)
    batch.frame = batch.frame.assign(year=batch.frame["year"].to_numpy(dtype="int64"))
    return batch


def gather_awards(reading: Reading, *, area: StudyArea) -> gpd.GeoDataFrame:
    """Read all files of awards to one frame (schemas.AWARDS) sorted by `award_id`; the geometry is null in tables."""
    parts: list[gpd.GeoDataFrame] = []
    for spec in reading.of("awards"):
        taken = frozenset(str(award) for part in parts for award in part["award_id"])

        def read(spec: SourceSpec = spec, taken: frozenset[str] = taken) -> Batch:
            batch = read_awards(spec, area=area, taken=taken)
            reading.close(batch)
            return batch

        if (batch := reading.attempt(spec, read)) is not None:
            frame = batch.frame
            shapes = frame.geometry.array if isinstance(frame, gpd.GeoDataFrame) else [None] * len(frame)
            outlines = gpd.GeoSeries(shapes, index=frame.index, crs=area.crs)
            parts.append(gpd.GeoDataFrame(pd.DataFrame(frame)[list(COLUMNS)], geometry=outlines))
    if not parts:
        return gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=gpd.GeoSeries([], crs=area.crs))
    whole = pd.concat(parts, ignore_index=True).sort_values("award_id", kind="stable", ignore_index=True)
    return schemas.check(
        gpd.GeoDataFrame(whole, geometry="geometry", crs=area.crs), schemas.AWARDS, where="past awards"
    )


def _reject_impossible(batch: Batch, taken: frozenset[str]) -> None:
    def named(name: str) -> str:
        return batch.spec.columns.get(name, name)

    ids = batch.frame["award_id"]
    again = (ids.duplicated() | ids.isin(taken)).to_numpy(dtype=bool)
    batch.reject(again, field=named("award_id"), values=ids, reason="is a repeated award_id; the first row is kept")
    years = batch.frame["year"]
    broken = ~np.equal(np.mod(years.to_numpy(dtype=float), 1.0), 0.0)
    batch.reject(broken, field=named("year"), values=years.map("{:g}".format), reason="is no whole year")
    for name, what in (("premises", "number of premises"), ("total_cost", "amount of money")):
        values = batch.frame[name]
        none = ~(values > 0).to_numpy(dtype=bool)
        shown = values.map("{:g}".format)
        batch.reject(none, field=named(name), values=shown, reason=f"is no {what}; expected more than 0")
    grants = batch.frame["grant"]
    more = (grants > batch.frame["total_cost"]).fillna(False).to_numpy(dtype=bool)
    shown = grants.map("{:g}".format, na_action="ignore")
    batch.reject(more, field=named("grant"), values=shown, reason="is more than the award's whole cost")
