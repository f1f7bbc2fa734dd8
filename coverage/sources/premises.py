"""Premises: registers of businesses, homes and public buildings to schemas.PLACES."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coverage import schemas
from coverage.inputs import SourceSpec
from coverage.sources import open_batch
from coverage.sources.area import StudyArea, bring_into, locate
from coverage.sources.batch import Batch
from coverage.sources.geometry import map_and_place
from coverage.sources.mapping import fill_codes
from coverage.sources.roles import ROLES

# Upper bounds of employees, exclusive (European Commission recommendation 2003/361/EC: <10, <50, <250).
SIZE_BOUNDS: Final = (10, 50, 250)
# Published borders are generalised by hundreds of metres: a place so near its municipality may well lie in it.
ELSEWHERE_M: Final = 1000.0
EXAMPLES: Final = 3
WITHIN: Final = "municipality_within_m"  # as the readers of national grids call it
# Columns that are there only where a register says something else than this.
USUAL: Final = {"cell_m": 0.0, "position_basis": "given", "employees_basis": "reported"}


def read_premises(spec: SourceSpec, *, area: StudyArea) -> Batch:
    """Read one register of premises as points in the study's CRS, with schemas.PLACES less the check of the whole.

    A footprint becomes a point on it. `municipality_code` is the register's, else by position: the municipality
    that the point intersects, else the nearest within option `nearest_municipality_m`, else null (a warning
    says how many). A code that the study does not have rejects its row. Option `divide_weight_by`
    divides the weight, e.g. persons by household size. `buildings` is the weight unless given: a house each.
    """
    batch, defaults = open_batch(spec)
    map_and_place(batch, ROLES["premises"], defaults)
    _stand_on_footprints(batch)
    bring_into(batch, area, clip_margin_m=float(spec.options.get("nearest_municipality_m", 0.0)))
    _name_municipality(batch, area)
    frame = batch.geo
    employees, weight = frame["employees"], frame["weight"]
    premises = weight / float(spec.options.get("divide_weight_by", 1.0))
    batch.frame = frame.assign(
        place_id=frame["place_id"].fillna(pd.Series([f"{spec.id}-{row}" for row in frame.index], frame.index)),
        weight=premises,
        buildings=frame["buildings"].fillna(premises),
        size_class=frame["size_class"].fillna(_size_class(employees, weight)).astype("str"),
        source=pd.Series(spec.id, index=frame.index, dtype="str"),
        source_row=frame.index.to_numpy(dtype="int64"),
    )
    return batch


def reject_repeated(batch: Batch, taken: pd.Index) -> None:
    """Reject every row whose `place_id` an earlier row or an earlier register (`taken`) already has."""
    ids = batch.frame["place_id"]
    again = ids.duplicated().to_numpy() | ids.isin(taken).to_numpy()
    field = batch.spec.columns.get("place_id", "place_id")
    batch.reject(again, field=field, values=ids, reason="is a repeated place_id; the first row with it is kept")


def one_frame(batches: list[Batch], crs: str) -> gpd.GeoDataFrame:
    """Return all registers as one frame (schemas.PLACES) in register order, checked.

    `cell_m`, `position_basis` and `employees_basis` are there only where a register counts cells, spreads or imputes;
    `legal_form` only where one states any.
    """
    columns = [*schemas.PLACES.columns, "geometry"]
    whole = pd.concat([batch.geo[columns] for batch in batches], ignore_index=True)
    whole = whole.fillna({name: value for name, value in USUAL.items() if name == "cell_m"})
    whole = whole.drop(columns=[name for name, value in USUAL.items() if (whole[name] == value).all()])
    if whole["legal_form"].isna().all():
        whole = whole.drop(columns="legal_form")
    places = gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)
    return schemas.check(places, schemas.PLACES, where="premises")


def _stand_on_footprints(batch: Batch) -> None:
    shapes = np.asarray(batch.geo.geometry.array, dtype=object)
    kinds = shapely.get_type_id(shapes)
    many = (kinds == 4) & (shapely.get_num_geometries(shapes) > 1)
    count = int(np.isin(kinds, (3, 6)).sum())
    if count:
        batch.notes.append(f"{count:,} footprints stand for their buildings by a point on them")
    if (kinds != 0).any():
        points = np.where(kinds == 0, shapes, shapely.point_on_surface(shapes))
        batch.frame = batch.geo.set_geometry(gpd.GeoSeries(points, index=batch.frame.index, crs=batch.geo.crs))
    batch.reject(
        many,
        field="geometry",
        values=lambda bad: [f"{n} points" for n in shapely.get_num_geometries(shapes[bad])],
        reason="has several points; expected one",
    )


def _name_municipality(batch: Batch, area: StudyArea) -> None:
    spec = batch.spec
    given = fill_codes(batch.frame["municipality_code"], spec)
    field = spec.columns.get("municipality_code", "municipality_code")
    strange = (given.notna() & ~given.isin(area.municipalities["municipality_code"])).to_numpy()
    if spec.options.get("clip", False):
        batch.leave_out(strange, why="in a municipality that is not in the study (clip)")
    else:
        batch.reject(strange, field=field, values=given, reason="is no municipality of the study")
    given = given[~strange]
    _compare_codes(batch, given, area, field)
    open_ = given.isna()
    if open_.any():
        tolerance = float(spec.options.get("nearest_municipality_m", 0.0))
        given = given.where(~open_, locate(batch.geo[open_.to_numpy()], area, nearest_m=tolerance))
    batch.frame = batch.geo.assign(municipality_code=given.astype("str"))
    outside = given.isna().to_numpy()
    if spec.options.get("clip", False):
        batch.leave_out(outside, why="outside every municipality of the study (clip)")
    elif outside.any():
        batch.facts = replace(batch.facts, outside=int(outside.sum()))
        batch.warnings.append(f"{spec.id}: {outside.sum():,} of {len(outside):,} places lie outside every municipality")


def _compare_codes(batch: Batch, given: pd.Series, area: StudyArea, field: str) -> None:
    """Count the rows whose given municipality does not hold their position, and name those that are far from it.

    The register's word stands: its borders may be finer than ours. Far is more than ELSEWHERE_M, or than what the
    options allow a place to lie from its municipality.
    """
    told = np.flatnonzero(given.notna().to_numpy())
    if not len(told):
        return
    points = batch.geo.iloc[told]
    codes = given.iloc[told].to_numpy(dtype=object)
    held = locate(points, area, nearest_m=0.0).to_numpy(dtype=object)
    other = np.flatnonzero(held != codes)
    own = pd.Index(area.municipalities["municipality_code"]).get_indexer(pd.Index(codes[other]))
    shapes = np.asarray(area.municipalities.geometry.array, dtype=object)[own]
    gap = shapely.distance(shapes, np.asarray(points.geometry.array, dtype=object)[other])
    options = batch.spec.options
    limit = max(ELSEWHERE_M, *(float(options.get(name, 0.0)) for name in ("nearest_municipality_m", WITHIN)))
    apart, far = gap > 0, np.flatnonzero(gap > limit)
    names = dict(zip(area.municipalities["municipality_code"], area.municipalities["name"], strict=True))
    examples = tuple(
        (
            int(points.index[other[row]]),
            _apart(field, codes[other[row]], held[other[row]], names, gap[row] / 1000),
        )
        for row in far[:EXAMPLES]
    )
    batch.facts = replace(batch.facts, elsewhere=int(apart.sum()), elsewhere_far=len(far), elsewhere_examples=examples)


def _size_class(employees: pd.Series, weight: pd.Series) -> pd.Series:
    """Return the size class by employees per premises; unknown where they are not reported."""
    each = (employees / weight.where(weight > 0, 1.0)).to_numpy()
    step = np.searchsorted(SIZE_BOUNDS, each, side="right")
    names = np.array(schemas.SIZE_CLASSES, dtype=object)
    return pd.Series(np.where(np.isnan(each), "unknown", names[step]), index=employees.index, dtype="str")


def _apart(field: str, said: str, holds: str | None, names: Mapping[str, str], km: float) -> str:
    """Say in which municipality a row is said to be, and in which its position lies."""
    told = f"{said} ({names[said]})"
    if pd.isna(holds):
        return f"{field} says {told}, the position is in none, {km:.1f} km away"
    return f"{field} says {told}, the position is in {holds} ({names[str(holds)]}), {km:.1f} km away"
