"""Every page in every state that is empty or broken: one sentence and what to do, never a traceback."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from coverage.assessment import Assessment
from coverage.scenario import Scenario
from maps import session
from maps.session import Key
from tests import toy_view
from tests.reported import changed_places, empty_assessment, summarised
from tests.screen_texts import texts_of
from tests.studymaker import tiny_study

PAGES = ("explore", "gap_report", "priorities", "data_and_rules")
LANGUAGES = ("en", "nb")


def page(name: str) -> None:
    import importlib

    import streamlit as st

    from coverage.errors import CoverageError
    from coverage.policy import load_policy
    from maps import session
    from maps.halt import stop
    from maps.language import _
    from maps.pages import sidebar

    study = session.open_study()
    try:
        scenario = session.scenario_of(study)
        with st.sidebar:
            sidebar.render(study, scenario)
        st.html(sidebar.strip(study, load_policy(scenario.policy)))
    except CoverageError as error:
        stop(error, help_text=_("Correct the file, then reload this page."))
    importlib.import_module(f"maps.pages.{name}").render()


def show(name: str, spoken: str, **query: str) -> AppTest:
    test = AppTest.from_function(page, args=(name,), default_timeout=60)
    for key, value in {"lang": spoken, **query}.items():
        test.query_params[key] = value
    return test.run()


def told(test: AppTest) -> tuple[str, str]:
    """Return the one sentence of a page that stopped, and what it says to do."""
    assert not test.exception
    assert len(test.error) == 1
    sentence, advice = test.error[0].value.replace("\\", ""), test.main.caption[-1].value
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence, advice


def nowhere(folder: Path) -> str:
    return str(folder / "nowhere")


def no_toml(folder: Path) -> str:
    study = tiny_study(folder / "tiny").folder
    (study / "study.toml").unlink()
    return str(study)


def unreadable(folder: Path) -> str:
    study = tiny_study(folder / "tiny").folder
    (study / "study.toml").write_text("[study\nid = ", encoding="utf-8")
    return str(study)


def not_text(folder: Path) -> str:
    study = tiny_study(folder / "tiny").folder
    (study / "study.toml").write_bytes(b"\xff\xfe\x00\x01")
    return str(study)


def file_missing(folder: Path) -> str:
    study = tiny_study(folder / "tiny")
    (study.folder / study.source("premises")["path"]).unlink()
    return str(study.folder)


def unknown_policy(folder: Path) -> str:
    study = tiny_study(folder / "tiny")
    study.settings["policy"] = "atlantis-1"
    study.save()
    return str(study.folder)


BROKEN: dict[Callable[[Path], str], str] = {
    nowhere: "study.toml",
    no_toml: "study.toml",
    unreadable: "study.toml",
    not_text: "study.toml",
    file_missing: "premises",
    unknown_policy: "atlantis-1",
}


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("breaks", BROKEN, ids=lambda breaks: breaks.__name__)
def test_a_study_that_cannot_be_read_is_one_sentence_on_every_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, breaks: Callable[[Path], str], spoken: str
) -> None:
    monkeypatch.setenv("COVERAGE_STUDY", breaks(tmp_path))
    for name in PAGES:
        sentence, advice = told(show(name, spoken))
        assert BROKEN[breaks] in sentence
        assert advice.startswith(("Rett ", "Ingenting er endret") if spoken == "nb" else ("Correct ", "Nothing was"))


def no_mobile(given: Assessment) -> Assessment:
    return summarised(dataclasses.replace(changed_places(given, gap_kind="fixed", short_mobile=0.0), mobile=()))


def nothing_eligible(given: Assessment) -> Assessment:
    none = empty_assessment()
    places = given.places.assign(eligible=0.0, area_id=None)
    return summarised(dataclasses.replace(none, places=places, scenario=given.scenario))


def everybody_served(given: Assessment) -> Assessment:
    return dataclasses.replace(empty_assessment(), scenario=given.scenario)


def no_place(given: Assessment) -> Assessment:
    return summarised(dataclasses.replace(empty_assessment(), places=given.places.iloc[:0], scenario=given.scenario))


def no_businesses(given: Assessment) -> Assessment:
    places = given.places[given.places["kind"] != "business"]
    areas = given.areas.assign(businesses=0.0, business_need=0.0)
    return summarised(dataclasses.replace(given, places=places, areas=areas))


def shares_only(given: Assessment) -> Assessment:
    places = given.places
    half = np.where(places["short_fixed"] > 0, 0.5, 0.0)
    tiers = {f"share_{tier}": 1.0 / len(given.policy.tier_ids) for tier in given.policy.tier_ids}
    return summarised(
        changed_places(
            given, service_basis="expected_share", short_fixed=half, fixed_down_mbps=0.0, fixed_up_mbps=0.0,
            fixed_technology=None, reason_code="expected-share", **tiers,
        )
    )  # fmt: skip


def no_money(given: Assessment) -> Assessment:
    return summarised(
        dataclasses.replace(given, areas=given.areas.assign(decision="reserve", ranked_decision="reserve"))
    )


def one_area(given: Assessment) -> Assessment:
    return summarised(dataclasses.replace(given, areas=given.areas.iloc[:1]))


EMPTY = (no_mobile, nothing_eligible, everybody_served, no_place, no_businesses, shares_only, no_money, one_area)


def install(monkeypatch: pytest.MonkeyPatch, empties: Callable[[Assessment], Assessment]) -> None:
    """Put the toy in a state where a session finds it, as one whose files differ from those of every other state."""

    def assess(_study: object, scenario: Scenario) -> Assessment:
        found = empties(toy_view.decide(scenario))
        return dataclasses.replace(found, provenance={**found.provenance, "inputs": empties.__name__})

    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", assess)


CASES = [
    pytest.param(empties, name, LANGUAGES[(row + column) % 2], id=f"{empties.__name__}-{name}")
    for row, empties in enumerate(EMPTY)
    for column, name in enumerate(PAGES)
]


@pytest.mark.parametrize(("empties", "name", "spoken"), CASES)
def test_what_is_missing_is_said_and_the_rest_shown(
    monkeypatch: pytest.MonkeyPatch, empties: Callable[[Assessment], Assessment], name: str, spoken: str
) -> None:
    install(monkeypatch, empties)
    test = show(name, spoken)
    assert not test.exception
    assert not test.error
    texts = texts_of(test)
    assert not [text for text in texts if text in ("nan", "None", "inf", "-inf", "NaN")]


SAID = {
    ("priorities", "everybody_served"): "Choose another policy in the sidebar",
    ("gap_report", "everybody_served"): "No project area matches",
    ("explore", "shares_only"): "share per municipality",
}


@pytest.mark.parametrize(("name", "state"), SAID)
def test_an_empty_page_says_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str, state: str) -> None:
    empties = {empties.__name__: empties for empties in EMPTY}[state]
    install(monkeypatch, empties)
    assert SAID[name, state] in " ".join(texts_of(show(name, "en")))


NONSENSE = [
    {"policy": "../../etc/passwd"}, {"policy": "us-bead-2025\x00"}, {"budget": "lots"}, {"budget": "-1"},
    {"budget": "nan"}, {"budget": "1e400"}, {"seed": "9" * 400}, {"view": "<script>alert(1)</script>"},
    {"w.premises": "1e308"}, {"w.nothing": "1"}, {"a.cut_m": "NaN"}, {"lang": "<b>"}, {"against": "[x](http://y)"},
    {"template": "💥"}, {"wishes": "{{{"}, {"unknown": "1"},
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE, ids=str)
def test_a_link_with_nonsense_opens_the_study(monkeypatch: pytest.MonkeyPatch, query: dict[str, str]) -> None:
    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda _study, scenario: toy_view.decide(scenario))
    test = show("priorities", "en", **query)
    assert not test.exception
    assert not test.error
    assert test.title[0].value in ("Priorities", "Prioritering")
    for warning in test.warning:
        assert "](" not in warning.value
        assert "<script>" not in warning.value


@pytest.mark.parametrize(("name", "spoken"), list(zip(PAGES, ("en", "nb", "en", "nb"), strict=True)))
def test_a_link_with_a_policy_of_another_currency_opens_the_studys_own(
    monkeypatch: pytest.MonkeyPatch, name: str, spoken: str
) -> None:
    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda _study, scenario: toy_view.decide(scenario))
    test = show(name, spoken, policy="us-bead-2025")
    assert not test.exception
    assert "us-bead-2025" in test.warning[0].value.replace("\\", "")
    assert test.session_state[Key.POLICY] == "no-2024", "never one policy's name over another's figures"
    assert "BEAD" not in " ".join(texts_of(test)).replace("us-bead-2025", "")
