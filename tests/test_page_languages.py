"""Every page in Norwegian: nothing English is left, and two readers of different languages never meet."""

from __future__ import annotations

import re
import threading
from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from coverage import reasons
from coverage.nace import read_rows
from coverage.reports.corrections import correction_table
from coverage.reports.wording import load_wording
from coverage.scenario import Scenario
from coverage.schemas import CORRECTION_KINDS
from coverage.templates import list_templates, load_template, optional_criteria
from maps import language, session, style, work
from maps.session import Key
from tests import toy_firm, toy_told, toy_view
from tests.screen_texts import texts_of
from tests.test_maps_language import extracted

TOLD = (
    toy_told.FARM,
    toy_told.FISHERY,
    toy_told.CORRECTED,
    toy_told.REMOVED,
    toy_told.PUT_BACK,
    toy_told.OVERDUE,
)
STRESSED = toy_told.stressed()
PAGES = ("explore", "gap_report", "priorities", "data_and_rules")


def page(name: str) -> None:
    import importlib

    import streamlit as st

    from coverage.policy import load_policy
    from maps import session
    from maps.pages import sidebar

    study = session.open_study()
    scenario = session.scenario_of(study)
    with st.sidebar:
        sidebar.render(study, scenario)
    st.html(sidebar.strip(study, load_policy(scenario.policy)))
    importlib.import_module(f"maps.pages.{name}").render()
    st.query_params.from_dict(session.address(scenario))


@pytest.fixture
def toytown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "open_study", lambda: toy_view.ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: toy_view.decide(scenario))


