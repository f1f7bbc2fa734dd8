"""Draw the places that two policies support as PNG tiles, by who supports them, bounded whatever their number.

Below POINT_ZOOM the places of a cell of 16 × 16 screen pixels are one disc, cut into slices as the premises divide
into eligible under both, under the first alone and under the second alone. From POINT_ZOOM on every place is drawn,
in a shape for each outcome, so that nothing rests on colour alone. Places eligible under neither are not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from coverage.contrast import OUTCOMES
from maps.style import CONTRAST_COLOURS
from maps.themes import MIN_SHORT
from maps.tiles.pyramid import (
    CELL_LEVELS,
    CLEAR,
    DEPTH,
    POINT_ZOOM,
    TILE,
    WHITE,
    Codes,
    Keys,
    Located,
    Marks,
    Numbers,
    Pixels,
    around,
    blank,
    disc_radius,
    encode,
    exists,
    inner,
    point_radius,
    pyramid,
    stamp,
)

CONTRAST: Final = "contrast"  # in addresses, where others name a theme
DRAWN: Final = OUTCOMES[:-1]  # code n of a mark stands for DRAWN[n - 1]
COLOURS: Final = tuple(CONTRAST_COLOURS[outcome] for outcome in DRAWN)
WHOLE: Final = 0.995  # of a disc: what is this much is drawn as all of it


def outcome_weights(places: gpd.GeoDataFrame) -> Numbers:
    """Return the premises of every row (of Contrast.places) by outcome of DRAWN, one column each."""
    a, b = places["eligible_a"].to_numpy(float), places["eligible_b"].to_numpy(float)
    both = np.minimum(a, b)
    weights: Numbers = np.column_stack([both, a - both, b - both]) * places["weight"].to_numpy(float)[:, None]
    return weights


@dataclass(frozen=True)
class Cells:
    """Hold the discs of one zoom: where they are, their premises, and the share of each outcome."""

    marks: Marks
    shares: Numbers  # rows of marks × DRAWN; each row sums to 1


@dataclass(frozen=True)
class ContrastTiles:
    """Draw tiles of one set of compared places."""

    points: Marks
    cells: Mapping[int, Cells]  # by zoom

    @classmethod
    def build(
        cls, places: gpd.GeoDataFrame, *, rows: NDArray[np.bool_] | None = None, located: Located | None = None
    ) -> ContrastTiles:
        """Add the places of a contrast up for every zoom below POINT_ZOOM.

        `rows` tells which of them are drawn, all if None; `located` is where they are, if that is known already.
        """
        weights, at = outcome_weights(places), located or Located.of(places)
        seen = weights.sum(axis=1) >= MIN_SHORT
        drawn = seen if rows is None else seen & rows
        order = at.order[drawn[at.order]]
        u, v, key, weights = at.u[order], at.v[order], at.key[order], weights[order]
        code = weights.argmax(axis=1).astype(np.uint8) + np.uint8(1) if len(weights) else np.zeros(0, np.uint8)
        row, column = np.nonzero(weights > 0)
        cells = pyramid(
            key[row],
            (column + 1).astype(np.uint8),
            weights[row, column],
            u=u[row],
            v=v[row],
            merge=_merged,
        )
        return cls(Marks(key, u, v, code, weights.sum(axis=1)), cells)

    def png(self, z: int, x: int, y: int) -> bytes | None:
        """Return the tile, or None where it is empty or outside the zooms and the world."""
        if not exists(z, x, y):
            return None
        if z < POINT_ZOOM:
            cells = self.cells[z]
            rows, px, py = cells.marks.rows_near(z, x, y, level=z + CELL_LEVELS)
            if not len(rows):
                return None
            return encode(_pies(cells.marks.weight[rows], cells.shares[rows], px, py), COLOURS)
        rows, px, py = self.points.rows_near(z, x, y, level=DEPTH)
        if not len(rows):
            return None
        radius = point_radius(z)
        canvas = _signs(self.points.code[rows], np.floor(px).astype(np.int64), np.floor(py).astype(np.int64), radius)
        return encode(Image.fromarray(canvas), COLOURS)


def _pies(weight: Numbers, shares: Numbers, px: Numbers, py: Numbers) -> Image.Image:
    """Draw one disc for every cell, large ones first, its slices clockwise from the top in the order of DRAWN."""
    image = Image.new("P", (TILE, TILE), CLEAR)
    draw = ImageDraw.Draw(image)
    radius = disc_radius(weight)
    for at in np.argsort(-radius, kind="stable"):
        x, y, r = px[at], py[at], radius[at]
        box = (x - r, y - r, x + r, y + r)
        draw.ellipse((x - r - 1.5, y - r - 1.5, x + r + 1.5, y + r + 1.5), fill=WHITE)
        largest = int(shares[at].argmax())
        draw.ellipse(box, fill=largest + 1)
        if shares[at, largest] >= WHOLE:
            continue
        ends = -90.0 + 360.0 * np.r_[0.0, np.cumsum(shares[at])]
        for number in range(len(DRAWN)):
            if number != largest and ends[number + 1] - ends[number] > 0:
                draw.pieslice(box, float(ends[number]), float(ends[number + 1]), fill=number + 1)
    return image


def _shape(outcome: str, radius: float) -> Pixels:
    """Return the pixels of the sign of an outcome: a disc, a square, or a triangle that stands."""
    square = around(1.2 * radius)
    dx, dy = square.T
    if outcome == "only_a":
        return square[np.maximum(abs(dx), abs(dy)) <= 0.88 * radius]
    if outcome == "only_b":
        height = dy + 1.1 * radius
        return square[(height >= 0) & (dy <= 0.9 * radius) & (abs(dx) <= 0.6 * height)]
    return square[dx * dx + dy * dy <= radius * radius]


def _signs(code: Codes, px: Pixels, py: Pixels, radius: float) -> Codes:
    """Stamp a sign with a white edge at every position; what changes lies on what does not."""
    canvas = blank()
    for number, outcome in enumerate(DRAWN, start=1):
        here = code == number
        for fill, reach in ((WHITE, min(radius + 2, 15.0)), (number, min(radius, 13.0))):
            stamp(canvas, px[here], py[here], np.uint8(fill), _shape(outcome, reach))
    return inner(canvas)


def _merged(cell: Keys, code: Codes, sums: Sequence[Numbers]) -> Cells:
    """Make one disc of the outcomes of a cell: the total, the mean position and the shares."""
    found, group = np.unique(cell, return_inverse=True)
    total, u, v = (np.asarray(np.bincount(group, values, minlength=len(found)), float) for values in sums)
    shares = np.zeros((len(found), len(DRAWN)))
    shares[group, code.astype(np.intp) - 1] = sums[0]
    shares /= total[:, None]
    strongest = (shares.argmax(axis=1) + 1).astype(np.uint8) if len(found) else np.zeros(0, np.uint8)
    return Cells(Marks(found, u / total, v / total, strongest, total), shares)
