"""Data and rules: where every figure comes from, what was rejected, and what the policy says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.policy import Policy
from maps import session, style

MARK = ' <span class="mark">⚑ not confirmed</span>'


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
        st.html(policy_html(assessment.policy, assessment.study.currency))
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


def policy_html(policy: Policy, currency: str) -> str:
    """Return the policy as sentences with its clause ids; what is not confirmed carries a mark."""
    e = style.escape

    def mark(confidence: str) -> str:
        return "" if confidence == "published" else MARK.replace("not confirmed", e(confidence))

    def speed(down: float, up: float) -> str:
        return f"{style.number(down)} Mbit/s" + (f" down and {style.number(up)} Mbit/s up" if up else "")

    until = f" to {policy.valid_to:%Y-%m-%d}" if policy.valid_to else ""
    parts = [
        f"<h3>{e(policy.name)}</h3><p>In force from {policy.valid_from:%Y-%m-%d}{until}. {e(policy.legal_basis)}. "
        f"Source: {e(policy.source)}</p><div class='bg-rules'><h4>Who is short of fixed service</h4><ul>"
    ]
    for tier in policy.tiers:
        support = "may be supported" if tier.eligible else "is not supported"
        deliver = (
            f"; a funded network must deliver {speed(tier.deliver_down_mbps, tier.deliver_up_mbps)}"
            if tier.eligible
            else ""
        )
        parts.append(
            f"<li><code>{e(tier.id)}</code> No existing offer reaches {speed(tier.down_mbps, tier.up_mbps)}: "
            f"{support}{deliver}.{mark(tier.confidence)}</li>"
        )
    fixed = policy.fixed
    parts.append(
        f"<li>What counts as an offer: {e(', '.join(style.word(t) for t in fixed.technologies))}. Plans count if they come "
        f"within {style.number(fixed.plan_horizon_years)} years and give at least {style.number(fixed.plan_min_down_mbps)} Mbit/s."
        f"{mark(fixed.confidence)}</li></ul><h4>Who is eligible: the first clause that holds decides</h4><ol>"
    )
    parts += [
        f"<li><code>{e(clause.id)}</code> {e(clause.label.get('en', clause.id))}{mark(clause.confidence)}</li>"
        for clause in policy.clauses
    ]
    mobile, subsidy, areas = policy.mobile, policy.subsidy, policy.areas
    parts.append(
        f"</ol><h4>Mobile</h4><ul><li>Enough is level “{e(style.word(mobile.level))}” from {mobile.operators} operator(s) by "
        f"{e(' or '.join(style.word(t) for t in mobile.technologies))}. Levels: basic from {style.number(mobile.basic_dbm)} dBm, good from "
        f"{style.number(mobile.good_dbm)} dBm, very good from {style.number(mobile.very_good_dbm)} dBm.{mark(mobile.confidence)} "
        f"Source: {e(mobile.source)}</li></ul><h4>Money</h4><ul><li>Horizon {subsidy.horizon_years} years. The municipality adds "
        f"{style.percent(subsidy.local_share)} of the public grant. Above {style.money(subsidy.ceiling_per_premises, currency)} per premises an "
        f"area is flagged.{mark(subsidy.confidence)} Source: {e(subsidy.source)}</li></ul><h4>Project areas</h4><ul><li>Places are grouped "
        f"where the next one is at most {style.length(areas.cut_m)} of road away, {style.number(areas.min_premises)} to "
        f"{style.number(areas.max_premises)} premises{' within one municipality' if areas.split_by_municipality else ''}."
        f"{mark(areas.confidence)} Source: {e(areas.source)}</li></ul></div>"
    )
    return "".join(parts)


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
    warnings = assessment.provenance.get("warnings", [])
    for warning in warnings:
        st.markdown(f"- {style.plain(warning)}")
    st.subheader("Rows that were not used")
    if assessment.rejected.empty:
        st.success("Every row of every source was used.")
    else:
        st.caption(
            f"{style.number(len(assessment.rejected))} rows; each is left out for the reason given, nothing else is."
        )
        st.dataframe(assessment.rejected.head(10_000).astype({"value": "str"}), hide_index=True)
    agreement = assessment.summary.get("agreement")
    if agreement:
        st.subheader("Compared with published figures")
        st.json(agreement, expanded=2)
