"""Small parts that several pages are made of."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def headline(figures: Iterable[tuple[str, str, str]]) -> None:
    """Draw figures side by side, as many to a line as fit: label, value, and what the reader should know of it."""
    with st.container(horizontal=True, gap="large"):
        for label, value, about in figures:
            st.metric(label, value, help=about or None, width="content")
