"""Which part of which lecture deck is shown where."""

import streamlit as st

from seglab.ui.words import deck_tables

st.title("Lecture decks")
st.markdown("Five lecture decks go along with these lessons. For each of their parts: the lesson and the stop that show it.")
deck_tables()
