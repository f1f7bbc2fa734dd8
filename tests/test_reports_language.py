"""Every export in both languages: the same texts, the same data, no word of the other language, the reason of each."""

from __future__ import annotations

import datetime as dt
import json
import re
import sqlite3
import string
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pypdf
import pytest
from matplotlib.text import Text

from coverage import ceiling
from coverage.costbook import load_costs
from coverage.nace import read_rows
from coverage.policy import list_policies, load_policy
from coverage.reasons import explain
from coverage.reports import change, differences, firmness, mobile, money_curve, points, render, write_all
from coverage.reports.assumptions import rule_marks
from coverage.reports.corrections import COLUMNS
from coverage.reports.hearing import list_table, operator_table
from coverage.reports.map_canvas import Canvas
from coverage.reports.selection import cut
from coverage.reports.short import ADDRESS_COLUMNS, CORRECTED_COLUMNS, HEARD_COLUMNS
from coverage.reports.tables import (
    COST_COLUMNS,
    area_table,
    priority_table,
)
from coverage.reports.technical import technical_table
from coverage.reports.wording import NO_BREAK, Wording, load_wording
from coverage.scenario import Scenario
from coverage.schemas import CERTAINTIES, MOBILE_LEVELS
from coverage.sources.roles import ROLES
from coverage.templates import list_templates, load_template, optional_criteria
from tests import toy_firm, toy_masts, toy_told
from tests.conftest import ROOT
from tests.reported import changed_places, toy_assessment

EN, NB = load_wording("en"), load_wording("nb")
THIN = "\u202f"
BOOKS = sorted(path.stem for path in (ROOT / "data" / "costs").glob("*.csv"))
REPORTS = [("gap", "xlsx"), ("gap", "pdf"), ("priority", "xlsx"), ("priority", "pdf")]
TEXT_COLUMNS = ["reason", "reason_nb", "change", "change_nb"]


@pytest.fixture(scope="module")
def assessment():
    return toy_assessment()


def _texts(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
    else:
        yield path, value


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _document_text(path: Path) -> str:
    if path.suffix == ".pdf":
        reader = pypdf.PdfReader(path)
        parts = [page.extract_text() for page in reader.pages] + [reader.metadata.title, reader.metadata.subject]
    else:
        book = openpyxl.load_workbook(path)
        parts = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
        parts += [part.text or "" for sheet in book for part in (sheet.oddHeader.left, sheet.oddHeader.right)]
        parts += book.sheetnames
    return "\n".join(parts)


# --- the texts themselves -------------------------------------------------------------------------------------------


def test_every_text_is_in_both_languages_with_the_same_names_to_fill_in():
    english, norwegian = dict(_texts(dict(EN.texts))), dict(_texts(dict(NB.texts)))
    assert set(english) == set(norwegian)
    free = {("dates", form) for form in ("full", "short", "excel")}  # each language has its own order of day and month
    for path in set(english) - free:
        assert _names(english[path]) == _names(norwegian[path]), path
        assert bool(english[path]) == bool(norwegian[path]), path


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (NB.number(1234567.46, decimals=1), f"1{THIN}234{THIN}567,5"),
        (NB.number(-0.5, decimals=1), "−0,5"),
        (NB.money(58_410_000, "NOK"), f"58,4{NO_BREAK}mill.{NO_BREAK}NOK"),
        (NB.money(2_345_678_901, "NOK"), f"2,35{NO_BREAK}mrd.{NO_BREAK}NOK"),
        (NB.percent(0.0123), f"1,2{NO_BREAK}%"),
        (NB.date("2022-05-17"), "17. mai 2022"),
        (NB.date("2022-05-07", short=True), "07.05.2022"),
        (EN.date("2022-05-17"), "2022-05-17"),
        (NB.date(None), "–"),
        (NB.value("certainty", "safe yes"), "sikkert ja"),
        (NB.item("price_index_2019"), "Prisindeks 2019"),
        (NB.item("a figure of their own"), "a figure of their own"),
    ],
)
def test_norwegian_form(printed, expected):
    assert printed == expected


