"""Draw places short of service as PNG tiles whose size is bounded whatever the number of places.

Below POINT_ZOOM the places of a cell of 16 × 16 screen pixels are one disc: its area grows with the premises that
are short, its colour is the class with most of them, its centre their mean position. From POINT_ZOOM on every
place is drawn. Both follow the zoom alone, so neighbouring tiles always agree.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.policy import Policy
from coverage.schemas import KINDS, SERVED
from maps.style import MOBILE_ONLY, rgba, tier_colours

LAYERS: Final = ("all", *KINDS)
MIN_ZOOM: Final = 4
MAX_ZOOM: Final = 17
POINT_ZOOM: Final = 12
TILE: Final = 512  # drawn at twice the 256 pixels that the browser shows: sharp on every screen
CELL_LEVELS: Final = 4  # 2**4 cells along the side of a tile
DEPTH: Final = 24  # levels of the index: 2 m at the equator
MARGIN: Final = 24  # pixels that a disc may reach into the next tile
MIN_SHORT: Final = 0.02  # premises; less of a row than this is not drawn as short
CLEAR, WHITE, RING = 0, 254, 253

Codes = NDArray[np.uint8]
Numbers = NDArray[np.float64]


def classes(policy: Policy) -> tuple[str, ...]:
    """Return the classes of places from least to most severe, in the order in which they are drawn."""
    tiers = [tier.id for tier in reversed(policy.tiers)]
    eligible = set(policy.eligible_tiers)
    return (SERVED, *(t for t in tiers if t not in eligible), MOBILE_ONLY, *(t for t in tiers if t in eligible))


def class_codes(places: gpd.GeoDataFrame, policy: Policy) -> Codes:
    """Return for every place its position in `classes(policy)`, from 1."""
    order = {name: number for number, name in enumerate(classes(policy), start=1)}
    codes = places["tier"].map(order).to_numpy(dtype=np.uint8)
    gap = places["gap_kind"].to_numpy()
    short = short_weight(places) >= MIN_SHORT
    mildest = order[policy.eligible_tiers[-1]]
    codes = np.where((gap == "mobile") & (codes < mildest), order[MOBILE_ONLY], codes)
    # A row of which only a part is short (known from a municipality's share) is at least in the mildest class.
    return np.where(short & (gap != "mobile"), np.maximum(codes, mildest), codes).astype(np.uint8)


def short_weight(places: gpd.GeoDataFrame) -> Numbers:
    """Return the premises of every row that are short of fixed or mobile service."""
    fixed, mobile = places["short_fixed"].to_numpy(float), places["short_mobile"].to_numpy(float)
    weight: Numbers = places["weight"].to_numpy(float) * (1 - (1 - fixed) * (1 - mobile))
    return weight


def mercator(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Return web Mercator positions as shares 0..1 of the world from the upper left corner."""
    sine = np.clip(np.sin(np.radians(lat)), -0.9999, 0.9999)
    u = lon / 360 + 0.5
    v = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    return np.clip(u, 0, 1 - 1e-9), np.clip(v, 0, 1 - 1e-9)


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


def positions(places: gpd.GeoDataFrame) -> tuple[Numbers, Numbers, NDArray[np.uint64]]:
    """Return the web Mercator position of every place and its cell in the index."""
    located = to_crs(places, GEOGRAPHIC_CRS, where="places").geometry
    u, v = mercator(located.x.to_numpy(), located.y.to_numpy())
    size = float(1 << DEPTH)
    return u, v, quadkey((u * size).astype(np.uint64), (v * size).astype(np.uint64))


