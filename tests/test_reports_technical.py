"""What areas would be built of, and what would let those near the line in: tables, workbooks, papers, GIS files."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage import pipeline, reports
from coverage.assessment import Assessment
from coverage.levers import LEVERS
from coverage.reports import change
from coverage.reports.selection import cut
from coverage.reports.tables import area_table, priority_file, priority_table
from coverage.reports.technical import LENGTHS, SURFACES, surface_metres, technical_table
from coverage.reports.wording import load_wording
from coverage.scenario import Scenario
from coverage.study import Study
from tests import toy
from tests.reported import empty_assessment
from tests.studymaker import tiny_study

EN, NB = load_wording("en"), load_wording("nb")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    study = Study.open(tiny_study(tmp_path_factory.mktemp("tiny")).folder)
    return pipeline.assess(study, Scenario(policy="no-2024", budget=5e6))


@pytest.fixture(scope="module")
def short_of_money(tiny: Assessment) -> Assessment:
    """Return the tiny study with money for nothing: every area that asks for a grant is in reserve."""
    return toy_reserve(tiny)


def toy_reserve(assessment: Assessment) -> Assessment:
    areas = assessment.areas.assign(decision="reserve", funded_share=0.4, grant=assessment.areas["grant"] + 1.0)
    summary = {**assessment.summary, "budget": 5e4, "funded": {**assessment.summary["funded"], "grant": 2e4}}
    return dataclasses.replace(assessment, areas=areas, summary=summary)


def _rows(path: Path, sheet: str) -> pd.DataFrame:
    rows = list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


# --- metres by surface ----------------------------------------------------------------------------------------------


def test_metres_by_surface_are_the_quantities_that_the_cost_lines_price(tiny: Assessment) -> None:
    metres = surface_metres(tiny)
    lines = tiny.cost_lines[tiny.cost_lines["item"].isin(SURFACES)]
    assert metres.to_numpy().sum() == pytest.approx(lines["quantity"].sum())
    assert len(lines)
    for row in lines.itertuples():
        assert metres.loc[row.area_id, row.item] == row.quantity
    assert list(metres.index) == list(tiny.areas["area_id"])


def test_lines_of_other_technologies_do_not_count(tiny: Assessment) -> None:
    other = tiny.cost_lines.assign(technology="cable")
    twice = dataclasses.replace(tiny, cost_lines=pd.concat([tiny.cost_lines, other], ignore_index=True))
    pd.testing.assert_frame_equal(surface_metres(twice), surface_metres(tiny))


def test_fibre_routes_on_land_are_all_on_some_surface(tiny: Assessment) -> None:
    table = technical_table(tiny).set_index("area_id")
    fibre = table[table["technology"] == "fibre"]
    assert len(fibre)
    assert fibre[[*SURFACES]].sum(axis=1).to_dict() == pytest.approx(fibre["trench_m"].to_dict())


def test_ground_is_told_where_the_routes_know_it(tiny: Assessment) -> None:
    known = dataclasses.replace(tiny, routes=tiny.routes.assign(climb_m=120.0, steep_m=40.0, in_duct_m=0.0))
    table = technical_table(known)
    assert table["climb_m"].tolist() == [120.0] * len(table)
    assert "in_duct_m" not in table  # no metre in any duct: nothing is known of ducts
    assert {"climb_m", "steep_m"} <= set(area_table(known).columns)


def test_the_files_for_programs_hold_the_metres_after_the_contract(tiny: Assessment, tmp_path: Path) -> None:
    file, listed = priority_file(tiny), priority_table(tiny)
    assert list(file.columns)[: len(listed.columns)] == list(listed.columns)
    assert set(SURFACES) | set(LENGTHS) <= set(file.columns)
    reports.render(tiny, "gap", format="gpkg", path=tmp_path / "g.gpkg")
    metres = surface_metres(tiny)
    for layer in ("areas", "routes"):
        read = pyogrio.read_dataframe(tmp_path / "g.gpkg", layer=layer).set_index("area_id")
        assert read.loc[metres.index, [*SURFACES]].to_numpy() == pytest.approx(metres.to_numpy())
    reports.render(tiny, "gap", format="geojson", path=tmp_path / "g.geojson")
    shapes = gpd.read_file(tmp_path / "g.geojson").query("layer == 'areas'").set_index("area_id")
    assert shapes.loc[metres.index, "rock_trench_m"].to_list() == pytest.approx(
        metres["rock_trench_m"].to_list(), abs=0.05
    )


def test_the_paper_sums_kilometres_over_all_areas(tiny: Assessment, tmp_path: Path) -> None:
    reports.render(tiny, "gap", format="pdf", path=tmp_path / "g.pdf")
    text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "g.pdf").pages).split())
    _, _, after = text.partition(EN.text("gap", "surfaces_all") + " ")
    whole = surface_metres(tiny).sum() / 1000
    assert after.split()[:3] == [EN.number(whole[name], decimals=1) for name in SURFACES[:3]]


# --- what would change it -------------------------------------------------------------------------------------------


def test_levers_that_are_enough_leave_no_more_than_what_is_left_of_the_budget(short_of_money: Assessment) -> None:
    table = change.change_table(short_of_money)
    assert set(table["target_grant"]) == {3e4}
    enough = table[table["reaches"].astype(bool)]
    assert len(enough)
    assert (enough["grant_after"] <= 3e4 + 1.0).all()
    assert set(table["lever"]) == set(LEVERS)
    assert (table.groupby("area_id").size() == len(LEVERS)).all()
    assert list(table["rank"]) == sorted(table["rank"])


def test_the_areas_are_those_in_reserve_that_most_draws_fund() -> None:
    assessment = toy.assessment()
    shares = [0.9, 0.2, 0.1, 0.4, 0.45, 0.3, 0.35, 0.25, 0.05, 0.15, 0.0, 0.5]
    areas = assessment.areas.assign(decision=["fund", *["reserve"] * 10, "ineligible"], funded_share=shares)
    summary = {**assessment.summary, "budget": 1e6, "funded": {**assessment.summary["funded"], "grant": 1e6}}
    table = change.change_table(dataclasses.replace(assessment, areas=areas, summary=summary))
    assert list(dict.fromkeys(table["rank"])) == [2, 4, 5, 6, 7, 8]
    assert set(table["target_grant"]) == {0.0}


def test_nobody_is_asked_where_nothing_is_in_reserve(tmp_path: Path) -> None:
    assert change.change_table(empty_assessment()).empty
    reports.render(empty_assessment(), "priority", format="xlsx", path=tmp_path / "p.xlsx")
    assert EN.text("sheets", "change") not in openpyxl.load_workbook(tmp_path / "p.xlsx").sheetnames
    reports.render(empty_assessment(), "priority", format="pdf", path=tmp_path / "p.pdf")
    pages = pypdf.PdfReader(tmp_path / "p.pdf").pages
    assert not any(EN.text("change", "title") in page.extract_text() for page in pages)


@pytest.mark.parametrize("wording", [EN, NB], ids=["en", "nb"])
def test_workbook_and_paper_say_the_same(short_of_money: Assessment, wording, tmp_path: Path) -> None:
    for format_ in ("xlsx", "pdf"):
        path = tmp_path / f"p.{format_}"
        reports.render(short_of_money, "priority", format=format_, path=path, language=wording.language)
    table = change.in_words(change.change_table(short_of_money), wording)
    label = wording.lines("columns", "takes")[0]
    assert _rows(tmp_path / "p.xlsx", wording.text("sheets", "change"))[label].tolist() == table["takes"].tolist()
    pages = pypdf.PdfReader(tmp_path / "p.pdf").pages
    text = "".join("".join(page.extract_text() for page in pages).split())
    for said in table["takes"]:
        assert "".join(said.split()) in text


def test_a_part_of_a_study_is_held_against_the_whole_budget(short_of_money: Assessment) -> None:
    code = str(short_of_money.areas["municipality_code"].iloc[0])
    assert set(cut(short_of_money, municipality=[code]).changes["target_grant"]) == {3e4}


def test_a_part_of_a_study_shows_those_of_its_areas_that_are_nearest_the_line_in_all_of_it(
    short_of_money: Assessment,
) -> None:
    whole = cut(short_of_money).changes
    codes = sorted(set(short_of_money.areas["municipality_code"]))
    parts = {code: cut(short_of_money, municipality=[code]) for code in codes}
    assert pd.concat([part.changes for part in parts.values()]).sort_index(kind="stable").shape == whole.shape
    for code, part in parts.items():
        pd.testing.assert_frame_equal(
            part.changes, whole[whole["municipality_code"] == code].reset_index(drop=True), check_dtype=False
        )
    near = whole["area_id"].nunique()
    shown = max(parts.values(), key=lambda part: part.changes["area_id"].nunique())
    assert len(shown.change_section(EN)["rows"]) < near
    assert f"Of the {near} areas in reserve in all of" in shown.change_section(EN)["intro"]
    assert f"These {near} areas" in cut(short_of_money).change_section(EN)["intro"]


def test_what_would_change_it_is_asked_once_of_an_assessment(short_of_money: Assessment) -> None:
    assert change.change_table(short_of_money) is change.change_table(short_of_money)
    assert change.change_table(dataclasses.replace(short_of_money)) is not change.change_table(short_of_money)


@given(st.floats(1e-3, 1e12))
def test_rounding_up_is_enough_and_close(value: float) -> None:
    rounded = change.up(value)
    assert rounded >= value * (1 - 1e-5)
    assert rounded <= max(value * 1.0101, math.ceil(value))