def test_what_comes_with_the_data_is_said_in_norwegian_and_else_stays():
    assert NB.said("premises") == "enheter"
    assert NB.said("SEK per connection and month") == "SEK per tilknytning og måned"
    indexed = "general knowledge: as homes, less certain [650 in 2019 x 1.2428 by price index]"
    assert NB.said(indexed) == (
        "allmenn kunnskap: som husstander, mindre sikkert [650 i 2019 × 1,2428 etter prisindeksen]"
    )
    assert NB.said("firms: 1,234 of 52,112 places lie outside every municipality") == (
        f"firms: 1{THIN}234 av 52{THIN}112 steder ligger utenfor alle kommuner"
    )
    assert NB.said("measured by the county itself") == "measured by the county itself"
    assert EN.said("premises") == "premises"


def test_every_known_text_is_still_written_somewhere_in_the_data_or_the_model():
    files = [
        *(ROOT / "data" / "policies").glob("*.toml"),
        *(ROOT / "data" / "templates").glob("*.toml"),
        *(ROOT / "data" / "criteria").glob("*.toml"),
        *(ROOT / "data" / "trondelag").glob("*.toml"),
    ]
    written = {text for path in files for _, text in _texts(tomllib.loads(path.read_text(encoding="utf-8")))}
    for book in BOOKS:
        table = pd.read_csv(ROOT / "data" / "costs" / f"{book}.csv")
        written |= set(table["unit"]) | set(table["source"])
    firms = gpd.read_parquet(ROOT / "data" / "trondelag" / "premises.parquet", columns=["line_of_business", "geometry"])
    written |= set(firms["line_of_business"].dropna())
    for table in [*(ROOT / "data" / "business").glob("*.csv"), ROOT / "data" / "hearings.csv"]:
        read = pd.read_csv(table, dtype="str")
        written |= {text for name in ("source", "unit", "sector") if name in read for text in read[name].dropna()}
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "coverage").rglob("*.py"))
    code = re.sub(r"[\"']\s*\n\s*f?[\"']", "", code)  # texts that go on in the next line
    stale = []
    for text in NB.translated:
        # What is set before a reader's warnings where they are gathered, and before a unit that is a share of money.
        own = text.removeprefix("{source}: ").removeprefix("{currency}, ").removeprefix("{reason}")
        parts = [re.escape(part) for part in re.split(r"\{\w+\}", own)]
        pattern = re.compile(".+?".join(parts))
        formatted = re.compile(r"\{[^{}]+\}".join(parts))  # as an f-string of the model
        if not (any(pattern.fullmatch(str(item)) for item in written) or formatted.search(code)):
            stale.append(text)
    assert stale == []


def test_the_norwegian_cost_book_and_the_sample_are_said_whole():
    known = {*NB.translated}
    book = load_costs("norway", currency="NOK")
    loose = [item.source for item in book.items if NB.said(item.source) == item.source]
    assert loose == []
    assert {item.unit for item in book.items if NB.said(item.unit) == item.unit} == {"m", "Mbit/s", "NOK per m"}
    sample = tomllib.loads((ROOT / "data" / "trondelag" / "study.toml").read_text(encoding="utf-8"))
    assert [note for note in [sample["study"]["name"], *sample["study"]["notes"]] if NB.said(note) == note] == []
    assert {source["supplier"] for source in sample["sources"]} <= known


def test_every_source_and_unit_of_what_scores_is_said_in_norwegian():
    scores = [load_template(name) for name in list_templates()]
    criteria = [*optional_criteria(), *(item for template in scores for item in template.criteria)]
    criteria += [item for name in list_policies() for item in load_policy(name).criteria]
    parts = [*criteria, *scores, *(part for one in scores for part in (*one.marks, *one.references))]
    parts += [one.prices for one in scores if one.prices]
    texts = {item.source for item in parts} | {item.unit for item in criteria}
    same = {text for text in texts if text and NB.said(text) == text}
    assert same == {"m", "Louisiana Administrative Code 4:XXI-1303"}  # they read alike in both


