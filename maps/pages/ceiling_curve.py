"""What a ceiling on the cost of a connection would buy: technologies, capex and funding gap over the ceiling."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from coverage.ceiling import sweep
from coverage.costs import price
from coverage.kinds import is_mobile
from maps import charts, style
from maps.language import N_, _, ngettext
from maps.pages import charted, downloads
from maps.session import MILLION, View
from maps.store import Shelf
from maps.words import word

THOUSAND: Final = 1e3
MONEY: Final = {
    "capex": (N_("investment"), style.INK, [1, 0]),
    "funding_gap": (N_("funding gap"), style.ACCENT, [5, 3]),
}
TECHNOLOGIES: Final = ("fibre", "fwa", "voucher")  # from the bottom of the stack
TICKS: Final = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_FOUND: Final = Shelf(12)


def show(view: View) -> None:
    """Draw the curve of the fixed areas, and the button that saves its figures."""
    assessment = view.assessment
    fixed = assessment.areas[~is_mobile(assessment.areas)]
    if fixed.empty or fixed["technology"].isna().any():
        return
    table: pd.DataFrame = _FOUND.get(view.key, lambda: reckon(assessment)) if view.key else reckon(assessment)
    st.subheader(_("What a ceiling on the cost of a connection would buy"))
    st.caption(
        _(
            "Where the proposal costs more per premises than the ceiling, something cheaper is built instead, a "
            "voucher at last. Fixed areas, funded or not, at the cost book's own figures."
        )
    )
    currency = assessment.study.currency
    left, right = st.columns(2, gap="medium")
    finite = table[np.isfinite(table["ceiling"])]
    with left:
        charted.show(
            premises_chart(finite, assessment),
            finite,
            about=_("How many premises get which technology under each ceiling."),
            columns={
                "ceiling": _("ceiling, {currency}", currency=currency),
                **{f"premises_{code}": word(code) for code in TECHNOLOGIES},
            },
            name="ceiling-premises",
            assessment=assessment,
        )
    with right:
        charted.show(
            money_chart(finite, assessment),
            finite,
            about=_("What all areas would cost, and the funding gap, under each ceiling."),
            columns={
                "ceiling": _("ceiling, {currency}", currency=currency),
                **{code: _(told) for code, (told, _colour, _dash) in MONEY.items()},
            },
            name="ceiling-money",
            assessment=assessment,
        )
    st.caption(_told(table, assessment))
    downloads.table(assessment, table, name="ceiling-curve", label=_("The curve as CSV"))


def reckon(assessment: Assessment) -> pd.DataFrame:
    """Return the sweep over the ceilings (coverage.ceiling.COLUMNS) with the currency of its amounts."""
    fixed = assessment.areas[~is_mobile(assessment.areas)]
    options, _lines = price(fixed, assessment.routes, book=assessment.costs, policy=assessment.policy)
    found = sweep(fixed, options, policy=assessment.policy, view=assessment.scenario.view)
    return found.assign(currency=assessment.study.currency)


def _told(table: pd.DataFrame, assessment: Assessment) -> str:
    """Say what is built without a ceiling, and what the policy's own one does."""
    currency = assessment.study.currency
    without = table.iloc[-1]
    said = [
        _(
            "Without a ceiling: investment {capex}, funding gap {gap}.",
            capex=style.plain(style.money(without["capex"], currency)),
            gap=style.plain(style.money(without["funding_gap"], currency)),
        )
    ]
    own = assessment.policy.subsidy.ceiling_per_premises
    if np.isfinite(own):
        row = table[table["ceiling"] == own].iloc[0]
        said.append(
            ngettext(
                "The policy's ceiling of {money} is below the cost of {count} area.",
                "The policy's ceiling of {money} is below the cost of {count} areas.",
                row["areas_above"],
                money=style.plain(style.money(own, currency)),
                count=style.number(row["areas_above"]),
            )
        )
    below = float(table["premises_below_delivery"].max())
    if below:
        said.append(
            _(
                "At the lowest ceiling {count} premises get less speed than the policy asks for.",
                count=style.plain(style.number(below, digits=3)),
            )
        )
    return " ".join(said)


def _axis(assessment: Assessment) -> Any:
    return alt.X(
        "ceiling:Q",
        title=_("ceiling per premises, thousand {currency}", currency=assessment.study.currency),
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format=",~r", values=TICKS, labelOverlap=True),
    )


def premises_chart(table: pd.DataFrame, assessment: Assessment) -> Any:
    """Return premises by technology, stacked, over the ceiling."""
    long = table.melt(
        ["ceiling"], [f"premises_{code}" for code in TECHNOLOGIES], var_name="code", value_name="premises"
    )
    codes = long["code"].str.removeprefix("premises_")
    labels = {code: word(code) for code in TECHNOLOGIES}
    long = long.assign(
        ceiling=long["ceiling"] / THOUSAND,
        label=codes.map(labels),
        order=codes.map({code: at for at, code in enumerate(TECHNOLOGIES)}),
    )
    chart = (
        alt.Chart(long)
        .mark_area(interpolate="step-after", opacity=0.85)
        .encode(
            x=_axis(assessment),
            y=alt.Y("premises:Q", title=_("premises"), stack="zero", axis=alt.Axis(format=",d")),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(
                    domain=list(labels.values()), range=[style.TECHNOLOGY_COLOURS[code] for code in TECHNOLOGIES]
                ),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("ceiling:Q", title=_("ceiling, thousand"), format=",.0f"),
                alt.Tooltip("label:N", title=_("technology")),
                alt.Tooltip("premises:Q", title=_("premises"), format=",.0f"),
            ],
        )
    )
    return charts.finished(_with_own(chart, assessment).properties(height=240))


def money_chart(table: pd.DataFrame, assessment: Assessment) -> Any:
    """Return capex and funding gap over the ceiling."""
    long = table.melt(["ceiling"], list(MONEY), var_name="code", value_name="amount")
    labels = {code: _(told) for code, (told, _colour, _dash) in MONEY.items()}
    long = long.assign(
        ceiling=long["ceiling"] / THOUSAND, amount=long["amount"] / MILLION, label=long["code"].map(labels)
    )
    names = list(labels.values())
    chart = (
        alt.Chart(long)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=_axis(assessment),
            y=alt.Y(
                "amount:Q",
                title=style.millions(assessment.study.currency),
                axis=alt.Axis(format=",.0f"),
            ),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=names, range=[colour for _told, colour, _dash in MONEY.values()]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            strokeDash=alt.StrokeDash(
                "label:N", scale=alt.Scale(domain=names, range=[dash for _told, _colour, dash in MONEY.values()])
            ),
            tooltip=[
                alt.Tooltip("ceiling:Q", title=_("ceiling, thousand"), format=",.0f"),
                alt.Tooltip("label:N", title=" "),
                alt.Tooltip("amount:Q", title=style.millions(assessment.study.currency), format=",.0f"),
            ],
        )
    )
    return charts.finished(_with_own(chart, assessment).properties(height=240))


def _with_own(chart: Any, assessment: Assessment) -> Any:
    """Add a rule at the policy's own ceiling, if it has one."""
    own = assessment.policy.subsidy.ceiling_per_premises
    if not np.isfinite(own):
        return chart
    rule = (
        alt.Chart(pd.DataFrame({"ceiling": [own / THOUSAND]}))
        .mark_rule(color=style.WARNING, strokeDash=[5, 3])
        .encode(x="ceiling:Q")
    )
    words = rule.mark_text(align="left", dx=4, y=8, color=style.WARNING).encode(text=alt.value(_("the policy's")))
    return chart + rule + words
