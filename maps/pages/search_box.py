"""The search of Explore: the field, what it finds, and what was chosen of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import masts, search, style
from maps.language import _
from maps.pages import finder, map_view
from maps.pages.origins import as_text
from maps.picking import Picked, area_of, place_of
from maps.session import Key, View
from maps.store import STORE
from maps.words import word

QUERY: Final = "explore-search"  # in the session, as those below
OPEN: Final = "explore-search-open"  # whether what was found is listed
CHOSEN: Final = "explore-search-chosen"
ICONS: Final = {
    "municipality": ":material/location_city:",
    "area": ":material/polyline:",
    "business": ":material/store:",
    "household": ":material/home:",
    "holiday": ":material/cottage:",
    "public": ":material/account_balance:",
}
LONGEST: Final = 60  # letters of a name in the list
AROUND_M: Final = 700.0  # of a place that the view is moved to


@dataclass(frozen=True)
class Found:
    """Name one thing that was found: a municipality or an area by its id, a place by its own."""

    what: Literal["municipality", "area", "place"]
    id: str


def show(view: View) -> None:
    """Draw the field, and below it what is found, until one is chosen; it is listed while the reader types."""
    with st.container(key="explore-search-box", gap=None):
        query = st.text_input(
            _("Search"),
            key=QUERY,
            type="search",
            icon=":material/search:",
            placeholder=_("Business, address, municipality or area"),
            label_visibility="collapsed",
            on_change=_typed,
            live=True,
            persist_state="session",
        )
        if not query or not query.strip() or not st.session_state.get(OPEN):
            return
        found = find(view, query)
        with st.container(key="explore-found", gap=None):
            if not found:
                told = _(
                    "Nothing is called that. Search for the name of a business, an address, an area or its number."
                )
                st.caption(told)
            for number, (thing, icon, text) in enumerate(_said(view.assessment, found)):
                st.button(
                    text,
                    key=f"explore-found-{number}",
                    icon=icon,
                    type="tertiary",
                    width="stretch",
                    on_click=_choose,
                    args=(thing,),
                )
            if len(found) == search.MOST:
                st.caption(_("The first {count}: type more to find others.", count=search.MOST))


def find(view: View, query: str) -> list[Found]:
    """Return what a query finds, best first: municipalities and areas before places that fit as well."""
    assessment = view.assessment
    ground, own = STORE.held(view.ground, assessment), STORE.held(view.key, assessment)
    wide = own.derive("search", lambda given: search.of_areas(given.areas, given.municipalities))
    with st.spinner(_("Searching"), show_time=False):  # the first time an index is made
        near = ground.derive("search-places", lambda given: search.of_places(given.places, given.municipalities))
    towns, areas = (
        assessment.municipalities["municipality_code"],
        assessment.areas["area_id"],
    )
    ranked: list[tuple[int, Found]] = []
    for rank, row in wide.find(query):
        thing = (
            Found("municipality", str(towns.iloc[row]))
            if row < len(towns)
            else Found("area", str(areas.iloc[row - len(towns)]))
        )
        ranked.append((rank, thing))
    ranked += [(rank, Found("place", str(assessment.places["place_id"].iloc[row]))) for rank, row in near.find(query)]
    return [thing for _rank, thing in sorted(ranked, key=lambda item: item[0])[: search.MOST]]


def picked(view: View) -> Picked | None:
    """Return what was chosen in the list, if nothing on the map was clicked since, and it is still there."""
    kept: tuple[Found, Any] | None = st.session_state.get(CHOSEN)
    if kept is None or kept[1] != map_view.clicked(Key.MAP):
        return None
    return _picked(view.assessment, kept[0])


def aim(view: View) -> gpd.GeoDataFrame | None:
    """Return what the map's view was moved to by a choice in the list; None where it follows the filters."""
    thing: Found | None = st.session_state.get(finder.AIM)
    found = None if thing is None else _picked(view.assessment, thing)
    if found is None:
        return None
    around = found.point.buffer(AROUND_M) if found.place is not None else found.mark
    return gpd.GeoDataFrame(geometry=around, crs=view.assessment.places.crs)


def _picked(assessment: Assessment, thing: Found) -> Picked | None:
    if thing.what == "area":
        return area_of(assessment, thing.id)
    rows = (assessment.places["place_id"] == thing.id).to_numpy().nonzero()[0]
    return place_of(assessment, int(rows[0])) if len(rows) else None


def _typed() -> None:
    st.session_state[OPEN] = True


def _choose(thing: Found) -> None:
    """Take what was chosen in the list: a municipality becomes the filter, all else is opened as by a click."""
    st.session_state[OPEN] = False
    if thing.what == "municipality":
        st.session_state[finder.MUNICIPALITIES] = [thing.id]
        st.session_state[CHOSEN] = st.session_state[finder.AIM] = None
    else:
        st.session_state[CHOSEN] = (thing, map_view.clicked(Key.MAP))
        st.session_state[finder.AIM] = thing


def _said(assessment: Assessment, found: list[Found]) -> Iterator[tuple[Found, str, str]]:
    """Return what was found with its icon and its text as Markdown: what it is called, what and where it is."""
    towns = assessment.municipalities.set_index("municipality_code")["name"]
    areas = assessment.areas.set_index("area_id", drop=False)
    ids = [thing.id for thing in found if thing.what == "place"]
    there = assessment.places.loc[assessment.places["place_id"].isin(ids).to_numpy()].set_index("place_id")
    for thing in found:
        if thing.what == "municipality":
            icon, name, facts = "municipality", towns[thing.id], [_("municipality"), thing.id]
        elif thing.what == "area":
            area = areas.loc[thing.id]
            kind = _("mobile area {id}") if is_mobile(areas.loc[[thing.id]])[0] else _("project area {id}")
            icon, name, facts = "area", masts.name(area), [kind.format(id=thing.id)]
        else:
            icon, name, facts = _place(there.loc[thing.id], towns)
        told = [style.plain(_short(fact)) for fact in dict.fromkeys(facts) if fact and fact != name]
        yield thing, ICONS[icon], f"**{style.plain(_short(str(name)))}** · {', '.join(told)}"


def _place(place: pd.Series[Any], towns: pd.Series[str]) -> tuple[str, str, list[str]]:
    address = as_text(place["address"])
    where = [as_text(place["locality"]), as_text(towns.get(place["municipality_code"]))]
    kind = str(place["kind"])
    return kind, as_text(place["name"]) or address or word(kind), [word(kind), address, *where]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