def test_what_is_wrong_with_applications_is_said_in_norwegian():
    assert NB.said("applications: 'A1' and 'B' compete for 1,200 eligible premises") == (
        f"søknader: 'A1' og 'B' konkurrerer om 1{THIN}200 støtteberettigede enheter"
    )
    assert NB.said("applications: 'A1' holds no eligible premises of the study").startswith("søknader: 'A1' omfatter")


@pytest.mark.parametrize("wording", [EN, NB], ids=["en", "nb"])
@pytest.mark.parametrize("policy", [load_policy(name) for name in list_policies()], ids=list_policies())
def test_every_part_of_a_policy_has_a_name(policy, wording):
    labels = [part.label[wording.language] for part in (*policy.tiers, *policy.clauses, *policy.criteria)]
    named = rule_marks(policy, wording)
    assert len(named) == len(policy.marked())
    for (name, _), (marked, _) in zip(named, policy.marked(), strict=True):
        assert any(label in name for label in labels) == (marked.rpartition(" ")[0] not in ("", "scheme")), marked
    if wording is NB:
        assert policy.name in NB.translated
        assert policy.legal_basis in NB.translated
        assert {item.unit for item in policy.criteria} - {f"{policy.currency} per premises"} <= set(NB.translated)


def test_every_code_and_figure_has_a_word():
    for wording in (EN, NB):
        values = wording.texts["values"]
        assert set(CERTAINTIES) <= set(values["certainty"])
        assert set(MOBILE_LEVELS) == set(values["mobile_level"])
        assert set(ROLES) == set(values["role"])
        for book in BOOKS:
            items = load_costs(book, currency={"norway": "NOK", "us": "USD"}[book]).items
            assert [item.item for item in items if wording.item(item.item) == item.item] == []


# --- the documents --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("report", "format_"), REPORTS)
def test_documents_say_their_language(assessment, tmp_path, report, format_):
    path = tmp_path / f"x.{format_}"
    render(assessment, report, format=format_, path=path, language="nb")
    text = " ".join(_document_text(path).replace("\u2060", "").split())
    assert NB.text("banner", "synthetic") in text
    assert "SYNTHETIC" not in text.replace("SYNTHETIC: drawn by hand", "")
    if format_ == "pdf":
        reader = pypdf.PdfReader(path)
        assert reader.trailer["/Root"]["/Lang"] == "nb"
        assert reader.metadata.title == f"{NB.text(report, 'title')}: Toytown"
        assert "Data per 30. juni 2022" in text
        assert f"Side 1 av {len(reader.pages)}" in text
    else:
        assert openpyxl.load_workbook(path).sheetnames[0] == "Les meg"


def test_labels_of_the_policy_stand_in_the_reports_language(assessment, tmp_path):
    render(assessment, "gap", format="pdf", path=tmp_path / "g.pdf", language="nb")
    render(assessment, "priority", format="pdf", path=tmp_path / "p.pdf", language="nb")
    gap, paper = (" ".join(_document_text(tmp_path / name).split()) for name in ("g.pdf", "p.pdf"))
    for text in (gap, paper):
        assert "Norge 2024: støtte der 30 eller 100 Mbit/s mangler (no-2024), gyldig fra 1. januar 2024" in text
    assert all(tier.label["nb"] in gap for tier in assessment.policy.tiers)
    assert all(item.label["nb"] in paper for item in assessment.policy.criteria)
    render(assessment, "gap", format="xlsx", path=tmp_path / "g.xlsx", language="nb")
    rows = list(openpyxl.load_workbook(tmp_path / "g.xlsx")["Uten godt nok tilbud"].iter_rows(values_only=True))
    table = pd.DataFrame(rows[1:], columns=rows[0])
    labels = {tier.id: tier.label["nb"] for tier in assessment.policy.tiers} | {"served": "godt nok tilbud"}
    short = assessment.places[assessment.places["gap_kind"] != "none"].set_index("place_id")
    assert table["Nivå"].tolist() == short.loc[table["Sted"], "tier"].map(labels).tolist()
    assert set(table["Per dato"]) == {dt.datetime(2022, 6, 30)}  # noqa: DTZ001 - Excel knows no zone
    assert set(table["Regel"]) == {
        clause.label["nb"] for clause in assessment.policy.clauses if clause.id in set(short["reason_code"])
    }


