from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coverage.errors import DataError, PolicyError
from coverage.programme import NONE, InfeasibleError, Options, Programme, choose, explain
from coverage.programme.model import Bins, build
from coverage.programme.pack import pack, units
from coverage.programme.relax import relax
from coverage.programme.solve import UnsolvedError, solve
from coverage.selection import ranked_cut
from coverage.wishes import Wishes
from tests.knapsack import optimum

ROOT = Path(__file__).parent.parent
NAMES = ("a", "b", "c", "d")
TOWNS = ("5001", "5006")


def options(rows: list[tuple[str, str, str, float, float]], *, earliest: Any = None) -> Options:
    """Make options of rows (area, municipality, technology, benefit, grant)."""
    areas = list(dict.fromkeys(row[0] for row in rows))
    town = {row[0]: row[1] for row in rows}
    return Options(
        area_ids=tuple(areas),
        municipality=tuple(town[name] for name in areas),
        area=np.array([areas.index(row[0]) for row in rows], dtype=np.intp),
        technology=tuple(row[2] for row in rows),
        benefit=np.array([row[3] for row in rows], dtype=float),
        grant=np.array([row[4] for row in rows], dtype=float),
        earliest=earliest,
    )


def chosen(programme: Programme, table: Options) -> dict[str, tuple[str, int]]:
    """Read a programme as area -> (technology, year)."""
    at = np.flatnonzero(programme.chosen).tolist()
    return {table.area_ids[row]: (table.technology[programme.option[row]], int(programme.phase[row])) for row in at}


def keeps(
    places: tuple[tuple[int, int, int] | None, ...], table: Options, *, money: Any, shares: Any, wishes: Wishes
) -> bool:
    """Say whether a plan, per area None or (option, pot, year), keeps every rule: written apart from the model."""
    at = dict(zip(table.area_ids, places, strict=True))
    if any(at[name] is None for name in wishes.must) or any(at[name] is not None for name in wishes.never):
        return False
    for area, other in wishes.needs:
        mine, theirs = at[area], at[other]
        if mine is not None and (theirs is None or theirs[2] > mine[2]):
            return False
    reached = {code for code, place in zip(table.municipality, places, strict=True) if place is not None}
    if len(reached) < wishes.least_municipalities:
        return False
    taken = [(code, place) for code, place in zip(table.municipality, places, strict=True) if place is not None]
    for code in reached:
        if math.fsum(table.grant[place[0]] for town, place in taken if town == code) > wishes.cap_of(code):
            return False
    for pot, year in itertools.product(range(len(money)), range(len(shares))):
        spent = math.fsum(table.grant[place[0]] for _, place in taken if place[1:] == (pot, year))
        if spent > money[pot] * shares[year]:
            return False
    return all(place[2] >= table.first_phase[place[0]] for _, place in taken)


def best_by_force(table: Options, *, budget: float, wishes: Wishes) -> float | None:
    """Try everything; None where nothing keeps the rules."""
    money = [value for _, value in wishes.money(budget)]
    shares = wishes.phases or (1.0,)
    bins = list(itertools.product(range(len(money)), range(len(shares))))
    choices: list[list[tuple[int, int, int] | None]] = []
    for row in range(len(table.area_ids)):
        mine = [(int(option), *at) for option in np.flatnonzero(table.area == row) for at in bins]
        choices.append([None, *mine])
    best: float | None = None
    for places in itertools.product(*choices):
        worth = math.fsum(table.benefit[place[0]] for place in places if place is not None)
        if (best is None or worth > best) and keeps(places, table, money=money, shares=shares, wishes=wishes):
            best = worth
    return best


def places_of(programme: Programme) -> tuple[tuple[int, int, int] | None, ...]:
    """Read a programme as the plan that `keeps` judges; what needs no grant may stand in any pot."""
    rows = zip(programme.option.tolist(), programme.pot.tolist(), programme.phase.tolist(), strict=True)
    return tuple(None if option == NONE else (option, max(pot, 0), year) for option, pot, year in rows)


