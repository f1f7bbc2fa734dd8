"""Share a chosen set out to pots and years so that each is used up almost to the last: sums of grants, by counting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from coverage.programme.model import NONE, Bins, Ints, Options
from coverage.wishes import Wishes

# The money of a bin is counted in so many steps; its last gap is filled from so many of the smallest units.
STEPS: Final = 1_000_000
CHANGE: Final = 40


@dataclass(frozen=True)
class Unit:
    """Hold options that go into the same pot and year: an area with all that it needs and that needs it."""

    options: tuple[int, ...]
    grant: float
    benefit: float
    earliest: int


def pack(table: Options, chosen: list[int], bins: Bins, wishes: Wishes) -> tuple[Ints, Ints]:
    """Return the options that found room, and the bin of each; what is tied together goes or stays together.

    Bins are filled year by year, with the units of the most benefit per grant first and small ones to fill up; the
    last takes what is left.
    """
    left = units(table, chosen, wishes)
    placed: list[tuple[Unit, int]] = [(unit, int(bins.phase.min())) for unit in left if unit.grant <= 0]
    options: list[int] = []
    at: list[int] = []
    free_bin = {int(bins.phase[row]): row for row in np.flatnonzero(bins.pot == NONE).tolist()}
    for unit, _ in placed:
        options += unit.options
        at += [free_bin[unit.earliest]] * len(unit.options)
    left = [unit for unit in left if unit.grant > 0]
    paid = np.flatnonzero((bins.pot != NONE) & (bins.money > 0)).tolist()
    paid.sort(key=lambda row: (int(bins.phase[row]), -float(bins.money[row]), row))
    # The largest pot of the last year stands last: it takes the rest.
    last_year = [row for row in paid if bins.phase[row] == bins.phase[paid[-1]]] if paid else []
    paid = [row for row in paid if row not in last_year] + last_year[::-1]
    for row in paid:
        year, money = int(bins.phase[row]), float(bins.money[row])
        able = [unit for unit in left if unit.earliest <= year and unit.grant <= money]
        rest = math.fsum(unit.grant for unit in able) <= money
        taken = able if rest and row == paid[-1] else _fill(able, money)
        if math.fsum(table.grant[option] for unit in taken for option in unit.options) > money:
            continue
        for unit in taken:
            options += unit.options
            at += [row if table.grant[option] > 0 else free_bin[year] for option in unit.options]
        gone = {unit.options for unit in taken}
        left = [unit for unit in left if unit.options not in gone]
    return np.array(options, dtype=np.intp), np.array(at, dtype=np.intp)


def units(table: Options, chosen: list[int], wishes: Wishes) -> list[Unit]:
    """Join the chosen options that a need ties together; the best per grant first, ties by area."""
    rows = {name: row for row, name in enumerate(table.area_ids)}
    option_of = {int(table.area[option]): option for option in chosen}
    head = {row: row for row in option_of}

    def root(row: int) -> int:
        while head[row] != row:
            head[row] = head[head[row]]
            row = head[row]
        return row

    for area, other in wishes.needs:
        if rows[area] in head and rows[other] in head:
            one, two = sorted((root(rows[area]), root(rows[other])))
            head[two] = one
    members: dict[int, list[int]] = {}
    for row in sorted(option_of):
        members.setdefault(root(row), []).append(option_of[row])
    found = []
    for options in members.values():
        grant = math.fsum(table.grant[options])
        benefit = math.fsum(table.benefit[options])
        found.append(Unit(tuple(options), grant, benefit, int(table.first_phase[options].max())))
    return sorted(found, key=lambda unit: (-unit.benefit / unit.grant if unit.grant > 0 else -math.inf, unit.options))


def _fill(able: list[Unit], money: float) -> list[Unit]:
    """Choose units that use the money up: the best first while the smallest can still fill the rest."""
    change = sorted(able, key=lambda unit: (unit.grant, unit.options))[:CHANGE]
    small = {unit.options for unit in change}
    kept_back = 0.5 * min(math.fsum(unit.grant for unit in change), money)
    taken: list[Unit] = []
    spent = 0.0
    for unit in able:
        if unit.options not in small and spent + unit.grant <= money - kept_back:
            taken.append(unit)
            spent += unit.grant
    return taken + _subset(change, money - spent)


def _subset(change: list[Unit], money: float) -> list[Unit]:
    """Choose the units whose sum comes nearest to the money from below, in steps rounded up."""
    step = money / STEPS
    if not step > 0:
        return []
    first = np.full(STEPS + 1, -1, dtype=np.int16)
    first[0] = len(change)
    sizes = [math.ceil(unit.grant / step) for unit in change]
    for at, size in enumerate(sizes):
        if size > STEPS:
            continue
        reached = np.flatnonzero(first[: STEPS + 1 - size] != -1) + size
        first[reached[first[reached] == -1]] = at
    total = int(np.flatnonzero(first != -1)[-1])
    taken = []
    while total > 0:
        at = int(first[total])
        taken.append(change[at])
        total -= sizes[at]
    return taken
