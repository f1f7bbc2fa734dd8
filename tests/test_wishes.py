from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import PolicyError
from coverage.wishes import Wishes

IDS = st.sampled_from(["5001-a", "5001-b", "5006-c", "5006-d", "5059-e"])
MONEY = st.floats(0, 1e9)
FULL = {
    "must": ["5001-a"],
    "never": ["5001-b"],
    "caps": {"5001": 1_000_000.0},
    "cap": 2_000_000.0,
    "least_municipalities": 3,
    "needs": [["5006-c", "5001-a"]],
    "sources": {"county": 5e6, "state": 2e7},
    "phases": [0.5, 0.25, 0.25],
}


def test_a_full_set_of_wishes_travels_as_plain_values() -> None:
    wishes = Wishes.from_mapping(FULL)
    assert wishes.to_mapping() == FULL
    assert Wishes.from_mapping(json.loads(json.dumps(wishes.to_mapping()))) == wishes
    assert wishes.cap_of("5001") == 1e6
    assert wishes.cap_of("5006") == 2e6
    assert wishes.money(58e6) == (("county", 5e6), ("state", 2e7))
    assert len({wishes, Wishes.from_mapping(FULL)}) == 1


def test_without_wishes_there_is_one_pot_and_nothing_to_write() -> None:
    assert Wishes().to_mapping() == {}
    assert Wishes.from_mapping({}) == Wishes()
    assert not Wishes()
    assert Wishes(least_municipalities=1)
    assert Wishes().money(58e6) == (("", 58e6),)
    assert Wishes().cap_of("5001") == math.inf


@given(
    must=st.lists(IDS, unique=True),
    caps=st.dictionaries(st.sampled_from(["5001", "5006"]), MONEY),
    cap=st.none() | MONEY,
    needs=st.lists(st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1])),
    sources=st.dictionaries(st.sampled_from(["state", "county"]), MONEY),
    parts=st.lists(st.integers(1, 9), max_size=4),
)
def test_what_is_written_is_read_back(
    must: list[str], caps: Any, cap: float | None, needs: Any, sources: Any, parts: list[int]
) -> None:
    raw: dict[str, Any] = {"must": must, "caps": caps, "needs": needs, "sources": sources}
    raw["phases"] = [part / sum(parts) for part in parts]
    raw |= {} if cap is None else {"cap": cap}
    wishes = Wishes.from_mapping(raw)
    assert Wishes.from_mapping(json.loads(json.dumps(wishes.to_mapping()))) == wishes
    assert wishes.must == tuple(sorted(must))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"musts": []}, "unknown key 'musts'"),
        ({"must": "5001-a"}, "expected a list of area ids"),
        ({"must": ["a", "a"]}, "must names a twice"),
        ({"must": ["a"], "never": ["a"]}, "area a is both in must and in never"),
        ({"caps": [1]}, "caps is \\[1\\]; expected a table"),
        ({"caps": {"5001": -1}}, "caps.5001 is -1.0"),
        ({"caps": {"5001": "much"}}, "caps.5001 is 'much'"),
        ({"cap": -1}, "cap is -1.0"),
        ({"cap": True}, "cap is True"),
        ({"cap": math.nan}, "cap is nan"),
        ({"least_municipalities": 1.5}, "expected a whole number"),
        ({"least_municipalities": -1}, "least_municipalities is -1"),
        ({"needs": [["a"]]}, "expected pairs"),
        ({"needs": [["a", "a"]]}, "area a needs itself"),
        ({"sources": {"state": math.inf}}, "sources.state is inf"),
        ({"phases": [0.5, 0.4]}, "phases add up to 0.9"),
        ({"phases": [1.5, -0.5]}, "a share below 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        Wishes.from_mapping(raw)


def test_wishes_built_by_hand_are_checked_too() -> None:
    with pytest.raises(PolicyError, match="caps names 5001 twice"):
        Wishes(caps=(("5001", 1.0), ("5001", 2.0)))
