"""Serve the real dashboard on a crowd (tests/crowd.py): CROWD is its size as numbers with commas between."""

import sys
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

sys.path.insert(0, str(Path(__file__).parents[2]))

from maps import server

PagesManager.uses_pages_directory = False
app = st.App("crowd_frame.py", routes=server.routes())
