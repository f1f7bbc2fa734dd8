"""What stands on the map by itself: support hubs and business parks, and the places that a municipality corrected."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import pandas as pd

from coverage.assessment import Assessment
from coverage.crs import GEOGRAPHIC_CRS, to_crs
from coverage.schemas import HUB_KINDS
from maps import language, layers, legends, style
from maps.language import _
from maps.words import word

CORRECTED_FROM: Final = 9.5  # the zoom from which corrected places are marked
CORRECTED: Final = "corrected"


def hubs(assessment: Assessment) -> layers.Collection:
    """Return the hubs: points as signs by kind, polygons as outlines; the name and the kind as a tooltip."""
    frame = assessment.hubs
    if not frame.empty:  # parks below the hubs that stand in them
        frame = frame.sort_values("hub_kind", key=lambda kind: kind != "business_park", kind="stable")
    styles = {
        kind: {
            "sign": kind,
            "color": style.HUB_COLOURS[kind],
            "weight": 1.6,
            "fillColor": style.HUB_COLOURS[kind],
            "fillOpacity": 0.15,
        }
        for kind in HUB_KINDS
    }
    if frame.empty:
        return layers.collection([], [], styles)
    about = [{"k": row["hub_kind"], "t": [str(row["name"]), word(row["hub_kind"])]} for row in _rows(frame)]
    return layers.collection(layers.simplified(frame, start_m=10.0), about, styles)


def corrected(assessment: Assessment) -> layers.Collection:
    """Return a ring around each corrected place; what was corrected, by which office and when as a tooltip."""
    # Filled, though nothing shows: the whole ring can be pointed at.
    styles = {CORRECTED: {"radius": 8, "color": style.CORRECTED_COLOUR, "weight": 2.2, "fillOpacity": 0.0}}
    places = assessment.places
    if "correction" not in places:
        return layers.collection([], [], styles)
    frame = places[places["correction"].notna()]
    about = [{"k": CORRECTED, "t": _told(row)} for row in _rows(frame)]
    located = to_crs(gpd.GeoDataFrame(geometry=frame.geometry), GEOGRAPHIC_CRS, where="map")
    return layers.collection(located.geometry, about, styles)


def _rows(frame: gpd.GeoDataFrame) -> list[dict[Any, Any]]:
    return pd.DataFrame(frame.drop(columns="geometry")).to_dict("records")


def _told(row: dict[Any, Any]) -> list[str]:
    what = ", ".join(word(code) for code in str(row["correction"]).split(", "))
    office = _("an office that is not named") if pd.isna(row["corrected_by"]) else str(row["corrected_by"])
    day = "" if pd.isna(row["corrected_on"]) else f", {language.date(row['corrected_on'])}"
    return [_("Corrected: {what}", what=what), f"{office}{day}"]


def names(assessment: Assessment) -> dict[str, str]:
    """Return the layers that the study has something for, by address, with what the list of layers calls them."""
    found = {}
    if not assessment.hubs.empty:
        found["hubs"] = _("Support hubs and business parks")
    if "correction" in assessment.places and assessment.places["correction"].notna().any():
        found[CORRECTED] = _("Corrected places")
    return found


def legend(assessment: Assessment) -> str:
    """Return the lines of the legend for what the study has, as HTML; every text in it is escaped."""
    there = names(assessment)
    lines = []
    if "hubs" in there:
        kinds = set(assessment.hubs["hub_kind"])
        lines += [
            legends.line(f'<i class="sw hub {kind}" style="background:{style.HUB_COLOURS[kind]}"></i>', word(kind))
            for kind in HUB_KINDS
            if kind in kinds
        ]
    if CORRECTED in there:
        ring = f'<i class="sw ring" style="border-color:{style.CORRECTED_COLOUR}"></i>'
        lines.append(legends.line(ring, _("corrected by a municipality (close up)")))
    if not lines:
        return ""
    heading = legends.heading(_("Hubs and corrections"))
    # It stays where another legend takes the place of the scenario's: the signs are on the map below both.
    return f'<section class="stays">{heading}{"".join(lines)}</section>'
