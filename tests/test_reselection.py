from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from coverage.errors import PolicyError
from coverage.reselection import Limits, limits_of, reselect
from coverage.wishes import Wishes
from tests.knapsack import county

BUDGET = 58_410_000.0
ITEMS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=9)


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"A{number:03d}" for number in range(count))


def by_force(benefit: Any, grant: Any, budget: float, group: Any, caps: Any, must: Any, never: Any) -> float:
    """Return the benefit of the best set that keeps all limits."""
    masks = np.array(list(itertools.product([False, True], repeat=len(benefit))))
    fits = (masks @ grant <= budget + 1e-9) & masks[:, must].all(axis=1) & ~masks[:, never].any(axis=1)
    for number, cap in enumerate(caps):
        fits &= masks @ (grant * (group == number)) <= cap + 1e-9
    return float((masks @ benefit)[fits].max()) if fits.any() else float("nan")


def by_programme(benefit: Any, grant: Any, budget: float, group: Any, cap: float) -> float:
    """Return the benefit of the best set under one cap for all municipalities, by scipy's solver."""
    rows = np.vstack([grant / budget, *(grant / cap * (group == number) for number in np.unique(group))])
    result = milp(
        -benefit / benefit.max(),
        constraints=LinearConstraint(1e4 * rows, ub=np.full(len(rows), 1e4)),
        integrality=np.ones(len(benefit)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-5, "node_limit": 20_000},
    )
    return float(benefit[result.x > 0.5].sum())


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.integers(0, 150), st.lists(st.integers(0, 80), min_size=3, max_size=3), st.data())
def test_the_choice_keeps_all_limits_and_its_error_is_bounded(
    items: Any, budget: int, caps: list[int], data: st.DataObject
) -> None:
    table = np.array(items, dtype=float)
    benefit = table[:, :1] * np.random.default_rng(7).uniform(0.5, 1.5, (len(items), 4))
    grant = table[:, 1:2] * np.round(np.random.default_rng(8).uniform(0.5, 1.5, (len(items), 4)), 1)
    group = table[:, 2].astype(int)
    names = ids(len(items))
    must, never = data.draw(st.sets(st.sampled_from(names), max_size=2)), data.draw(st.sampled_from(names))
    limits = Limits(
        must=tuple(sorted(must - {never})),
        never=(never,),
        caps=(("0", float(caps[0])), ("1", float(caps[1]))),
        cap=float(caps[2]),
    )
    codes = tuple(str(number) for number in group)
    found = reselect(benefit, grant, budget=budget, area_ids=names, municipalities=codes, limits=limits)
    built = np.array([name in limits.must for name in names])
    barred = np.array([name == never for name in names])
    assert found.chosen[built].all()
    assert not found.chosen[barred].any()
    assert found.chosen[(grant <= 0) & ~barred[:, None]].all()
    assert (found.error >= 0).all()
    assert (found.error <= 1).all()
    for draw in range(4):
        chosen = found.chosen[:, draw]
        assert benefit[chosen, draw].sum() == pytest.approx(found.benefit[draw])
        exact = by_force(benefit[:, draw], grant[:, draw], budget, group, caps, built, barred)
        if np.isnan(exact):  # what must be built does not fit: nothing else that costs is added to the pot it breaks
            continue
        assert grant[chosen, draw].sum() <= budget + 1e-9
        for number in range(3):
            assert grant[chosen & (group == number), draw].sum() <= caps[number] + 1e-9
        assert found.benefit[draw] <= exact + 1e-9
        assert found.bound[draw] >= exact - 1e-6, "the relaxation is never below the best set"