@st.composite
def cases(draw: Any) -> tuple[Options, float, Wishes]:
    """Draw up to four areas with up to two technologies, and any wishes about them."""
    names = NAMES[: draw(st.integers(1, 4))]
    rows = []
    for name in names:
        town = draw(st.sampled_from(TOWNS))
        technologies = ("fibre", "radio")[: draw(st.integers(1, 2))]
        rows += [(name, town, kind, draw(st.integers(0, 20)), draw(st.integers(0, 30))) for kind in technologies]
    shares = draw(st.sampled_from([(), (0.5, 0.5), (0.75, 0.25)]))
    pots = draw(st.sampled_from([(), (("county", 15.0), ("state", 35.0))])) if len(names) < 4 or not shares else ()
    must = tuple(sorted(draw(st.sets(st.sampled_from(names), max_size=1))))
    others = [name for name in names if name not in must]
    never = tuple(sorted(draw(st.sets(st.sampled_from(others), max_size=1)))) if others else ()
    pairs = list(itertools.permutations(names, 2))
    needs = tuple(sorted(draw(st.sets(st.sampled_from(pairs), max_size=2)))) if pairs else ()
    towns = sorted({row[1] for row in rows})
    wishes = Wishes(
        must=must,
        never=never,
        caps=tuple((code, float(draw(st.integers(0, 40)))) for code in towns[: draw(st.integers(0, 1))]),
        cap=draw(st.sampled_from([math.inf, 25.0])),
        least_municipalities=draw(st.sampled_from([0, 0, 1, 2])),
        needs=needs,
        sources=pots,
        phases=shares,
    )
    earliest = None
    if shares and draw(st.booleans()):
        earliest = np.array([draw(st.integers(0, len(shares) - 1)) for _ in rows], dtype=np.intp)
    return options(rows, earliest=earliest), float(draw(st.integers(0, 60))), wishes


@settings(max_examples=250, deadline=None)
@given(cases())
def test_the_programme_equals_brute_force_and_keeps_every_rule(case: tuple[Options, float, Wishes]) -> None:
    table, budget, wishes = case
    best = best_by_force(table, budget=budget, wishes=wishes)
    if best is None:
        with pytest.raises(InfeasibleError) as error:
            choose(table, budget=budget, wishes=wishes, gap=0.0)
        assert_smallest(error.value, table, budget=budget, wishes=wishes)
        return
    found = choose(table, budget=budget, wishes=wishes, gap=0.0)
    money = [value for _, value in wishes.money(budget)]
    shares = wishes.phases or (1.0,)
    assert keeps(places_of(found), table, money=money, shares=shares, wishes=wishes)
    assert found.benefit == pytest.approx(best)
    assert found.bound >= found.benefit
    assert found.gap == pytest.approx(0, abs=1e-6)
    assert (found.granted <= found.money).all()
    assert found.granted.sum() == pytest.approx(table.grant[found.option[found.chosen]].sum())
    # What takes no money is built wherever the wishes let it.
    assert ((found.pot == NONE) == (~found.chosen | (table.grant[found.option] <= 0))).all()


def assert_smallest(error: InfeasibleError, table: Options, *, budget: float, wishes: Wishes) -> None:
    """Check by force that the named rules clash, and that without any one of them the rest can hold."""
    assert error.rules
    assert not possible(set(error.rules), table, budget=budget, wishes=wishes)
    for rule in error.rules:
        assert possible(set(error.rules) - {rule}, table, budget=budget, wishes=wishes), rule
    for rule in error.rules:
        for part in rule[1:]:
            assert part in str(error)


def possible(rules: set[tuple[str, ...]], table: Options, *, budget: float, wishes: Wishes) -> bool:
    """Say by force whether some plan keeps the rules of these names alone."""
    pots = wishes.money(budget)
    total = sum(value for _, value in pots)
    if ("sources",) not in rules:
        pots = (("", total),)
    if ("budget",) not in rules:
        # Each pot, and each year of it, has more than everything costs.
        pots = tuple((name, 1e6) for name, _ in pots)
    caps = {code: value for code, value in wishes.caps if ("caps", code) in rules}
    if ("cap",) in rules:
        caps |= {code: wishes.cap for code in table.municipality if code not in dict(wishes.caps)}
    kept = Wishes(
        must=tuple(name for name in wishes.must if ("must", name) in rules),
        never=tuple(name for name in wishes.never if ("never", name) in rules),
        caps=tuple(sorted(caps.items())),
        least_municipalities=wishes.least_municipalities if ("least_municipalities",) in rules else 0,
        needs=tuple(pair for pair in wishes.needs if ("needs", *pair) in rules),
        sources=pots if len(pots) > 1 else (),
        phases=wishes.phases if ("phases",) in rules else (),
    )
    if not kept.phases and table.earliest is not None:
        table = Options(
            table.area_ids, table.municipality, table.area, table.technology, table.benefit, table.grant, None
        )
    return best_by_force(table, budget=pots[0][1] if len(pots) == 1 else budget, wishes=kept) is not None


