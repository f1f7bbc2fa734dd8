"""Past awards on the page "Data and rules": asked for, told before use, used and given back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coverage.scenario import Scenario
from maps.pages import look_back
from maps.store import Shelf
from tests.test_backcast import with_awards

AWARDS = [
    ("a", 2025, 10, 2_000_000, 500_000, 900, "", ""),
    ("b", 2025, 30, 6_000_000, None, 2_500, "fjord", ""),
    ("c", 2024, 12, 1_500_000, 300_000, None, "", ""),
]


def page() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import look_back

    view = session.current()
    look_back.render(view)
    st.text(view.assessment.scenario.to_toml())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_awards(tmp_path_factory.mktemp("awards") / "tiny", AWARDS).folder


def show(monkeypatch: pytest.MonkeyPatch, folder: Path, **query: str) -> AppTest:
    monkeypatch.setenv("COVERAGE_STUDY", str(folder))
    monkeypatch.setattr(look_back, "_FOUND", Shelf(2))
    test = AppTest.from_function(page, default_timeout=120)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def test_awards_are_told_before_their_prices_are_used(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    test = show(monkeypatch, folder)
    assert not test.exception
    assert not test.dataframe, "nothing is reckoned before it is asked for"
    press(test, "Look back")
    assert not test.exception
    figures = {metric.label: metric.value for metric in test.metric}
    assert figures["awards"] == "3"
    assert figures["fitted"] == "2"
    classes, awards, prices = (table.value for table in test.dataframe)
    assert classes["by"].to_list()[0] == "all"
    assert awards["award_id"].to_list() == ["a", "b", "c"]
    assert "fjord" in awards["terrain_class"].to_list()
    factor = float(figures["multiplier, fibre"])
    assert prices["fitted_value"].to_numpy() == pytest.approx(prices["book_value"].to_numpy() * factor, rel=0.01)
    assert "[costs]" not in test.text[0].value, "looking changes nothing"
    assert "[costs]\n" in test.code[0].value


def test_used_prices_are_the_scenarios_and_are_not_fitted_again(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    test = press(show(monkeypatch, folder), "Look back")
    before = {metric.label: metric.value for metric in test.metric}
    press(test, "Use these prices")
    assert not test.exception
    used = Scenario.from_mapping(tomllib.loads(test.text[0].value))
    assert "verge_trench_m" in dict(used.costs)
    assert {metric.label: metric.value for metric in test.metric} == before
    assert any("This scenario uses them" in element.value for element in test.success)
    press(test, "Back to the cost book's prices")
    assert not test.exception
    assert "[costs]" not in test.text[0].value


def test_where_no_award_can_be_fitted_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    few = with_awards(tmp_path / "tiny", [("c", 2024, 12, 1_500_000, 300_000, None, "", "")]).folder
    test = press(show(monkeypatch, few), "Look back")
    assert not test.exception
    assert any("No award" in element.value for element in test.info)
    assert not test.code


def test_the_page_speaks_norwegian(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    test = press(show(monkeypatch, folder, lang="nb"), "Se tilbake")
    assert not test.exception
    assert [head.value for head in test.subheader] == [
        "Hvor mye modellen bommer",
        "Tildeling for tildeling",
        "De tilpassede prisene, før bruk",
    ]
    assert test.dataframe[2].value["item"].to_list()[0] != "verge_trench_m"
