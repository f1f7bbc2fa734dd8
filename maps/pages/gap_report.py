"""Gap report: what a telecom partner takes home, for chosen municipalities, areas and technology."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.audience import Audience
from coverage.kinds import is_mobile
from maps import audience, language, masts, session, style
from maps.language import _, ngettext
from maps.pages import businesses, downloads, map_view, parts
from maps.session import View
from maps.words import said, word


def render() -> None:
    """Draw the page."""
    view = session.current()
    st.title(_("Gap report"))
    view = _for_whom(view)
    assessment = view.assessment
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        codes, technology = _filters(assessment)
        found = _matching(assessment, codes, technology)
        chosen = _table(assessment, found)
    with right:
        st.subheader(_("What the report holds"))
        st.markdown(_sentence(assessment, found, chosen, codes))
        if found.empty:
            st.info(_("No project area matches. Choose other municipalities or another technology."))
        else:
            downloads.buttons(assessment, "gap", municipality=codes, area=chosen, technology=technology)
        if len(codes) == 1:
            downloads.everything(assessment, codes[0])
        st.caption(_("A file is made when its button is pressed; large studies take some seconds."))
        _address_form(assessment, codes, chosen, technology)
    if not found.empty:
        focus = found[found["area_id"].isin(chosen)] if chosen else found
        st.subheader(_("Where they lie"))
        map_view.show(
            view,
            key="gap-report-map",
            height=400,
            places=None,
            dots=True,
            focus=focus,
            mark=focus.geometry if chosen else None,
        )
    businesses.render(assessment, codes)


def _for_whom(view: View) -> View:
    """Let an internal reader choose who is to get the report; return what that audience may see."""
    if not view.assessment.audience.internal:
        return view
    labels = {who: audience.name(who) for who in audience.offered(view.assessment)}
    whom = st.selectbox(
        _("Report for"),
        list(labels),
        format_func=labels.__getitem__,
        key="gap-report-for",
        width=300,
        help=_("An operator's report holds its own plans and no other operator's; a public one names no home."),
    )
    return session.view_of(view.assessment, Audience.parse(whom))


def _address_form(
    assessment: Assessment, codes: tuple[str, ...], chosen: tuple[str, ...], technology: str | None
) -> None:
    """Draw the button of the form that a municipality fills in; it holds addresses of homes, so not for everybody."""
    if not assessment.audience.internal:
        return
    st.subheader(_("For a municipality's application"))
    fixed = _fixed(assessment, chosen)
    if not (codes or fixed):
        st.caption(_("Choose municipalities, or areas in the table, to get their addresses as a form to fill in."))
        return
    downloads.address_form(
        _("Address list to fill in, Excel"), assessment, municipality=codes, area=fixed, technology=technology
    )
    st.caption(_("It holds addresses of homes: for the municipality alone, not to be published."))


def _fixed(assessment: Assessment, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the areas that have addresses: a mobile area has none of its own."""
    mobile = set(assessment.areas["area_id"][is_mobile(assessment.areas)])
    return tuple(area for area in chosen if area not in mobile)


def _filters(assessment: Assessment) -> tuple[tuple[str, ...], str | None]:
    names = assessment.municipalities.set_index("municipality_code")["name"].sort_values()
    one, two = st.columns([2, 1])
    codes = one.multiselect(
        _("Municipalities"),
        list(names.index),
        format_func=lambda code: names[code],
        placeholder=_("all"),
        key="gap-report-municipalities",
    )
    built = sorted(set(assessment.areas["technology"].dropna()))
    technology = two.selectbox(
        _("Technology"),
        [None, *built],
        format_func=lambda code: _("any") if code is None else word(code),
        key="gap-report-technology",
    )
    return tuple(codes), technology


def _matching(assessment: Assessment, codes: tuple[str, ...], technology: str | None) -> pd.DataFrame:
    found = assessment.areas
    if codes:
        found = found[found["municipality_code"].isin(codes)]
    if technology:
        found = found[found["technology"] == technology]
    return found.sort_values("rank").reset_index(drop=True)


