"""The form of the rules for areas in the sidebar, and the choice whether mobile areas compete."""

from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from coverage.policy import load_policy
from coverage.study import Study
from maps import session
from maps.pages.area_rules import FIELD
from maps.pages.rules import policy_html
from maps.session import Key
from tests import toy


def frame() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import sidebar

    study = session.open_study()
    sidebar.render(study, session.scenario_of(study))
    st.text(session.scenario_of(study).to_toml())


def show(monkeypatch: pytest.MonkeyPatch, study: Study | None = None, **query: str) -> AppTest:
    monkeypatch.setattr(session, "open_study", lambda: study or toy.study())
    test = AppTest.from_function(frame, default_timeout=30)
    for key, value in query.items():
        test.query_params[key.replace("__", ".")] = value
    return test.run()


def send(test: AppTest) -> AppTest:
    return next(button for button in test.button if button.label == "Draw the areas anew").click().run()


def test_what_is_sent_reshapes_the_areas_and_only_what_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert test.number_input(key=f"{FIELD}cut_m").value == 1500.0
    test.number_input(key=f"{FIELD}cut_m").set_value(900.0)
    test.toggle(key=f"{FIELD}split_by_municipality").set_value(False)
    send(test)
    assert not test.exception
    assert "[areas]\ncut_m = 900.0\nsplit_by_municipality = false" in test.text[0].value
    assert any("other rules than the policy's" in caption.value for caption in test.caption)
    test.number_input(key=f"{FIELD}cut_m").set_value(1500.0)
    test.toggle(key=f"{FIELD}split_by_municipality").set_value(True)
    assert "[areas]" not in send(test).text[0].value


def test_rules_that_contradict_are_said_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, a__max_premises="50")
    assert test.number_input(key=f"{FIELD}max_premises").value == 50.0, "a link fills the form"
    test.number_input(key=f"{FIELD}min_premises").set_value(60.0)
    send(test)
    assert not test.exception
    assert [error.value for error in test.error] == ["The fewest premises are above the most: nothing was changed."]
    assert "[areas]\nmax_premises = 50.0" in test.text[0].value
    test.number_input(key=f"{FIELD}min_premises").set_value(5.0)
    send(test)
    assert not test.error
    assert "[areas]\nmax_premises = 50.0\nmin_premises = 5.0" in test.text[0].value


def test_a_new_policy_and_the_way_back_bring_their_own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch, a__cut_m="900")
    test.selectbox(key=Key.POLICY).select("no-2023").run()
    assert not test.exception
    assert "[areas]" not in test.text[0].value
    assert test.number_input(key=f"{FIELD}cut_m").value == load_policy("no-2023").areas.cut_m
    test.number_input(key=f"{FIELD}cut_m").set_value(700.0)
    assert "cut_m = 700.0" in send(test).text[0].value
    next(button for button in test.button if button.label == "Back to the study's settings").click().run()
    assert "[areas]" not in test.text[0].value
    assert test.number_input(key=f"{FIELD}cut_m").value == 1500.0


def with_roles(*roles: str) -> Study:
    study = toy.study()
    added = tuple(dataclasses.replace(study.sources[0], id=role, role=role) for role in roles)
    return dataclasses.replace(study, sources=(*study.sources, *added))


def test_whether_mobile_areas_compete_is_asked_where_there_can_be_any(monkeypatch: pytest.MonkeyPatch) -> None:
    for roles in ((), ("mobile",), ("terrain",)):
        test = show(monkeypatch, with_roles(*roles), mobile="fund")
        assert Key.MOBILE not in [box.key for box in test.radio]
        assert 'mobile = "fund"' in test.text[0].value, "what a link says stands all the same"
    test = show(monkeypatch, with_roles("mobile", "terrain"))
    box = test.radio(key=Key.MOBILE)
    says = "they compete" if load_policy("no-2024").mobile.supported else "no money"
    assert box.options == [f"As the policy says: {says}", "They compete for the budget", "They get no money"]
    assert "mobile" not in test.text[0].value
    box.set_value("exclude").run()
    assert not test.exception
    assert 'mobile = "exclude"' in test.text[0].value


def test_the_policy_in_sentences_says_that_rules_are_changed() -> None:
    policy = load_policy("no-2024")
    told = "Some of this is changed in the sidebar."
    assert told not in policy_html(policy)
    shaped = policy_html(policy.with_area_rules((("cut_m", 900.0),)))
    assert told in shaped
    assert "900" in shaped
