"""Texts that try to run, to lead elsewhere or to break a file are texts in every workbook and CSV that is written."""

from __future__ import annotations

import csv
import dataclasses
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest

from coverage.console import hearing_tables, stress_tables, write_tables
from coverage.reports import render
from coverage.reports.cells import CELL_CHARACTERS
from coverage.reports.delimited import write_csv
from coverage.reports.printable import printable
from maps.pages import upload_templates
from tests import toy_told
from tests.hostile_toy import TRICKS, tricked, turns

ROOT = Path(__file__).parents[1]
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # in XML 1.0
SIGN = re.compile(r"[\t\r]|\s*[=+@\-\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture(scope="module")
def told():
    return tricked(toy_told.assessment())


def run_by(path: Path) -> list[str]:
    """Return what of a workbook a spreadsheet would run or follow, or could not read."""
    found = []
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            text = book.read(name).decode("utf-8")
            found += [
                f"{name}: {what}" for what in ("<f>", "<f ", "<hyperlink", "/hyperlink", "External") if what in text
            ]
            found += [f"{name}: {at[0]!r}" for at in [UNWRITABLE.search(text)] if at]
    return found


def cells(path: Path) -> list[str]:
    book = openpyxl.load_workbook(path)
    return [
        cell.value
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str)
    ]


def started(path: Path) -> list[str]:
    """Return what a spreadsheet could run of a CSV: where cells begin by commas, and where they do by semicolons."""
    with path.open(encoding="utf-8", newline="") as file:
        found = [cell for row in csv.reader(file) for cell in row if SIGN.match(cell)]
    parts = re.split(r"[;\t\n]", path.read_text(encoding="utf-8"))
    return [
        cell for cell in (*found, *(part.lstrip('"') for part in parts)) if SIGN.match(cell) and not NUMBER.match(cell)
    ]


@pytest.mark.parametrize(("report", "rows"), [("gap", 10**6), ("gap", 10), ("priority", 10**6), ("addresses", 10**6)])
def test_nothing_in_a_workbook_runs_or_leads_elsewhere(told, tmp_path, report, rows, monkeypatch):
    monkeypatch.setattr("coverage.reports.workbook.STREAM_ROWS", rows)  # longer workbooks stream
    render(told, report, format="xlsx", path=tmp_path / "x.xlsx", language="nb", municipality=["5001"])
    assert not run_by(tmp_path / "x.xlsx")
    shown = cells(tmp_path / "x.xlsx")
    # openpyxl leaves an escape of XlsxWriter in texts of a workbook that streams as it is.
    assert max(len(cell.replace("_x005F_", "_")) for cell in shown) <= CELL_CHARACTERS
    # Some of the names that tricks stand in are not shown of a home.
    assert sum(any(trick in cell for cell in shown) for trick in TRICKS[:6]) >= 5


@pytest.mark.parametrize("report", ["gap", "priority"])
def test_nothing_in_a_csv_runs(told, tmp_path, report):
    render(told, report, format="csv", path=tmp_path / "x.csv")
    assert not started(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_nothing_in_a_book_beside_the_reports_runs(told, tmp_path, ending):
    account = hearing_tables(toy_told.account(), study=told.study)
    stress = stress_tables(toy_told.stressed(), study=told.study)
    for number, tables in enumerate((account, stress)):
        given = {
            name: table.assign(
                **{column: turns(len(table)) for column in ("operator", "name", "label") if column in table}
            )
            for name, table in tables.items()
        }
        for path in write_tables(given, tmp_path / f"{number}.{ending}", study=told.study, policy="no-2024"):
            assert not (run_by(path) if ending == "xlsx" else started(path))


def test_a_header_that_comes_from_the_data_is_no_formula(tmp_path):
    write_csv(pd.DataFrame({trick: [trick] for trick in TRICKS[:-5]}), tmp_path / "x.csv")
    assert not started(tmp_path / "x.csv")


def test_templates_and_forms_to_fill_in_are_texts(tmp_path):
    table = pd.DataFrame({"name": [trick for trick in TRICKS if trick.isprintable()]})
    upload_templates._xlsx(table)(tmp_path / "x.xlsx")
    assert not run_by(tmp_path / "x.xlsx")


def test_every_workbook_and_every_csv_has_its_one_writer():
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for room in ("coverage", "maps")
        for path in (ROOT / room).rglob("*.py")
    }
    for call, allowed in (
        ("xlsxwriter.Workbook(", {"coverage/reports/workbook.py"}),
        ("ExcelWriter(", {"maps/pages/upload_templates.py"}),
        (".to_csv(", {"maps/pages/upload_templates.py"}),
        ("csv.writer(", {"coverage/reports/delimited.py"}),
    ):
        assert {name for name, text in sources.items() if call in text} <= allowed


def test_a_study_with_a_long_name_has_a_header_that_fits(told, tmp_path):
    long = dataclasses.replace(told, study=dataclasses.replace(told.study, name="&" * 300 + "ø" * 300))
    render(long, "gap", format="xlsx", path=tmp_path / "x.xlsx")
    header = openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets[1].oddHeader
    assert "SYNTHETIC DATA" in header.right.text
    assert len(header.left.text) + len(header.right.text) < 255


@pytest.mark.parametrize("report", ["gap", "priority"])
@pytest.mark.filterwarnings("ignore:Glyph .* missing")  # on the map they are boxes, too
def test_a_paper_is_made_whatever_a_name_holds(told, tmp_path, report):
    named = dataclasses.replace(told, areas=told.areas.assign(name="\u4e2d\U0001f600 Vik\x00\u202e " + "x" * 300))
    render(named, report, format="pdf", path=tmp_path / "x.pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "x.pdf").pages)
    assert "□□ Vik xxx" in " ".join(text.split())


def test_only_what_no_font_has_becomes_a_box():
    kept = "Snåase Raarvihke ŋ đ Ж Ω − → «» \u202f \u2060 \u00ad…"
    given = {"a": [kept, "\u4e2d\u6587"], "b": 1.5, "c": ("\ud800\x00\u202e", None), "d": "y" * 9_000}
    assert printable(given) == {"a": [kept, "□□"], "b": 1.5, "c": ["□", None], "d": "y" * 7_999 + "…"}
