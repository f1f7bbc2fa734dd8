"""Priorities: the ranked list under a budget, how certain it is, and why an area stands where it stands."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import masts, session, style
from maps.language import _, ngettext, pgettext
from maps.pages import (
    applications_table,
    area_money,
    asked,
    ceiling_curve,
    certainty,
    changes,
    cost_curve,
    differences,
    downloads,
    life,
    map_view,
    money_curve,
    parts,
    since_last,
    standing,
    swings,
    wishes_form,
)
from maps.session import MILLION, Key, View
from maps.words import word

KIND = "priorities-kind"
TABS = "priorities-tabs"
# The columns that say something of masts, where the list holds nothing else.
OF_MASTS = (
    "rank", "area", "score", "decision", "certainty", "draws", "ranks", "driver", "year", "pot", "serves", "need",
    "grant", "cut", "status", "municipality", "id",
)  # fmt: skip
# Seen through, so that they suit a light page and a dark one.
SHADES = {"fund": "rgba(11,133,124,.17)", "reserve": "transparent", "ineligible": "rgba(127,140,150,.12)"}


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title(_("Priorities"))
    if assessment.areas.empty:
        st.info(
            _(
                "No place is eligible under this policy, so there is nothing to rank. "
                "Choose another policy in the sidebar."
            )
        )
        return
    _budget(assessment)
    _figures(assessment)
    above = st.container()  # of the list, for the area that the reader comes for from the map
    picked = _table(assessment)
    chosen = asked.area(assessment, picked)
    with above if picked is None else st.container():
        if chosen is not None:
            asked.close(picked)
            standing.show(assessment, chosen)
            area_money.show(view, chosen)
    _beside(view)
    money_curve.show(view)
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        swings.show(assessment)
        cost_curve.show(assessment)
    with right:
        _map(view, chosen)
    ceiling_curve.show(view)


@st.fragment
def _beside(view: View) -> None:
    """Draw what is said of the list as a whole: the areas near its line, and what the best set does otherwise."""
    names = [_("Near the line"), _("Best set and ranked cut"), _("Since last time")]
    if applications_table.told(view.assessment):
        names.append(_("Applications"))
    line, apart, since, *asked = st.tabs(names, key=TABS, on_change="rerun")
    with line:
        certainty.show(view.assessment)
    with apart:
        differences.show(view.assessment)
    with since:
        if since.open:  # a run is read and compared only for who asks
            since_last.show(view)
    for tab in asked:
        with tab:
            applications_table.show(view)


def _budget(assessment: Assessment) -> None:
    """Draw the slider; moving it decides at once."""
    currency = assessment.study.currency
    areas = assessment.areas
    total = areas.loc[areas["decision"] != "ineligible", "grant"].sum() / MILLION
    asked = session.scenario_of(assessment.study)  # the list may be an older one, if what is asked cannot hold
    budget = asked.money / MILLION
    top = float(max(round(min(total, max(4 * assessment.study.budget / MILLION, budget)), 1), budget, 1.0))
    st.session_state[Key.BUDGET_SLIDER] = min(budget, top)
    st.slider(
        _("Budget, {money}", money=style.millions(currency)),
        0.0,
        top,
        step=0.5 if top < 200 else 5.0,
        key=Key.BUDGET_SLIDER,
        on_change=changes.set_budget_from(Key.BUDGET_SLIDER),
        disabled=bool(asked.wishes.sources),  # the pots are the budget
        help=_(
            "All areas together would take {money} in grants.",
            money=style.money(total * MILLION, currency),
        ),
    )
    wishes_form.render(assessment, asked)


def _figures(assessment: Assessment) -> None:
    areas, currency = assessment.areas, assessment.study.currency
    funded = areas[areas["decision"] == "fund"]
    ranked = areas[areas["ranked_decision"] == "fund"]
    reached = ranked.loc[~is_mobile(ranked), "premises"].sum()
    fixed = funded[~is_mobile(funded)]
    masted = funded[is_mobile(funded)]
    gap = style.money(funded["funding_gap_p50"].sum(), currency)
    gaps = _("State and county money in a funding gap of {gap}, the sum of the areas' P50.", gap=gap)
    cut = _("Down the list by score until the money is gone. The funded set is the best one that fits the budget.")
    parts.headline(
        [
            (_("areas funded"), style.number(len(fixed)), ""),
            *(
                (name, style.number(fixed[column].sum(), digits=3), "")
                for name, column in ((_("businesses reached"), "businesses"), (_("homes reached"), "households"))
                if areas[column].any()  # else the study tells no such premises
            ),
            *([(_("masts funded"), style.number(len(masted)), _served(masted))] if masts.compete(assessment) else []),
            (_("their grants"), style.money(funded["grant"].sum(), currency), gaps),
            (
                _("plain ranked cut instead"),
                _("{areas}; {premises} premises", areas=parts.areas_and_masts(ranked), premises=_about(reached)),
                cut,
            ),
        ]
    )


def _about(value: float) -> str:
    return style.number(value, digits=3)


def _served(masted: pd.DataFrame) -> str:
    """Say what the funded masts give mobile coverage, which is not added to the premises with fixed service."""
    return _("They newly give mobile coverage to {what}.", what=masts.serves(masted.sum(numeric_only=True)))


def _table(assessment: Assessment) -> str | None:
    """Draw the ranked list; return the id of the row that is picked."""
    frame = _of_kind(assessment).sort_values("rank").reset_index(drop=True)
    mobile = is_mobile(frame)
    currency = assessment.study.currency
    names = assessment.municipalities.set_index("municipality_code")["name"]
    shown = pd.DataFrame(
        {
            "rank": frame["rank"],
            "area": [masts.name(row) for row in frame.to_dict("records")],
            "score": frame["score"],
            "decision": list(map(style.decision, frame["decision"], frame["grant"])),
            "year": frame["phase"].astype("Float64") if "phase" in frame else pd.NA,
            "pot": frame.get("pot"),
            "certainty": frame["certainty"].map(word),
            "draws": 100 * frame["funded_share"],
            "ranks": [certainty.interval(row) for row in frame.to_dict("records")],
            "driver": [certainty.driver(row) for row in frame.to_dict("records")],
            "premises": frame["premises"].mask(mobile, 0.0),
            "businesses": frame["businesses"].mask(mobile, 0.0),
            "need": [
                style.money_range(low, high, "").strip(style.THIN)
                for low, high in zip(frame["funding_gap_p10"], frame["funding_gap_p90"], strict=True)
            ],
            "grant": frame["grant"] / MILLION,
            "each": frame["grant_per_premises"].mask(mobile, 0.0) / 1000,
            "technology": frame["technology"].map(word),
            "serves": [masts.serves(row) if row["kind"] == "mobile" else "" for row in frame.to_dict("records")],
            "ceiling": frame["over_ceiling"],
            "cut": frame["ranked_decision"].map(word),
            "status": frame["status"].map(life.status),
            "municipality": frame["municipality_code"].map(names),
            "id": frame["area_id"],
        }
    )
    # Areas that need no grant are in however low they stand: they do not move the line.
    inside = frame["cumulative_grant"] <= assessment.scenario.money
    line = frame.loc[inside & (frame["ranked_decision"] == "fund"), "rank"].max()
    told = (
        _("The plain ranked cut reaches down to rank {rank}.", rank=int(line))
        if pd.notna(line)
        else _("The budget funds no area.")
    )
    shades = _("Shaded rows are funded.")
    pick = _("Pick a row to see why it stands where it stands.")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(" ".join(filter(None, (told, shades, _free(frame), pick))))
        with st.container(horizontal=True, width="content"):
            downloads.buttons(assessment, "priority", short=True)
    number = st.column_config.NumberColumn
    text = st.column_config.TextColumn
    with_businesses = assessment.areas.loc[~is_mobile(assessment.areas), "businesses"].any()
    event = st.dataframe(
        parts.without(
            parts.written(
                shown, {"draws": 0, "premises": 0, "businesses": 0, "grant": 2, "each": 1, "score": 0, "year": 0}
            ),
            mobile,
            ("premises", "businesses", "each"),
        ).apply(lambda row: [f"background-color: {SHADES[frame['decision'].iloc[row.name]]}"] * len(row), axis=1),
        hide_index=True,
        height=min(470, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="single-row",
        key="priorities-table",
        column_order=OF_MASTS if mobile.all() else None,
        column_config={
            "rank": number("#", width=45),
            "area": text(_("Area"), width=170),
            "municipality": text(_("Municipality")),
            "decision": text(_("Decision"), width=132, help=_("From the best set under the budget")),
            "certainty": text(
                _("Certainty"),
                width=85,
                help=_("Funded in 90 % of draws or more: safe yes; 10 % or less: safe no"),
            ),
            "draws": number(_("Draws, %"), width=75, help=_("Share of the draws in which the area is funded")),
            "ranks": text(_("Ranks"), width=70, help=_("Where the area stands in eight of ten draws"))
            if shown["ranks"].any()
            else None,
            "driver": text(_("Turned by"), width=110, help=_("What makes a toss-up of it: other costs, other weights"))
            if shown["driver"].any()
            else None,
            "year": number(_("Year"), width=55) if shown["year"].notna().any() else None,
            "pot": text(_("Pot"), width=90) if shown["pot"].notna().any() else None,
            "status": text(pgettext("of an area", "status"), width=110) if life.told(assessment) else None,
            "cut": text(_("Ranked cut"), width=100, help=_("What the plain ranked cut would decide")),
            "premises": number(_("Premises"), width=70),
            "businesses": number(_("Businesses"), width=92) if with_businesses else None,
            "serves": text(_("Mobile coverage for"), width=190) if mobile.any() else None,
            "need": text(_("Need, {money}", money=currency), width=108, help=_("Funding gap, P10 to P90")),
            "grant": number(_("Grant, {money}", money=style.millions(currency)), width=118),
            "each": number(
                _("Each, k"), width=85, help=_("Grant per premises, thousand {currency}", currency=currency)
            ),
            "score": st.column_config.ProgressColumn(_("Score"), min_value=0, max_value=100, format="%.0f", width=110),
            "technology": text(_("Technology")),
            "ceiling": st.column_config.CheckboxColumn(
                _("Over ceiling"), help=_("Costs more per premises than the policy's ceiling")
            ),
            "id": text(_("Area id")),
        },
    )
    rows = [row for row in (event["selection"]["rows"] if event else []) if row < len(frame)]
    return str(frame["area_id"].iloc[rows[0]]) if rows else None


def _free(frame: pd.DataFrame) -> str:
    """Say how many funded areas stand in the list without asking for money."""
    count = int(((frame["decision"] == "fund") & (frame["grant"] == 0)).sum())
    return (
        ngettext(
            "{count} of them needs no grant: in half of the draws or more, revenue pays for it.",
            "{count} of them need no grant: in half of the draws or more, revenue pays for them.",
            count,
        )
        if count
        else ""
    )


def _of_kind(assessment: Assessment) -> pd.DataFrame:
    """Ask which kind of areas to list, where there are two; one list, one budget, one ranking."""
    areas = assessment.areas
    if not masts.there(assessment):
        return areas
    names = {"all": _("All areas"), "fixed": _("Fixed areas"), "mobile": _("Mobile areas")}
    kind = st.segmented_control(
        _("Areas"), list(names), format_func=names.get, default="all", key=KIND, label_visibility="collapsed"
    )
    return areas if kind in (None, "all") else areas[is_mobile(areas) == (kind == "mobile")]


def _map(view: View, chosen: str | None) -> None:
    areas = view.assessment.areas
    st.subheader(_("Where the money goes"))
    focus = areas[areas["area_id"] == chosen] if chosen else areas[areas["decision"] == "fund"]
    mark = focus.geometry if chosen else None
    map_view.show(
        view, key="priorities-map", height=420, places=None, dots=True, focus=focus if len(focus) else None, mark=mark
    )
