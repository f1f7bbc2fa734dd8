"""Data and rules: where every figure comes from, what was rejected, and what the policy says."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import language, session, style
from maps.language import _
from maps.pages import checks, corrections, hearing, look_back, parts, stress_test, uploads
from maps.pages.rules import policy_html
from maps.words import word


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title(_("Data and rules"))
    if assessment.study.notes:
        st.warning("\n".join(f"- {style.plain(parts.said(note))}" for note in assessment.study.notes))
    names = [_("Sources"), _("Checks"), _("Own files"), _("Policy"), _("Cost book")]
    names += [_("Past awards"), _("Hearing"), _("Corrections")]
    sources, checked, own, rules, costs, awards, heard, corrected = st.tabs(names)
    with sources:
        checks.sources(assessment)
        _parameters(assessment)
    with checked:
        checks.render(assessment)
    with own:
        uploads.render(view)
    with rules:
        st.html(policy_html(assessment.policy))
        _criteria(assessment)
    with costs:
        _costs(assessment)
    with awards:
        look_back.render(view)
    with heard:
        hearing.render(assessment)
        stress_test.render(view)
    with corrected:
        corrections.render(assessment)


def _parameters(assessment: Assessment) -> None:
    """Draw the figures about the inputs that are neither policy nor cost."""
    if assessment.study.parameters:
        st.subheader(_("Figures about the inputs"))
        figures = pd.DataFrame(
            [
                {
                    "figure": parts.item(p.id),
                    "value": p.value,
                    "unit": parts.said(p.unit),
                    "confidence": word(p.confidence),
                    "source": p.source,
                }
                for p in assessment.study.parameters
            ]
        )
        st.dataframe(
            parts.written(figures, {"value": None}),
            hide_index=True,
            column_config={
                "figure": _("figure"),
                "value": _("value"),
                "unit": _("unit"),
                "confidence": _("confidence"),
                "source": _("source"),
            },
        )


def _criteria(assessment: Assessment) -> None:
    st.subheader(_("How areas are scored"))
    changed = dict(assessment.scenario.weights)
    rows = [
        {
            "criterion": language.label(item.label, item.id),
            "weight": changed.get(item.id, item.weight),
            "in the policy": item.weight,
            "scores 0 at": item.low,
            "scores 100 at": item.high,
            "unit": parts.said(item.unit),
            "confidence": word(item.confidence),
        }
        for item in assessment.policy.criteria
    ]
    st.dataframe(
        parts.written(
            pd.DataFrame(rows), dict.fromkeys(("weight", "in the policy", "scores 0 at", "scores 100 at"), None)
        ),
        hide_index=True,
        column_config={
            "criterion": _("criterion"),
            "weight": _("weight"),
            "in the policy": _("in the template") if assessment.scenario.template else _("in the policy"),
            "scores 0 at": _("scores 0 at"),
            "scores 100 at": _("scores 100 at"),
            "unit": _("unit"),
            "confidence": _("confidence"),
        },
    )


def _costs(assessment: Assessment) -> None:
    changed = dict(assessment.scenario.costs)
    frame = pd.DataFrame(
        [
            {
                "item": parts.item(item.item),
                "value": item.value,
                "low": item.low,
                "high": item.high,
                "unit": parts.said(item.unit),
                "year": item.year,
                "confidence": ("⚑ " if item.confidence == "assumed" else "") + word(item.confidence),
                "source": parts.said(item.source),
                "changed here": item.item in changed,
            }
            for item in assessment.costs.items
        ]
    )
    assumed = sum(item.confidence == "assumed" for item in assessment.costs.items)
    st.caption(
        _(
            "{count} figures, {assumed} of them general knowledge (⚑) that the county must confirm.",
            count=len(frame),
            assumed=assumed,
        )
    )
    st.dataframe(
        parts.written(frame, {"value": None, "low": None, "high": None}),
        hide_index=True,
        height=520,
        column_config={
            "item": _("item"),
            "value": _("value"),
            "low": _("low"),
            "high": _("high"),
            "unit": _("unit"),
            "year": st.column_config.NumberColumn(_("year"), format="%d"),
            "confidence": _("confidence"),
            "source": _("source"),
            "changed here": _("changed here"),
        },
    )
