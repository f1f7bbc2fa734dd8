"""Pictures drawn on the server: map tiles of places, and mobile coverage as an image. No folium, no Streamlit."""
