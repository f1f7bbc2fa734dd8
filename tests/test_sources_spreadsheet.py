"""Spreadsheets: one sheet as text, whatever its cells hold; and files that only look like spreadsheets."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources import spreadsheet
from coverage.sources.raw import RawTable
from coverage.sources.table import read_table


def spec(path: Path, **options: Any) -> SourceSpec:
    return SourceSpec(id="s", role="premises", kind="table", path=path, options=options)


def book(path: Path, *sheets: Sequence[Sequence[Any]]) -> Path:
    out = openpyxl.Workbook()
    out.remove(out.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = out.create_sheet(f"Ark {number}")
        for row in rows:
            sheet.append(list(row))
    out.save(path)
    return path


def read(tmp_path: Path, *sheets: Sequence[Sequence[Any]], **options: Any) -> RawTable:
    return read_table(spec(book(tmp_path / "t.xlsx", *sheets), **options))


def member_changed(path: Path, name: str, change: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {item: archive.read(item) for item in archive.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, data in parts.items():
            archive.writestr(item, data)


def test_cells_become_text_without_loss(tmp_path: Path) -> None:
    row = [
        "Bø",
        5001,
        5001.0,
        12.5,
        1e300,
        True,
        dt.datetime(2025, 6, 30),  # noqa: DTZ001 - spreadsheets know no zones
        dt.datetime(2025, 6, 30, 8, 15),  # noqa: DTZ001
        "0301",
        " x ",
    ]
    raw = read(tmp_path, [list("abcdefghij"), row, [], [None] * 10, ["last"]])
    texts = ["Bø", "5001", "5001", "12.5", "1e+300", "true", "2025-06-30", "2025-06-30 08:15:00", "0301", "x"]
    assert raw.frame.loc[1].tolist() == texts
    assert raw.frame.index.tolist() == [1, 4]  # rows keep their place below the header; empty ones are none
    assert raw.frame.loc[4, "a"] == "last"
    assert pd.isna(raw.frame.loc[4, "b"])
    assert (raw.frame.dtypes == "str").all()


def test_sheets_headers_and_spare_columns(tmp_path: Path) -> None:
    first = [
        ["Tittel"],
        [None, "Fast", None, None, "Mobil"],
        ["Kommune", "30", "100", None, "30"],
        ["Oslo", 1, 2, None, 3],
    ]
    with pytest.raises(DataError, match=r"the file has the sheets Ark 1, Ark 2; name one as options\.sheet"):
        read(tmp_path, first, [["a"], [1]])
    with pytest.raises(DataError, match="no sheet 'Ark 3'; the nearest known is 'Ark 2'"):
        read(tmp_path, first, [["a"], [1]], sheet="Ark 3")
    raw = read(tmp_path, first, [["a"], [1]], sheet="Ark 1", header_rows=[2, 3])
    assert list(raw.frame.columns) == ["Kommune", "Fast / 30", "Fast / 100", "Mobil / 30"]
    assert raw.frame.iloc[0].tolist() == ["Oslo", "1", "2", "3"]
    wide = read(tmp_path, [["a", "a"], [1, 2, 3]])
    assert list(wide.frame.columns) == ["a", "a#2", "column#3"]


def test_formulas_are_not_run_and_their_saved_value_counts(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as out:
        sheet = out.add_worksheet("x")
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, '=WEBSERVICE("http://host")', None, "saved")
        sheet.write_string(1, 2, "=1+1")
    assert read_table(spec(tmp_path / "t.xlsx")).frame.iloc[0].tolist() == ["2", "saved", "=1+1"]


def test_empty_headers_and_sheets(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="header row 1 is empty"):
        read(tmp_path, [])
    with pytest.raises(DataError, match="a header but no rows"):
        read(tmp_path, [["a", "b"], [None, None]])
    with pytest.raises(DataError, match="header row 3 is empty"):
        read(tmp_path, [["a", "b"], [1, 2]], header_rows=[3])


# Hostile spreadsheets

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize(
    "name", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]
)
def test_entities_are_refused_in_every_part(tmp_path: Path, name: str) -> None:
    path = book(tmp_path / "t.xlsx", [["a"], [1]])
    member_changed(path, name, lambda data: BOMB + data[data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0 :])
    with pytest.raises(DataError, match=r"t\.xlsx: holds XML that defines entities of its own"):
        read_table(spec(path))
    member_changed(path, name, lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"))
    with pytest.raises(DataError, match="XML that is not UTF-8"):
        read_table(spec(path))


def test_entities_are_found_where_two_parts_of_a_stream_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "t.xlsx", [["a"], [1]])
    member_changed(path, "xl/worksheets/sheet1.xml", lambda data: BOMB + data)
    for size in (7, 11, 13, 64):
        monkeypatch.setattr(spreadsheet, "CHUNK", size)
        with pytest.raises(DataError, match="defines entities"):
            read_table(spec(path))


def test_sheet_that_claims_to_be_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "t.xlsx", [["a"], [1]])
    member_changed(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="2"', b'r="99999999999"'))
    with pytest.raises(DataError, match=r"rows; expected no more than 100, or a higher options\.max_rows"):
        read_table(spec(path, max_rows=100))
    path = book(tmp_path / "t.xlsx", [["a"], [1]])
    member_changed(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="A2"', b'r="XFD2"'))
    with pytest.raises(DataError, match="a row has 16,384 columns"):
        read_table(spec(path))
    path = book(tmp_path / "t.xlsx", [["a"], [1]])
    member_changed(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'))
    assert read_table(spec(path)).frame.to_dict("list") == {"a": ["1"]}
    monkeypatch.setattr(spreadsheet, "MAX_CELLS", 5)
    with pytest.raises(DataError, match="more than 5 cells"):
        read(tmp_path, [["a", "b"], *[[1, 2]] * 5])


@pytest.mark.parametrize("content", [b"", b"a;b\n1;2\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0old"])
def test_what_is_no_spreadsheet(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=r"t\.xlsx: not a readable archive"):
        read_table(spec(tmp_path / "t.xlsx"))
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as out:
        out.writestr("x.xml", "<a/>")
    with pytest.raises(DataError, match="not a readable spreadsheet"):
        read_table(spec(tmp_path / "t.xlsx"))


def test_real_workbook_and_its_csv_agree(data_root: Path) -> None:
    folder = data_root / "norway" / "coverage"
    sheet = "Dekning_fbb_kommuner_husstander"
    raw = read_table(spec(folder / "nkom_vedlegg_dekning_og_abonnement_1h2022.xlsx", sheet=sheet, header_rows=[3, 4]))
    group = "Hastighet - alle teknologier på fast bredbånd"
    assert len(raw.frame) == 356
    place = (
        "Mobildekning (4G og 5G) er ikke inkludert i disse tabellene / Kommune"  # a title stands above the first name
    )
    assert [name for name in raw.frame if name.startswith(group)] == [
        f"{group} / {speed}" for speed in ("≥ 30", "≥ 100", "≥ 1000", "≥ 1000/1000")
    ]
    flat = read_table(spec(folder / "nkom_Dekning_fbb_kommuner_husstander.csv", header_rows=[3, 4], delimiter=";"))
    assert set(raw.frame.columns) <= set(flat.frame.columns)
    assert flat.frame[place].tolist() == raw.frame[place].tolist()
    published = flat.frame[f"{group} / ≥ 100"].str.rstrip(" %").str.replace(",", ".").astype(float) / 100
    exact = raw.frame[f"{group} / ≥ 100"].astype(float)
    assert abs(published.to_numpy() - exact.to_numpy()).max() <= 0.00051  # the CSV is rounded to 0.1 %
