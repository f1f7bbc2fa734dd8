"""Solve the programme with all pots and years as one: exact frontiers of benefit against grant, merged and pruned.

What is merged has no money in common but the budget, so a Lagrangian price λ on the budget splits the problem into
municipalities, and a price on its cap splits a municipality into trees of areas that need one another. A frontier
keeps every sum of choices that nothing else beats in both benefit and grant, and that falls short of the best at
these prices by no more than a slack. So either the best programme is among them, or it is worse than the bound less
the slack: in both cases the bound is proven, without a solver's tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from coverage.programme.frontier import (
    EMPTY,
    ROUNDING,
    Front,
    TooManyError,
    merge,
    merge_all,
    undominated,
    with_nothing,
)
from coverage.programme.model import Bins, Ints, Model, Options, build
from coverage.wishes import Wishes

# The slack begins as this share of the linear bound, and grows until the bound is proven, so many times at most.
FIRST_SLACK: Final = 5e-6
ROUNDS: Final = 16
# The part of the gap that is given up so that pots and years, each with a little left over, can share a set.
LEFT_OVER: Final = 0.4


@dataclass(frozen=True)
class Relaxed:
    """Hold the bound on any programme, the sets near it that one pot in one year could pay, and what they merge."""

    bound: float
    front: Front
    fronts: tuple[Front, ...]
    price: float
    slack: float


@dataclass(frozen=True)
class Trees:
    """Hold the areas as trees, each under the one that it needs; only what can be chosen at all."""

    options: Options
    children: dict[int, list[int]]
    roots: list[int]
    open_: dict[int, Ints]
    must: frozenset[int]
    alone: dict[int, Front | None] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Options, model: Model, wishes: Wishes) -> Trees:
        """Return the trees; a second need of an area, one across a border between caps, or one that closes a ring goes.

        So the trees allow more than the wishes do, and a bound on them is a bound on these too.
        """
        rows = {name: row for row, name in enumerate(options.area_ids)}
        parent: dict[int, int] = {}
        for area, other in sorted(wishes.needs):
            mine, theirs = rows[area], rows[other]
            towns = {options.municipality[mine], options.municipality[theirs]}
            border = len(towns) > 1 and any(np.isfinite(wishes.cap_of(town)) for town in towns)
            if mine not in parent and not border and not _above(parent, theirs, mine):
                parent[mine] = theirs
        children: dict[int, list[int]] = {}
        for row, above in sorted(parent.items()):
            children.setdefault(above, []).append(row)
        roots = [row for row in range(len(rows)) if row not in parent]
        able = np.unique(model.option)
        places = options.area[able]
        open_ = {int(row): able[places == row] for row in np.unique(places)}
        return cls(options, children, roots, open_, frozenset(rows[name] for name in wishes.must))

    def front(self, root: int, *, price: float, slack: float, most: float) -> Front | None:
        """Return the frontier of a tree, None where a must in it cannot be chosen."""
        if root in self.alone:
            return self.alone[root]
        order, stack = [], [root]
        while stack:
            order.append(stack.pop())
            stack += self.children.get(order[-1], [])
        done: dict[int, Front | None] = {}
        forced: dict[int, bool] = {}
        for row in reversed(order):
            below = self.children.get(row, [])
            forced[row] = row in self.must or any(forced[child] for child in below)
            options = self.open_.get(row)
            front: Front | None = None
            if options is not None:
                leaf = Front(self.options.grant[options], self.options.benefit[options], option=options)
                front = undominated(leaf)
                for child in below:
                    part = done[child]
                    if front is None or part is None or not len(front.grant):
                        front = None
                        break
                    if part is not EMPTY:
                        front = merge(front, part, price=price, slack=slack, most=most)
            if front is not None and not len(front.grant):
                front = None
            if not forced[row]:
                front = EMPTY if front is None else with_nothing(front)
            done[row] = front
        if len(order) == 1:  # no prices in it
            self.alone[root] = done[root]
        return done[root]


def _above(parent: dict[int, int], row: int, sought: int) -> bool:
    """Say whether an area stands above another, or is it."""
    at: int | None = row
    while at is not None and at != sought:
        at = parent.get(at)
    return at == sought


def _prices(options: Options, bins: Bins, wishes: Wishes, model: Model) -> tuple[float, dict[str, float], float] | None:
    """Return the prices of the budget and of each municipality's cap by the linear relaxation."""
    unit = np.ones(len(model.high))
    unit[: model.paying] = 1e4 / max(float(bins.money.max()), 1e-300)
    matrix = model.matrix.multiply(unit[:, None]).tocsr()
    lows = np.flatnonzero(np.isfinite(model.low) & (model.low > 0))
    result = linprog(
        -model.gain,
        A_ub=sparse.vstack([matrix, -matrix[lows]]),
        b_ub=np.concatenate([model.high * unit, -model.low[lows] * unit[lows]]),
        bounds=(0.0, None),
        method="highs",
    )
    if result.x is None or result.ineqlin is None:
        return None
    duals = np.maximum(0.0, -np.asarray(result.ineqlin.marginals))[: model.paying] * unit[: model.paying]
    capped = [code for code in sorted(set(options.municipality)) if np.isfinite(wishes.cap_of(code))]
    return float(duals[0]), dict(zip(capped, duals[1:].tolist(), strict=True)), -float(result.fun or 0.0)


