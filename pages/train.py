"""A U-Net, live: train it, watch it, give it a picture."""

import streamlit as st

from seglab.ui.owner import owner_token
from seglab.ui.runs import chosen_run, explain, open_store, own_runs, preview, start_form, tell_refusal, watch
from seglab.ui.segment import segment_panel

st.title("A U-Net, live")
st.markdown("Train a small U-Net to tell things apart, pixel by pixel, and watch its mistakes go. Then give it a picture of your own.")
store, token = open_store(), owner_token()
tell_refusal()
run = chosen_run(store)
if run is None:
    preview(start_form(store, token))
else:
    watch(store, run, token)
    segment_panel(store, run)
explain()
own_runs(store, token, run)
