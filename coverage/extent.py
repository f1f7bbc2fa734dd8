"""Tell how much of an area or of a length has mobile coverage: farmland in km², roads in km, per municipality.

Regions are exact: the outlines of raster cells (reprojected corner by corner where the raster has another CRS than the
study) and of polygons, united over the layers, intersected with what is measured. Areas and lengths are planar, in the
study's CRS. A line along the edge of a region is in it. What is given twice is counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coverage import lacking
from coverage.crs import to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.policy import Policy
from coverage.regions import ANY, LEVELS, common, of_dimension, open_regions

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

TILE_M: Final = 20_000.0
# Tiles begin at no round coordinate, so that no line runs along the border of two of them.
SHIFT: Final = 0.4142135623730951
COLUMNS: Final = {
    "source": "str", "what": "str", "unit": "str", "municipality_code": "str", "operator": "str", "technology": "str",
    "level": "str", "total": "float64", "covered": "float64", "share": "float64",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Survey:
    """Hold how much of each layer is covered (`table`), and the parts that lack the policy's level (`lacking`).

    `lacking` has one row per part of a layer in a municipality: lacking.COLUMNS and its geometry.
    """

    table: pd.DataFrame
    lacking: gpd.GeoDataFrame


def measure_extents(
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    *,
    municipalities: gpd.GeoDataFrame,
    policy: Policy,
) -> pd.DataFrame:
    """Return the table of `survey_extents`."""
    return survey_extents(extents, mobile, municipalities=municipalities, policy=policy).table


def survey_extents(
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    *,
    municipalities: gpd.GeoDataFrame,
    policy: Policy,
) -> Survey:
    """Return what of each layer has at least each level, per municipality and in all (`municipality_code` null).

    One row per layer, municipality, level and series: each operator and technology that the policy counts, and "any"
    of them. `total` and `covered` are in `unit` (km2 or km), `share` is their ratio. Beside it, the parts where fewer
    operators than the policy asks for have its level. What lies outside every municipality is left out. Without a
    mobile layer that counts there are no rows. Raises DataError or CrsError naming the layer that cannot be used.
    """
    counted = [layer for layer in mobile if layer.technology in policy.mobile.technologies]
    if not counted or not extents:
        return Survey(pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS), _none(municipalities))
    lines = np.array([are_lines(extent) for extent in extents])
    cut = [_cut(extent, municipalities, lines=bool(line)) for extent, line in zip(extents, lines, strict=True)]
    pieces = np.concatenate([shapes for shapes, _ in cut])
    extent_of = np.repeat(np.arange(len(extents)), [len(shapes) for shapes, _ in cut])
    owner = extent_of * len(municipalities) + np.concatenate([home for _, home in cut])
    is_line = lines[extent_of]
    places = (len(extents), len(municipalities))

    def add_up(part: Floats, chosen: Any) -> Floats:
        sums = np.bincount(owner[chosen], weights=part, minlength=places[0] * places[1])
        return sums.astype(np.float64).reshape(places)

    short, short_of = [np.empty(0, dtype=object)], [np.empty(0, dtype=np.intp)]
    asked = policy.mobile.level in LEVELS
    totals = add_up(_measure(pieces, is_line), slice(None))
    with open_regions(counted, crs=municipalities.crs, policy=policy) as regions:
        names = regions.names
        amounts = np.zeros((len(names), len(LEVELS), *places))
        for box, here in _tiles(pieces):
            inside = common(pieces[here], box)
            near = regions.near(box)
            for key, region in near.items():
                amounts[key] += add_up(_measure(common(inside, region), is_line[here]), here)
            if asked:
                there = np.flatnonzero(~shapely.is_missing(inside))
                rest = lacking.outside(inside[there], lacking.enough(near, names, policy=policy))
                left = ~shapely.is_missing(rest)
                short.append(rest[left])
                short_of.append(here[there[left]])
    rows: list[dict[str, Any]] = []
    codes = municipalities["municipality_code"].tolist()
    for number, extent in enumerate(extents):
        unit, divisor = ("km", 1e3) if lines[number] else ("km2", 1e6)
        total, covered = totals[number], amounts[:, :, number]
        by_place = [(None, total.sum(), covered.sum(axis=-1))]
        by_place += sorted((codes[k], total[k], covered[:, :, k]) for k in np.flatnonzero(total > 0))
        for code, whole, parts in by_place:
            head = {"source": extent.source, "what": extent.what, "unit": unit, "municipality_code": code}
            for series, level in np.ndindex(parts.shape):
                operator, technology = names[series]
                amount = min(float(parts[series, level]), float(whole))  # equal but for the last bits
                share = amount / whole if whole > 0 else np.nan
                rows.append(
                    head | {"operator": operator, "technology": technology, "level": LEVELS[level]}
                    | {"total": whole / divisor, "covered": amount / divisor, "share": share}
                )  # fmt: skip
    about = pd.DataFrame(
        {
            "source": [extents[number].source for number in extent_of.tolist()],
            "what": [extents[number].what for number in extent_of.tolist()],
            "unit": np.where(is_line, "km", "km2"),
            "municipality_code": [codes[number] for number in owner % len(municipalities)],
        }
    )
    return Survey(
        pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS),
        lacking.tabulate(np.concatenate(short_of), np.concatenate(short), about, crs=municipalities.crs),
    )


def _none(municipalities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = pd.DataFrame(columns=list(lacking.COLUMNS)).astype(lacking.COLUMNS)
    return gpd.GeoDataFrame(table, geometry=[], crs=municipalities.crs)


def summarise_extents(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of `measure_extents` for summary.json: any series per municipality, each series in all."""
    wanted = table[(table["operator"] == ANY) | table["municipality_code"].isna()]
    found = []
    for row in wanted.itertuples(index=False):
        plain = {name: getattr(row, name) for name in COLUMNS}
        code = None if pd.isna(plain["municipality_code"]) else plain["municipality_code"]
        share = None if pd.isna(plain["share"]) else round(plain["share"], 6)
        figures = {"total": round(plain["total"], 3), "covered": round(plain["covered"], 3), "share": share}
        found.append(plain | {"municipality_code": code} | figures)
    return found


