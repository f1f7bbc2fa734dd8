from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.assessment import Assessment
from maps import server
from maps.filters import ALL, COLUMNS, NOBODY, PLAIN, Filter, facts
from maps.store import MAX_FILTERS, STORE, Entry
from maps.tiles.pyramid import mercator
from maps.tilesets import tiles_of
from tests import toy
from tests.asking import ask

ROUTES = server.routes()
WHOLE = toy.assessment()
PLACES = WHOLE.places.assign(
    planned_by=np.where(np.arange(300) % 11 == 0, "Builder <b>", None),
    line_of_business=WHOLE.places["line_of_business"].where(np.arange(300) % 2 == 0, "Fishing <i>&</i>"),
)
FACTS = facts(PLACES)


def values(name: str) -> list[str]:
    return [*PLACES[COLUMNS[name]].dropna().unique(), "nothing like it", NOBODY]


FILTERS = st.builds(
    Filter, **{name: st.lists(st.sampled_from(values(name)), max_size=3).map(tuple) for name in COLUMNS}
)


def plain_count(chosen: Filter) -> float:
    """Count as a reader of the frame would, row by row."""
    kept = PLACES
    for name, wanted in chosen.chosen.items():
        kept = kept[kept[COLUMNS[name]].fillna("").isin(wanted)]
    return float(kept["weight"].sum())


@given(chosen=FILTERS)
def test_a_filter_lets_through_what_a_plain_count_finds(chosen: Filter) -> None:
    assert float(PLACES["weight"].to_numpy() @ chosen.mask(FACTS)) == plain_count(chosen)


@given(chosen=FILTERS)
def test_a_filter_never_adds_a_place_and_clearing_a_field_never_takes_one(chosen: Filter) -> None:
    through = chosen.mask(FACTS)
    for name in chosen.chosen:
        wider = chosen.without(name)
        assert name not in wider.chosen
        assert np.all(wider.mask(FACTS) >= through)
    assert Filter().mask(FACTS).all()


@given(one=FILTERS, other=FILTERS)
def test_filters_commute(one: Filter, other: Filter) -> None:
    """Fields that only one of them uses may be put together in either order."""
    apart = other.without(*one.chosen)
    both = dataclasses.replace(one, **apart.chosen)
    assert both == dataclasses.replace(apart, **one.chosen)
    assert np.array_equal(both.mask(FACTS), one.mask(FACTS) & apart.mask(FACTS))


@given(chosen=FILTERS)
def test_the_same_choice_has_one_code_whatever_its_order(chosen: Filter) -> None:
    turned = Filter(**{name: (*reversed(wanted), wanted[0]) for name, wanted in chosen.chosen.items()})
    assert turned == chosen
    assert turned.code == chosen.code
    assert re.fullmatch(r"[a-z0-9]+", chosen.code), "an underscore would keep an old layer on the map"


@given(one=FILTERS, other=FILTERS)
def test_different_choices_have_different_codes(one: Filter, other: Filter) -> None:
    assert (one == other) == (one.code == other.code)


def test_one_kind_alone_is_its_own_code() -> None:
    assert Filter().code == ALL
    assert Filter(kinds=("business",)).code == "business"
    assert Filter(kinds=("business",), gaps=("both",)).code not in PLAIN
    assert all(chosen.code == code for code, chosen in PLAIN.items())


def test_a_column_that_a_study_lacks_has_nothing_of_what_is_asked() -> None:
    bare = facts(PLACES.drop(columns=["planned_by", "mobile_level"]))
    assert not Filter(builders=("Builder <b>",)).mask(bare).any()
    assert Filter(kinds=("business",)).mask(bare).sum() == 60


def test_shares_and_words_are_kept_as_they_are() -> None:
    shares = PLACES.assign(share_below_30=0.25)
    kept = facts(shares)
    assert list(kept["share_below_30"].unique()) == [0.25]
    for name in ("kind", "planned_by", "line_of_business"):
        told = kept[name].astype(object)
        assert ((told == PLACES[name]) | (told.isna() & PLACES[name].isna())).all()


# --- what the server's routes know ----------------------------------------------------------------------------


@pytest.fixture
def entry() -> Entry:
    return Entry(dataclasses.replace(WHOLE, places=PLACES))


def test_a_registered_filter_is_known_by_its_code_and_no_other_is(entry: Entry) -> None:
    chosen = Filter(gaps=("both",), municipalities=("5001",))
    assert not entry.knows(chosen.code)
    assert entry.register(chosen) == chosen.code
    assert entry.knows(chosen.code)
    assert entry.knows("business")
    for unknown in ("", "0" * 16, "../all", "ALL", "<script>"):
        assert not entry.knows(unknown)
    rows = entry.rows(chosen.code)
    assert rows is not None
    assert np.array_equal(rows, chosen.mask(FACTS))
    assert entry.rows(ALL) is None


def test_the_filters_that_are_known_are_bounded(entry: Entry) -> None:
    codes = [entry.register(Filter(lines=(f"line {number}",))) for number in range(MAX_FILTERS + 3)]
    assert [entry.knows(code) for code in codes[:3]] == [False] * 3
    assert all(map(entry.knows, codes[3:]))


def test_tiles_under_a_filter_hold_its_places_alone_and_are_made_once(entry: Entry) -> None:
    chosen = Filter(sizes=("micro",), gaps=("fixed", "both"))
    code = entry.register(chosen)
    tiles = tiles_of(entry, "gap", code)
    assert tiles is not None
    assert tiles is tiles_of(entry, "gap", code)
    assert len(tiles.points.key) == chosen.mask(FACTS).sum()
    assert tiles_of(entry, "gap", "f" * 16) is None
    assert tiles_of(entry, "nothing", code) is None


def test_a_filter_of_one_assessment_is_not_known_to_another() -> None:
    _, ground = STORE.put(WHOLE)
    here = STORE.get(ground)
    assert here is not None
    code = here.register(Filter(operators=("Oldnet",)))
    other = dataclasses.replace(WHOLE, study=dataclasses.replace(WHOLE.study, id="elsewhere"))
    there = STORE.get(STORE.put(other)[1])
    assert there is not None
    assert here.knows(code)
    assert not there.knows(code)


def test_filtered_counts_are_those_of_a_narrow_frame() -> None:
    many = pd.concat([PLACES] * 20, ignore_index=True)
    chosen = Filter(operators=("Oldnet",), kinds=("household",))
    assert chosen.mask(facts(many)).sum() == 20 * chosen.mask(FACTS).sum()


def test_the_route_serves_tiles_of_registered_filters_alone() -> None:
    _, ground = STORE.put(WHOLE)
    entry = STORE.get(ground)
    assert entry is not None
    code = entry.register(Filter(kinds=("household",), gaps=("fixed",), tiers=("below_30",)))
    zoom, across, down = 8, *(int(part * 2**8) for part in mercator_of(WHOLE))
    address = f"/tiles/{ground}/gap/{{}}/{zoom}/{across}/{down}.png"
    found = {name: ask(ROUTES, address.format(name)) for name in (code, "household", "all")}
    assert {answer.status for answer in found.values()} == {200}
    assert len({answer.body for answer in found.values()}) == 3, "each draws something else"
    for unknown in ("0" * 16, code.upper(), f"{code}0", "..%2fall", "%3Cscript%3E"):
        assert ask(ROUTES, address.format(unknown)).status == 404


def mercator_of(assessment: Assessment) -> tuple[float, float]:
    point = assessment.places.to_crs(4326).geometry.iloc[0]
    u, v = mercator(np.array([point.x]), np.array([point.y]))
    return float(u[0]), float(v[0])
