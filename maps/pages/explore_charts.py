"""The charts below the map of Explore: short of service by municipality, by tier and by line of business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import charts, figures, style, themes
from maps.language import _
from maps.pages import charted, why_profile
from maps.pages.finder import KINDS

MOST_BARS: Final = 45


def show(assessment: Assessment) -> None:
    """Draw the charts of an assessment that holds what is shown."""
    policy = assessment.policy
    words = themes.class_labels(policy)
    colours = style.tier_colours([(tier.id, tier.eligible) for tier in policy.tiers])
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        _by_municipality(assessment, words, colours)
    with right:
        st.subheader(_("By tier of the policy"))
        tiers, labels = figures.by_tier(assessment.places, policy), {tier: words[tier] for tier in policy.tier_ids}
        _chart(
            assessment,
            charts.by_tier(tiers, labels=labels, colours=colours),
            tiers.assign(label=tiers["tier"].map(labels)),
            name="by-tier",
            about=_("By tier of the policy"),
        )
        lines = figures.by_line_of_business(assessment)
        if set(lines["line of business"]) - {figures.not_stated()}:
            st.subheader(_("Businesses short, by line of business"))
            said = lines.assign(**{"line of business": lines["line of business"].replace(why_profile.sections())})
            _chart(
                assessment,
                charts.lines_of_business(said, colour=colours[policy.eligible_tiers[0]]),
                said,
                name="by-line-of-business",
                about=_("Businesses short, by line of business"),
            )


def _by_municipality(assessment: Assessment, words: Mapping[str, str], colours: Mapping[str, str]) -> None:
    st.subheader(_("Short of fixed service, by municipality"))
    there = set(assessment.places["kind"].unique())
    kinds = [kind for kind in ("business", "household") if kind in there]
    with st.container(horizontal=True):
        kind = st.segmented_control(
            _("Premises"),
            kinds,
            format_func=lambda kind: _(KINDS[kind]),
            default=kinds[-1] if kinds else None,
            label_visibility="collapsed",
        )
        share = st.toggle(_("as a share"), value=True)
    chosen = kind or "household"
    counted = figures.by_municipality(assessment, kind=chosen)
    counted, left_out = figures.largest(counted, value="share" if share else "premises", most=MOST_BARS)
    if left_out:
        told = _(
            "The {shown} municipalities with most; {left_out} more are not shown.", shown=MOST_BARS, left_out=left_out
        )
        st.caption(told)
    labels, unit = {tier: words[tier] for tier in assessment.policy.eligible_tiers}, _(figures.PLURALS[chosen])
    _chart(
        assessment,
        charts.by_municipality(counted, labels=labels, colours=colours, share=share, unit=unit),
        counted.assign(label=counted["tier"].map(labels)),
        name=f"{chosen}-short-by-municipality",
        about=_("Short of fixed service, by municipality"),
    )


def _chart(assessment: Assessment, chart: object, data: pd.DataFrame, *, name: str, about: str) -> None:
    if data.empty:
        st.caption(_("Nothing to show: no such premises in what is shown."))
        return
    said = {
        "municipality": _("municipality"),
        "kind": _("kind"),
        "line of business": _("line of business"),
        "label": _("tier"),
        "premises": _("premises"),
        "businesses": _("businesses"),
        "share": _("share"),
    }
    columns = {column: text for column, text in said.items() if column in data}
    charted.show(chart, data, about=about, columns=columns, name=name, assessment=assessment)
