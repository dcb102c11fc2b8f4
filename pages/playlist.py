"""The playlist of a lecture: put together, taken along, played."""

import streamlit as st

from seglab.ui.playlist_page import playlist_panel

st.title("Playlist")
st.markdown("Pages of this app, each as it stood when it was added, in the order of your lecture.")
playlist_panel()
