"""The dashboard in a real Chromium, on a tiny study, with every other host out of reach."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import geopandas as gpd
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from shapely.geometry import Point

from maps import export, search
from tests.browser.chromium import LAPTOP, ROOT, Watched, dashboard
from tests.reported import toy_assessment
from tests.studymaker import CRS, X0, Y0, municipalities, tiny_study
from tests.test_maps_layers import hostile
from tests.test_stress import with_plans

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds


def map_of(page: Page) -> FrameLocator:
    frame = page.frame_locator("iframe[title*=folium]").first
    frame.locator(".map-legend").wait_for(timeout=PATIENCE)
    frame.locator(".leaflet-areas-pane path").first.wait_for(state="attached", timeout=PATIENCE)
    return frame


def settled(page: Page) -> None:
    """Wait until no script of Streamlit runs any more."""
    page.wait_for_timeout(600)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=PATIENCE)


def press_a_home(page: Page) -> None:
    """Move the map to a home below 30 Mbit/s, and click on it."""
    at = gpd.GeoSeries([Point(X0 + 6000, Y0 + 1000)], crs=CRS).to_crs(4326).iloc[0]
    frame = map_of(page)
    frame.locator("body").evaluate(f"() => window.map.setView([{at.y}, {at.x}], 15, {{animate: false}})")
    frame.locator(".leaflet-container").first.click(timeout=PATIENCE)  # in its middle


def test_planner_sees_the_map_and_asks_why(site: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.goto(site)
    frame = map_of(page)
    frame.locator("img.leaflet-tile-loaded").first.wait_for(timeout=PATIENCE)
    expect(page.get_by_text("SYNTHETIC", exact=True).first).to_be_visible()
    expect(page.locator(".bg-strip")).to_be_hidden()  # the sidebar says it
    west, south, east, north = municipalities().to_crs(4326).total_bounds
    view = frame.locator("body").evaluate("() => window.map.getBounds().toBBoxString()")
    left, bottom, right, top = (float(side) for side in view.split(","))
    assert left < west
    assert bottom < south
    assert right > east
    assert top > north
    assert right - left < 6 * (east - west), "the study fills the map"
    box = page.locator("iframe[title*=folium]").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.62, box["y"] + box["height"] * 0.5)
    page.locator(".bg-panel dl").first.wait_for(timeout=PATIENCE)
    expect(page.locator(".bg-panel").first).to_contain_text("no-2024 §")
    page.screenshot(path=tmp_path / "explore.png")


def test_panning_and_zooming_run_nothing(site: str, watched: Watched) -> None:
    page, sent = watched.page, []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(site)
    map_of(page)
    settled(page)
    page.wait_for_timeout(1500)
    before = len(sent)
    box = page.locator("iframe[title*=folium]").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 60, steps=5)
    page.mouse.up()
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(1500)
    assert len(sent) == before


def test_a_choice_keeps_the_map_and_moves_the_view(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(site)
    frame = map_of(page)
    frame.locator("body").evaluate("body => { window.kept = true; }")
    page.get_by_text("Businesses", exact=True).first.click()
    settled(page)
    assert frame.locator("body").evaluate("() => window.kept === true"), "the map was drawn anew"
    expect(frame.locator("img.leaflet-tile[src*='/business/']").first).to_be_attached(timeout=PATIENCE)


def test_a_fresh_server_opens_a_shared_link(chromium: Browser, watched: Watched, tmp_path: Path) -> None:
    study = tiny_study(tmp_path / "tiny").folder
    with dashboard(ROOT / "app.py", tmp_path / "log.txt", COVERAGE_STUDY=str(study)) as address:
        watched.page.goto(f"{address}/priorities?policy=no-2024&budget=1234000&seed=2024")
        expect(watched.page.get_by_role("heading", name="Priorities")).to_be_visible(timeout=PATIENCE)
        expect(watched.page.locator("[data-testid=stNumberInput] input").first).to_have_value("1.23")


def test_partner_takes_the_report_home(site: str, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.goto(f"{site}/gap-report")
    page.get_by_role("button", name="Excel").wait_for(timeout=PATIENCE)
    settled(page)
    for button, start in (("Excel", b"PK"), ("GeoJSON", b"{"), ("One-file map", b"<!DOCTYPE html>")):
        with page.expect_download(timeout=PATIENCE) as waiting:
            page.get_by_role("button", name=button).click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.read_bytes().startswith(start)


def test_data_and_rules_are_told(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/data-and-rules")
    page.get_by_role("tab", name="Policy").click(timeout=PATIENCE)
    expect(page.get_by_text("Who is eligible: the first clause that holds decides")).to_be_visible(timeout=PATIENCE)


def test_the_reader_switches_to_norwegian_and_the_link_stays_so(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/priorities?policy=no-2023&budget=900000000&seed=2024")
    expect(page.get_by_role("heading", name="Priorities")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.get_by_text("Norsk", exact=True).click()
    expect(page.get_by_role("heading", name="Prioritering")).to_be_visible(timeout=PATIENCE)
    page.wait_for_url("**policy=no-2023&budget=900000000&seed=2024&lang=nb", timeout=PATIENCE)
    map_of(page).locator(".map-legend", has_text="Tegnforklaring").wait_for(timeout=PATIENCE)
    assert page.evaluate("() => document.documentElement.lang") == "nb"
    page.get_by_text("Data og regelverk", exact=True).click()  # the next page speaks it too
    expect(page.get_by_role("tab", name="Kostnadsbok")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("combobox", name="Regelverk")).to_have_value("Norge 2023")
    page.reload()
    expect(page.get_by_role("tab", name="Kostnadsbok")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_role("tab", name="Cost book")).to_be_visible(timeout=PATIENCE)
    page.wait_for_url("**policy=no-2023&budget=900000000&seed=2024&lang=en", timeout=PATIENCE)


def test_two_readers_ask_why_in_two_languages_at_once(chromium: Browser, site: str) -> None:
    contexts = [chromium.new_context(viewport=LAPTOP, locale=locale) for locale in ("en-GB", "nb-NO")]
    pages = [Watched(context).page for context in contexts]
    for page in pages:  # no link says a language: the browser's is taken
        page.goto(site)
    for page in pages:
        map_of(page).locator("img.leaflet-tile-loaded").first.wait_for(timeout=PATIENCE)
        settled(page)
    for page in pages:
        press_a_home(page)
    told = ("what would change it", "hva som ville endre det")
    for page, said, other in zip(pages, told, told[::-1], strict=True):
        panel = page.locator(".bg-panel dl").first
        panel.wait_for(timeout=PATIENCE)
        expect(panel).to_contain_text(said)
        expect(panel).not_to_contain_text(other)
    for context in contexts:
        context.close()


def test_the_hearing_is_told_and_the_stress_test_runs(chromium: Browser, watched: Watched, tmp_path: Path) -> None:
    study = with_plans(tmp_path / "tiny").folder
    with dashboard(ROOT / "app.py", tmp_path / "log.txt", COVERAGE_STUDY=str(study)) as address:
        page = watched.page
        page.goto(f"{address}/data-and-rules?lang=en")
        page.get_by_role("tab", name="Hearing").click(timeout=PATIENCE)
        expect(page.get_by_text("What the hearing removed", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.locator("[data-testid=stVegaLiteChart]").last).to_contain_text("A Fiber", timeout=PATIENCE)
        page.get_by_role("button", name="Run the stress test").click()
        expect(page.get_by_text("funded areas that are safe")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("tab", name="Hearing")).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("button", name="Run the stress test")).to_have_count(0)
        settled(page)
        with page.expect_download(timeout=PATIENCE) as waiting:
            page.get_by_role("button", name="What-ifs as CSV").click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        rows = path.read_text(encoding="utf-8").splitlines()
        assert rows[0].startswith("whatif,label,operator,plans,")
        assert [row.split(",")[0] for row in rows[1:]] == [
            "today", "late_12", "late_24", "lapse_a_fiber", "lapse_b_nett", "lapse_all", "arrive_all",
        ]  # fmt: skip
        page.reload()  # what has been run once is there at once
        page.get_by_role("tab", name="Hearing").click(timeout=PATIENCE)
        expect(page.get_by_text("funded areas that are safe")).to_be_visible(timeout=PATIENCE)


def test_hubs_stand_on_the_map_and_a_click_on_a_corrected_place_tells_why(
    chromium: Browser, watched: Watched, tmp_path: Path
) -> None:
    tiny = tiny_study(tmp_path / "tiny")
    x, y = X0 + 3500 + 2500, Y0 + 1000  # of p02
    rows = "place_id,correction,comment,office\np02,not_inhabited,empty since 2019,Office of Vestby\n"
    (tiny.folder / "corrections.csv").write_text(rows, encoding="utf-8")
    (tiny.folder / "hubs.csv").write_text(
        f"name,hub_kind,x,y\nGarden,business_garden,{x + 600},{y}\n", encoding="utf-8"
    )
    for name in ("corrections", "hubs"):
        tiny.sources.append({"id": name, "role": name, "kind": "table", "path": f"{name}.csv", "crs": CRS})
    tiny.save()
    with dashboard(ROOT / "app.py", tmp_path / "log.txt", COVERAGE_STUDY=str(tiny.folder)) as address:
        page = watched.page
        page.goto(f"{address}/?lang=en")
        frame = map_of(page)
        expect(frame.locator(".map-legend")).to_contain_text("business garden")
        frame.locator(".leaflet-signs-pane .business_garden").wait_for(timeout=PATIENCE)
        ring = frame.locator(".leaflet-signs-pane path")
        ring.wait_for(timeout=PATIENCE)
        ring.hover()
        expect(frame.locator(".map-tip")).to_contain_text("Corrected: not inhabited")
        ring.click()
        expect(page.locator(".bg-panel dl").first).to_contain_text(
            "By Office of Vestby: “empty since 2019”", timeout=PATIENCE
        )


CUT_OFF = """() => [...document.querySelectorAll('.stApp *')].filter(part =>
    (part.tagName === 'INPUT' || getComputedStyle(part).textOverflow === 'ellipsis') && part.clientWidth > 0
    && part.scrollWidth > part.clientWidth + 1).map(part => part.value || part.textContent)"""


@pytest.mark.parametrize("spoken", ["en", "nb"])
@pytest.mark.parametrize("path", ["", "gap-report", "priorities", "data-and-rules"])
def test_no_word_is_cut_off_and_nothing_sticks_out_on_a_phone(
    site: str, watched: Watched, tmp_path: Path, path: str, spoken: str
) -> None:
    page = watched.page
    page.goto(f"{site}/{path}?lang={spoken}")
    page.locator("h1, [data-testid=stMetric]").first.wait_for(timeout=PATIENCE)
    settled(page)
    assert page.evaluate(CUT_OFF) == []
    page.set_viewport_size(PHONE)
    expect(page.locator(".bg-strip")).to_be_visible()  # what the data is, while the sidebar is folded
    expect(page.locator(".bg-strip")).to_contain_text("SYNTETISK" if spoken == "nb" else "SYNTHETIC")
    settled(page)
    page.screenshot(path=tmp_path / f"phone-{path or 'explore'}.png")
    wide = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= PHONE["width"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/..%2f..%2fapp.py",
        "/assets/%2e%2e/app.py",
        "/tiles/x/gap/all/1/1/1.png",
        "/data/x/areas.json",
    ],
)
def test_paths_outside_are_harmless(site: str, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=20)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert b"import streamlit" not in body
    assert answer.status in (400, 404)


@pytest.mark.parametrize("make", [toy_assessment, hostile], ids=["toy", "hostile names"])
def test_map_file_opens_from_a_disk(watched: Watched, tmp_path: Path, make) -> None:
    path = tmp_path / "map.html"
    shown = make()
    export.write_html(shown, path)
    page = watched.page
    page.on("dialog", lambda dialog: pytest.fail(f"a name ran as a script: {dialog.message}"))
    page.goto(path.as_uri())
    page.locator(".map-legend").wait_for(timeout=PATIENCE)
    expect(page.locator(".map-banner")).to_contain_text("SYNTHETIC")
    shape = page.locator(".leaflet-areas-pane path").nth(8)
    shape.wait_for(timeout=PATIENCE)
    shape.dispatch_event("click")
    expect(page.locator(".leaflet-popup-content")).to_contain_text("funding gap")
    field, hits = page.get_by_role("combobox"), page.locator(".map-find [role=option]")
    names = [
        "Røros - Rosse",
        "ÅLEN/Ørland",
        "Indre  Fosen, Rissa 3",
        "\N{LATIN SMALL LIGATURE FI}ber É",
        "--",
        "Straße İ",
    ]
    assert page.evaluate("names => names.map(coverageMap.folded)", names) == search.folded(names).to_pylist()
    field.fill("no such name")
    expect(page.get_by_role("status")).to_contain_text("Nothing is called that")
    first = shown.areas.sort_values("rank").iloc[0]
    field.fill(str(first["rank"]))
    expect(hits.first).to_contain_text(first["name"])
    field.press("ArrowDown")
    expect(hits.first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(page.locator(".leaflet-popup-content", has_text=first["area_id"])).to_have_count(1)
    expect(hits.first).to_be_hidden()
    expect(page.locator(".leaflet-chosen-pane path")).to_have_count(1)
    field.press("Escape")
    expect(page.locator(".leaflet-popup-content")).to_have_count(0)
    page.screenshot(path=tmp_path / "map.png")
    assert page.evaluate("() => document.images.length") < 40
