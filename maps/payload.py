"""What of a layer of shapes goes to the browser: all of it while that is little, else that it comes as tiles.

So what a view costs is bounded whatever the study: a tile is a picture, and every shape is drawn on it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import shapely

from maps import layers
from maps.tiles.shapes import ShapeTiles

MOST_BYTES: Final = 64_000  # of one layer, packed
MOST_BYTES_OF: Final[Mapping[str, int]] = {"areas": 120_000}
MOST_NAMES: Final = 1_000  # the largest come first
MOST_PICTURE: Final = 150_000  # bytes of a picture that lies over the whole study
SHRUNK: Final = (1.0, 0.7, 0.5, 0.35, 0.25)  # sides of it that are tried
SHAPES, DOTS = "shapes", "dots"
_DOT: Final = {"weight": 1.2, "dashArray": None}


@dataclass(frozen=True)
class Payload:
    """Hold a layer as it is handed over (packed with gzip), and what its tiles are drawn from if it comes as tiles."""

    packed: bytes
    tiles: Mapping[str, ShapeTiles] = field(default_factory=dict)  # by form: the shapes; a dot for each
    told: tuple[list[str], ...] = ()  # what is said of every shape

    @classmethod
    def of(cls, data: layers.Collection, *, layer: str = "") -> Payload:
        """Pack a layer whole if it is small enough, else what the browser needs to ask for tiles."""
        features = data["features"]
        if len(features) <= layers.MOST_SHAPES:
            packed = _pack(data)
            if len(packed) <= MOST_BYTES_OF.get(layer, MOST_BYTES):
                return cls(packed)
        about = [feature["properties"] for feature in features]
        shapes = [feature["geometry"] for feature in features]
        tiles = {SHAPES: ShapeTiles.build(shapes, [item["k"] for item in about], data["styles"])}
        if all("c" in item for item in about):
            tiles[DOTS] = _dots(about, data["styles"])
        less = {**data, "features": [], "styles": {}, "tiles": sorted(tiles)}
        if "labels" in data:
            less["labels"] = data["labels"][:MOST_NAMES]
        return cls(_pack(less), tiles, tuple(item.get("t", []) for item in about))

    @property
    def body(self) -> bytes:
        """Return the layer as JSON."""
        return gzip.decompress(self.packed)


def picture(draw: Callable[[int], bytes], *, most: int) -> bytes:
    """Return what `draw` makes with so many pixels a side that it is not heavier than MOST_PICTURE, at most `most`."""
    drawn = b""
    for share in SHRUNK:
        drawn = draw(round(most * share))
        if len(drawn) <= MOST_PICTURE:
            break
    return drawn


def _pack(data: layers.Collection) -> bytes:
    return gzip.compress(layers.compact(data).encode(), compresslevel=6, mtime=0)


def _dots(about: list[dict[str, Any]], styles: Mapping[str, Mapping[str, Any]]) -> ShapeTiles:
    """Return tiles of a dot for every shape, as map.js draws them where a layer is handed over whole."""
    looks: dict[str, dict[str, Any]] = {}
    names = []
    for item in about:
        name = f"{item['k']}/{item['r']}"
        names.append(name)
        if name not in looks:
            look = styles.get(item["k"], {})
            fill = float(look.get("fillOpacity", 0.2))
            looks[name] = {**look, **_DOT, "radius": item["r"], "opacity": 2 * fill + 0.3, "fillOpacity": fill + 0.3}
    return ShapeTiles.build([shapely.Point(item["c"][::-1]) for item in about], names, looks)