class Strange(Wording):
    """Say everything in letters that no data has, so that a word in Latin letters is one that no text file holds."""

    def said(self, text: str) -> str:
        return _strange(text)


def _strange(text: str) -> str:
    """Return a text with its letters turned to Greek, and its {names} as they are."""
    done = ""
    for plain, name, form, _ in string.Formatter().parse(text):
        done += "".join("ω" if char.isalpha() else char for char in plain)
        if name is not None:
            done += f"{{{name}{':' + form if form else ''}}}"
    return done


def _made_strange(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _made_strange(item) for key, item in value.items()}
    if isinstance(value, list):
        # Labels of a table's columns must differ from each other.
        return [_made_strange(item) for item in value]
    return _strange(value)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\b[0-9a-f]{64}\b", " ", text)))


@pytest.mark.parametrize("part", ["whole", "area", "told", "masted", "firm"])
@pytest.mark.parametrize(("report", "format_"), [*REPORTS, ("gap", "gpkg"), ("gap", "geojson")])
def test_no_word_that_a_reader_sees_is_written_in_code_or_layout(
    assessment, tmp_path, monkeypatch, report, format_, part
):
    if part == "told":  # a study with a hearing, corrections and a profile of its businesses
        assessment = toy_told.assessment()
    if part == "masted":
        assessment = toy_masts.masted()
    if part == "firm":  # drawn and chosen by the model, under a published way of scoring
        assessment = toy_firm.assessment(Scenario("no-2024", 8e6, template="nkom"))
    texts = {**_made_strange(dict(EN.texts)), "language": "qaa", "decimal": ",", "group": " "}
    named = (key for key, text in EN.texts["sheets"].items() if isinstance(text, str) and key != "continued")
    texts["sheets"] |= {key: "ω" * (at + 1) for at, key in enumerate(named)}  # names of sheets must differ
    strange = Strange(texts)
    drawn: list[str] = []
    finish = Canvas.finish

    def keep_texts(self, *args, **kwargs):
        picture = finish(self, *args, **kwargs)
        drawn.extend(item.get_text() for item in self.figure.findobj(Text))
        return picture

    monkeypatch.setattr(Canvas, "finish", keep_texts)
    monkeypatch.setattr("coverage.reports.single.load_wording", lambda language: strange)
    silent = pd.DataFrame({"reason": "ω", "change": "ω"}, index=assessment.places.index)
    monkeypatch.setattr(
        "coverage.reports.evidence.reasons.explain", lambda places, **_: silent.loc[places.index].astype("str")
    )
    asked = replace(
        changed_places(assessment, reason="ω"), provenance={**assessment.provenance, "warnings": ["no one"]}
    )
    path = tmp_path / f"x.{format_}"
    chosen = {"area": [str(assessment.areas["area_id"].iloc[0])]} if part == "area" else {}
    render(asked, report, format=format_, path=path, **chosen)
    if format_ == "gpkg":
        base = sqlite3.connect(path)
        styles = " ".join(row[0] for row in base.execute("SELECT styleQML FROM layer_styles"))
        base.close()
        found = " ".join(re.findall(r'label="([^"]*)"', styles))
    elif format_ == "geojson":
        read = json.loads(path.read_text(encoding="utf-8"))
        found = f"{read['name']} {read['notice']}"
    else:
        found = _document_text(path)
    strays = _words(found + " " + " ".join(drawn)) - _data_words(asked, columns=format_ == "xlsx")
    assert strays == set()
    assert "ω" in found


