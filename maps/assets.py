"""Where the browser's files come from: the XStatic packages, and the little of our own in `maps/assets/`.

Nothing is taken from a content delivery network, and only the files listed here can be served.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

OWN: Final = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Asset:
    """Hold what may be served under one name: a file, or several one after the other."""

    path: Path
    media_type: str
    more: tuple[Path, ...] = ()

    def data(self) -> bytes:
        """Return the content."""
        return b"\n".join(path.read_bytes() for path in (self.path, *self.more))

    def text(self) -> str:
        """Return the content as text."""
        return self.data().decode("utf-8")


_LEAFLET_IMAGES: Final = ("layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png", "marker-shadow.png")
SCRIPTS: Final = ("leaflet/leaflet.js", "map.js")  # in the order in which they must load
ALONE: Final = (*SCRIPTS, "discs.js", "find.js", "paper.js")  # with what only the map in one file needs
LIVE: Final = (*SCRIPTS, "tiles.js", "swipe.js", "draw.js")  # with what only a map needs that the server stands behind
BUNDLE: Final = "live.js"  # all of them: the component loads one script after the other
SHEETS: Final = ("leaflet/leaflet.css", "map.css")
ALONE_SHEETS: Final = (*SHEETS, "alone.css")


@cache
def known() -> dict[str, Asset]:
    """Return everything that may be served, by its name below `/assets/`."""
    leaflet = Path(importlib.import_module("xstatic.pkg.leaflet").BASE_DIR)
    files = {
        "leaflet/leaflet.js": Asset(leaflet / "leaflet.js", "text/javascript"),
        "leaflet/leaflet.css": Asset(leaflet / "leaflet.css", "text/css"),
        **{name: Asset(OWN / name, "text/css") for name in ("map.css", "alone.css")},
        **{name: Asset(OWN / name, "text/javascript") for name in sorted({*ALONE[1:], *LIVE[1:]})},
    }
    first, *more = (files[name].path for name in LIVE)
    files[BUNDLE] = Asset(first, "text/javascript", tuple(more))
    files |= {f"leaflet/images/{name}": Asset(leaflet / "images" / name, "image/png") for name in _LEAFLET_IMAGES}
    return files


@cache
def version() -> str:
    """Return what stands before the names in addresses: it changes with any of the files, so browsers keep them."""
    found = hashlib.sha256()
    for name, asset in sorted(known().items()):
        found.update(f"{name}\0".encode() + asset.data())
    return found.hexdigest()[:12]


def address(name: str) -> str:
    """Return where something is served, below the server's root."""
    return f"/assets/{version()}/{name}"


@cache
def packed(name: str) -> bytes:
    """Return the content under a name, packed with gzip."""
    return gzip.compress(known()[name].data(), compresslevel=9, mtime=0)
