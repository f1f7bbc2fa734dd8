"""The programme as arrays: what can be chosen, the pots and years that pay, and the rows of the 0/1 problem."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverage.errors import DataError, PolicyError
from coverage.scenario import Pairs
from coverage.wishes import Wishes

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

NONE = -1


@dataclass(frozen=True)
class Options:
    """Hold what can be chosen: one or several technologies per area; an area may have none.

    `area_ids` and `municipality` are per area; the rest per option, `area` being the row of its area. `earliest` is
    the first year (from 0) in which an option can be built. Raises DataError for values that cannot be added up.
    """

    area_ids: tuple[str, ...]
    municipality: tuple[str, ...]
    area: Ints
    technology: tuple[str, ...]
    benefit: Floats
    grant: Floats
    earliest: Ints | None = None

    def __post_init__(self) -> None:
        """Refuse what would make the sums meaningless."""
        twice = [name for name, count in Counter(self.area_ids).items() if count > 1]
        if twice:
            raise DataError(f"options: area_id {twice[0]} stands on two rows; expected each area once")
        if len(self.municipality) != len(self.area_ids):
            raise DataError("options: expected one municipality for each area")
        sizes = {len(self.area), len(self.technology), len(self.benefit), len(self.grant)}
        if len(sizes) != 1 or (self.earliest is not None and len(self.earliest) not in sizes):
            raise DataError("options: area, technology, benefit, grant and earliest must be equally long")
        for row, place in enumerate(self.area):
            if not 0 <= place < len(self.area_ids):
                raise DataError(f"options: option {row} is of area number {place}; there are {len(self.area_ids)}")
            for name, value in (("benefit", self.benefit[row]), ("grant", self.grant[row])):
                if not (math.isfinite(value) and value >= 0):
                    where = f"{self.area_ids[place]}, {self.technology[row]}"
                    raise DataError(f"options: the {name} of {where} is {value}; expected a number of 0 or more")
        pairs = Counter(zip(self.area.tolist(), self.technology, strict=True))
        twice_in = [pair for pair, count in pairs.items() if count > 1]
        if twice_in:
            place, technology = twice_in[0]
            raise DataError(f"options: {self.area_ids[place]} has {technology} twice; expected each technology once")

    @property
    def first_phase(self) -> Ints:
        """Return the earliest year of every option, 0 where nothing is said."""
        return np.zeros(len(self.area), dtype=np.intp) if self.earliest is None else self.earliest


@dataclass(frozen=True)
class Bins:
    """Hold the money of each pot in each year, and for each year one bin for what needs no grant (pot NONE)."""

    pot: Ints
    phase: Ints
    money: Floats

    @classmethod
    def of(cls, money: Pairs, phases: tuple[float, ...]) -> Bins:
        """Cut every pot into its years; money that a year leaves over is not carried to the next."""
        shares = np.array(phases or (1.0,), dtype=float)
        years = np.arange(len(shares))
        amounts = np.array([value for _, value in money], dtype=float)
        return cls(
            pot=np.concatenate([np.repeat(np.arange(len(money)), len(years)), np.full(len(years), NONE)]),
            phase=np.concatenate([np.tile(years, len(money)), years]),
            money=np.concatenate([np.outer(amounts, shares).ravel(), np.zeros(len(years))]),
        )

    @property
    def years(self) -> int:
        """Return the number of years."""
        return int(self.phase.max()) + 1


@dataclass(frozen=True)
class Model:
    """Hold the 0/1 problem: one column per (option, bin) that is possible, then one per municipality where counted.

    Rows: `low <= matrix @ x <= high`; those of money come first (`paying` of them), in the money's own unit.
    """

    option: Ints
    bin: Ints
    gain: Floats
    matrix: Any
    low: Floats
    high: Floats
    paying: int
    columns: int


def check_names(options: Options, wishes: Wishes) -> None:
    """Raise PolicyError for a wish about an area or municipality that is not there."""
    areas, municipalities = set(options.area_ids), set(options.municipality)
    for name, ids in (("must", wishes.must), ("never", wishes.never), ("needs", _flat(wishes.needs))):
        for item in ids:
            if item not in areas:
                raise PolicyError(f"wishes: {name}: there is no area {item}")
    for code, _ in wishes.caps:
        if code not in municipalities:
            raise PolicyError(f"wishes: caps: there is no area in a municipality {code}")


def _flat(pairs: tuple[tuple[str, str], ...]) -> list[str]:
    return [item for pair in pairs for item in pair]


def build(options: Options, bins: Bins, wishes: Wishes) -> Model:
    """Write the problem down: at most one option per area and bin, money, caps, order, the count of municipalities."""
    rows_of = {name: row for row, name in enumerate(options.area_ids)}
    fits = _possible(options, bins)
    fits[np.isin(options.area, [rows_of[name] for name in wishes.never])] = False
    caps_of = np.array([wishes.cap_of(code) for code in options.municipality], dtype=float)
    fits[options.grant > caps_of[options.area]] = False
    option, at = np.nonzero(fits)
    area, grant = options.area[option], options.grant[option]
    codes, town = np.unique(np.array(options.municipality, dtype=str), return_inverse=True)
    many = len(option) + (len(codes) if wishes.least_municipalities else 0)
    row_parts: list[Any] = []
    lows: list[Floats] = []
    highs: list[Floats] = []

    def add(part: Any, low: Floats, high: Floats) -> None:
        if part.shape[1] < many:
            part = sparse.hstack([part, sparse.csr_matrix((part.shape[0], many - part.shape[1]))])
        row_parts.append(part.tocsr())
        lows.append(low)
        highs.append(high)

    def table(values: Any, rows: Any, count: int) -> Any:
        return sparse.csr_matrix((values, (rows, np.arange(len(option)))), shape=(count, len(option)))

    limited = np.flatnonzero((bins.pot != NONE) & np.isfinite(bins.money))
    add(table(grant, at, len(bins.pot))[limited], np.full(len(limited), -np.inf), bins.money[limited])
    caps = np.array([wishes.cap_of(str(code)) for code in codes], dtype=float)
    capped = np.flatnonzero(np.isfinite(caps))
    add(table(grant, town[area], len(codes))[capped], np.full(len(capped), -np.inf), caps[capped])
    paying = len(limited) + len(capped)

    ones = np.ones(len(option))
    least = np.zeros(len(options.area_ids))
    least[[rows_of[name] for name in wishes.must]] = 1.0
    add(table(ones, area, len(least)), least, np.ones(len(least)))
    if wishes.needs:
        pairs = np.array([(rows_of[area_id], rows_of[other]) for area_id, other in wishes.needs], dtype=np.intp)
        for year in range(bins.years):
            built = table((bins.phase[at] <= year).astype(float), area, len(least))
            count = len(pairs)
            add(built[pairs[:, 0]] - built[pairs[:, 1]], np.full(count, -np.inf), np.zeros(count))
    if wishes.least_municipalities:
        reached = sparse.hstack([-table(ones, town[area], len(codes)), sparse.identity(len(codes))])
        add(reached, np.full(len(codes), -np.inf), np.zeros(len(codes)))
        counted = sparse.csr_matrix(np.concatenate([np.zeros(len(option)), np.ones(len(codes))])[None, :])
        add(counted, np.array([float(wishes.least_municipalities)]), np.array([np.inf]))
    matrix = sparse.vstack(row_parts).tocsr()
    matrix.eliminate_zeros()
    gain = np.concatenate([options.benefit[option], np.zeros(many - len(option))])
    return Model(option, at, gain, matrix, np.concatenate(lows), np.concatenate(highs), paying, many)


def _possible(options: Options, bins: Bins) -> Bools:
    """Say which option fits into which bin: in time, affordable, and without a grant only where none is needed."""
    free = (options.grant <= 0)[:, None]
    paid = (~free) & (bins.pot != NONE) & (options.grant[:, None] <= bins.money)
    late = bins.phase >= options.first_phase[:, None]
    return np.asarray((paid | (free & (bins.pot == NONE))) & late)
