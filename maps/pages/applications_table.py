"""Applications beside the model: what vendors ask for, what the model says of the same premises, and where to look."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps import audience, style, work
from maps.language import N_, _
from maps.pages import parts
from maps.session import MILLION, View

ROLE: Final = "applications"
ASKED: Final = "priorities-applications"  # the reader has asked for the table: it takes a while
# coverage.applications.FLAGS
FLAGS: Final = {
    "no_premises": N_("holds no premises"),
    "cost_above": N_("costs more than the model says"),
    "cost_below": N_("costs less than the model says"),
    "gap_above": N_("needs more than the model says"),
    "gap_below": N_("needs less than the model says"),
    "more_than_cost": N_("is given more than it costs"),
    "interest_below": N_("fewer homes are interested than expected"),
    "too_slow": N_("does not deliver the speed"),
    "not_eligible": N_("lists premises that are not eligible"),
    "unlisted": N_("leaves out eligible premises"),
    "outside": N_("lists premises outside its outline"),
    "unmatched": N_("has addresses that were not found"),
    "competes": N_("competes with another application"),
    "no_price_index": N_("is of a year without a price index"),
}
# coverage.applications.MISSING
MISSING: Final = {
    "calculation": N_("calculation"),
    "vendor_share": N_("the vendor's share"),
    "municipal_money": N_("municipal money"),
    "interest": N_("interest of residents"),
    "contact_office": N_("contact office"),
    "outline": N_("outline"),
    "address_list": N_("list of addresses"),
}


def told(assessment: Assessment) -> bool:
    """Say whether the study has applications."""
    return any(source.role == ROLE for source in assessment.study.sources)


def show(view: View) -> None:
    """Draw the table once it is asked for."""
    if audience.withheld(view.assessment):
        return
    if not st.toggle(_("Hold the applications against the model; this takes a while"), key=ASKED):
        return
    table = work.beside(view.assessment, cancelled=lambda: st.session_state.__setitem__(ASKED, False))
    if table.empty:
        st.caption(_("No application is open."))
        return
    assessment = view.assessment
    unit = style.millions(assessment.study.currency)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        parts.written(shown(table, assessment), {"premises": 0, "eligible": 0, "interest": 0, "asked": 2, "grant": 2,
                                                 "cost": 2, "model": 2, "municipal": 2}),
        hide_index=True,
        column_config={
            "application": text(_("Application"), width=150),
            "municipality": text(_("Municipality"), width=120),
            "vendor": text(_("Vendor"), width=110),
            "flags": text(_("To look at"), width=300),
            "missing": text(_("Missing"), width=170),
            "premises": number(_("Premises"), width=75),
            "eligible": number(_("Eligible"), width=80),
            "interest": number(_("Interested"), width=85),
            "cost": number(_("Cost, {money}", money=unit), width=105),
            "model": number(_("Cost by the model, {money}", money=unit), width=170),
            "municipal": number(_("From the municipality, {money}", money=unit), width=170),
            "asked": number(_("Asks for, {money}", money=unit), width=125),
            "grant": number(_("Grant by the model, {money}", money=unit), width=170),
        },
    )  # fmt: skip
    st.caption(
        _(
            "The model prices the same premises as an area of their own, in the technology applied for, "
            "in the study's prices."
        )
    )


def shown(table: pd.DataFrame, assessment: Assessment) -> pd.DataFrame:
    """Return the table in words and millions, as it is drawn."""
    towns = assessment.municipalities.set_index("municipality_code")["name"]
    return pd.DataFrame(
        {
            "application": table["name"].fillna(table["application_id"]),
            "municipality": table["municipality_code"].map(towns),
            "vendor": table["vendor"],
            "flags": [_worded(codes, FLAGS) for codes in table["flags"]],
            "missing": [_worded(codes, MISSING) for codes in table["missing"]],
            "premises": table["premises"],
            "eligible": table["eligible_premises"],
            "interest": table["interest"],
            "cost": table["vendor_cost"] / MILLION,
            "model": table["model_cost"] / MILLION,
            "municipal": table["municipal_money"] / MILLION,
            "asked": table["asked_grant"] / MILLION,
            "grant": table["model_grant"] / MILLION,
        }
    )


def _worded(codes: str, words: dict[str, str]) -> str:
    known = [words[code] for code in codes.split(", ") if code]
    return ", ".join(_(name) for name in known)
