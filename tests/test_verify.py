"""A list that was handed over is held against a fresh run: what was changed in it is told, and nothing else is."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage import pipeline, reports
from coverage.assessment import Assessment
from coverage.errors import DataError
from coverage.policy import LANGUAGES
from coverage.study import Study
from coverage.verify import LIST_FILES, Verification, same, verify_list
from tests.studymaker import tiny_study

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Prepared:
    study = Study.open(tiny_study(tmp_path_factory.mktemp("study")).folder)
    return pipeline.prepare(study, study.default_scenario().shape(pipeline.load_policy(study.policy)))


@pytest.fixture(scope="module")
def fresh(prepared: pipeline.Prepared) -> Assessment:
    return pipeline.decide(prepared, prepared.study.default_scenario())


@pytest.fixture(scope="module")
def handed(fresh: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the list as a CSV file, as a council got it."""
    path = tmp_path_factory.mktemp("handed") / "priority-list.csv"
    reports.render(fresh, "priority", format="csv", path=path)
    return path


@pytest.fixture(scope="module", params=LANGUAGES)
def workbook(request: pytest.FixtureRequest, fresh: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the list as a workbook in one language."""
    path = tmp_path_factory.mktemp("handed") / f"priority-list-{request.param}.xlsx"
    reports.render(fresh, "priority", format="xlsx", path=path, language=request.param)
    return path


def edited(handed: Path, tmp_path: Path, edit: Callable[[Rows], Any], *, delimiter: str = ",") -> Path:
    """Return a copy of the list in which somebody has changed something."""
    with handed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = edit(rows) or rows
    path = tmp_path / "edited.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def told(found: Verification) -> list[tuple[str, str, str, str]]:
    return [(item.code, item.column, item.given, item.fresh) for item in found.differences]


# --- a list that follows ------------------------------------------------------------------------------------------


def test_the_list_as_it_was_written_follows_byte_for_byte(handed: Path, fresh: Assessment) -> None:
    found = verify_list(handed, fresh)
    assert found.follows
    assert found.identical
    assert (found.areas, found.lacking, found.unknown) == (len(fresh.areas), (), ())
    assert found.figures > 20 * len(fresh.areas)
    assert found.sentences()[:2] == [
        f"The list follows from the data: {found.areas} areas, {found.figures} entries compared.",
        "The file is the same, byte for byte.",
    ]


def test_a_workbook_follows_in_whatever_language_it_was_written(workbook: Path, fresh: Assessment) -> None:
    found = verify_list(workbook, fresh)
    assert told(found) == []
    assert not found.identical
    assert found.areas == len(fresh.areas)
    assert found.figures > 20 * len(fresh.areas)
    assert (found.lacking, found.unknown) == ((), ())


def test_a_list_that_a_norwegian_spreadsheet_saved_follows(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    def save(rows: Rows) -> None:
        for row in rows:
            for name, text in row.items():
                if text.replace(".", "", 1).isdigit():
                    row[name] = text.replace(".", ",")

    found = verify_list(edited(handed, tmp_path, save, delimiter=";"), fresh)
    assert told(found) == []
    assert not found.identical


def test_a_list_that_was_made_a_workbook_by_a_spreadsheet_follows(
    handed: Path, fresh: Assessment, tmp_path: Path
) -> None:
    path = tmp_path / "saved.xlsx"
    pd.read_csv(handed).to_excel(path, index=False, engine="openpyxl")
    assert told(verify_list(path, fresh)) == []


def test_a_part_of_the_list_follows_from_the_same_part_of_the_run(fresh: Assessment, tmp_path: Path) -> None:
    path = tmp_path / "west.csv"
    reports.render(fresh, "priority", format="csv", path=path, municipality=("5001",))
    assert verify_list(path, reports.select(fresh, municipality=("5001",), area=(), technology=None)).follows
    whole = verify_list(path, fresh)
    assert {item.code for item in whole.differences} == {"missing"}
    assert len(whole.differences) == (fresh.areas["municipality_code"] != "5001").sum()


def test_fewer_columns_are_no_difference_but_are_told(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    def cut(rows: Rows) -> Rows:
        return [{name: row[name] for name in ("rank", "area_id", "decision", "grant")} for row in rows]

    found = verify_list(edited(handed, tmp_path, cut), fresh)
    assert found.follows
    assert "capex" in found.lacking
    assert found.sentences()[-1].startswith("Not compared, as the list has no such column: ")


def test_a_column_of_the_councils_own_is_told(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    found = verify_list(edited(handed, tmp_path, lambda rows: [{**row, "note": "seen"} for row in rows]), fresh)
    assert found.follows
    assert found.unknown == ("note",)


# --- a list that does not -----------------------------------------------------------------------------------------


def test_an_amount_that_was_changed_is_told_alone(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    found = verify_list(edited(handed, tmp_path, lambda rows: rows[1].update(grant="4000000")), fresh)
    assert not found.follows
    assert told(found) == [("amount", "grant", "4000000", "4178850.72")]
    assert found.sentences()[0] == "The list does not follow from the data: 1 difference."
    assert found.sentences()[2] == "Vestby 3 (5001-MPLLCW): grant is 4000000 on the list, and comes to 4178850.72."
    assert found.sentences(language="nb")[0] == "Listen følger ikke av dataene: 1 avvik."


def test_a_decision_that_was_changed_is_told_alone(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    found = verify_list(edited(handed, tmp_path, lambda rows: rows[0].update(decision="fund")), fresh)
    assert told(found) == [("decision", "decision", "fund", "reserve")]


def test_two_ranks_that_changed_places_are_two_differences(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    def swap(rows: Rows) -> None:
        rows[0]["rank"], rows[1]["rank"] = rows[1]["rank"], rows[0]["rank"]

    assert told(verify_list(edited(handed, tmp_path, swap), fresh)) == [
        ("rank", "rank", "2", "1"),
        ("rank", "rank", "1", "2"),
    ]


def test_rows_in_another_order_are_told_though_every_rank_is_right(
    handed: Path, fresh: Assessment, tmp_path: Path
) -> None:
    found = verify_list(edited(handed, tmp_path, lambda rows: [rows[1], rows[0], *rows[2:]]), fresh)
    assert told(found) == [("order", "", "2", "1"), ("order", "", "1", "2")]


def test_an_area_that_was_taken_off_put_on_or_doubled_is_told(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    gone = verify_list(edited(handed, tmp_path, lambda rows: rows[:-1]), fresh)
    assert told(gone) == [("missing", "", "", "6")]
    more = verify_list(edited(handed, tmp_path, lambda rows: [*rows, {**rows[0], "area_id": "5001-MINE"}]), fresh)
    assert [(item.code, item.area) for item in more.differences] == [("extra", "Østby - Nuortta 2 (5001-MINE)")]
    twice = verify_list(edited(handed, tmp_path, lambda rows: [*rows, rows[0]]), fresh)
    assert [item.code for item in twice.differences] == ["twice"]


def test_what_every_row_says_alike_is_told_once(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    def date(rows: Rows) -> None:
        for row in rows:
            row["as_of"] = "2023-06-30"

    assert told(verify_list(edited(handed, tmp_path, date), fresh)) == [
        ("stamp", "as_of", "2023-06-30", fresh.study.as_of.isoformat())
    ]


def test_a_row_that_cannot_be_read_is_told(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(handed.read_text(encoding="utf-8") + "7,more\n", encoding="utf-8")
    found = verify_list(path, fresh)
    assert [item.code for item in found.differences] == ["unreadable"]
    assert found.sentences()[-1].startswith("Row 7 of the list cannot be read: ")


def test_a_cell_of_a_workbook_that_was_changed_is_told(workbook: Path, fresh: Assessment, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    sheet = next(sheet for sheet in book.worksheets if sheet.tables and "priority_list" in sheet.tables)
    heads = [cell.value for cell in sheet[1]]
    at = next(number for number, cell in enumerate(sheet[3]) if cell.value == pytest.approx(4178850.72))
    sheet.cell(row=3, column=at + 1).value = 1.0
    path = tmp_path / workbook.name
    book.save(path)
    found = verify_list(path, fresh)
    assert heads[at] not in {item.column for item in found.differences}  # named as in data files
    assert {item.code for item in found.differences} == {"amount"}
    assert {(item.given, item.area) for item in found.differences} == {("1", "Vestby 3 (5001-MPLLCW)")}


def test_other_data_rules_or_money_no_longer_give_the_list(
    handed: Path, prepared: pipeline.Prepared, fresh: Assessment
) -> None:
    question = prepared.study.default_scenario()
    richer = verify_list(handed, pipeline.decide(prepared, question.with_changes(budget=12_000_000.0)))
    assert {item.code for item in richer.differences} == {"decision", "amount", "text"}
    assert {item.column for item in richer.differences} <= {
        "decision", "ranked_decision", "certainty", "funded_share", "driver", "below_line",
    }  # fmt: skip
    weighed = pipeline.decide(prepared, question.with_changes(weights=(("premises", 60.0),)))
    assert {"rank", "score"} <= {item.column for item in verify_list(handed, weighed).differences}


# --- the fingerprint ----------------------------------------------------------------------------------------------


def marked(mark: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{**row, "fingerprint": mark} for row in rows]


def test_the_fingerprint_on_the_list_is_held_against_the_runs(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    mark = fresh.provenance["fingerprint"]
    assert verify_list(handed, fresh).fingerprint == "same"
    bare = edited(handed, tmp_path, lambda rows: [{k: v for k, v in row.items() if k != "fingerprint"} for row in rows])
    assert verify_list(bare, fresh).fingerprint == "none"
    for carried in (mark, mark[:12]):
        found = verify_list(edited(handed, tmp_path, marked(carried)), fresh)
        assert (found.fingerprint, found.follows, found.unknown) == ("same", True, ())
    other = replace(fresh, provenance={**fresh.provenance, "fingerprint": "f" * 64})
    found = verify_list(edited(handed, tmp_path, marked(mark[:12])), other)
    assert (found.fingerprint, found.marks) == ("differs", (mark[:12], "f" * 12))
    assert found.follows  # whatever has changed has not changed the list
    assert f"The list carries the fingerprint {mark[:12]}; data, policy" in found.sentences()[1]


def test_too_short_a_fingerprint_proves_nothing(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    short = marked(fresh.provenance["fingerprint"][:6])
    assert verify_list(edited(handed, tmp_path, short), fresh).fingerprint == "differs"


# --- files --------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_list_is_refused(fresh: Assessment, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"expected a priority list as {' or '.join(LIST_FILES)}"):
        verify_list(tmp_path / "list.pdf", fresh)
    with pytest.raises(DataError, match=r"missing\.csv"):
        verify_list(tmp_path / "missing.csv", fresh)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column 'area_id'"):
        verify_list(tmp_path / "other.csv", fresh)
    (tmp_path / "other.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DataError, match=r"other\.xlsx"):
        verify_list(tmp_path / "other.xlsx", fresh)


def test_the_result_is_plain_json(handed: Path, fresh: Assessment, tmp_path: Path) -> None:
    found = verify_list(edited(handed, tmp_path, lambda rows: rows[1].update(grant="4000000")), fresh)
    assert json.loads(json.dumps(found.to_mapping()))["follows"] is False


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_difference_has_its_sentence(handed: Path, fresh: Assessment, tmp_path: Path, language: str) -> None:
    def spoil(rows: Rows) -> Rows:
        rows[0].update(decision="", grant="much", name="Elsewhere", rank="9")
        return [*rows[:-1], {**rows[-1], "area_id": "5001-MINE"}]

    found = verify_list(edited(handed, tmp_path, spoil), fresh)
    assert {item.code for item in found.differences} == {"rank", "decision", "amount", "text", "missing", "extra"}
    said = found.sentences(language=language)
    assert len(said) == 2 + len(found.differences)
    assert not any("{" in line for line in said)


# --- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "fresh", "equal"),
    [
        ("1", "1.0", True),
        ("0,5", "0.5", True),
        ("5\u202f960\u202f017,72", "5960017.72", True),
        ("5960018", "5960017.72", True),  # a spreadsheet showed whole units
        ("5960019", "5960017.72", False),
        ("0", "0.3", False),
        ("2", "3", False),
        ("TRUE", "true", True),
        ("Vestby", "vestby", False),
        ("", "", True),
        ("", "0", False),
        ("nan", "1", False),
        ("1e9", "1000000000", True),
    ],
)
def test_cells_are_the_same_figure_or_the_same_text(given: str, fresh: str, *, equal: bool) -> None:
    assert same(given, fresh) is equal


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
@settings(max_examples=200)
def test_a_figure_is_the_same_with_either_decimal_sign_and_one_unit_more_is_another(units: int, decimals: int) -> None:
    text = f"{units / 10**decimals:.{decimals}f}"
    assert same(text.replace(".", ","), text)
    assert same(text, text)
    assert not same(f"{(units + 1) / 10**decimals:.{decimals}f}", text)