def _data_words(assessment, *, columns: bool) -> set[str]:
    """Return the words that the data bring: names and ids; with `columns` also the names of columns."""
    policy, study = assessment.policy, assessment.study
    frames = [assessment.places, assessment.areas, assessment.municipalities, assessment.cost_lines]
    worded = {*EN.texts["values"], "geometry", "reason", "assumed", "unit", "source", "line_of_business"} - {
        "tier",
        "reason_code",
        # These have words for an operator that is withheld, and the data's names else.
        *("fixed_provider", "planned_by", "hearing_removed_by", "hearing_lapsed_by"),
    }
    words = [
        str(value)
        for frame in frames
        for name in frame.columns.difference(list(worded))
        for value in frame[name].dropna().unique()
    ]
    words += [item.item for item in assessment.costs.items] + [policy.id, assessment.costs.id]
    words.append(assessment.scenario.template)
    words += [part.id for part in (*policy.tiers, *policy.clauses, *policy.criteria)]
    words += [study.id, study.name, study.currency, study.crs, "km"]
    words += [text for source in study.sources for text in (source.id, source.licence)]
    words += [row["id"] for row in read_rows("parameters.csv")] + ["upload_dependence"]
    told = assessment.summary
    words += [row["operator"] for row in told.get("hearing", {}).get("operators", [])]
    words += [row["name_en"] for row in told.get("businesses", {}).get("by_section", []) if row["name_en"]]
    if len(assessment.corrections):
        words += [*assessment.corrections["comment"], *assessment.corrections["office"], *assessment.corrections["was"]]
    if columns:
        words += [*ADDRESS_COLUMNS, *CORRECTED_COLUMNS, *HEARD_COLUMNS, *COST_COLUMNS]
        words += [*area_table(assessment).columns, *technical_table(assessment).columns, *COLUMNS, "scope"]
        words += [*change.COLUMNS, *mobile.COLUMNS, *ceiling.COLUMNS, *priority_table(assessment).columns]
        words += [
            *firmness.COLUMNS,
            *differences.COLUMNS,
            *points.RULES,
            *points.contribution_table(assessment).columns,
        ]
        words += [*money_curve.REACH, *money_curve.curve_table(cut(assessment)).columns]
        heard = told.get("hearing", {"lists": [], "operators": []})
        words += [*list_table(heard["lists"]).columns, *operator_table(heard["operators"]).columns]
    return set().union(*map(_words, words))


# --- the data files -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(assessment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("languages")
    for language in ("en", "nb"):
        write_all(assessment, folder / language, progress=lambda step: None, language=language)
    return folder


def test_data_files_do_not_depend_on_the_language(assessment, both, tmp_path):
    for name in (
        "places.parquet",
        "areas.parquet",
        "priority-list.csv",
        "rejected.csv",
        "corrections.csv",
        "summary.json",
    ):
        assert (both / "en" / name).read_bytes() == (both / "nb" / name).read_bytes()
    for language in ("en", "nb"):
        render(assessment, "gap", format="csv", path=tmp_path / f"{language}.csv", language=language)
    assert (tmp_path / "en.csv").read_bytes() == (tmp_path / "nb.csv").read_bytes()


def test_data_files_hold_the_reason_in_both_languages(assessment, both, tmp_path):
    said = {}
    for language, tail in (("en", ""), ("nb", "_nb")):
        texts = explain(assessment.places, policy=assessment.policy, as_of=assessment.study.as_of, language=language)
        said |= {f"{name}{tail}": texts[name] for name in ("reason", "change")}
    said["reason"] = assessment.places["reason"]  # as it was judged
    truth = pd.DataFrame(said).set_axis(assessment.places["place_id"])
    render(assessment, "gap", format="csv", path=tmp_path / "gap.csv")
    render(assessment, "gap", format="gpkg", path=tmp_path / "gap.gpkg")
    render(assessment, "gap", format="geojson", path=tmp_path / "gap.geojson")
    features = gpd.read_file(tmp_path / "gap.geojson")
    tables = {
        "parquet": gpd.read_parquet(both / "en" / "places.parquet"),
        "assessment": gpd.read_file(both / "en" / "assessment.gpkg", layer="places"),
        "csv": pd.read_csv(tmp_path / "gap.csv"),
        "gpkg": gpd.read_file(tmp_path / "gap.gpkg", layer="places"),
        "geojson": features[features["layer"] == "places"],
    }
    for name, table in tables.items():
        # A GeoPackage of all places holds one language, and no text of a place that lacks nothing.
        texts = ["reason", "change"] if name == "assessment" else TEXT_COLUMNS
        found = table.set_index("place_id")[texts]
        assert len(found) == (
            300 if name in ("parquet", "assessment") else (assessment.places["gap_kind"] != "none").sum()
        )
        expected = truth.loc[found.index, texts]
        if name == "assessment":
            assert not {"reason_nb", "change_nb"} & set(table.columns)
            lacks = assessment.places.set_index("place_id").loc[found.index, "gap_kind"] != "none"
            assert found[~lacks].isna().all(axis=None)
            found, expected = found[lacks], expected[lacks]
        assert (found == expected).all(axis=None), name
    assert truth["reason_nb"].str.contains("støtteberettiget").all()


