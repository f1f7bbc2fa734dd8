"""End a run with one sentence and what to do."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st


def stop(error: Exception, *, help_text: str) -> NoReturn:
    """Show one sentence and what to do, and end the run."""
    st.error(f"{error}", icon=":material/error:")
    st.caption(help_text)
    st.stop()