def are_lines(extent: ExtentLayer) -> bool:
    """Say whether a layer is of lines, and not of polygons. Raises DataError where it is neither, or both."""
    dimensions = set(shapely.get_dimensions(_shapes(extent.frame)).tolist()) - {-1}
    if dimensions not in ({1}, {2}):
        raise DataError(f"{extent.source}: expected polygons or lines, not both and nothing else")
    return dimensions == {1}


def _shapes(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def _measure(shapes: Shapes, lines: Bools | bool) -> Floats:
    measured = np.where(lines, shapely.length(shapes), shapely.area(shapes))
    return np.where(shapely.is_missing(shapes), 0.0, measured)


def _cut(extent: ExtentLayer, municipalities: gpd.GeoDataFrame, *, lines: bool) -> tuple[Shapes, npt.NDArray[np.intp]]:
    """Cut a layer by municipality: the pieces, and the position of the municipality of each.

    What lies along a border goes to the municipality that comes first by code.
    """
    if to_crs(extent.frame, municipalities.crs, where=extent.source) is not extent.frame:
        raise CrsError(f"{extent.source}: the layer is in {extent.frame.crs}, the study in {municipalities.crs}")
    shapes, homes = _shapes(extent.frame), _shapes(municipalities)
    by_code = np.argsort(municipalities["municipality_code"].to_numpy(dtype=object), kind="stable")
    piece, home = shapely.STRtree(homes).query(shapes, predicate="intersects")
    rank = np.argsort(by_code)
    order = np.lexsort((rank[home], piece))
    piece, home = piece[order], home[order]
    single = np.bincount(piece, minlength=len(shapes)) == 1
    pieces: Shapes = shapely.intersection(shapes[piece], homes[home])
    for one in np.unique(piece[~single[piece]]):
        rest = shapes[one]
        for at in np.flatnonzero(piece == one):
            pieces[at] = shapely.intersection(rest, homes[home[at]])
            rest = shapely.difference(rest, homes[home[at]])
    dimension = 1 if lines else 2
    pieces[:] = [of_dimension(shape, dimension) for shape in pieces]
    kept = _measure(pieces, lines) > 0
    return pieces[kept], home[kept]


def _tiles(pieces: Shapes) -> list[tuple[Any, npt.NDArray[np.intp]]]:
    """Return the tiles that hold anything, each a box and the positions of the pieces that it touches."""
    if not len(pieces):
        return []
    west, south, east, north = shapely.total_bounds(pieces)
    x = np.arange(west - SHIFT * TILE_M, east + TILE_M, TILE_M)
    y = np.arange(south - SHIFT * TILE_M, north + TILE_M, TILE_M)
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(len(x) - 1), np.arange(len(y) - 1)))
    boxes = shapely.box(x[column], y[row], x[column + 1], y[row + 1])
    tile, piece = shapely.STRtree(pieces).query(boxes, predicate="intersects")
    return [(boxes[number], np.sort(piece[tile == number])) for number in np.unique(tile)]
