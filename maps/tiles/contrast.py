"""Draw the places that two policies support as PNG tiles, by who supports them, bounded whatever their number.

Below POINT_ZOOM the places of a cell of 16 × 16 screen pixels are one disc, cut into slices as the premises divide
into eligible under both, under the first alone and under the second alone. From POINT_ZOOM on every place is drawn,
in a shape for each outcome, so that nothing rests on colour alone. Places eligible under neither are not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from coverage.contrast import OUTCOMES
from maps.style import CONTRAST_COLOURS
from maps.tiles.places import (
    CELL_LEVELS,
    CLEAR,
    DEPTH,
    MARGIN,
    MAX_ZOOM,
    MIN_SHORT,
    MIN_ZOOM,
    POINT_ZOOM,
    TILE,
    WHITE,
    Codes,
    Marks,
    Numbers,
    add_up,
    disc_radius,
    encode,
    positions,
)

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
    def build(cls, places: gpd.GeoDataFrame, *, layer: str = "all") -> ContrastTiles:
        """Sort the places of a contrast into the index and add them up for every zoom below POINT_ZOOM."""
        chosen = places if layer == "all" else places[places["kind"] == layer]
        weights = outcome_weights(chosen)
        seen = weights.sum(axis=1) >= MIN_SHORT
        chosen, weights = chosen[seen], weights[seen]
        u, v, key = positions(chosen)
        order = np.argsort(key, kind="stable")
        u, v, key, weights = u[order], v[order], key[order], weights[order]
        code = weights.argmax(axis=1).astype(np.uint8) + np.uint8(1) if len(weights) else np.zeros(0, np.uint8)
        return cls(Marks(key, u, v, code, weights.sum(axis=1)), _pyramid(key, u, v, weights))

    def png(self, z: int, x: int, y: int) -> bytes | None:
        """Return the tile, or None where it is empty or outside the zooms and the world."""
        if not (MIN_ZOOM <= z <= MAX_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
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
        radius = 4.0 + 1.6 * (z - POINT_ZOOM)
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


def _shape(outcome: str, dx: NDArray[np.int64], dy: NDArray[np.int64], radius: float) -> NDArray[np.bool_]:
    """Tell which pixels belong to the sign of an outcome: a disc, a square, or a triangle that stands."""
    if outcome == "only_a":
        return np.maximum(abs(dx), abs(dy)) <= 0.88 * radius
    if outcome == "only_b":
        height = dy + 1.1 * radius
        return (height >= 0) & (dy <= 0.9 * radius) & (abs(dx) <= 0.6 * height)
    return dx * dx + dy * dy <= radius * radius


def _signs(code: Codes, px: NDArray[np.int64], py: NDArray[np.int64], radius: float) -> Codes:
    """Stamp a sign with a white edge at every position; what changes lies on what does not."""
    canvas = np.zeros((TILE + 2 * MARGIN, TILE + 2 * MARGIN), np.uint8)
    for number, outcome in enumerate(DRAWN, start=1):
        here = code == number
        for fill, reach in ((WHITE, min(radius + 2, 15.0)), (number, min(radius, 13.0))):
            _stamp(canvas, px[here], py[here], fill, outcome, reach)
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]


def _stamp(canvas: Codes, px: NDArray[np.int64], py: NDArray[np.int64], fill: int, outcome: str, radius: float) -> None:
    reach = int(np.ceil(1.2 * radius))
    across = np.arange(-reach, reach + 1)
    dx, dy = (part.ravel() for part in np.meshgrid(across, across))
    inside = _shape(outcome, dx, dy, radius)
    for right, down in zip(dx[inside].tolist(), dy[inside].tolist(), strict=True):
        x, y = px + MARGIN + right, py + MARGIN + down
        keep = (x >= 0) & (x < canvas.shape[1]) & (y >= 0) & (y < canvas.shape[0])
        canvas[y[keep], x[keep]] = fill


def _pyramid(key: NDArray[np.uint64], u: Numbers, v: Numbers, weights: Numbers) -> dict[int, Cells]:
    """Add up the premises per cell and outcome, from POINT_ZOOM - 1 down to MIN_ZOOM."""
    level = POINT_ZOOM - 1 + CELL_LEVELS
    rows, columns = np.nonzero(weights > 0)
    weight = weights[rows, columns]
    cell, code = key[rows] >> np.uint64(2 * (DEPTH - level)), (columns + 1).astype(np.uint8)
    sums: tuple[Numbers, ...] = (weight, weight * u[rows], weight * v[rows])
    cells: dict[int, Cells] = {}
    for zoom in range(POINT_ZOOM - 1, MIN_ZOOM - 1, -1):
        cell, code, sums = add_up(cell, code, sums)
        cells[zoom] = _merged(cell, code, sums)
        cell = cell >> np.uint64(2)
    return cells


def _merged(cell: NDArray[np.uint64], code: Codes, sums: tuple[Numbers, ...]) -> Cells:
    """Make one disc of the outcomes of a cell: the total, the mean position and the shares."""
    found, group = np.unique(cell, return_inverse=True)
    total, u, v = (np.asarray(np.bincount(group, values, minlength=len(found)), float) for values in sums)
    shares = np.zeros((len(found), len(DRAWN)))
    shares[group, code.astype(np.intp) - 1] = sums[0]
    shares /= total[:, None]
    strongest = (shares.argmax(axis=1) + 1).astype(np.uint8) if len(found) else np.zeros(0, np.uint8)
    return Cells(Marks(found, u / total, v / total, strongest, total), shares)
