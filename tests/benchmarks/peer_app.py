"""Serve the same places the plain way: folium draws every place, and st_folium hands them over. PEER names how."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from maps import server

app = st.App("peer_frame.py", routes=server.routes())
