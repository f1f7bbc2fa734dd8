from __future__ import annotations

import dataclasses
import json
import zipfile
from io import BytesIO

import pytest
from streamlit.testing.v1 import AppTest

from coverage import reports
from maps import session, style
from maps.pages import downloads
from maps.session import View
from maps.store import STORE
from tests import toy, toy_secret, toy_told
from tests.reported import toy_assessment
from tests.screen_texts import texts_of


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
    assert _labels(test)[-1] == "Address list to fill in, Excel"


def _labels(test: AppTest) -> list[str]:
    return [button.proto.label for button in test.get("download_button")]


def test_the_address_list_is_offered_for_a_choice_and_to_those_who_may_see_homes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = show(monkeypatch, toy_secret.assessment())
    assert "to get their addresses as a form to fill in" in " ".join(caption.value for caption in test.caption)
    fine = test.multiselect(key="gap-report-municipalities").select("5001").run()
    assert "Address list to fill in, Excel" in _labels(fine)
    test.selectbox(key="gap-report-for").set_value("council").run()
    assert "Address list to fill in, Excel" not in _labels(test)
    assert "For a municipality's application" not in [heading.value for heading in test.subheader]


def test_everything_about_one_municipality_is_offered_as_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy_secret.assessment())
    offer = "Everything about this municipality (zip)"
    assert offer not in _labels(test)
    test.multiselect(key="gap-report-municipalities").select("5001").run()
    assert "addresses of homes" in _help(test, offer)
    test.selectbox(key="gap-report-for").set_value("council").run()
    assert "addresses of homes" not in _help(test, offer)
    test.multiselect(key="gap-report-municipalities").select("5058").run()
    assert not test.exception
    assert offer not in _labels(test)


def _help(test: AppTest, label: str) -> str:
    (found,) = (button.proto.help for button in test.get("download_button") if button.proto.label == label)
    return found


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


# --- businesses ----------------------------------------------------------------------------------------------


def by(test: AppTest, first: str) -> list[list[object]]:
    """Return the table of businesses whose first row is called `first`."""
    counts = ["what", "businesses", "short", "eligible", "employees"]
    found = [element.value for element in test.dataframe if "what" in element.value]
    return next(frame[counts].to_numpy().tolist() for frame in found if frame["what"].iloc[0] == first)


def test_businesses_are_counted_by_size_distance_and_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = toy_told.assessment()
    test = show(monkeypatch, told)
    assert not test.exception
    firms = told.places[told.places["kind"] == "business"]
    assert by(test, "micro") == [["micro", 60, 20, 20, firms["employees"].sum()]]
    assert [str(row[0]).replace(style.THIN, " ") for row in by(test, f"up to 10{style.THIN}km")] == [
        "up to 10 km",
        "10 km to 30 km",
        "over 30 km",
        "in a business park",
    ]
    (sections,) = (element.value for element in test.dataframe if "section" in element.value)
    assert sections[["section", "line", "short"]].to_numpy().tolist() == [
        ["A", "Agriculture, forestry and fishing", 20]
    ]
    assert {"eligible for support", "short, but not eligible"} <= set(texts_of(test)), "what the chart tells apart"
    labels = [json.loads(element.proto.columns).get("what", {}).get("label") for element in test.dataframe]
    assert "size class by headcount" in labels
    said = "".join(element.value for element in test.markdown).replace("\\", "")
    assert "how much of their ground has mobile coverage is not known" in said
    assert f"85{style.THIN}% of their ground" in said


def test_businesses_follow_the_chosen_municipality(monkeypatch: pytest.MonkeyPatch) -> None:
    told = toy_told.assessment()
    test = show(monkeypatch, told)
    test.multiselect(key="gap-report-municipalities").select("5001").run()
    assert not test.exception
    mine = told.places[(told.places["kind"] == "business") & (told.places["municipality_code"] == "5001")]
    assert by(test, "micro") == [
        ["micro", len(mine), mine["short_fixed"].sum(), mine["eligible"].sum(), mine["employees"].sum()]
    ]


def test_without_a_profile_nothing_is_said_of_businesses(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, toy.assessment())
    test.multiselect(key="gap-report-municipalities").select("5001").run()
    assert not test.exception
    assert "Businesses: who is short of service" not in [element.value for element in test.subheader]
    homes = toy_told.assessment()
    homes = dataclasses.replace(homes, places=homes.places.assign(kind="household"))
    test = show(monkeypatch, dataclasses.replace(homes, summary=homes.summary | {"businesses": {"by_headcount": {}}}))
    assert not test.exception
    assert "Businesses: who is short of service" not in [element.value for element in test.subheader]
