"""Tables as people save them: encodings, header rows, repeated names, numbers with spaces and signs, broken rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import limits, table
from coverage.sources.batch import Batch
from coverage.sources.encoding import is_mixed
from coverage.sources.headers import column_names, header_rows
from coverage.sources.mapping import as_number
from coverage.sources.raw import RawTable
from coverage.sources.table import read_table
from coverage.sources.tally import REASONS, Tally


def spec(path: Path = Path("t.csv"), **options: Any) -> SourceSpec:
    return SourceSpec(id="s", role="premises", kind="table", path=path, options=options)


def read(tmp_path: Path, content: str | bytes, **options: Any) -> RawTable:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_table(spec(path, **options))


# Encodings

TEXT = "navn;sted\nBjørg;Ålesund\nJosé;Žilina\n"


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (TEXT.encode("utf-8"), ""),
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("cp1252"), "read as Windows-1252"),
        (TEXT.encode("utf-16"), "read as utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "read as utf-16-be"),
    ],
)
def test_encoding_is_found_out_and_told(tmp_path: Path, data: bytes, note: str) -> None:
    raw = read(tmp_path, data)
    assert raw.frame["navn"].tolist() == ["Bjørg", "José"]
    assert raw.frame["sted"].tolist() == ["Ålesund", "Žilina"]
    assert len(raw.notes) == bool(note)
    assert all(note in said for said in raw.notes)


def test_a_mixture_of_encodings_is_refused_not_mangled(tmp_path: Path) -> None:
    mixed = "navn\nBjørg\n".encode() + "Åse\n".encode("cp1252")
    with pytest.raises(DataError, match=r"t\.csv: line 3 is not UTF-8 text, though other lines are"):
        read(tmp_path, mixed)
    with pytest.raises(DataError, match="line 2 is not UTF-8 text, though"):  # a letter cut in two
        read(tmp_path, "navn\nBjørg Bø".encode()[:-1])
    with pytest.raises(DataError, match="line 2 is neither UTF-8 nor Windows-1252"):
        read(tmp_path, b"navn\n\x81\x9d\n")
    assert read(tmp_path, mixed, encoding="latin-1").frame["navn"].tolist() == ["BjÃ¸rg", "Åse"]


@pytest.mark.parametrize("encoding", ["utf-8", "hex", "rot13", "klingon", "utf-16"])
def test_stated_encoding_that_does_not_fit(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DataError, match=r"encoding|utf-8|utf-16"):
        read(tmp_path, b"navn\n\xff\n", encoding=encoding)


@given(st.text(alphabet=st.characters(codec="cp1252", exclude_characters='\r\n"\0;\t,'), max_size=12))
def test_any_windows_text_survives(tmp_path_factory: Any, text: str) -> None:
    data = f"navn;b\n{text};x\nø;y\n".encode("cp1252")
    assume(not is_mixed(data))  # text such as "Ã¸" cannot be told from UTF-8; it is refused, not mangled
    raw = read(tmp_path_factory.getbasetemp(), data)
    assert raw.frame["navn"].fillna("").tolist() == [text, "ø"]


# Headers

GROUPS = "Dekning;;;;;\nAlle;;;;;\n;;Fast;;;Mobil\nKommune;Fylke;≥ 30;≥ 100;;≥ 30\nOslo;Oslo;1;2;;3\n"


def test_several_header_rows_are_joined_and_groups_reach_to_the_right(tmp_path: Path) -> None:
    raw = read(tmp_path, GROUPS, header_rows=[3, 4])
    assert list(raw.frame.columns) == ["Kommune", "Fylke", "Fast / ≥ 30", "Fast / ≥ 100", "column#5", "Mobil / ≥ 30"]
    assert raw.frame.index.tolist() == [1]
    assert raw.frame.iloc[0].fillna("").tolist() == ["Oslo", "Oslo", "1", "2", "", "3"]
    names = list(read(tmp_path, GROUPS, header_rows=[4]).frame.columns)
    assert names == ["Kommune", "Fylke", "≥ 30", "≥ 100", "column#5", "≥ 30#2"]
    two = read(tmp_path, "a;;b\nx;y;\n1;2;3\n", header_rows=2)
    assert list(two.frame.columns) == ["a / x", "a / y", "b"]


def test_header_with_line_breaks_in_quotes_and_hard_spaces(tmp_path: Path) -> None:
    raw = read(tmp_path, '"Antall\nansatte";"Org.\u00a0nr."\n5;"9\n1"\n7;8\n')
    assert list(raw.frame.columns) == ["Antall ansatte", "Org. nr."]
    assert raw.frame["Org. nr."].tolist() == ["9\n1", "8"]
    assert raw.frame.index.tolist() == [1, 2]


@pytest.mark.parametrize("given", [0, -1, [], [2, 1], [1, 1], ["1"], "2", True, 1.5, [10_000]])
def test_header_rows_that_make_no_sense(given: Any) -> None:
    with pytest.raises(DataError, match=r"header_rows is .* expected a number or a rising list"):
        header_rows(spec(header_rows=given))


def test_header_beyond_the_end_and_control_characters(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="header row 9 is empty"):
        read(tmp_path, GROUPS, header_rows=9)
    with pytest.raises(DataError, match="no text"):
        read(tmp_path, b"a;b\x01\n1;2\n")
    with pytest.raises(DataError, match="NUL"):
        read(tmp_path, b"a;b\0\n1;2\n")


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "a#2", "column#1"]), max_size=6), min_size=1, max_size=3))
def test_names_are_unique_and_one_per_column(rows: list[list[str]]) -> None:
    names, notes = column_names(rows, spec())
    assert len(names) == max(len(row) for row in rows)
    assert len(set(names)) == len(names)
    assert all(names)
    assert not notes or any("#" in name for name in names)


# Numbers


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [("94,2 %", ",", 0.942), ("94.2%", ".", 0.942), ("94,2\u00a0%", ",", 0.942), ("1\u2009234,5", ",", 1234.5),
     ("\u22123", ".", -3.0), ("%", ",", None), ("5 %%", ",", None), ("5 % x", ",", None), ("1 2 %", ",", None)],
)  # fmt: skip
def test_percent_signs_thin_spaces_and_long_minus(text: str, decimal: str, number: float | None) -> None:
    value = as_number(pd.Series([text], dtype="str"), decimal=decimal).iloc[0]
    assert np.isnan(value) if number is None else value == pytest.approx(number, rel=1e-12)


# Broken rows


def test_rows_with_a_nul_byte_are_rejected_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    raw = read(tmp_path, b'a;b\n1;2\n3;\0\n"5;6\n7;8\r9;10\n1\n')
    assert raw.frame.to_dict("index") == {1: {"a": "1", "b": "2"}, 4: {"a": "7", "b": "8"}, 5: {"a": "9", "b": "10"}}
    assert raw.rejected[["row", "reason"]].to_numpy().tolist() == [
        [2, "holds a NUL byte, which is no text"],
        [3, "a quotation mark is opened and not closed"],
        [6, "the row has 1 fields; expected 2"],
    ]


def test_a_mark_inside_a_field_opens_no_quotation_but_one_at_its_start_does(tmp_path: Path) -> None:
    # Two marks in the first line, and still one is left open: it would swallow the second.
    raw = read(tmp_path, 'a;b\n0";"x\n1;2\n')
    assert raw.frame["a"].tolist() == ["1"]
    assert raw.rejected["row"].tolist() == [1]
    assert read(tmp_path, 'a;b\n0";x\n1;2\n').frame["a"].tolist() == ['0"', "1"]


def test_very_many_bad_rows_are_counted_and_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "EXAMPLES", 3)
    monkeypatch.setattr("coverage.sources.tally.EXAMPLES", 3)
    lines = ["1", "1;2;3"] * 10 + ["1;2"] * 4
    raw = read(tmp_path, "a;b\n" + "\n".join(lines) + "\n")
    batch = Batch(spec(tmp_path / "t.csv"), raw)
    batch.reject(np.array([True, True, True, True]), field="a", values=batch.frame["a"], reason="is bad")
    report = batch.report()
    assert (report.rows_read, report.rows_rejected) == (24, 24)
    assert report.reasons == (
        ("", "the row has 1 fields; expected 2", 10), ("", "the row has 3 fields; expected 2", 10), ("a", "is bad", 4),
    )  # fmt: skip
    listed = batch.rejected
    assert listed["row"].tolist() == [1, 2, 3, 4, 5, 6, 21, 22, 23]
    said = listed["reason"].tolist()
    assert said[4] == "the row has 1 fields; expected 2 (and 7 more rows for this reason, which are not listed)"
    assert said[8] == "is bad (and 1 more rows for this reason, which are not listed)"
    assert sum("more rows" in reason for reason in said) == 3


def test_reasons_are_bounded_too() -> None:
    tally = Tally("s")
    for number in range(REASONS + 50):
        tally.add(pd.Index([number]), field="f", reason=f"reason {number}", values=lambda at: ["v"] * len(at))
    assert tally.count == REASONS + 50
    assert tally.reasons[-1] == ("", "other reasons", 50)
    assert len(tally.table()) == REASONS + 50


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=20))
def test_tally_counts_every_row_once(batches: list[tuple[str, int]]) -> None:
    tally, start = Tally("s"), 0
    for reason, count in batches:
        if count:
            tally.add(pd.RangeIndex(start, start + count), field="f", reason=reason, values=lambda at: at.tolist())
        start += count
    assert tally.count == start
    assert sorted(tally.table()["row"]) == list(range(start))


# Limits


def test_limits_on_bytes_rows_and_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.csv: 40 bytes of text; expected no more than 30, or a higher options"):
        read(tmp_path, "a;b\n" + "1;2\n" * 9, max_bytes=30)
    with pytest.raises(DataError, match=r"10 lines; expected no more than 9, or a higher options\.max_rows"):
        read(tmp_path, "a;b\n" + "1;2\n" * 9, max_rows=9)
    with pytest.raises(DataError, match="the header has 5,001 columns"):
        read(tmp_path, ";".join("a" * 5001) + "\n1\n")
    with pytest.raises(DataError, match="a column name has more than 1,000 characters"):
        read(tmp_path, "a" * 1001 + ";b\n1;2\n")


def test_one_endless_row_or_header_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BLOCK_BYTES", 1000)
    with pytest.raises(DataError, match="not a readable table"):
        read(tmp_path, "a;b\n1;" + "x" * 5000 + "\n")
    monkeypatch.setattr(table, "BLOCK_BYTES", 100_000)
    with pytest.raises(DataError, match="expected a quotation mark that closes it"):
        read(tmp_path, 'a;"b\n' + "\n" * 2000)


def test_delimiter_that_cannot_be_one(tmp_path: Path) -> None:
    for delimiter in ("ab", '"', "\n", "§"):
        with pytest.raises(DataError, match="cannot be used; expected one character"):
            read(tmp_path, "a;b\n1;2\n", delimiter=delimiter)


def test_words_of_other_libraries_come_short_on_one_line_and_without_folders() -> None:
    said = limits.brief("/var/x/a.tif: bad\n\x1b[31m value in '/home/me/b.tif', see http://host/page", length=200)
    assert said == "a.tif: bad [31m value in 'b.tif', see http://host/page"
    assert len(limits.brief("x" * 500)) == 100
    assert limits.brief(KeyError()) == "KeyError"
