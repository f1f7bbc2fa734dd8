"""Two runs side by side as a file, read back: the rows as codes in CSV, in words in a workbook of either language."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from coverage import pipeline
from coverage.compare import Comparison, compare_runs, sentences
from coverage.errors import DataError
from coverage.policy import LANGUAGES
from coverage.reports import write_all, write_comparison
from coverage.reports.wording import load_wording
from coverage.study import Study
from tests.studymaker import tiny_study


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Return two runs of the tiny study, the later with more money and other weights."""
    folder = tmp_path_factory.mktemp("runs")
    study = Study.open(tiny_study(folder).folder)
    scenario = study.default_scenario()
    prepared = pipeline.prepare(study, scenario.shape(pipeline.load_policy(study.policy)))
    later = scenario.with_changes(budget=12e6, weights=(("premises", 60.0),))
    for name, asked in (("before", scenario), ("after", later)):
        write_all(pipeline.decide(prepared, asked), folder / name, progress=lambda step: None)
    return compare_runs(folder / "before", folder / "after")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_holds_the_sentences_and_the_areas_in_words(
    compared: Comparison, tmp_path: Path, language: str
) -> None:
    wording = load_wording(language)
    write_comparison(compared, tmp_path / "x.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == [
        wording.text("sheets", name) for name in ("read_me", "comparison_told", "comparison", "columns")
    ]
    said = [row[0] for row in book.worksheets[1].iter_rows(min_row=2, values_only=True)]
    assert said == sentences(compared, language=language)
    first = [str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row if cell]
    for run in (compared.before, compared.after):
        assert any(str(run.run["fingerprint"])[:12] in cell for cell in first)
    header, *rows = book.worksheets[2].iter_rows(values_only=True)
    shown = pd.DataFrame(rows, columns=header)
    areas = compared.areas
    assert len(areas) > 0
    assert shown.iloc[:, 0].tolist() == areas["area_id"].tolist()
    for name, when in (("rank", "before"), ("grant", "after")):
        label = wording.text("comparison", f"label_{when}", label=wording.lines("columns", name, currency="NOK")[0])
        assert shown[label].tolist() == pytest.approx(areas[f"{name}_{when}"].tolist(), abs=0.01)
    label = wording.text("comparison", "label_after", label=wording.lines("columns", "decision")[0])
    assert shown[label].tolist() == [wording.value("decision", code) for code in areas["decision_after"]]
    assert shown[wording.lines("columns", "move")[0]].tolist() == [
        wording.value("move", code) for code in areas["move"]
    ]
    assert not any("_before" in str(cell) or "_after" in str(cell) for cell in header)


def test_csv_holds_the_codes(compared: Comparison, tmp_path: Path) -> None:
    write_comparison(compared, tmp_path / "x.csv", "nb")
    table = pd.read_csv(tmp_path / "x.csv", dtype={"municipality_code": str})
    assert list(table.columns) == list(compared.areas.columns)
    for name in ("area_id", "move", "decision_before", "decision_after", "causes"):
        assert table[name].tolist() == compared.areas[name].tolist()
    assert table["grant_after"].tolist() == pytest.approx(compared.areas["grant_after"].tolist(), abs=0.01)


@pytest.mark.parametrize(
    ("name", "sentence"), [("x.pdf", r"ends in \.csv or \.xlsx"), ("gone/x.csv", "no such folder")]
)
def test_a_file_that_cannot_be_written_is_one_sentence(
    compared: Comparison, tmp_path: Path, name: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        write_comparison(compared, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
