"""What a trench runs through: metres beside existing ducts or poles, on steep ground, off every road, along a verge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from coverage.inputs import ReuseLayer, TerrainLayer
from coverage.terrain import measure, read_steps

# The parts of a trench, first come first: a metre beside a duct is in the duct, whatever the ground.
SURFACES: Final = ("in_duct_m", "on_poles_m", "steep_dug_m", "field_dug_m", "verge_dug_m")
# A cable hangs between any two single poles that stand no farther apart. An assumption: spans of wooden poles along
# roads are mostly 40 to 60 m.
POLE_SPAN_M: Final = 80.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Hold straight pieces of lines: from `a` to `b`, (n, 2) each, the line of each and whether it is steep."""

    a: Floats
    b: Floats
    line: Ints
    steep: Bools

    @property
    def length_m(self) -> Floats:
        """Return the length of each piece."""
        return np.asarray(np.hypot(*(self.b - self.a).T))


def split_by_surface(
    lines: Shapes,
    length_m: Floats,
    *,
    off_road: Bools,
    terrain: Sequence[TerrainLayer] = (),
    reuse: Sequence[ReuseLayer] = (),
    steep_slope: float,
    crs: Any,
) -> pd.DataFrame:
    """Split the metres of each line by what it runs through: one row per line, columns SURFACES.

    The columns sum to `length_m`. A metre belongs to the first of these that holds:

    - `in_duct_m`: it lies within a duct layer's `within_m` of one of its lines;
    - `on_poles_m`: likewise of a line of poles, or of the straight span between two single poles at most POLE_SPAN_M
      apart;
    - `steep_dug_m`: the ground rises or falls by `steep_slope` or more, read as `terrain.describe` does; where no
      height is known the ground is not steep;
    - `field_dug_m`: the line is `off_road`;
    - `verge_dug_m`: the rest.

    `length_m` may differ from the drawn length (rounding, detours): the parts are scaled to it. A line that runs
    beside a duct counts in full, one that crosses it only with the metres within `within_m`. Each line, `terrain` and
    `reuse` are in `crs`, in metres (a raster may have its own). The order of rows and layers does not matter.
    Raises DataError where a raster cannot be read.
    """
    pieces = _cut(lines, terrain, steep_slope, crs)
    drawn = pieces.length_m
    ducts, poles = (_beside(pieces, [one for one in reuse if one.what == what]) for what in ("ducts", "poles"))
    in_duct = _union_m(*ducts, drawn)
    piece, low, high = (np.concatenate(both) for both in zip(ducts, poles, strict=True))
    reused = np.maximum(_union_m(piece, low, high, drawn), in_duct)
    dug = np.maximum(drawn - reused, 0.0)
    field = off_road[pieces.line] & ~pieces.steep
    parts = (in_duct, reused - in_duct, dug * pieces.steep, dug * field, dug * ~(pieces.steep | field))
    metres = np.column_stack([np.bincount(pieces.line, part, minlength=len(lines)) for part in parts])
    total = metres.sum(axis=1)
    # A line of no drawn length has no piece; what it measures all the same is dug where it lies.
    metres[total == 0] = np.eye(len(SURFACES))[np.where(off_road[total == 0], -2, -1)]
    scale = length_m / np.where(total > 0, total, 1.0)
    return pd.DataFrame(metres * scale[:, None], columns=list(SURFACES))


