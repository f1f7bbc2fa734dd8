from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.selection import optimum, ranked_cut, reselect

ROOT = Path(__file__).parent.parent
MONEY = st.integers(0, 60)
ITEMS = st.lists(st.tuples(st.integers(0, 30), MONEY), min_size=1, max_size=9)


def arrays(items: list[tuple[int, int]]) -> tuple[Any, Any]:
    table = np.array(items, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def best_by_force(benefit: Any, grant: Any, budget: float) -> float:
    subsets = itertools.product([False, True], repeat=len(benefit))
    masks = np.array(list(subsets))
    return float((masks @ benefit)[masks @ grant <= budget].max())


def test_the_best_set_is_not_the_first_in_order() -> None:
    benefit, grant = np.array([10.0, 9.0, 9.0]), np.array([100.0, 60.0, 60.0])
    assert optimum(benefit, grant, budget=120).chosen.tolist() == [False, True, True]
    assert ranked_cut(grant, budget=120).tolist() == [True, False, False]


def test_the_cut_stops_at_the_first_that_does_not_fit() -> None:
    grant = np.array([50.0, 0.0, 60.0, 10.0, 0.0])
    assert ranked_cut(grant, budget=100).tolist() == [True, True, False, False, True]
    assert ranked_cut(grant, budget=110).tolist() == [True, True, True, False, True]


def test_without_money_only_what_is_free_is_chosen() -> None:
    benefit, grant = np.array([5.0, 7.0]), np.array([0.0, 1.0])
    chosen = optimum(benefit, grant, budget=0)
    assert (chosen.chosen.tolist(), chosen.benefit, chosen.gap) == ([True, False], 5, 0)
    assert reselect(benefit, grant[:, None], budget=0).chosen.tolist() == [[True], [False]]
    assert optimum(np.empty(0), np.empty(0), budget=5).benefit == 0
    assert reselect(np.empty(0), np.empty((0, 3)), budget=5).error.tolist() == [0, 0, 0]


@settings(max_examples=120, deadline=None)
@given(ITEMS, st.integers(0, 150))
def test_the_optimum_equals_brute_force(items: list[tuple[int, int]], budget: int) -> None:
    benefit, grant = arrays(items)
    found = optimum(benefit, grant, budget=budget)
    assert math.fsum(grant[found.chosen]) <= budget
    assert found.benefit == pytest.approx(best_by_force(benefit, grant, budget))
    assert found.benefit == math.fsum(benefit[found.chosen])
    assert found.bound >= found.benefit
    assert found.gap == pytest.approx(0, abs=1e-6)


def test_twelve_areas_in_real_money_equal_brute_force() -> None:
    rng = np.random.default_rng(12)
    for _ in range(20):
        benefit, grant = rng.uniform(0.1, 40, 12), rng.uniform(2e5, 3e7, 12)
        found = optimum(benefit, grant, budget=58_410_000)
        assert grant[found.chosen].sum() <= 58_410_000
        assert found.benefit == pytest.approx(best_by_force(benefit, grant, 58_410_000), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(ITEMS, st.integers(0, 100), st.integers(0, 50))
def test_more_budget_never_lowers_the_best_benefit(items: list[tuple[int, int]], budget: int, more: int) -> None:
    benefit, grant = arrays(items)
    small, large = (optimum(benefit, grant, budget=value).benefit for value in (budget, budget + more))
    assert large >= small - 1e-9
    assert reselect(benefit, grant[:, None], budget=budget).benefit[0] <= small + 1e-9


@settings(max_examples=100, deadline=None)
@given(ITEMS, st.integers(1, 150), st.integers(0, 3))
def test_the_shortcut_keeps_the_budget_and_its_error_is_bounded(
    items: list[tuple[int, int]], budget: int, trials: int
) -> None:
    benefit, grant = arrays(items)
    rng = np.random.default_rng(len(items))
    drawn = grant[:, None] * np.round(rng.uniform(0.5, 1.5, (len(items), 6)), 1)
    found = reselect(benefit, drawn, budget=budget, trials=trials)
    for draw in range(6):
        chosen = found.chosen[:, draw]
        exact = best_by_force(benefit, drawn[:, draw], budget + 1e-9)
        assert drawn[chosen, draw].sum() <= budget + 1e-9
        assert benefit[chosen].sum() == pytest.approx(found.benefit[draw])
        assert found.benefit[draw] <= exact + 1e-9
        assert found.bound[draw] >= exact - 1e-6, "the linear relaxation is never below the best set"
        if exact:
            assert found.error[draw] >= 1 - found.benefit[draw] / exact - 1e-6
        assert chosen[drawn[:, draw] <= 0].all()


def county(areas: int, draws: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(6)
    premises = np.maximum(2, rng.lognormal(3, 1, areas)).round()
    grant = premises * rng.lognormal(np.log(120_000), 0.6, areas) / 1.3
    benefit = 25 * premises / 150 + 15 * premises * rng.lognormal(-1, 1, areas) / 200
    spread = np.exp(rng.normal(0, 0.1, draws) + rng.normal(0, 0.1, (areas, draws)))
    return benefit, grant, grant[:, None] * spread


def test_the_shortcut_is_within_one_percent_of_the_optimum_for_a_county() -> None:
    benefit, _, drawn = county(120, 25)
    found = reselect(benefit, drawn, budget=58_410_000)
    exact = np.array([optimum(benefit, drawn[:, draw], budget=58_410_000).benefit for draw in range(25)])
    short = 1 - found.benefit / exact
    assert short.min() >= -1e-9
    assert short.max() < 0.01
    assert (short <= found.error + 1e-9).all()
    assert found.error.max() < 0.02


def test_trials_only_ever_help() -> None:
    benefit, _, drawn = county(80, 50)
    plain, tried = (reselect(benefit, drawn, budget=20_000_000, trials=trials).benefit for trials in (0, 8))
    assert (tried >= plain).all()
    assert (tried > plain).any()


def test_the_solver_says_nothing_on_stdout() -> None:
    """`assess --json` gives stdout to the summary alone; HiGHS 1.12, in SciPy 1.17, writes stray lines there."""
    # In a process of its own: what C code writes is buffered and seen only when the process ends.
    script = (
        "from tests.test_selection import county; from coverage.selection import optimum\n"
        "benefit, _, drawn = county(200, 12)\n"
        "for draw in range(12): optimum(benefit, drawn[:, draw], budget=58_410_000)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