def _table(assessment: Assessment, found: pd.DataFrame) -> tuple[str, ...]:
    """Draw the areas; return the ids of the rows that are picked."""
    currency, mobile = assessment.study.currency, is_mobile(found)
    names = assessment.municipalities.set_index("municipality_code")["name"]
    shown = pd.DataFrame(
        {
            "rank": found["rank"],
            "area": [masts.name(row) for row in found.to_dict("records")],
            "premises": found["premises"].mask(mobile, 0.0),
            "businesses": found["businesses"].mask(mobile, 0.0),
            "route": found["route_m"] / 1000,
            "investment": found["capex"] / session.MILLION,
            "gap": found["funding_gap_p50"] / session.MILLION,
            "technology": found["technology"].map(word),
            "serves": [masts.serves(row) if row["kind"] == "mobile" else "" for row in found.to_dict("records")],
            "municipality": found["municipality_code"].map(names),
            "id": found["area_id"],
        }
    )
    whole = st.column_config.NumberColumn
    with_businesses = assessment.areas.loc[~is_mobile(assessment.areas), "businesses"].any()
    millions = style.millions(currency)
    event = st.dataframe(
        parts.without(
            parts.written(shown, {"premises": 0, "businesses": 0, "route": 1, "investment": 2, "gap": 2}),
            mobile,
            ("premises", "businesses"),
        ),
        hide_index=True,
        height=min(430, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="multi-row",
        key="gap-report-table",
        column_config={
            "rank": whole("#", width=45),
            "area": st.column_config.TextColumn(_("Area"), width=150),
            "municipality": st.column_config.TextColumn(_("Municipality")),
            "premises": whole(_("Premises"), width=70),
            "businesses": whole(_("Businesses"), width=92) if with_businesses else None,
            "technology": st.column_config.TextColumn(_("Technology")),
            "serves": st.column_config.TextColumn(_("Mobile coverage for"), width=190) if mobile.any() else None,
            "route": whole(_("Route, km"), width=75),
            "investment": whole(_("Cost, {money}", money=millions), width=112),
            "gap": whole(_("Gap, {money}", money=millions), width=108, help=_("Funding gap, P50")),
            "id": st.column_config.TextColumn(_("Area id")),
        },
    )
    rows = event["selection"]["rows"] if event else []
    return tuple(found["area_id"].iloc[[row for row in rows if row < len(found)]])


def _sentence(assessment: Assessment, found: pd.DataFrame, chosen: tuple[str, ...], codes: tuple[str, ...]) -> str:
    """Say in words what the files will hold."""
    picked = found[found["area_id"].isin(chosen)] if chosen else found
    masted, picked = picked[is_mobile(picked)], picked[~is_mobile(picked)]
    currency, study = assessment.study.currency, assessment.study
    names = assessment.municipalities.set_index("municipality_code")["name"]
    where = ", ".join(names[code] for code in codes) or _("all of {study}", study=said(study.name))
    premises, businesses = picked["premises"].sum(), picked["businesses"].sum()
    told = ""
    if assessment.areas["businesses"].any():
        told = _(", {count} of them businesses", count=style.number(businesses, digits=3))
    holds = ngettext(
        "**{areas} project area** in {where}: {premises} premises{businesses}; {route} of route; "
        "investment {capex}, funding gap about {gap}.",
        "**{areas} project areas** in {where}: {premises} premises{businesses}; {route} of route; "
        "investment {capex}, funding gap about {gap}.",
        len(picked),
        areas=style.number(len(picked)),
        where=style.plain(where),
        premises=style.plain(style.number(premises, digits=3)),
        businesses=style.plain(told),
        route=style.plain(style.length(picked["route_m"].sum())),
        capex=style.plain(style.money(picked["capex"].sum(), currency)),
        gap=style.plain(style.money(picked["funding_gap_p50"].sum(), currency)),
    )
    if len(masted):
        holds += "\n\n" + ngettext(
            "**{areas} mobile area** beside them, never added up: {serves}; investment {capex}.",
            "**{areas} mobile areas** beside them, never added up: {serves}; investment {capex}.",
            len(masted),
            areas=style.number(len(masted)),
            serves=style.plain(masts.serves(masted.sum(numeric_only=True))),
            capex=style.plain(style.money(masted["capex"].sum(), currency)),
        )
    basis = _(
        "{status}, as of {date}, policy {policy}. "
        "The funding gap is a planning estimate; the grant is set by competition.",
        status=style.plain(style.status(study.data_status)),
        date=style.plain(language.date(study.as_of)),
        policy=style.plain(assessment.policy.id),
    )
    return f"{holds}\n\n{basis}"