def relax(options: Options, bins: Bins, wishes: Wishes, model: Model, *, gap: float) -> Relaxed | None:
    """Bound the programme, and list the sets near the bound; None where the wishes have another shape or too many.

    `model` is that of all pots and years: an option that no column of it holds is not chosen here either.
    """
    budget = float(bins.money.sum())
    whole = replace(wishes, sources=(), phases=(), least_municipalities=0)
    if budget <= 0 or not len(model.option):
        return None
    trees = Trees.of(options, model, whole)
    one = Bins.of((("", budget),), ())
    merged = build(replace(options, earliest=None), one, whole)
    prices = _prices(options, one, whole, merged)
    if prices is None:
        return None
    return _search(trees, whole, budget, *prices, gap=gap)


def _search(
    trees: Trees, wishes: Wishes, budget: float, price: float, caps: dict[str, float], value: float, *, gap: float
) -> Relaxed | None:
    """Widen the slack until the best sum is proven to a quarter of the gap, or there are too many sums to hold."""
    slack, best = FIRST_SLACK * value, np.inf
    found: Relaxed | None = None
    blocks = Blocks(trees, wishes, budget, price, caps)
    for _ in range(ROUNDS):
        try:
            fronts = blocks.fronts(slack)
            if fronts is None:
                return None
            front = merge_all(fronts, price=price, slack=slack, most=budget, unused=price)
        except TooManyError:
            break
        total = price * budget + math.fsum(front.best(price) for front in fronts)
        top = float(front.benefit.max(initial=-np.inf))
        best = min(best, max(top, total - slack))
        found = Relaxed(best, front, tuple(fronts), price, slack)
        if top >= best - gap * best * 0.25:
            break
        slack = max(3 * slack, 1.01 * (total - top) if np.isfinite(top) else 0.0)
    return found


def with_less(relaxed: Relaxed, *, budget: float, gap: float) -> Front:
    """Return the best sums that leave a part of the budget over, so that several pots and years can share them."""
    less = gap * LEFT_OVER * budget
    slack = relaxed.slack + relaxed.price * less
    try:
        return merge_all(relaxed.fronts, price=relaxed.price, slack=slack, most=budget - less, unused=relaxed.price)
    except TooManyError:
        return relaxed.front


@dataclass
class Blocks:
    """Keep the frontier of every capped municipality, and of every tree elsewhere, between rounds."""

    trees: Trees
    wishes: Wishes
    budget: float
    price: float
    caps: dict[str, float]
    known: dict[str, tuple[Front, float, float]] = field(default_factory=dict)

    def fronts(self, slack: float) -> list[Front] | None:
        """Return the frontiers, complete to a slack; None where a must cannot be chosen."""
        found: list[Front] = []
        by_town: dict[str, list[int]] = {}
        for root in self.trees.roots:
            by_town.setdefault(self.trees.options.municipality[root], []).append(root)
        for town, roots in sorted(by_town.items()):
            if np.isfinite(self.wishes.cap_of(town)):
                parts = [self._block(town, roots, slack)]
            else:
                parts = [self.trees.front(root, price=self.price, slack=slack, most=self.budget) for root in roots]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            found += known
        return found

    def _block(self, town: str, roots: Sequence[int], slack: float) -> Front | None:
        """Merge the trees of one municipality under its cap.

        Its best falls short of what the cap's price promises by some `missing`; sums are complete to the inner slack
        less this.
        """
        cap = min(self.wishes.cap_of(town), self.budget)
        price = self.price + self.caps[town]
        front, missing, inner = self.known.get(town, (EMPTY, 0.0, -1.0))
        everything = float(self.trees.options.benefit.sum()) + price * cap
        wanted = missing + slack
        while inner + ROUNDING < wanted:
            parts = [self.trees.front(root, price=price, slack=wanted, most=cap) for root in roots]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            inner = wanted
            front = merge_all(known, price=price, slack=inner, most=cap, unused=self.caps[town])
            if not len(front.grant):
                if inner > everything:
                    return None
                wanted = 2 * inner + ROUNDING
                continue
            missing = self.caps[town] * cap + math.fsum(part.best(price) for part in known) - front.best(self.price)
            wanted = missing + slack
        self.known[town] = (front, missing, inner)
        return front.pruned(np.flatnonzero(front.short(self.price) <= slack + ROUNDING))
