"""Explore: the county's figures, the map, a municipality's figures, and why a place is short of service."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.contrast import Contrast
from coverage.kinds import is_mobile
from maps import build, charts, figures, masts, session, style, themes, work
from maps.language import N_, _, ngettext
from maps.pages import contrast_view, map_view, parts, side_by_side, why
from maps.picking import Index, pick
from maps.session import Key, View
from maps.store import STORE

KINDS = {
    "all": N_("All premises"),
    "business": N_("Businesses"),
    "household": N_("Homes"),
    "public": N_("Public buildings"),
}
MAP_HEIGHT = 520
MOST_BARS = 45


def render() -> None:
    """Draw the page."""
    view = session.current()
    if (beside := side_by_side.chosen(view)) is not None:
        side_by_side.render(view, beside)
        return
    _headline(view.assessment)
    other = session.against(view.assessment.policy.id)
    with st.container():  # there in every run, or the map below moves and is drawn anew
        undo = session.compare_with_nothing
        compared = work.contrast(view.assessment, other, cancelled=undo) if other else None
    _map_and_panel(view, compared)
    if compared is None:
        _charts(view.assessment)
    else:
        contrast_view.below(view.assessment, compared[0])


def _headline(assessment: Assessment) -> None:
    found = figures.figures(assessment.places)
    gap = assessment.summary["funding_gap"]
    mobile, currency = is_mobile(assessment.areas), assessment.study.currency
    areas, funded = assessment.areas[~mobile], assessment.areas[assessment.areas["decision"] == "fund"]
    spent = style.money(funded["grant"].sum(), currency)
    about = "≈ " if found.expected_share else ""
    best = max((tier.down_mbps, tier.up_mbps) for tier in assessment.policy.tiers if tier.eligible)
    speed, budget = (
        "/".join(style.number(mbps) for mbps in best if mbps),
        style.money(assessment.scenario.money, currency),
    )
    estimate = _("Planning estimate, P10 to P90 of the draws. The grant itself is set by competition.")
    counts = []
    if found.businesses:
        short = about + style.number(found.businesses_short, digits=3)
        counts.append((_("businesses below {speed} Mbit/s", speed=speed), short, ""))
    if found.homes:
        short = about + style.number(found.homes_short, digits=3)
        counts.append((_("homes below {speed} Mbit/s", speed=speed), short, ""))
    parts.headline(
        [
            *counts,
            (_("project areas"), style.number(len(areas)), ""),
            *([(_("mobile areas"), style.number(mobile.sum()), _of_masts(assessment))] if mobile.any() else []),
            (_("funding gap, all areas"), style.money_range(gap["p10"], gap["p90"], currency), estimate),
            (
                _("funded within the budget"),
                parts.areas_and_masts(funded),
                _("Their grants: {spent} of {budget}.", spent=spent, budget=budget),
            ),
        ]
    )


def _of_masts(assessment: Assessment) -> str:
    """Say how much of what is short of mobile the masts would serve, and why none is funded where none competes."""
    lacking = assessment.summary.get("mobile", {}).get("lacking", {})
    told = []
    if short := lacking.get("premises_short"):
        told.append(
            _(
                "They would serve {served} of the {short} premises that are short of mobile.",
                served=style.number(lacking["premises_served"], digits=3),
                short=style.number(short, digits=3),
            )
        )
    if not masts.compete(assessment):
        told.append(_("They are not eligible: {reason}.", reason=_(masts.NO_MONEY)))
    return " ".join(told)


@st.fragment
def _map_and_panel(view: View, compared: tuple[Contrast, str] | None) -> None:
    """Draw the map and the panel beside it; a click runs only this part again.

    `compared` holds what another policy changes, and the key that the server's routes know it by.
    """
    assessment = view.assessment
    names = assessment.municipalities.set_index("municipality_code")["name"].sort_values()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        code = st.selectbox(
            _("Municipality"),
            [None, *names.index],
            format_func=lambda code: _("All of {study}", study=assessment.study.name) if code is None else names[code],
            key=Key.MUNICIPALITY,
            width=260,
        )
        kind = (
            st.segmented_control(
                _("Show on the map"), _kinds(assessment), format_func=_kind, default="all", key=Key.PLACES, wrap=True
            )
            or "all"
        )
        theme = map_view.choose_theme(assessment, disabled=compared is not None)
        contrast_view.choose(assessment)
    if session.against(assessment.policy.id) != (compared[0].policy_b if compared else None):
        st.rerun()  # the rest of the page follows
    left, right = st.columns([2.2, 1], gap="small")
    at = map_view.clicked(Key.MAP)
    picked = None
    if at is not None and compared is not None:
        picked = contrast_view.find(assessment, *compared, at)
    elif at is not None:
        entry = STORE.get(view.ground)
        index = (
            entry.derive("index", lambda given: Index.build(given.places)) if entry else Index.build(assessment.places)
        )
        picked = pick(assessment, index, lat=at[0], lon=at[1])
    with left:
        focus = assessment.municipalities[assessment.municipalities["municipality_code"] == code] if code else None
        mark = None
        if picked is not None:
            mark = picked.point.buffer(build.MARK_M)
        if compared is None:
            map_view.show(view, key=Key.MAP, height=MAP_HEIGHT, places=kind, theme=theme, focus=focus, mark=mark)
        else:
            contrast_view.show_map(view, *compared, height=MAP_HEIGHT, places=kind, focus=focus, mark=mark)
    title = str(names[code]) if code else assessment.study.name
    with right:
        if compared is not None:
            if picked is not None:
                st.html(contrast_view.panel(assessment, compared[0], picked))
            st.html(contrast_view.counts(compared[0], code, title))
        else:
            if picked is not None:
                st.html(why.panel(assessment, picked))
            st.html(_municipality(assessment, code, title))
        if picked is None and compared is not None:
            st.caption(_("Click on the map: the nearest place tells how each of the two policies judges it."))
        elif picked is None:
            told = _("Click on the map: the nearest place tells why it is short of service, or why it is not.")
            st.caption(told)


def _kinds(assessment: Assessment) -> list[str]:
    """List the kinds of premises that the study has, after "all"."""
    there = set(assessment.places["kind"].unique())
    return ["all", *(kind for kind in KINDS if kind in there)]


def _kind(code: str) -> str:
    return _(KINDS[code])


def _municipality(assessment: Assessment, code: str | None, name: str) -> str:
    places, areas = assessment.places, assessment.areas
    if code is not None:
        places, areas = places[places["municipality_code"] == code], areas[areas["municipality_code"] == code]
    found = figures.figures(places)
    colour = style.tier_colours([(tier.id, tier.eligible) for tier in assessment.policy.tiers])
    worst = colour[assessment.policy.eligible_tiers[0]]
    rows = [
        (_("businesses, fixed"), found.businesses_short, found.businesses, worst),
        (_("homes, fixed"), found.homes_short, found.homes, worst),
    ]
    if found.mobile_known:
        rows += [
            (_("businesses, mobile"), found.businesses_mobile, found.businesses, style.MOBILE_COLOUR),
            (_("homes, mobile"), found.homes_mobile, found.homes, style.MOBILE_COLOUR),
        ]
    meters = "".join(_meter(*row) for row in rows if row[2]) + _extents(assessment, code)
    masted = areas[is_mobile(areas)]
    areas = areas[~is_mobile(areas)]
    total = style.money(areas["funding_gap_p50"].sum(), assessment.study.currency)
    funded = int((areas["decision"] == "fund").sum())
    foot = ngettext(
        "{count} project area, funding gap about {total}; {funded} funded within the budget",
        "{count} project areas, funding gap about {total}; {funded} funded within the budget",
        len(areas),
        count=style.number(len(areas)),
        total=total,
        funded=style.number(funded),
    )
    if len(masted):
        foot += "; " + ngettext(
            "{count} mobile area, {funded} of them funded",
            "{count} mobile areas, {funded} of them funded",
            len(masted),
            count=style.number(len(masted)),
            funded=style.number((masted["decision"] == "fund").sum()),
        )
    about = _("share short of service")
    told = _("Estimated: fixed service is known only as a share per municipality.")
    basis = f"<div class='mark'>{style.escape(told)}</div>" if found.expected_share else ""
    return (
        f'<div class="bg-panel"><h4>{style.escape(name)}</h4>'
        f'<div class="bg-sub">{style.escape(about)}</div>'
        f'<div class="bg-meter">{meters}</div><hr>{style.escape(foot)}{basis}</div>'
    )


def _extents(assessment: Assessment, code: str | None) -> str:
    """Return a meter per kind of land or road: how much of it lies below the policy's mobile level."""
    found = [
        row
        for row in assessment.summary.get("extents", [])
        if (row["municipality_code"], row["operator"], row["technology"]) == (code, "any", "any")
        and row["level"] == assessment.policy.mobile.level
        and row["total"] > 0
    ]
    return "".join(
        _meter(
            _("{what}, mobile", what=row["what"]),
            row["total"] - row["covered"],
            row["total"],
            style.MOBILE_COLOUR,
            str(row["unit"]).replace("km2", "km²"),
        )
        for row in found
    )


