"""Geometry of one source: present, finite, flat, valid, and of the kind that its role needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from coverage.crs import parse_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch, Mask
from coverage.sources.mapping import map_fields, source_column
from coverage.sources.names import nearest
from coverage.sources.positions import CELL, POSTCODE, stand_on_cells, stand_on_postcodes
from coverage.sources.roles import COORDINATE_FIELDS, COORDINATES, Family, Role

Shapes = npt.NDArray[np.object_]

# shapely's type ids
_FAMILY: Final = {0: "point", 4: "point", 1: "line", 2: "line", 5: "line", 3: "polygon", 6: "polygon", 7: "collection"}


def map_and_place(batch: Batch, role: Role, defaults: Mapping[str, str]) -> None:
    """Map the fields of a role and give every row a clean geometry: its own, or the point that its columns say."""
    if isinstance(batch.frame, gpd.GeoDataFrame):
        map_fields(batch, role.fields, defaults=defaults)
    else:
        pair = coordinate_pair(batch, defaults)
        points = tuple(field for field in COORDINATE_FIELDS if field.name in pair)
        map_fields(batch, (*role.fields, *points), defaults=defaults)
        add_points(batch, pair)
    clean(batch, role.families)


def coordinate_pair(batch: Batch, defaults: Mapping[str, str]) -> tuple[str, ...]:
    """Return which of our columns say where a table's rows are. Raises DataError where none does.

    They are x and y, or lon and lat; for premises also `cell_id`, or `postcode` with option `postcodes`.
    """
    for pair in COORDINATES:
        if all(source_column(batch, name, defaults) is not None for name in pair):
            return pair
    if batch.spec.role == "premises":
        if source_column(batch, "cell_id", defaults) is not None:
            return CELL
        if "postcodes" in batch.spec.options:
            return POSTCODE
    columns = [str(name) for name in batch.frame.columns]
    half = next((n for pair in COORDINATES for n in pair if source_column(batch, n, defaults) is not None), "")
    missing = {"x": "y", "y": "x", "lon": "lat", "lat": "lon"}.get(half, "x")
    raise DataError(
        f"{batch.spec.name}: no column for {missing!r}; {nearest(missing, columns)}: "
        f"expected coordinates as x and y or as lon and lat, mapped under [sources.columns] in study.toml"
    )


def add_points(batch: Batch, pair: tuple[str, ...]) -> None:
    """Turn the columns of `coordinate_pair` into points: two numbers in the CRS that study.toml states, or a look-up.

    Raises CrsError where it states none.
    """
    if pair in (CELL, POSTCODE):
        (stand_on_cells if pair == CELL else stand_on_postcodes)(batch)
        return
    crs = stated_crs(batch.spec, pair)
    frame = batch.frame
    points = gpd.points_from_xy(frame[pair[0]], frame[pair[1]], crs=crs)
    batch.frame = gpd.GeoDataFrame(frame.drop(columns=list(pair)), geometry=points)
    batch.position = " ".join(source_column_name(batch, name) for name in pair)
    batch.crs_found = f"none; study.toml says {batch.spec.crs}"


def stated_crs(spec: SourceSpec, pair: tuple[str, ...]) -> pyproj.CRS:
    """Return the CRS that study.toml states for a table with coordinates, or raise CrsError where it cannot be."""
    if not spec.crs:
        raise CrsError(
            f"study.toml: source {spec.id!r} is a table with coordinates but states no crs; expected e.g. 'EPSG:4326'"
        )
    crs = parse_crs(spec.crs, where=f"study.toml: source {spec.id!r}, crs")
    if pair == ("lon", "lat") and not crs.is_geographic:
        raise CrsError(
            f"study.toml: source {spec.id!r} maps lon and lat, but {spec.crs} is not in degrees; expected x and y"
        )
    return crs


def source_column_name(batch: Batch, name: str) -> str:
    """Return the name that a person finds in the file for one of our columns."""
    return batch.spec.columns.get(name, name)


def clean(batch: Batch, families: Sequence[Family]) -> None:
    """Reject rows without usable geometry, repair invalid polygons, drop heights.

    A repaired polygon keeps its polygonal part (shapely.make_valid) and is counted in `batch.repaired`.
    """
    shapes = _shapes(batch)
    empty = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    batch.reject(empty, field="geometry", values=describe(shapes), reason="has no geometry")
    shapes = _shapes(batch)
    if shapely.has_z(shapes).any():
        shapes = shapely.force_2d(shapes)
        batch.frame = batch.geo.set_geometry(gpd.GeoSeries(shapes, index=batch.frame.index, crs=batch.geo.crs))
    endless = ~_finite(shapes)
    batch.reject(endless, field=batch.position, values=describe(shapes), reason="has coordinates that are no numbers")
    if "polygon" in families:
        _repair(batch)
    shapes = _shapes(batch)
    wanted = " or ".join(families)
    kinds = shapely.get_type_id(shapes)
    for code in np.unique(kinds):
        if _FAMILY[int(code)] not in families:
            shapes = _shapes(batch)
            wrong = shapely.get_type_id(shapes) == code
            reason = f"is a {_FAMILY[int(code)]}; expected a {wanted}"
            batch.reject(wrong, field="geometry", values=describe(shapes), reason=reason)
    if "line" in families:
        shapes = _shapes(batch)
        stub = np.isin(shapely.get_type_id(shapes), (1, 2, 5)) & ~(shapely.length(shapes) > 0)
        batch.reject(stub, field="geometry", values=describe(shapes), reason="is a line without length")


def polygonal(shapes: Shapes) -> Shapes:
    """Return the polygonal part of each geometry; an empty polygon where there is none."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    # make_valid may nest a multipolygon in a collection: take apart once more
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    areal = shapely.get_type_id(parts) == 3
    out = np.full(len(shapes), shapely.Polygon(), dtype=object)
    positions, starts = np.unique(owner[areal], return_index=True)  # owners come in order
    for position, mine in zip(positions, np.split(parts[areal], starts[1:]), strict=False):
        out[position] = mine[0] if len(mine) == 1 else shapely.union_all(mine)
    return out