def open_page(name: str, *, row: int = 0, **query: str) -> AppTest:
    test = AppTest.from_function(page, args=(name,), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    if name == "explore":
        at = toy_view.ASSESSMENT.places.to_crs(4326).geometry.iloc[row]
        test.session_state[Key.MAP] = {"last_clicked": {"lat": at.y, "lng": at.x}}
    if name == "priorities":
        test.session_state["priorities-table"] = {"selection": {"rows": [2], "columns": []}}
    return test


@cache
def left_in_english(spoken: str) -> tuple[frozenset[str], dict[str, re.Pattern[str]]]:
    """Return the English sentences that another language says otherwise, and their parts of two words and more."""
    catalogue = language.catalogue(spoken)
    whole, parts = set(), set()
    for context, message in extracted():
        for text in (message,) if isinstance(message, str) else message:
            other = catalogue.pgettext(context, text) if context else catalogue.gettext(text)
            if isinstance(message, tuple):
                other = catalogue.ngettext(*message, 1 if text == message[0] else 2)
            if other == text:
                continue
            whole.add(text)
            fixed = (part.strip(" .,:;·()") for part in re.split(r"\{\w+\}", text))
            parts |= {part for part in fixed if len(part.split()) > 1 and part not in other}
    return frozenset(whole), {part: re.compile(rf"(?<!\w){re.escape(part)}(?!\w)") for part in parts}


def leftovers(texts: list[str], spoken: str) -> list[tuple[str, str]]:
    """Find the English sentences, or their fixed parts of two words and more, in texts of another language."""
    whole, edges = left_in_english(spoken)
    found = [(text, text) for text in texts if text in whole]
    return found + [(part, text) for part, edge in edges.items() for text in texts if edge.search(text)]


FIRM = "firm"
# Every page with the plain toy and with all that a study may tell; the panel at each row that it tells apart. And the
# list as the model itself ranks the toy, with draws.
CASES = [(name, row) for name in PAGES for row in (None, *(TOLD if name == "explore" else TOLD[:1]))]
CASES.append(("priorities", FIRM))


@pytest.fixture
def town(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, toytown: None) -> int:
    """Put the toy, plain or with everything, where a session finds it; return the row to click on."""
    if request.param is None:
        return 0
    if request.param == FIRM:
        monkeypatch.setattr(session, "assess", lambda study, scenario: toy_firm.assessment(scenario))
        return 0
    monkeypatch.setattr(toy_view, "ASSESSMENT", toy_told.assessment())
    monkeypatch.setattr(work, "stressed", lambda assessment: STRESSED)
    return int(request.param)


@pytest.mark.parametrize(("name", "town"), CASES, indirect=["town"])
def test_no_english_is_left_on_a_norwegian_page(town: int, name: str) -> None:
    test = open_page(name, row=town, lang="nb").run()
    assert not test.exception
    texts = texts_of(test)
    assert len(texts) > 40
    assert leftovers(["Premises short of service", "a fund of 5 areas funded here"], "nb"), "the search finds something"
    known = data_texts().splitlines()
    assert [
        (english, text) for english, text in leftovers(texts, "nb") if text not in known and text[1:-1] not in known
    ] == []


@pytest.mark.parametrize(("name", "town"), CASES, indirect=["town"])
def test_every_text_of_a_page_is_one_that_catalogues_know(
    town: int, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In a language of marks, what is not marked was never given to the catalogues."""

    class Marks(language.catalogues.NullTranslations):
        def gettext(self, message: str) -> str:
            return f"⟦{message}⟧"

        def ngettext(self, one: str, many: str, n: int) -> str:
            return f"⟦{one if n == 1 else many}⟧"

        def pgettext(self, context: str, message: str) -> str:
            return f"⟦{message}⟧"

    monkeypatch.setattr(language, "catalogue", lambda code: Marks())
    test = open_page(name, row=town, lang="nb").run()
    assert not test.exception
    known = data_texts()
    strange = []
    for text in texts_of(test):
        rest = "" if text in known else text
        while "⟦" in rest:
            rest, count = re.subn(r"⟦[^⟦⟧]*⟧", " ", rest)
            assert count, text
        for part in re.split(r"\s{2,}|NOK|[\d\u202f.,–()·⚑-]{2,}| · |; |, ", rest):
            bare = part.strip(" .,;:()·–⚑0123456789\u202f")
            if re.search(r"[A-Za-z]{3}", bare) and bare not in known:
                strange.append(text)
    assert strange == [], "not given to the catalogues, and not of the data"


def data_texts() -> str:
    """Return every text that the toy, its policy and cost book bring, in Norwegian where the project has it."""
    toy, wording = toy_view.ASSESSMENT, load_wording("nb")
    policy = toy.policy
    told = reasons.explain(toy.places, policy=policy, as_of=toy.study.as_of, language="nb")
    tables = (correction_table(toy, wording), toy_told.account().operators, STRESSED.areas, STRESSED.newcomers)
    frames = (toy.places, toy.areas, toy.municipalities, toy.rejected, toy.cost_lines, told, *tables)
    texts = [str(value) for frame in frames for name in frame if name != "geometry" for value in frame[name].unique()]
    for part in (*policy.tiers, *policy.clauses, *policy.criteria):
        texts += [part.id, part.label["nb"], part.source]
    texts += [
        *(f"{policy.id} § {clause.id}" for clause in policy.clauses),
        policy.source,
        policy.fixed.source,
        policy.mobile.source,
        policy.mobile.supported_source,
        policy.mobile.gain_source,
        policy.subsidy.source,
    ]
    texts += [
        policy.areas.source,
        str(toy.study),
        policy.id,
        *wording.texts["items"].values(),
        *wording.translated.values(),
    ]
    texts += [wording.said(item.source) for item in toy.costs.items] + [
        wording.item(item.item) for item in toy.costs.items
    ]
    for row in (row for name in ("nace.csv", "upload_dependence.csv") for row in read_rows(name)):
        texts += [row["source"], wording.said(row["source"]), row.get("name_nb", "")]
    texts += [wording.value("correction", code) for code in CORRECTION_KINDS]
    texts += [item.label["nb"] for item in optional_criteria()]
    texts += [load_template(name).name["nb"] for name in list_templates()]
    texts += [wording.said(row["published_source"]) for row in toy_told.account().lists.to_dict("records")]
    texts += [str(name) for name in toy.hubs.get("name", ())]
    texts += [wording.said(str(reason)) for reason in toy.rejected["reason"].unique()]
    texts += [f"- {style.plain(note)}" for note in toy.study.notes] + list(language.LANGUAGES.values())
    return "\n".join(texts)


def test_the_language_comes_from_the_link_and_stays_in_it(toytown: None) -> None:
    for asked, title in (
        ("nb", "Dekningsrapport"),
        ("nn-NO", "Dekningsrapport"),
        ("en", "Gap report"),
        ("xx", "Gap report"),
    ):
        test = open_page("gap_report", lang=asked).run()
        assert [element.value for element in test.title] == [title]
        assert test.query_params["lang"] == ("nb" if title == "Dekningsrapport" else "en")


def test_the_browser_is_heard_where_the_link_says_nothing(toytown: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(session.st.context), "locale", property(lambda self: "nb-NO"))
    assert open_page("gap_report").run().title[0].value == "Dekningsrapport"
    assert open_page("gap_report", lang="en").run().title[0].value == "Gap report"


def test_switching_the_language_keeps_what_was_set(toytown: None) -> None:
    link = Scenario(policy="no-2023", budget=12_500_000.0, view="private_cap", weights=(("premises", 40.0),))
    test = open_page("gap_report", **link.to_query()).run()
    assert not test.exception
    test.multiselect(key="gap-report-municipalities").select("5001").run()
    for spoken, title in (("nb", "Dekningsrapport"), ("en", "Gap report")):
        # AppTest makes labels of the fields' values outside the session: it has to be told their language.
        with language.using("en" if spoken == "nb" else "nb"):
            test.segmented_control(key=Key.LANGUAGE).set_value(spoken).run()
        assert not test.exception
        assert test.title[0].value == title
        assert test.query_params == {**link.to_query(), "lang": spoken}
        assert test.multiselect(key="gap-report-municipalities").value == ["5001"]


MEETING = threading.Barrier(2)


def meeting() -> None:
    import streamlit as st

    from maps import legends
    from maps.language import _
    from tests import test_page_languages as here
    from tests import toy_view

    here.MEETING.wait(30)  # from here on both scripts run at once
    for _turn in range(50):
        st.text(_("Project areas"))
    st.text(legends.legend(toy_view.ASSESSMENT))
    here.MEETING.wait(30)
    st.text(_("Legend"))


def test_two_readers_at_once_each_read_their_own_language(toytown: None) -> None:
    readers = {"en": {"Project areas", "Legend"}, "nb": {"Prosjektområder", "Tegnforklaring"}}
    seen: dict[str, list[str]] = {}

    def read(code: str) -> None:
        test = AppTest.from_function(meeting, default_timeout=60)
        test.query_params["lang"] = code
        seen[code] = [element.value for element in test.run().text]

    threads = [threading.Thread(target=read, args=(code,)) for code in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for code, words in readers.items():
        assert {text for text in seen[code] if "<" not in text} == words
        assert len(seen[code]) == 52
        assert ("Enheter uten godt nok tilbud" in seen[code][50]) == (code == "nb")