def _meter(label: str, short: float, total: float, colour: str, unit: str = "") -> str:
    share = short / total
    figure = style.escape(f"{style.number(short, digits=3)} {unit}".strip())
    return (
        f"<span>{style.escape(label)}</span>"
        f'<span class="rail"><i style="width:{100 * share:.1f}%;background:{colour}"></i></span>'
        f'<span class="figure">{style.percent(share)} · {figure}</span>'
    )


def _charts(assessment: Assessment) -> None:
    policy = assessment.policy
    words = themes.class_labels(policy)
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.subheader(_("Short of fixed service, by municipality"))
        with st.container(horizontal=True):
            kinds = [kind for kind in _kinds(assessment) if kind in ("business", "household")]
            kind = st.segmented_control(
                _("Premises"),
                kinds,
                format_func=_kind,
                default=kinds[-1] if kinds else None,
                label_visibility="collapsed",
            )
            share = st.toggle(_("as a share"), value=True)
        counted = figures.by_municipality(assessment, kind=kind or "household")
        counted, left_out = figures.largest(counted, value="share" if share else "premises", most=MOST_BARS)
        labels = {tier: words[tier] for tier in policy.eligible_tiers}
        if left_out:
            told = _(
                "The {shown} municipalities with most; {left_out} more are not shown.",
                shown=MOST_BARS,
                left_out=left_out,
            )
            st.caption(told)
        chosen = kind or "household"
        unit = _(figures.PLURALS[chosen])
        _chart(charts.by_municipality(counted, labels=labels, colours=colours, share=share, unit=unit), counted)
    with right:
        st.subheader(_("By tier of the policy"))
        tiers = figures.by_tier(assessment.places, policy)
        _chart(charts.by_tier(tiers, labels={tier: words[tier] for tier in policy.tier_ids}, colours=colours), tiers)
        lines = figures.by_line_of_business(assessment)
        if set(lines["line of business"]) - {figures.not_stated()}:
            st.subheader(_("Businesses short, by line of business"))
            worst = colours[policy.eligible_tiers[0]]
            _chart(charts.lines_of_business(lines, colour=worst), lines)


def _chart(chart: object, data: pd.DataFrame) -> None:
    if data.empty:
        st.caption(_("Nothing to show: no such premises in this study."))
    else:
        st.altair_chart(chart, width="stretch")
