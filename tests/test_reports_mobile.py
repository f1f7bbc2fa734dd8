"""Areas of kind mobile in reports: apart from fixed ones, with what their mast serves and why they get no money."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest

from coverage.assessment import Assessment
from coverage.policy import load_policy
from coverage.reports import ceiling_sheet, mobile, render
from coverage.reports.tables import area_table, priority_table
from coverage.reports.technical import WIRELESS, technical_table
from coverage.reports.wording import Wording, load_wording
from tests import toy_masts
from tests.reported import empty_assessment, toy_assessment

EN, NB = load_wording("en"), load_wording("nb")
LANGUAGES = pytest.mark.parametrize("wording", [EN, NB], ids=["en", "nb"])


def masted(*, competing: bool = False) -> Assessment:
    whole = toy_masts.masted(competing=competing)
    return dataclasses.replace(whole, sites=whole.sites.assign(mast_m=[30.0, 42.0]))


@pytest.fixture(scope="module")
def left_out() -> Assessment:
    return masted()


@pytest.fixture(scope="module")
def competing() -> Assessment:
    return masted(competing=True)


def _paper(assessment: Assessment, report: str, folder: Path, wording: Wording = EN) -> str:
    path = folder / f"{report}.pdf"
    render(assessment, report, format="pdf", path=path, language=wording.language)
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages).split())


def _squeezed(text: str) -> str:
    return "".join(text.replace("\u2060", "").split())


def _sheet(path: Path, name: str) -> pd.DataFrame:
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


# --- apart from fixed ----------------------------------------------------------------------------------------------


def test_no_figure_of_fixed_areas_moves_when_there_are_masts(left_out: Assessment, tmp_path: Path) -> None:
    plain = toy_assessment()
    for report, ends in (("gap", EN.text("gap", "gaps")), ("priority", EN.text("priority", "map_caption", labels=25))):
        (tmp_path / "plain").mkdir(exist_ok=True)
        before = _paper(plain, report, tmp_path / "plain").split(ends)[0]
        after = _paper(left_out, report, tmp_path).split(ends)[0]
        told = [_squeezed(text.split("Page 1 of")[0]) for text in (before, after)]
        legend = _squeezed(EN.text("gap", "map_mast"))
        assert told[1].replace(legend, "") == told[0]


def test_the_count_of_areas_by_municipality_is_of_fixed_ones(left_out: Assessment, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    marks = EN.text("gap", "municipalities_intro"), EN.text("gap", "areas")
    parts = [
        text.split(marks[0])[1].split(marks[1])[0]
        for text in (_paper(toy_assessment(), "gap", tmp_path / "plain"), _paper(left_out, "gap", tmp_path))
    ]
    assert parts[0] == parts[1]
    assert "12" in parts[0]


def test_money_for_masts_is_told_apart_and_taken_from_the_one_budget(competing: Assessment, tmp_path: Path) -> None:
    text = _squeezed(_paper(competing, "priority", tmp_path))
    assert _squeezed(EN.text("mobile", "also", areas="1")) in text
    funded = competing.areas[competing.areas["decision"] == "fund"]
    fixed = funded[funded["kind"] == "fixed"]
    assert len(funded) == len(fixed) + 1
    assert _squeezed(f"{EN.number(fixed['households'].sum())} homes, for grants of") in text
    assert _squeezed(f"{EN.number(funded['state_share'].sum())} NOK") in text
    assert _squeezed(EN.text("mobile", "list_note")) in text


def test_a_paper_without_masts_says_nothing_of_them(tmp_path: Path) -> None:
    for report in ("gap", "priority"):
        assert EN.text("mobile", "title") not in _paper(toy_assessment(), report, tmp_path)
    assert mobile.notes(toy_assessment(), EN) == []
    assert len(mobile.mobile_table(toy_assessment())) == 0


# --- what a mast would serve ---------------------------------------------------------------------------------------


@LANGUAGES
def test_the_sheet_holds_what_each_mast_would_serve(left_out: Assessment, wording: Wording, tmp_path: Path) -> None:
    for report in ("gap", "priority"):
        path = tmp_path / f"{report}.xlsx"
        render(left_out, report, format="xlsx", path=path, language=wording.language)
        table = _sheet(path, wording.text("sheets", "mobile"))
        label = {name: wording.lines("columns", name, currency="NOK", crs="", price_year=2025)[0] for name in (
            "area_id", "name", "premises", "mobile_only_premises", "farmland_km2", "mobile_road_km", "power_m",
            "site_basis", "mast_m", "backhaul_by", "backhaul_with", "backhaul_saving", "ineligible_because",
        )}  # fmt: skip
        first, second = table.iloc[0], table.iloc[1]
        asked = ("area_id", "premises", "mobile_only_premises", "power_m", "mast_m")
        assert [first[label[name]] for name in asked] == [toy_masts.NEW, 25, 18, 800, 30]
        assert first[label["farmland_km2"]] == 3.1
        assert second[label["mobile_road_km"]] == 6
        assert first[label["backhaul_with"]] == toy_masts.SHARES
        assert first[label["site_basis"]] == wording.value("site_basis", "high_ground")
        assert first[label["backhaul_by"]] == wording.value("backhaul_by", "cable")
        assert pd.isna(second[label["backhaul_by"]])  # an existing mast is taken to have backhaul
        assert set(table[label["ineligible_because"]]) == {wording.value("ineligible_because", "mobile_not_supported")}
        assert second[label["name"]] == f"Eastby ({wording.value('kind', 'mobile')})"
        told = "\n".join(str(cell.value) for row in openpyxl.load_workbook(path).worksheets[0] for cell in row)
        assert all(note in told for note in mobile.notes(left_out, wording))


def test_a_radio_link_is_told_where_the_cost_lines_price_one(left_out: Assessment) -> None:
    line = left_out.cost_lines.iloc[[0]].assign(area_id=toy_masts.NEW, technology="mobile_site", item=mobile.LINK)
    linked = dataclasses.replace(left_out, cost_lines=pd.concat([left_out.cost_lines, line], ignore_index=True))
    assert mobile.mobile_table(linked)["backhaul_by"].tolist()[0] == "radio"
    assert mobile.mobile_table(left_out)["backhaul_by"].tolist()[0] == "cable"


def test_lists_say_why_an_area_is_ineligible_and_no_size_of_firms(left_out: Assessment) -> None:
    listed = priority_table(left_out).set_index("area_id")
    assert listed.loc[toy_masts.NEW, "ineligible_because"] == "mobile_not_supported"
    assert listed["ineligible_because"].notna().sum() == 2
    assert "ineligible_because" not in priority_table(toy_assessment())
    sizes = area_table(left_out).set_index("area_id").filter(regex="^businesses_")
    assert sizes.loc[[toy_masts.NEW, toy_masts.OLD]].isna().all(axis=None)
    assert sizes.drop([toy_masts.NEW, toy_masts.OLD]).notna().all(axis=None)


@LANGUAGES
@pytest.mark.parametrize("policy", ["no-2024", "no-2026"])
@pytest.mark.parametrize("choice", ["", "fund", "exclude"])
def test_the_paper_says_who_decides_on_money_for_masts(left_out, wording: Wording, policy: str, choice: str) -> None:
    scenario = left_out.scenario.with_changes(policy=policy, mobile=choice)
    rules = load_policy(policy)
    said = mobile.why(rules, scenario, wording)
    assert policy in said
    assert wording.said(rules.mobile.supported_source) in said
    ineligible = {"en": "ineligible", "nb": "ikke støtteberettiget"}[wording.language]
    assert (ineligible in said) == (not scenario.funds_mobile(rules))


@LANGUAGES
@pytest.mark.parametrize("report", ["gap", "priority"])
def test_papers_hold_the_masts(left_out: Assessment, report: str, wording: Wording, tmp_path: Path) -> None:
    text = _squeezed(_paper(left_out, report, tmp_path, wording))
    assert _squeezed(wording.text("mobile", "title")) in text
    assert _squeezed(mobile.why(left_out.policy, left_out.scenario, wording)) in text
    assert _squeezed(wording.text("mobile", "assumed")) in text
    assert all(area in text for area in (toy_masts.NEW, toy_masts.OLD))


def test_geopackage_and_geojson_hold_the_masts_with_a_style(left_out: Assessment, tmp_path: Path) -> None:
    render(left_out, "gap", format="gpkg", path=tmp_path / "g.gpkg")
    sites = pyogrio.read_dataframe(tmp_path / "g.gpkg", layer="sites")
    assert sites["area_id"].tolist() == [toy_masts.NEW, toy_masts.OLD]
    assert set(sites.geom_type) == {"Point"}
    assert sites["mast_m"].tolist() == [30.0, 42.0]
    base = sqlite3.connect(tmp_path / "g.gpkg")
    styled = [row[0] for row in base.execute("SELECT f_table_name FROM layer_styles")]
    base.close()
    assert "sites" in styled
    render(left_out, "gap", format="geojson", path=tmp_path / "g.geojson")
    assert '"layer": "sites"' in (tmp_path / "g.geojson").read_text(encoding="utf-8")
    code = {"municipality": ["5001"]}
    render(left_out, "gap", format="gpkg", path=tmp_path / "part.gpkg", **code)
    assert len(pyogrio.read_dataframe(tmp_path / "part.gpkg", layer="sites")) == 1


# --- wireless, and the ceiling -------------------------------------------------------------------------------------


def test_what_wireless_would_need_is_told_where_the_terrain_was_read() -> None:
    plain = toy_assessment()
    assert not set(WIRELESS) & set(technical_table(plain).columns)
    read = plain.areas.assign(**dict.fromkeys(WIRELESS[1:], 1.0), fwa_basis="terrain")
    table = technical_table(dataclasses.replace(plain, areas=read))
    assert set(WIRELESS) <= set(table.columns)
    assert set(table["fwa_basis"]) == {"terrain"}


def test_the_curve_of_ceilings_rises_to_the_proposal(left_out: Assessment) -> None:
    table = ceiling_sheet.ceiling_table(left_out)
    fixed = left_out.areas[left_out.areas["kind"] == "fixed"]
    assert table["ceiling"].is_monotonic_increasing
    assert np.isfinite(table["ceiling"]).all()
    assert table["premises_fibre"].is_monotonic_increasing
    counted = table[["premises_fibre", "premises_fwa", "premises_voucher"]].sum(axis=1)
    assert counted.tolist() == pytest.approx([fixed["premises"].sum()] * len(table))
    assert ceiling_sheet.ceiling_table(empty_assessment()).empty


@LANGUAGES
def test_the_workbook_draws_the_curve(left_out: Assessment, wording: Wording, tmp_path: Path) -> None:
    render(left_out, "priority", format="xlsx", path=tmp_path / "p.xlsx", language=wording.language)
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx")[wording.text("sheets", "ceiling")]
    (chart,) = sheet._charts
    table = ceiling_sheet.ceiling_table(left_out)
    assert sheet.max_row == len(table) + 1
    drawn = [chart, *chart._charts[1:]]
    last = f"${len(table) + 1}"
    assert len(drawn) == 2
    for part in drawn:
        (series,) = part.series
        assert series.yVal.numRef.f.endswith(last)
        assert wording.text("sheets", "ceiling") in series.xVal.numRef.f


@LANGUAGES
def test_a_selection_of_masts_alone_leads_with_them(left_out: Assessment, wording: Wording, tmp_path: Path) -> None:
    for report in ("gap", "priority"):
        path = tmp_path / f"{report}.pdf"
        render(left_out, report, format="pdf", path=path, area=[toy_masts.NEW], language=wording.language)
        first = _squeezed(pypdf.PdfReader(path).pages[0].extract_text())
        assert _squeezed(wording.text("mobile", "selected", areas="1", municipalities="Westby")) in first
        assert _squeezed(wording.money(4e6, "NOK") + wording.text("gap", "figure_capex")) in first


def test_the_csv_tells_what_masts_serve(left_out: Assessment, tmp_path: Path) -> None:
    render(left_out, "priority", format="csv", path=tmp_path / "p.csv")
    table = pd.read_csv(tmp_path / "p.csv").set_index("area_id")
    assert table.loc[toy_masts.NEW, ["mobile_only_premises", "farmland_km2", "site_basis"]].tolist() == [
        18, 3.1, "high_ground",
    ]  # fmt: skip
    assert table.loc[table["kind"] == "fixed", "site_id"].isna().all()
