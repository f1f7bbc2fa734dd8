"""What the pointer hits on the tiles: a disc, with how many premises it stands for by class; or single places."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maps.themes import MIN_SHORT
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import (
    CELL_LEVELS,
    DEPTH,
    MIN_ZOOM,
    POINT_ZOOM,
    TILE,
    Marks,
    Numbers,
    disc_radius,
    mercator,
    point_radius,
)

SLACK: Final = 6.0  # pixels of a tile beside a disc that still count as on it
SAME: Final = 0.5  # pixels of a tile: places this close lie at one position
NEAR_LEVELS: Final = 5  # a part of a tile that is searched for single places: 2**5 along its side


@dataclass(frozen=True)
class Disc:
    """Hold what one disc stands for."""

    premises: float
    by_class: Numbers  # premises by class of the theme, in its order


def disc_at(tiles: PlaceTiles, *, lat: float, lon: float, zoom: float) -> Disc | None:
    """Return the disc at a position as it is drawn at a zoom, of several the one on top; None where there is none.

    Between two whole zooms the browser shows the tiles of the upper one from the middle on.
    """
    z = math.floor(zoom + 0.5)
    if not MIN_ZOOM <= z < POINT_ZOOM:
        return None
    cells = tiles.cells[z]
    across, down = (float(part[0]) for part in mercator(np.array([lon]), np.array([lat])))
    size = float(TILE << z)
    away = np.hypot(cells.u - across, cells.v - down) * size
    radius = disc_radius(cells.weight)
    under = np.flatnonzero(away <= radius + SLACK)
    if not len(under):
        return None
    # Small discs lie on large ones; where the click is beside several, the nearest was meant.
    at = min(under, key=lambda row: (max(away[row] - radius[row], 0.0), radius[row]))
    shift = np.uint64(2 * (DEPTH - z - CELL_LEVELS))
    first, last = np.searchsorted(tiles.points.key, np.array([cells.key[at], cells.key[at] + np.uint64(1)]) << shift)
    code, weight = tiles.points.code[first:last], tiles.points.weight[first:last]
    counts = weight >= MIN_SHORT
    by_class = np.bincount(code[counts], weight[counts], minlength=len(tiles.colours) + 1)[1:]
    return Disc(float(cells.weight[at]), by_class)


def places_at(points: Marks, z: int, u: float, v: float) -> NDArray[np.intp]:
    """Return the rows of the marks at the place nearest to a position (shares of the world), the one on top first.

    Close up alone, where single places are drawn; none where the nearest is farther than its disc reaches.
    """
    fine = min(z + NEAR_LEVELS, DEPTH)
    rows = points.rows_around(fine, int(u * (1 << fine)), int(v * (1 << fine)), level=DEPTH)
    away = np.hypot(points.u[rows] - u, points.v[rows] - v) * float(TILE << z)
    if not len(rows) or away.min() > min(point_radius(z) + SLACK, float(TILE >> NEAR_LEVELS)):
        return rows[:0]
    here = np.flatnonzero(away <= away.min() + SAME)
    return rows[here[np.lexsort((rows[here], -points.code[rows[here]].astype(np.int64)))]]
