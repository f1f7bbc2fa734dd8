"""The comparison of two policies on paper: tables per municipality, places that change, and their files."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from rich.console import Console
from shapely.geometry import box

from coverage.contrast import Contrast, contrast
from coverage.errors import CoverageError, DataError
from coverage.gaps import judge
from coverage.inputs import OfferLayer
from coverage.overlay import overlay
from coverage.policy import load_policy
from coverage.reports.contrast_table import (
    changed_places,
    municipality_counts,
    print_contrast,
    texts,
    to_mapping,
    write_contrast,
)
from tests import drawn, toy

AS_OF = dt.date(2022, 6, 30)
STUDY = toy.study()
MUNICIPALITIES = gpd.GeoDataFrame(
    {"municipality_code": ["5001", "5002", "5003"], "name": ["Vestby", "=Østby", "Tomby"]},
    geometry=[box(0, 0, 2, 2), box(2, 0, 4, 2), box(4, 0, 6, 2)],
    crs=toy.CRS,
)


def found(policy_b: str = "eu-2023") -> Contrast:
    """Five places: 0 and 500 Mbit/s in 5001, 500 (for three) and 1000 in 5002, 500 outside."""
    codes = pd.Series(["5001", "5001", "5002", "5002", None], dtype="str")
    places = drawn.places(
        [(float(number), 1.0) for number in range(5)],
        kind=["business", "household", "business", "household", "household"],
        weight=[1.0, 1.0, 3.0, 1.0, 1.0],
        municipality_code=codes,
    )
    speeds = [0.0, 500.0, 500.0, 1000.0, 500.0]
    table = drawn.offers([{"down_mbps": speed, "upgradeable": False} for speed in speeds])
    table = table.assign(place_id=places["place_id"])[[speed > 0 for speed in speeds]]
    judged = []
    for policy in (load_policy("no-2024"), load_policy(policy_b)):
        served, _ = overlay(
            places, offers=[OfferLayer("list", "place", table)], mobile=(), shares=None, policy=policy, as_of=AS_OF
        )
        judged.append(judge(served, policy=policy, as_of=AS_OF))
    return contrast(*judged, policy_a=load_policy("no-2024"), policy_b=load_policy(policy_b))


def test_municipalities_stand_by_what_changes_and_none_is_missing() -> None:
    table = municipality_counts(found(), municipalities=MUNICIPALITIES, study=STUDY)
    assert table["municipality_code"].tolist() == ["5002", "5001", "5003", "outside"]
    assert table["premises_changed"].tolist() == [3, 1, 0, 0]
    assert table["businesses_only_b"].tolist() == [3, 0, 0, 0]
    assert table["premises"].tolist() == [4, 2, 0, 1]
    assert table["municipality"].isna().tolist() == [False, False, False, True]
    assert table.geometry.isna().tolist() == [False, False, False, True]
    assert table.crs == MUNICIPALITIES.crs
    assert set(table["policy_a"] + "/" + table["policy_b"]) == {"no-2024/eu-2023"}
    assert set(table["data_status"]) == {"synthetic"}


def test_places_that_change_carry_both_clauses_and_no_name() -> None:
    rows = changed_places(found(), study=STUDY)
    assert rows["weight"].tolist() == [1, 3]
    assert rows["reason_code_a"].tolist() == ["served"] * 2
    assert rows["reason_code_b"].tolist() == ["grey-area"] * 2
    assert not {"name", "address"} & set(rows.columns)


def test_a_folder_gets_every_file_and_the_files_agree(tmp_path: Path) -> None:
    given = found()
    written = write_contrast(given, tmp_path / "new" / "out", municipalities=MUNICIPALITIES, study=STUDY)
    assert [path.name for path in written] == ["contrast.csv", "contrast.gpkg", "contrast.xlsx"]
    assert {path.name for path in (tmp_path / "new" / "out").iterdir()} == {path.name for path in written}
    table = pd.read_csv(written[0], dtype={"municipality_code": str})
    assert table["premises_changed"].tolist() == [3, 1, 0, 0]
    assert table["municipality"].tolist()[0] == "'=Østby", "a spreadsheet must not take it for a formula"
    assert sorted(name for name, _ in pyogrio.list_layers(written[1])) == [
        "contrast_municipalities",
        "contrast_places",
        "layer_styles",
    ]
    assert pyogrio.read_dataframe(written[1], layer="contrast_municipalities")["premises_changed"].sum() == 4
    assert len(pyogrio.read_dataframe(written[1], layer="contrast_places")) == 2
    book = openpyxl.load_workbook(written[2])
    assert book.sheetnames == ["Read me", "Municipalities", "Places that change", "Columns"]
    assert book["Municipalities"]["B2"].value == "=Østby"
    assert book["Municipalities"]["B2"].data_type == "s"
    assert book["Places that change"].max_row == 3
    assert "SYNTHETIC" in book["Read me"]["A2"].value
    assert book["Municipalities"].freeze_panes == "C2"
    assert all(label != name and meaning for label, name, meaning in list(book["Columns"].values)[1:])


@pytest.mark.parametrize("ending", ["csv", "gpkg", "xlsx"])
def test_one_file_by_its_ending_the_same_each_time(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine.{ending}"
    bytes_ = []
    for _ in range(2):
        assert write_contrast(found(), path, municipalities=MUNICIPALITIES, study=STUDY) == [path]
        bytes_.append(path.read_bytes())
    assert bytes_[0] == bytes_[1]
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_another_ending_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.pdf: expected a folder, or a file that ends in csv, gpkg, xlsx"):
        write_contrast(found(), tmp_path / "x.pdf", municipalities=MUNICIPALITIES, study=STUDY)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="this folder cannot be made"):
        write_contrast(found(), tmp_path / "file" / "out", municipalities=MUNICIPALITIES, study=STUDY)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def printed(given: Contrast, language: str = "en") -> str:
    out = io.StringIO()
    console = Console(file=out, width=140)
    print_contrast(given, console, municipalities=MUNICIPALITIES, study=STUDY, language=language)
    return out.getvalue()


def test_what_is_printed() -> None:
    lines = printed(found()).splitlines()
    assert lines[0] == "Toytown, as of 2022-06-30: no-2024 (A) against eu-2023 (B)"
    assert lines[1].startswith("SYNTHETIC DATA")
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert cells[:4] == [["both", "1", "1", "0"], ["A alone", "0", "0", "0"], ["B alone", "4", "3", "1"],
                         ["neither", "2", "0", "2"]]  # fmt: skip
    assert cells[4] == ["=Østby", "4", "0", "0", "3", "3", "3", "0"]
    assert cells[7][0] == "outside"


def test_nothing_changes_under_the_same_rules() -> None:
    given = found()
    same = contrast(given.judged_a, given.judged_a, policy_a=load_policy("no-2024"), policy_b=load_policy("no-2023"))
    assert "Nothing changes" in printed(same)
    assert changed_places(same, study=STUDY).empty


def test_both_languages_say_the_same_things() -> None:
    english, norwegian = texts("en"), texts("nb")
    assert english.keys() == norwegian.keys()
    for section in ("outcomes", "counted"):
        assert english[section].keys() == norwegian[section].keys()
    assert len(english["about"]) == len(norwegian["about"])
    shown = printed(found(), "nb")
    assert "bare B" in shown
    assert "per 30.06.2022" in shown
    assert "Norge 2024: " in shown
    with pytest.raises(CoverageError, match="expected one of en, nb"):
        texts("sv")


def test_json_says_how_real_the_data_is() -> None:
    told = to_mapping(found(), study=replace(STUDY, data_status="real"))
    assert told["data_status"] == "real"
    assert told["only_b"] == {"premises": 4, "businesses": 3, "households": 1}
