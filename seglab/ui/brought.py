"""Weights that were taken along come back as a run: to look at, to use, to train further."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from seglab.train.asked.weights import import_weights
from seglab.train.store import Store
from seglab.ui.runs import open_run
from seglab.ui.uploaded import WEIGHTS, one_file
from seglab.ui.waiting import arrived, asked


def bring_weights(store: Store, token: str | None) -> None:
    """A file of weights from this or another seglab, checked name by name before it becomes a run of this browser."""
    bring = st.expander("Bring weights along", icon=":material/upload_file:", key="weights.bring", on_change="rerun")
    if not bring.open:
        return
    with bring:
        st.caption(
            "A safetensors file that **Take along** gave. Names and shapes are checked; pickles (.pt) are never opened. It becomes a run,"
            " and is kept as long as one."
        )
        file = one_file("Weights", ["safetensors", "pt", "pth"], WEIGHTS, "weights", disabled=token is None)
        if file is None or token is None:
            return
        data = file.getvalue()
        question = sha256(data).hexdigest(), token
        answer = asked("import", question, lambda: import_weights(store, data, token, file.name))
        if (run := arrived(answer, "A worker is checking it…")) is not None:
            name = store.run(run).name
            st.button(f"Open {name}", icon=":material/open_in_new:", on_click=open_run, args=(run,), key="weights.open")
