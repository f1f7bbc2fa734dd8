"""Line of sight between two points above the ground: over the bulge of the Earth, with room for the Fresnel zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from coverage.errors import DataError
from coverage.heights import Elevation, heights_at, open_elevation
from coverage.inputs import TerrainLayer
from coverage.radio import LIGHT_M_PER_S, Band, Radio

EARTH_M: Final = 6_371_000.0
STEP_M: Final = 50.0  # between two heights along a line, at least; else half a cell
STRIDE: Final = 8  # lines are cut into a multiple of so many pieces, and looked at in so many places first
MAX_SAMPLES: Final = 1_000_000  # heights held at a time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sight:
    """Say of each pair whether its two ends see each other, and whether the terrain is known well enough to say so.

    `clear`: every height on the way is known and none is too high. `known`: clear, or a known height is in the way.
    """

    clear: Bools
    known: Bools


def in_sight(
    a_xy: Floats,
    a_up_m: npt.ArrayLike,
    b_xy: Floats,
    b_up_m: npt.ArrayLike,
    *,
    terrain: Sequence[TerrainLayer],
    crs: Any,
    radio: Radio,
    band: Band = "mobile",
) -> Sight:
    """Say of n pairs of points (n, 2) in `crs`, each so many metres above the ground, which see each other.

    The ground is read every half cell of the finest model, or 50 m where that is less, and raised by the bulge of the
    Earth between the ends (radius 6,371 km times `earth_radius_factor`); the line must clear it by the band's share of
    the first Fresnel zone (`mobile_fresnel_share`, `fwa_fresnel_share`). Trees and buildings count only if the
    elevation model holds them. The answer is the same with the ends swapped. Raises DataError where a raster cannot
    be read, or where the arrays differ in length.
    """
    count = len(a_xy)
    if len(b_xy) != count:
        raise DataError(f"line of sight: {count:,} points on one end and {len(b_xy):,} on the other; expected pairs")
    a_up, b_up = (np.broadcast_to(np.asarray(up, float), count) for up in (a_up_m, b_up_m))
    # One order of the two ends, so that swapping them changes no digit.
    swap = (a_xy[:, 0] > b_xy[:, 0]) | ((a_xy[:, 0] == b_xy[:, 0]) & (a_xy[:, 1] > b_xy[:, 1]))
    first, second = np.where(swap[:, None], b_xy, a_xy), np.where(swap[:, None], a_xy, b_xy)
    first_z = heights_at(first, terrain, crs)[0] + np.where(swap, b_up, a_up)
    second_z = heights_at(second, terrain, crs)[0] + np.where(swap, a_up, b_up)
    ends = ~(np.isnan(first_z) | np.isnan(second_z))
    clear = np.zeros(count, dtype=bool)
    known = np.zeros(count, dtype=bool)
    asked = np.flatnonzero(ends)
    models = [open_elevation(layer) for layer in terrain]
    lines = _Lines(first, second, first_z, second_z)
    share = radio[f"{band}_fresnel_share"].value
    wave_m = LIGHT_M_PER_S / (radio[f"{band}_mhz"].value * 1e6)
    earth_m = EARTH_M * radio["earth_radius_factor"].value
    for rows, pieces in _groups(lines, asked, models):
        clear[rows], known[rows] = _look(
            lines, rows, pieces, models, crs, earth_m=earth_m, fresnel=share * np.sqrt(wave_m)
        )
    return Sight(clear, known)


@dataclass(frozen=True, eq=False)
class _Lines:
    first: Floats
    second: Floats
    first_z: Floats
    second_z: Floats

    @property
    def length(self) -> Floats:
        return np.asarray(np.hypot(*(self.second - self.first).T))


def _groups(lines: _Lines, asked: Ints, models: Sequence[Elevation]) -> Iterator[tuple[Ints, int]]:
    """Yield lines of the same number of pieces, so many at a time as fit."""
    if not len(asked):
        return
    step = max(STEP_M, min(model.cell_m for model in models) / 2)
    pieces = STRIDE * np.maximum(1, np.ceil(lines.length[asked] / (step * STRIDE))).astype(np.int64)
    order = np.argsort(pieces, kind="stable")
    for number in np.unique(pieces):
        low, high = np.searchsorted(pieces[order], [number, number + 1])
        size = max(1, MAX_SAMPLES // int(number))
        for begin in range(int(low), int(high), size):
            yield asked[order[begin : min(begin + size, int(high))]], int(number)


def _look(
    lines: _Lines,
    rows: Ints,
    pieces: int,
    models: Sequence[Elevation],
    crs: Any,
    *,
    earth_m: float,
    fresnel: float,
) -> tuple[Bools, Bools]:
    t = np.arange(1, pieces) / pieces
    xy = lines.first[rows, None, :] + (lines.second - lines.first)[rows, None, :] * t[:, None]
    ground = heights_at(xy.reshape(-1, 2), [model.layer for model in models], crs)[0].reshape(len(rows), -1)
    length = lines.length[rows, None]
    either = length * length * t * (1 - t)
    line = lines.first_z[rows, None] * (1 - t) + lines.second_z[rows, None] * t
    need = ground + either / (2 * earth_m) + fresnel * np.sqrt(length * t * (1 - t))
    blocked, seen = (line < need).any(axis=1), (line >= need).all(axis=1)
    return np.asarray(seen), np.asarray(seen | blocked)
