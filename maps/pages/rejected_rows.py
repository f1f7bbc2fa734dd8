"""Rows that could not be used: which, why, and a file with all of them."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from maps import style, words
from maps.language import _
from maps.pages import downloads

SHOWN: Final = 1000


def render(frame: pd.DataFrame, *, name: str) -> None:
    """Draw rejected rows (schemas.REJECTED_COLUMNS) with their reasons in the reader's language, and the download."""
    shown = frame.head(SHOWN)
    said = {text: words.said(str(text)) for text in shown["reason"].unique()}
    st.dataframe(
        shown.assign(value=shown["value"].astype("str"), reason=shown["reason"].map(said)),
        hide_index=True,
        column_config={
            "source": _("source"),
            "row": _("row"),
            "field": _("field"),
            "value": _("value"),
            "reason": _("reason"),
        },
    )
    if len(frame) > SHOWN:
        st.caption(_("The first {count} are shown; the file has them all.", count=style.number(SHOWN)))
    st.download_button(
        _("Rejected rows as CSV"),
        data=lambda: downloads.csv_bytes(frame),
        file_name=f"{name}.csv",
        mime=downloads.MIME["csv"],
        key=f"download-{name}",
        on_click="ignore",
        icon=":material/download:",
    )