@settings(max_examples=60, deadline=None)
@given(cases(), st.integers(0, 30))
def test_more_budget_never_lowers_the_benefit(case: tuple[Options, float, Wishes], more: int) -> None:
    table, budget, wishes = case
    assume(not wishes.sources)
    try:
        small = choose(table, budget=budget, wishes=wishes, gap=0.0)
    except InfeasibleError:
        return
    assert choose(table, budget=budget + more, wishes=wishes, gap=0.0).benefit >= small.benefit - 1e-9


@settings(max_examples=60, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters(case: tuple[Options, float, Wishes], random: Any) -> None:
    table, budget, wishes = case
    areas, rows = list(range(len(table.area_ids))), list(range(len(table.area)))
    random.shuffle(areas)
    random.shuffle(rows)
    other = Options(
        area_ids=tuple(table.area_ids[row] for row in areas),
        municipality=tuple(table.municipality[row] for row in areas),
        area=np.array([areas.index(int(table.area[row])) for row in rows], dtype=np.intp),
        technology=tuple(table.technology[row] for row in rows),
        benefit=table.benefit[rows],
        grant=table.grant[rows],
        earliest=None if table.earliest is None else table.earliest[rows],
    )
    if best_by_force(table, budget=budget, wishes=wishes) is None:
        said = []
        for rows_in_order in (table, other):
            with pytest.raises(InfeasibleError) as error:
                choose(rows_in_order, budget=budget, wishes=wishes)
            said.append((str(error.value), error.value.rules))
        assert said[0] == said[1]
        return
    first, second = (choose(rows_in_order, budget=budget, wishes=wishes) for rows_in_order in (table, other))
    assert chosen(first, table) == chosen(second, other)
    assert (first.benefit, first.bound) == (second.benefit, second.bound)
    assert first.pot[[table.area_ids.index(name) for name in other.area_ids]].tolist() == second.pot.tolist()


def test_without_wishes_it_is_the_plain_optimum() -> None:
    rng = np.random.default_rng(6)
    benefit, grant = rng.uniform(0.1, 40, 40), rng.uniform(2e5, 3e7, 40)
    grant[7] = 0.0
    table = options([(f"{row:02d}", "5001", "fibre", benefit[row], grant[row]) for row in range(40)])
    plain = optimum(benefit, grant, budget=58_410_000)
    found = choose(table, budget=58_410_000, gap=0.0)
    assert found.benefit == pytest.approx(plain.benefit)
    assert found.granted.tolist() == [[pytest.approx(grant[found.chosen].sum())]]


def test_the_cheaper_technology_buys_two_areas_instead_of_one() -> None:
    table = options(
        [
            ("a", "5001", "fibre", 10, 100),
            ("a", "5001", "radio", 8, 40),
            ("b", "5001", "fibre", 9, 90),
            ("b", "5001", "radio", 7, 60),
        ]
    )
    assert chosen(choose(table, budget=100), table) == {"a": ("radio", 0), "b": ("radio", 0)}
    assert chosen(choose(table, budget=190), table) == {"a": ("fibre", 0), "b": ("fibre", 0)}


def test_a_trench_that_another_needs_comes_first() -> None:
    table = options(
        [("far", "5001", "fibre", 50, 40), ("near", "5001", "fibre", 1, 40), ("x", "5006", "fibre", 20, 40)]
    )
    free = Wishes(phases=(0.5, 0.5))
    assert set(chosen(choose(table, budget=80, wishes=free), table)) == {"far", "x"}
    held = Wishes(phases=(0.5, 0.5), needs=(("far", "near"),))
    assert chosen(choose(table, budget=80, wishes=held), table) == {"near": ("fibre", 0), "far": ("fibre", 1)}


def test_each_area_is_paid_by_one_pot() -> None:
    table = options([("a", "5001", "fibre", 9, 60), ("b", "5001", "fibre", 8, 60), ("c", "5001", "fibre", 2, 30)])
    found = choose(table, budget=0, wishes=Wishes(sources=(("state", 70.0), ("county", 50.0))))
    assert found.pots == ("county", "state")
    assert set(chosen(found, table)) == {"a", "c"}
    assert found.granted.tolist() == [[30.0], [60.0]]
    assert found.pot.tolist() == [1, NONE, 0]
    assert set(chosen(choose(table, budget=120), table)) == {"a", "b"}


def test_what_brings_most_per_grant_is_built_first_where_years_are_equal() -> None:
    table = options([("a", "5001", "fibre", 1, 10), ("b", "5001", "fibre", 5, 10)])
    found = choose(table, budget=100, wishes=Wishes(phases=(0.5, 0.5)))
    assert chosen(found, table) == {"a": ("fibre", 0), "b": ("fibre", 0)}


def test_an_area_that_needs_no_grant_is_chosen_even_if_it_brings_nothing() -> None:
    table = options([("a", "5001", "fibre", 0, 0), ("b", "5001", "fibre", 3, 10)])
    assert set(chosen(choose(table, budget=0), table)) == {"a"}
    assert set(chosen(choose(table, budget=0, wishes=Wishes(never=("a",))), table)) == set()


CLASH = options(
    [("a", "5001", "fibre", 9, 60), ("b", "5001", "fibre", 8, 60), ("c", "5006", "fibre", 2, 30)],
    earliest=np.array([0, 1, 0], dtype=np.intp),
)


@pytest.mark.parametrize(
    ("wishes", "budget", "rules"),
    [
        (Wishes(must=("a", "c")), 80, {("budget",), ("must", "a"), ("must", "c")}),
        (Wishes(must=("a",), caps=(("5001", 50.0),)), 100, {("must", "a"), ("caps", "5001")}),
        (Wishes(must=("a",), cap=50.0), 100, {("must", "a"), ("cap",)}),
        (Wishes(must=("a",), needs=(("a", "c"),), never=("c",)), 100,
         {("must", "a"), ("needs", "a", "c"), ("never", "c")}),
        (Wishes(must=("a",), phases=(0.5, 0.5)), 100, {("must", "a"), ("phases",), ("budget",)}),
        (Wishes(must=("a",), sources=(("x", 50.0), ("y", 50.0))), 0, {("must", "a"), ("sources",), ("budget",)}),
        (Wishes(least_municipalities=3), 500, {("least_municipalities",)}),
        (Wishes(least_municipalities=2, never=("c",)), 500, {("least_municipalities",), ("never", "c")}),
        (Wishes(must=("a",), needs=(("a", "b"),), phases=(1.0, 0.0)), 500,
         {("must", "a"), ("needs", "a", "b"), ("phases",), ("budget",)}),
    ],
)  # fmt: skip
def test_every_clash_is_named_by_its_rules(wishes: Wishes, budget: float, rules: set[tuple[str, ...]]) -> None:
    with pytest.raises(InfeasibleError, match=r"cannot.* hold") as error:
        choose(CLASH, budget=budget, wishes=wishes)
    assert set(error.value.rules) == rules
    assert str(error.value).count("\n") == 0


def test_a_must_that_comes_too_late_says_so() -> None:
    with pytest.raises(InfeasibleError, match="fund b in any case cannot hold: it cannot be built in these years"):
        choose(CLASH, budget=500, wishes=Wishes(must=("b",)))


def test_a_must_without_any_technology_says_so() -> None:
    table = Options(("a", "b"), ("5001", "5001"), np.array([0]), ("fibre",), np.array([1.0]), np.array([5.0]))
    with pytest.raises(InfeasibleError, match="fund b in any case cannot hold: no technology with a grant is known"):
        choose(table, budget=100, wishes=Wishes(must=("b",)))


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(must=("z",)), "must: there is no area z"),
        (Wishes(never=("z",)), "never: there is no area z"),
        (Wishes(needs=(("a", "z"),)), "needs: there is no area z"),
        (Wishes(caps=(("9999", 1.0),)), "caps: there is no area in a municipality 9999"),
    ],
)
def test_wishes_about_what_is_not_there_are_refused(wishes: Wishes, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        choose(CLASH, budget=100, wishes=wishes)


def test_options_that_cannot_be_added_up_are_refused() -> None:
    with pytest.raises(DataError, match="the grant of a, fibre is nan"):
        options([("a", "5001", "fibre", 1, math.nan)])
    with pytest.raises(DataError, match="the benefit of a, fibre is -1"):
        options([("a", "5001", "fibre", -1, 5)])
    with pytest.raises(DataError, match="a has fibre twice"):
        options([("a", "5001", "fibre", 1, 5), ("a", "5001", "fibre", 1, 5)])
    with pytest.raises(DataError, match="area_id a stands on two rows"):
        Options(("a", "a"), ("1", "1"), np.array([0]), ("fibre",), np.ones(1), np.ones(1))
    with pytest.raises(DataError, match="equally long"):
        Options(("a",), ("1",), np.array([0]), (), np.ones(1), np.ones(1))
    with pytest.raises(DataError, match="area number 3"):
        Options(("a",), ("1",), np.array([3]), ("fibre",), np.ones(1), np.ones(1))


def test_nothing_to_choose_from_is_an_empty_programme() -> None:
    empty = Options((), (), np.empty(0, dtype=np.intp), (), np.empty(0), np.empty(0))
    found = choose(empty, budget=10)
    assert (found.benefit, found.gap, found.granted.tolist()) == (0, 0, [[0.0]])
    assert choose(CLASH, budget=0).benefit == 0


def test_an_area_that_is_in_for_its_municipality_says_so() -> None:
    table = options([("a", "5001", "fibre", 10, 60), ("b", "5001", "fibre", 9, 40), ("c", "5006", "fibre", 1, 40)])
    wishes = Wishes(least_municipalities=2)
    cut = np.where(ranked_cut(table.grant, budget=100), np.arange(3), NONE)
    found = explain(choose(table, budget=100, wishes=wishes), cut, table, wishes=wishes, order=np.arange(3))
    told = {item.values.get("area_id"): item for item in found if item.code != "line"}
    assert told["c"].code == "gained_municipality"
    assert (told["c"].values["municipality_code"], told["c"].values["least"]) == ("5006", 2)
    assert told["b"].code.startswith("lost_")


def test_the_difference_to_the_ranked_cut_is_told_in_codes() -> None:
    table = options([("a", "5001", "fibre", 10, 100), ("b", "5001", "fibre", 9, 60), ("c", "5006", "fibre", 9, 60)])
    cut = np.where(ranked_cut(table.grant, budget=120), np.arange(3), NONE)
    found = explain(choose(table, budget=120), cut, table, wishes=Wishes(), order=np.arange(3))
    assert [(item.code, item.values.get("area_id")) for item in found] == [
        ("totals", None),
        ("line", "b"),
        ("gained_more_per_grant", "b"),
        ("gained_more_per_grant", "c"),
        ("lost_less_per_grant", "a"),
    ]
    assert found[0].values["benefit_best"] == 18
    assert found[0].values["benefit_cut"] == 10
    assert found[1].values == {"area_id": "b", "grant": 60, "left": 20}
    assert found[2].values["lost_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("wishes", "code", "area"),
    [
        (Wishes(never=("a",)), "lost_never", "a"),
        (Wishes(caps=(("5001", 50.0),)), "lost_cap", "a"),
        (Wishes(phases=(0.5, 0.5)), "lost_larger_than_a_pot", "a"),
        (Wishes(needs=(("a", "b"),), never=("b",)), "lost_need", "a"),
        (Wishes(must=("b",)), "gained_must", "b"),
        (Wishes(needs=(("c", "b"),), must=("c",)), "gained_needed", "b"),
    ],
)
def test_a_wish_is_the_reason_where_it_is(wishes: Wishes, code: str, area: str) -> None:
    table = options([("a", "5001", "fibre", 30, 70), ("b", "5006", "fibre", 9, 50), ("c", "5006", "fibre", 1, 50)])
    cut = np.array([0, NONE, NONE])
    found = explain(choose(table, budget=100, wishes=wishes), cut, table, wishes=wishes, order=np.arange(3))
    assert (code, area) in [(item.code, item.values.get("area_id")) for item in found]


def test_no_difference_is_said_too_and_another_technology_is_one() -> None:
    table = options([("a", "5001", "fibre", 10, 100), ("a", "5001", "radio", 8, 40)])
    programme = choose(table, budget=50)
    same = explain(programme, np.array([1]), table, wishes=Wishes(), order=np.arange(1))
    assert [item.code for item in same] == ["totals", "same"]
    other = explain(programme, np.array([0]), table, wishes=Wishes(), order=np.arange(1))
    assert (other[-1].code, other[-1].values["from"], other[-1].values["to"]) == ("technology", "fibre", "radio")


def county(
    seed: int, *, count: int, share: float, cap: float, years: int = 1, crossing: bool = False
) -> tuple[Options, float, Wishes]:
    """Make areas of skewed size in five municipalities; some need another, of their own or, crossing, of any."""
    rng = np.random.default_rng(seed)
    grant = rng.lognormal(13, 1, count).round()
    benefit = grant * rng.lognormal(-13, 0.6, count)
    rows = []
    for row in range(count):
        town = f"50{rng.integers(1, 6):02d}"
        rows.append((f"{row:03d}", town, "fibre", benefit[row], grant[row]))
        rows.append((f"{row:03d}", town, "radio", 0.7 * benefit[row], round(0.5 * grant[row])))
    table = options(rows)
    pairs = set()
    for row in np.flatnonzero(rng.random(count) < 0.25).tolist():
        nearer = [other for other in range(row) if crossing or table.municipality[other] == table.municipality[row]]
        pairs |= {(f"{row:03d}", f"{rng.choice(nearer):03d}")} if nearer else set()
    budget = float(round(grant.sum() * share))
    phases = (1 / years,) * years if years > 1 else ()
    return table, budget, Wishes(cap=cap * budget, needs=tuple(sorted(pairs)), phases=phases)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("cap", "crossing"), [(0.25, False), (0.25, True), (math.inf, True)])
