"""A planner changes the rules for areas and looks at masts, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from playwright.sync_api import Browser, expect

from tests import toy, toy_masts
from tests.browser.chromium import Watched, dashboard
from tests.browser.test_dashboard import PATIENCE, map_of, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_rules_for_areas_are_sent_as_one_and_stand_in_the_address(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(site)
    map_of(page)
    page.get_by_text("Rules for project areas").click()
    page.get_by_role("spinbutton", name="Longest shared trench, m").fill("900")
    page.get_by_role("spinbutton", name="Most premises in an area").fill("30")
    settled(page)
    assert "a.cut_m" not in page.url, "nothing is drawn anew before the form is sent"
    page.get_by_role("button", name="Draw the areas anew").click()
    page.wait_for_url("**a.cut_m=900**", timeout=PATIENCE)
    assert "a.max_premises=30" in page.url
    map_of(page)
    settled(page)
    page.get_by_role("spinbutton", name="Fewest premises in an area").fill("40")
    page.get_by_role("button", name="Draw the areas anew").click()
    expect(page.get_by_text("The fewest premises are above the most")).to_be_visible(timeout=PATIENCE)
    assert "min_premises" not in page.url


@pytest.fixture(scope="module")
def masts_site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("masts") / "log.txt"
    with dashboard(Path(__file__).parent / "masts_app.py", log) as address:
        yield address


def test_masts_are_seen_on_the_map_and_tell_what_they_serve(masts_site: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.goto(f"{masts_site}/?mobile=fund")
    frame = map_of(page)
    signs = frame.locator(".leaflet-signs-pane .sw.mast_new")
    expect(signs).to_have_count(1, timeout=PATIENCE)
    expect(frame.locator(".map-legend")).to_contain_text("existing mast, fitted out")
    at = gpd.GeoSeries([toy_masts.AT[toy_masts.NEW]], crs=toy.CRS).to_crs(4326).iloc[0]
    frame.locator("body").evaluate(f"() => window.map.setView([{at.y}, {at.x}], 13)")
    expect(frame.locator(".leaflet-served-pane path").first).to_be_attached(timeout=PATIENCE)
    settled(page)
    signs.first.click()
    panel = page.locator(".bg-panel").first
    expect(panel).to_contain_text(f"mobile area {toy_masts.NEW}", timeout=PATIENCE)
    expect(panel).to_contain_text("25 premises, 3.1 km² of farmland, 2.4 km of main road")
    page.screenshot(path=tmp_path / "mast.png")


def test_masts_without_money_stand_in_a_close_view_alone_and_say_why(masts_site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{masts_site}/?lang=nb")
    frame = map_of(page)
    settled(page)
    frame.locator("body").evaluate("() => window.map.setZoom(8)")
    expect(frame.locator(".leaflet-signs-pane .sw.mast_new")).to_have_count(0, timeout=PATIENCE)
    at = gpd.GeoSeries([toy_masts.AT[toy_masts.OLD]], crs=toy.CRS).to_crs(4326).iloc[0]
    frame.locator("body").evaluate(f"() => window.map.setView([{at.y}, {at.x}], 13)")
    frame.locator(".leaflet-signs-pane .sw.mast_existing").first.click(timeout=PATIENCE)
    panel = page.locator(".bg-panel").first
    expect(panel).to_contain_text("verken regelverket eller scenarioet gir penger til mobildekning", timeout=PATIENCE)


def test_a_council_types_pots_and_reads_which_wish_has_to_give_way(
    chromium: Browser, watched: Watched, tmp_path: Path
) -> None:
    with dashboard(Path(__file__).parent / "firm_app.py", tmp_path / "log.txt") as address:
        page = watched.page
        page.goto(f"{address}/priorities")
        page.get_by_text("What the council asks for").click()
        field = page.get_by_role("textbox", name="Money in each year, %")
        field.fill("50 50")
        page.get_by_role("spinbutton", name="At most for each municipality, M\u202fNOK").fill("8")
        page.get_by_role("button", name="Choose within these wishes").click()
        page.wait_for_url("**wishes=**", timeout=PATIENCE)
        expect(page.get_by_text("The best set keeps 2 wishes.")).to_be_visible(timeout=PATIENCE)
        settled(page)
        page.get_by_role("spinbutton", name="Municipalities with a funded area, at least").fill("2")
        page.get_by_role("spinbutton", name="At most for each municipality, M\u202fNOK").fill("0.5")
        page.get_by_role("button", name="Choose within these wishes").click()
        told = page.get_by_test_id("stAlert").filter(has_text="One of them has to give way")
        expect(told).to_contain_text("at least 2 municipalities", timeout=PATIENCE)
        expect(page.get_by_text("Shown is the last list that held.")).to_be_visible()
        page.screenshot(path=tmp_path / "wishes.png")
