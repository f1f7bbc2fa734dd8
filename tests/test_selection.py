from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.reselection import reselect
from coverage.selection import ranked_cut
from tests.knapsack import best_by_force, county, optimum

ROOT = Path(__file__).parent.parent
MONEY = st.integers(0, 60)
ITEMS = st.lists(st.tuples(st.integers(0, 30), MONEY), min_size=1, max_size=9)


def arrays(items: list[tuple[int, int]]) -> tuple[Any, Any]:
    table = np.array(items, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def test_the_cut_takes_the_first_in_order_not_the_best_set() -> None:
    benefit, grant = np.array([10.0, 9.0, 9.0]), np.array([100.0, 60.0, 60.0])
    assert optimum(benefit, grant, budget=120).chosen.tolist() == [False, True, True]
    assert ranked_cut(grant, budget=120).tolist() == [True, False, False]


def test_the_cut_stops_at_the_first_that_does_not_fit() -> None:
    grant = np.array([50.0, 0.0, 60.0, 10.0, 0.0])
    assert ranked_cut(grant, budget=100).tolist() == [True, True, False, False, True]
    assert ranked_cut(grant, budget=110).tolist() == [True, True, True, False, True]


def test_without_money_only_what_is_free_is_chosen() -> None:
    benefit, grant = np.array([5.0, 7.0]), np.array([0.0, 1.0])
    assert reselect(benefit, grant[:, None], budget=0).chosen.tolist() == [[True], [False]]
    assert reselect(np.empty(0), np.empty((0, 3)), budget=5).error.tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(ITEMS, st.integers(0, 100), st.integers(0, 50))
def test_the_shortcut_is_never_above_the_best_benefit(items: list[tuple[int, int]], budget: int, more: int) -> None:
    benefit, grant = arrays(items)
    small, large = (best_by_force(benefit, grant, value) for value in (budget, budget + more))
    assert large >= small
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
        "import numpy as np\n"
        "from tests.knapsack import county; from coverage.programme import Options, choose\n"
        "from coverage.wishes import Wishes\n"
        "benefit, grant, _ = county(60, 1)\n"
        "ids = tuple(f'A{n:03d}' for n in range(60))\n"
        "towns = tuple(f'{n % 9}' for n in range(60))\n"
        "options = Options(ids, towns, np.arange(60), ('fibre',) * 60, benefit, grant)\n"
        "choose(options, budget=58_410_000, wishes=Wishes(least_municipalities=9))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
