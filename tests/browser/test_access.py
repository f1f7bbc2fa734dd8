"""Who uses a screen reader or the keyboard alone finds every page usable: axe-core in Chromium, and by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page

from tests.browser.chromium import LAPTOP, Watched, dashboard
from tests.browser.test_dashboard import PATIENCE, map_of, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GRAVE = ("serious", "critical")
PAGES = ("", "gap-report", "priorities", "data-and-rules")


@pytest.fixture(scope="module")
def toy_site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("access") / "log.txt"
    with dashboard(Path(__file__).parent / "toy_app.py", log) as address:
        yield address


def grave(where: Page | Frame) -> list[str]:
    """Return what axe finds that keeps somebody out, one line each."""
    found: dict[str, Any] = Axe().run(where).response
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("theme", "spoken"), [("light", "en"), ("dark", "nb")])
def test_nothing_keeps_anybody_out(chromium: Browser, toy_site: str, theme: str, spoken: str) -> None:
    context = chromium.new_context(viewport=LAPTOP, color_scheme=theme)
    watched = Watched(context)
    page = watched.page
    for path in PAGES:
        page.goto(f"{toy_site}/{path}?lang={spoken}")
        page.locator("h1, [data-testid=stMetric]").first.wait_for(timeout=PATIENCE)
        if not path:
            map_of(page)
        settled(page)
        assert grave(page) == [], f"{path or 'explore'}, {theme}"
        if not path:
            frame = page.locator("iframe[title*=folium]").first.element_handle().content_frame()
            assert frame is not None
            assert grave(frame) == [], f"the map, {theme}"
    assert page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).colorScheme") == theme
    context.close()
    assert watched.outside == []


def test_the_keyboard_reaches_the_map_and_its_layers_in_a_few_steps(toy_site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{toy_site}/?lang=en")
    frame = map_of(page)
    settled(page)
    held = page.locator("iframe[title*=folium]").first
    assert "arrow keys" in str(held.get_attribute("aria-label"))
    frame.locator(".leaflet-container").first.focus()
    reached = []
    for _step in range(6):
        page.keyboard.press("Tab")
        reached.append(frame.locator("body").evaluate("() => document.activeElement.className"))
    for control in ("leaflet-control-zoom-in", "leaflet-control-zoom-out", "leaflet-control-layers-toggle"):
        assert any(control in name for name in reached), reached
    frame.locator(".leaflet-control-layers-toggle").focus()
    page.keyboard.press("Enter")
    frame.locator(".leaflet-control-layers-list").wait_for(state="visible", timeout=PATIENCE)
