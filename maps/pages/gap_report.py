"""Gap report: what a telecom partner takes home, for chosen municipalities, areas and technology."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import session, style
from maps.pages import downloads, map_view


def render() -> None:
    """Draw the page."""
    view = session.current()
    assessment = view.assessment
    st.title("Gap report")
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        codes, technology = _filters(assessment)
        found = _matching(assessment, codes, technology)
        chosen = _table(assessment, found)
    with right:
        st.subheader("What the report holds")
        st.markdown(_sentence(assessment, found, chosen, codes))
        if found.empty:
            st.info("No project area matches. Choose other municipalities or another technology.")
        else:
            downloads.buttons(assessment, "gap", municipality=codes, area=chosen, technology=technology)
        st.caption("A file is made when its button is pressed; large studies take some seconds.")
    if not found.empty:
        focus = found[found["area_id"].isin(chosen)] if chosen else found
        st.subheader("Where they lie")
        map_view.show(
            view,
            key="gap-report-map",
            height=400,
            places=None,
            dots=True,
            focus=focus,
            mark=focus.geometry if chosen else None,
        )


def _filters(assessment: Assessment) -> tuple[tuple[str, ...], str | None]:
    names = assessment.municipalities.set_index("municipality_code")["name"].sort_values()
    one, two = st.columns([2, 1])
    codes = one.multiselect(
        "Municipalities",
        list(names.index),
        format_func=lambda code: names[code],
        placeholder="all",
        key="gap-report-municipalities",
    )
    built = sorted(set(assessment.areas["technology"].dropna()))
    technology = two.selectbox(
        "Technology",
        [None, *built],
        format_func=lambda code: "any" if code is None else style.word(code),
        key="gap-report-technology",
    )
    return tuple(codes), technology


def _matching(assessment: Assessment, codes: tuple[str, ...], technology: str | None) -> pd.DataFrame:
    found = assessment.areas
    if codes:
        found = found[found["municipality_code"].isin(codes)]
    if technology:
        found = found[found["technology"] == technology]
    return found.sort_values("rank").reset_index(drop=True)


def _table(assessment: Assessment, found: pd.DataFrame) -> tuple[str, ...]:
    """Draw the areas; return the ids of the rows that are picked."""
    currency = assessment.study.currency
    names = assessment.municipalities.set_index("municipality_code")["name"]
    shown = pd.DataFrame(
        {
            "rank": found["rank"],
            "area": found["name"],
            "premises": found["premises"],
            "businesses": found["businesses"],
            "technology": found["technology"].map(style.word),
            "route": found["route_m"] / 1000,
            "investment": found["capex"] / session.MILLION,
            "gap": found["funding_gap_p50"] / session.MILLION,
            "municipality": found["municipality_code"].map(names),
            "id": found["area_id"],
        }
    )
    whole = st.column_config.NumberColumn
    with_businesses = assessment.areas["businesses"].any()
    event = st.dataframe(
        shown,
        hide_index=True,
        height=min(430, 38 + 35 * len(shown)),
        on_select="rerun",
        selection_mode="multi-row",
        key="gap-report-table",
        column_config={
            "rank": whole("#", width=45),
            "area": st.column_config.TextColumn("Area", width=165),
            "municipality": st.column_config.TextColumn("Municipality"),
            "premises": whole("Premises", format="%.0f", width=75),
            "businesses": whole("Businesses", format="%.0f", width=85) if with_businesses else None,
            "technology": st.column_config.TextColumn("Technology", width=75),
            "route": whole("Route, km", format="%.1f", width=75),
            "investment": whole(f"Cost, M {currency}", format="%.2f", width=95),
            "gap": whole(f"Gap, M {currency}", format="%.2f", width=95, help="Funding gap, P50"),
            "id": st.column_config.TextColumn("Area id"),
        },
    )
    rows = event["selection"]["rows"] if event else []
    return tuple(found["area_id"].iloc[[row for row in rows if row < len(found)]])


def _sentence(assessment: Assessment, found: pd.DataFrame, chosen: tuple[str, ...], codes: tuple[str, ...]) -> str:
    """Say in words what the files will hold."""
    picked = found[found["area_id"].isin(chosen)] if chosen else found
    currency, study = assessment.study.currency, assessment.study
    names = assessment.municipalities.set_index("municipality_code")["name"]
    where = ", ".join(names[code] for code in codes) or f"all of {study.name}"
    premises, businesses = picked["premises"].sum(), picked["businesses"].sum()
    told = f", {style.number(businesses, digits=3)} of them businesses" if assessment.areas["businesses"].any() else ""
    need = style.money(picked["funding_gap_p50"].sum(), currency)
    return (
        f"**{style.number(len(picked))} project areas** in {style.plain(where)}: "
        f"{style.number(premises, digits=3)} premises{told}; "
        f"{style.plain(style.length(picked['route_m'].sum()))} of route; "
        f"investment {style.plain(style.money(picked['capex'].sum(), currency))}, "
        f"funding gap about {style.plain(need)}.\n\n"
        f"{style.plain(style.status(study.data_status))}, as of {study.as_of:%Y\\-%m\\-%d}, "
        f"policy {style.plain(assessment.policy.id)}. "
        "The funding gap is a planning estimate; the grant is set by competition."
    )