@dataclass(frozen=True)
class Marks:
    """Hold what is drawn at one level, in the order of `key`."""

    key: NDArray[np.uint64]
    u: Numbers
    v: Numbers
    code: Codes
    weight: Numbers

    def rows_near(self, z: int, x: int, y: int, *, level: int) -> tuple[NDArray[np.intp], Numbers, Numbers]:
        """Return the rows of the marks in or close to a tile, with their pixel positions in it."""
        runs = tile_runs(z, x, y, level=level)
        ends = np.searchsorted(self.key, np.array(runs, np.uint64))
        rows = np.concatenate([np.arange(first, last) for first, last in ends])
        px = (self.u[rows] * (1 << z) - x) * TILE
        py = (self.v[rows] * (1 << z) - y) * TILE
        keep = (px > -MARGIN) & (px < TILE + MARGIN) & (py > -MARGIN) & (py < TILE + MARGIN)
        return rows[keep], px[keep], py[keep]

    def near(self, z: int, x: int, y: int, *, level: int) -> tuple[Marks, Numbers, Numbers]:
        """Return the marks in or close to a tile, with their pixel positions in it."""
        rows, px, py = self.rows_near(z, x, y, level=level)
        return Marks(self.key[rows], self.u[rows], self.v[rows], self.code[rows], self.weight[rows]), px, py


@dataclass(frozen=True)
class PlaceTiles:
    """Draw tiles of one set of places."""

    colours: tuple[str, ...]  # by class code - 1
    points: Marks
    ring: NDArray[np.bool_]
    first_short: int  # the lowest code that counts as short
    cells: Mapping[int, Marks] = field(default_factory=dict)  # by zoom

    @classmethod
    def build(cls, places: gpd.GeoDataFrame, policy: Policy, *, layer: str = "all") -> PlaceTiles:
        """Sort the places into the index and add them up for every zoom below POINT_ZOOM."""
        chosen = places if layer == "all" else places[places["kind"] == layer]
        u, v, key = positions(chosen)
        order = np.argsort(key, kind="stable")
        points = Marks(key[order], u[order], v[order], class_codes(chosen, policy)[order], short_weight(chosen)[order])
        names = classes(policy)
        by_class = tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
        return cls(
            colours=tuple(by_class[name] for name in names),
            points=points,
            ring=(chosen["gap_kind"] == "both").to_numpy()[order],
            first_short=names.index(MOBILE_ONLY) + 1,
            cells=_pyramid(points),
        )

    def png(self, z: int, x: int, y: int) -> bytes | None:
        """Return the tile, or None where it is empty or outside the zooms and the world."""
        if not (MIN_ZOOM <= z <= MAX_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        if z < POINT_ZOOM:
            marks, px, py = self.cells[z].near(z, x, y, level=z + CELL_LEVELS)
            return encode(_discs(marks, px, py), self.colours) if len(px) else None
        return self._draw_points(z, x, y)

    def _draw_points(self, z: int, x: int, y: int) -> bytes | None:
        runs = np.searchsorted(self.points.key, np.array(tile_runs(z, x, y, level=DEPTH), np.uint64))
        rows = np.concatenate([np.arange(first, last) for first, last in runs])
        px = np.floor((self.points.u[rows] * (1 << z) - x) * TILE).astype(np.int64)
        py = np.floor((self.points.v[rows] * (1 << z) - y) * TILE).astype(np.int64)
        keep = (px > -MARGIN) & (px < TILE + MARGIN) & (py > -MARGIN) & (py < TILE + MARGIN)
        rows, px, py = rows[keep], px[keep], py[keep]
        if not len(rows):
            return None
        code, ring = self.points.code[rows], self.ring[rows]
        radius = 4.0 + 1.6 * (z - POINT_ZOOM)
        canvas = np.zeros((TILE + 2 * MARGIN, TILE + 2 * MARGIN), np.uint8)
        for number in range(1, len(self.colours) + 1):
            here = code == number
            if not here.any():
                continue
            short = number >= self.first_short
            if short:
                edge = np.where(ring[here], RING, WHITE).astype(np.uint8)
                _stamp(canvas, px[here], py[here], edge, min(radius + 2, 15))
            _stamp(canvas, px[here], py[here], np.uint8(number), min(radius if short else 0.5 * radius, 13))
        return encode(Image.fromarray(canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]), self.colours)


