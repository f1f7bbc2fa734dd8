"""The tiles of an assessment or a comparison in the store: one set for every theme and filter."""

from __future__ import annotations

from coverage.assessment import Assessment
from maps.filters import PLAIN
from maps.store import Entry
from maps.themes import THEMES
from maps.tiles.contrast import CONTRAST, ContrastTiles
from maps.tiles.places import PlaceTiles
from maps.tiles.pyramid import Located


def tiles_of(entry: Entry, theme: str, code: str) -> PlaceTiles | ContrastTiles | None:
    """Return the tiles of a theme under a filter, made at the first call; None where the entry knows one of them not.

    Of a comparison the only theme is who supports the places.
    """
    if not entry.knows(code) or theme not in (THEMES if entry.contrast is None else (CONTRAST,)):
        return None

    def build(given: Assessment) -> PlaceTiles | ContrastTiles:
        rows, located = entry.rows(code), entry.derive("located", lambda known: Located.of(known.places))
        if entry.contrast is not None:
            return ContrastTiles.build(entry.contrast.places, rows=rows, located=located)
        return PlaceTiles.build(given.places, given.policy, theme=THEMES[theme], rows=rows, located=located)

    if code in PLAIN:
        return entry.derive(f"tiles/{theme}/{code}", build)
    return entry.filtered(f"tiles/{theme}", code, build)
