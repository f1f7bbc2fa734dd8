"""The output folder: all or nothing, the same bytes each time, nobody else's files touched."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from coverage.errors import CoverageError, DataError
from coverage.reports import FILES, check_folder, write_all
from tests.reported import toy_assessment


def _quiet(step: str) -> None:
    pass


@pytest.fixture(scope="module")
def assessment():
    return toy_assessment()


@pytest.fixture(scope="module")
def _written(assessment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "out"
    write_all(assessment, folder, progress=_quiet)
    return folder


@pytest.fixture
def folder(_written, tmp_path):
    """Return a folder of its own with the outputs of a good run, which were written once."""
    return shutil.copytree(_written, tmp_path / "out")


def _contents(folder: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in folder.iterdir()}


def test_two_writes_give_the_same_bytes(assessment, tmp_path):
    write_all(assessment, tmp_path / "a", progress=_quiet)
    write_all(toy_assessment(), tmp_path / "b", progress=_quiet)
    first, second = _contents(tmp_path / "a"), _contents(tmp_path / "b")
    assert set(first) == set(FILES)
    # GeoPackage is SQLite, whose free bytes are not promised; all the rest is.
    assert {name for name in first if first[name] != second[name]} <= {"assessment.gpkg"}


def test_row_order_of_areas_does_not_show(assessment, tmp_path):
    turned = replace(assessment, areas=assessment.areas.iloc[::-1].reset_index(drop=True))
    write_all(assessment, tmp_path / "a", progress=_quiet)
    write_all(turned, tmp_path / "b", progress=_quiet)
    for name in ("priority-list.csv", "areas.parquet", "priority-list.pdf", "gap-report.xlsx"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("a", "b"))
        same = first == second  # what differs in a compressed file tells nothing, and takes minutes to be set out
        assert same, name


def test_a_failed_run_leaves_the_last_good_output(assessment, folder, tmp_path):
    before = _contents(folder)

    def fail(result, path):
        path.write_text("half a map", encoding="utf-8")
        raise RuntimeError("no map")

    with pytest.raises(RuntimeError, match="no map"):
        write_all(assessment, folder, progress=_quiet, extra={"map.html": fail})
    assert _contents(folder) == before
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_a_failed_first_run_leaves_nothing(assessment, tmp_path):
    def fail(result, path):
        raise RuntimeError("no map")

    with pytest.raises(RuntimeError):
        write_all(assessment, tmp_path / "out", progress=_quiet, extra={"map.html": fail})
    assert list(tmp_path.iterdir()) == []


def test_extra_files_are_listed_and_progress_names_every_file(assessment, tmp_path):
    steps = []
    extra = {"map.html": lambda result, path: path.write_text(result.study.name, encoding="utf-8")}
    write_all(assessment, tmp_path / "out", progress=steps.append, extra=extra)
    assert [step.removeprefix("writing ") for step in steps] == [*FILES[:-1], "map.html", "run.json"]
    assert (tmp_path / "out" / "map.html").read_text(encoding="utf-8") == "Toytown"
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["files"]["map.html"] == {"bytes": 7}


def test_a_second_run_replaces_the_first_whole(assessment, tmp_path):
    folder = tmp_path / "out"
    extra = {"old.html": lambda result, path: path.write_text("old", encoding="utf-8")}
    write_all(assessment, folder, progress=_quiet, extra=extra)
    write_all(assessment, folder, progress=_quiet)
    assert {item.name for item in folder.iterdir()} == set(FILES)
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_other_files_is_refused(assessment, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(DataError, match=r"letter\.txt"):
        write_all(assessment, folder, progress=_quiet)
    assert _contents(folder) == {"letter.txt": b"dear"}


def test_a_file_added_to_an_output_folder_is_not_lost(assessment, folder, tmp_path):
    (folder / "my notes.txt").write_text("think", encoding="utf-8")
    with pytest.raises(DataError, match=r"my notes\.txt"):
        write_all(assessment, folder, progress=_quiet)
    assert (folder / "my notes.txt").read_text(encoding="utf-8") == "think"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="this is a file"):
        check_folder(tmp_path / "out")


def test_an_empty_folder_and_a_deep_new_one_are_taken(assessment, tmp_path):
    (tmp_path / "empty").mkdir()
    write_all(assessment, tmp_path / "empty", progress=_quiet)
    write_all(assessment, tmp_path / "a" / "b" / "out", progress=_quiet)
    assert (tmp_path / "a" / "b" / "out" / "run.json").is_file()


def test_a_folder_in_use_is_one_sentence_and_stays(assessment, folder, tmp_path, monkeypatch):
    before = _contents(folder)
    rename = Path.rename

    def locked(self, target):
        if self == folder:
            raise PermissionError(13, "Access is denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    with pytest.raises(CoverageError, match="close the programs that have its files open"):
        write_all(assessment, folder, progress=_quiet)
    monkeypatch.undo()
    assert _contents(folder) == before
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_be_put_in_place(assessment, folder, tmp_path, monkeypatch):
    before = _contents(folder)
    rename = Path.rename

    def stuck(self, target):
        if Path(target) == folder and (self / "run.json").exists() and "-old-" not in str(self):
            raise PermissionError(13, "Access is denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stuck)
    with pytest.raises(CoverageError, match="cannot be written"):
        write_all(assessment, folder, progress=_quiet)
    monkeypatch.undo()
    assert _contents(folder) == before
    assert [item.name for item in tmp_path.iterdir()] == ["out"]
