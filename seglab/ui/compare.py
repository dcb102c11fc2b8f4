"""The panel of the page Compare: experiments with their figures, or any runs laid over each other."""

from __future__ import annotations

import streamlit as st

from seglab.train.jobs import advance
from seglab.train.store import DiskFullError, Store
from seglab.ui.addressed import choice, given, put
from seglab.ui.compare_curves import curves_panel
from seglab.ui.compare_experiment import experiment_panel
from seglab.ui.compare_pictures import pictures_panel
from seglab.ui.compare_subjects import MOST, first_keys, keys_of, named, offered, read_subjects, refused, wanted
from seglab.ui.compare_table import numbers_panel
from seglab.ui.owner import owner_token
from seglab.ui.runs import open_store

EXPERIMENT, RUNS = "experiments", "runs"
# The dark theme's accent is light: words on it have to be dark.
_DARK = '<style>[data-testid="stMultiSelect"] span[title], [data-testid="stMultiSelect"] span[title] ~ * { color: #0b0d10; }</style>'
POLL = 1.0  # seconds between looks at runs that are under way


def compare_panel() -> None:
    """Everything between the title and the questions."""
    first = RUNS if given("runs") and not given("experiment") else EXPERIMENT
    part = choice("Part", "part", {EXPERIMENT: "Experiments", RUNS: "Runs"}, first, hidden=True)
    if part == RUNS:
        runs_panel(open_store(), owner_token())
    else:
        experiment_panel()


def runs_panel(store: Store, token: str | None) -> None:
    """The runs that the address names, over each other; those under way are followed."""
    keys = _chosen(store, token)
    subjects, said = read_subjects(store, keys, token)
    refused(said, bool(subjects))
    if not subjects:
        st.info("Choose one or more runs above; the shipped ones are there for everybody.", icon=":material/arrow_upward:")
        return
    over = choice("Over", "over", {"steps": "Steps", "seconds": "Seconds"}, "steps")
    names, open_before = named(subjects), [subject.status for subject in subjects]
    under_way = any(subject.open for subject in subjects)

    @st.fragment(run_every=POLL if under_way else None)
    def live() -> None:
        now, _ = read_subjects(store, keys, token)
        if under_way:
            _go_on(store)
        if [subject.status for subject in now] != open_before:
            st.rerun()
        curves_panel(now, names, over)
        numbers_panel(now, names)

    live()
    pictures_panel(subjects, names, lambda: read_subjects(store, keys, token)[0], POLL if under_way else None)


def _go_on(store: Store) -> None:
    """Let the next waiting run begin where there is a place."""
    try:
        advance(store)
    except DiskFullError:  # what is under way goes on: the next look tries again
        return


def _chosen(store: Store, token: str | None) -> list[str]:
    """The control that chooses runs, whose value is the address."""
    if st.context.theme.type == "dark":
        st.html(_DARK)
    now = wanted() or first_keys(store, token)
    words = offered(store, token, now)
    st.session_state["compare.runs"] = now
    st.multiselect(
        f"Runs, {MOST} at most",
        list(words),
        format_func=lambda key: words.get(key, key),
        key="compare.runs",
        max_selections=MOST,
        accept_new_options=True,
        placeholder="Choose, or paste a run’s link",
        on_change=_write,
    )
    return now


def _write() -> None:
    keys = keys_of(st.session_state["compare.runs"])
    put(part=RUNS, runs=",".join(keys), one="", other="")
