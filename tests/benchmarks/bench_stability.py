"""Measure choosing again in every draw of costs and weights, and the shortcut's error against scipy's milp.

Run from the project's root: python -m tests.benchmarks.bench_stability [--areas N] [--draws N] [--exact N]

A county of lognormal areas in 38 municipalities; money for about an eighth of it. In each draw the grants move by 15 %
and the benefits by weights; the shortcut chooses in all draws, the solver in `--exact` of them, evenly spread, to a
relative gap of 1e-6; `refine` proves the same draws. Their times for all draws are those of one times the number. Then
the same with a cap on every municipality. Last the whole of `stability` (score, rank, choose three times) on a ranked
list. Seeded, offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.redraw import draw_weights
from coverage.refinement import refine
from coverage.reselection import Limits, reselect
from coverage.selection import Reselection
from coverage.stability import stability
from tests.ranked import NORWAY, ranked

Floats = npt.NDArray[np.float64]

MUNICIPALITIES = 38
NODES = 100_000


def county(areas: int, draws: int) -> tuple[Floats, Floats]:
    """Return benefit and grant, areas × draws."""
    rng = np.random.default_rng(2024)
    premises = np.maximum(2, rng.lognormal(3, 1, areas)).round()
    need = premises * rng.lognormal(-1, 1, areas)
    grant = premises * rng.lognormal(np.log(120_000), 0.6, areas) / 1.3
    weights = draw_weights({"premises": 25.0, "business_and_mobile": 15.0, "rest": 60.0}, seed=1, draws=draws)
    benefit = weights["premises"] * premises[:, None] / 150 + weights["business_and_mobile"] * need[:, None] / 200
    spread = np.exp(rng.normal(0, 0.1, draws) + rng.normal(0, 0.1, (areas, draws)))
    return np.asarray(benefit), np.asarray(grant[:, None] * spread)


def solve(
    benefit: Floats, grant: Floats, group: Any, *, budget: float, cap: float
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return the best set by scipy's milp, and the bound that it proves."""
    rows = grant[None, :] / budget
    if np.isfinite(cap):
        rows = np.vstack([rows, *(grant / cap * (group == number) for number in range(MUNICIPALITIES))])
    result = milp(
        -benefit / benefit.max(),
        constraints=LinearConstraint(1e4 * rows, ub=np.full(len(rows), 1e4)),
        integrality=np.ones(len(benefit)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-6, "node_limit": NODES},
    )
    return np.asarray(result.x > 0.5), -float(result.mip_dual_bound) * float(benefit.max())


def measure(areas: int, draws: int, exact: int, *, cap_share: float) -> None:
    """Print one line of the table."""
    benefit, grant = county(areas, draws)
    budget = float(grant.mean(axis=1).sum()) / 8
    cap = cap_share * budget
    group = np.arange(areas) % MUNICIPALITIES
    case: dict[str, Any] = {
        "budget": budget,
        "area_ids": tuple(f"A{row:05d}" for row in range(areas)),
        "municipalities": tuple(f"{number:02d}" for number in group),
        "limits": Limits(cap=cap),
    }
    clock = time.perf_counter()
    found = reselect(benefit, grant, **case)
    ours = time.perf_counter() - clock
    chosen = np.linspace(0, draws - 1, exact).astype(int)
    part = Reselection(found.chosen[:, chosen], found.benefit[chosen], found.bound[chosen])
    clock = time.perf_counter()
    refined = refine(part, benefit[:, chosen], grant[:, chosen], **case)
    proven = (time.perf_counter() - clock) / exact * draws
    clock = time.perf_counter()
    best = [solve(benefit[:, at], grant[:, at], group, budget=budget, cap=cap) for at in chosen]
    theirs = (time.perf_counter() - clock) / exact * draws
    worth = np.array([benefit[picked, at].sum() for (picked, _), at in zip(best, chosen, strict=True)])
    short = 1 - found.benefit[chosen] / worth
    apart = np.abs(part.funded_share - refined.funded_share)
    missed = 1 - refined.benefit / worth
    print(
        f"{areas:6,} areas {draws:6,} draws, cap {cap_share:4.0%} | shortcut {ours:5.2f} s: misses {short.mean():.4%} "
        f"on average, {short.max():.4%} at most, {found.error.max():.2%} proven; "
        f"funded share off by {apart.mean():.4f} on average, {apart.max():.2f} at most | "
        f"refined {proven:5.1f} s: misses {missed.max():.1e}, {refined.error.max():.1e} proven | "
        f"milp {theirs:6.1f} s by {exact} draws",
        flush=True,
    )
    if (found.bound[chosen] < worth * (1 - 1e-6)).any():
        raise SystemExit("the solver beats the proven bound")


def measure_all(areas: int, draws: int) -> None:
    """Print the time of a whole stability run."""
    rng = np.random.default_rng(2024)
    premises = np.maximum(2, rng.lognormal(3, 1, areas)).astype(int)
    rows = [
        (int(count), int(count * rng.lognormal(-1, 1)), int(count * 1.2 * rng.lognormal(4.8, 0.6)), 4, 10 * int(count))
        for count in premises
    ]
    table, drawn, scenario = ranked(rows, budget=58_410_000.0, spread=0.15, count=draws)
    clock = time.perf_counter()
    found = stability(table, draws=drawn, policy=NORWAY, scenario=scenario)
    seconds = time.perf_counter() - clock
    print(f"{areas:6,} areas {draws:6,} draws | stability {seconds:6.2f} s | {found.summary()}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=500)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--exact", type=int, default=40)
    given = parser.parse_args()
    for cap_share in (float("inf"), 0.1, 0.04):
        measure(given.areas, given.draws, given.exact, cap_share=cap_share)
    measure_all(given.areas, given.draws)


if __name__ == "__main__":
    main()
