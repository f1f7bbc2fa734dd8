from __future__ import annotations

import math

import pytest
from streamlit.testing.v1 import AppTest

from coverage.errors import PolicyError
from coverage.scenario import Scenario
from coverage.wishes import Wishes
from maps import language, session, style
from maps.pages import wishes_form
from maps.pages.wishes_form import FIELD, Typed, collect, shares
from tests import toy, toy_firm
from tests.test_page_priorities import figures, listed


def page() -> None:
    import streamlit as st

    from maps import session
    from maps.pages import priorities

    scenario = session.scenario_of(session.open_study())
    st.query_params.from_dict(session.address(scenario))
    priorities.render()


@pytest.fixture(autouse=True)
def toytown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "open_study", toy.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: toy_firm.assessment(scenario))


def show(wishes: Wishes = Wishes(), **query: str) -> AppTest:  # noqa: B008
    test = AppTest.from_function(page, default_timeout=30)
    scenario = Scenario("no-2024", 14e6, wishes=wishes)
    for key, value in {**scenario.to_query(), **query}.items():
        test.query_params[key] = value
    test.run()
    assert not test.exception
    return test


def send(test: AppTest) -> AppTest:
    next(button for button in test.button if button.label == "Choose within these wishes").click().run()
    assert not test.exception
    return test


def decisions(test: AppTest) -> dict[str, str]:
    return dict(zip(listed(test)["id"], listed(test)["decision"], strict=True))


def test_wishes_are_sent_as_one_and_stand_in_the_address() -> None:
    test = show()
    assert decisions(test)["5001-A00000"] == "fund"
    assert decisions(test)["5001-A00005"] == "reserve"
    test.multiselect(key=f"{FIELD}never").set_value(["5001-A00000"])
    test.multiselect(key=f"{FIELD}must").set_value(["5001-A00005"])
    test.text_input(key=f"{FIELD}years").set_value("50 50")
    test.number_input(key=f"{FIELD}least").set_value(2)
    send(test)
    assert decisions(test)["5001-A00000"] == "reserve"
    assert decisions(test)["5001-A00005"] == "fund"
    assert set(listed(test)["year"].dropna()) == {1, 2}
    asked = Scenario.from_query(dict(test.query_params), default=toy.study().default_scenario()).wishes
    assert asked == Wishes(must=("5001-A00005",), never=("5001-A00000",), phases=(0.5, 0.5), least_municipalities=2)
    assert any("keeps 4 wishes" in caption.value for caption in test.caption)
    next(button for button in test.button if button.label == "Without wishes").click().run()
    assert "wishes" not in test.query_params
    assert decisions(test)["5001-A00000"] == "fund"


def test_a_link_fills_the_form_and_pots_are_the_budget() -> None:
    wishes = Wishes(cap=9e6, caps=(("5001", 5e6),), sources=(("county", 4e6), ("state", 6e6)), phases=(0.6, 0.4))
    test = show(wishes)
    assert test.number_input(key=f"{FIELD}cap").value == 9.0
    assert test.text_input(key=f"{FIELD}years").value == "60 40"
    editors = [frame.value for frame in test.dataframe][:3]
    assert editors[0].to_dict("list") == {"municipality": ["Westby"], "money": [5.0]}
    assert editors[1].to_dict("list") == {"pot": ["county", "state"], "money": [4.0, 6.0]}
    assert set(listed(test)["pot"].dropna()) == {"county", "state"}
    assert any("leaves aside: the pots, the years" in caption.value.replace("\\", "") for caption in test.caption)
    assert test.slider[0].disabled, "the pots are the budget"
    assert test.slider[0].value == 10.0
    send(test)
    asked = Scenario.from_query(dict(test.query_params), default=toy.study().default_scenario()).wishes
    assert asked == wishes, "what is sent unchanged changes nothing"


def test_wishes_that_clash_are_told_and_the_last_list_that_held_stays() -> None:
    test = show()
    before = decisions(test)
    test.multiselect(key=f"{FIELD}must").set_value(["5001-A00000", "5058-A00004"])
    test.number_input(key=f"{FIELD}cap").set_value(1.0)
    send(test)
    assert len(test.error) == 1
    told = test.error[0].value.replace("\\", "").replace(style.THIN, " ")
    assert told == (
        "These wishes cannot all hold: at most 1 M NOK for each municipality; Eastby 11 funded in any case. One of "
        "them has to give way."
    )
    assert any("last list that held" in caption.value for caption in test.caption)
    assert decisions(test) == before
    assert figures(test)["areas funded"] == "8"
    assert test.number_input(key=f"{FIELD}cap").value == 1.0, "what was asked stays in the form, to be put right"
    test.number_input(key=f"{FIELD}cap").set_value(5.0)
    send(test)
    assert not test.error
    assert decisions(test)["5058-A00004"] == "fund"


