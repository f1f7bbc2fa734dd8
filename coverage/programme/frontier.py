"""Frontiers of benefit against grant: sums of choices that nothing beats in both, merged and pruned at a price."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from coverage.programme.model import NONE, Floats, Ints

# Sums of choices held at once; beyond, the programme is left to the solver. A count, so the same everywhere.
MOST_STATES: Final = 400_000
# Sums of benefits differ by rounding; a state is not lost for so little.
ROUNDING: Final = 1e-9


class TooManyError(Exception):
    """Say that a frontier grew beyond MOST_STATES; the solver takes over."""


@dataclass(frozen=True)
class Front:
    """Hold sums of choices: grant, benefit, and from which states of two other fronts (or which option) each comes."""

    grant: Floats
    benefit: Floats
    left: Front | None = None
    right: Front | None = None
    i: Ints | None = None
    j: Ints | None = None
    option: Ints | None = None
    parts: tuple[Front, ...] = ()  # fronts of one state each, which the only state sums up

    def best(self, price: float) -> float:
        """Return the largest benefit less the price of the grant."""
        return float((self.benefit - price * self.grant).max())

    def short(self, price: float) -> Floats:
        """Return by how much each state falls short of the best at a price."""
        worth = self.benefit - price * self.grant
        return np.asarray(worth.max(initial=-np.inf) - worth)

    def pruned(self, rows: Ints) -> Front:
        """Keep some states."""
        parts = {name: None if (old := getattr(self, name)) is None else old[rows] for name in ("i", "j", "option")}
        return Front(self.grant[rows], self.benefit[rows], self.left, self.right, **parts, parts=self.parts)

    def options_of(self, state: int) -> list[int]:
        """Return the options that a state sums up."""
        found: list[int] = []
        stack: list[tuple[Front, int]] = [(self, state)]
        while stack:
            front, at = stack.pop()
            stack += [(part, 0) for part in front.parts]
            if front.option is not None:
                found += [int(front.option[at])] if front.option[at] != NONE else []
                continue
            for part, rows in ((front.left, front.i), (front.right, front.j)):
                if part is not None and rows is not None and rows[at] != NONE:
                    stack.append((part, int(rows[at])))
        return sorted(found)


EMPTY: Final = Front(np.zeros(1), np.zeros(1), option=np.array([NONE]))


def merge(one: Front, two: Front, *, price: float, slack: float, most: float) -> Front:
    """Add every state of one front to every state of another; keep what is within the slack and the money."""
    short = [part.short(price) for part in (one, two)]
    order = np.argsort(short[1], kind="stable")
    count = np.searchsorted(short[1][order], slack + ROUNDING - short[0], side="right")
    if count.sum() > MOST_STATES * 8:
        raise TooManyError
    i = np.repeat(np.arange(len(one.grant)), count)
    j = order[np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)]
    grant, benefit = one.grant[i] + two.grant[j], one.benefit[i] + two.benefit[j]
    fits = np.flatnonzero(grant <= most)
    found = Front(grant[fits], benefit[fits], one, two, i[fits], j[fits])
    return undominated(found)


def undominated(front: Front) -> Front:
    """Keep the states that no cheaper one, or earlier one of the same grant, equals in benefit; sorted by grant."""
    order = np.argsort(front.grant, kind="stable")
    benefit = front.benefit[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(benefit)[:-1]])
    kept = order[benefit > before]
    if len(kept) > MOST_STATES:
        raise TooManyError
    return front.pruned(kept)


def with_nothing(front: Front) -> Front:
    """Add the state in which nothing is chosen."""
    rows = np.concatenate([[NONE], np.arange(len(front.grant))]).astype(np.intp)
    grant, benefit = np.concatenate([[0.0], front.grant]), np.concatenate([[0.0], front.benefit])
    return undominated(Front(grant, benefit, front, None, rows, None))


def merge_all(fronts: Sequence[Front], *, price: float, slack: float, most: float, unused: float) -> Front:
    """Merge fronts, always the two smallest; the last two only where they use the money up, within the slack."""
    near = [front.pruned(np.flatnonzero(front.short(price) <= slack + ROUNDING)) for front in fronts]
    sure = tuple(front for front in near if len(front.grant) == 1)
    near = [front for front in near if len(front.grant) != 1]
    if sure:
        sums = (
            math.fsum(float(front.grant[0]) for front in sure),
            math.fsum(float(front.benefit[0]) for front in sure),
        )
        near.append(Front(np.array([sums[0]]), np.array([sums[1]]), parts=sure))
    heap = [(len(front.grant), at, front) for at, front in enumerate(near)]
    heapq.heapify(heap)
    serial = len(heap)
    while len(heap) > 2:
        one, two = heapq.heappop(heap)[2], heapq.heappop(heap)[2]
        found = merge(one, two, price=price, slack=slack, most=most)
        if not len(found.grant):
            return found
        heapq.heappush(heap, (len(found.grant), serial, found))
        serial += 1
    last = [front for _, _, front in heap]
    last += [EMPTY] * (2 - len(last))
    return join(last[0], last[1], price=price, slack=slack, most=most, unused=unused)


def join(one: Front, two: Front, *, price: float, slack: float, most: float, unused: float) -> Front:
    """Merge the last two fronts: also what money is left unused, at its price, counts against the slack."""
    if unused <= 0:
        return merge(one, two, price=price, slack=slack, most=most)
    first = np.searchsorted(two.grant, most - (slack + ROUNDING) / unused - one.grant, side="left")
    count = np.maximum(0, np.searchsorted(two.grant, most - one.grant, side="right") - first)
    if count.sum() > MOST_STATES * 8:
        raise TooManyError
    i = np.repeat(np.arange(len(one.grant)), count)
    j = first[i] + np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    grant, benefit = one.grant[i] + two.grant[j], one.benefit[i] + two.benefit[j]
    total = one.best(price) + two.best(price)
    short = total - (benefit - price * grant) + unused * (most - grant)
    kept = np.flatnonzero((grant <= most) & (short <= slack + ROUNDING))
    return undominated(Front(grant[kept], benefit[kept], one, two, i[kept], j[kept]))
