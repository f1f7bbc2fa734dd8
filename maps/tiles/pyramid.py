"""The index of map tiles, and how marks are added up and drawn: the same for every way to look at places.

Below POINT_ZOOM the places of a cell of 16 × 16 screen pixels are one disc: its area grows with the premises that
count, its centre is their mean position. From POINT_ZOOM on every place is drawn. Both follow the zoom alone, so
neighbouring tiles always agree.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coverage.crs import GEOGRAPHIC_CRS, to_crs
from maps.style import MOBILE_COLOUR, rgba

MIN_ZOOM: Final = 4
MAX_ZOOM: Final = 17
POINT_ZOOM: Final = 12
SCREEN: Final = 256  # pixels of the screen that a tile takes
SHARP: Final = 2  # pixels of a tile to a pixel of the screen: sharp on every screen
TILE: Final = SHARP * SCREEN  # pixels that it is drawn with
HEAVY: Final = 18_000  # bytes of a tile
CELL_LEVELS: Final = 4  # 2**4 cells along the side of a tile
DEPTH: Final = 24  # levels of the index: 2 m at the equator
MARGIN: Final = 24  # pixels that a disc may reach into the next tile
CLEAR, WHITE, RING = 0, 254, 253

Codes = NDArray[np.uint8]
Numbers = NDArray[np.float64]
Keys = NDArray[np.uint64]
Pixels = NDArray[np.int64]
Level = TypeVar("Level")
Merge = Callable[[Keys, Codes, Sequence[Numbers]], Level]


def mercator(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Return web Mercator positions as shares 0..1 of the world from the upper left corner."""
    sine = np.clip(np.sin(np.radians(lat)), -0.9999, 0.9999)
    u = lon / 360 + 0.5
    v = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    return np.clip(u, 0, 1 - 1e-9), np.clip(v, 0, 1 - 1e-9)


def degrees(u: float, v: float) -> tuple[float, float]:
    """Return the latitude and longitude of a position in shares of the world."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * v)))), 360 * (u - 0.5)


def _spread(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
                        (2, 0x3333333333333333), (1, 0x5555555555555555)):  # fmt: skip
        values = (values | (values << np.uint64(shift))) & np.uint64(mask)
    return values


def quadkey(x: NDArray[np.uint64], y: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Interleave the bits of x and y, so that the cells of a tile are one run of numbers."""
    return _spread(x) | (_spread(y) << np.uint64(1))


def tile_runs(z: int, x: int, y: int, *, level: int) -> list[tuple[int, int]]:
    """Return the runs of quadkeys at `level` that cover a tile and its eight neighbours."""
    shift, size = 2 * (level - z), 1 << z
    runs = []
    for row in range(max(y - 1, 0), min(y + 2, size)):
        for column in range(max(x - 1, 0), min(x + 2, size)):
            first = int(quadkey(np.array([column], np.uint64), np.array([row], np.uint64))[0])
            runs.append((first << shift, (first + 1) << shift))
    return runs


@dataclass(frozen=True)
class Located:
    """Hold the web Mercator position of every place, its cell in the index, and the rows in the order of the cells."""

    u: Numbers
    v: Numbers
    key: Keys
    order: NDArray[np.intp]

    @classmethod
    def of(cls, places: gpd.GeoDataFrame) -> Located:
        """Locate the places: the slow part of drawing them, the same for every theme and filter."""
        located = to_crs(places, GEOGRAPHIC_CRS, where="places").geometry
        u, v = mercator(located.x.to_numpy(), located.y.to_numpy())
        size = float(1 << DEPTH)
        key = quadkey((u * size).astype(np.uint64), (v * size).astype(np.uint64))
        return cls(u, v, key, np.argsort(key, kind="stable"))


def exists(z: int, x: int, y: int) -> bool:
    """Tell whether a tile lies inside the zooms and the world."""
    return MIN_ZOOM <= z <= MAX_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z


@dataclass(frozen=True)
class Marks:
    """Hold what is drawn at one level, in the order of `key`."""

    key: NDArray[np.uint64]
    u: Numbers
    v: Numbers
    code: Codes
    weight: Numbers

    def rows_around(self, z: int, x: int, y: int, *, level: int) -> NDArray[np.intp]:
        """Return the rows of the marks in a tile and its eight neighbours; `level` is that of `key`."""
        ends = np.searchsorted(self.key, np.array(tile_runs(z, x, y, level=level), np.uint64))
        return np.concatenate([np.arange(first, last) for first, last in ends])

    def rows_near(self, z: int, x: int, y: int, *, level: int) -> tuple[NDArray[np.intp], Numbers, Numbers]:
        """Return the rows of the marks in or close to a tile, with their pixel positions in it."""
        rows = self.rows_around(z, x, y, level=level)
        px = (self.u[rows] * (1 << z) - x) * TILE
        py = (self.v[rows] * (1 << z) - y) * TILE
        keep = (px > -MARGIN) & (px < TILE + MARGIN) & (py > -MARGIN) & (py < TILE + MARGIN)
        return rows[keep], px[keep], py[keep]

    def near(self, z: int, x: int, y: int, *, level: int) -> tuple[Marks, Numbers, Numbers]:
        """Return the marks in or close to a tile, with their pixel positions in it."""
        rows, px, py = self.rows_near(z, x, y, level=level)
        return Marks(self.key[rows], self.u[rows], self.v[rows], self.code[rows], self.weight[rows]), px, py


