"""Measure the choice of a programme against plain greedy and against scipy's mixed-integer solver on the same problem.

Run from the project's root: python -m tests.benchmarks.bench_selection [--areas N] [--seconds N]

Every problem has two technologies per area, 38 municipalities and areas that need another; the caps, the budget and
the pots and years vary. The solver gets the whole problem at once, to the same proven gap, and is stopped after
`--seconds`; the greedy takes areas by benefit per grant wherever money, caps and order allow. The gap of the greedy is
measured against our bound. All plans are checked for money, caps and order. Seeded, offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.programme import NONE, Options, choose
from coverage.programme.model import Bins, build
from coverage.wishes import Wishes

GAP = 1e-4
MUNICIPALITIES = 38


@dataclass(frozen=True)
class Case:
    """Hold what varies: budget as a share of what everything costs, cap as a share of it, years and pots."""

    name: str
    budget: float
    cap: float
    years: int
    pots: int
    seed: int = 2024


CASES = (
    Case("little money, loose caps", 0.016, 0.15, 3, 1),
    Case("some caps bind", 0.05, 0.04, 3, 1),
    Case("more money", 0.15, 0.04, 3, 1),
    Case("more money, two pots", 0.15, 0.04, 3, 2),
    Case("almost all caps bind", 0.30, 0.02, 3, 1),
    Case("no caps, one year", 0.15, math.inf, 1, 1),
)


def county(count: int, case: Case) -> tuple[Options, float, Wishes]:
    """Make areas of skewed size and cost; one of seven needs a neighbour nearer to the network."""
    rng = np.random.default_rng(case.seed)
    premises = np.maximum(2, rng.lognormal(2.5, 1.0, count).round())
    business = rng.poisson(premises / 10) * rng.lognormal(1.0, 0.8, count)
    fibre = premises * rng.lognormal(math.log(90_000), 0.6, count)
    town = rng.choice(MUNICIPALITIES, count, p=rng.dirichlet(np.full(MUNICIPALITIES, 2.0)))
    worth = 25 * premises / 100 + 15 * business / 100
    benefit = np.stack([worth, worth * rng.uniform(0.5, 0.9, count)], axis=1).ravel()
    grant = np.stack([fibre, fibre * rng.uniform(0.3, 0.8, count)], axis=1).ravel().round()
    ids = tuple(f"{5001 + town[row]}-{row:05d}" for row in range(count))
    needs = []
    for row in range(count):
        nearer = np.flatnonzero(town[:row] == town[row])
        if len(nearer) and rng.random() < 0.15:
            needs.append((ids[row], ids[int(rng.choice(nearer))]))
    codes = tuple(str(5001 + code) for code in town)
    options = Options(ids, codes, np.repeat(np.arange(count), 2), ("fibre", "radio") * count, benefit, grant)
    budget = float(round(fibre.sum() * case.budget))
    sources = (("county", 0.16 * budget), ("state", 0.84 * budget)) if case.pots == 2 else ()
    phases = (1.0 / case.years,) * case.years if case.years > 1 else ()
    return options, budget, Wishes(cap=case.cap * budget, needs=tuple(sorted(needs)), sources=sources, phases=phases)


def greedy(options: Options, budget: float, wishes: Wishes) -> dict[int, tuple[int, int]]:
    """Take options by benefit per grant, each in the first year and pot with room; what it needs must be there."""
    bins = Bins.of(wishes.money(budget), wishes.phases)
    left = bins.money.copy()
    given = dict.fromkeys(options.municipality, 0.0)
    rows = {name: row for row, name in enumerate(options.area_ids)}
    needs = {rows[area]: rows[other] for area, other in wishes.needs}
    taken: dict[int, tuple[int, int]] = {}
    paid = sorted(np.flatnonzero(bins.pot != NONE).tolist(), key=lambda at: (int(bins.phase[at]), at))
    again = True
    while again:
        again = False
        for option in np.argsort(options.grant / options.benefit, kind="stable").tolist():
            row, grant = int(options.area[option]), float(options.grant[option])
            code = options.municipality[row]
            if row in taken or (row in needs and needs[row] not in taken):
                continue
            if given[code] + grant > wishes.cap_of(code):
                continue
            first = bins.phase[taken[needs[row]][1]] if row in needs else 0
            at = next((at for at in paid if bins.phase[at] >= first and grant <= left[at]), None)
            if at is not None:
                taken[row] = (option, at)
                left[at] -= grant
                given[code] += grant
                again = True
    return taken


def whole(options: Options, budget: float, wishes: Wishes, *, seconds: float) -> tuple[Any, float]:
    """Give the whole problem to the solver at once; return the plan, empty where it found none, and its proven gap."""
    model = build(options, Bins.of(wishes.money(budget), wishes.phases), wishes)
    unit = np.ones(len(model.high))
    unit[: model.paying] = 1e4 / budget
    result = milp(
        -model.gain / model.gain.max(),
        constraints=LinearConstraint(model.matrix.multiply(unit[:, None]), model.low * unit, model.high * unit),
        integrality=np.ones(model.columns),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": GAP, "time_limit": seconds},
    )
    if result.x is None:
        return {}, 1.0
    at = np.flatnonzero(result.x[: len(model.option)] > 0.5)
    plan = {int(options.area[model.option[k]]): (int(model.option[k]), int(model.bin[k])) for k in at.tolist()}
    return plan, float(result.mip_gap)


def check(plan: dict[int, tuple[int, int]], options: Options, budget: float, wishes: Wishes, *, within: float) -> None:
    """Stop if a plan breaks a rule, by more than a share of the money (the solver's own tolerance)."""
    bins = Bins.of(wishes.money(budget), wishes.phases)
    for at in np.flatnonzero(bins.pot != NONE).tolist():
        spent = math.fsum(options.grant[option] for option, where in plan.values() if where == at)
        if spent > bins.money[at] + within * budget:
            raise SystemExit(f"pot and year {at} are overdrawn")
    for code in sorted(set(options.municipality)):
        spent = math.fsum(
            options.grant[option] for row, (option, _) in plan.items() if options.municipality[row] == code
        )
        if spent > wishes.cap_of(code) + within * budget:
            raise SystemExit(f"municipality {code} gets more than its cap")
    rows = {name: row for row, name in enumerate(options.area_ids)}
    for area, other in wishes.needs:
        if rows[area] in plan and (
            rows[other] not in plan or bins.phase[plan[rows[other]][1]] > bins.phase[plan[rows[area]][1]]
        ):
            raise SystemExit(f"{area} stands before {other}, which it needs")


def measure(count: int, case: Case, *, seconds: float) -> None:
    """Print three lines of the table."""
    options, budget, wishes = county(count, case)
    bins = Bins.of(wishes.money(budget), wishes.phases)
    where = {(int(bins.pot[at]), int(bins.phase[at])): at for at in range(len(bins.pot))}

    def ours() -> tuple[Any, float]:
        found = choose(options, budget=budget, wishes=wishes, gap=GAP)
        rows = np.flatnonzero(found.chosen).tolist()
        at = {row: where[int(found.pot[row]), int(found.phase[row])] for row in rows}
        return {row: (int(found.option[row]), at[row]) for row in rows}, found.bound

    timed = []
    methods: list[tuple[str, Callable[[], Any]]] = [
        ("plain greedy", lambda: (greedy(options, budget, wishes), math.nan)),
        ("scipy milp", lambda: whole(options, budget, wishes, seconds=seconds)),
        ("ours", ours),
    ]
    for name, method in methods:
        clock = time.perf_counter()
        plan, proven = method()
        timed.append((name, plan, proven, time.perf_counter() - clock))
    bound = timed[-1][2]
    print(f"{case.name}: {count:,} areas, {2 * count:,} options, {len(wishes.needs)} needs, "
          f"{case.years} years, {case.pots} pots")  # fmt: skip
    for name, plan, proven, used in timed:
        check(plan, options, budget, wishes, within=1e-8 if name == "scipy milp" else 0.0)
        benefit = math.fsum(options.benefit[option] for option, _ in plan.values())
        gap = proven if name == "scipy milp" else (bound - benefit) / bound
        proof = "by our bound" if name == "plain greedy" else "proven"
        print(f"  {name:12} {used:7.2f} s  {len(plan):5,} areas  benefit {benefit:10,.2f}  gap {gap:.1e} {proof}",
              flush=True)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    for case in CASES:
        measure(given.areas, case, seconds=given.seconds)


if __name__ == "__main__":
    main()
