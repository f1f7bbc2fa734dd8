"""Line of sight between two points above the ground: over the bulge of the Earth, with room for the Fresnel zone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj

from coverage.errors import DataError
from coverage.heights import MAX_CELLS, Block, Elevation, between, heights_at, open_elevation
from coverage.inputs import TerrainLayer
from coverage.radio import LIGHT_M_PER_S, Band, Radio

EARTH_M: Final = 6_371_000.0
STEP_M: Final = 50.0  # between two heights along a line, at least; else half a cell
STRIDE: Final = 8  # lines are cut into a multiple of so many pieces, and looked at in so many places first
MAX_SAMPLES: Final = 131_072  # heights worked on at a time: few enough for the cache of the processor
REGION_CELLS: Final = 2048  # side of the region whose lines are looked at together, in cells of the finest model

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
    a_z, b_z = heights_at(a_xy, terrain, crs)[0] + a_up, heights_at(b_xy, terrain, crs)[0] + b_up
    lines = _Lines(
        np.where(swap[:, None], b_xy, a_xy),
        np.where(swap[:, None], a_xy, b_xy),
        np.where(swap, b_z, a_z),
        np.where(swap, a_z, b_z),
    )
    clear, known = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    rows = np.flatnonzero(~np.isnan(a_z) & ~np.isnan(b_z))
    if len(rows):
        wave_m = LIGHT_M_PER_S / (radio[f"{band}_mhz"].value * 1e6)
        room = _Room(
            bulge=0.5 / (EARTH_M * radio["earth_radius_factor"].value),
            fresnel=radio[f"{band}_fresnel_share"].value * math.sqrt(wave_m),
        )
        clear[rows], known[rows] = _look(lines.take(rows), room, [open_elevation(layer) for layer in terrain], crs)
    return Sight(clear, known)


@dataclass(frozen=True, eq=False)
class _Lines:
    first: Floats
    second: Floats
    first_z: Floats
    second_z: Floats

    def take(self, rows: Ints) -> _Lines:
        return _Lines(self.first[rows], self.second[rows], self.first_z[rows], self.second_z[rows])


@dataclass(frozen=True)
class _Room:
    """Say what a line of length d must clear the ground by at the share t of it.

    bulge x d² t (1 - t) + fresnel x √(d t (1 - t)).
    """

    bulge: float
    fresnel: float

    def over(self, ground: Floats, t: Floats, length: Floats) -> Floats:
        need = ground + (self.bulge * length * length)[:, None] * (t * (1 - t))
        if self.fresnel:
            need += (self.fresnel * np.sqrt(length))[:, None] * np.sqrt(t * (1 - t))
        return np.asarray(need)


class _Track:
    """Follow lines over one model: the column and row at a share t of each line, and the heights there.

    A straight line is none in another system; the parabola through its ends and its middle is within millimetres.
    """

    def __init__(self, model: Elevation, lines: _Lines, crs: Any) -> None:
        self.model = model
        ends = [model.place(xy, crs) for xy in (lines.first, lines.second)]
        self.straight = model.crs == pyproj.CRS.from_user_input(crs)
        middle = None if self.straight else model.place((lines.first + lines.second) / 2, crs)
        self.start = ends[0]
        self.slope, self.bend = [], []
        with np.errstate(invalid="ignore"):  # infinite where the model's system cannot hold a point
            for axis in (0, 1):
                bend = np.zeros(1) if middle is None else 2 * (ends[0][axis] + ends[1][axis] - 2 * middle[axis])
                self.slope.append(ends[1][axis] - ends[0][axis] - bend)
                self.bend.append(bend)

    def at(self, rows: Ints, t: Floats) -> tuple[Floats, Floats]:
        column, row = (self._along(axis, rows, t) for axis in (0, 1))
        return column, row

    def _along(self, axis: int, rows: Ints, t: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            way = self.slope[axis][rows, None] * t
            if not self.straight:
                way += self.bend[axis][rows, None] * (t * t)
            way += self.start[axis][rows, None]
        return np.asarray(way)

    def window(self, rows: Ints) -> tuple[int, int, int, int] | None:
        """Return the first and last column and row that the lines touch; None where they are beyond the model."""
        column, row = self.at(rows, np.linspace(0, 1, 9))
        good = np.isfinite(column) & np.isfinite(row)
        if not good.any():
            return None
        left, right = int(max(0, column[good].min() - 2)), int(min(self.model.width - 1, column[good].max() + 2))
        top, bottom = int(max(0, row[good].min() - 2)), int(min(self.model.height - 1, row[good].max() + 2))
        return (left, top, right, bottom) if left <= right and top <= bottom else None

    def within(self, rows: Ints) -> bool:
        """Say whether the lines are all so far inside the model that no point of them needs to be looked at."""
        column, row = self.at(rows, np.linspace(0, 1, 9))
        return bool(
            (column >= 1).all()
            and (column <= self.model.width - 2).all()
            and (row >= 1).all()
            and (row <= self.model.height - 2).all()
        )


class _Ground:
    """Hold what the models say of the ground under some lines: of several models the first with a height counts."""

    def __init__(self, tracks: Sequence[_Track], rows: Ints, lines: _Lines, crs: Any) -> None:
        self.tracks, self.lines, self.crs = tracks, lines, crs
        self.blocks: list[tuple[_Track, Block, bool]] = []
        self.fits = True
        for track in tracks:
            window = track.window(rows)
            if window is None:
                continue
            left, top, right, bottom = window
            if (right - left + 1) * (bottom - top + 1) > MAX_CELLS:
                self.fits = False
                break
            block = track.model.read(left, top, right, bottom, dtype=np.float32)
            self.blocks.append((track, block, track.within(rows)))

    def at(self, rows: Ints, t: Floats) -> Floats:
        """Return the heights (lines, shares), NaN where none is known."""
        if not self.fits:
            first, second = self.lines.first[rows, None, :], self.lines.second[rows, None, :]
            xy = (first + (second - first) * t[:, None]).reshape(-1, 2)
            return heights_at(xy, [track.model.layer for track in self.tracks], self.crs)[0].reshape(len(rows), -1)
        out = np.full((len(rows), len(t)), np.nan)
        for number, (track, block, within) in enumerate(self.blocks):
            column, row = track.at(rows, t)
            if number == 0 and within:
                out = between(block, column, row)
            else:
                column, row = track.model.clip(column, row)
                missing = np.isnan(out) & ~np.isnan(column)
                out[missing] = between(block, column[missing], row[missing])
            if not np.isnan(out).any():
                break
        return out


def _look(lines: _Lines, room: _Room, models: Sequence[Elevation], crs: Any) -> tuple[Bools, Bools]:
    """Return which lines are clear, and of which that is known, region by region."""
    length = np.hypot(*(lines.second - lines.first).T)
    cell_m = min(model.cell_m for model in models)
    pieces = STRIDE * np.maximum(1, np.ceil(length / (max(STEP_M, cell_m / 2) * STRIDE))).astype(np.int64)
    tracks = [_Track(model, lines, crs) for model in models]
    region = np.floor((lines.first + lines.second) / (2 * REGION_CELLS * cell_m)).astype(np.int64)
    clear, blocked = np.zeros(len(length), dtype=bool), np.zeros(len(length), dtype=bool)
    order = np.lexsort((pieces, region[:, 1], region[:, 0]))
    change = (np.diff(region[order], axis=0) != 0).any(axis=1)
    for there in np.split(order, np.flatnonzero(change) + 1):
        ground = _Ground(tracks, there, lines, crs)
        edges = np.flatnonzero(np.diff(pieces[there])) + 1
        for alike in np.split(there, edges):
            count = int(pieces[alike[0]])
            t = np.arange(1, count) / count
            early = np.arange(1, count) % (count // STRIDE) == 0
            size = max(1, MAX_SAMPLES // count)
            for begin in range(0, len(alike), size):
                rows = alike[begin : begin + size]
                clear[rows] = True
                for part in (t[early], t[~early]):
                    if not len(rows) or not len(part):
                        break
                    need = room.over(ground.at(rows, part), part, length[rows])
                    line = lines.first_z[rows, None] * (1 - part) + lines.second_z[rows, None] * part
                    hit = (line < need).any(axis=1)
                    clear[rows] &= (line >= need).all(axis=1)
                    blocked[rows[hit]] = True
                    rows = rows[~hit]
    return clear, clear | blocked
