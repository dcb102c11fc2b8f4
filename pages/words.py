"""The glossary as a page."""

import streamlit as st

from seglab.ui.words import look_up

st.title("Words")
st.markdown(
    "What the words of the field mean, what else they are called, and what the [lecture decks](./decks) (N, K, D, F, P) say for them."
)
look_up()
