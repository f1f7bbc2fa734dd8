from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from coverage import reports
from coverage.assessment import Assessment
from coverage.scenario import Scenario
from maps import session
from maps.session import Key, View
from maps.store import STORE
from tests import toy, toy_view


def page() -> None:
    from maps import session
    from maps.pages import priorities

    session.scenario_of(session.open_study())
    priorities.render()


def show(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: toy_view.decide(scenario))
    return AppTest.from_function(page, default_timeout=30).run()


def figures(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def test_where_businesses_are_not_told_apart_none_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(study: object, scenario: Scenario) -> Assessment:
        found = toy_view.decide(scenario)
        return dataclasses.replace(found, areas=found.areas.assign(businesses=0.0))

    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", decide)
    told = figures(AppTest.from_function(page, default_timeout=30).run())
    assert "homes reached" in told
    assert "businesses reached" not in told


def test_page_shows_the_line_the_set_and_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    assert not test.exception
    assert figures(test)["areas funded"] == "9"
    assert "reaches down to rank 9" in "".join(caption.value for caption in test.caption)
    table = test.dataframe[0].value
    assert list(table["rank"]) == list(range(1, 13))
    assert set(table["certainty"]) == {"safe yes", "toss-up", "safe no"}
    assert len(test.get("download_button")) == len(reports.FORMATS["priority"]) + 1, "and the curve over the ceiling"
    assert [title.value for title in test.subheader] == [
        "Premises reached against money",
        "What the funding gap hangs on",
        "Where the money goes",
        "What a ceiling on the cost of a connection would buy",
    ]


def test_the_slider_decides_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.slider(key=Key.BUDGET_SLIDER).set_value(5.0).run()
    assert not test.exception
    assert test.session_state[Key.BUDGET] == 5.0
    assert figures(test)["areas funded"] == "3"
    assert list(test.dataframe[0].value["decision"]).count("fund") == 3


def test_no_money_funds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    test = show(monkeypatch)
    test.slider(key=Key.BUDGET_SLIDER).set_value(0.0).run()
    assert not test.exception
    assert figures(test)["areas funded"] == "0"
    assert "funds no area" in "".join(caption.value for caption in test.caption)


def test_a_picked_row_opens_its_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> None:
        from maps import session
        from maps.pages import priorities

        priorities._area(session.current().assessment, "5001-A00002")

    monkeypatch.setattr(session, "current", lambda: View(toy.assessment(), "", ""))
    test = AppTest.from_function(opened, default_timeout=30).run()
    assert not test.exception
    assert test.subheader[0].value == "Westby 3: rank 3, fund (toss-up)"
    text = "".join(element.proto.body for element in test.get("html"))
    assert "<dt>state</dt>" in text
    assert "<dt>county</dt>" not in text, "a share of nothing is not listed"
    assert list(test.dataframe[0].value["item"]) == ["Trench, mixed ground"]
    assert any("Above: Westby 2" in caption.value and "Below: Westby 4" in caption.value for caption in test.caption)


def test_funded_areas_that_need_no_grant_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    free = dataclasses.replace(
        given, areas=given.areas.assign(grant=given.areas["grant"].where(given.areas["rank"] > 2, 0))
    )
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(free, *STORE.put(free)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert list(test.dataframe[0].value["decision"])[:3] == ["fund, no grant needed"] * 2 + ["fund"]
    assert any("2 of them need no grant" in caption.value for caption in test.caption)


def test_a_free_area_low_in_the_list_does_not_move_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    low = given.areas["rank"] == given.areas["rank"].max()
    areas = given.areas.assign(
        grant=given.areas["grant"].mask(low, 0), ranked_decision=given.areas["ranked_decision"].mask(low, "fund")
    )
    free = dataclasses.replace(given, areas=areas)
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(free, *STORE.put(free)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert "reaches down to rank 9." in "".join(caption.value for caption in test.caption)


def test_nothing_eligible_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given = toy.assessment()
    bare = dataclasses.replace(given, areas=given.areas.iloc[:0])
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "current", lambda: View(bare, *STORE.put(bare)))
    test = AppTest.from_function(page, default_timeout=30).run()
    assert not test.exception
    assert "nothing to rank" in test.info[0].value
