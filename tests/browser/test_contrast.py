"""A planner sets a second policy beside the first, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Watched
from tests.browser.test_dashboard import PATIENCE, PHONE, map_of, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_planner_compares_two_policies(site: str, watched: Watched, tmp_path: Path) -> None:
    page, bodies = watched.page, []
    page.on("response", lambda answer: bodies.append(answer) if "/tiles/" in answer.url else None)
    page.goto(site)
    frame = map_of(page)
    frame.locator("body").evaluate("body => { window.kept = true; }")
    page.get_by_role("combobox", name="Compare with another policy").click()
    page.get_by_role("option", name="EU and EEA 2023").click()
    page.wait_for_url("**against=eu-2023**", timeout=PATIENCE)
    legend = frame.locator(".map-legend")
    expect(legend).to_contain_text("EU and EEA 2023 alone", timeout=PATIENCE)
    expect(legend.get_by_text("Project areas")).to_be_hidden()
    frame.locator(".leaflet-shade-pane path").first.wait_for(state="attached", timeout=PATIENCE)
    frame.locator("img.leaflet-tile-loaded").first.wait_for(timeout=PATIENCE)
    assert frame.locator("body").evaluate("() => window.kept === true"), "the map was drawn anew"
    expect(page.locator(".bg-counts")).to_contain_text("both policies")
    settled(page)
    assert sum(len(answer.body()) for answer in bodies) < 1_000_000
    box = page.locator("iframe[title*=folium]").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
    page.locator(".bg-side-by").nth(1).wait_for(timeout=PATIENCE)
    panel = page.locator(".bg-panel").first
    expect(panel).to_contain_text("no-2024 §")
    expect(panel).to_contain_text("eu-2023 §")
    page.screenshot(path=tmp_path / "contrast.png")
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.get_by_role("button", name="Municipalities, CSV").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.read_text(encoding="utf-8").startswith("municipality_code,municipality,premises_changed,")


def test_going_back_brings_the_first_legend_back(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/?policy=no-2024&against=eu-2023&lang=nb")
    frame = page.frame_locator("iframe[title*=folium]").first
    legend = frame.locator(".map-legend")
    expect(legend).to_contain_text("begge regelverk", timeout=PATIENCE)
    settled(page)
    page.get_by_role("combobox", name="Sammenlign").click()
    page.get_by_role("option").first.click()
    expect(legend).not_to_contain_text("begge regelverk", timeout=PATIENCE)
    expect(legend.get_by_text("Prosjektområder")).to_be_visible()
    settled(page)
    assert "against=" not in page.url


def test_a_comparison_on_a_phone(site: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/?policy=no-2024&against=eu-2023&lang=en")
    page.locator(".bg-counts").wait_for(timeout=PATIENCE)
    settled(page)
    page.screenshot(path=tmp_path / "phone-contrast.png")
    wide = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= PHONE["width"]
