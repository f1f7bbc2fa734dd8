"""A part of a batch on a way of its own: what it loses there, the batch loses too, for the same reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage.sources.area import StudyArea, bring_into
from coverage.sources.batch import Batch, Mask
from coverage.sources.geometry import add_points, clean
from coverage.sources.mapping import map_fields, source_column
from coverage.sources.raw import RawTable
from coverage.sources.roles import COORDINATES, Field, Role


def part_of(batch: Batch, chosen: Mask) -> Batch:
    """Return the chosen rows as a batch of their own."""
    part = Batch(batch.spec, RawTable(batch.frame[chosen], decimal=batch.decimal, crs_found=batch.crs_found))
    part.named, part.position = batch.named, batch.position
    return part


def take_losses(batch: Batch, part: Batch, chosen: Mask, *, left_out: str = "not asked for") -> None:
    """Reject from the batch what its part (of the rows `chosen`) rejected; what it left out, for `left_out`."""
    lost = batch.frame.index[chosen].difference(part.frame.index)
    for (field, reason), rows in part.rejected.groupby(["field", "reason"], sort=False):
        values = pd.Series(rows["value"].to_numpy(), index=rows["row"].to_numpy()).reindex(batch.frame.index)
        bad = batch.frame.index.isin(rows["row"])
        batch.reject(bad, field=str(field), values=values, reason=str(reason))
    rest = batch.frame.index.isin(lost)
    if part.left_out:
        batch.leave_out(rest, why=left_out)
    elif rest.any():  # beyond those of which the part keeps the words
        field, reason, _ = part.reasons[-1]
        batch.reject(rest, field=field, values=pd.Series("", index=batch.frame.index, dtype="str"), reason=reason)


def map_with_positions(batch: Batch, role: Role, defaults: Mapping[str, str], area: StudyArea) -> None:
    """Map the fields of a role; the geometry becomes a point in the study's CRS, or nothing where a row gives none.

    A position that is no point, half a pair of coordinates, or far outside the study rejects its row. Raises CrsError
    where there are coordinates and study.toml states no CRS.
    """
    pair: tuple[str, ...] = ()
    if isinstance(batch.frame, gpd.GeoDataFrame):
        map_fields(batch, role.fields, defaults=defaults)
        told = np.asarray(~(batch.geo.geometry.isna() | batch.geo.geometry.is_empty), dtype=bool)
    else:
        pair = _pair(batch, defaults)
        map_fields(batch, (*role.fields, *(Field(name, "number") for name in pair)), defaults=defaults)
        told = _both(batch, pair)
    placed = _placed(batch, told, pair, role, area)
    plain = pd.DataFrame(batch.frame).drop(columns=[*pair, "geometry"], errors="ignore")
    shapes = gpd.GeoSeries(placed.reindex(plain.index).to_numpy(), index=plain.index, crs=area.crs)
    batch.frame = gpd.GeoDataFrame(plain, geometry=shapes)


def _pair(batch: Batch, defaults: Mapping[str, str]) -> tuple[str, ...]:
    for pair in COORDINATES:
        if all(source_column(batch, name, defaults) is not None for name in pair):
            return pair
    return ()


def _both(batch: Batch, pair: tuple[str, ...]) -> Mask:
    """Say which rows have both coordinates; those that have one are rejected."""
    if not pair:
        return np.zeros(len(batch.frame), dtype=bool)
    batch.position = " ".join(batch.named.get(name, name) for name in pair)
    first, second = (batch.frame[name] for name in pair)
    told = (first.notna() & second.notna()).to_numpy()
    half = (first.notna() ^ second.notna()).to_numpy()
    values = first.fillna(second).map("{:g}".format, na_action="ignore")
    batch.reject(half, field=batch.position, values=values, reason="is half a position; expected both coordinates")
    return np.asarray(told[~half], dtype=bool)


def _placed(batch: Batch, told: Mask, pair: tuple[str, ...], role: Role, area: StudyArea) -> pd.Series:
    """Return the points of the rows that say where they are; those that cannot be right leave the batch."""
    if not told.any():
        return pd.Series(dtype=object)
    part = part_of(batch, told)
    if pair:
        add_points(part, pair)
    clean(part, role.families)
    many = shapely.get_num_geometries(np.asarray(part.geo.geometry.array, dtype=object)) > 1
    nameless = pd.Series("", index=part.frame.index, dtype="str")
    part.reject(many, field="geometry", values=nameless, reason="has several points; expected one")
    bring_into(part, area)
    batch.crs_found, batch.facts = part.crs_found, replace(batch.facts, doubt=part.facts.doubt)
    take_losses(batch, part, told, left_out="outside the study area (clip)")
    points = np.asarray(part.geo.geometry.array, dtype=object)
    return pd.Series(shapely.get_geometry(points, 0), index=part.frame.index)
