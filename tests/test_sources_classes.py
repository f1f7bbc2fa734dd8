"""Columns that say yes or no per speed: every row becomes the class that it means, or is rejected."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.batch import Batch
from coverage.sources.classes import read_flags, speeds_by_column
from coverage.sources.raw import RawTable

SPEEDS = {"10mbit": 10, "30mbit": 30, "100mbit": 100}
WORDS = {"1": True, "ja": True, "True": True, "0": False, "nei": False, "no": False}


def batch(rows: list[tuple[str, str, str]], reaches: dict[str, object] | None = None) -> Batch:
    frame = pd.DataFrame(rows, columns=list(SPEEDS), dtype="str")
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    options = {"reaches": SPEEDS if reaches is None else reaches}
    spec = SourceSpec(id="s", role="offers", kind="table", path=Path("t.csv"), options=options)
    return Batch(spec, RawTable(frame))


@given(st.lists(st.tuples(*[st.sampled_from([*WORDS, "x", ""])] * 3), min_size=1, max_size=20))
def test_every_row_is_a_class_or_rejected(rows: list[tuple[str, str, str]]) -> None:
    rows_of = batch(rows)
    read_flags(rows_of)
    ends = {0: (0, 9.999), 1: (10, 29.999), 2: (30, 99.999), 3: (100, 100)}
    kept = {}
    for number, words in enumerate(rows, start=1):
        flags = [WORDS.get(word) for word in words]
        if None not in flags and flags == sorted(flags, reverse=True):
            kept[number] = ends[sum(flags)]  # type: ignore[arg-type]
    frame = rows_of.frame
    found = zip(frame["down_mbps"], frame["down_max_mbps"], strict=True)
    assert dict(zip(frame.index, found, strict=True)) == kept
    assert sorted([*frame.index, *rows_of.rejected["row"]]) == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    ("reaches", "words"),
    [
        ({"10mbit": 0}, "reaches.10mbit is 0; expected Mbit/s above 0"),
        ({"10mbit": True}, "reaches.10mbit is True"),
        ({"10mbit": 10, "30mbit": 10}, "says one number twice"),
        ({"50mbit": 50}, "no column '50mbit' for option reaches; the nearest known is"),
    ],
)
def test_speeds_that_cannot_be_used(reaches: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_flags(batch([("1", "0", "0")], reaches))


def test_speeds_are_taken_slowest_first_whatever_their_order() -> None:
    spec = batch([("1", "1", "0")], {"100mbit": 100, "10mbit": 10, "30mbit": 30}).spec
    assert list(speeds_by_column(spec)) == ["10mbit", "30mbit", "100mbit"]
