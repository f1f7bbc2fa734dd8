"""A programme while it is improved: what still fits is taken, and what can be built earlier is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coverage.programme.model import NONE, Bins, Ints, Options
from coverage.wishes import Wishes


@dataclass
class Plan:
    """Hold a programme while it is improved: option and bin per area, exact sums on demand."""

    table: Options
    bins: Bins
    wishes: Wishes
    option: Ints
    bin: Ints
    needs: dict[int, list[int]]
    closed: set[int]

    @classmethod
    def of(cls, table: Options, bins: Bins, wishes: Wishes) -> Plan:
        """Start with nothing chosen."""
        rows = {name: row for row, name in enumerate(table.area_ids)}
        needs: dict[int, list[int]] = {}
        for area, other in wishes.needs:
            needs.setdefault(rows[area], []).append(rows[other])
        empty = np.full(len(rows), NONE, dtype=np.intp)
        closed = {rows[name] for name in wishes.never}
        return cls(table, bins, wishes, empty, empty.copy(), needs, closed)

    def take(self, options: Ints, bins: Ints) -> None:
        """Put options into bins."""
        self.option[self.table.area[options]] = options
        self.bin[self.table.area[options]] = bins

    @property
    def benefit(self) -> float:
        """Return what the chosen options bring, summed exactly."""
        return math.fsum(self.table.benefit[self.option[self.option != NONE]])

    def keeps(self) -> bool:
        """Say whether every must and need is there in time, and municipalities are enough and within their caps."""
        taken = np.flatnonzero(self.option != NONE).tolist()
        if not set(self.wishes.must) <= {self.table.area_ids[row] for row in taken}:
            return False
        for row in taken:
            first = self.earliest(row, int(self.option[row]))
            if first is None or first > self.bins.phase[self.bin[row]]:
                return False
        reached = {self.table.municipality[row] for row in taken}
        if len(reached) < self.wishes.least_municipalities:
            return False
        return all(self.spent_in(code) <= self.wishes.cap_of(code) for code in sorted(reached))

    def spent(self, at: int) -> float:
        """Return what a bin has paid, summed exactly."""
        return math.fsum(self.table.grant[self.option[(self.bin == at) & (self.option != NONE)]])

    def spent_in(self, municipality: str) -> float:
        """Return what a municipality has been given, summed exactly."""
        here = np.array([code == municipality for code in self.table.municipality]) & (self.option != NONE)
        return math.fsum(self.table.grant[self.option[here]])

    def earliest(self, row: int, option: int) -> int | None:
        """Return the first year in which what an area needs is there; None where it is not chosen."""
        others = self.needs.get(row, [])
        if any(self.option[other] == NONE for other in others):
            return None
        years = [int(self.bins.phase[self.bin[other]]) for other in others]
        return max([int(self.table.first_phase[option]), *years])

    def room(self, option: int, at: int) -> bool:
        """Say whether a bin can still pay for an option."""
        grant = float(self.table.grant[option])
        return grant <= 0 or math.fsum([self.spent(at), grant]) <= self.bins.money[at]

    def fill(self) -> None:
        """Take, in the order of benefit, what still fits: every area without a grant, and what a gap left out."""
        order = np.lexsort([np.arange(len(self.table.area)), -self.table.benefit])
        again = True
        while again:
            again = False
            left = self._largest_room()
            for option in order[self.table.grant[order] <= left].tolist():
                again |= self._try(option)

    def _try(self, option: int) -> bool:
        row, grant = int(self.table.area[option]), float(self.table.grant[option])
        if self.option[row] != NONE or row in self.closed or (grant > 0 and self.table.benefit[option] <= 0):
            return False
        first = self.earliest(row, option)
        if first is None:
            return False
        code = self.table.municipality[row]
        if grant > 0 and math.fsum([self.spent_in(code), grant]) > self.wishes.cap_of(code):
            return False
        for at in self._bins_for(grant):
            if self.bins.phase[at] >= first and self.room(option, at):
                self.take(np.array([option]), np.array([at]))
                return True
        return False

    def _largest_room(self) -> float:
        paid = np.flatnonzero(self.bins.pot != NONE)
        return max(float(self.bins.money[at]) - self.spent(at) for at in paid.tolist())

    def _bins_for(self, grant: float) -> list[int]:
        able = np.flatnonzero((self.bins.pot == NONE) if grant <= 0 else (self.bins.pot != NONE))
        return sorted(able.tolist(), key=lambda at: (int(self.bins.phase[at]), at))

    def hasten(self) -> None:
        """Move areas to earlier years of the same pot while its money lasts, the best per grant first."""
        if self.bins.years < 2:
            return
        rows = np.flatnonzero(self.option != NONE)
        grant, benefit = self.table.grant[self.option[rows]], self.table.benefit[self.option[rows]]
        rate = np.divide(grant, benefit, out=np.full(len(rows), np.inf), where=benefit > 0)
        moved = True
        while moved:
            moved = False
            for row in rows[np.argsort(rate, kind="stable")].tolist():
                option, now = int(self.option[row]), int(self.bin[row])
                first = self.earliest(row, option)
                for at in self._bins_for(float(self.table.grant[option])):
                    earlier = first is not None and first <= self.bins.phase[at] < self.bins.phase[now]
                    if earlier and self.bins.pot[at] == self.bins.pot[now] and self.room(option, at):
                        self.bin[row] = at
                        moved = True
                        break