def _cut(lines: Shapes, terrain: Sequence[TerrainLayer], steep_slope: float, crs: Any) -> Pieces:
    """Cut lines at their bends and where their slope is read."""
    rulers = measure(lines)
    line, at = rulers.line, rulers.along_m
    steps = read_steps(lines, terrain=terrain, crs=crs) if terrain else None
    if steps is not None:
        line = np.concatenate([line, steps.line, steps.line])
        at = np.concatenate([at, steps.start_m, steps.end_m])
    order = np.lexsort((at, line))
    line, at = line[order], at[order]
    xy = rulers.locate(line, at)
    first = np.flatnonzero((line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    steep = np.zeros(len(first), dtype=bool)
    if steps is not None:
        middle = rulers.begin[line[first]] + (at[first] + at[first + 1]) / 2
        steep = steps.steep(steep_slope)[np.searchsorted(rulers.begin[steps.line] + steps.start_m, middle) - 1]
    return Pieces(xy[first], xy[first + 1], line[first], steep)


def _beside(pieces: Pieces, layers: Sequence[ReuseLayer]) -> tuple[Ints, Floats, Floats]:
    """Return where pieces lie beside reuse layers: the piece, and the metres along it from and to, overlaps and all."""
    tree = shapely.STRtree(_lines(pieces.a, pieces.b))
    found: list[tuple[Ints, Floats, Floats]] = []
    for layer in layers:
        c, d = _segments(layer)
        other, piece = tree.query(_lines(c, d), predicate="dwithin", distance=layer.within_m)
        low, high = _within(pieces.a[piece], pieces.b[piece], c[other], d[other], layer.within_m)
        some = high > low
        found.append((piece[some].astype(np.int64), low[some], high[some]))
    none = np.empty(0)
    columns = zip((none.astype(np.int64), none, none), *found, strict=True)
    piece, low, high = (np.concatenate(column) for column in columns)
    return piece, low, high


def _segments(layer: ReuseLayer) -> tuple[Floats, Floats]:
    """Return the straight segments of a layer's lines, and the spans between its single poles."""
    shapes = shapely.get_parts(np.asarray(layer.frame.geometry.array, dtype=object))
    is_point = shapely.get_dimensions(shapes) == 0
    xy, owner = shapely.get_coordinates(shapes[~is_point], return_index=True)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    poles = shapely.get_coordinates(shapes[is_point])
    pair = cKDTree(poles).query_pairs(POLE_SPAN_M, output_type="ndarray") if len(poles) else np.empty((0, 2), np.int64)
    return np.append(xy[inner], poles[pair[:, 0]], axis=0), np.append(xy[inner + 1], poles[pair[:, 1]], axis=0)


def _lines(a: Floats, b: Floats) -> Shapes:
    return np.asarray(shapely.linestrings(np.stack([a, b], axis=1)), dtype=object)


def _within(a: Floats, b: Floats, c: Floats, d: Floats, reach_m: float) -> tuple[Floats, Floats]:
    """Return the metres along each segment a–b from and to which it is within reach of the segment c–d.

    What is within reach of a segment is convex (a disc about either end and the strip between them), so it cuts a
    straight line in one interval: from the least to the greatest of what the three cut. None: from > to.
    """
    length = np.hypot(*(b - a).T)
    along = (b - a) / length[:, None]
    low, high = np.full(len(a), np.inf), np.full(len(a), -np.inf)
    for centre in (c, d):
        off = centre - a
        middle = (off * along).sum(axis=1)
        half = np.sqrt(np.maximum(reach_m**2 - _cross(along, off) ** 2, 0.0))
        hit = half > 0
        low, high = (
            np.where(hit, np.minimum(low, middle - half), low),
            np.where(hit, np.maximum(high, middle + half), high),
        )
    span = np.hypot(*(d - c).T)
    ahead = (d - c) / np.where(span > 0, span, 1.0)[:, None]
    # Of a point a + t·along, the metres along c–d and across it are linear in t; each must lie between two bounds.
    across = _between(_cross(ahead, a - c), _cross(ahead, along), -reach_m, reach_m)
    beside = _between(((a - c) * ahead).sum(axis=1), (along * ahead).sum(axis=1), np.zeros(len(a)), span)
    start, stop = np.maximum(across[0], beside[0]), np.minimum(across[1], beside[1])
    hit = (start < stop) & (span > 0)
    low, high = np.where(hit, np.minimum(low, start), low), np.where(hit, np.maximum(high, stop), high)
    return np.clip(low, 0.0, length), np.clip(high, 0.0, length)


def _between(value: Floats, slope: Floats, low: float | Floats, high: float | Floats) -> tuple[Floats, Floats]:
    """Return from and to which t the line value + slope × t lies between two bounds (none: from > to)."""
    level = np.abs(slope) < 1e-12
    safe = np.where(level, 1.0, slope)
    one, two = (low - value) / safe, (high - value) / safe
    always = level & (value >= low) & (value <= high)
    start = np.where(level, np.where(always, -np.inf, np.inf), np.minimum(one, two))
    stop = np.where(level, np.where(always, np.inf, -np.inf), np.maximum(one, two))
    return start, stop


def _cross(one: Floats, two: Floats) -> Floats:
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])


def _union_m(piece: Ints, low: Floats, high: Floats, length_m: Floats) -> Floats:
    """Return how many metres of each piece its intervals cover together."""
    # All pieces end to end on one ruler: no interval reaches into another piece.
    begin = np.cumsum(length_m) - length_m
    order = np.lexsort((high, low, piece))
    piece, start, stop = piece[order], (begin[piece] + low)[order], (begin[piece] + high)[order]
    reached = np.maximum.accumulate(np.append(-np.inf, stop))[:-1]
    fresh = np.maximum(stop - np.maximum(start, reached), 0.0)
    return np.minimum(np.bincount(piece, fresh, minlength=len(length_m)), length_m)
