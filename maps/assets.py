"""Where the browser's files come from: the XStatic packages, and the little of our own in `maps/assets/`.

Nothing is taken from a content delivery network, and only the files listed here can be served.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

OWN: Final = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Asset:
    """Hold one file that may be served."""

    path: Path
    media_type: str

    def text(self) -> str:
        """Return the file as text."""
        return self.path.read_text(encoding="utf-8")


_LEAFLET_IMAGES: Final = ("layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png", "marker-shadow.png")


@cache
def known() -> dict[str, Asset]:
    """Return every file that may be served, by its name below `/assets/`."""
    leaflet = Path(importlib.import_module("xstatic.pkg.leaflet").BASE_DIR)
    files = {
        "leaflet/leaflet.js": Asset(leaflet / "leaflet.js", "text/javascript"),
        "leaflet/leaflet.css": Asset(leaflet / "leaflet.css", "text/css"),
        "map.js": Asset(OWN / "map.js", "text/javascript"),
        "map.css": Asset(OWN / "map.css", "text/css"),
        "swipe.js": Asset(OWN / "swipe.js", "text/javascript"),
        "discs.js": Asset(OWN / "discs.js", "text/javascript"),
        "tiles.js": Asset(OWN / "tiles.js", "text/javascript"),
        "draw.js": Asset(OWN / "draw.js", "text/javascript"),
    }
    files |= {f"leaflet/images/{name}": Asset(leaflet / "images" / name, "image/png") for name in _LEAFLET_IMAGES}
    return files


SCRIPTS: Final = ("leaflet/leaflet.js", "map.js")  # in the order in which they must load
ALONE: Final = (*SCRIPTS, "discs.js")  # with what only the map in one file needs
LIVE: Final = (*SCRIPTS, "tiles.js", "swipe.js", "draw.js")  # with what only a map needs that the server stands behind
SHEETS: Final = ("leaflet/leaflet.css", "map.css")
