"""What is stored of a visitor, where, for how long, and for whose eyes."""

import streamlit as st

from seglab.ui.privacy import privacy_note

st.title("Privacy")
st.markdown("seglab asks for no name. What you leave on this server goes again by itself, and nothing goes anywhere else.")
privacy_note()