@pytest.mark.parametrize(("language", "labels"), [
    ("en", ["Reason", "What would change it"]), ("nb", ["Begrunnelse", "Hva som ville endre det"]),
])  # fmt: skip
def test_a_workbook_holds_the_reason_of_its_language_alone(assessment, both, language, labels):
    book = openpyxl.load_workbook(both / language / "gap-report.xlsx")
    rows = list(book.worksheets[2].iter_rows(values_only=True))
    table = pd.DataFrame(rows[1:], columns=rows[0])
    reasons = explain(assessment.places, policy=assessment.policy, as_of=assessment.study.as_of, language=language)
    reasons = reasons.set_axis(assessment.places["place_id"])
    if language == "en":
        reasons["reason"] = assessment.places["reason"].to_numpy()
    assert (table[labels].to_numpy() == reasons.loc[table.iloc[:, 0], ["reason", "change"]].to_numpy()).all()
    assert [label for label in rows[0] if "(Norwegian)" in label or "(engelsk)" in label] == []


def test_an_export_leads_back_to_the_offer_and_the_plan(assessment, tmp_path):
    source = assessment.study.sources[0]
    study = replace(
        assessment.study,
        sources=(
            source,
            replace(source, id="offers", role="offers", file="offers.csv", as_of=dt.date(2022, 6, 1)),
            replace(source, id="plans", role="offers", file="plans.gpkg"),
        ),
    )
    number = pd.Series(range(len(assessment.places)))
    traced = changed_places(
        replace(assessment, study=study),
        fixed_source=pd.Series("offers", index=number.index).where(number % 6 != 0),
        fixed_source_row=(number + 1).where(number % 6 != 0, 0),
        planned_source=pd.Series("plans", index=number.index).where(number % 9 == 0),
        planned_source_row=(number + 7).where(number % 9 == 0, 0),
    )
    render(traced, "gap", format="csv", path=tmp_path / "gap.csv")
    table = pd.read_csv(tmp_path / "gap.csv").set_index("place_id")
    places = traced.places.set_index("place_id").loc[table.index]
    for offer, file, day in (("fixed", "offers.csv", "2022-06-01"), ("planned", "plans.gpkg", "2022-06-30")):
        known = places[f"{offer}_source"].notna()
        assert known.any()
        assert not known.all()
        assert set(table.loc[known, f"{offer}_file"]) == {file}
        assert set(table.loc[known, f"{offer}_as_of"]) == {day}
        assert (table.loc[known, f"{offer}_source_row"] == places.loc[known, f"{offer}_source_row"]).all()
        columns = [f"{offer}_{name}" for name in ("source", "file", "source_row", "as_of")]
        assert table.loc[~known, columns].isna().all(axis=None)


def test_the_legend_in_qgis_is_in_the_reports_language(assessment, tmp_path):
    render(assessment, "gap", format="gpkg", path=tmp_path / "x.gpkg", language="nb")
    base = sqlite3.connect(tmp_path / "x.gpkg")
    (style,) = base.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'areas'").fetchone()
    base.close()
    assert re.findall(r'category value="(\w+)" symbol="\d" label="([^"]+)"', style) == [
        ("fund", "støttes"), ("reserve", "reserve"), ("ineligible", "ikke støtteberettiget"),
    ]  # fmt: skip
