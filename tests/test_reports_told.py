"""Businesses, the hearing and corrections in every export: the figures of the summary, in words, in both languages."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pypdf
import pytest

from coverage.business import summarise_profile
from coverage.console import hearing_tables, write_tables
from coverage.nace import section_name
from coverage.reports import render, write_all
from coverage.reports.assumptions import assumed_text, assumption_table, business_sources
from coverage.reports.businesses import COLUMNS
from coverage.reports.geo import LEFT_OUT, brief_places, every_place
from coverage.reports.short import HEARD_COLUMNS
from coverage.reports.wording import load_wording
from tests import toy_told
from tests.reported import toy_assessment

EN, NB = load_wording("en"), load_wording("nb")
FARM, FISHERY, REMOVED, PUT_BACK = (
    f"p{row:04d}" for row in (toy_told.FARM, toy_told.FISHERY, toy_told.REMOVED, toy_told.PUT_BACK)
)
CORRECTED = f"p{toy_told.CORRECTED:04d}"


@pytest.fixture(scope="module")
def told():
    return toy_told.assessment()


@pytest.fixture(scope="module")
def out(told, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "out"
    write_all(told, folder, progress=lambda step: None)
    return folder


def _made(assessment, tmp_path: Path, report: str, format_: str, *, language: str = "en", **chosen: object) -> Path:
    path = tmp_path / f"{report}-{language}.{format_}"
    render(assessment, report, format=format_, path=path, language=language, **chosen)
    return path


def _paper(path: Path) -> str:
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return " ".join(text.replace("\u202f", " ").replace("\u2060", "").split())


def _sheet(path: Path, name: str) -> pd.DataFrame:
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    return pd.DataFrame(rows[1:], columns=rows[0])


def _cells(path: Path, name: str) -> str:
    sheet = openpyxl.load_workbook(path)[name]
    return "\n".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)


def _counts(row: dict[str, float]) -> str:
    return " ".join(f"{row[name]:,}".replace(",", " ") for name in ("businesses", "short", "eligible", "employees"))


# --- businesses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["csv", "gpkg", "geojson"])
def test_lists_and_layers_carry_the_profile_of_businesses(told, tmp_path, format_):
    path = _made(told, tmp_path, "gap", format_)
    table = pd.read_csv(path, dtype={"nace": str}) if format_ == "csv" else gpd.read_file(
        path, **({"layer": "places"} if format_ == "gpkg" else {})
    )  # fmt: skip
    table = table[table["place_id"].notna()]
    if format_ == "geojson":
        table = table.query("layer == 'places'")
    assert set(COLUMNS) <= set(table.columns)
    assert set(HEARD_COLUMNS) <= set(table.columns)
    rows = table.set_index("place_id")
    firm = rows["kind"] == "business"
    assert rows.loc[firm, "upload_dependence"].astype(float).tolist() == [1.0] * firm.sum()
    assert rows.loc[~firm, ["size_class", "upload_dependence", "nace_section", "hub_name"]].isna().all(axis=None)
    assert set(rows.loc[firm, "nace_section"]) == {"A"}
    assert rows.loc[FARM, "works_on"] == "land"
    assert float(rows.loc[FARM, "ground_covered_share"]) == 0.85
    assert rows.loc[FARM, "business_park"] == "Park"
    assert rows.loc[FISHERY, "works_on"] == "sea"
    assert set(rows.loc[firm, "hub_distance_basis"]) == {"straight_line"}
    metres = told.places.set_index("place_id").loc[rows.index[firm], "hub_distance_m"]
    assert rows.loc[firm, "hub_distance_m"].astype(float).tolist() == pytest.approx(metres.tolist(), abs=0.06)


@pytest.mark.parametrize(("language", "words"), [("en", EN), ("nb", NB)])
def test_the_workbook_says_sections_and_codes_in_the_readers_words(told, tmp_path, language, words):
    path = _made(told, tmp_path, "gap", "xlsx", language=language)
    columns = words.texts["columns"]
    table = _sheet(path, words.text("sheets", "addresses")).set_index(columns["place_id"][0])
    by_headcount = {"en": "Size class, by headcount", "nb": "Størrelse, etter antall ansatte"}
    assert columns["size_class"][0] == by_headcount[language]
    farm = table.loc[FARM]
    assert farm[columns["nace_section"][0]] == f"A {section_name('sn2007', 'A', language=language)}"
    assert farm[columns["size_class"][0]] == words.value("size_class", "micro")
    assert farm[columns["works_on"][0]] == words.value("works_on", "land")
    assert table.loc[REMOVED, columns["hearing"][0]] == words.value("hearing", "removed")
    assert table.loc[PUT_BACK, columns["hearing"][0]] == words.value("hearing", "put_back")
    read_me = _cells(path, words.text("sheets", "read_me"))
    assert words.text("businesses", "weight_note") in read_me
    for source in business_sources(told, words)["source"]:
        assert source in read_me
    areas = _sheet(path, words.text("sheets", "areas"))
    sizes = areas[[columns[f"businesses_{name}"][0] for name in ("micro", "small", "medium", "large")]].sum(axis=1)
    assert sizes.tolist() == areas[columns["businesses"][0]].tolist()


def test_an_empty_line_of_business_is_the_section_in_the_readers_language(tmp_path):
    plain = toy_told.assessment()
    firm = plain.places["kind"] == "business"
    english = section_name("sn2007", "A")
    plain.places.loc[firm, "line_of_business"] = english
    path = _made(plain, tmp_path, "gap", "xlsx", language="nb")
    lines = _sheet(path, NB.text("sheets", "addresses"))[NB.texts["columns"]["line_of_business"][0]].dropna()
    assert set(lines) == {section_name("sn2007", "A", language="nb")}


@pytest.mark.parametrize(("language", "words"), [("en", EN), ("nb", NB)])
def test_the_gap_paper_counts_businesses_as_the_summary_does(told, tmp_path, language, words):
    text = _paper(_made(told, tmp_path, "gap", "pdf", language=language))
    figures = told.summary["businesses"]
    micro = figures["by_headcount"]["micro"]
    name = words.value("size_class", "micro")
    assert f"{name} {_counts(micro)}" in text
    row = figures["by_section"][0]
    assert f"A {row[f'name_{language}']} {_counts(row)}" in text
    land = figures["works_on"]["land"]
    share = " ".join(words.percent(land["covered_share"]).split())
    assert f"{words.value('works_on', 'land')} {land['businesses']} {land['told']} {share}" in text
    near = figures["hub_distance"]["up_to_10_km"]
    assert f"{words.text('businesses', 'up_to', km='10')} {near['businesses']} {near['short']}" in text
    park = figures["in_business_parks"]
    assert f"{words.text('businesses', 'in_parks')} {park['businesses']} {park['short']}" in text


def test_a_part_of_the_study_counts_its_own_businesses(told, tmp_path):
    text = _paper(_made(told, tmp_path, "gap", "pdf", municipality=["5058"]))
    own = summarise_profile(told.places[told.places["municipality_code"] == "5058"])["by_headcount"]["micro"]
    assert own["businesses"] < told.summary["businesses"]["by_headcount"]["micro"]["businesses"]
    assert f"micro (under 10) {_counts(own)}" in text
    area = str(told.areas["area_id"].iloc[0])
    alone = _paper(_made(told, tmp_path, "gap", "pdf", area=[area]))
    assert EN.text("businesses", "intro_areas") in alone


def test_without_a_profile_nothing_is_said_of_businesses(tmp_path):
    plain = toy_assessment()
    assert EN.text("businesses", "sections") not in _paper(_made(plain, tmp_path, "gap", "pdf"))
    assert business_sources(plain, EN).empty
    table = pd.read_csv(_made(plain, tmp_path, "gap", "csv"))
    assert table[["works_on", "hub_name", "nace_section"]].isna().all(axis=None)


def test_what_is_assumed_of_businesses_is_named_everywhere(told, tmp_path):
    assert assumed_text(told, EN).endswith(
        "; businesses: upload dependence by sector, what works on land and sea, radii and distances"
    )
    table = assumption_table(told, NB)
    mine = table[table["where"] == NB.text("read_me", "where_businesses")]
    assert {"land_radius_m", "hub_far_m", "upload_dependence"} <= set(mine["item"])
    assert (mine["figure"] != mine["item"]).all()
    assert set(mine["confidence"]) == {"antatt", "utledet"}
    assert "Behov for opplasting: Undervisning" in "; ".join(mine["figure"]).replace("; ", "; Behov for opplasting: ")
    assert "general knowledge" not in " ".join(mine["source"])
    text = _paper(_made(told, tmp_path, "gap", "pdf"))
    assert "A support hub is near" in text
    assert "OECD, Science, Technology and Industry Scoreboard 2017" in text


# --- the hearing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", ["gap", "priority"])
def test_workbooks_hold_the_hearing_beside_the_published_figures(told, tmp_path, report):
    path = _made(told, tmp_path, report, "xlsx")
    heard = told.summary["hearing"]
    lists = _sheet(path, "Hearing")
    assert lists["List"].tolist() == ["below 30 Mbit/s", "below 100 Mbit/s"]
    for label, name in (
        ("Premises: before the hearing", "premises_before"),
        ("Premises: removed", "premises_removed"),
        ("Homes: put back", "households_put_back"),
        ("Share removed", "removed_share"),
        ("Published share", "published_share"),
    ):
        assert lists[label].tolist() == [row[name] for row in heard["lists"]]
    assert lists["Published share"].tolist() == [0.6, 0.3817]
    assert set(lists["Scope"]) == {"the whole study"}
    assert set(lists["Data status"]) == {"synthetic"}
    operators = _sheet(path, "Hearing by operator")
    assert operators["Operator"].tolist() == [row["operator"] for row in heard["operators"]]
    assert operators["Premises: on its word alone"].tolist() == [row["premises_alone"] for row in heard["operators"]]


@pytest.mark.parametrize("report", ["gap", "priority"])
@pytest.mark.parametrize(("language", "words"), [("en", EN), ("nb", NB)])
def test_papers_tell_of_the_hearing_by_list_and_operator(told, tmp_path, report, language, words):
    text = _paper(_made(told, tmp_path, report, "pdf", language=language)).replace("\u00a0", " ")
    wide = told.summary["hearing"]["lists"][-1]
    share = words.percent(wide["removed_share"]).replace("\u00a0", " ")
    published = words.percent(wide["published_share"]).replace("\u00a0", " ")
    assert published == "38 %"
    counts = " ".join(str(wide[f"premises_{name}"]) for name in ("before", "after", "removed"))
    name = words.text("hearing", "list", speed="100")
    assert f"{name} {counts} {share} {published} {wide['premises_put_back']} {wide['premises_overdue']}" in text
    assert "Nkom" in text
    first = next(row for row in told.summary["hearing"]["operators"] if row["list"] == wide["list"])
    claims = " ".join(str(first[claim]) for claim in ("plan", "exists", "lapsed", "withdrawn"))
    assert f"{first['operator']} {claims} {first['premises_claimed']} {first['premises_alone']}" in text
    assert words.text("hearing", "intro") in text


def test_a_part_of_the_study_says_whose_figures_the_hearing_has(told, tmp_path):
    part = {"municipality": ["5001"]}
    mine = told.places[told.places["municipality_code"] == "5001"]
    removed = float(mine.loc[mine["hearing"] == "removed", "weight"].sum())
    said = EN.text("hearing", "whole_study", study="Toytown", removed=f"{removed:g}", put_back="1")
    assert said in _paper(_made(told, tmp_path, "gap", "pdf", **part))
    assert said in _cells(_made(told, tmp_path, "priority", "xlsx", **part), "Read me")
    assert "not for this selection" not in _paper(_made(told, tmp_path, "gap", "pdf"))


def test_without_a_hearing_nothing_is_said_of_one(tmp_path):
    plain = toy_assessment()
    path = _made(plain, tmp_path, "priority", "xlsx")
    assert "Hearing" not in openpyxl.load_workbook(path).sheetnames
    assert EN.text("hearing", "intro") not in _paper(_made(plain, tmp_path, "priority", "pdf"))


# --- corrections, in what write_all makes ---------------------------------------------------------------------------


def test_every_file_of_a_run_lists_corrections(told, out):
    table = pd.read_csv(out / "corrections.csv")
    assert table["place_id"].tolist() == [CORRECTED, CORRECTED]
    assert table["correction"].tolist() == ["not_inhabited", "wrong_speed"]
    assert table["date"].tolist() == ["2022-05-02"] * 2
    assert set(table["data_status"]) == {"synthetic"}
    layer = gpd.read_file(out / "assessment.gpkg", layer="corrections")
    assert layer["office"].tolist() == table["office"].tolist()
    place = told.places.set_index("place_id").geometry[CORRECTED]
    assert (layer.geometry == place).all()
    places = gpd.read_file(out / "assessment.gpkg", layer="places").set_index("place_id")
    assert places.loc[CORRECTED, "corrected_by"] == "Office <of> Westby"
    for name in ("gap-report.xlsx", "priority-list.xlsx"):
        assert len(_sheet(out / name, "Corrections")) == 2
    for name in ("gap-report.pdf", "priority-list.pdf"):
        assert "2 corrections of 1 places" in _paper(out / name)


def test_geojson_holds_corrections_as_features_of_their_own(told, tmp_path):
    features = gpd.read_file(_made(told, tmp_path, "gap", "geojson"))
    assert features.query("layer == 'corrections'")["now"].notna().any()
    assert len(features.query("layer == 'corrections'")) == 2


def test_corrections_of_homes_carry_no_address_and_the_list_is_there_without_any(told, tmp_path):
    home = told.places["kind"].where(told.places["place_id"] != CORRECTED, "household")
    write_all(
        toy_told.dataclasses.replace(told, places=told.places.assign(kind=home)),
        tmp_path / "homes",
        progress=lambda step: None,
    )
    assert pd.read_csv(tmp_path / "homes" / "corrections.csv")["address"].isna().all()
    write_all(toy_assessment(), tmp_path / "none", progress=lambda step: None)
    empty = pd.read_csv(tmp_path / "none" / "corrections.csv")
    assert empty.empty
    assert {"place_id", "office", "was", "now", "data_status"} <= set(empty.columns)
    with pytest.raises(Exception, match="corrections"):
        gpd.read_file(tmp_path / "none" / "assessment.gpkg", layer="corrections")


def test_the_list_that_a_council_votes_on_counts_corrected_premises(told, tmp_path):
    corrected = toy_told.dataclasses.replace(told, areas=told.areas.assign(corrected=2.0))
    assert set(pd.read_csv(_made(corrected, tmp_path, "priority", "csv"))["corrected"]) == {2}
    assert "corrected" not in pd.read_csv(_made(told, tmp_path, "priority", "csv"))
    table = _sheet(_made(corrected, tmp_path, "gap", "xlsx", language="nb"), "Områder")
    assert set(table["Rettede enheter"]) == {2}


# --- size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "own", "other"), [(EN, "", "_nb"), (NB, "_nb", "")])
def test_places_that_lack_nothing_carry_no_text_and_others_that_of_one_language(told, words, own, other):
    full = every_place(told).together()
    brief = brief_places(full, words)
    served = (full["gap_kind"] == "none") & (full["reason_code"] == "served")
    assert served.any()
    assert (~served).any()
    said = [f"reason{own}", f"change{own}", "fixed_file", "fixed_as_of", "planned_file", "planned_as_of"]
    assert brief.loc[served, said].isna().all(axis=None)
    pd.testing.assert_frame_equal(brief.loc[~served, said], full.loc[~served, said])
    assert set(full.columns) - set(brief.columns) <= LEFT_OUT | {f"reason{other}", f"change{other}"}
    kept = [name for name in brief.columns if name not in said]
    pd.testing.assert_frame_equal(pd.DataFrame(brief[kept]), pd.DataFrame(full[kept]))


# --- workbooks beside the reports -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", EN), ("nb", NB)])
def test_a_hearing_has_a_workbook_like_the_reports(told, tmp_path, language, words):
    tables = hearing_tables(toy_told.account(), study=told.study)
    path = tmp_path / "h.xlsx"
    made = write_tables(tables, path, study=told.study, policy="no-2024", language=language)
    assert made == [path]
    book = openpyxl.load_workbook(path)
    names = [words.text("sheets", key) for key in ("read_me", "hearing", "hearing_operators", "columns")]
    assert book.sheetnames == names
    assert book[names[0]]["A1"].value == words.text("hearing_book", "title", study="Toytown")
    assert book[names[0]]["A2"].value == words.text("banner", "synthetic")
    assert book[names[1]].freeze_panes == "B2"
    assert words.text("banner", "synthetic") in book[names[1]].oddHeader.right.text
    share = next(cell for cell in book[names[1]][1] if cell.value == words.texts["columns"]["removed_share"][0])
    assert book[names[1]].cell(2, share.column).number_format == "0.0%"
    for label, name, meaning in list(book[names[3]].iter_rows(values_only=True))[1:]:
        assert label != name
        assert meaning
    first = path.read_bytes()
    write_tables(tables, path, study=told.study, policy="no-2024", language=language)
    assert path.read_bytes() == first
