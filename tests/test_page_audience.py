"""No page, no tile and no layer shows an audience what it must not see, and nobody can look as a wider one."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coverage.audience import INTERNAL, Audience
from coverage.disclosure import operators
from coverage.errors import DataError
from maps import audience, server, session, work
from maps.audience import SHOWN_AS, VARIABLE
from maps.pages import downloads, why
from maps.picking import Index, pick
from maps.session import Key
from maps.store import STORE, Shelf, ground_of, key_of
from tests import toy_secret
from tests.asking import ask
from tests.screen_texts import texts_of
from tests.toy_secret import FORBIDDEN, OWN

AUDIENCES = tuple(FORBIDDEN)
WHOLE = toy_secret.assessment()
PAGES = ("explore", "gap_report", "priorities", "data_and_rules")
FIELD = f"{SHOWN_AS}-field"
EVERY = "0.0.0.0"  # noqa: S104 - nothing listens here


def frame(name: str) -> None:
    import importlib

    import streamlit as st

    from coverage.errors import CoverageError
    from maps import session
    from maps.halt import stop
    from maps.pages import sidebar

    study = session.open_study()
    scenario = session.scenario_of(study)
    try:
        with st.sidebar:
            sidebar.render(study, scenario)
    except CoverageError as error:  # as the frame does
        stop(error, help_text="")
    st.query_params.from_dict(session.address(scenario))
    importlib.import_module(f"maps.pages.{name}").render()


@pytest.fixture(autouse=True)
def secret_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions look at the toy with tokens, and the store begin empty."""
    monkeypatch.setattr(STORE, "_entries", OrderedDict())
    monkeypatch.setattr(work, "_NARROWED", Shelf(12))
    monkeypatch.setattr(session, "open_study", lambda: WHOLE.study)
    monkeypatch.setattr(session, "assess", lambda study, scenario: dataclasses.replace(WHOLE, scenario=scenario))


def show(name: str, **state: Any) -> AppTest:
    test = AppTest.from_function(frame, default_timeout=60, kwargs={"name": name})
    for key, value in state.items():
        test.session_state[key] = value
    return test.run()


def sent(test: AppTest) -> str:
    """Return everything that a page sends to the browser: what is read, and what lies in its messages."""

    def messages(block: Any) -> list[str]:
        children = getattr(block, "children", None)
        if children is None:
            return [str(block.proto)]
        return [text for child in children.values() for text in messages(child)]

    return "\n".join([*texts_of(test), *messages(test._tree)])


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", AUDIENCES)
def test_no_page_shows_what_its_audience_must_not_see(monkeypatch: pytest.MonkeyPatch, who: str, name: str) -> None:
    monkeypatch.setenv(VARIABLE, who)
    test = show(name)
    assert not test.exception
    text = sent(test)
    for token in FORBIDDEN[who]:
        assert token not in text, text[max(0, text.index(token) - 200) :][:400]
    assert {str(entry.assessment.audience) for entry in STORE._entries.values()} == {who}
    assert FIELD not in test.session_state, "nobody looks as a wider audience"
    if name == "data_and_rules":
        assert "for internal readers alone" in text


@pytest.mark.parametrize("name", ["explore", "data_and_rules"])
def test_internal_readers_see_it_all(name: str) -> None:
    test = show(name)
    assert not test.exception
    assert str(test.selectbox(key=FIELD).value) == "internal"
    text = sent(test)
    assert "for internal readers alone" not in text
    if name == "data_and_rules":
        told = (toy_secret.COMMENT, toy_secret.OFFICE, toy_secret.CHECKED, toy_secret.REJECTED, toy_secret.BUILDER)
        assert [token for token in told if token not in text] == []
    assert {entry.assessment.audience for entry in STORE._entries.values()} == {INTERNAL}


def test_internal_readers_may_look_as_others_and_no_link_says_so() -> None:
    test = show("data_and_rules")
    before = dict(test.query_params)
    field = test.selectbox(key=FIELD)
    assert field.options == ["internal", "the council", *operators(WHOLE), "the public"]
    field.set_value(f"operator:{OWN}").run()
    assert not test.exception
    text = sent(test)
    # The field itself offers all operators: it is the internal reader's.
    assert [token for token in FORBIDDEN[f"operator:{OWN}"] if token in "\n".join(texts_of(test))] == []
    assert f"Shown as to: {OWN}" in text
    assert dict(test.query_params) == before
    test.selectbox(key=FIELD).set_value("internal").run()
    assert "for internal readers alone" not in sent(test)


