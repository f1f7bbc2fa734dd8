"""The map as Streamlit shows it, used by several pages."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import streamlit as st
from streamlit_folium import st_folium

from maps import build
from maps.session import View


def show(
    view: View,
    *,
    key: str,
    height: int,
    width: int = 760,
    places: str = "all",
    focus: gpd.GeoDataFrame | None = None,
    mark: gpd.GeoSeries | None = None,
) -> dict[str, Any]:
    """Show the map and return what was clicked; `focus` is what the view should fit.

    Panning and zooming run nothing again: only a click is sent back.
    """
    base = st.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}" if base else ""
    built = build.base_map(view.assessment, ground=view.ground, base=prefix)
    groups = build.scenario_groups(key=view.key, ground=view.ground, base=prefix, places=places, mark=mark)
    for part in (built, *groups):
        build.assert_offline(part)
    centre, zoom = build.view_of(view.assessment.municipalities if focus is None else focus, size=(width, height))
    answer = st_folium(
        built,
        key=key,
        height=height,
        use_container_width=True,
        returned_objects=["last_clicked"],
        feature_group_to_add=groups,
        layer_control=build.layer_control(),
        center=centre,
        zoom=zoom,
    )
    return answer or {}


def clicked(key: str) -> tuple[float, float] | None:
    """Return the position (lat, lon) of the last click on a map, or None."""
    at = (st.session_state.get(key) or {}).get("last_clicked")
    return (float(at["lat"]), float(at["lng"])) if at else None
