"""The map of a comparison: municipalities shaded by what changes, places by who supports them, and the legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import folium
import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from coverage.contrast import Contrast
from coverage.policy import load_policy
from maps import build, language, layers, legends, style
from maps.language import _
from maps.tiles.contrast import CONTRAST
from maps.tiles.pyramid import POINT_ZOOM
from maps.words import said

CHANGED: Final = ("only_a", "only_b")
LEAST: Final = 0.05  # premises; less is rounding
CLASSES: Final = 4


def short_name(policy_id: str) -> str:
    """Return the name of a policy up to its colon, in the reader's language: `Norway 2024`."""
    return said(load_policy(policy_id).name).split(":")[0]


def breaks(most: float) -> tuple[float, ...]:
    """Return where the classes of premises begin: at most CLASSES, each ten times the one before, the first at 0."""
    if most < LEAST:
        return ()
    top = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    return (0.0, *(step for step in (top / 100, top / 10, top) if step >= 10))


def directions(table: pd.DataFrame, *, what: str = "premises") -> pd.Series[str]:
    """Return for every municipality which policy alone supports more: only_a, only_b, even, or "" if none changes."""
    a, b = table[f"{what}_only_a"], table[f"{what}_only_b"]
    way = pd.Series("even", index=table.index, dtype="str")
    way = way.mask(a > b + LEAST, "only_a").mask(b > a + LEAST, "only_b")
    return way.mask(a + b < LEAST, "")


def shade(way: str, changed: float, steps: Sequence[float]) -> str:
    """Return the colour of a municipality: the hue of its direction, darker where more premises change."""
    return _ramp(way, len(steps))[max(at for at, step in enumerate(steps) if changed >= step)]


def _ramp(way: str, classes: int) -> tuple[str, ...]:
    """Return the darkest colours of a direction, from light to dark."""
    return style.CONTRAST_SHADES[way][-classes:]


def changes(assessment: Assessment, found: Contrast) -> layers.Collection:
    """Return one shape per municipality, shaded by the premises that change, with its counts to be read on it."""
    frame = assessment.municipalities
    if frame.empty:
        return layers.collection([], [], {})
    table = found.municipalities.set_index("municipality_code").reindex(frame["municipality_code"]).fillna(0.0)
    changed = table["premises_only_a"] + table["premises_only_b"]
    ways, steps = directions(table), breaks(float(changed.max()))
    styles: dict[str, Any] = {"": {"stroke": False, "fillOpacity": 0.0}}
    about = []
    for code, name, way in zip(frame["municipality_code"], frame["name"], ways, strict=True):
        look = "" if not way else shade(way, float(changed[code]), steps)
        styles |= {look: _shaded(look)} if look else {}
        about.append({"k": look, "t": [str(name), *_told(found, table.loc[code])]})
    return layers.collection(layers.simplified(frame, start_m=60.0, shared=True), about, styles)


def _shaded(colour: str) -> dict[str, Any]:
    return {"color": style.BORDER, "weight": 0.8, "fillColor": colour, "fillOpacity": 0.72}


def _told(found: Contrast, row: pd.Series[float]) -> list[str]:
    names = {"only_a": short_name(found.policy_a), "only_b": short_name(found.policy_b)}
    lines = [
        _("{policy} alone: {premises} premises", policy=names[way], premises=style.number(row[f"premises_{way}"]))
        for way in CHANGED
    ]
    return [*lines, _("both: {premises} premises", premises=style.number(row["premises_both"]))]


def legend(found: Contrast) -> str:
    """Return the legend of the comparison as HTML; every text in it is escaped."""
    a, b = short_name(found.policy_a), short_name(found.policy_b)
    texts = {
        "both": _("both policies"),
        "only_a": _("{policy} alone", policy=a),
        "only_b": _("{policy} alone", policy=b),
    }
    parts = [legends.heading(_("Eligible for support under"))]
    parts += [legends.line(style.sign(name), text) for name, text in texts.items()]
    parts.append(legends.paragraph(_("Larger disc = more premises, cut as they divide. Close up: single places.")))
    if (found.judged_a["service_basis"] == "expected_share").any():
        told = _("Estimated from shares per municipality: no single place is known to change.")
        parts.append(legends.paragraph(told))
    table = found.municipalities.set_index("municipality_code")
    changed = table["premises_only_a"] + table["premises_only_b"]
    steps = breaks(float(changed.max()) if len(changed) else 0.0)
    parts.append(legends.heading(_("Premises that change, by municipality")))
    if not steps:
        return "".join([*parts, legends.paragraph(_("Nothing changes: the same premises are eligible under both."))])
    heads = {
        "only_a": _("more under {policy}", policy=a),
        "only_b": _("more under {policy}", policy=b),
        "even": _("as many under each"),
    }
    shown = set(directions(table))
    for way in (way for way in heads if way in shown):
        parts.append(legends.paragraph(heads[way]))
        ramp = zip(_ramp(way, len(steps)), _ranges(steps), strict=True)
        parts += [legends.line(style.swatch(colour, shape="box"), text) for colour, text in ramp]
    return "".join(parts)


def _ranges(steps: Sequence[float]) -> list[str]:
    """Name the classes that begin at `steps`."""
    if len(steps) == 1:
        return [_("any")]
    first = _("under {premises}", premises=style.number(steps[1]))
    middle = [f"{style.number(low)}–{style.number(high - 1)}" for low, high in pairwise(steps[1:])]
    return [first, *middle, _("{premises} or more", premises=style.number(steps[-1]))]


def groups(
    found: Contrast,
    *,
    key: str,
    base: str = "",
    places: str = "all",
    focus: gpd.GeoDataFrame | None = None,
    mark: gpd.GeoSeries | None = None,
) -> list[folium.FeatureGroup]:
    """Return what stands on the map in place of the scenario's areas, routes and places.

    `key` names the comparison in the store; `places`, `focus` and `mark` are those of `build.scenario_groups`.
    """
    shaded = layers.DrawnLayer(
        "vector",
        name=_("Municipalities by change"),
        control=False,
        url=f"{base}/data/{key}/{language.current()}/changes.json",
        pane="shade",
        lift=2.4,
        fadeFrom=POINT_ZOOM,
    )
    said = layers.group([layers.DrawnLayer("explain", name="legend", control=False, html=legend(found))], name="legend")
    said.control = False
    return [
        layers.group([shaded], name=_("Municipalities by change")),
        layers.group([build.place_tiles(key, places, theme=CONTRAST, base=base)], name=_("Places by policy")),
        said,
        *build.marks(focus=focus, mark=mark),
    ]
