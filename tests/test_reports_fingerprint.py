"""The list carries the fingerprint of its run, in every form and language in which it is handed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from coverage import pipeline, reports
from coverage.assessment import Assessment
from coverage.policy import LANGUAGES
from coverage.reports.wording import load_wording
from coverage.study import Study
from coverage.verify import verify_list
from tests.studymaker import tiny_study


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    study = Study.open(tiny_study(tmp_path_factory.mktemp("study")).folder)
    return pipeline.assess(study, study.default_scenario())


@pytest.fixture(scope="module")
def written(fresh: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder of the run's outputs in a language, written once."""

    @cache
    def folder(language: str) -> Path:
        path = tmp_path_factory.mktemp("written") / "run"
        reports.write_all(fresh, path, progress=lambda step: None, language=language)
        return path

    return folder


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_list_that_was_handed_over_leads_back_to_its_run(
    fresh: Assessment, written: Callable[[str], Path], language: str, ending: str
) -> None:
    path = written(language) / f"priority-list.{ending}"
    found = verify_list(path, fresh)
    assert (found.follows, found.fingerprint, found.lacking, found.unknown) == (True, "same", (), ())
    other = replace(fresh, provenance={**fresh.provenance, "fingerprint": "f" * 64})
    again = verify_list(path, other)
    assert (again.follows, again.fingerprint) == (True, "differs")
    assert "fffffffffffff"[:12] in again.sentences(language=language)[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fingerprint_stands_in_the_rows_the_first_sheet_and_the_properties(
    fresh: Assessment, tmp_path: Path, language: str
) -> None:
    mark, wording = fresh.provenance["fingerprint"], load_wording(language)
    reports.render(fresh, "priority", format="csv", path=tmp_path / "a.csv", language=language)
    assert set(pd.read_csv(tmp_path / "a.csv")["fingerprint"]) == {mark}
    reports.render(fresh, "priority", format="xlsx", path=tmp_path / "a.xlsx", language=language)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.custom_doc_props["fingerprint"].value == mark
    first = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True)}
    assert first[wording.text("read_me", "fingerprint_run")] == mark
    rows = list(book[wording.text("sheets", "priority")].iter_rows(values_only=True))
    at = rows[0].index(wording.lines("columns", "fingerprint")[0])
    assert {row[at] for row in rows[1:]} == {mark[:12]}


def test_a_run_without_a_fingerprint_writes_none(fresh: Assessment, tmp_path: Path) -> None:
    bare = replace(fresh, provenance={})
    reports.render(bare, "priority", format="csv", path=tmp_path / "a.csv")
    assert "fingerprint" not in pd.read_csv(tmp_path / "a.csv")
    assert verify_list(tmp_path / "a.csv", fresh).fingerprint == "none"
