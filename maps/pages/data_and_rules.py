"""Data and rules: where every figure comes from, what was rejected, and what the policy says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from coverage import agreement
from coverage.assessment import Assessment
from maps import session, style
from maps.pages.rules import policy_html


def render() -> None:
    """Draw the page."""
    assessment = session.current().assessment
    st.title("Data and rules")
    if assessment.study.notes:
        st.warning("\n".join(f"- {style.plain(note)}" for note in assessment.study.notes))
    sources, rules, costs, checks = st.tabs(["Sources", "Policy", "Cost book", "Checks"])
    with sources:
        _sources(assessment)
    with rules:
        st.html(policy_html(assessment.policy))
        _criteria(assessment)
    with costs:
        _costs(assessment)
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
                "what it is": source.role,
                "supplier": source.supplier,
                "as of": source.as_of,
                "data": style.word(source.data_status),
                "licence": source.licence,
                "rows read": report.get("rows_read"),
                "rejected": report.get("rows_rejected", int(rejected.get(source.id, 0))),
                "coordinates": report.get("crs_found", source.crs),
                "file": source.path.name,
                "address": source.url,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"rows read": st.column_config.NumberColumn(format="localized")},
    )
    if assessment.study.parameters:
        st.subheader("Figures about the inputs")
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "figure": p.id.replace("_", " "),
                        "value": p.value,
                        "unit": p.unit,
                        "confidence": p.confidence,
                        "source": p.source,
                    }
                    for p in assessment.study.parameters
                ]
            ),
            hide_index=True,
        )


def _criteria(assessment: Assessment) -> None:
    st.subheader("How areas are scored")
    changed = dict(assessment.scenario.weights)
    rows = [
        {
            "criterion": item.label.get("en", item.id),
            "weight": changed.get(item.id, item.weight),
            "in the policy": item.weight,
            "scores 0 at": item.low,
            "scores 100 at": item.high,
            "unit": item.unit,
            "confidence": item.confidence,
        }
        for item in assessment.policy.criteria
    ]
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config={"scores 0 at": number, "scores 100 at": number})


def _costs(assessment: Assessment) -> None:
    changed = dict(assessment.scenario.costs)
    frame = pd.DataFrame(
        [
            {
                "item": item.item.replace("_", " "),
                "value": item.value,
                "low": item.low,
                "high": item.high,
                "unit": item.unit,
                "year": item.year,
                "confidence": ("⚑ " if item.confidence == "assumed" else "") + item.confidence,
                "source": item.source,
                "changed here": item.item in changed,
            }
            for item in assessment.costs.items
        ]
    )
    assumed = sum(item.confidence == "assumed" for item in assessment.costs.items)
    st.caption(f"{len(frame)} figures, {assumed} of them general knowledge (⚑) that the county must confirm.")
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        frame,
        hide_index=True,
        height=520,
        column_config={
            "value": number,
            "low": number,
            "high": number,
            "year": st.column_config.NumberColumn(format="%d"),
        },
    )


def _checks(assessment: Assessment) -> None:
    found: dict[str, list[dict[str, Any]]] = assessment.provenance.get("check", {})
    findings = pd.DataFrame(found.get("findings", []), columns=["severity", "source", "finding"])
    problems = findings[findings["severity"] == "problem"]
    if problems.empty:
        st.success("No problems were found in the data.")
    else:
        st.error("\n".join(f"- {style.plain(f'{row.source}: {row.finding}')}" for row in problems.itertuples()))
    if len(findings) > len(problems):
        with st.expander(f"Notes ({len(findings) - len(problems)})"):
            st.dataframe(findings.loc[findings["severity"] == "note", ["source", "finding"]], hide_index=True)
    if found.get("sources"):
        st.subheader("What was read")
        st.dataframe(pd.DataFrame(found["sources"]), hide_index=True)
    st.subheader("Rejected rows")
    if assessment.rejected.empty:
        st.success("No row of any source was rejected.")
    else:
        st.caption("Each row that could not be used, and why. What the study's own filters leave out is not in it.")
        if found.get("rejections"):
            st.dataframe(pd.DataFrame(found["rejections"]), hide_index=True)
        with st.expander("Row by row"):
            st.dataframe(assessment.rejected.head(10_000).astype({"value": "str"}), hide_index=True)
    sentences = agreement.lines(assessment.summary.get("agreement", {}))
    if sentences:
        st.subheader("Compared with published figures")
        st.markdown("\n".join(f"- {style.plain(sentence)}" for sentence in sentences))
