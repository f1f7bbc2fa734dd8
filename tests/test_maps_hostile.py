"""Hostile paths, numbers and names are harmless: on the server's routes and on every page."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from streamlit.testing.v1 import AppTest

from maps import server, session
from maps.session import Key
from maps.store import STORE
from tests import toy_view
from tests.asking import ask
from tests.hostile_toy import NAME, hostile

ROUTES = server.routes()
ASSESSMENT = hostile(toy_view.ASSESSMENT)
PAGES = ("explore", "gap_report", "priorities", "data_and_rules")

UP = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..\\",
    "..%5c",
    "%252e%252e%252f",
    "..%c0%af",
    "....//",
    "%00",
    "\uff0e\uff0e/",
]
SECRETS = (b"import streamlit", b"root:", b"[server]", b"Traceback")


@pytest.fixture(scope="module")
def known() -> tuple[str, str]:
    return STORE.put(ASSESSMENT)


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("target", ["app.py", "etc/passwd", ".streamlit/config.toml"])
def test_no_path_leads_out_of_what_is_served(known: tuple[str, str], up: str, target: str) -> None:
    key, ground = known
    starts = ["/assets/", "/assets/leaflet/", f"/data/{key}/", f"/data/{key}/en/", f"/overlay/{ground}/",
              f"/tiles/{ground}/gap/all/8/1/", f"/drawn/{key}/"]  # fmt: skip
    for start in starts:
        answer = ask(ROUTES, f"{start}{up * 4}{target}")
        assert answer.status == 404
        assert not [secret for secret in SECRETS if secret in answer.body]


HUGE = "9" * 400


@pytest.mark.parametrize(
    "numbers",
    [
        f"{HUGE}/1/1",
        f"8/{HUGE}/1",
        f"8/1/{HUGE}",
        "0/0/0",
        "64/0/0",
        "8/-1/1",
        "-1/0/0",
        "1.5/1/1",
        "nan/1/1",
        "8/1e9/1",
    ],
)
def test_no_number_of_a_tile_is_too_much(known: tuple[str, str], numbers: str) -> None:
    key, ground = known
    for start in (f"/tiles/{ground}/gap/all/", f"/drawn/{key}/areas/shapes/", f"/drawn/{key}/en/areas/shapes/"):
        answer = ask(ROUTES, f"{start}{numbers}.png")
        assert answer.status in (200, 404)
        assert not [secret for secret in SECRETS if secret in answer.body]
        assert len(answer.body) < 200_000


@pytest.mark.parametrize("layer", ["municipalities", "en/areas", "nb/areas", "en/hubs", "routes"])
def test_names_travel_as_data_that_no_browser_takes_for_a_page(known: tuple[str, str], layer: str) -> None:
    answer = ask(ROUTES, f"/data/{known[0]}/{layer}.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    json.loads(answer.body)


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


class Seen(HTMLParser):
    """Note the elements and attributes of markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("spoken", ["en", "nb"])
@pytest.mark.parametrize("name", PAGES)
def test_a_name_is_never_more_than_text(monkeypatch: pytest.MonkeyPatch, name: str, spoken: str) -> None:
    monkeypatch.setattr(session, "open_study", lambda: ASSESSMENT.study)
    monkeypatch.setattr(session, "assess", lambda _study, scenario: hostile(toy_view.decide(scenario)))
    test = AppTest.from_function(page, args=(name,), default_timeout=60)
    test.query_params["lang"] = spoken
    if name == "explore":
        at = ASSESSMENT.places.to_crs(4326).geometry.iloc[0]
        test.session_state[Key.MAP] = {"last_clicked": {"lat": at.y, "lng": at.x}}
    if name == "priorities":
        test.session_state["priorities-table"] = {"selection": {"rows": [0], "columns": []}}
    test.run()
    assert not test.exception
    seen = Seen()
    bodies = [element.proto.body for element in test.get("html")]
    for body in bodies:
        seen.feed(body)
    assert not seen.tags & {"script", "img", "svg", "iframe", "object", "a", "form"}
    assert not [attribute for attribute in seen.attributes if attribute.startswith("on")]
    told = [*test.markdown, *test.caption, *test.warning, *test.info, *test.error, *test.subheader, *test.title]
    for text in (element.value for element in told):
        assert "](http" not in text
        assert "<img" not in text.replace("\\<img", "")
    assert any("alert" in text for text in [*bodies, *(element.value for element in told)]), "the names are shown"


def test_the_name_holds_what_it_is_to_hold() -> None:
    assert len(NAME) > 300
    assert {"<", ">", '"', "'", "`", "\u202e"} <= set(NAME)
