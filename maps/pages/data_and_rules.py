"""Data and rules: where every figure comes from, what was rejected, and what the policy says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import streamlit as st

from coverage import agreement
from coverage.assessment import Assessment
from maps import language, session, style
from maps.language import N_, _
from maps.pages import corrections, hearing, look_back, parts, stress_test
from maps.pages.rules import policy_html
from maps.words import word

# Columns of the tables that the check makes.
COLUMNS = {
    "source": N_("source"),
    "role": N_("role"),
    "rows": N_("rows"),
    "row": N_("row"),
    "rejected": N_("rejected"),
    "left out": N_("left out"),
    "repaired": N_("repaired"),
    "CRS found": N_("CRS found"),
    "extent": N_("extent"),
    "as of": N_("as of"),
    "status": N_("status"),
    "field": N_("field"),
    "value": N_("value"),
    "reason": N_("reason"),
    "finding": N_("finding"),
    "for example": N_("for example"),
}


def _count(text: object) -> str:
    """Write a count that the check has written with commas."""
    digits = str(text).replace(",", "")
    return style.number(int(digits)) if digits.isdecimal() else str(text)


def _day(text: object) -> str:
    """Write a date that the check has written as 2022-06-30."""
    try:
        return language.date(dt.date.fromisoformat(str(text)))
    except ValueError:
        return str(text)


# How the texts of these columns are shown; the sentences stay as the check writes them.
FORMS = {
    "role": word,
    "status": word,
    "rows": _count,
    "rejected": _count,
    "left out": _count,
    "repaired": _count,
    "as of": _day,
    "finding": parts.said,
    "reason": parts.said,
}


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title(_("Data and rules"))
    if assessment.study.notes:
        st.warning("\n".join(f"- {style.plain(parts.said(note))}" for note in assessment.study.notes))
    names = [_("Sources"), _("Policy"), _("Cost book"), _("Past awards"), _("Hearing"), _("Corrections"), _("Checks")]
    sources, rules, costs, awards, heard, corrected, checks = st.tabs(names)
    with sources:
        _sources(assessment)
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
    with checks:
        _checks(assessment)


def _sources(assessment: Assessment) -> None:
    read = {str(item.get("source")): item for item in assessment.provenance.get("sources", [])}
    rejected = assessment.rejected["source"].value_counts() if len(assessment.rejected) else pd.Series(dtype=int)
    rows = []
    for source in assessment.study.sources:
        report: dict[str, Any] = read.get(source.id, {})
        rows.append(
            {
                "source": source.id,
                "role": word(source.role),
                "supplier": source.supplier,
                "as of": source.as_of,
                "data": word(source.data_status),
                "licence": source.licence,
                "rows read": report.get("rows_read"),
                "rejected": report.get("rows_rejected", int(rejected.get(source.id, 0))),
                "coordinates": report.get("crs_found", source.crs),
                "file": source.path.name,
                "address": source.url,
            }
        )
    st.dataframe(
        parts.written(pd.DataFrame(rows), {"rows read": 0, "rejected": 0}),
        hide_index=True,
        column_config={
            "source": _("source"),
            "role": _("what it is"),
            "supplier": _("supplier"),
            "as of": parts.date_column(_("as of")),
            "data": _("data"),
            "licence": _("licence"),
            "rows read": _("rows read"),
            "rejected": _("rejected"),
            "coordinates": _("coordinates"),
            "file": _("file"),
            "address": _("address"),
        },
    )
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


def _checks(assessment: Assessment) -> None:
    if language.current() != language.DEFAULT:
        st.caption(_("What the checks find is written in English."))
    found: dict[str, list[dict[str, Any]]] = assessment.provenance.get("check", {})
    findings = pd.DataFrame(found.get("findings", []), columns=["severity", "source", "finding"])
    problems = findings[findings["severity"] == "problem"]
    if problems.empty:
        st.success(_("No problems were found in the data."))
    else:
        st.error("\n".join(f"- {style.plain(f'{row.source}: {row.finding}')}" for row in problems.itertuples()))
    if len(findings) > len(problems):
        with st.expander(_("Notes ({count})", count=len(findings) - len(problems))):
            _table(findings.loc[findings["severity"] == "note", ["source", "finding"]])
    if found.get("sources"):
        st.subheader(_("What was read"))
        _table(pd.DataFrame(found["sources"]))
    st.subheader(_("Rejected rows"))
    if assessment.rejected.empty:
        st.success(_("No row of any source was rejected."))
    else:
        st.caption(_("Each row that could not be used, and why. What the study's own filters leave out is not in it."))
        if found.get("rejections"):
            _table(pd.DataFrame(found["rejections"]))
        with st.expander(_("Row by row")):
            _table(assessment.rejected.head(10_000).astype({"value": "str"}))
    sentences = agreement.lines(assessment.summary.get("agreement", {}))
    if sentences:
        st.subheader(_("Compared with published figures"))
        st.markdown("\n".join(f"- {style.plain(sentence)}" for sentence in sentences))


def _table(frame: pd.DataFrame) -> None:
    """Draw a table of the check, its columns, codes, dates and counts in the reader's language."""
    shown = frame.assign(**{name: frame[name].map(form) for name, form in FORMS.items() if name in frame})
    st.dataframe(shown, hide_index=True, column_config={name: _(COLUMNS[name]) for name in frame if name in COLUMNS})
