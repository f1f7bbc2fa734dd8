"""Start the dashboard: `streamlit run app.py`, then open the address that is printed."""

import streamlit as st

from maps import server

app = st.App("maps/frame.py", routes=server.routes())
