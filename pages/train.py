"""A U-Net, live: train it, watch it, give it a picture."""

import streamlit as st

from seglab.ui.brought import bring_weights
from seglab.ui.form import preview, start_form
from seglab.ui.links import in_lecture
from seglab.ui.owner import owner_token
from seglab.ui.results import results
from seglab.ui.runs import chosen_run, explain, open_store, own_runs, tell_refusal
from seglab.ui.watch import watch

st.title("A U-Net, live")
st.markdown("Train a small U-Net to tell things apart, pixel by pixel, and watch its mistakes go. Then give it a picture of your own.")
store, token = open_store(), owner_token()
tell_refusal()
run = chosen_run(store)
if run is None:
    preview(store, start_form(store, token))
else:
    watch(store, run, None if in_lecture() else token)  # in a lecture also the owner only watches
    results(store, run)
if not in_lecture():
    explain()
    own_runs(store, token, run)
    bring_weights(store, token)