def test_frontiers_prove_what_the_solver_proves(seed: int, cap: float, crossing: bool) -> None:
    table, budget, wishes = county(seed, count=40, share=0.3, cap=cap, crossing=crossing)
    bins = Bins.of(wishes.money(budget), wishes.phases)
    model = build(table, bins, wishes)
    solved = solve(model, gap=0.0)
    assert solved is not None
    worth = math.fsum(model.gain[solved.columns])
    relaxed = relax(table, bins, wishes, model, gap=0.0)
    assert relaxed is not None
    assert relaxed.bound >= worth * (1 - 1e-9)
    found = choose(table, budget=budget, wishes=wishes, gap=0.0)
    assert found.benefit == pytest.approx(worth, rel=1e-6)
    assert found.gap <= 1e-6


@pytest.mark.parametrize("cap", [0.1, 0.3, math.inf])
def test_many_areas_over_three_years_keep_every_rule_to_the_gap(cap: float) -> None:
    table, budget, wishes = county(3, count=300, share=0.2, cap=cap, years=3)
    found = choose(table, budget=budget, wishes=wishes)
    assert found.gap <= 1e-4
    assert keeps(places_of(found), table, money=[budget], shares=wishes.phases, wishes=wishes)
    # What is built first brings more per grant than what is built later.
    first, later = (found.option[found.chosen & ((found.phase == 0) == early)] for early in (True, False))
    rate = [table.benefit[rows].sum() / table.grant[rows].sum() for rows in (first, later)]
    assert rate[0] > rate[1]


