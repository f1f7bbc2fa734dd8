"""Start the dashboard: `streamlit run app.py`, then open the address that is printed."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from maps import audience, halt, server, uploads, work

# The frame names its pages itself. Left unset, Streamlit takes the folder `maps/pages` for pages of its older
# kind, and the first visitor of a fresh server who follows a link to a page sees that file alone: nothing.
PagesManager.uses_pages_directory = False


@asynccontextmanager
async def prepared(_: st.App) -> AsyncIterator[None]:
    """Say who may read, and begin to prepare the study, so that the first visitor waits for the rest alone."""
    if told := audience.warning():
        sys.stderr.write(f"{told}\n")
    work.warm_in_background()
    yield
    uploads.remove_all()


app = st.App("maps/frame.py", routes=server.routes(), lifespan=prepared, on_script_error=halt.fault)
