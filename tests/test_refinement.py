from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.refinement import GAP, refine
from coverage.reselection import Limits, reselect
from tests.knapsack import county, optimum
from tests.test_reselection import ITEMS, by_force, by_programme, ids

BUDGET = 58_410_000.0


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.integers(0, 150), st.lists(st.integers(0, 80), min_size=3, max_size=3), st.data())
def test_the_refined_choice_is_the_best_by_brute_force(
    items: Any, budget: int, caps: list[int], data: st.DataObject
) -> None:
    table = np.array(items, dtype=float)
    benefit = table[:, :1] * np.random.default_rng(7).uniform(0.5, 1.5, (len(items), 3))
    grant = table[:, 1:2] * np.round(np.random.default_rng(8).uniform(0.5, 1.5, (len(items), 3)), 1)
    group = table[:, 2].astype(int)
    names = ids(len(items))
    never = data.draw(st.sampled_from(names))
    must = tuple(sorted(data.draw(st.sets(st.sampled_from(names), max_size=1)) - {never}))
    limits = Limits(must, (never,), (("0", float(caps[0])), ("1", float(caps[1]))), float(caps[2]))
    how: Any = {"area_ids": names, "municipalities": tuple(str(number) for number in group), "limits": limits}
    rough = reselect(benefit, grant, budget=budget, trials=1, **how)
    found = refine(rough, benefit, grant, budget=budget, **how)
    built = np.array([name in must for name in names])
    barred = np.array([name == never for name in names])
    assert (found.benefit >= rough.benefit).all()
    assert found.chosen[built].all()
    for draw in range(3):
        exact = by_force(benefit[:, draw], grant[:, draw], budget, group, caps, built, barred)
        if np.isnan(exact):
            assert np.array_equal(found.chosen[:, draw], rough.chosen[:, draw])
            continue
        chosen = found.chosen[:, draw]
        assert found.benefit[draw] == pytest.approx(exact, rel=GAP)
        assert benefit[chosen, draw].sum() == pytest.approx(found.benefit[draw])
        assert found.bound[draw] >= exact - 1e-9
        assert found.error[draw] == pytest.approx(0, abs=1.1 * GAP)
        assert grant[chosen, draw].sum() <= budget + 1e-9
        for number in range(3):
            assert grant[chosen & (group == number), draw].sum() <= caps[number] + 1e-9


def test_a_county_is_chosen_as_the_solver_chooses_it_whole() -> None:
    benefit, _, drawn = county(150, 20)
    rough = reselect(benefit, drawn, budget=BUDGET)
    found = refine(rough, benefit, drawn, budget=BUDGET)
    exact = [optimum(benefit, drawn[:, draw], budget=BUDGET) for draw in range(20)]
    assert found.benefit == pytest.approx([each.benefit for each in exact], rel=GAP)
    assert (found.benefit > rough.benefit).any(), "the shortcut missed something that this finds"
    assert found.error.max() < 1.1 * GAP
    assert (drawn * found.chosen).sum(axis=0).max() <= BUDGET


def test_a_county_with_caps_is_chosen_as_the_solver_chooses_it_whole() -> None:
    benefit, _, drawn = county(120, 6)
    group = np.arange(120) % 12
    how: Any = {
        "area_ids": ids(120),
        "municipalities": tuple(f"{number:02d}" for number in group),
        "limits": Limits(cap=0.1 * BUDGET),
    }
    found = refine(reselect(benefit, drawn, budget=BUDGET, **how), benefit, drawn, budget=BUDGET, **how)
    exact = [by_programme(benefit, drawn[:, draw], BUDGET, group, 0.1 * BUDGET) for draw in range(6)]
    assert found.benefit == pytest.approx(exact, rel=2e-5)  # the solver's own gap here
    assert (found.benefit >= np.array(exact) * (1 - 2 * GAP)).all()
    assert found.error.max() < 1.1 * GAP


def test_nothing_to_choose_from() -> None:
    empty = reselect(np.empty(0), np.empty((0, 2)), budget=1)
    assert refine(empty, np.empty(0), np.empty((0, 2)), budget=1) is empty
    none = np.full((1, 2), 9.0)
    assert not refine(reselect(np.ones(1), none, budget=1), np.ones(1), none, budget=1).chosen.any()
