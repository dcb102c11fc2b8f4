"""The start page: what is here, and where to begin."""

import streamlit as st

from seglab.ui.frame import card

st.title("seglab")
st.markdown(
    "How segmentation networks work, with every number in sight. Play an operator step by step, point at any cell to see the arithmetic"
    " that made it, change whatever you like. Then train a real U-Net and watch it learn."
)
first, second = st.columns(2), st.columns(2)
with first[0]:
    card(
        "convolution",
        "Convolution",
        "Many cells become one. Kernels that find edges, on numbers and on a photograph; padding, stride, dilation, bias, activation.",
        "about 15 minutes",
    )
with first[1]:
    card(
        "transposed_convolution",
        "Transposed convolution",
        "Each input value stamps the kernel on the output; overlaps add. Eleven stops, from one stamp to the checkerboard.",
        "about 15 minutes",
    )
with second[0]:
    card(
        "output_size",
        "Output size",
        "Where does the window fit? One formula for each layer, and the question turned around: which settings take 7 to 14?",
        "about 10 minutes",
    )
with second[1]:
    card(
        "train",
        "A U-Net, live",
        "Train a small network on generated cells in half a minute, then segment a picture of your own.",
        "about 5 minutes",
    )
