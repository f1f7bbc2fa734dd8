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
import pyproj
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.features import shapes as outlines
from rasterio.transform import rowcol
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from coverage.crs import to_crs
from coverage.errors import CrsError, DataError
from coverage.inputs import ExtentLayer, MobileLayer
from coverage.mobile import classify, name_classes, polygon_ranks
from coverage.policy import Policy
from coverage.schemas import MOBILE_LEVELS

Shapes = npt.NDArray[np.object_]
Series = tuple[str, str]  # operator, technology

TILE_M: Final = 20_000.0
# Tiles begin at no round coordinate, so that no line runs along the border of two of them.
SHIFT: Final = 0.4142135623730951
ANY: Final = "any"
LEVELS: Final = MOBILE_LEVELS[1:]
COLUMNS: Final = {
    "source": "str", "what": "str", "unit": "str", "municipality_code": "str", "operator": "str", "technology": "str",
    "level": "str", "total": "float64", "covered": "float64", "share": "float64",
}  # fmt: skip


def measure_extents(
    extents: Sequence[ExtentLayer],
    mobile: Sequence[MobileLayer],
    *,
    municipalities: gpd.GeoDataFrame,
    policy: Policy,
) -> pd.DataFrame:
    """Return what of each layer has at least each level, per municipality and in all (`municipality_code` null).

    One row per layer, municipality, level and series: each operator and technology that the policy counts, and "any"
    of them. `total` and `covered` are in `unit` (km2 or km), `share` is their ratio. What lies outside every
    municipality is left out. Without a mobile layer that counts there are no rows. Raises DataError or CrsError
    naming the layer that cannot be used.
    """
    counted = [layer for layer in mobile if layer.technology in policy.mobile.technologies]
    names: list[Series] = [(ANY, ANY), *sorted({(layer.operator, layer.technology) for layer in counted})]
    rows: list[dict[str, Any]] = []
    for extent in extents if counted else ():
        lines = are_lines(extent)
        unit, divisor = ("km", 1e3) if lines else ("km2", 1e6)
        pieces, owner = _cut(extent, municipalities, lines=lines)
        amounts = np.zeros((len(municipalities), len(names), len(LEVELS)))
        for box, here in _tiles(pieces):
            regions = _regions(counted, names, box, crs=extent.frame.crs, policy=policy)
            for (series, level), region in regions.items():
                part = _measure(_common(pieces[here], region), lines)
                amounts[:, series, level] += np.bincount(owner[here], weights=part, minlength=len(municipalities))
        totals = np.bincount(owner, weights=_measure(pieces, lines), minlength=len(municipalities))
        codes = municipalities["municipality_code"].tolist()
        by_place = [(None, totals.sum(), amounts.sum(axis=0))]
        by_place += sorted((codes[k], totals[k], amounts[k]) for k in range(len(codes)) if totals[k] > 0)
        for code, total, covered in by_place:
            head = {"source": extent.source, "what": extent.what, "unit": unit, "municipality_code": code}
            for series, level in np.ndindex(len(names), len(LEVELS)):
                operator, technology = names[series]
                amount = min(float(covered[series, level]), float(total))  # equal but for the last bits
                share = amount / total if total > 0 else np.nan
                rows.append(
                    head | {"operator": operator, "technology": technology, "level": LEVELS[level]}
                    | {"total": total / divisor, "covered": amount / divisor, "share": share}
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


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


def _measure(shapes: Shapes, lines: bool) -> npt.NDArray[np.float64]:
    measured = shapely.length(shapes) if lines else shapely.area(shapes)
    return np.where(shapely.is_missing(shapes), 0.0, measured)


def _common(pieces: Shapes, region: Any) -> Shapes:
    """Intersect pieces with a region; those wholly inside or outside are not computed."""
    shapely.prepare(region)
    common: Shapes = pieces.copy()
    inside = shapely.covers(region, pieces)
    common[~inside] = None
    cut = np.flatnonzero(~inside & shapely.intersects(region, pieces))
    common[cut] = shapely.intersection(pieces[cut], region)
    return common


def _of_dimension(shape: Any, dimension: int) -> Any:
    """Drop what an intersection leaves of lower dimension: points and lines where shapes only touch."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = shapely.get_parts(shape)
    kept = parts[shapely.get_dimensions(parts) == dimension]
    return shapely.multipolygons(kept) if dimension == 2 else shapely.multilinestrings(kept)


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
    pieces[:] = [_of_dimension(shape, dimension) for shape in pieces]
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


def _regions(
    layers: Sequence[MobileLayer], names: Sequence[Series], box: Any, *, crs: Any, policy: Policy
) -> dict[tuple[int, int], Any]:
    """Return the regions inside a tile, none empty, by series and level (positions in `names` and LEVELS)."""
    parts: dict[tuple[int, int], list[Any]] = {}
    for layer in layers:
        series = names.index((layer.operator, layer.technology))
        for level, shapes in enumerate(_layer_shapes(layer, box, crs=crs, policy=policy)):
            for key in ((series, level), (0, level)):
                parts.setdefault(key, []).extend(shapes)
    found = {}
    for key, shapes in parts.items():
        region = _of_dimension(shapely.intersection(shapely.union_all(np.array(shapes, dtype=object)), box), 2)
        if not shapely.is_empty(region):
            found[key] = region
    return found


def _layer_shapes(layer: MobileLayer, box: Any, *, crs: Any, policy: Policy) -> list[list[Any]]:
    """Return, per level, the shapes of one layer near a tile that have at least that level."""
    if layer.polygons is not None:
        ranks, shapes = polygon_ranks(layer, crs), _shapes(layer.polygons)
        near = shapely.intersects(shapes, box)
        return [list(shapes[near & (ranks > level)]) for level in range(len(LEVELS))]
    try:
        with rasterio.open(layer.raster) as raster:
            tile = _read(raster, layer, box, crs=crs)
    except RasterioError as error:
        detail = " ".join(str(error).split())
        raise DataError(f"{layer.source}: the raster {layer.raster} cannot be read ({detail})") from error
    if tile is None:
        return [[] for _ in LEVELS]
    found = name_classes(tile.values, layer) if layer.classes else classify(tile.values, policy=policy)
    return [tile.outlines(found > level) for level in range(len(LEVELS))]


@dataclass(frozen=True)
class _Tile:
    """Hold a window of a raster, and how its coordinates become the study's (None: they are)."""

    values: npt.NDArray[np.float64]
    transform: Any
    step: float
    transformer: pyproj.Transformer | None

    def outlines(self, mask: npt.NDArray[np.bool_]) -> list[Any]:
        found = outlines(mask.astype(np.uint8), mask=mask, transform=self.transform)
        shapes = np.array([shapely.geometry.shape(item) for item, _ in found], dtype=object)
        if self.transformer is not None and len(shapes):
            shapes = shapely.segmentize(shapes, self.step)
            change: Any = self.transformer.transform
            shapes = shapely.transform(shapes, change, interleaved=False)
        return list(shapes)


def _read(raster: Any, layer: MobileLayer, box: Any, *, crs: Any) -> _Tile | None:
    """Read the cells that a tile touches, and one more on each side; None where there are none."""
    if raster.crs is None:
        raise CrsError(f"{layer.source}: the raster {raster.name} states no coordinate system")
    theirs, ours = pyproj.CRS.from_wkt(raster.crs.to_wkt()), pyproj.CRS.from_user_input(crs)
    same = theirs == ours
    bounds = box.bounds if same else transform_bounds(ours.to_wkt(), raster.crs, *box.bounds, densify_pts=51)
    west, south, east, north = bounds
    corners = np.array([(west, south), (west, north), (east, south), (east, north)])
    rows, columns = rowcol(raster.transform, corners[:, 0], corners[:, 1], op=np.floor)
    left, top = max(0, int(columns.min()) - 1), max(0, int(rows.min()) - 1)
    right, bottom = min(raster.width, int(columns.max()) + 2), min(raster.height, int(rows.max()) + 2)
    if right <= left or bottom <= top:
        return None
    window = Window(left, top, right - left, bottom - top)
    values = raster.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
    transformer = None if same else pyproj.Transformer.from_crs(theirs, ours, always_xy=True)
    a, b, c, d, e, f = raster.transform[:6]
    return _Tile(
        values=values * raster.scales[0] + raster.offsets[0],
        transform=rasterio.Affine(a, b, a * left + b * top + c, d, e, d * left + e * top + f),
        step=float(np.sqrt(abs(a * e - b * d))),
        transformer=transformer,
    )
