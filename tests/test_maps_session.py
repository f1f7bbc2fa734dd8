from __future__ import annotations

import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from coverage.errors import DataError
from maps import session
from maps.session import Key, Shelf
from tests import toy


def frame() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import sidebar

    study = session.open_study()
    scenario = session.scenario_of(study)
    sidebar.render(study, scenario)
    st.text(scenario.to_toml())


def show(monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setattr(session, "open_study", toy.study)
    test = AppTest.from_function(frame, default_timeout=30)
    for key, value in query.items():
        test.query_params[key.replace("__", ".")] = value
    return test.run()


def test_without_a_link_the_study_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert not test.exception
    assert 'policy = "no-2024"\nbudget = 14000000.0' in test.text[0].value
    assert "[weights]" not in test.text[0].value
    text = test.get("html")[0].proto.body
    assert "SYNTHETIC" in text
    assert "2022-06-30" in text


def test_a_link_opens_its_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, budget="2500000", seed="7", view="private_cap", w__premises="40", c__trench_m="500")
    assert not test.exception
    text = test.text[0].value
    for line in ("budget = 2500000.0", "seed = 7", 'view = "private_cap"', "premises = 40.0", "trench_m = 500.0"):
        assert line in text


def test_a_broken_link_is_said_and_the_study_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for query in ({"budget": "lots"}, {"policy": "../../etc/passwd"}, {"view": "<script>"}):
        test = show(monkeypatch, **query)
        assert not test.exception
        assert "could not be read" in test.warning[0].value
        assert "budget = 14000000.0" in test.text[0].value


def test_fields_change_the_scenario_and_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.number_input(key=Key.BUDGET).set_value(3.0)
    test.slider(key=f"{Key.WEIGHT}premises").set_value(10.0).run()
    assert "budget = 3000000.0" in test.text[0].value
    assert "premises = 10.0" in test.text[0].value
    test.button[0].click().run()
    assert "budget = 14000000.0" in test.text[0].value
    assert "[weights]" not in test.text[0].value


def test_unusable_data_is_one_sentence_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        from maps import session

        session.current()

    def refuse(study: object, scenario: object) -> None:
        raise DataError("offers.csv, row 3: down_mbps is 'fast'; expected a number")

    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", refuse)
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert test.error[0].value == "offers.csv, row 3: down_mbps is 'fast'; expected a number"
    assert "reload this page" in test.caption[0].value


def test_no_study_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    def page() -> None:
        from maps import session

        session.open_study()

    monkeypatch.setenv("COVERAGE_STUDY", str(tmp_path / "nowhere"))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert len(test.error) == 1
    assert "COVERAGE_STUDY" in test.caption[0].value


def test_a_shelf_builds_once_and_forgets_the_oldest() -> None:
    shelf, built = Shelf(2), []

    def build() -> int:
        time.sleep(0.05)
        built.append(1)
        return len(built)

    readers = [threading.Thread(target=lambda: shelf.get("a", build)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert built == [1]
    for key in ("b", "c"):
        shelf.get(key, build)
    assert not shelf.has("a")


def test_a_failed_build_is_tried_again() -> None:
    shelf = Shelf(2)
    with pytest.raises(DataError):
        shelf.get("a", lambda: (_ for _ in ()).throw(DataError("no")))
    assert shelf.get("a", lambda: 5) == 5
