"""The app: pages in the order of the lessons, and a sidebar that puts each lesson's last state back."""

import streamlit as st

from seglab.ui.frame import frame

PAGES = {
    "start": st.Page("pages/start.py", title="Start", default=True),
    "convolution": st.Page("pages/convolution.py", title="Convolution"),
    "transposed_convolution": st.Page("pages/transposed_convolution.py", title="Transposed convolution"),
    "output_size": st.Page("pages/output_size.py", title="Output size"),
    "train": st.Page("pages/train.py", title="A U-Net, live"),
}

page = st.navigation(list(PAGES.values()), position="hidden")
frame(page, PAGES)
page.run()
