"""Heights of the ground from elevation models: at points, or a block of cells at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window

from coverage.crs import parse_crs
from coverage.errors import DataError
from coverage.inputs import TerrainLayer

MAX_CELLS: Final = 16_000_000  # read at a time
METRES_PER_DEGREE: Final = 111_320.0  # of latitude, and of longitude at the equator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """Hold a rectangle of cells of one model, NaN where they hold no height; `left`, `top` are its first cell.

    The last column and the last row stand twice in it.
    """

    cells: npt.NDArray[np.float32] | Floats
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class Elevation:
    """Describe one elevation model: where its cells lie, and how large they are; `read` returns their heights."""

    layer: TerrainLayer
    crs: pyproj.CRS
    inverse: tuple[float, float, float, float, float, float]  # from x, y to column, row
    width: int
    height: int
    cell_m: float  # the shorter side of the cell in the middle

    def place(self, xy: Floats, crs: Any) -> tuple[Floats, Floats]:
        """Return the column and row of points, 0 in the middle of the first cell, also beyond the model.

        Not finite where the model's system cannot hold the point.
        """
        x, y = xy[:, 0], xy[:, 1]
        if pyproj.CRS.from_user_input(crs) != self.crs:
            x, y = pyproj.Transformer.from_crs(crs, self.crs, always_xy=True).transform(x, y)
        a, b, c, d, e, f = self.inverse
        with np.errstate(invalid="ignore"):  # infinite x and y
            return a * x + b * y + (c - 0.5), d * x + e * y + (f - 0.5)

    def clip(self, column: Floats, row: Floats) -> tuple[Floats, Floats]:
        """Return columns and rows with NaN beyond the model.

        In the outermost half cell a point is moved to the middle of the cell, so that tiles side by side leave no gap.
        """
        with np.errstate(invalid="ignore"):
            inside = (column >= -0.5) & (column <= self.width - 0.5) & (row >= -0.5) & (row <= self.height - 0.5)
        return (
            np.where(inside, np.clip(column, 0, self.width - 1), np.nan),
            np.where(inside, np.clip(row, 0, self.height - 1), np.nan),
        )

    def read(self, left: int, top: int, right: int, bottom: int, *, dtype: Any = np.float64) -> Block:
        """Return the cells from (left, top) to (right, bottom), both in it; raises DataError if they cannot be read."""
        window = Window(left, top, right - left + 1, bottom - top + 1)
        with _opened(self.layer) as raster:
            values = _guarded(self.layer, lambda: raster.read(1, window=window, masked=True))
            cells = values.astype(dtype).filled(np.nan) * dtype(raster.scales[0]) + dtype(raster.offsets[0])
        return Block(np.pad(cells, ((0, 1), (0, 1)), mode="edge"), left, top)


def open_elevation(layer: TerrainLayer) -> Elevation:
    """Open one elevation model, or raise DataError where it cannot be read and CrsError where its system is unknown."""
    with _opened(layer) as raster:
        wkt = raster.crs.to_wkt() if raster.crs else None
        crs = parse_crs(wkt, where=f"{layer.source}: the raster {layer.raster}")
        forward, back = raster.transform, ~raster.transform
        width, height = raster.width, raster.height
    side_x, side_y = np.hypot(forward.a, forward.d), np.hypot(forward.b, forward.e)
    if crs.is_geographic:
        latitude = forward.f + forward.d * width / 2 + forward.e * height / 2
        side_x, side_y = side_x * METRES_PER_DEGREE * np.cos(np.radians(latitude)), side_y * METRES_PER_DEGREE
    return Elevation(layer, crs, tuple(back)[:6], width, height, float(min(side_x, side_y)))


def heights_at(xy: Floats, terrain: Sequence[TerrainLayer], crs: Any) -> tuple[Floats, Ints]:
    """Return the height in metres at each point (n, 2) of `crs` (NaN: none), and which layer gave it (-1: none).

    Read between the four cells around the point; none where one of them that counts holds none. Of several layers the
    first with a height counts. Raises DataError where a raster cannot be read.
    """
    height = np.full(len(xy), np.nan)
    by = np.full(len(xy), -1, dtype=np.int64)
    for number, layer in enumerate(terrain):
        missing = np.flatnonzero(np.isnan(height))
        if not len(missing):
            break
        found = _sample(open_elevation(layer), xy[missing], crs)
        height[missing] = found
        by[missing[~np.isnan(found)]] = number
    return height, by


def between(block: Block, column: Floats, row: Floats) -> Floats:
    """Return the heights at columns and rows of the model, all inside the block, between the four cells around each.

    NaN where a cell that counts holds none: beside a void a height is known only on the line between two cells.
    """
    flat, width = block.cells.reshape(-1), block.cells.shape[1]
    column, row = column - block.left, row - block.top
    left, top = column.astype(np.int32), row.astype(np.int32)
    column -= left
    row -= top
    at = top.astype(np.intp)
    at *= width
    at += left
    upper, lower = flat.take(at), flat.take(at + width)
    upper = upper + (flat.take(at + 1) - upper) * column
    lower = lower + (flat.take(at + width + 1) - lower) * column
    out: Floats = upper + (lower - upper) * row
    # A cell of weight 0 does not count, but NaN times 0 is NaN.
    void = np.isnan(out)
    if void.any():
        void &= (column == 0) | (row == 0)
        place, east, south = at[void], column[void], row[void]
        total = np.zeros(len(place))
        for step, weight in (
            (0, (1 - east) * (1 - south)),
            (1, east * (1 - south)),
            (width, (1 - east) * south),
            (width + 1, east * south),
        ):
            total += np.where(weight > 0, flat.take(place + step) * weight, 0.0)
        out[void] = total
    return out


def _sample(model: Elevation, xy: Floats, crs: Any) -> Floats:
    """Return the heights at points, read in strips so that no more is held than fits."""
    column, row = model.clip(*model.place(xy, crs))
    out = np.full(len(xy), np.nan)
    inside = np.flatnonzero(~np.isnan(column))
    if not len(inside):
        return out
    left, right = int(column[inside].min()), min(int(column[inside].max()) + 1, model.width - 1)
    first = int(row[inside].min())
    strip = (row[inside].astype(np.int64) - first) // max(1, MAX_CELLS // (right - left + 1))
    for number in np.unique(strip):
        chosen = inside[strip == number]
        top, bottom = int(row[chosen].min()), min(int(row[chosen].max()) + 1, model.height - 1)
        out[chosen] = between(model.read(left, top, right, bottom), column[chosen], row[chosen])
    return out


def _opened(layer: TerrainLayer) -> Any:
    return _guarded(layer, lambda: rasterio.open(layer.raster))


def _guarded(layer: TerrainLayer, act: Any) -> Any:
    try:
        return act()
    except RasterioError as error:
        detail = " ".join(str(error).split())
        raise DataError(f"{layer.source}: the raster {layer.raster} cannot be read ({detail})") from error
