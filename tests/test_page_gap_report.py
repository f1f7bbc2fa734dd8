from __future__ import annotations

import dataclasses
import zipfile
from io import BytesIO

import pytest
from streamlit.testing.v1 import AppTest

from coverage import reports
from maps import session
from maps.pages import downloads
from maps.session import View
from maps.store import STORE
from tests import toy
from tests.reported import toy_assessment


def page() -> None:
    from maps.pages import gap_report

    gap_report.render()


def show(monkeypatch: pytest.MonkeyPatch, assessment) -> AppTest:
    monkeypatch.setattr(session, "current", lambda: View(assessment, *STORE.put(assessment)))
    return AppTest.from_function(page, default_timeout=30).run()


def test_page_says_what_the_report_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    assert not test.exception
    text = test.markdown[0].value
    assert "**12 project areas** in all of Toytown" in text
    assert "SYNTHETIC" in text
    assert len(test.dataframe[0].value) == 12
    assert len(test.get("download_button")) == len(reports.FORMATS["gap"])


def test_filters_cut_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    test.multiselect(key="gap-report-municipalities").select("5001").run()
    assert not test.exception
    assert set(test.dataframe[0].value["municipality"]) == {"Westby"}
    assert "**6 project areas** in Westby" in test.markdown[0].value


def test_where_businesses_are_not_told_apart_none_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    homes = dataclasses.replace(given, areas=given.areas.assign(businesses=0.0))
    test = show(monkeypatch, homes)
    assert not test.exception
    assert "businesses" not in test.markdown[0].value


def test_nothing_to_report_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    test = show(monkeypatch, dataclasses.replace(given, areas=given.areas.iloc[:0], routes=given.routes.iloc[:0]))
    assert not test.exception
    assert "No project area matches" in test.info[0].value
    assert not test.get("download_button")


@pytest.mark.parametrize(
    ("format_", "start"),
    [("xlsx", b"PK"), ("pdf", b"%PDF"), ("gpkg", b"SQLite format 3"), ("geojson", b"{"), ("html", b"<!DOCTYPE html>")],
)
def test_downloads_are_whole_files(format_: str, start: bytes) -> None:
    made = downloads.make(toy_assessment(), "gap", format_=format_, municipality=("5001",))
    assert made.startswith(start)
    spoken = downloads.make(toy_assessment(), "gap", format_=format_, municipality=("5001",), spoken="nb")
    assert spoken.startswith(start)
    assert spoken != made or format_ == "geojson", "a report speaks the language of the page"
    if format_ == "xlsx":
        assert zipfile.ZipFile(BytesIO(made)).testzip() is None


def test_every_format_has_a_name_and_a_type() -> None:
    offered = {format_ for formats in reports.FORMATS.values() for format_ in formats}
    assert offered <= set(downloads.GOOD_FOR)
    assert offered <= set(downloads.MIME)
