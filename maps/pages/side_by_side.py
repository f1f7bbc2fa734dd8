"""Explore with a kept scenario or an earlier run beside the present: the map with a divider, figures, what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from coverage.assessment import Assessment
from coverage.compare import Comparison
from coverage.errors import CoverageError
from coverage.scenario import Scenario
from maps import audience, build, compare, language, legends, masts, session, style, swipe
from maps.compare import Standing
from maps.language import _
from maps.pages import keep, map_view, moved, parts, why
from maps.picking import Index, Picked, pick
from maps.session import BESIDE_KEPT, MILLION, Key, View
from maps.store import STORE
from maps.words import said

MAP: Final = "side-by-side-map"
PLACES: Final = "side-by-side-places"
MUNICIPALITY: Final = "side-by-side-municipality"
HEIGHT: Final = 520


@dataclass(frozen=True)
class Beside:
    """Hold what stands beside the present: what it is called, when it was made if it is a run, and what it holds."""

    title: str
    short: str  # the title where there is little room
    made: str
    view: View


def chosen(view: View) -> Beside | None:
    """Return what this session compares the present with; None where that is nothing, or cannot be had."""
    what, study = st.session_state.get(Key.BESIDE), view.assessment.study
    if not what or audience.untraceable(view.assessment):
        return None
    try:
        if what != BESIDE_KEPT:
            run = compare.runs_of(study).find(what)
            if run is None:
                return None
            made = _("made {when}", when=keep.moment(run.made))
            return Beside(_("Earlier run"), _("Then"), made, session.view_of_run(run, view))
        kept: Scenario = st.session_state[Key.KEPT]
        if kept == view.assessment.scenario:
            return None  # the sidebar says so
        found = session.assess(session.open_study(), kept)
        return Beside(_("Kept"), _("Kept"), "", session.view_of(found))
    except CoverageError as error:
        st.error(style.plain(error), icon=":material/error:")
        st.caption(_("Nothing is compared. Choose something else to compare with in the sidebar."))
        return None


def render(view: View, beside: Beside) -> None:
    """Draw both beside each other in place of the page."""
    with st.spinner(_("Comparing the two")):
        found = compare.compared((beside.view.key, beside.view.assessment), (view.key, view.assessment))
    _map_and_panel(view, beside, found)
    names = (beside.short, _("Now"))
    st.subheader(_("What is different"))
    moved.told(found)
    st.subheader(_("What follows for areas"))
    moved.table(found, names=names, key="side-by-side")
    moved.files(found, study=view.assessment.study.id)


@st.fragment
def _map_and_panel(view: View, beside: Beside, found: Comparison) -> None:
    """Draw the map and the figures beside it; a choice of municipality runs only this part again."""
    towns = view.assessment.municipalities
    names = towns.set_index("municipality_code")["name"].sort_values()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        code = st.selectbox(
            _("Municipality"),
            [None, *names.index],
            format_func=lambda code: (
                _("All of {study}", study=said(view.assessment.study.name)) if code is None else names[code]
            ),
            key=MUNICIPALITY,
            width=260,
        )
        differ = _ground(beside.view.assessment) != _ground(view.assessment)
        with_places = st.toggle(_("Places by gap"), value=differ, key=f"{PLACES}-{'differ' if differ else 'alike'}")
        if st.button(_("End the comparison"), on_click=keep.end, icon=":material/close:", type="tertiary"):
            st.rerun()  # the whole page follows
    focus = towns[towns["municipality_code"] == code] if code else towns
    picked = _clicked(view)
    left, right = st.columns([2.2, 1], gap="small")
    with left:
        map_view.show(
            view,
            key=MAP,
            height=HEIGHT,
            instead=lambda base: swipe.groups(
                _side(beside.view, beside.title, beside.made),
                _side(view, _("Now"), ""),
                base=base,
                places="all" if with_places else None,
                focus=focus,
                mark=None if picked is None else picked.point.buffer(build.MARK_M),
                told=_legend(beside, view) if with_places else "",
            ),
        )
    with right:
        if picked is not None:
            st.html(_stood(beside, view, found, picked) + why.panel(view.assessment, picked))
        st.html(figures(beside, view, found))
        if picked is None:
            st.caption(_("Click on the map: what stands there tells how it is decided on, on either side."))


def _clicked(view: View) -> Picked | None:
    at, entry = map_view.clicked(MAP), STORE.get(view.ground)
    if at is None or entry is None:
        return None
    index = entry.derive("index", lambda given: Index.build(given.places))
    return pick(view.assessment, index, lat=at[0], lon=at[1], zoom=map_view.zoom(MAP))


def _stood(beside: Beside, view: View, found: Comparison, picked: Picked) -> str:
    """Return how the area that was clicked is decided on, on either side, as HTML; "" where none was."""
    area = picked.area if picked.area is not None else picked.mobile
    if area is None:
        return ""
    rows, now = found.areas, str(area["area_id"])
    matched = rows.loc[rows["area_id"] == now, "area_id_before"]  # told only where it differs
    before = now if matched.empty else matched.iloc[0]
    sides = ((beside.title, beside.view, before), (_("Now"), view, now))
    told = [(title, _decided(side.assessment, name)) for title, side, name in sides]
    return f'<div class="bg-panel">{parts.head(str(area["name"]), "")}{parts.definitions(told)}</div>'


def _decided(assessment: Assessment, area_id: object) -> str:
    found = assessment.areas[assessment.areas["area_id"] == area_id]
    if found.empty:
        return _("no such area")
    row = found.iloc[0]
    return _(
        "{decision}, rank {rank}, grant {grant}",
        decision=style.decision(row["decision"], row["grant"]),
        rank=row["rank"],
        grant=style.money(row["grant"], assessment.study.currency),
    )


def _ground(assessment: Assessment) -> tuple[object, ...]:
    """Return what the gaps of places follow from."""
    return assessment.provenance.get("inputs"), assessment.policy.id, assessment.study.as_of


def _side(view: View, title: str, made: str) -> swipe.Side:
    said = (title, keep.brief(view.assessment.scenario, view.assessment.study), _data(view.assessment), made)
    return swipe.Side(view.key, view.ground, masts.there(view.assessment), tuple(filter(None, said)))


def _data(assessment: Assessment) -> str:
    return _("data as of {date}", date=language.date(assessment.study.as_of))


def _legend(beside: Beside, view: View) -> str | None:
    """Return what the legend says of the discs where the sides have other classes; None where its own text will do."""
    told = [legends.discs(side.assessment) for side in (beside.view, view)]
    if told[0] == told[1]:
        return None
    titles = (beside.title, _("Now"))
    return "".join(
        legends.heading(f"{title}: {keep.brief(side.assessment.scenario, side.assessment.study)}") + text
        for title, side, text in zip(titles, (beside.view, view), told, strict=True)
    )


def figures(beside: Beside, view: View, found: Comparison) -> str:
    """Return what both sides come to, and the difference, as an HTML table; every text is escaped."""
    sides = [compare.standing(side.assessment) for side in (beside.view, view)]
    currency = view.assessment.study.currency
    head = "".join(f"<th scope='col'>{style.escape(text)}</th>" for text in (beside.short, _("Now"), _("difference")))
    lines = []
    for label, value, write in _rows(currency):
        one, other = map(value, sides)
        if one == other == 0:
            continue
        cells = "".join(
            f"<td>{style.escape(text)}</td>" for text in (write(one), write(other), _change(other - one, write))
        )
        lines.append(f"<tr><th scope='row'>{style.escape(label)}</th>{cells}</tr>")
    ranges = [style.money_range(side.need_p10, side.need_p90, currency) for side in sides]
    need = _("Funding gap of all areas, P10 to P90: {before}, now {after}.", before=ranges[0], after=ranges[1])
    said = [moved.counted(found), need, *_limits(beside)]
    about = " · ".join(filter(None, (keep.brief(beside.view.assessment.scenario, view.assessment.study), beside.made)))
    title = _("{what} and now", what=beside.title)
    return (
        f'<div class="bg-panel"><h4>{style.escape(title)}</h4><div class="bg-sub">{style.escape(about)}</div>'
        f'<table class="bg-counts bg-figures"><tr><td></td>{head}</tr>{"".join(lines)}</table><hr>'
        + "".join(f"<div>{style.escape(text)}</div>" for text in said)
        + "</div>"
    )


def _rows(currency: str) -> list[tuple[str, Callable[[Standing], float], Callable[[float], str]]]:
    """List the figures: what they are called, which they are, and how they are written."""

    def count(value: float) -> str:  # whole, so that the difference is that of what stands beside it
        return style.number(round(value))

    def money(value: float) -> str:  # in millions, as the label says
        return style.number(value / MILLION, digits=4)

    size = style.millions(currency)
    return [
        (_("areas funded"), lambda side: side.areas, style.number),
        (_("masts funded"), lambda side: side.masts, style.number),
        (f"{_('their grants')}, {size}", lambda side: side.grant, money),
        (_("businesses reached"), lambda side: side.businesses, count),
        (_("homes reached"), lambda side: side.homes, count),
        (f"{_('funding gap, all areas')}, {size}", lambda side: side.need_p50, money),
        (_("eligible premises"), lambda side: side.eligible, count),
    ]


def _change(value: float, write: Callable[[float], str]) -> str:
    """Write a difference with its sign; none where it is less than half of what is shown."""
    return "=" if abs(value) < 0.5 else f"+{write(value)}" if value > 0 else write(value)


def _limits(beside: Beside) -> list[str]:
    """Say what an earlier run does not hold."""
    if not beside.made:
        return []
    said = [_("An earlier run keeps no mobile coverage maps: those in the list of layers are today's.")]
    if beside.view.assessment.routes.empty and len(beside.view.assessment.areas):
        said.append(_("This run keeps no routes, so none are drawn on its side."))
    return said
