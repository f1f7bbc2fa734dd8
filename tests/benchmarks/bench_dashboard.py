"""Measure the dashboard in Chromium at growing sizes, and the same places drawn the plain way with folium.GeoJson.

Run from the project's root: python -m tests.benchmarks.bench_dashboard [--sizes 50000 200000 2000000] [--peer 50000]

A seeded crowd (tests/crowd.py) with areas, routes, masts and municipalities in proportion is served by the real frame.
The server is warm (one visit before), the browser's cache is cold, the window is 1366 × 768 and the language Norwegian.
*View*: what a browser gets for the page at one zoom over the busiest town, websocket, layers and tiles as they travel
(packed), without scripts and fonts. *Idle*: from the address until every tile of the map is there, no request is under
way and no script runs, and 350 ms later still so; the 350 ms are not counted. *Click*: from a click on the map until it
is idle again. *Budget*: from a new budget in the sidebar likewise. Seeded, offline; skips where there is no Chromium.
"""

# ruff: noqa: T201 - it prints its table
from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Frame, Page

from tests.browser.chromium import ARGUMENTS, CHROMIUM, LAPTOP, ROOT, free_port
from tests.crowd import Size, busiest

HERE = Path(__file__).parent
QUIET_S = 0.35
MOST_S = 180.0
ZOOMS = range(5, 18)
# Whether the map is drawn and no script runs: every tile is there, and what Streamlit says of itself is gone.
READY = "() => document.querySelectorAll('[data-testid=stStatusWidget], [data-stale=true]').length === 0"
DRAWN = """() => {
  const tiles = [...document.querySelectorAll('.leaflet-tile')];
  const needed = document.querySelectorAll('path.leaflet-interactive').length;
  return (tiles.length + needed > 0 || document.querySelector('canvas') !== null)
    && tiles.every(tile => tile.classList.contains('leaflet-tile-loaded'));
}"""


@dataclass
class Wire:
    """Count what travels to a page: bytes by kind, and what is under way."""

    page: Page
    socket: int = 0
    layers: int = 0
    tiles: int = 0
    pending: set[str] = field(default_factory=set)
    changed: float = field(default_factory=time.monotonic)
    _kinds: dict[str, str] = field(default_factory=dict)

    def listen(self, context: BrowserContext) -> None:
        """Begin to count; nothing comes from a cache."""
        session = context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.loadingFailed", self._failed)
        session.on("Network.webSocketFrameReceived", self._frame)

    def _sent(self, event: dict) -> None:
        address = event["request"]["url"]
        self.changed = time.monotonic()
        # What a browser gives up, such as a frame that is opened anew, is not always said to have ended: of the page's
        # own files the time counts at which they were asked for and came, of the map's it is waited for.
        kinds = {"/tiles/": "tiles", "/drawn/": "tiles", "/overlay/": "layers", "/data/": "layers"}
        if kind := next((kind for part, kind in kinds.items() if part in address), ""):
            self._kinds[event["requestId"]] = kind
            self.pending.add(event["requestId"])

    def _finished(self, event: dict) -> None:
        if kind := self._kinds.get(event["requestId"]):
            setattr(self, kind, getattr(self, kind) + int(event["encodedDataLength"]))
        self._failed(event)

    def _failed(self, event: dict) -> None:
        self.pending.discard(event["requestId"])
        self.changed = time.monotonic()

    def _frame(self, event: dict) -> None:
        self.socket += len(event["response"]["payloadData"]) * (3 if event["response"]["opcode"] == 2 else 4) // 4
        self.changed = time.monotonic()

    def idle(self) -> float:
        """Wait until nothing happens any more; return when the last thing did."""
        end, last = time.monotonic() + MOST_S, time.monotonic()
        while time.monotonic() < end:
            self.page.wait_for_timeout(25)
            still = not self.pending and self.page.evaluate(READY) and _drawn(self.page)
            if not still:
                last = time.monotonic()
            elif time.monotonic() - max(last, self.changed) >= QUIET_S:
                return max(last, self.changed)
        raise SystemExit(f"the map was not idle after {MOST_S:.0f} s")


def _map(page: Page) -> Frame | None:
    return next((frame for frame in page.frames if "streamlit_folium" in frame.url), None)


def _drawn(page: Page) -> bool:
    frame = _map(page)
    return frame is not None and bool(frame.evaluate(DRAWN))


@contextmanager
def served(app: str, size: Size) -> Iterator[tuple[str, int]]:
    """Serve an app on a crowd; give its address and the process's number."""
    port = free_port()
    counts = f"{size.places},{size.areas},{size.masts},{size.municipalities},{size.hubs}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(HERE / app), "--server.port", str(port)],
            cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "CROWD": counts},
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}/", process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def visit(browser: Browser) -> Iterator[Wire]:
    """Open a page of a reader who was never here."""
    context = browser.new_context(viewport=LAPTOP, locale="nb-NO")
    wire = Wire(context.new_page())
    wire.listen(context)
    yield wire
    context.close()


