"""Draw the places of a crowd with folium.GeoJson, each as a circle on one canvas."""

import folium
import streamlit as st
from streamlit_folium import st_folium

from maps import layers
from tests.benchmarks import crowd_study

WORST = "#7f2704"


@st.cache_resource
def places() -> str:
    """Return the places as GeoJSON with what a tooltip would show."""
    frame = crowd_study.whole().places[["name", "kind", "tier", "geometry"]].to_crs(4326)
    return str(frame.to_json())


st.set_page_config(layout="wide")
st.title("Places")
shown = layers.OfflineMap(location=(66.0, 13.2), zoom_start=7, prefer_canvas=True, minZoom=5, maxZoom=17)
folium.GeoJson(
    places(),
    marker=folium.CircleMarker(radius=3, weight=0, fill=True, fill_opacity=0.9, fill_color=WORST),
).add_to(shown)
clicked = st_folium(shown, key="map", height=520, use_container_width=True, returned_objects=["last_clicked"])
st.write(clicked)
