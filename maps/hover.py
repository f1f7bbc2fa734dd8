"""What is said under the pointer, as lines of plain text: of the place there, of the disc, of a shape on tiles."""

from __future__ import annotations

from typing import Any

import pandas as pd

from maps import style
from maps.language import _, ngettext
from maps.payload import Payload
from maps.store import Entry
from maps.themes import GAP, THEMES
from maps.tiles.hit import Disc, disc_at, places_at
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import POINT_ZOOM, SCREEN, degrees, exists
from maps.tilesets import tiles_of
from maps.words import word

MOST_CLASSES = 3


def of_places(entry: Entry, theme: str, code: str, *, z: int, x: int, y: int, px: int, py: int) -> list[str] | None:
    """Return what is said at a pixel (of 256) of a tile of places; None where there are no such tiles.

    Of a comparison of policies nothing is said.
    """
    tiles = tiles_of(entry, theme, code)
    if tiles is None or not exists(z, x, y):
        return None
    if not isinstance(tiles, PlaceTiles):
        return []
    u, v = (x + (px + 0.5) / SCREEN) / (1 << z), (y + (py + 0.5) / SCREEN) / (1 << z)
    labels = [kind.label for kind in THEMES[theme].classes(entry.assessment.policy)]
    if z < POINT_ZOOM:
        lat, lon = degrees(u, v)
        disc = disc_at(tiles, lat=lat, lon=lon, zoom=float(z))
        return [] if disc is None else _disc(disc, theme, labels)
    found = places_at(tiles.points, z, u, v)
    if not len(found):
        return []
    row = entry.assessment.places.iloc[int(tiles.row[found[0]])]
    return _place(row, labels[tiles.points.code[found[0]] - 1], others=len(found) - 1)


def of_shapes(layer: Payload, form: str, *, z: int, x: int, y: int, px: int, py: int) -> list[str] | None:
    """Return what is said at a pixel (of 256) of a tile of shapes; None where the layer has no such tiles."""
    tiles = layer.tiles.get(form)
    if tiles is None:
        return None
    row = tiles.at(z, x, y, px, py)
    return [] if row is None else layer.told[row]


def _disc(disc: Disc, theme: str, labels: list[str]) -> list[str]:
    count = style.number(disc.premises, digits=3)
    title = (
        f"{_(GAP.heading)}: {count}"
        if theme == GAP.id
        else ngettext("{count} premises", "{count} premises", disc.premises, count=count)
    )
    largest = sorted(range(len(labels)), key=lambda at: (-disc.by_class[at], -at))[:MOST_CLASSES]
    return [title] + [
        f"{labels[at]}: {style.number(disc.by_class[at], digits=3)}" for at in largest if disc.by_class[at] > 0
    ]


def _place(place: pd.Series[Any], label: str, *, others: int) -> list[str]:
    said = (place[name] for name in ("name", "address") if not pd.isna(place[name]))
    lines = [next((str(text) for text in said if text), word(place["kind"])), f"{word(place['kind'])}: {label}"]
    if place["weight"] != 1:
        lines.append(_("stands for {count} premises", count=style.number(place["weight"], digits=3)))
    if others:
        lines.append(_("and {count} more here", count=style.number(others)))
    return lines