@pytest.mark.parametrize("key", [SHOWN_AS, FIELD])
def test_a_session_cannot_widen_what_its_server_shows(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(VARIABLE, "public")
    test = AppTest.from_function(frame, default_timeout=60, kwargs={"name": "gap_report"})
    test.session_state[key] = "internal"
    test.query_params["audience"] = "internal"
    test.query_params[SHOWN_AS] = "internal"
    test.run()
    assert not test.exception
    assert {str(entry.assessment.audience) for entry in STORE._entries.values()} == {"public"}


def test_policies_are_not_compared_beyond_internal_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "public")
    test = show("explore", **{Key.AGAINST: "no-2023"})
    assert not test.exception
    assert "Compare with another policy" not in [field.label for field in test.selectbox]
    assert "against" not in test.query_params


@pytest.mark.parametrize("given", ["neighbours", "operator:Nobody AS"])
def test_a_server_for_nobody_says_what_is_wrong_and_shows_nothing(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(VARIABLE, given)
    test = show("gap_report")
    assert not test.exception
    assert any("neighbours" in error.value or "Nobody" in error.value for error in test.error)
    assert not STORE._entries
    assert not test.dataframe


@pytest.mark.parametrize("who", AUDIENCES)
def test_no_layer_holds_what_its_audience_must_not_see(who: str) -> None:
    key, ground = STORE.put(work.shown_to(WHOLE, Audience.parse(who)))
    assert (key, ground) == (key, ground_of(STORE.get(ground).assessment))
    for name in (*server._DATA, *server._WORDED):
        path = f"/data/{key}/{name}.json" if name in server._DATA else f"/data/{key}/nb/{name}.json"
        answer = ask(server.routes(), path)
        assert answer.status == 200, path
        text = answer.body.decode()
        assert [token for token in FORBIDDEN[who] if token in text] == [], path
    assert ask(server.routes(), f"/data/{key_of(WHOLE)}/nb/areas.json").status == 404


@pytest.mark.parametrize("who", AUDIENCES)
def test_why_says_nothing_that_is_withheld(who: str) -> None:
    view = work.shown_to(WHOLE, Audience.parse(who))
    index = Index.build(view.places)
    degrees = view.places.to_crs("EPSG:4326").geometry
    for row in (0, 5, 12, 15, 24, 30, 42, 60):
        picked = pick(view, index, lat=degrees.iloc[row].y, lon=degrees.iloc[row].x)
        panel = why.panel(view, picked)
        assert [token for token in FORBIDDEN[who] if token in panel] == [], row
        assert "no build reported" not in panel or OWN in panel


def test_each_audience_has_keys_of_its_own() -> None:
    views = [WHOLE, *(work.shown_to(WHOLE, Audience.parse(who)) for who in AUDIENCES)]
    assert len({key_of(view) for view in views}) == len({ground_of(view) for view in views}) == 4


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", "internal"), ("localhost", "internal"), ("::1", "internal"), ("127.0.0.53", "internal"),
     (EVERY, "public"), ("", "public"), (None, "public"), ("10.0.0.7", "public"), ("kart.example", "public"),
     ("::", "public")],
)  # fmt: skip
def test_a_server_that_others_may_reach_shows_what_the_public_may_see(
    monkeypatch: pytest.MonkeyPatch, address: str | None, expected: str
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(st, "get_option", lambda name: address)
    assert str(audience.of_server()) == expected
    assert bool(audience.warning()) == (expected == "public")
    monkeypatch.setenv(VARIABLE, "council")
    assert str(audience.of_server()) == "council"
    assert "council" in audience.warning() or expected == "internal"


def test_the_sidebar_says_who_can_read_what(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: EVERY if name == "server.address" else plain(name))
    test = show("gap_report")
    assert not test.exception
    assert any("Whoever reaches this address" in caption.value for caption in test.sidebar.caption)
    assert {str(entry.assessment.audience) for entry in STORE._entries.values()} == {"public"}


def test_nonsense_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "everybody")
    with pytest.raises(DataError, match="everybody"):
        audience.of_server()


@pytest.mark.parametrize("who", AUDIENCES)
def test_a_gap_report_is_made_for_whom_it_is_asked(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    asked: list[Any] = []
    plain = downloads.buttons
    monkeypatch.setattr(
        downloads, "buttons", lambda given, *rest, **more: asked.append(given) or plain(given, *rest, **more)
    )
    test = show("gap_report")
    assert asked[-1].audience == INTERNAL
    test.selectbox(key="gap-report-for").set_value(who).run()
    assert not test.exception
    assert str(asked[-1].audience) == who
    names = [button.proto.label for button in test.get("download_button")]
    assert names
    csv = downloads.make(asked[-1], "gap", format_="csv").decode()
    assert [token for token in FORBIDDEN[who] if token in csv] == []


def test_a_report_for_others_is_not_offered_on_their_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "council")
    assert "Report for" not in [field.label for field in show("gap_report").selectbox]
