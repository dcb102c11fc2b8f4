"""The start page: what is here, and where to begin."""

import streamlit as st

from seglab.ui.start import path

st.title("seglab")
st.markdown(
    "How segmentation networks work, with every number in sight. Play an operator step by step, point at any cell to see the arithmetic"
    " that made it, change whatever you like. Then train a real U-Net and watch it learn."
)
path()
