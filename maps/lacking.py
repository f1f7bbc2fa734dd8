"""Farmland and roads without mobile coverage on the map: what a masts programme is for besides people."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from maps import layers, legends, style
from maps.language import _
from maps.words import said, word

# What each layer draws, by the unit that it is counted in.
UNITS: Final = {"lackingland": "km2", "lackingroads": "km"}
START_M: Final = 15.0  # tolerance of what is drawn


def names(assessment: Assessment) -> dict[str, str]:
    """Return the layers that have something to show, by address, with what the list of layers calls them."""
    found = {}
    for name, unit in UNITS.items():
        chosen = _of(assessment, unit)
        if len(chosen):
            kinds = ", ".join(said(text) for text in dict.fromkeys(chosen["what"]))
            level = word(assessment.policy.mobile.level)
            found[name] = style.sentence(_("{what} below mobile level “{level}”", what=kinds, level=level))
    return found


def land(assessment: Assessment) -> layers.Collection:
    """Return the parts of farmland below the policy's level, hatched."""
    look = {"color": style.MOBILE_COLOUR, "weight": 0.8, "opacity": 0.7, "fillOpacity": 0.35}
    return _collection(assessment, "km2", look | {"fillColor": style.MOBILE_COLOUR, "hatch": style.MOBILE_COLOUR})


def roads(assessment: Assessment) -> layers.Collection:
    """Return the parts of roads below the policy's level, as broad lines."""
    look = {"color": style.MOBILE_COLOUR, "weight": 4.0, "opacity": 0.85, "fill": False}
    return _collection(assessment, "km", look)


def _of(assessment: Assessment, unit: str) -> gpd.GeoDataFrame:
    frame = assessment.lacking
    return frame if frame.empty else frame[frame["unit"] == unit]


def _collection(assessment: Assessment, unit: str, look: dict[str, Any]) -> layers.Collection:
    frame = _of(assessment, unit)
    if frame.empty:
        return layers.collection([], [], {"": look})
    homes = assessment.municipalities.set_index("municipality_code")["name"]
    rows = pd.DataFrame(frame.drop(columns="geometry")).assign(home=frame["municipality_code"].map(homes))
    level = word(assessment.policy.mobile.level)
    about = [{"k": "", "t": _told(row, level)} for row in rows.to_dict("records")]
    return layers.collection(layers.simplified(frame, start_m=START_M), about, {"": look})


def _told(row: dict[Any, Any], level: str) -> list[str]:
    size = style.length(1e3 * row["amount"]) if row["unit"] == "km" else style.area(row["amount"])
    return [
        style.sentence(_("{what}: {size}", what=said(str(row["what"])), size=size)),
        _("below mobile level “{level}”, {municipality}", level=level, municipality=row["home"]),
    ]


def legend(assessment: Assessment, name: str) -> str:
    """Return what the legend says while the layer is on the map, as HTML; every text in it is escaped."""
    label = names(assessment)[name]
    sign = style.swatch(style.MOBILE_COLOUR, shape="hatch" if UNITS[name] == "km2" else "road")
    operators = assessment.policy.mobile.operators
    told = _("Too few operators reach it: {operators} are asked for.", operators=operators) if operators > 1 else ""
    return legends.line(sign, label) + (legends.paragraph(told) if told else "")