def test_a_pack_uses_the_money_up_and_never_parts_what_is_tied() -> None:
    table = options([(name, "5001", "fibre", 1.0, grant) for name, grant in zip("abcd", (6, 5, 5, 4), strict=True)])
    bins = Bins.of((("", 20.0),), (0.5, 0.5))
    packed = pack(table, [0, 1, 2, 3], bins, Wishes())
    assert [sum(table.grant[packed[0][packed[1] == at]]) for at in (0, 1)] == [10, 10]
    tight = Bins.of((("", 20.0),), (0.35, 0.65))
    options_in, at = pack(table, [0, 1, 2, 3], tight, Wishes(needs=(("a", "b"),)))
    assert len(options_in) < 4
    assert all(sum(table.grant[options_in[at == place]]) <= tight.money[place] for place in (0, 1))
    # a and b are tied: both are in, in the same year, or neither is.
    assert len(set(at[np.isin(options_in, [0, 1])].tolist())) == (1 if 0 in options_in else 0)
    joined = units(table, [0, 1, 3], Wishes(needs=(("d", "a"), ("c", "a"))))
    assert [(unit.options, unit.grant) for unit in joined] == [((0, 3), 10), ((1,), 5)]


def test_a_solver_at_its_limit_leaves_the_plan_and_an_honest_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    # All three fit into the money of both years together, but each year has room for one.
    table = options([(name, "5001", "fibre", 9.0, 6.0) for name in "abc"])
    wishes = Wishes(phases=(0.5, 0.5))
    exact = choose(table, budget=18, wishes=wishes)
    assert (exact.benefit, exact.bound) == (18, 18)

    def at_limit(*_: object, **__: object) -> None:
        raise UnsolvedError("the best programme was not found: limit")

    monkeypatch.setattr(sys.modules["coverage.programme.choose"], "solve", at_limit)
    found = choose(table, budget=18, wishes=wishes)
    assert (found.benefit, found.bound, found.gap) == (18, 27, pytest.approx(1 / 3))
    with pytest.raises(UnsolvedError, match="limit"):
        choose(table, budget=18, wishes=Wishes(least_municipalities=2))


def test_the_benchmark_runs_small() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_selection", "--areas", "60", "--seconds", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "ours" in done.stdout
