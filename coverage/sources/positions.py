"""Positions of table rows that have no coordinates: the middle of a grid cell, or the point of a postcode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch
from coverage.sources.cells import SSB_ID, ssb_corner
from coverage.sources.mapping import as_number, as_text
from coverage.sources.names import nearest
from coverage.sources.table import read_table

SSB_CRS: Final = "EPSG:25833"  # Statistics Norway's grids of every size
POSTCODE_OPTIONS: Final = ("postcodes", "postcode_columns", "postcode_crs")
CELL: Final = ("cell_id",)
POSTCODE: Final = ("postcode",)


def stand_on_cells(batch: Batch) -> None:
    """Turn `cell_id` into points at the cells' middles, `cell_m` metres wide; reject what is no id of 14 digits.

    Raises DataError where a row has no `cell_m`, CrsError where study.toml states another CRS than the ids have.
    """
    spec, ids = batch.spec, batch.frame["cell_id"]
    given = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs") if spec.crs else None
    if given is not None and given != parse_crs(SSB_CRS, where="cell ids"):
        raise CrsError(f"study.toml: source {spec.id!r} has cell ids, which are in {SSB_CRS}, but states {spec.crs}")
    wrong = ~ids.str.fullmatch(SSB_ID).fillna(False).to_numpy(dtype=bool)
    batch.reject(wrong, field=_theirs(spec, "cell_id"), values=ids, reason="is not a cell id of 14 digits")
    frame = batch.frame
    if not (frame["cell_m"] > 0).all():
        raise DataError(f"study.toml: source {spec.id!r} has cell_id but not the size of its cells; expected cell_m")
    x, y = ssb_corner(frame["cell_id"])
    half = frame["cell_m"] / 2
    points = gpd.points_from_xy(x + half, y + half, crs=SSB_CRS)
    batch.frame = gpd.GeoDataFrame(frame.drop(columns="cell_id"), geometry=points)
    batch.position = _theirs(spec, "cell_id")
    batch.crs_found = f"{SSB_CRS} (in the cell ids)"


def stand_on_postcodes(batch: Batch) -> None:
    """Give each row the point of its postcode, and `position_basis` "postcode": good for a district, not for a house.

    Option `postcodes` names a table with coordinates, relative to the source's own; `postcode_columns` its columns
    (postcode, and lon and lat or x and y); `postcode_crs` their CRS. Leading zeros, which spreadsheets drop, are not
    compared. A row without a postcode, or with one that the table does not have, is rejected. Raises DataError or
    CrsError where the table is unusable.
    """
    spec = batch.spec
    field = _theirs(spec, "postcode")
    points = _postcode_points(spec)
    codes = batch.frame["postcode"]
    batch.reject(codes.isna().to_numpy(), field=field, values=codes, reason="is empty; expected a postcode")
    codes = batch.frame["postcode"]
    file = str(spec.options["postcodes"])
    unknown = ~_plain(codes).isin(points.index).to_numpy()
    batch.reject(unknown, field=field, values=codes, reason=f"is no postcode of {file}")
    frame = batch.frame
    at = points.index.get_indexer(pd.Index(_plain(frame["postcode"])))
    basis = pd.Series("postcode", index=frame.index, dtype="str")
    shapes = np.asarray(points.array, dtype=object)[at]
    batch.frame = gpd.GeoDataFrame(frame.assign(position_basis=basis), geometry=shapes, crs=points.crs)
    batch.position = field
    batch.crs_found = f"none; study.toml says {spec.options.get('postcode_crs')}"
    batch.notes.append(f"{len(frame):,} rows stand at the point of their postcode: a district, not an address")


def _postcode_points(spec: SourceSpec) -> gpd.GeoSeries:
    """Return the point of each postcode, without leading zeros."""
    file = str(spec.options["postcodes"])
    where = f"study.toml: source {spec.id!r}"
    columns, pair = _columns(spec, where)
    crs = parse_crs(_stated(spec, where), where=f"{where}, postcode_crs")
    if pair == ("lon", "lat") and not crs.is_geographic:
        raise CrsError(f"{where}: postcode_columns has lon and lat, but postcode_crs is not in degrees")
    written = (Path(spec.file or spec.path.name).parent / file).as_posix()
    limits = {name: value for name, value in spec.options.items() if name.startswith("max_")}
    raw = read_table(replace(spec, path=spec.path.parent / file, file=written, options=limits))
    for name in ("postcode", *pair):
        if columns[name] not in raw.frame:
            known = nearest(str(columns[name]), [str(column) for column in raw.frame.columns])
            raise DataError(f"{where}: postcode_columns.{name} is {columns[name]!r}, which {file} has not; {known}")
    codes = _plain(as_text(raw.frame[columns["postcode"]]))
    x, y = (as_number(as_text(raw.frame[columns[name]]), decimal=raw.decimal) for name in pair)
    good = codes.notna() & x.notna() & y.notna()
    if codes[good].duplicated().any():
        twice = codes[good][codes[good].duplicated()].iloc[0]
        raise DataError(f"{written}: postcode {twice!r} occurs twice; expected one row per postcode")
    return gpd.GeoSeries(gpd.points_from_xy(x[good], y[good], crs=crs), index=pd.Index(codes[good]))


def _columns(spec: SourceSpec, where: str) -> tuple[dict[str, str], tuple[str, str]]:
    columns: Any = spec.options.get("postcode_columns")
    for pair in (("lon", "lat"), ("x", "y")):
        if isinstance(columns, dict) and {"postcode", *pair} == set(columns):
            return {name: str(column) for name, column in columns.items()}, pair
    raise DataError(
        f'{where}: postcode_columns is {columns!r}; expected e.g. {{ postcode = "POSTNR", lon = "LON", lat = "LAT" }}'
    )


def _stated(spec: SourceSpec, where: str) -> str:
    crs = spec.options.get("postcode_crs")
    if not crs:
        raise CrsError(f"{where} has postcodes but states no postcode_crs; expected e.g. 'EPSG:4326'")
    return str(crs)


def _plain(codes: pd.Series) -> pd.Series:
    return codes.str.replace(" ", "", regex=False).str.upper().str.lstrip("0")


def _theirs(spec: SourceSpec, name: str) -> str:
    return spec.columns.get(name, name)