def open_page(wire: Wire, address: str) -> float:
    """Open the page; return the seconds until it is idle."""
    end = time.monotonic() + MOST_S
    while True:
        begun = time.monotonic()
        try:
            wire.page.goto(address, timeout=MOST_S * 1000)
            return wire.idle() - begun
        except Exception as error:  # the server is not there yet
            if "ERR_CONNECTION_REFUSED" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.2)


def clicks(wire: Wire, count: int = 4) -> float:
    """Click at several positions; return the median of the seconds until idle."""
    taken = []
    for number in range(count):
        box = wire.page.locator("iframe").first.bounding_box()
        assert box is not None
        before, begun = wire.socket, time.monotonic()
        wire.page.mouse.click(box["x"] + box["width"] * 0.55 + 17 * number, box["y"] + 230 + 23 * number)
        while wire.socket == before and time.monotonic() < begun + 20:
            wire.page.wait_for_timeout(10)
        taken.append(wire.idle() - begun)
        wire.page.wait_for_timeout(400)
    return statistics.median(taken)


def new_budget(wire: Wire) -> float:
    """Type another budget in the sidebar; return the seconds until idle."""
    taken = []
    for budget in ("900", "1200", "700"):
        entry = wire.page.locator("[data-testid=stSidebar] input[type=number]").first
        entry.fill(budget)
        begun, before = time.monotonic(), wire.socket
        entry.press("Enter")
        while wire.socket == before and time.monotonic() < begun + 20:
            wire.page.wait_for_timeout(10)
        taken.append(wire.idle() - begun)
    return statistics.median(taken)


def views(wire: Wire, at: tuple[float, float]) -> dict[int, int]:
    """Look at every zoom; return the bytes of a view: websocket and layers so far, and the tiles of that zoom."""
    found = {}
    frame = _map(wire.page)
    assert frame is not None
    socket = wire.socket
    for zoom in ZOOMS:
        wire.tiles = 0
        frame.evaluate("([at, zoom]) => window.map.setView(at, zoom, {animate: false})", [list(at), zoom])
        wire.idle()
        found[zoom] = socket + wire.layers + wire.tiles
    return found


def memory(pid: int) -> int:
    """Return the server's memory in megabytes, now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


def measure(browser: Browser, app: str, size: Size, *, name: str, peer: bool = False) -> dict[str, float]:
    """Print one line of the table; return its figures."""
    with served(app, size) as (address, pid):
        with visit(browser) as wire:
            open_page(wire, address)
        first, clicked, changed = [], float("nan"), float("nan")
        seen: dict[int, int] = {}
        for turn in range(3):
            with visit(browser) as wire:
                first.append(open_page(wire, address))
                if turn == 0 and peer:
                    seen = {0: wire.socket + wire.layers + wire.tiles}
                if turn == 1:
                    clicked = clicks(wire, 2 if peer else 4)
                if turn == 2 and not peer:
                    changed = new_budget(wire)
        if not peer:
            with visit(browser) as wire:
                open_page(wire, address)
                seen = views(wire, busiest(size))
        used = memory(pid)
    most = max(seen, key=lambda zoom: seen[zoom])
    idle = statistics.median(first)
    told = f"at zoom {most}" if not peer else ""
    print(f"{name:24} {seen[most] / 1000:9,.0f} {told:11} {idle:7.2f} {clicked:7.2f} {changed:7.2f} {used:8,}",
          flush=True)  # fmt: skip
    if not peer:
        print(
            "   by zoom, KB: " + "  ".join(f"{zoom}: {count / 1000:,.0f}" for zoom, count in seen.items()), flush=True
        )
    return {"view": seen[most], "idle": idle, "click": clicked}


def proportion(places: int) -> Size:
    """Return what belongs to so many places, at most what a large country has."""
    return Size(places, max(12, places // 50), max(2, places // 250), max(2, min(places // 800, 2_000)),
                hubs=min(places // 1_000, 1_600))  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 200_000, 2_000_000])
    parser.add_argument("--peer", type=int, nargs="*", default=[50_000])
    given = parser.parse_args()
    if not CHROMIUM.exists():
        print(f"skipped: no Chromium at {CHROMIUM}")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        print(f"{'':24} {'view KB':>9} {'':11} {'idle s':>7} {'click s':>7} {'budget':>7} {'MB':>8}")
        for places in given.sizes:
            size = Size(2_000_000, 30_000, 5_000, 2_000, 1_600) if places >= 2_000_000 else proportion(places)
            print(f"{places:,} places, {size.areas:,} areas and routes, {size.masts:,} masts, "
                  f"{size.municipalities:,} municipalities")  # fmt: skip
            ours = measure(browser, "crowd_app.py", size, name="  this dashboard")
            if places in given.peer:
                peer = measure(browser, "peer_app.py", size, name="  folium.GeoJson", peer=True)
                ratio = "  ".join(f"{what} {peer[what] / ours[what]:,.1f}" for what in ("view", "idle", "click"))
                print(f"  the peer over this dashboard: {ratio}")
        browser.close()


if __name__ == "__main__":
    main()
