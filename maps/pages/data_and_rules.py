"""Data and rules: where every figure comes from, what was rejected, and what the policy says."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import language, session, style, words
from maps.language import _
from maps.pages import checks, corrections, cost_fields, hearing, look_back, parts, stress_test, uploads
from maps.pages.rules import policy_html


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title(_("Data and rules"))
    if assessment.study.notes:
        st.warning("\n".join(f"- {style.plain(words.said(note))}" for note in assessment.study.notes))
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
        cost_fields.render(assessment)
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
                    "unit": words.said(p.unit),
                    "confidence": parts.marked(p.confidence),
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
            "unit": words.said(item.unit),
            "confidence": parts.marked(item.confidence),
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
