from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.audience import Audience
from coverage.disclosure import shown_to
from maps import search
from maps.search import EDGE, FEW, Index, folded
from tests import toy, toy_secret

NAMES = [
    "Fjord Mek AS",
    "Storgata 5",
    "Mek",
    "Ny Fjord",
    "Ærøy Brygge",
    "Haakon Håkonsen",
    "Blåfjord",
    None,
    "🐟",
    "A/S Ås",
]
WHERE = ["Indre Fosen"] * 5 + ["Å i Åfjord", None, "x", "Å i Åfjord", ""]


def index() -> Index:
    return Index.build([NAMES], where=WHERE)


def rows(query: str, most: int = search.MOST) -> list[int]:
    return [hit.row for hit in index().find(query, most=most)]


def ranks(query: str) -> list[int]:
    return [hit.rank for hit in index().find(query)]


def test_a_whole_name_comes_first_then_the_beginning_of_a_name_of_a_word_and_what_is_inside() -> None:
    assert rows("mek") == [2, 0]
    assert ranks("mek") == [0, 2]
    assert rows("fjord") == [0, 3, 6]
    assert ranks("fjord") == [1, 2, 3]
    assert rows("FJORD", most=2) == [0, 3]


@pytest.mark.parametrize(
    ("query", "found"),
    [("ærøy", [4]), ("AEROEY", [4]), ("haakon", [5]), ("håkon", [5]), ("ås", [9]), ("aas", [9]), ("a s ås", [9]),
     ("  storgata   5 ", [1]), ("storgata-5", [1]), ("🐟", [8]), ("", []), ("   ", []), ("\x1f", []), ("zzz", [])],
)  # fmt: skip
def test_letters_are_found_however_they_are_typed(query: str, found: list[int]) -> None:
    assert rows(query) == found


def test_several_words_are_found_in_any_order_and_in_where_the_thing_lies() -> None:
    assert rows("fosen mek") == [0, 2]
    assert rows("fjord mek indre") == [0]
    assert rows("mek åfjord") == []


@pytest.mark.parametrize(
    "query",
    [".*", "(((", "[", "\\", "' or 1=1 --", "<script>alert(1)</script>", "%00", "\x00", "\ud800", "a" * 100_000],
)
def test_nothing_that_is_typed_is_read_as_a_pattern(query: str) -> None:
    assert rows(query) == []


def test_what_many_names_hold_gives_the_best_ones_and_no_more_than_asked() -> None:
    many = [f"Nordlys {number}" for number in range(3 * FEW)] + ["Lys", "Lyset"]
    found = Index.build([many], where=[""] * len(many)).find("lys", most=5)
    assert [hit.row for hit in found] == [3 * FEW, 3 * FEW + 1, 0, 1, 2]
    assert [hit.rank for hit in found] == [0, 1, 3, 3, 3]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(names=st.lists(TEXTS, min_size=1, max_size=30))
def test_every_name_is_found_by_its_own_text(names: list[str]) -> None:
    built = Index.build([names, [f"id-{number}" for number in range(len(names))]], where=names)
    comparable = folded(names).to_pylist()
    for row, name in enumerate(names):
        if not comparable[row]:  # nothing but spaces
            continue
        hit = next(hit for hit in built.find(name, most=2 * len(names)) if hit.row == row)
        assert hit.rank == 0
        assert row in [hit.row for hit in built.find(name.upper(), most=2 * len(names))] or name.upper().lower() != name
        assert row in [hit.row for hit in built.find(f"id-{row}", most=2 * len(names))]


@given(names=st.lists(TEXTS, max_size=30), query=TEXTS, most=st.integers(1, 40))
def test_what_is_found_holds_what_was_typed_and_comes_in_order(names: list[str], query: str, most: int) -> None:
    found = Index.build([names], where=[""] * len(names)).find(query, most=most)
    assert len(found) == len({hit.row for hit in found}) <= most
    assert [hit.rank for hit in found] == sorted(hit.rank for hit in found)
    wanted, lines = folded([query])[0].as_py(), folded(names).to_pylist()
    for hit in found:
        assert all(word in lines[hit.row] for word in wanted.split(" "))
    if len(found) < most and wanted:
        assert {hit.row for hit in found} >= {row for row, line in enumerate(lines) if wanted in line}


@given(text=TEXTS)
def test_what_is_compared_stays_as_it_is_and_holds_no_edge(text: str) -> None:
    once = folded([text])[0].as_py()
    assert EDGE not in once
    assert folded([once])[0].as_py() == once


def test_places_are_found_by_name_address_and_id() -> None:
    given = toy.assessment()
    built = search.of_places(given.places, given.municipalities)
    assert built.find("firm 25 <b>as</b>")[0] == (0, 25)
    assert built.find("road 3 4")[0] == (0, 33)
    assert built.find("P0123")[0] == (0, 123)
    assert [hit.row for hit in built.find("westby firm 25")] == [25, 125, 225]
    assert [hit.row for hit in built.find("eastby 7000 firm 25")] == [250, 255]


def test_municipalities_come_before_areas() -> None:
    given = toy.assessment()
    built, towns = search.of_areas(given.areas, given.municipalities), len(given.municipalities)
    assert built.find("5058")[0] == (0, 1)
    area = built.find("5001-a00002")[0]
    assert given.areas["area_id"].iloc[area.row - towns] == "5001-A00002"
    found = [hit.row for hit in built.find("eastby")]
    assert found[0] == 1
    assert np.all(given.areas["municipality_code"].iloc[[row - towns for row in found[1:]]] == "5058")


def test_nothing_to_find_finds_nothing() -> None:
    empty = pd.Series([], dtype="str")
    assert Index.build([empty, empty], where=empty).find("a") == []


@pytest.mark.parametrize("who", list(toy_secret.FORBIDDEN))
def test_nothing_is_found_by_what_an_audience_must_not_see(who: str) -> None:
    whole = toy_secret.assessment()
    told = shown_to(whole, Audience.parse(who))
    for seen in (whole, told):
        built = search.of_places(seen.places, seen.municipalities)
        wide = search.of_areas(seen.areas, seen.municipalities)
        for token in (toy_secret.PERSON, toy_secret.HOME, toy_secret.ROAD, toy_secret.ORG):
            assert not wide.find(token)
            assert bool(built.find(token)) == (seen is whole), token
        assert built.find(toy_secret.COMPANY)
