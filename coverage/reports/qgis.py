"""How QGIS shows one of our GeoPackages on opening: the table `layer_styles` with a style per layer, and a project.

A layer that is dragged into QGIS has its style at once. What is in the file decides what the legend lists: no class
stands in it that the data cannot hold.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from coverage.reports import palette, qgis_project
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
SERVED_CLOSER_THAN: Final = 100_000  # the scale from which places that lack nothing are drawn
AREAS_NAMED_FROM: Final = 150_000  # likewise names of areas
MARK: Final = " (mobile)"  # behind the names that coverage.mobile_areas makes; here the outline says it
FILLED: Final = {"fund": 70, "reserve": 50, "ineligible": 50}  # of 255
MOBILE: Final = "#6a51a3"
CORRECTED: Final = "#c2187a"
CONTRAST: Final = {"only_a": ("#c8540a", "square"), "only_b": ("#0a66b0", "triangle")}
DOT: Final = "dot"
_NEW_MASTS: Final = ("roadside", "high_ground")
_RANK_AND_NAME: Final = f"concat(rank, '. ', replace(name, '{MARK}', ''))"
_BY_KIND: Final = """CASE WHEN "kind" = 'mobile' THEN 'mobile ' || "decision" ELSE "decision" END"""

Properties = Mapping[str, str]


def add_styles(path: Path, layers: Sequence[str], *, as_of: dt.date, wording: Wording) -> None:
    """Add a default style for each layer that has one, and a project of them. Time stamps are the as-of date.

    The legend is in words. The project finds its layers beside it by the name that the file has now.
    """
    stamp = f"{as_of.isoformat()}T00:00:00.000Z"
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute(_TABLE)
        base.execute(_CONTENTS, (stamp,))
        held = {
            "masts": _values(base, "SELECT DISTINCT decision FROM areas WHERE kind = 'mobile'", "areas" in layers),
            "gaps": _values(base, "SELECT DISTINCT gap_kind FROM places", "places" in layers),
        }
        styles = layer_styles(wording, **held)
        styled = {layer: styles[layer] for layer in layers if layer in styles}
        for layer, style in styled.items():
            base.execute(_STYLE, (layer, layer, style.document(), stamp))
        qgis_project.add(base, styled, file=path.name, stamp=stamp, wording=wording)


def _values(base: sqlite3.Connection, query: str, there: bool) -> set[str]:
    """Return what a column of the file holds; nothing where its layer is not there."""
    return {str(row[0]) for row in base.execute(query)} if there else set()


def layer_styles(
    wording: Wording, *, masts: Collection[str] = (), gaps: Collection[str] = ()
) -> dict[str, qgis_project.Style]:
    """Return the style of each layer, with the words of the legend in one language.

    `masts` are the decisions on areas of kind mobile: these are outlined in a hue of their own. `gaps` are the gaps
    of places that the layer holds.
    """
    line = {"line_color": _rgba(palette.ROUTE), "line_style": "solid", **_width("line_width", most=0.5)}
    bases = {"mast": _mast(palette.INK, "cross"), **{basis: _mast(MOBILE, "triangle") for basis in _NEW_MASTS}}
    contrast = {value: _marker(*look) for value, look in CONTRAST.items()}
    return {
        "municipalities": qgis_project.Style(
            "Polygon",
            _single("fill", _fill(palette.LAND, palette.BORDER)),
            _label("""replace("name", ' - ', '\\n')""", size=9, colour=palette.INK),
        ),
        "areas": qgis_project.Style(
            "Polygon",
            _areas(wording, masts),
            _label(_RANK_AND_NAME, size=8, colour=palette.INK, closer_than=AREAS_NAMED_FROM),
        ),
        "routes": qgis_project.Style("Line", _single("line", line)),
        "places": qgis_project.Style("Point", _places(wording, gaps)),
        "sites": qgis_project.Style("Point", _by_value("marker", "basis", bases, _sites(wording))),
        "corrections": qgis_project.Style("Point", _single("marker", _ring(CORRECTED))),
        "contrast_municipalities": qgis_project.Style(
            "Polygon",
            _single("fill", _fill(palette.LAND, palette.BORDER)),
            _label("""replace("municipality", ' - ', '\\n') || '\\n' || round("premises_changed")""", size=9,
                   colour=palette.INK),
        ),
        "contrast_places": qgis_project.Style(
            "Point", _by_value("marker", "contrast", contrast, _words(wording, "contrast", contrast))
        ),
    }  # fmt: skip


def _areas(wording: Wording, masts: Collection[str]) -> str:
    fills = {value: _fill(colour, palette.ROUTE, alpha=FILLED[value]) for value, colour in palette.DECISION.items()}
    fills["fund"] |= {DOT: palette.DECISION["fund"]}
    words = _words(wording, "decision", fills)
    if not masts:
        return _by_value("fill", "decision", fills, words)
    for decision in (value for value in palette.DECISION if value in masts):
        fills[f"mobile {decision}"] = _outline(MOBILE, alpha=60 if decision == "fund" else 0)
        words[f"mobile {decision}"] = wording.text("qgis", "mobile_area", decision=wording.value("decision", decision))
    return _by_value("fill", _BY_KIND, fills, words)


def _sites(wording: Wording) -> dict[str, str]:
    where = _words(wording, "site_basis", {"mast": None, **dict.fromkeys(_NEW_MASTS)})
    return where | {basis: wording.text("qgis", "new_mast", where=where[basis]) for basis in _NEW_MASTS}


def _places(wording: Wording, gaps: Collection[str]) -> str:
    """Return a rule per gap; what lacks nothing is drawn in a near view alone, below the rest."""
    markers = {value: _marker(colour) for value, colour in palette.GAP.items() if value in gaps}
    words = _words(wording, "gap_kind", markers)
    rules = "".join(
        f'<rule key="{{places-{value}}}" symbol="{number}" label={quoteattr(words[value])} '
        f"filter={_equals('gap_kind', value)}"
        f"{_closer(SERVED_CLOSER_THAN) if value == 'none' else ''}/>"
        for number, value in enumerate(markers)
    )
    return (
        '<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0">'
        f'<rules key="{{places}}">{rules}</rules><symbols>{_symbols("marker", markers)}</symbols></renderer-v2>'
    )


def _closer(scale: int) -> str:
    return f' scalemindenom="0" scalemaxdenom="{scale}"'


def _equals(column: str, value: str) -> str:
    return quoteattr(f"\"{column}\" = '{value}'")


def _words(wording: Wording, column: str, values: Mapping[str, object]) -> dict[str, str]:
    return {value: wording.value(column, value) for value in values}


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def _symbol(kind: str, name: str, properties: Properties) -> str:
    layer = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}[kind]
    props = _props({key: value for key, value in properties.items() if key != DOT})
    return (
        f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0">{props}</layer>{_dot(properties)}</symbol>'
    )


def _props(properties: Properties) -> str:
    return "".join(f"<prop k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in properties.items())


def _dot(properties: Properties) -> str:
    """Return a dot in the middle of a shape that asks for one: in a wide view the shape itself is a speck."""
    if DOT not in properties:
        return ""
    colour = _rgba(properties[DOT])
    marker = {"name": "circle", "color": colour, "outline_color": _rgba("#ffffff"), "size": "2", "size_unit": "MM"}
    inside = _props({"point_on_surface": "1", "point_on_all_parts": "0"})
    return (
        f'<layer class="CentroidFill" enabled="1" locked="0" pass="0">{inside}'
        f'<symbol type="marker" name="@0@1" alpha="1"><layer class="SimpleMarker" enabled="1" locked="0" pass="0">'
        f"{_props(marker)}</layer></symbol></layer>"
    )


def _symbols(kind: str, looks: Mapping[str, Properties]) -> str:
    return "".join(_symbol(kind, str(number), look) for number, look in enumerate(looks.values()))


def _single(kind: str, properties: Properties) -> str:
    return (
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<symbols>{_symbol(kind, '0', properties)}</symbols></renderer-v2>"
    )


def _by_value(kind: str, column: str, looks: Mapping[str, Properties], words: Mapping[str, str]) -> str:
    """Return a class per value of a column, or of an expression of columns."""
    categories = "".join(
        f'<category value={quoteattr(value)} symbol="{number}" label={quoteattr(words[value])} render="true"/>'
        for number, value in enumerate(looks)
    )
    return (
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} symbollevels="0" enableorderby="0" '
        f'forceraster="0"><categories>{categories}</categories><symbols>{_symbols(kind, looks)}</symbols></renderer-v2>'
    )


def _label(expression: str, *, size: int, colour: str, closer_than: int = 0) -> str:
    scales = f' scaleVisibility="1" scaleMin="0" scaleMax="{closer_than}"' if closer_than else ' scaleVisibility="0"'
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName={quoteattr(expression)} isExpression="1" allowHtml="0" fontSize="{size}" '
        f'fontSizeUnit="Point" textColor="{_rgba(colour)}" textOpacity="1">'
        f'<text-buffer bufferDraw="1" bufferSize="0.6" bufferSizeUnits="MM" bufferColor="{_rgba("#ffffff")}" '
        'bufferOpacity="0.9" bufferNoFill="1"/></text-style>'
        '<text-format autoWrapLength="26" useMaxLineLengthForAutoWrap="1" multilineAlign="1"/>'
        '<placement placement="1" placementFlags="10" centroidInside="1" centroidWhole="0" priority="5"/>'
        f'<rendering drawLabels="1" obstacle="0" fontMaxPixelSize="10000"{scales}/></settings></labeling>'
    )


def _fill(colour: str, outline: str, alpha: int = 255) -> dict[str, str]:
    return {
        "color": _rgba(colour, alpha),
        "style": "solid",
        "outline_color": _rgba(outline),
        "outline_style": "solid",
        **_width("outline_width", most=0.3),
    }


def _width(name: str, *, most: float) -> dict[str, str]:
    """Return a width of 30 m, at most so many millimetres: in a wide view lines must not hide what they are around."""
    bounds = {"line_width": "width_map_unit_scale", "outline_width": "border_width_map_unit_scale"}[name]
    return {name: "30", f"{name}_unit": "MapUnit", bounds: f"3x:0,0,1,0.08,1,{most}"}


def _outline(colour: str, *, alpha: int) -> dict[str, str]:
    return _fill(colour, colour, alpha) | {"outline_style": "dash"}


def _marker(colour: str, shape: str = "circle") -> dict[str, str]:
    """Return a marker of 90 m that is at least half a millimetre, so that a wide view is no blot, and at most 1.6."""
    return {
        "name": shape,
        "color": _rgba(colour),
        "outline_color": _rgba("#ffffff", 160),
        "outline_style": "solid",
        "outline_width": "0.1",
        "outline_width_unit": "MM",
        "size": "90",
        "size_unit": "MapUnit",
        "size_map_unit_scale": "3x:0,0,1,0.5,1,1.6",
    }


def _mast(colour: str, shape: str) -> dict[str, str]:
    edge = colour if shape == "cross" else "#ffffff"  # a cross has no inside
    return _marker(colour, shape) | {
        "outline_color": _rgba(edge),
        "outline_width": "0.4" if shape == "cross" else "0.2",
        "size": "2.4",
        "size_unit": "MM",
    }


def _ring(colour: str) -> dict[str, str]:
    return _marker(colour) | {
        "color": _rgba(colour, 0),
        "outline_color": _rgba(colour),
        "outline_width": "0.5",
        "size": "3",
        "size_unit": "MM",
    }
