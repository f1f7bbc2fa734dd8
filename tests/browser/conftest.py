"""What the browser tests share: one Chromium, the dashboard on a tiny study, one reader, and a page that is watched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import LAPTOP, ROOT, Watched, browser, dashboard
from tests.studymaker import tiny_study


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="package")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dashboard")
    study = tiny_study(folder / "tiny").folder
    with dashboard(ROOT / "app.py", folder / "log.txt", COVERAGE_STUDY=str(study)) as address:
        yield address


@pytest.fixture(scope="package")
def reader(chromium: Browser) -> Iterator[BrowserContext]:
    """Return one reader's browser: what the dashboard is made of is fetched once."""
    context = chromium.new_context(viewport=LAPTOP, accept_downloads=True, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def watched(reader: BrowserContext) -> Iterator[Watched]:
    seen = Watched(reader)
    yield seen
    seen.leave()
    assert seen.outside == [], "nothing may ask another host"
    assert seen.errors == []
    assert seen.failed == []