def _valid(shapes: Shapes) -> Shapes:
    """Return the shapes made valid; an empty polygon for one that the library cannot repair."""
    try:
        return np.asarray(shapely.make_valid(shapes), dtype=object)
    except ShapelyError:
        if len(shapes) == 1:
            return np.array([shapely.Polygon()], dtype=object)
        half = len(shapes) // 2
        return np.concatenate([_valid(shapes[:half]), _valid(shapes[half:])])


def _repair(batch: Batch) -> None:
    shapes = _shapes(batch)
    kinds = shapely.get_type_id(shapes)
    broken = ~shapely.is_valid(shapes) & np.isin(kinds, (3, 6, 7)) | (kinds == 7)
    if not broken.any():
        return
    mended = shapes.copy()
    mended[broken] = polygonal(_valid(shapes[broken]))
    lost = broken & np.asarray(shapely.is_empty(mended))
    batch.repaired += int((broken & ~lost).sum())
    batch.frame = batch.geo.set_geometry(gpd.GeoSeries(mended, index=batch.frame.index, crs=batch.geo.crs))
    batch.reject(lost, field="geometry", values=describe(shapes), reason="is invalid, and no polygon is left of it")


def _shapes(batch: Batch) -> Shapes:
    return np.asarray(batch.geo.geometry.array, dtype=object)


def _finite(shapes: Shapes) -> npt.NDArray[np.bool_]:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    fine = np.ones(len(shapes), dtype=bool)
    fine[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return fine


def describe(shapes: Shapes) -> Callable[[Mask], list[str]]:
    """Return a function that puts chosen geometries into words: a point's coordinates, another's kind."""

    def words(chosen: Mask) -> list[str]:
        return [_word(shape) for shape in shapes[chosen]]

    return words


def _word(shape: BaseGeometry | None) -> str:
    if shape is None or shape.is_empty:
        return ""
    return f"{shape.x:.12g} {shape.y:.12g}" if isinstance(shape, shapely.Point) else shape.geom_type
