"""Start the real dashboard on the hand-made toy instead of a study folder: `streamlit run tests/browser/toy_app.py`."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from maps import halt, server

app = st.App("toy_frame.py", routes=server.routes(), on_script_error=halt.fault)
