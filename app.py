"""The app: pages in the order of the lessons, and a sidebar that puts each lesson's last state back."""

import streamlit as st

from seglab.ui.frame import frame, pages

PAGES = pages()
page = st.navigation(list(PAGES.values()), position="hidden")
frame(page, PAGES)
page.run()
