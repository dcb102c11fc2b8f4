"""An experiment done again by a press: its runs wait in the store's queue, are measured as they end, and stand beside the shipped ones."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from seglab.train.asked.networks import experiment_rows
from seglab.train.experiment import SEEDS, Experiment
from seglab.train.failure import sentence
from seglab.train.jobs import advance
from seglab.train.limits import most_per_visitor
from seglab.train.queue import MOST_WAITING_PER_VISITOR
from seglab.train.repeated import Repeated, missing, queue_missing, repeated, seconds_each, stop_all
from seglab.train.store import DiskFullError, Store
from seglab.train.study import Row, interval, values
from seglab.ui.addressed import choice, put
from seglab.ui.plain import plain
from seglab.ui.runs import STATUS
from seglab.ui.table import table
from seglab.ui.waiting import arrived, asked

POLL = 1.0  # seconds between looks at runs that are under way
SEED_CHOICES = {"1": "1", "3": "3", "5": "5"}
_SAID = "compare.said"


def repeat_panel(
    store: Store, experiment: Experiment, token: str | None, there: Repeated, shipped: Sequence[Row], own: Sequence[Row]
) -> None:
    """The button with what it costs, what is under way, and the repetition in numbers."""
    st.header("Do it again yourself")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        count = int(choice("Seeds", "seeds", SEED_CHOICES, "5"))
        lacking = missing(there, experiment, SEEDS[:count])
        st.button(
            f"Queue {len(lacking)} runs" if len(lacking) != 1 else "Queue 1 run",
            type="primary",
            icon=":material/playlist_add:",
            key="compare.queue",
            disabled=token is None or not lacking,
            on_click=_queue,
            args=(store, experiment, token, SEEDS[:count]),
        )
        if there.open:
            st.button("Stop them all", icon=":material/stop:", key="compare.stop", on_click=_stop, args=(store, there, token))
    st.markdown(cost(experiment, there, lacking, shipped, count))
    if not there.open:
        st.session_state.pop(_SAID, None)
    elif said := st.session_state.get(_SAID, {}).get(experiment.name):
        st.info(said, icon=":material/playlist_add:")
    if there.open:
        _progress(store, experiment, token)
    _measure(store, there)
    _beside(experiment, shipped, own, there)


def cost(experiment: Experiment, there: Repeated, lacking: Sequence[object], shipped: Sequence[Row], count: int) -> str:
    """How many runs, how long, and what happens with them, before the press."""
    whole = len(experiment.settings(SEEDS[:count]))
    if not lacking:
        waits = " Some are still under way." if there.open else ""
        return f"All {whole} runs of {count} seed{'s' if count > 1 else ''} are yours already.{waits}"
    known = seconds_each(there, shipped)
    at_once = most_per_visitor()
    told = f"{len(lacking)} training{'s' if len(lacking) > 1 else ''} of {experiment.base.steps} steps"
    if known:
        each, here = known
        source = "as yours have taken here" if here else "of one core, as for the shipped set"
        told += f", about {each:.0f} s each {source}: {duration(each * len(lacking) / at_once)} in all"
    one = "one after the other" if at_once == 1 else f"{at_once} at a time"
    done = (
        f" Of {whole}, {whole - len(lacking)} {'are' if whole - len(lacking) > 1 else 'is'} done or under way."
        if len(lacking) < whole
        else ""
    )
    return (
        f"The same configurations, trained on this machine, {one}: {told}.{done} They are runs of yours like any other: the page may be"
        " closed meanwhile, and each can be watched on its own."
    )


def duration(seconds: float) -> str:
    """About how long, in words.

    >>> duration(8), duration(100), duration(600)
    ('8 s', '2 min', '10 min')
    """
    return f"{max(1, round(seconds))} s" if seconds < 60 else f"{round(seconds / 60)} min"


def _queue(store: Store, experiment: Experiment, token: str, seeds: Sequence[int]) -> None:
    queued, why = queue_missing(store, experiment, token, seeds)
    said = f"{queued} run{'s are' if queued != 1 else ' is'} queued."
    if why:
        left = (
            f"{MOST_WAITING_PER_VISITOR} runs of a visitor may wait at a time. Press again when some have ended: the rest is queued then."
        )
        said = f"{said} The others are not: {plain(sentence(why))} {left}"
    st.session_state[_SAID] = {experiment.name: said}


def _stop(store: Store, there: Repeated, token: str) -> None:
    stop_all(store, there, token)


def _progress(store: Store, experiment: Experiment, token: str | None) -> None:
    """How many have ended, kept up to date; the whole page is drawn anew whenever one ends."""
    before = repeated(store, experiment, token)

    @st.fragment(run_every=POLL)
    def look() -> None:
        try:
            for run in before.open.values():
                if run.given and not store.under_way(run):
                    store.mark_lost(run.id, "The worker process ended before the run was done.")
            advance(store)
        except DiskFullError:  # what is under way goes on: the next look tries again
            pass
        now = repeated(store, experiment, token)
        if set(now.open) != set(before.open):
            st.rerun()
        steps = sum(run.step for run in now.runs.values())
        st.progress(min(1.0, steps / max(1, len(now.runs) * experiment.base.steps)), told(now))

    look()


def told(there: Repeated) -> str:
    """How many runs are in which state."""
    counted = [f"{count} {STATUS[status][0]}" for status, count in sorted(there.told.items(), key=lambda pair: pair[0] != "finished")]
    return " · ".join(counted)


def _measure(store: Store, there: Repeated) -> None:
    """Let a worker measure the runs that have ended since the last look, and draw the page anew."""
    waiting = [run.id for run in there.unmeasured]
    if not waiting:
        return
    question = tuple((run.id, run.updated) for run in there.unmeasured)
    answer = asked("compare.rows", question, lambda: experiment_rows(store, waiting))
    if arrived(answer, f"A worker measures {len(waiting)} run{'s' if len(waiting) > 1 else ''} that ended…") is not None:
        st.rerun()


def _beside(experiment: Experiment, shipped: Sequence[Row], own: Sequence[Row], there: Repeated) -> None:
    """Means of the shipped set and of the visitor's runs, beside each other."""
    for setting, why in there.refused.items():
        st.warning(
            f"{experiment.title(setting.arm, setting.x)}, seed {setting.seed}, could not be measured: {plain(why)}",
            icon=":material/warning:",
        )
    if not own:
        return
    measure = experiment.study.measures[0]
    lines = []
    for arm, x in experiment.shown.values():
        theirs, mine = (list(values(rows, measure.name, arm, x).values()) for rows in (shipped, own))
        cells = [
            f"{measure.spread(interval(found)) if len(found) > 1 else measure.told(found[0])} ({len(found)})" if found else "–"
            for found in (theirs, mine)
        ]
        lines.append([experiment.title(arm, x), *cells])
    table(["network", f"{measure.title}, shipped (seeds)", "yours (seeds)"], lines, "The shipped set and your runs")
    newest = sorted(there.finished.items(), key=lambda pair: pair[0].seed)[: len(experiment.shown)]
    st.button(
        "Lay your runs over each other",
        icon=":material/show_chart:",
        key="compare.own",
        on_click=put,
        kwargs={"part": "runs", "runs": ",".join(run.id for _, run in newest[:5])},
    )