def encode(image: Image.Image, colours: Sequence[str]) -> bytes:
    """Return an image of codes as PNG: code n has the colour n - 1, besides CLEAR, WHITE and RING."""
    palette = np.zeros((256, 4), np.uint8)
    for number, colour in enumerate(colours, start=1):
        palette[number] = rgba(colour)
        palette[number, 3] = 235
    palette[WHITE], palette[RING] = (255, 255, 255, 210), rgba(MOBILE_COLOUR)
    return paletted(image, palette)


def paletted(image: Image.Image, palette: NDArray[np.uint8]) -> bytes:
    """Return an image of codes as PNG, with the colours (red, green, blue, alpha) of a palette.

    One that would be heavier than HEAVY is handed over with every second pixel, as many as the screen has.
    """
    codes = np.asarray(image)
    packed = _packed(codes, palette)
    return packed if len(packed) <= HEAVY else _packed(codes[::SHARP, ::SHARP], palette)


def _packed(codes: Codes, palette: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(codes), mode="P")
    image.putpalette(palette[:, :3].tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", transparency=palette[:, 3].tobytes(), optimize=False, compress_level=6)
    return out.getvalue()


def disc_radius(weight: Numbers) -> Numbers:
    """Return the radius in pixels of the disc for so many premises."""
    return np.asarray(np.minimum(2 * (1.5 + 0.6 * np.log2(1 + weight)), 15.0))


def point_radius(z: int) -> float:
    """Return the radius in pixels of a single place."""
    return 4.0 + 1.6 * (z - POINT_ZOOM)


def blank() -> Codes:
    """Return an empty canvas for `stamp`, with room for what reaches in from the next tiles."""
    return np.zeros((TILE + 2 * MARGIN, TILE + 2 * MARGIN), np.uint8)


def inner(canvas: Codes) -> Codes:
    """Return the tile itself of a canvas."""
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]


def stamp(canvas: Codes, px: Pixels, py: Pixels, code: Codes | np.uint8, offsets: Pixels) -> None:
    """Write `code` (one, or one for each) at every position and its `offsets` (n, 2); later rows lie on top."""
    for right, down in offsets.tolist():
        x, y = px + MARGIN + right, py + MARGIN + down
        inside = (x >= 0) & (x < canvas.shape[1]) & (y >= 0) & (y < canvas.shape[0])
        canvas[y[inside], x[inside]] = code if np.ndim(code) == 0 else np.asarray(code)[inside]


def around(reach: float) -> Pixels:
    """Return the pixels (n, 2) of a square that reaches so far to every side."""
    side = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def disc(radius: float) -> Pixels:
    """Return the pixels (n, 2) of a disc around its centre."""
    square = around(radius)
    return square[(square**2).sum(axis=1) <= radius * radius]


def pyramid(
    key: Keys, code: Codes, weight: Numbers, *, u: Numbers, v: Numbers, merge: Merge[Level]
) -> dict[int, Level]:
    """Add up premises per cell and class, from POINT_ZOOM - 1 down to MIN_ZOOM; `merge` makes a zoom of the sums.

    `key` is at DEPTH. The sums are the premises, and the premises times each position.
    """
    key = key >> np.uint64(2 * (DEPTH - (POINT_ZOOM - 1 + CELL_LEVELS)))
    sums: tuple[Numbers, ...] = (weight, weight * u, weight * v)
    cells: dict[int, Level] = {}
    for zoom in range(POINT_ZOOM - 1, MIN_ZOOM - 1, -1):
        key, code, sums = add_up(key, code, sums)
        cells[zoom] = merge(key, code, sums)
        key = key >> np.uint64(2)
    return cells


def add_up(
    key: NDArray[np.uint64], code: Codes, sums: Sequence[Numbers]
) -> tuple[NDArray[np.uint64], Codes, tuple[Numbers, ...]]:
    """Add up what has the same cell and code; the result is in the order of cell and code."""
    both, group = np.unique((key << np.uint64(8)) | code.astype(np.uint64), return_inverse=True)
    added = tuple(np.bincount(group, values, minlength=len(both)) for values in sums)
    return both >> np.uint64(8), (both & np.uint64(255)).astype(np.uint8), added
