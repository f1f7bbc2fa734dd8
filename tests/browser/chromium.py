"""What the browser tests share: a real Chromium, and a dashboard of their own on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
LAPTOP = {"width": 1366, "height": 768}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # no other host is found  # fmt: skip


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium, or skip the test with the reason."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


class Watched:
    """Hold a page that reaches no other host (see ARGUMENTS), on which every request to one is noted.

    Requests are not held up one by one to look at them: that would keep the browser from reusing what it has fetched.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.failed: list[str] = []
        self._context = context
        self.page: Page = context.new_page()
        context.on("request", self._look)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", self._note)

    def leave(self) -> None:
        """Close every page, and leave the context as a new reader's: nothing kept but what was fetched."""
        pages = self._context.pages
        for page in pages:  # first of all: a page may have outlived its server, and would soon say so
            page.close()
        self._context.remove_listener("request", self._look)
        self._context.clear_cookies()
        blank = self._context.new_page()
        for host in sorted({urlsplit(page.url).netloc for page in pages} - {""}):  # none: a file
            asked = {"origin": f"http://{host}", "storageTypes": "local_storage"}
            self._context.new_cdp_session(blank).send("Storage.clearDataForOrigin", asked)
        blank.close()

    def _look(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1", "file://", "data:", "blob:")):
            self.outside.append(request.url)

    def _note(self, response) -> None:
        request: Request = response.request
        # Streamlit looks for its own server below the page's path first; that it finds nothing there is its way.
        if response.status >= 400 and "/_stcore/" not in request.url:
            self.failed.append(f"{response.status} {request.url}")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dashboard(app: Path, log: Path, **environment: str) -> Iterator[str]:
    """Run `streamlit run app` in its own process; give the address once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the dashboard did not start:\n{log.read_text()[-2000:]}")
