"""Styles that QGIS shows when it opens one of our GeoPackages: the table `layer_styles` with one style per layer."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from coverage.reports import palette
from coverage.reports.wording import Wording

_TABLE: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""
_CONTENTS: Final = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)
"""
_STYLE: Final = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
                          styleSLD, useAsDefault, description, owner, ui, update_time)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '', NULL, ?)
"""


def add_styles(path: Path, layers: Sequence[str], *, as_of: dt.date, wording: Wording) -> None:
    """Add a default style for each layer that has one, its legend in words. Time stamps are the as-of date."""
    styles = layer_styles(wording)
    stamp = f"{as_of.isoformat()}T00:00:00.000Z"
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute(_TABLE)
        base.execute(_CONTENTS, (stamp,))
        for layer in layers:
            if layer in styles:
                base.execute(_STYLE, (layer, layer, styles[layer], stamp))


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def _symbol(kind: str, name: str, properties: Mapping[str, str]) -> str:
    layer = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}[kind]
    props = "".join(f"<prop k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in properties.items())
    return (
        f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0">{props}</layer></symbol>'
    )


def _document(renderer: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.22.0" styleCategories="Symbology">{renderer}</qgis>'
    )


def _single(kind: str, properties: Mapping[str, str]) -> str:
    return _document(
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<symbols>{_symbol(kind, '0', properties)}</symbols></renderer-v2>"
    )


def _by_value(kind: str, column: str, properties: Mapping[str, Mapping[str, str]], wording: Wording) -> str:
    labels = {value: quoteattr(wording.value(column, value)) for value in properties}
    categories = "".join(
        f'<category value={quoteattr(value)} symbol="{number}" label={labels[value]} render="true"/>'
        for number, value in enumerate(properties)
    )
    symbols = "".join(_symbol(kind, str(number), item) for number, item in enumerate(properties.values()))
    return _document(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} symbollevels="0" enableorderby="0" '
        f'forceraster="0"><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>'
    )


def _fill(colour: str, outline: str, alpha: int = 255) -> dict[str, str]:
    return {
        "color": _rgba(colour, alpha),
        "style": "solid",
        "outline_color": _rgba(outline),
        "outline_style": "solid",
        "outline_width": "0.26",
        "outline_width_unit": "MM",
    }


def _marker(colour: str) -> dict[str, str]:
    return {
        "name": "circle",
        "color": _rgba(colour),
        "outline_color": _rgba("#ffffff"),
        "outline_style": "solid",
        "outline_width": "0.1",
        "outline_width_unit": "MM",
        "size": "1.4",
        "size_unit": "MM",
    }


def layer_styles(wording: Wording) -> dict[str, str]:
    """Return the QML style of each layer, with the words of the legend in one language."""
    line = {"line_color": _rgba(palette.ROUTE), "line_style": "solid", "line_width": "0.4", "line_width_unit": "MM"}
    areas = {value: _fill(colour, palette.INK, alpha=150) for value, colour in palette.DECISION.items()}
    places = {value: _marker(colour) for value, colour in palette.GAP.items()}
    return {
        "municipalities": _single("fill", _fill(palette.LAND, palette.BORDER)),
        "routes": _single("line", line),
        "sites": _single("marker", _marker(palette.INK) | {"name": "triangle", "size": "3"}),
        "areas": _by_value("fill", "decision", areas, wording),
        "places": _by_value("marker", "gap_kind", places, wording),
    }
