"""Correlated random draws of what is uncertain: unit cost, rock share, take-up, cost of capital.

A Gaussian copula with one common factor per group: z = sqrt(rho) common + sqrt(1 - rho) own, so that two areas
correlate by rho (`correlation` in the cost book); z is turned into a figure by the inverse of a triangular
distribution over low, value, high. The cost of capital is the same everywhere. An area's own numbers are seeded
by the scenario's seed and its id alone: another area, or another order, does not change them.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from coverage.costbook import CostBook, CostItem
from coverage.finance import Array, real_rate
from coverage.parts import Levels

GROUPS: Final = ("unit_cost", "rock_share", "take_up", "wacc")
QUANTILES: Final = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class Draws:
    """Hold the funding gap of every area in every draw (areas × draws), in the order of `area_ids`."""

    area_ids: tuple[str, ...]
    funding_gap: Array
    private: Array  # private or resident money per area, taken off the gap first
    local_share: float
    municipal: Array | None = None  # confirmed municipal money per area; NaN, and without any: the policy's local share

    @cached_property
    def grant(self) -> Array:
        """Return state + county money, areas × draws: (gap - private) / (1 + local share), or less `municipal`."""
        left = np.maximum(0.0, self.funding_gap - self.private[:, None])
        grant = left / (1.0 + self.local_share)
        if self.municipal is not None:
            told = ~np.isnan(self.municipal)
            grant[told] = np.maximum(0.0, left[told] - self.municipal[told, None])
        return np.asarray(grant)

    @cached_property
    def totals(self) -> Array:
        """Return the county's funding gap in every draw, added in the order of the ids whatever the rows' order."""
        total = np.zeros(self.funding_gap.shape[1])
        for row in sorted(range(len(self.area_ids)), key=self.area_ids.__getitem__):
            total += self.funding_gap[row]
        return total

    def total_quantiles(self) -> dict[str, float]:
        """Return P10, P50 and P90 of the county total: quantiles of the totals, never sums of quantiles."""
        return {name: float(np.quantile(self.totals, share)) for name, share in QUANTILES.items()}


@dataclass(frozen=True)
class Uniform:
    """Hold numbers in 0..1 with the two square roots that every triangular inverse needs; taken once, used often."""

    u: Array
    root: Array
    root_left: Array

    @classmethod
    def of(cls, u: Array) -> Uniform:
        """Take the roots of u and of 1 - u."""
        return cls(u, np.sqrt(u), np.sqrt(1.0 - u))


def triangular(row: CostItem, at: Uniform) -> Array:
    """Return the inverse of the triangular distribution over low, value (the mode) and high."""
    width = row.high - row.low
    if width <= 0:
        return np.full_like(at.u, row.value)
    rising = row.low + at.root * math.sqrt(width * (row.value - row.low))
    falling = row.high - at.root_left * math.sqrt(width * (row.high - row.value))
    return np.where(at.u < (row.value - row.low) / width, rising, falling)


def generator(seed: int, name: str) -> np.random.Generator:
    """Return a generator whose numbers follow from the seed and a name alone."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    words = [int.from_bytes(digest[start : start + 4], "big") for start in range(0, 32, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


class Prices(dict[str, Array]):
    """Draw each item's price when it is first asked for: an area needs few of the book's items."""

    def __init__(self, book: CostBook, at: Uniform) -> None:
        super().__init__()
        self._book, self._at = book, at

    def __missing__(self, item: str) -> Array:
        """Draw one item's price, or raise KeyError."""
        self[item] = triangular(self._book[item], self._at)
        return self[item]


@dataclass(frozen=True)
class Sampler:
    """Draw levels area by area around common factors that are drawn once."""

    book: CostBook
    seed: int
    common: Array  # 3 × draws standard normals: unit cost, rock share, take-up
    rate: Array  # real cost of capital per draw

    @classmethod
    def make(cls, book: CostBook, *, seed: int, draws: int) -> Sampler:
        """Draw what all areas share."""
        normal: npt.NDArray[np.float64] = generator(seed, "common").standard_normal((4, draws))
        rate = real_rate(triangular(book["wacc"], Uniform.of(ndtr(normal[3]))), book["inflation"].value)
        return cls(book, seed, normal[:3], rate)

    def levels(self, area_id: str) -> Levels:
        """Return the draws of one area; all its prices move together."""
        rho = self.book["correlation"].value
        own = generator(self.seed, f"area {area_id}").standard_normal(self.common.shape)
        uniform = ndtr(math.sqrt(rho) * self.common + math.sqrt(1.0 - rho) * own)
        cost, rock, take = (Uniform.of(row) for row in uniform)
        return Levels(
            prices=Prices(self.book, cost),
            rock_share=triangular(self.book["rock_share"], rock),
            steep_rock_share=triangular(self.book["steep_rock_share"], rock),
            take_up_household=triangular(self.book["take_up_household"], take),
            take_up_business=triangular(self.book["take_up_business"], take),
            rate=self.rate,
        )
