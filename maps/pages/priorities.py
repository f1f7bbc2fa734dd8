"""Priorities: the ranked list under a budget, how certain it is, and why an area stands where it stands."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage import pipeline
from coverage.assessment import Assessment
from maps import charts, session, style
from maps.pages import downloads, map_view, parts
from maps.session import MILLION, Key, View

CAUSES = {
    "unit_cost": "unit costs",
    "rock_share": "rock in the ground",
    "take_up": "take-up",
    "wacc": "cost of capital",
}
SHADES = {"fund": "#dcefec", "reserve": "#ffffff", "ineligible": "#f1f3f4"}


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title("Priorities")
    if assessment.areas.empty:
        st.info(
            "No place is eligible under this policy, so there is nothing to rank. Choose another policy in the sidebar."
        )
        return
    _budget(assessment)
    _figures(assessment)
    chosen = _table(assessment)
    if chosen is not None:
        _area(assessment, chosen)
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        _curve(assessment)
        _swings(assessment)
    with right:
        _map(view, chosen)


def _budget(assessment: Assessment) -> None:
    """Draw the slider; moving it decides at once."""
    currency = assessment.study.currency
    total = assessment.areas["grant"].sum() / MILLION
    budget = assessment.scenario.budget / MILLION
    top = float(max(round(min(total, max(4 * assessment.study.budget / MILLION, budget)), 1), budget, 1.0))
    st.session_state[Key.BUDGET_SLIDER] = min(budget, top)
    st.slider(
        f"Budget, M{style.THIN}{currency}",
        0.0,
        top,
        step=0.5 if top < 200 else 5.0,
        key=Key.BUDGET_SLIDER,
        on_change=session.set_budget_from(Key.BUDGET_SLIDER),
        help=f"All areas together would take {style.money(total * MILLION, currency)} in grants.",
    )


def _figures(assessment: Assessment) -> None:
    areas, currency = assessment.areas, assessment.study.currency
    funded = areas[areas["decision"] == "fund"]
    ranked = areas[areas["ranked_decision"] == "fund"]
    reached = ranked["premises"].sum()
    gap = style.money(funded["funding_gap_p50"].sum(), currency)
    gaps = f"State and county money in a funding gap of {gap}, the sum of the areas' P50."
    cut = "Down the list by score until the money is gone. The funded set is the best one that fits the budget."
    parts.headline(
        [
            ("areas funded", style.number(len(funded)), ""),
            *(
                (f"{name} reached", style.number(funded[column].sum(), digits=3), "")
                for name, column in (("businesses", "businesses"), ("homes", "households"))
                if areas[column].any()  # else the study tells no such premises
            ),
            ("their grants", style.money(funded["grant"].sum(), currency), gaps),
            ("plain ranked cut instead", f"{len(ranked)} areas, {style.number(reached, digits=3)} premises", cut),
        ]
    )


def _table(assessment: Assessment) -> str | None:
    """Draw the ranked list; return the id of the row that is picked."""
    frame = assessment.areas.sort_values("rank").reset_index(drop=True)
    currency = assessment.study.currency
    names = assessment.municipalities.set_index("municipality_code")["name"]
    shown = pd.DataFrame(
        {
            "rank": frame["rank"],
            "area": frame["name"],
            "score": frame["score"],
            "decision": list(map(style.decision, frame["decision"], frame["grant"])),
            "certainty": frame["certainty"],
            "draws": 100 * frame["funded_share"],
            "premises": frame["premises"],
            "businesses": frame["businesses"],
            "need": [
                style.money_range(low, high, "").strip(style.THIN)
                for low, high in zip(frame["funding_gap_p10"], frame["funding_gap_p90"], strict=True)
            ],
            "grant": frame["grant"] / MILLION,
            "each": frame["grant_per_premises"] / 1000,
            "technology": frame["technology"].map(style.word),
            "ceiling": frame["over_ceiling"],
            "municipality": frame["municipality_code"].map(names),
            "id": frame["area_id"],
        }
    )
    # Areas that need no grant are in however low they stand: they do not move the line.
    inside = frame["cumulative_grant"] <= assessment.scenario.budget
    line = frame.loc[inside & (frame["ranked_decision"] == "fund"), "rank"].max()
    told = f"The plain ranked cut reaches down to rank {int(line)}." if pd.notna(line) else "The budget funds no area."
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{told} Shaded rows are funded.{_free(frame)} Pick a row to see why it stands where it stands.")
        with st.container(horizontal=True, width="content"):
            downloads.buttons(assessment, "priority", short=True)
    number = st.column_config.NumberColumn
    text = st.column_config.TextColumn
    with_businesses = assessment.areas["businesses"].any()
    event = st.dataframe(
        shown.style.apply(
            lambda row: [f"background-color: {SHADES[frame['decision'].iloc[row.name]]}"] * len(row), axis=1
        ),
        hide_index=True,
        height=min(470, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="single-row",
        key="priorities-table",
        column_config={
            "rank": number("#", width=45),
            "area": text("Area", width="medium"),
            "municipality": text("Municipality"),
            "decision": text("Decision", width=140, help="From the best set under the budget"),
            "certainty": text(
                "Certainty", width=80, help="Funded in 90 % of draws or more: safe yes; 10 % or less: safe no"
            ),
            "draws": number("Draws", format="%.0f %%", width=65, help="Share of the draws in which the area is funded"),
            "premises": number("Premises", format="%.0f", width=75),
            "businesses": number("Businesses", format="%.0f", width=85) if with_businesses else None,
            "need": text(f"Need, {currency}", width=95, help="Funding gap, P10 to P90"),
            "grant": number(f"Grant, M {currency}", format="%.2f", width=100),
            "each": number("Each, k", format="%.1f", width=70, help=f"Grant per premises, thousand {currency}"),
            "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%.0f", width=110),
            "technology": text("Technology"),
            "ceiling": st.column_config.CheckboxColumn(
                "Over ceiling", help="Costs more per premises than the policy's ceiling"
            ),
            "id": text("Area id"),
        },
    )
    rows = [row for row in (event["selection"]["rows"] if event else []) if row < len(frame)]
    return str(frame["area_id"].iloc[rows[0]]) if rows else None


def _free(frame: pd.DataFrame) -> str:
    """Say how many funded areas stand in the list without asking for money."""
    count = int(((frame["decision"] == "fund") & (frame["grant"] == 0)).sum())
    return f" {count} of them need no grant: in half of the draws or more, revenue pays for them." if count else ""


def _curve(assessment: Assessment) -> None:
    st.subheader("Premises reached against money")
    ranked = assessment.areas[assessment.areas["decision"] != "ineligible"].sort_values("rank")
    ranked = ranked.assign(cumulative_premises=ranked["premises"].cumsum())
    funded = assessment.areas[assessment.areas["decision"] == "fund"]
    chosen = (float(funded["grant"].sum()), float(funded["premises"].sum()))
    budget, currency = assessment.scenario.budget, assessment.study.currency
    # Far beyond the budget the curve says nothing to this decision.
    near = ranked["cumulative_grant"] <= max(5 * budget, float(ranked["cumulative_grant"].head(6).max()))
    ranked = ranked[near]
    chart = charts.curve(ranked.drop(columns="geometry"), budget=budget, chosen=chosen, currency=currency)
    st.altair_chart(chart, width="stretch")
    st.caption("Grey: down the ranked list. Dot: the best set that the budget buys.")


def _swings(assessment: Assessment) -> None:
    st.subheader("What the funding gap hangs on")
    frame = pipeline.swings(assessment)
    chart = charts.swings(frame.assign(cause=frame["group"].map(CAUSES)), currency=assessment.study.currency)
    st.altair_chart(chart, width="stretch")
    st.caption(
        "Each at its low and its high end in turn, the rest as the cost book has it (line), in all areas at once."
    )


def _area(assessment: Assessment, area_id: str) -> None:
    """Draw what is known of one area: its score by criterion, who pays, and the cost lines."""
    area = assessment.areas[assessment.areas["area_id"] == area_id].iloc[0]
    currency, decision = assessment.study.currency, style.decision(area["decision"], area["grant"])
    st.subheader(f"{style.plain(area['name'])}: rank {area['rank']}, {decision} ({area['certainty']})")
    one, two, three = st.columns([1.2, 1, 1.5], gap="medium")
    with one:
        st.caption("Score by criterion")
        rows = [(c.label.get("en", c.id), float(area[f"score_{c.id}"]), c.weight) for c in assessment.policy.criteria]
        weights = dict(assessment.scenario.weights)
        ids = [c.id for c in assessment.policy.criteria]
        frame = pd.DataFrame(rows, columns=["criterion", "score", "weight"])
        frame["weight"] = [weights.get(name, weight) for name, weight in zip(ids, frame["weight"], strict=True)]
        st.altair_chart(charts.scores(frame), width="stretch")
    with two:
        st.caption("Who pays the funding gap (P50)")
        shares = {
            "state": "state_share",
            "county": "county_share",
            "municipality": "municipal_share",
            "private": "private_share",
        }
        pairs = [(who, style.money(area[column], currency)) for who, column in shares.items() if area[column] > 0]
        pairs.append(("funding gap", style.money(area["funding_gap_p50"], currency)))
        pairs.append(("P10–P90", style.money_range(area["funding_gap_p10"], area["funding_gap_p90"], currency)))
        pairs.append(("investment", style.money(area["capex"], currency)))
        if area["technology"] == "fibre":
            pairs.append(("route", style.length(area["route_m"])))
        cells = "".join(f"<dt>{style.escape(k)}</dt><dd>{style.escape(v)}</dd>" for k, v in pairs)
        st.html(f'<div class="bg-panel"><dl>{cells}</dl></div>')
        st.caption(_neighbours(assessment, area))
    with three:
        st.caption("Cost lines; “assumed” figures are general knowledge that the county must confirm")
        lines = assessment.cost_lines
        mine = lines[(lines["area_id"] == area_id) & (lines["technology"] == area["technology"])]
        columns = ["item", "quantity", "unit", "unit_cost", "amount", "confidence", "source"]
        st.dataframe(
            mine[columns],
            hide_index=True,
            height=230,
            column_config={
                "quantity": st.column_config.NumberColumn(format="localized"),
                "unit_cost": st.column_config.NumberColumn("unit cost", format="localized"),
                "amount": st.column_config.NumberColumn(f"amount, {currency}", format="localized"),
            },
        )


def _neighbours(assessment: Assessment, area: pd.Series) -> str:
    """Say what stands above and below in the list."""
    by_rank = assessment.areas.set_index("rank")
    said = []
    for rank, word in ((area["rank"] - 1, "Above"), (area["rank"] + 1, "Below")):
        if rank in by_rank.index:
            other = by_rank.loc[rank]
            score = style.plain(style.number(other["score"], digits=3))
            said.append(f"{word}: {style.plain(other['name'])} (score {score})")
    return ". ".join(said) + "."


def _map(view: View, chosen: str | None) -> None:
    areas = view.assessment.areas
    st.subheader("Where the money goes")
    focus = areas[areas["area_id"] == chosen] if chosen else areas[areas["decision"] == "fund"]
    mark = focus.geometry if chosen else None
    map_view.show(
        view, key="priorities-map", height=420, places=None, dots=True, focus=focus if len(focus) else None, mark=mark
    )
