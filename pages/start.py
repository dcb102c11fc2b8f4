"""The start page: what is here, and where to begin."""

import streamlit as st

from seglab.ui.frame import card

st.title("seglab")
st.markdown(
    "How segmentation networks work, with every number in sight. Play an operator step by step, point at any cell to see the arithmetic"
    " that made it, change whatever you like. Then train a real U-Net and watch it learn."
)
left, middle, right = st.columns(3)
with left:
    card(
        "transposed_convolution",
        "Transposed convolution",
        "Each input value stamps the kernel on the output; overlaps add. Eleven stops, from one stamp to the checkerboard.",
        "about 15 minutes",
    )
with middle:
    card(
        "output_size",
        "Output size",
        "Where does the window fit? One formula for each layer, and the question turned around: which settings take 7 to 14?",
        "about 10 minutes",
    )
with right:
    card(
        "train",
        "A U-Net, live",
        "Train a small network on generated cells in half a minute, then segment a picture of your own.",
        "about 5 minutes",
    )