def test_a_link_whose_wishes_clash_shows_the_list_without_them() -> None:
    test = show(Wishes(must=("5001-A00000",), least_municipalities=3))
    assert "at least 3 municipalities" in test.error[0].value
    assert any("without wishes" in caption.value for caption in test.caption)
    assert decisions(test) == decisions(show())
    test = show(Wishes(must=("nowhere",)))
    assert "nowhere" in test.error[0].value
    norwegian = show(Wishes(must=("5001-A00000",), least_municipalities=3), lang="nb")
    assert (
        "Dette ønsket kan ikke holdes" in norwegian.error[0].value or "Ett av dem må vike" in norwegian.error[0].value
    )


def test_what_contradicts_itself_is_said_and_changes_nothing() -> None:
    test = show()
    test.multiselect(key=f"{FIELD}must").set_value(["5001-A00000"])
    test.multiselect(key=f"{FIELD}never").set_value(["5001-A00000"])
    send(test)
    assert "in any case and not at all" in test.error[0].value
    assert "wishes" not in test.query_params
    test.multiselect(key=f"{FIELD}never").set_value([])
    send(test)
    assert not test.error


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("100", ()), ("40 30 30", (0.4, 0.3, 0.3)), ("33,3 / 33,3; 33,4 %", (0.333, 0.333, 0.334)),
     ("50+50", (0.5, 0.5))],
)  # fmt: skip
def test_years_are_read_in_percent(text: str, expected: tuple[float, ...]) -> None:
    assert shares(text) == pytest.approx(expected)
    assert not shares(text) or math.fsum(shares(text)) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["40 30", "half half", "-50 150", "nan 100", "inf"])
def test_years_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="years"):
        shares(text)


def test_tables_are_read_and_half_rows_refused() -> None:
    typed = Typed(
        cap=2.5,
        caps=(("5001", 3.0), (None, None)),
        pots=(("b", 1.0), ("a", 2.0), ("", float("nan"))),
        needs=(("x", "y"), (None, None), ("x", "y")),
    )
    assert collect(typed) == Wishes(
        cap=2.5e6, caps=(("5001", 3e6),), sources=(("a", 2e6), ("b", 1e6)), needs=(("x", "y"),)
    )
    assert collect(Typed()) == Wishes()
    for wrong, said in (
        (Typed(pots=(("a", None),)), "lacks"),
        (Typed(caps=((None, 2.0),)), "lacks"),
        (Typed(pots=(("a", 1.0), ("a", 2.0))), "two rows"),
        (Typed(needs=(("x", None),)), "two areas"),
        (Typed(needs=(("x", "x"),)), "two areas"),
    ):
        with pytest.raises(PolicyError, match=said):
            collect(wrong)


def test_every_rule_that_can_clash_is_told_in_words() -> None:
    from coverage.programme import InfeasibleError
    from maps import clash

    rules = (("must", "5001-A00000"), ("never", "5001-A00001"), ("needs", "5001-A00000", "5001-A00001"),
             ("caps", "5001"), ("cap",), ("phases",), ("sources",), ("budget",), ("least_municipalities",))  # fmt: skip
    wishes = Wishes(cap=2e6, caps=(("5001", 1e6),), phases=(0.5, 0.5), least_municipalities=1)
    told = clash.sentence(InfeasibleError("-", rules), Scenario("no-2024", 9e6, wishes=wishes), toy_firm.assessment())
    assert told.replace(style.THIN, " ") == (
        "These wishes cannot all hold: Westby 1 funded in any case; Westby 2 not funded; Westby 1 not before Westby 2; "
        "at most 1 M NOK for Westby; at most 2 M NOK for each municipality; the money over 2 years; each area paid by "
        "one pot; no more than 9 M NOK in all; at least 1 municipality. One of them has to give way."
    )
    with language.using("nb"):
        norwegian = clash.sentence(InfeasibleError("-", rules[:1]), Scenario("no-2024", 9e6), toy_firm.assessment())
    assert norwegian == "Dette ønsket kan ikke holdes: Westby 1 støttet uansett."
    assert len(wishes_form.summary(wishes)) == 4
