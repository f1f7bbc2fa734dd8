"""What lies below everything: the relief where a study has an elevation model, and tiles of another host if asked for.

No map needs another host. Who runs the server may name one in the environment; the page then says so.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import folium
import numpy as np

from coverage.assessment import Assessment
from coverage.errors import DataError
from maps import style
from maps.language import _
from maps.tiles import shade
from maps.tiles.mobile import geographic_bounds, mercator_bounds

HILLSHADE: Final = "hillshade"
TILES: Final = "COVERAGE_TILES"  # the address of tiles, with {z}, {x} and {y}
CREDIT: Final = "COVERAGE_TILES_CREDIT"  # whose they are
_ADDRESS: Final = re.compile(r"https?://([^/?#@{}\s]+)/\S+")
EMBEDDED_SIDE: Final = 600  # pixels of the relief in the file that opens alone


@dataclass(frozen=True)
class Online:
    """Hold the address of another host's tiles, as Leaflet fills it in, and whose they are."""

    url: str
    credit: str

    @property
    def host(self) -> str:
        """Return the host that readers' browsers ask."""
        return str(_ADDRESS.sub(r"\1", self.url))


def online(environment: Mapping[str, str] = os.environ) -> Online | None:
    """Return the tiles that the environment names, or None where it names none.

    Raises DataError where the address cannot be one: the map would stay blank.
    """
    url = environment.get(TILES, "").strip()
    if not url:
        return None
    named = re.findall(r"\{([^{}]*)\}", url)
    if not _ADDRESS.fullmatch(url) or sorted(named) != ["x", "y", "z"]:
        raise DataError(f"{TILES} is {url!r}; expected https://… with {{z}}, {{x}} and {{y}}, each once, and no other")
    return Online(url, environment.get(CREDIT, "").strip())


def tiles(found: Online, *, max_zoom: int) -> folium.TileLayer:
    """Return the tiles of another host as a layer; what is said of whose they are stands as text."""
    return folium.TileLayer(
        found.url,
        attr=style.escape(found.credit) or " ",
        name=_("Map from {host}", host=found.host),
        overlay=True,
        max_zoom=max_zoom,
        pane="online",
    )


def relief(assessment: Assessment, url: str) -> folium.raster_layers.ImageOverlay | None:
    """Return the relief as a layer by its address, or None where the study has no elevation model."""
    if not assessment.terrain:
        return None
    bounds = geographic_bounds(mercator_bounds(assessment.municipalities))
    return picture(url, bounds, name=_("Relief"), pane="shade")


def embedded_relief(assessment: Assessment) -> folium.raster_layers.ImageOverlay | None:
    """Return the relief as a layer that brings its picture along, smaller."""
    if not assessment.terrain:
        return None
    drawn = shade.png(assessment.terrain, land=assessment.municipalities, most=EMBEDDED_SIDE)
    return relief(assessment, f"data:image/png;base64,{base64.b64encode(drawn).decode()}")


def picture(url: str, bounds: list[list[float]], *, name: str, **options: Any) -> folium.raster_layers.ImageOverlay:
    """Return an image layer by address; folium would read a string as a file, so it gets a pixel first."""
    overlay = folium.raster_layers.ImageOverlay(np.zeros((1, 1, 4), np.uint8), bounds, name=name, **options)
    overlay.url = url
    return overlay
