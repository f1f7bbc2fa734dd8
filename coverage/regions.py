"""Draw where mobile layers have at least each level: cells combined as numbers, then their outlines, then polygons.

Regions are exact: the outlines of raster cells (reprojected corner by corner where the raster has another CRS than the
study) and polygons as given. Shapes are united only where polygons or rasters of several grids meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.features import shapes as outlines
from rasterio.transform import rowcol
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from coverage.errors import CrsError, DataError
from coverage.inputs import MobileLayer
from coverage.mobile import Levels, classify, name_classes, polygon_ranks
from coverage.policy import Policy
from coverage.schemas import MOBILE_LEVELS

Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
Series = tuple[str, str]  # operator, technology

ANY: Final = "any"
LEVELS: Final = MOBILE_LEVELS[1:]


@dataclass(frozen=True)
class Regions:
    """Hold open layers, to be asked box by box where each series has at least each level.

    The series are each operator and technology, and before them "any". Made by `open_regions`.
    """

    names: list[Series]
    _grids: dict[_Grid, list[_Raster]]
    _drawn: dict[int, tuple[Levels, Shapes]]  # by series: the level of each polygon, and the polygons

    def near(self, box: Any) -> dict[tuple[int, int], Any]:
        """Return the regions, none empty, by series and level (positions in `names` and LEVELS).

        They are whole inside the box; beyond it they hold what is of no matter. Raises DataError naming the layer that
        cannot be read.
        """
        parts: dict[tuple[int, int], list[Any]] = {}
        for grid, rasters in self._grids.items():
            window = grid.window(box)
            found: dict[int, Levels] = {}
            for raster in rasters if window is not None else ():
                values = raster.read(window)
                for series in (0, raster.series):
                    found[series] = np.maximum(found[series], values) if series in found else values
            for series, values in found.items():
                for level in range(int(values.max())):
                    parts.setdefault((series, level), []).append(grid.outline(values > level, window))
        for series, (ranks, whole) in self._drawn.items():
            shapes = common(whole, box)  # smaller ones are united faster
            region = None
            for level in range(int(ranks[~shapely.is_missing(shapes)].max(initial=0)) - 1, -1, -1):
                region = shapely.union_all([region, *shapes[ranks == level + 1]])
                for key in ((series, level), (0, level)):
                    parts.setdefault(key, []).append(region)
        return {key: shapes[0] if len(shapes) == 1 else shapely.union_all(shapes) for key, shapes in parts.items()}


def common(shapes: Shapes, region: Any) -> Shapes:
    """Intersect shapes with a region: None where they share nothing of their own dimension.

    Shapes wholly inside stay as they are, so that only those on its border are computed.
    """
    shapely.prepare(region)
    inside = shapely.covers(region, shapes)
    found: Shapes = shapes.copy()
    found[~inside] = None
    cut = np.flatnonzero(~inside & shapely.intersects(region, shapes))
    parts, dimensions = shapely.intersection(shapes[cut], region), shapely.get_dimensions(shapes[cut])
    found[cut] = [of_dimension(part, dimension) for part, dimension in zip(parts, dimensions, strict=True)]
    return found


def of_dimension(shape: Any, dimension: int) -> Any:
    """Drop what an intersection leaves of lower dimension, where shapes only touch; None where nothing is left."""
    if shape.geom_type == "GeometryCollection":
        parts = shapely.get_parts(shape)
        kept = parts[shapely.get_dimensions(parts) == dimension]
        shape = shapely.multipolygons(kept) if dimension == 2 else shapely.multilinestrings(kept)
    return None if shapely.is_empty(shape) or shapely.get_dimensions(shape) < dimension else shape


@contextmanager
def open_regions(layers: Sequence[MobileLayer], *, crs: Any, policy: Policy) -> Iterator[Regions]:
    """Open layers, each once, to draw their regions in `crs`.

    Raises DataError or CrsError naming the layer that cannot be used.
    """
    names = [(ANY, ANY), *sorted({(layer.operator, layer.technology) for layer in layers})]
    grids: dict[_Grid, list[_Raster]] = {}
    drawn: dict[int, list[tuple[Levels, Shapes]]] = {}
    with ExitStack() as stack:
        for layer in layers:
            series = names.index((layer.operator, layer.technology))
            if layer.polygons is not None:
                shapes = np.asarray(layer.polygons.geometry.array, dtype=object)
                drawn.setdefault(series, []).append((polygon_ranks(layer, crs), shapes))
                continue
            with _reading(layer):
                file = stack.enter_context(rasterio.open(layer.raster))
            if file.crs is None:
                raise CrsError(f"{layer.source}: the raster {file.name} states no coordinate system")
            grid = _Grid(file.crs.to_wkt(), pyproj.CRS.from_user_input(crs).to_wkt(), file.transform, *file.shape)
            grids.setdefault(grid, []).append(_Raster(layer, series, file, policy))
        joined = {
            series: (np.concatenate([ranks for ranks, _ in parts]), np.concatenate([shapes for _, shapes in parts]))
            for series, parts in drawn.items()
        }
        yield Regions(names, grids, joined)


@contextmanager
def _reading(layer: MobileLayer) -> Iterator[None]:
    try:
        yield
    except RasterioError as error:
        detail = " ".join(str(error).split())
        raise DataError(f"{layer.source}: the raster {layer.raster} cannot be read ({detail})") from error


@dataclass(frozen=True)
class _Raster:
    layer: MobileLayer
    series: int
    file: Any
    policy: Policy

    def read(self, window: Window) -> Levels:
        with _reading(self.layer):
            found = self.file.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
        values = found * self.file.scales[0] + self.file.offsets[0]
        return name_classes(values, self.layer) if self.layer.classes else classify(values, policy=self.policy)


@dataclass(frozen=True)
class _Grid:
    """Hold where the cells of a raster lie, and how that becomes the study's CRS."""

    theirs: str
    ours: str
    transform: rasterio.Affine
    height: int
    width: int

    @cached_property
    def change(self) -> pyproj.Transformer | None:
        """Return the way from the raster's CRS to the study's; None where they are the same."""
        theirs, ours = pyproj.CRS.from_wkt(self.theirs), pyproj.CRS.from_wkt(self.ours)
        return None if theirs == ours else pyproj.Transformer.from_crs(theirs, ours, always_xy=True)

    def window(self, box: Any) -> Window | None:
        """Return the cells that a box touches, and one more on each side; None where there are none."""
        bounds = box.bounds
        if self.change is not None:
            bounds = transform_bounds(self.ours, self.theirs, *bounds, densify_pts=51)
        west, south, east, north = bounds
        corners = np.array([(west, south), (west, north), (east, south), (east, north)])
        rows, columns = rowcol(self.transform, corners[:, 0], corners[:, 1], op=np.floor)
        left, top = max(0, int(columns.min()) - 1), max(0, int(rows.min()) - 1)
        right, bottom = min(self.width, int(columns.max()) + 2), min(self.height, int(rows.max()) + 2)
        return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None

    def outline(self, mask: Bools, window: Window) -> Any:
        """Return the cells of a window where the mask is set (somewhere), as one shape.

        Cells are joined by their sides, so that its polygons meet in corners alone.
        """
        a, b, c, d, e, f = self.transform[:6]
        left, top = window.col_off, window.row_off
        place = rasterio.Affine(a, b, a * left + b * top + c, d, e, d * left + e * top + f)
        polygons = [item["coordinates"] for item, _ in outlines(mask.astype(np.uint8), mask=mask, transform=place)]
        rings = [ring for polygon in polygons for ring in polygon]
        ends = (np.cumsum([0, *map(len, parts)]) for parts in (rings, polygons))
        xy = np.array([point for ring in rings for point in ring])
        kind = shapely.GeometryType.MULTIPOLYGON
        shape = shapely.from_ragged_array(kind, xy, (*ends, np.array([0, len(polygons)])))[0]
        if self.change is None:
            return shape
        change: Any = self.change.transform
        return shapely.transform(shapely.segmentize(shape, np.sqrt(abs(a * e - b * d))), change, interleaved=False)
