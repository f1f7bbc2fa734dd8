"""Explore: the figures, the filters, the search, the map, and why what was clicked is short of service."""

from __future__ import annotations

import streamlit as st

from coverage.contrast import Contrast
from maps import session, tilesets, work
from maps.language import _
from maps.pages import (
    asked,
    contrast_view,
    explore_charts,
    explore_headline,
    explore_panel,
    finder,
    map_view,
    priorities,
    search_box,
    side_by_side,
    sketch,
    why,
    why_disc,
)
from maps.pages.finder import Shown
from maps.picking import Index, Picked, pick
from maps.session import Key, View
from maps.themes import Theme
from maps.tiles.hit import Disc, disc_at
from maps.tiles.places import PlaceTiles

MAP_HEIGHT = 520


def render() -> None:
    """Draw the page."""
    view = session.current()
    if (beside := side_by_side.chosen(view)) is not None:
        side_by_side.render(view, beside)
        return
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = finder.shown(view, finder.fields(view))
    with st.container():  # there in every run, or the map below moves and is drawn anew
        finder.line(view, shown)
    with top:
        explore_headline.show(view.assessment, shown)
    other = session.against(view.assessment.policy.id)
    with st.container():  # likewise
        undo = session.compare_with_nothing
        compared = work.contrast(view.assessment, other, cancelled=undo) if other else None
    if compared is not None:
        shown.known(compared[1], view)
    _map_and_panel(view, shown, compared)
    if not shown.premises:
        return
    if compared is not None:
        left = contrast_view.under(view.assessment, *compared, shown.code)
        contrast_view.below(view.assessment, compared[0], left)
    else:
        explore_charts.show(shown.left)


@st.fragment
def _map_and_panel(view: View, shown: Shown, compared: tuple[Contrast, str] | None) -> None:
    """Draw the search, the map and the panel beside it; a search or a click runs only this part again.

    `compared` holds what another policy changes, and the key that the server's routes know it by.
    """
    assessment = view.assessment
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search_box.show(view)
        theme = map_view.choose_theme(assessment, disabled=compared is not None)
        by_rank = map_view.choose_areas(disabled=compared is not None)
        contrast_view.choose(assessment)
    if session.against(assessment.policy.id) != (compared[0].policy_b if compared else None):
        st.rerun()  # the rest of the page follows
    if set(st.session_state[finder.MUNICIPALITIES]) != set(shown.filter.municipalities):
        st.rerun()  # one was searched for
    left, right = st.columns([2.2, 1], gap="small")
    with left:
        found = search_box.picked(view) or _clicked(view, shown, compared)
        seen = search_box.aim(view)
        drawn = {
            "height": MAP_HEIGHT,
            "places": shown.code,
            "focus": finder.towns(assessment, shown) if seen is None else seen,
            "mark": None if found is None else found.mark,
        }
        if compared is None:
            map_view.show(view, key=Key.MAP, theme=theme, by_rank=by_rank, **drawn)
        else:
            contrast_view.show_map(view, *compared, **drawn)
    with right:
        outlined = sketch.panel(view)
        _panel(view, shown, compared, found, theme)
    sketch.details(view, outlined)


def _clicked(view: View, shown: Shown, compared: tuple[Contrast, str] | None) -> Picked | None:
    """Return what the last click on the map meant, of what is shown; None before any."""
    if (at := map_view.clicked(Key.MAP)) is None:
        return None
    if compared is not None:
        shown.known(compared[1], view)
        return contrast_view.find(view.assessment, *compared, at, shown.code)
    entry = shown.known(view.ground, view)
    index = entry.filtered("index", shown.code, lambda given: Index.build(given.places, shown=entry.rows(shown.code)))
    return pick(view.assessment, index, lat=at[0], lon=at[1], zoom=map_view.zoom(Key.MAP))


def _panel(view: View, shown: Shown, compared: tuple[Contrast, str] | None, found: Picked | None, theme: Theme) -> None:
    """Draw why what was clicked is short of service, and the figures of what is shown."""
    assessment, title = view.assessment, finder.title(view.assessment, shown)
    if found is None:
        told = (
            _("Click on the map: the nearest place tells why it is short of service, or why it is not.")
            if compared is None
            else _("Click on the map: the nearest place tells how each of the two policies judges it.")
        )
        st.caption(told)
    if compared is not None:
        if found is not None:
            st.html(contrast_view.panel(assessment, compared[0], found))
        st.html(contrast_view.counts(contrast_view.under(assessment, *compared, shown.code), title))
        return
    if found is not None:
        disc = _disc(view, shown, theme)
        st.html(
            why.panel(assessment, found, first="" if disc is None else why_disc.panel(disc, theme, assessment.policy))
        )
        asked.buttons(found, st.Page(priorities.render, title=_("Priorities"), url_path="priorities"))
    st.html(explore_panel.html(shown.left, codes=shown.filter.municipalities, title=title))


def _disc(view: View, shown: Shown, theme: Theme) -> Disc | None:
    """Return the disc that was clicked, in a view that adds places up; none where a search found the place."""
    at, zoom = map_view.clicked(Key.MAP), map_view.zoom(Key.MAP)
    if at is None or zoom is None or search_box.picked(view) is not None:
        return None
    tiles = tilesets.tiles_of(shown.known(view.ground, view), theme.id, shown.code)
    return disc_at(tiles, lat=at[0], lon=at[1], zoom=zoom) if isinstance(tiles, PlaceTiles) else None
