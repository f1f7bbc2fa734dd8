"""Start the dashboard: `streamlit run app.py`, then open the address that is printed."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from maps import server

# The frame names its pages itself. Left unset, Streamlit takes the folder `maps/pages` for pages of its older
# kind, and the first visitor of a fresh server who follows a link to a page sees that file alone: nothing.
PagesManager.uses_pages_directory = False

app = st.App("maps/frame.py", routes=server.routes())
