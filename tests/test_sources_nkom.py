"""Nkom's municipality sheets: header rows, repeated names, Norwegian percentages."""

from __future__ import annotations

from pathlib import Path

import pytest

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.nkom import FIXED_COLUMNS, MOBILE_COLUMNS, read_nkom

SHEET = """\ufeffDekning for fast bredbånd på kommunenivå;;;;;;;
Tettbygd og spredtbygd samlet;;;;;;;
Mobildekning er ikke inkludert;;Hastighet - alle teknologier på fast bredbånd;;;;Hastighet uten DSL;
Kommune;Fylke;≥ 30;≥ 100;≥ 1000;;≥ 30;≥ 100
NORDVIK;TRØNDELAG;94,2 %;50,0 %;7 %;;90 %;50,0 %
SØRVIK;TRØNDELAG;100,0 %;99,9\xa0%;0,0 %;;100 %;99,9 %
"""


def spec(path: Path) -> SourceSpec:
    return SourceSpec(id="fixed", role="shares", kind="table", path=path, file=path.name, format="nkom_fixed")


def sheet(folder: Path, text: str) -> SourceSpec:
    path = folder / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return spec(path)


def test_groups_make_repeated_names_distinct(tmp_path: Path) -> None:
    frame = read_nkom(sheet(tmp_path, SHEET)).frame
    assert list(frame.columns) == [
        "Kommune",
        "Fylke",
        "Hastighet - alle teknologier på fast bredbånd | ≥ 30",
        "Hastighet - alle teknologier på fast bredbånd | ≥ 100",
        "Hastighet - alle teknologier på fast bredbånd | ≥ 1000",
        "Hastighet uten DSL | ≥ 30",
        "Hastighet uten DSL | ≥ 100",
    ]
    assert list(frame.index) == [1, 2]
    assert frame[FIXED_COLUMNS["fixed_30"]].tolist() == [0.942, 1.0]
    assert frame[FIXED_COLUMNS["fixed_100"]].tolist() == [0.5, 0.999]
    assert frame[FIXED_COLUMNS["fixed_1000"]].tolist() == [0.07, 0.0]
    assert frame["Hastighet uten DSL | ≥ 30"].tolist() == [0.9, 1.0]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("VESTVIK;TRØNDELAG;94,2 %;50,0 %", "", "the row has 4 fields; expected 8"),
        ("VESTVIK;TRØNDELAG;94,2 %;ukjent;7 %;;90 %;50 %", FIXED_COLUMNS["fixed_100"], "not a percentage"),
        ("VESTVIK;TRØNDELAG;94,2 %;101 %;7 %;;90 %;50 %", FIXED_COLUMNS["fixed_100"], "not a percentage"),
    ],
)
def test_a_broken_row_is_rejected_and_the_others_stay(tmp_path: Path, row: str, field: str, reason: str) -> None:
    table = read_nkom(sheet(tmp_path, SHEET + row + "\n"))
    assert len(table.frame) == 2
    assert table.rejected[["source", "row", "field"]].values.tolist() == [["fixed", 3, field]]
    assert table.rejected["reason"].str.contains(reason).all()


def test_a_missing_value_stays_missing(tmp_path: Path) -> None:
    frame = read_nkom(sheet(tmp_path, SHEET + "VESTVIK;TRØNDELAG;;50,0 %;7 %;;90 %;50 %\n")).frame
    assert frame[FIXED_COLUMNS["fixed_30"]].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name;share\nNORDVIK;94,2 %\n", "first field is 'Kommune'"),
        ("\n".join(SHEET.splitlines()[:4]) + "\n", "expected one row per municipality"),
    ],
)
def test_a_file_without_header_or_rows_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_nkom(sheet(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: the file does not exist"):
        read_nkom(spec(tmp_path / "gone.csv"))


def test_the_real_sheets_have_every_municipality(data_root: Path) -> None:
    folder = data_root / "norway" / "coverage"
    fixed = read_nkom(spec(folder / "nkom_Dekning_fbb_kommuner_husstander.csv"))
    mobile = read_nkom(spec(folder / "nkom_Dekning_mob_kommuner_husstander.csv"))
    assert len(fixed.frame) == len(mobile.frame) == 356
    assert fixed.rejected.empty
    assert mobile.rejected.empty
    county = fixed.frame[fixed.frame["Fylke"] == "TRØNDELAG"].set_index("Kommune")
    assert len(county) == 38
    assert county.loc["INDRE FOSEN", FIXED_COLUMNS["fixed_100"]] == 0.268
    assert county.loc["FLATANGER", FIXED_COLUMNS["fixed_100"]] == 0.457
    assert mobile.frame.set_index("Kommune").loc["FLATANGER", "4G | ≥ 100"] == 0.471
    assert mobile.frame[MOBILE_COLUMNS["mobile"]].between(0, 1).all()
    # A share of at least 100 Mbit/s cannot exceed that of at least 30.
    assert (county[FIXED_COLUMNS["fixed_30"]] >= county[FIXED_COLUMNS["fixed_100"]]).all()
