"""How a chart stands on a page: told in words, and as a table that can be taken home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from coverage.assessment import Assessment
from maps.language import _
from maps.pages import downloads, parts

OPEN: Final = "table-"  # + name of the chart
LARGE: Final = 1_000  # decimals of such figures say nothing
MOST_ROWS: Final = 1_000  # on screen; the file has all


def show(
    chart: Any,
    table: pd.DataFrame,
    *,
    about: str,
    columns: Mapping[str, Any],
    name: str,
    assessment: Assessment,
) -> None:
    """Draw a chart, and below it a button that opens the same figures as a table, with their CSV.

    `about` says in one sentence what the chart shows, for who cannot see it; `columns` are the table's columns with
    what they are called on screen; `name` is that of the file.
    """
    st.altair_chart(chart.properties(description=about), width="stretch")
    _table(table, about=about, columns=columns, name=name, assessment=assessment)


@st.fragment
def _table(table: pd.DataFrame, *, about: str, columns: Mapping[str, Any], name: str, assessment: Assessment) -> None:
    """Draw the button; nothing of the table is sent before somebody opens it."""
    key = f"{OPEN}{name}"
    with (door := st.popover(_("As a table"), icon=":material/table:", type="tertiary", key=key, on_change="rerun")):
        if not door.open:
            return
        st.caption(about)
        shown = table[list(columns)].head(MOST_ROWS)
        numbers = shown.select_dtypes("number")
        shown.attrs = {}  # what the model keeps there cannot be sent
        st.dataframe(
            parts.written(shown, {name: 0 if column.max() >= LARGE else None for name, column in numbers.items()}),
            hide_index=True,
            column_config=dict(columns),
        )
        downloads.table(assessment, table, name=name, label=_("Download as CSV"))
