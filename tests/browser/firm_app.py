"""Start the real dashboard on the toy that the model ranks: `streamlit run tests/browser/firm_app.py`."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from maps import server

app = st.App("firm_frame.py", routes=server.routes())
