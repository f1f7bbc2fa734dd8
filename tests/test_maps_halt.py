"""What a reader sees, and what the log holds, when something fails that nobody foresaw."""

from __future__ import annotations

import logging
import re
import runpy

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.testing.v1 import AppTest

from coverage.errors import DataError
from maps import charts, halt, session, style, work
from maps.pages import contrast_view, downloads, map_view, parts, rules
from tests import toy_view

PAGES = {
    "explore": (map_view, "show"),  # in a fragment
    "gap_report": (downloads, "buttons"),
    "priorities": (charts, "reached"),
    "data_and_rules": (rules, "said"),
}


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give AppTest the handler that app.py gives to Streamlit's server."""
    begin = ScriptRunner.__init__
    monkeypatch.setattr(
        ScriptRunner,
        "__init__",
        lambda self, *given, **named: begin(self, *given, **named, on_script_error=halt.fault),
    )
    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda _study, scenario: toy_view.decide(scenario))


def page(name: str) -> None:
    import importlib

    importlib.import_module(f"maps.pages.{name}").render()


def show(name: str, spoken: str = "en") -> AppTest:
    test = AppTest.from_function(page, args=(name,), default_timeout=60)
    test.query_params["lang"] = spoken
    return test.run()


def break_down(*_given: object, **_named: object) -> None:
    where = "/srv/county/secret.csv"
    raise ZeroDivisionError(f"a fault of ours in {where}")


@pytest.mark.parametrize("name", PAGES)
def test_a_stage_that_fails_is_one_sentence_and_a_code_that_stands_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setattr(*PAGES[name], break_down)
    with caplog.at_level(logging.ERROR, logger=halt.LOG.name):
        test = show(name, "nb")
    assert not test.exception
    assert [error.value for error in test.error] == ["Noe gikk galt her\\. Ingenting ble endret\\."]
    told = test.caption[-1].value
    assert "ZeroDivisionError" not in told
    assert "secret" not in told
    code = re.search(r"[0-9A-F]{6}", told)
    assert code
    record = next(record for record in caplog.records if record.name == halt.LOG.name)
    assert record.getMessage() == f"Fault {code[0]}"
    assert record.exc_info
    assert "a fault of ours in /srv/county/secret.csv" in caplog.text
    assert "Traceback" in caplog.text


def test_the_same_fault_has_the_same_code_and_another_has_another(caplog: pytest.LogCaptureFixture) -> None:
    codes = []
    for wrong in ("x", "y", ""):
        try:
            int(wrong) if wrong else {}["k"]
        except (ValueError, KeyError) as error:
            codes.append(halt.code_of(error))
    assert codes[0] == codes[1] != codes[2]


def test_what_the_model_says_of_its_input_stays_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise DataError("offers.csv, row 3: name is '[x](http://y)'; expected a name")

    monkeypatch.setattr(parts, "headline", refuse)
    test = show("priorities")
    assert test.error[0].value == style.plain("offers.csv, row 3: name is '[x](http://y)'; expected a name")
    assert "](" not in test.error[0].value


def test_stopping_and_running_again_are_no_faults(caplog: pytest.LogCaptureFixture) -> None:
    def script() -> None:
        import streamlit as st

        if st.session_state.setdefault("turns", 0) == 0:
            st.session_state["turns"] = 1
            st.rerun()
        st.text("second")
        st.stop()

    test = AppTest.from_function(script).run()
    assert test.text[0].value == "second"
    assert not test.error
    assert not [record for record in caplog.records if record.name == halt.LOG.name]


def test_a_callback_that_fails_is_told_too() -> None:
    def script() -> None:
        import streamlit as st

        st.button("press", on_click=lambda: 1 / 0)

    test = AppTest.from_function(script).run()
    test.button[0].click().run()
    assert not test.exception
    assert test.error[0].value.startswith("Something went wrong here")


def test_the_app_hands_faults_to_the_one_who_tells_them() -> None:
    app = runpy.run_path(str(work.ROOT / "app.py"))["app"]
    assert isinstance(app, st.App)
    assert app._on_script_error is halt.fault


def test_an_address_that_could_not_be_read_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    test = AppTest.from_function(page, args=("priorities",), default_timeout=60)
    test.query_params["policy"] = "[here](http://evil.example)"
    test.run()
    assert not test.exception
    assert "could not be read" in test.warning[0].value
    assert "](http" not in test.warning[0].value


def test_a_part_that_fails_leaves_the_rest_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contrast_view, "choose", break_down)  # in the map's fragment
    test = show("explore")
    assert len(test.error) == 1
    assert test.metric, "the county's figures stand"
