"""Start the dashboard on the toy with masts: `streamlit run tests/browser/masts_app.py`."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from maps import server

app = st.App("masts_frame.py", routes=server.routes())
