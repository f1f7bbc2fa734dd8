"""What the funding gap of all areas hangs on: unit costs, rock, take-up and the cost of capital, one by one."""

from __future__ import annotations

import streamlit as st

from coverage import pipeline
from coverage.assessment import Assessment
from maps import charts
from maps.language import _
from maps.pages import charted
from maps.words import word


def show(assessment: Assessment) -> None:
    """Draw the tornado: the total at the low and at the high end of each uncertain group."""
    st.subheader(_("What the funding gap hangs on"))
    frame = pipeline.swings(assessment)
    frame = frame.assign(cause=frame["group"].map(word))
    about = _(
        "Each at its low and its high end in turn, the rest as the cost book has it (line), in all areas at once."
    )
    charted.show(
        charts.swings(frame, currency=assessment.study.currency),
        frame.assign(currency=assessment.study.currency),
        about=about,
        columns={"cause": _("cause"), "low": _("low"), "base": _("as the cost book has it"), "high": _("high")},
        name="funding-gap-swings",
        assessment=assessment,
    )
    st.caption(about)
