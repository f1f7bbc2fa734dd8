"""Greedy cover: drawn cases with visible answers, and the exact optimum of an integer programme to hold it against."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from coverage.siting import Cover, greedy_cover

BOUND = 1 - 1 / math.e
Case = tuple[list[list[int]], list[float]]  # what each site reaches, what each demand is worth


def choose(
    reach: Sequence[Sequence[int]],
    gain: Sequence[float],
    *,
    least: float = 1e-6,
    effort: Sequence[float] | None = None,
) -> Cover:
    """Choose among sites that each reach the demands listed, all of effort 1 unless told."""
    takes = np.ones(len(reach)) if effort is None else np.array(effort, dtype=float)
    site = np.repeat(np.arange(len(reach)), [len(each) for each in reach])
    demand = np.array([one for each in reach for one in each], dtype=np.int64)
    return greedy_cover(site, demand, gain=np.array(gain, dtype=float), effort=takes, least_gain=least)


def optimum(
    reach: Sequence[Sequence[int]], gain: Sequence[float], most: float, *, effort: Sequence[float] | None = None
) -> float:
    """Solve maximal cover by sites of `most` effort exactly: y_d <= sum of x_s over the sites that reach d."""
    sites, demands = len(reach), len(gain)
    dense = np.zeros((demands, sites))
    for number, each in enumerate(reach):
        dense[each, number] = 1.0
    linked = hstack([csr_array(-dense), eye_array(demands)], format="csr")
    at_most = csr_array(np.concatenate([np.ones(sites) if effort is None else effort, np.zeros(demands)])[None, :])
    found = milp(
        -np.concatenate([np.zeros(sites), np.asarray(gain, dtype=float)]),
        constraints=[LinearConstraint(linked, -np.inf, 0.0), LinearConstraint(at_most, -np.inf, most)],
        integrality=np.ones(sites + demands),
        bounds=Bounds(0, 1),
    )
    assert found.success, found.message
    return float(-found.fun)


def plain_greedy(reach: Sequence[Sequence[int]], gain: Sequence[float]) -> tuple[list[int], list[float]]:
    """Look at every site in every round."""
    left, chosen, added = set(range(len(gain))), [], []
    while True:
        worth = [sum(gain[one] for one in sorted(left & set(each))) for each in reach]
        best = max(range(len(reach)), key=lambda number: (worth[number], -number), default=-1)
        if best < 0 or worth[best] <= 0:
            return chosen, added
        chosen.append(best)
        added.append(worth[best])
        left -= set(reach[best])


def drawn_case(seed: int) -> Case:
    """Draw sites that overlap: what one adds often falls when another is chosen."""
    rng = np.random.default_rng(seed)
    sites, demands = int(rng.integers(1, 9)), int(rng.integers(1, 15))
    within = rng.random((sites, demands)) < rng.uniform(0.1, 0.7)
    gain = rng.integers(0, 12, demands).astype(float).tolist()
    return [rng.permutation(np.flatnonzero(row)).tolist() for row in within], gain


def cases() -> st.SearchStrategy[Case]:
    return st.integers(0, 2**32 - 1).map(drawn_case)


def test_three_hamlets_and_the_two_sites_that_serve_them() -> None:
    #        a  a  b  b  b  c
    gain = [1, 1, 1, 1, 1, 9]
    found = choose([[0, 1], [2, 3, 4, 5], [1, 2]], gain)
    assert found.site.tolist() == [1, 0]
    assert found.added.tolist() == [12, 2]
    assert found.server.tolist() == [1, 1, 0, 0, 0, 0]
    assert [optimum([[0, 1], [2, 3, 4, 5], [1, 2]], gain, count) for count in (1, 2)] == [12, 14]


def test_where_greed_is_not_best_it_keeps_the_bound() -> None:
    # One site reaches the better part of both villages, so the first choice spoils the best pair.
    reach = [[0, 1, 3, 4], [0, 1, 2], [3, 4, 5]]
    gain = [2, 2, 3, 2, 2, 3]
    found = choose(reach, gain)
    assert found.site.tolist() == [0, 1, 2]
    assert np.cumsum(found.added).tolist() == [8, 11, 14]
    assert [optimum(reach, gain, count) for count in (1, 2, 3)] == [8, 14, 14]
    assert np.cumsum(found.added)[1] >= BOUND * 14


def test_of_sites_that_add_as_much_the_lower_number_is_chosen() -> None:
    assert choose([[0, 1], [1, 0], [1, 2]], [1, 1, 1]).site.tolist() == [0, 2]
    # 0.1 + 0.2 + 0.3 and 0.3 + 0.3 differ in the last bit only.
    assert choose([[0, 1, 2], [3, 4]], [0.3, 0.3, 0.0, 0.1 + 0.2, 0.3]).site[0] == 0
    assert choose([[3, 4], [0, 1, 2]], [0.3, 0.3, 0.0, 0.1 + 0.2, 0.3]).site[0] == 0


def test_what_a_site_adds_is_looked_at_again_before_it_is_chosen() -> None:
    # The second site reaches nearly what the first does, so the third comes before it.
    found = choose([[0, 1, 2], [0, 1, 3], [4, 5]], [5, 5, 2, 1, 4, 4])
    assert (found.site.tolist(), found.added.tolist()) == ([0, 2, 1], [12, 8, 1])
    assert choose([[0, 1], [1, 2]], [5, 5, 1], least=3).site.tolist() == [0]
    assert choose([[0, 1], [1, 0]], [5, 5], least=0).site.tolist() == [0]


def test_a_site_must_add_the_least_gain_after_those_before_it() -> None:
    reach = [[0, 1, 2], [2, 3], [4]]
    gain = [5, 5, 5, 4, 10]
    assert choose(reach, gain, least=10).site.tolist() == [0, 2]
    assert choose(reach, gain, least=10.001).site.tolist() == [0]
    assert choose(reach, gain, least=4).site.tolist() == [0, 2, 1]
    assert choose(reach, gain, least=16).site.tolist() == []


def test_effort_is_weighed_against_what_a_site_adds() -> None:
    reach = [[0, 1, 2], [0, 1], [2]]
    assert choose(reach, [5, 5, 1], effort=[1, 1, 1]).site.tolist() == [0]
    # Nearly as much for a third of the effort comes first, and what is left is worth the small site alone.
    found = choose(reach, [5, 5, 1], effort=[3, 1, 1])
    assert (found.site.tolist(), found.added.tolist()) == ([1, 2], [10, 1])
    # The least gain is per effort.
    assert choose(reach, [5, 5, 1], effort=[3, 1, 1], least=1.001).site.tolist() == [1]
    assert choose(reach, [5, 5, 1], effort=[3, 1, 0.5], least=1.001).site.tolist() == [1, 2]


def test_nothing_to_serve_chooses_nothing() -> None:
    assert choose([], []).site.tolist() == []
    assert choose([[], []], [1.0, 2.0]).server.tolist() == [-1, -1]
    assert choose([[0], [1]], [0.0, 0.0], least=0.0).site.tolist() == []


def test_a_pair_given_twice_counts_once() -> None:
    found = greedy_cover(
        np.array([0, 0, 1, 0]), np.array([0, 0, 1, 0]), gain=np.array([2.0, 3.0]), effort=np.ones(2), least_gain=1.0
    )
    assert (found.site.tolist(), found.added.tolist()) == ([1, 0], [3, 2])


@settings(deadline=None, max_examples=60)
@given(cases())
def test_every_number_of_sites_keeps_the_bound_to_the_exact_optimum(case: Case) -> None:
    reach, gain = case
    total = np.cumsum(choose(reach, gain).added)
    for count in range(1, len(reach) + 1):
        best = optimum(reach, gain, count)
        mine = total[min(count, len(total)) - 1] if len(total) else 0.0
        assert mine >= BOUND * best - 1e-6
        assert mine <= best + 1e-6
    assert optimum(reach, gain, 1) == pytest.approx(total[0] if len(total) else 0.0)
    assert optimum(reach, gain, len(reach)) == pytest.approx(total[-1] if len(total) else 0.0)


@settings(deadline=None, max_examples=60)
@given(cases(), st.lists(st.integers(1, 9).map(float), min_size=8, max_size=8))
def test_the_bound_holds_for_every_effort_that_the_list_comes_to(case: Case, efforts: list[float]) -> None:
    reach, gain = case
    effort = efforts[: len(reach)]
    found = choose(reach, gain, effort=effort)
    spent, total = np.cumsum([effort[number] for number in found.site]), np.cumsum(found.added)
    for most, mine in zip(spent, total, strict=True):
        best = optimum(reach, gain, most, effort=effort)
        assert BOUND * best - 1e-6 <= mine <= best + 1e-6
    each = [added / effort[number] for number, added in zip(found.site, found.added, strict=True)]
    assert each == sorted(each, reverse=True)


@settings(deadline=None)
@given(cases())
def test_where_no_two_sites_reach_the_same_demand_greed_is_exact(case: Case) -> None:
    reach, gain = case
    taken: set[int] = set()
    apart = []
    for each in reach:
        apart.append([one for one in each if one not in taken])
        taken |= set(each)
    total = np.cumsum(choose(apart, gain).added)
    for count in range(1, len(total) + 1):
        assert optimum(apart, gain, count) == pytest.approx(total[count - 1])


@settings(deadline=None)
@given(cases())
def test_only_looking_again_where_needed_changes_no_choice(case: Case) -> None:
    reach, gain = case
    found = choose(reach, gain)
    assert (found.site.tolist(), found.added.tolist()) == plain_greedy(reach, gain)


@settings(deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_each_demand_counts_once_whatever_the_order_of_the_pairs(case: Case, chance: object) -> None:
    reach, gain = case
    found = choose(reach, gain)
    assert list(found.added) == sorted(found.added, reverse=True)
    assert len(set(found.site.tolist())) == len(found.site)
    for place, number in enumerate(found.site):
        mine = np.flatnonzero(found.server == place)
        assert set(mine.tolist()) <= set(reach[number])
        assert sum(gain[one] for one in mine) == found.added[place]
    reached = {one for number in found.site for one in reach[number]}
    assert set(np.flatnonzero(found.server >= 0).tolist()) == reached
    pairs = [(number, one) for number, each in enumerate(reach) for one in each]
    chance.shuffle(pairs)  # type: ignore[attr-defined]
    site, demand = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    again = greedy_cover(site, demand, gain=np.array(gain), effort=np.ones(len(reach)), least_gain=1e-6)
    assert again.site.tolist() == found.site.tolist()
    assert again.server.tolist() == found.server.tolist()


@settings(deadline=None)
@given(cases(), cases())
def test_more_candidates_never_cost_more_than_the_bound(case: Case, other: Case) -> None:
    # Greed with more to choose from may serve less, yet never less than 1 - 1/e of what it served with fewer: the
    # optimum only grows. The first site never adds less, and all sites together never serve less.
    reach, gain = case
    more = [*reach, *([one for one in each if one < len(gain)] for each in other[0])]
    few, many = np.cumsum(choose(reach, gain).added), np.cumsum(choose(more, gain).added)
    for count in range(1, len(few) + 1):
        assert many[min(count, len(many)) - 1] >= BOUND * few[count - 1] - 1e-9
    if len(few):
        assert many[0] >= few[0]
        assert many[-1] >= few[-1]