@settings(max_examples=40, deadline=None)
@given(ITEMS, st.integers(0, 150), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_changes_the_benefit(items: Any, budget: int, random: Any) -> None:
    table = np.array(items, dtype=float)
    noise = np.random.default_rng(3).uniform(0.9, 1.1, (2, len(items), 3))
    benefit, grant = table[:, :1] * noise[0], table[:, 1:2] * noise[1]
    order = list(range(len(items)))
    random.shuffle(order)
    codes = tuple(str(int(number)) for number in table[:, 2])
    limits = Limits(cap=50.0)
    one = reselect(benefit, grant, budget=budget, area_ids=ids(len(items)), municipalities=codes, limits=limits)
    other = reselect(
        benefit[order],
        grant[order],
        budget=budget,
        area_ids=tuple(ids(len(items))[row] for row in order),
        municipalities=tuple(codes[row] for row in order),
        limits=limits,
    )
    assert other.benefit == pytest.approx(one.benefit)
    assert other.bound == pytest.approx(one.bound)


def test_what_must_be_funded_is_even_where_it_costs_too_much() -> None:
    benefit, grant = np.array([1.0, 9.0, 2.0]), np.array([[80.0, 120.0], [50.0, 50.0], [0.0, 0.0]])
    found = reselect(benefit, grant, budget=100, area_ids=ids(3), limits=Limits(must=("A000",)))
    assert found.chosen.T.tolist() == [[True, False, True], [True, False, True]]
    cheap = reselect(benefit, grant, budget=200, area_ids=ids(3), limits=Limits(must=("A000",), never=("A002",)))
    assert cheap.chosen.T.tolist() == [[True, True, False], [True, True, False]]


def test_a_cap_binds_one_municipality_and_leaves_the_money_to_others() -> None:
    benefit, grant = np.array([9.0, 8.0, 1.0]), np.full((3, 1), 40.0)
    limits = Limits(caps=(("5001", 50.0),))
    found = reselect(benefit, grant, budget=80, area_ids=ids(3), municipalities=("5001", "5001", "5006"), limits=limits)
    assert found.chosen[:, 0].tolist() == [True, False, True]


def test_what_is_not_followed_of_a_wish_is_named() -> None:
    plain = Wishes(must=("A",), never=("B",), caps=(("5001", 1e6),), cap=2e6)
    assert limits_of(plain) == (Limits(("A",), ("B",), (("5001", 1e6),), 2e6), ())
    assert limits_of(Wishes()) == (Limits(), ())
    more = Wishes(least_municipalities=2, needs=(("A", "B"),), sources=(("state", 1e6),), phases=(0.5, 0.5))
    assert limits_of(more) == (Limits(), ("least_municipalities", "needs", "sources", "phases"))


def test_limits_that_cannot_be_read_are_refused() -> None:
    benefit, grant = np.array([1.0]), np.ones((1, 2))
    for limits, text in (
        (Limits(must=("B",)), "must: area B is not one of"),
        (Limits(never=("B",)), "never: area B is not one of"),
        (Limits(must=("A000",), never=("A000",)), "A000 both must and must never"),
        (Limits(cap=5.0), "caps need the municipality"),
    ):
        with pytest.raises(PolicyError, match=text):
            reselect(benefit, grant, budget=1, area_ids=ids(1), limits=limits)
    assert reselect(np.empty(0), np.empty((0, 2)), budget=1).error.tolist() == [0, 0]


@pytest.mark.parametrize(("share", "most"), [(0.2, 0.005), (0.05, 0.02)])
def test_the_shortcut_with_caps_is_close_to_the_solver_for_a_county(share: float, most: float) -> None:
    benefit, _, drawn = county(200, 8)
    group = np.arange(200) % 20
    cap = share * BUDGET
    found = reselect(
        benefit,
        drawn,
        budget=BUDGET,
        area_ids=ids(200),
        municipalities=tuple(f"{number:02d}" for number in group),
        limits=Limits(cap=cap),
    )
    exact = np.array([by_programme(benefit, drawn[:, draw], BUDGET, group, cap) for draw in range(8)])
    short = 1 - found.benefit / exact
    assert short.min() > -1e-4
    assert short.max() < most
    assert (found.error >= short - 1e-6).all()
