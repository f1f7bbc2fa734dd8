"""Three people, each from the landing page to a file that is opened, in both languages, with no other host in reach."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import Watched
from tests.browser.test_dashboard import PATIENCE, map_of, press_a_home, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What each language calls what is clicked and what must be read.
WORDS = {
    "en": {
        "search": "Search", "why": "what would change it", "table": "As a table", "gap": "Gap report",
        "municipalities": "Municipalities", "sheet": "Read me", "priorities": "Priorities",
        "budget": "Budget, M\u202fNOK", "list": "Priority list", "status": "SYNTHETIC",
    },
    "nb": {
        "search": "Søk", "why": "hva som ville endre det", "table": "Som tabell", "gap": "Dekningsrapport",
        "municipalities": "Kommuner", "sheet": "Les meg", "priorities": "Prioritering",
        "budget": "Budsjett, mill. NOK", "list": "Prioriteringsliste", "status": "SYNTETISK",
    },
}  # fmt: skip


def taken(page: Page, button: Locator, folder: Path) -> Path:
    """Press a download button and return the file."""
    with page.expect_download(timeout=PATIENCE) as waiting:
        button.click(timeout=PATIENCE)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def landing(watched: Watched, site: str, spoken: str) -> Page:
    watched.page.goto(f"{site}/?lang={spoken}")
    map_of(watched.page)
    settled(watched.page)
    return watched.page


@pytest.mark.parametrize("spoken", list(WORDS))
def test_a_planner_searches_asks_why_and_takes_a_table_home(
    site: str, watched: Watched, tmp_path: Path, spoken: str
) -> None:
    said, page = WORDS[spoken], landing(watched, site, spoken)
    page.get_by_role("searchbox", name=said["search"]).fill("Vestby")
    page.locator(".st-key-explore-found button").first.click(timeout=PATIENCE)
    settled(page)
    press_a_home(page)
    panel = page.locator(".bg-panel dl").first
    expect(panel).to_contain_text(said["why"], timeout=PATIENCE)
    page.get_by_role("button", name=said["table"]).first.click()
    path = taken(
        page, page.locator("[data-testid=stPopoverBody] [data-testid=stDownloadButton] button").first, tmp_path
    )
    table = pd.read_csv(path)
    assert len(table)
    assert set(table["data_status"]) == {"synthetic"}


@pytest.mark.parametrize("spoken", list(WORDS))
def test_a_partner_takes_the_report_of_one_municipality_home(
    site: str, watched: Watched, tmp_path: Path, spoken: str
) -> None:
    said, page = WORDS[spoken], landing(watched, site, spoken)
    page.get_by_role("link", name=said["gap"]).click()
    expect(page.get_by_role("heading", name=said["gap"], exact=True)).to_be_visible(timeout=PATIENCE)
    field = page.get_by_role("combobox", name=said["municipalities"])
    field.fill("Vest")
    field.press("Enter")
    field.press("Escape")  # the list, while it is open, hides the page from screen readers
    settled(page)
    book = openpyxl.load_workbook(taken(page, page.get_by_role("button", name="Excel –"), tmp_path))
    assert book.sheetnames[0] == said["sheet"]
    told = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row if cell)
    assert said["status"] in told
    assert "Vestby" in told
    assert "Østby" not in told


@pytest.mark.parametrize("spoken", list(WORDS))
def test_a_council_moves_the_budget_and_takes_the_list_home(
    site: str, watched: Watched, tmp_path: Path, spoken: str
) -> None:
    said, page = WORDS[spoken], landing(watched, site, spoken)
    page.get_by_role("link", name=said["priorities"]).click()
    expect(page.get_by_role("heading", name=said["priorities"], exact=True)).to_be_visible(timeout=PATIENCE)
    settled(page)
    figures = page.locator("[data-testid=stMetricValue]")
    before = figures.all_inner_texts()
    field = page.get_by_role("spinbutton", name=said["budget"])
    field.fill("900")
    field.press("Enter")
    page.wait_for_url("**budget=900000000&**", timeout=PATIENCE)  # the address holds the scenario
    settled(page)
    assert figures.all_inner_texts() != before
    paper = pypdf.PdfReader(taken(page, page.get_by_role("button", name="PDF"), tmp_path))
    told = " ".join(page_.extract_text() for page_ in paper.pages)
    assert said["list"] in told
    assert said["status"] in told
