"""Draw places as PNG tiles by a theme: what they are short of, or another way to look at them.

Below POINT_ZOOM a disc has the colour of the class with most premises. The size of a tile is bounded whatever the
number of places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from coverage.policy import Policy
from maps.themes import GAP, MIN_SHORT, Theme
from maps.tiles.pyramid import (
    CELL_LEVELS,
    CLEAR,
    DEPTH,
    POINT_ZOOM,
    RING,
    TILE,
    WHITE,
    Codes,
    Keys,
    Located,
    Marks,
    Numbers,
    blank,
    disc,
    disc_radius,
    encode,
    exists,
    inner,
    point_radius,
    pyramid,
    stamp,
)


@dataclass(frozen=True)
class PlaceTiles:
    """Draw tiles of one set of places."""

    colours: tuple[str, ...]  # by class code - 1
    minor: tuple[bool, ...]  # likewise: drawn close up alone, small and without an edge
    points: Marks
    row: NDArray[np.intp]  # of the places, by mark
    ring: NDArray[np.bool_]
    cells: Mapping[int, Marks] = field(default_factory=dict)  # by zoom

    @classmethod
    def build(
        cls,
        places: gpd.GeoDataFrame,
        policy: Policy,
        *,
        theme: Theme = GAP,
        rows: NDArray[np.bool_] | None = None,
        located: Located | None = None,
    ) -> PlaceTiles:
        """Paint the places and add them up for every zoom below POINT_ZOOM.

        `rows` tells which of them are drawn, all if None; `located` is where they are, if that is known already.
        """
        painted, at = theme.paint(places, policy), located or Located.of(places)
        drawn = painted.code > 0 if rows is None else (painted.code > 0) & rows
        order = at.order[drawn[at.order]]
        points = Marks(at.key[order], at.u[order], at.v[order], painted.code[order], painted.weight[order])
        counts = points.weight >= MIN_SHORT
        kinds = theme.classes(policy)
        return cls(
            colours=tuple(kind.colour for kind in kinds),
            minor=tuple(kind.minor for kind in kinds),
            points=points,
            row=order,
            ring=painted.ring[order],
            cells=pyramid(
                points.key[counts],
                points.code[counts],
                points.weight[counts],
                u=points.u[counts],
                v=points.v[counts],
                merge=_strongest,
            ),
        )

    def png(self, z: int, x: int, y: int) -> bytes | None:
        """Return the tile, or None where it is empty or outside the zooms and the world."""
        if not exists(z, x, y):
            return None
        if z < POINT_ZOOM:
            marks, px, py = self.cells[z].near(z, x, y, level=z + CELL_LEVELS)
            return encode(_discs(marks, px, py), self.colours) if len(px) else None
        rows, px, py = self.points.rows_near(z, x, y, level=DEPTH)
        if not len(rows):
            return None
        return encode(Image.fromarray(self._points(rows, px, py, point_radius(z))), self.colours)

    def _points(self, rows: NDArray[np.intp], px: Numbers, py: Numbers, radius: float) -> Codes:
        """Draw every place, class by class; what counts has an edge, and a ring where it is told."""
        left, top = np.floor(px).astype(np.int64), np.floor(py).astype(np.int64)
        code, canvas = self.points.code[rows], blank()
        edge = np.where(self.ring[rows], RING, WHITE).astype(np.uint8)
        for number, minor in enumerate(self.minor, start=1):
            here = code == number
            if not here.any():
                continue
            if not minor:
                stamp(canvas, left[here], top[here], edge[here], disc(min(radius + 2, 15.0)))
            size = disc(min(0.5 * radius if minor else radius, 13.0))
            stamp(canvas, left[here], top[here], np.uint8(number), size)
        return inner(canvas)


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


def _strongest(key: Keys, code: Codes, sums: Sequence[Numbers]) -> Marks:
    """Merge the classes of a cell: the total, the mean position, and the class with most premises (ties: the worst)."""
    cell, group = np.unique(key, return_inverse=True)
    total, u, v = (np.bincount(group, values, minlength=len(cell)) for values in sums)
    order = np.lexsort((code, sums[0], group))  # the last row of every group wins
    last = np.r_[group[order][1:] != group[order][:-1], True] if len(order) else np.zeros(0, bool)
    return Marks(cell, u / total, v / total, code[order][last], total)
