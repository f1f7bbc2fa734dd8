"""The map as Streamlit shows it, used by several pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import folium
import geopandas as gpd
import streamlit as st
from streamlit_folium import st_folium

from coverage.assessment import Assessment
from coverage.errors import DataError
from maps import background, build, legends, masts, ranking, style, themes
from maps.language import N_, _
from maps.pages import sketch
from maps.session import Key, View
from maps.themes import GAP, Theme

THEME: Final = "explore-discs"  # in the session: what the discs show
AREAS: Final = "explore-areas"  # and what areas are filled by
SHADES: Final = {"decision": N_("Decision"), "rank": N_("Rank")}
Groups = Callable[[str], list[folium.FeatureGroup]]


def show(
    view: View,
    *,
    key: str,
    height: int,
    places: str | None = "all",
    theme: Theme = GAP,
    by_rank: bool = False,
    dots: bool = False,
    focus: gpd.GeoDataFrame | None = None,
    mark: gpd.GeoSeries | None = None,
    instead: Groups | None = None,
) -> None:
    """Show the map; `theme` is what the discs show, `by_rank` fills areas by it, `focus` is what the view should fit.

    `instead` makes what stands on the map in place of the scenario's areas, routes and places, given what the
    addresses begin with; the map below stays, and with it the reader's view.

    Panning and zooming run nothing again: only a click is sent back, and `clicked` tells where; and what is drawn.
    """
    base = st.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}" if base else ""
    online = _online()
    built = build.base_map(view.assessment, ground=view.ground, base=prefix, online=online)
    if instead is not None:
        groups = instead(prefix)
    else:
        groups = build.scenario_groups(
            key=view.key,
            ground=view.ground,
            base=prefix,
            places=places,
            dots=dots,
            focus=view.assessment.municipalities if focus is None else focus,
            mark=mark,
            masted=masts.there(view.assessment),
            theme=theme,
            told="" if theme is GAP else legends.discs(view.assessment, theme),
            ranked=ranking.legend(view.assessment) if by_rank else "",
        )
    returned = ["last_clicked"]
    if key == Key.MAP:  # Explore's, whatever it shows
        groups += sketch.offer(built, key)
        returned.append(sketch.SENT)
    for part in (built, *groups):
        build.assert_offline(part, online=online)
    build.number(built, *groups)
    st_folium(
        built,
        key=key,
        height=height,
        use_container_width=True,
        returned_objects=returned,
        feature_group_to_add=groups,
        layer_control=build.layer_control(),
    )
    if online is not None:
        told = _(
            "The background is fetched from {host}, which learns what part of the map is looked at.", host=online.host
        )
        st.caption(style.plain(told))


def _online() -> background.Online | None:
    """Return the tiles of another host that were asked for; what is wrong with them is said, and none are shown."""
    try:
        return background.online()
    except DataError as error:
        st.warning(style.plain(error))
        return None


def choose_theme(assessment: Assessment, *, key: str = THEME, disabled: bool = False) -> Theme:
    """Let the reader choose what the discs show, of what the study tells; return it."""
    found = {theme.id: theme for theme in themes.there(assessment.places)}
    if st.session_state.get(key) not in found:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        _("Discs show"),
        list(found),
        format_func=lambda name: _(found[name].name),
        key=key,
        width=170,
        disabled=disabled,
    )
    return found[chosen]


def zoom(key: str) -> float | None:
    """Return the zoom at which the last click was made, or None; `map.js` sends it as the height of the position."""
    at = (st.session_state.get(key) or {}).get("last_clicked")
    return None if at is None or at.get("alt") is None else float(at["alt"])


def choose_areas(*, key: str = AREAS, disabled: bool = False) -> bool:
    """Let the reader choose what areas are filled by; return whether that is their rank."""
    told = st.selectbox(
        _("Areas show"), list(SHADES), format_func=lambda name: _(SHADES[name]), key=key, width=130, disabled=disabled
    )
    return bool(told == "rank")


def clicked(key: str) -> tuple[float, float] | None:
    """Return the position (lat, lon) of the last click on a map, or None."""
    at = (st.session_state.get(key) or {}).get("last_clicked")
    return (float(at["lat"]), float(at["lng"])) if at else None
