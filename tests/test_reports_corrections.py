"""What a municipality corrected stands in every report, with its office, its day and its effect."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import geopandas as gpd
import openpyxl
import pandas as pd
import pypdf
import pytest

from coverage.reports import render
from coverage.reports.corrections import SHOWN, correction_table
from coverage.reports.wording import load_wording
from tests.reported import changed_places, toy_assessment


@pytest.fixture(scope="module")
def plain():
    return toy_assessment()


@pytest.fixture(scope="module")
def corrected(plain):
    """Return the toy with three corrections: of a firm's speed, and of the use and the kind of a home."""
    home = plain.places.query("kind == 'household' and gap_kind != 'none'")["place_id"].iloc[0]
    firm = plain.places.query("kind == 'business' and gap_kind != 'none'")["place_id"].iloc[0]
    table = pd.DataFrame(
        {
            "place_id": [firm, home, home],
            "municipality_code": ["5001", "5001", "5001"],
            "address": ["Firm road 1", "Home road 1", "Home road 1"],
            "correction": ["wrong_speed", "not_inhabited", "wrong_kind"],
            "field": ["fixed_down_mbps", "year_round", "kind"],
            "was": ["1000/1000 Mbit/s fibre, Newnet", "true", "holiday"],
            "now": ["", "false", "household"],
            "comment": ["cable cut", "moved out", None],
            "office": ["Technical office", "Farm office", "Farm office"],
            "date": pd.to_datetime(["2022-05-02", "2022-05-03", "2022-05-03"]),
            "source": "corrections",
            "source_row": [1, 2, 3],
            "eligible_before": [0.0, 1.0, 1.0],
            "eligible_after": [1.0, 0.0, 0.0],
        }
    )
    number = plain.places["place_id"]
    marked = changed_places(
        plain,
        correction=number.map({firm: "wrong_speed", home: "not_inhabited, wrong_kind"}),
        corrected_by=number.map({firm: "Technical office", home: "Farm office"}),
        corrected_on=pd.to_datetime(number.map({firm: "2022-05-02", home: "2022-05-03"})).astype("datetime64[s]"),
    )
    return replace(marked, corrections=table), firm, home


def _text(path) -> str:
    pages = pypdf.PdfReader(path).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u202f", " ").split())


@pytest.mark.parametrize("report", ["gap", "priority"])
def test_papers_list_corrections(corrected, tmp_path, report):
    assessment, firm, _ = corrected
    render(assessment, report, format="pdf", path=tmp_path / "x.pdf", language="nb")
    text = _text(tmp_path / "x.pdf")
    assert "3 rettelser av 2 steder, fra Farm office; Technical office." in text
    assert "Støtteberettigede enheter der: 1 uten rettelsene, 1 med." in text
    assert f"{firm} feil hastighet 1000/1000 Mbit/s fiber, Newnet → –" in text
    assert "i helårsbruk → ikke i bruk" in text
    assert "fritidsbolig → husstand" in text
    assert "Home road" not in text


@pytest.mark.parametrize("report", ["gap", "priority"])
def test_workbooks_hold_corrections_without_the_addresses_of_homes(corrected, tmp_path, report):
    assessment, firm, home = corrected
    render(assessment, report, format="xlsx", path=tmp_path / "x.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "x.xlsx")["Corrections"].iter_rows(values_only=True))
    table = pd.DataFrame(rows[1:], columns=rows[0])
    assert table["Place"].tolist() == [firm, home, home]
    assert table["Address"].fillna("").tolist() == ["Firm road 1", "", ""]
    assert table["Corrected"].tolist() == ["wrong speed", "not inhabited", "wrong kind"]
    assert table["Day"].iloc[0] == dt.datetime(2022, 5, 2)  # noqa: DTZ001 - Excel knows no zone
    assert table["Comment"].fillna("").tolist() == ["cable cut", "moved out", ""]


def test_lists_and_layers_say_which_places_are_corrected(corrected, tmp_path):
    assessment, firm, home = corrected
    render(assessment, "gap", format="csv", path=tmp_path / "x.csv")
    render(assessment, "gap", format="gpkg", path=tmp_path / "x.gpkg")
    render(assessment, "gap", format="geojson", path=tmp_path / "x.geojson")
    for table in (
        pd.read_csv(tmp_path / "x.csv"),
        gpd.read_file(tmp_path / "x.gpkg", layer="places"),
        gpd.read_file(tmp_path / "x.geojson").query("layer == 'places'"),
    ):
        told = table[table["correction"].notna()].set_index("place_id")
        assert told["correction"].to_dict() == {firm: "wrong_speed", home: "not_inhabited, wrong_kind"}
        assert told["corrected_by"].to_dict() == {firm: "Technical office", home: "Farm office"}
        assert str(told.loc[home, "corrected_on"])[:10] == "2022-05-03"
    render(assessment, "gap", format="xlsx", path=tmp_path / "x.xlsx", language="nb")
    rows = list(openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets[2].iter_rows(values_only=True))
    words = pd.DataFrame(rows[1:], columns=rows[0]).set_index("Sted")["Rettet"].dropna().to_dict()
    assert words == {firm: "feil hastighet", home: "ikke bebodd, feil type"}


def test_a_selection_lists_its_own_corrections(corrected, tmp_path):
    assessment, _, _ = corrected
    render(assessment, "priority", format="xlsx", path=tmp_path / "x.xlsx", municipality=["5058"])
    assert "Corrections" not in openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames


def test_without_corrections_nothing_is_said(plain, tmp_path):
    render(plain, "gap", format="pdf", path=tmp_path / "x.pdf")
    assert "Corrections" not in _text(tmp_path / "x.pdf")
    render(plain, "gap", format="csv", path=tmp_path / "x.csv")
    assert "correction" not in pd.read_csv(tmp_path / "x.csv")
    assert correction_table(plain, load_wording("en")).empty


def test_a_long_list_says_how_many_more_there_are(corrected, tmp_path):
    assessment, _, _ = corrected
    many = pd.concat([assessment.corrections] * 20, ignore_index=True)
    render(replace(assessment, corrections=many), "gap", format="pdf", path=tmp_path / "x.pdf")
    assert f"The other {len(many) - SHOWN} are in the workbooks." in _text(tmp_path / "x.pdf")
