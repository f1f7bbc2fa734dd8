"""The cost curve: how many premises can be had at which cost, the cheapest project areas first."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.kinds import is_mobile
from maps import charts, style
from maps.language import _
from maps.pages import charted

THOUSAND: Final = 1e3


def show(assessment: Assessment) -> None:
    """Draw the curve of the fixed areas; nothing where none is priced."""
    found = curve(assessment)
    if found.empty:
        return
    currency = assessment.study.currency
    st.subheader(_("Cost curve"))
    columns = {
        "name": _("area"),
        "premises": _("premises"),
        "capex_per_premises": _("investment per premises, {currency}", currency=currency),
        "cumulative_premises": _("premises so far"),
    }
    charted.show(
        chart(found, assessment),
        found,
        about=_(
            "All project areas from the cheapest to the dearest: each step is as wide as the area has premises, and "
            "as high as one of them costs."
        ),
        columns=columns,
        name="cost-curve",
        assessment=assessment,
    )


def curve(assessment: Assessment) -> pd.DataFrame:
    """Return fixed areas by rising capex per premises, with the premises up to and with each."""
    areas = assessment.areas[~is_mobile(assessment.areas)]
    priced = areas[(areas["premises"] > 0) & np.isfinite(areas["capex_per_premises"].astype(float))]
    found = priced.sort_values(["capex_per_premises", "area_id"]).reset_index(drop=True)
    found = found[["area_id", "name", "municipality_code", "premises", "capex_per_premises"]]
    return found.assign(cumulative_premises=found["premises"].cumsum(), currency=assessment.study.currency)


def chart(found: pd.DataFrame, assessment: Assessment) -> Any:
    """Return the curve as steps, with a rule at the policy's ceiling if it has one."""
    cost = found["capex_per_premises"] / THOUSAND
    start = pd.DataFrame({"cumulative": [0.0], "cost": cost.head(1)})
    steps = found.assign(cumulative=found["cumulative_premises"], cost=cost)[["name", "premises", "cumulative", "cost"]]
    title = _("investment per premises, thousand {currency}", currency=assessment.study.currency)
    lines = (
        alt.Chart(pd.concat([start, steps], ignore_index=True))
        .mark_line(interpolate="step-before", color=style.ACCENT, strokeWidth=2)
        .encode(
            x=alt.X("cumulative:Q", title=_("premises, the cheapest first"), axis=alt.Axis(format=",.0f", tickCount=5),
                    scale=alt.Scale(nice=False)),
            y=alt.Y("cost:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format=",~r", tickCount=5)),
            tooltip=[
                alt.Tooltip("name:N", title=_("area")),
                alt.Tooltip("premises:Q", title=_("premises"), format=",.0f"),
                alt.Tooltip("cost:Q", title=title, format=",.1f"),
            ],
        )
    )  # fmt: skip
    ceiling = assessment.policy.subsidy.ceiling_per_premises
    if not np.isfinite(ceiling):
        return charts.finished(lines.properties(height=220))
    rule = alt.Chart(pd.DataFrame({"cost": [ceiling / THOUSAND]})).mark_rule(color=style.WARNING, strokeDash=[5, 3])
    rule = rule.encode(y="cost:Q")
    words = rule.mark_text(align="left", dx=4, dy=-6, x=0, color=style.WARNING).encode(
        text=alt.value(_("the policy's ceiling"))
    )
    return charts.finished((lines + rule + words).properties(height=220))