def encode(image: Image.Image, colours: Sequence[str]) -> bytes:
    """Return an image of codes as PNG: code n has the colour n - 1, besides CLEAR, WHITE and RING."""
    used = np.asarray(image)
    image = Image.fromarray(used, mode="P") if image.mode != "P" else image
    palette = np.zeros((256, 4), np.uint8)
    for number, colour in enumerate(colours, start=1):
        palette[number] = rgba(colour)
        palette[number, 3] = 235
    palette[WHITE], palette[RING] = (255, 255, 255, 210), rgba(tier_colours([])[MOBILE_ONLY])
    image.putpalette(palette[:, :3].tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", transparency=palette[:, 3].tobytes(), optimize=False, compress_level=6)
    return out.getvalue()


def disc_radius(weight: Numbers) -> Numbers:
    """Return the radius in pixels of the disc for so many premises."""
    return np.asarray(np.minimum(2 * (1.5 + 0.6 * np.log2(1 + weight)), 15.0))


def _discs(marks: Marks, px: Numbers, py: Numbers) -> Image.Image:
    """Draw one disc for every cell, large ones first."""
    image = Image.new("P", (TILE, TILE), CLEAR)
    draw = ImageDraw.Draw(image)
    radius = disc_radius(marks.weight)
    for at in np.lexsort((marks.key, -radius)):
        x, y, r = px[at], py[at], radius[at]
        draw.ellipse((x - r - 1.5, y - r - 1.5, x + r + 1.5, y + r + 1.5), fill=WHITE)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(marks.code[at]))
    return image


def _stamp(canvas: Codes, px: NDArray[np.int64], py: NDArray[np.int64], code: Codes | np.uint8, radius: float) -> None:
    """Write a disc of `code` around every position; later rows lie on top."""
    reach = int(np.ceil(radius))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= radius * radius:
                x, y = px + MARGIN + dx, py + MARGIN + dy
                inside = (x >= 0) & (x < canvas.shape[1]) & (y >= 0) & (y < canvas.shape[0])
                value = code if np.ndim(code) == 0 else np.asarray(code)[inside]
                canvas[y[inside], x[inside]] = value


def _pyramid(points: Marks) -> dict[int, Marks]:
    """Add up the short premises per cell and class, from POINT_ZOOM - 1 down to MIN_ZOOM."""
    short = points.weight >= MIN_SHORT
    level = POINT_ZOOM - 1 + CELL_LEVELS
    key = points.key[short] >> np.uint64(2 * (DEPTH - level))
    code, weight = points.code[short], points.weight[short]
    sums = (weight, weight * points.u[short], weight * points.v[short])
    cells: dict[int, Marks] = {}
    for zoom in range(POINT_ZOOM - 1, MIN_ZOOM - 1, -1):
        key, code, sums = add_up(key, code, sums)
        cells[zoom] = _strongest(key, code, sums)
        key = key >> np.uint64(2)
    return cells


def add_up(
    key: NDArray[np.uint64], code: Codes, sums: Sequence[Numbers]
) -> tuple[NDArray[np.uint64], Codes, tuple[Numbers, ...]]:
    """Add up what has the same cell and code; the result is in the order of cell and code."""
    both, group = np.unique((key << np.uint64(8)) | code.astype(np.uint64), return_inverse=True)
    added = tuple(np.bincount(group, values, minlength=len(both)) for values in sums)
    return both >> np.uint64(8), (both & np.uint64(255)).astype(np.uint8), added


def _strongest(key: NDArray[np.uint64], code: Codes, sums: Sequence[Numbers]) -> Marks:
    """Merge the classes of a cell: the total, the mean position, and the class with most premises (ties: the worst)."""
    cell, group = np.unique(key, return_inverse=True)
    total, u, v = (np.bincount(group, values, minlength=len(cell)) for values in sums)
    order = np.lexsort((code, sums[0], group))  # the last row of every group wins
    last = np.r_[group[order][1:] != group[order][:-1], True] if len(order) else np.zeros(0, bool)
    return Marks(cell, u / total, v / total, code[order][last], total)
