"""Measure the draws of the funding gap against a plain loop that estimates one area in one draw at a time.

Run from the project's root: python -m tests.benchmarks.bench_subsidy [--areas N] [--draws N] [--loop N]

The loop prices with plain numbers what the estimate prices with arrays: the same bill of quantities (made outside its
time), the same present values, year by year. It runs on `--loop` pairs of area and draw, spread evenly; its time for
all of them is that of one pair times their number. Both are given the same draws, and every pair of the loop is
compared. Seeded, offline.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import resource
import time

import geopandas as gpd
import numpy as np
import pandas as pd

from coverage.bill import Bill, make_bill
from coverage.costs import CostBook, load_costs, price, propose
from coverage.draws import Sampler
from coverage.finance import ramp, replacement_years, residual_share
from coverage.parts import OVERHEAD, Levels, building_items, life_mix, net_arpu_year, price_of, upkeep_share
from coverage.policy import Policy, load_policy
from coverage.scenario import Scenario
from coverage.subsidy import estimate
from tests.test_costs import make_areas


def county(count: int, *, book: CostBook, policy: Policy) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make areas of 2 to 200 homes, each with its proposed technology."""
    rng = np.random.default_rng(2024)
    rows = [
        {
            "households": float(rng.integers(2, 200)),
            "businesses": float(rng.integers(0, 20)),
            "trench_m": float(rng.uniform(500, 30_000)),
            "drop_m": float(rng.uniform(100, 5000)),
            "deliver_down_mbps": float(rng.choice([100, 300])),
        }
        for _ in range(count)
    ]
    areas, routes = make_areas(rows)
    options, _ = price(areas, routes, book=book, policy=policy)
    return propose(areas, options, policy=policy), routes


def one(levels: Levels, technology: str, draw: int) -> Levels:
    """Return one draw alone."""
    return Levels(
        prices={item: levels.prices[item][draw : draw + 1] for item in (*building_items(technology), OVERHEAD)},
        rock_share=levels.rock_share[draw : draw + 1],
        steep_rock_share=levels.steep_rock_share[draw : draw + 1],
        take_up_household=levels.take_up_household[draw : draw + 1],
        take_up_business=levels.take_up_business[draw : draw + 1],
        rate=levels.rate[draw : draw + 1],
    )


def plain_gap(bill: Bill, levels: Levels, *, book: CostBook, policy: Policy) -> float:
    """Estimate one area in one draw, flow by flow and year by year; its bill of quantities is given."""
    horizon, rate = policy.subsidy.horizon_years, float(levels.rate[0])
    home, business = float(levels.take_up_household[0]), float(levels.take_up_business[0])
    worth = [(1.0 + rate) ** -year for year in range(horizon + 1)]
    net = 0.0
    for column, part in enumerate(bill.parts):
        quantity = bill.fixed[0, column] + bill.home[0, column] * home + bill.business[0, column] * business
        amount = float(quantity) * float(price_of(part, levels, book)[0])
        net += amount + amount * upkeep_share(part, book) * sum(worth[1:])
        for life, share in life_mix(part, book).items():
            net += amount * share * sum(worth[year] for year in replacement_years(life, horizon))
            net -= amount * share * residual_share(life, horizon) * worth[horizon]
    income = bill.homes[0] * home * net_arpu_year(book, kind="household", technology=bill.technology)
    income += bill.businesses[0] * business * net_arpu_year(book, kind="business", technology=bill.technology)
    ramp_years = book["take_up_ramp_years"].value
    net -= income * sum(ramp(year, ramp_years) * worth[year] for year in range(1, horizon + 1))
    return max(0.0, float(net))


def measure(count: int, draws: int, loop: int) -> None:
    """Print one line of the table."""
    book, policy = load_costs("norway", currency="NOK", price_year=2025), load_policy("no-2024")
    scenario = Scenario(policy=policy.id, budget=0.0, draws=draws)
    areas, routes = county(count, book=book, policy=policy)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = time.perf_counter()
    _, found = estimate(areas, routes, book=book, policy=policy, scenario=scenario)
    ours = time.perf_counter() - clock
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6
    sampler = Sampler.make(book, seed=scenario.seed, draws=draws)
    pairs = np.linspace(0, count * draws - 1, loop).astype(int)
    gaps, seconds = [], 0.0
    for area_row, draw in (divmod(int(pair), draws) for pair in pairs):
        area = areas.iloc[[area_row]]
        route = routes.iloc[[area_row]]
        technology = str(area["technology"].iloc[0])
        bill = make_bill(area, route, technology=technology, book=book)
        levels = one(sampler.levels(str(area["area_id"].iloc[0])), technology, draw)
        clock = time.perf_counter()
        gaps.append((plain_gap(bill, levels, book=book, policy=policy), found.funding_gap[area_row, draw]))
        seconds += time.perf_counter() - clock
    theirs = seconds / loop * count * draws
    plain, drawn = np.array(gaps).T
    worst = float(np.max(np.abs(plain - drawn) / np.maximum(1.0, drawn)))
    print(
        f"{count:6,} areas {draws:7,} draws | estimate {ours:6.2f} s, {memory:5.2f} GB more | "
        f"plain loop {theirs:10,.0f} s by {loop:,} pairs | {theirs / ours:8,.0f}× faster, "
        f"largest difference {worst:.1e}",
        flush=True,
    )
    if worst > 1e-9:
        raise SystemExit("the estimate and the loop differ")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--loop", type=int, default=1000)
    given = parser.parse_args()
    measure(given.areas // 10 or 1, given.draws // 10 or 1, given.loop)
    measure(given.areas, given.draws, given.loop)


if __name__ == "__main__":
    main()
