"""A run as it is watched: its state and buttons, its curves and pictures, and, once it has ended, a slider that plays it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from seglab.nets.choices import FUSED
from seglab.train.config import TrainConfig
from seglab.train.jobs import look_after, resume_run
from seglab.train.store import DiskFullError, NotFoundError, Point, Run, Store
from seglab.ui.charts import chart
from seglab.ui.live import crowded
from seglab.ui.live_view import listens, show_live
from seglab.ui.run_words import facts, stage, waiting
from seglab.ui.runs import STATUS, known_classes, open_run, refusal, refuse
from seglab.ui.seen import INSIDE, PREDICTIONS, figures, legend, show

POLL = 0.35  # seconds between looks at a run that is under way, where the browser is not told of it
POLL_QUEUED = 1.0  # where it waits, or where so many watch that no more can be told
TAKEN_WAIT, FIRST_WAIT = 0.4, 0.6  # seconds that the page, and then its curve, waits for a run's first point
RATES = [a * 10.0**b for b in range(-5, 0) for a in (1, 2, 5)] + [1.0]


def watch(store: Store, run: Run, token: str | None) -> None:
    """The run's state and buttons; below them its curves and pictures, kept up to date while it is under way.

    The controls stand outside the part that renews itself: a press in the moment of a renewal would be lost there.
    """
    run = _taken(store, run)
    told, icon = STATUS[run.status]
    place, saved = waiting(store, run), store.weights(run.id).exists()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/{icon}: **{told.capitalize()}{place}**", width="stretch")
        if store.owns(run.id, token):
            _buttons(store, run, token)
        else:
            st.markdown(":material/visibility: You are watching", width="content")
    if run.message:
        st.warning(f"{run.message} {_advice(run, saved)}", icon=":material/warning:")
    view, block = _choice(store, run, token)

    if listens(run):
        show_live(store, run, view, block)
    else:
        _look(store, run, view, block)


def _look(store: Store, run: Run, view: str, block: str) -> None:
    """The run's numbers, curves and pictures; where the browser is not told of them, looked up again and again while it is under way."""
    drawn = stage(store, run)

    @st.fragment(run_every=_pace(run))
    def looked() -> None:
        try:
            now = _latest(store, run.id)
        except NotFoundError:
            st.rerun()
        # The rest of the page follows: buttons, timer, and the pictures that can be tried once there are weights. Before anything is drawn:
        # pictures that are replaced at once are gone from the server when a slow browser asks for them.
        if drawn != stage(store, now):
            st.rerun()
        points = store.points(now.id) or (_first_points(store, now.id, FIRST_WAIT) if now.given else [])
        st.markdown(facts(now, points))
        left, right = st.columns([1.15, 1])
        with right:
            step = None if now.open else _replayed(store, now)
            _seen(store, now, step, view, block)
        with left:
            chart(points, now.config, len(known_classes(now)[0]), step)

    looked()


def _pace(run: Run) -> float | None:
    if not run.open:
        return None
    return POLL_QUEUED if run.status == "queued" or crowded() else POLL


def _taken(store: Store, run: Run) -> Run:
    """The run once it has its first point, so that the page is not drawn twice in the moment that takes; or as it is after a while."""
    if run.given:
        _first_points(store, run.id, TAKEN_WAIT)
    with suppress(NotFoundError):  # deleted meanwhile: the look that follows says so
        run = store.run(run.id)
    return run


def _choice(store: Store, run: Run, token: str | None) -> tuple[str, str]:
    """What is looked at, and for the owner of an open run how large its steps are."""
    rate_column, view_column, block_column = st.columns([1.15, 0.6, 0.4], vertical_alignment="bottom")
    if run.open and store.owns(run.id, token):
        with rate_column:
            _rate_slider(store, run, token)
    view = view_column.segmented_control("Look at", (PREDICTIONS, INSIDE), default=PREDICTIONS, key="view", required=True) or PREDICTIONS
    names = blocks(run.config)
    block = block_column.selectbox("Block", names, key=f"block.{run.config.kind}.{len(names)}") if view == INSIDE else names[0]
    return view, block


def blocks(config: TrainConfig) -> list[str]:
    """The blocks of a run's network by name, from image to mask, as its snapshots have them.

    >>> blocks(TrainConfig(depth=1)), blocks(TrainConfig(depth=2, kind="fcn16s"))
    (['encoder 1', 'bottleneck', 'decoder 1'], ['encoder 1', 'encoder 2', 'bottleneck', 'scores 1', 'scores 2'])
    """
    encoder = [f"encoder {n}" for n in range(1, config.depth + 1)]
    if config.kind in FUSED:
        return [*encoder, "bottleneck", *(f"scores {n}" for n in range(1, FUSED[config.kind] + 2))]
    decoder = [f"decoder {n}" for n in range(config.depth, 0, -1)]
    return [*encoder, *([] if config.kind == "segnet" else ["bottleneck"]), *decoder]


def _rate_slider(store: Store, run: Run, token: str | None) -> None:
    now = run.learning_rate or run.config.learning_rate
    options = sorted({*RATES, run.config.learning_rate, now})

    def change() -> None:
        try:
            store.set_learning_rate(run.id, st.session_state[key], token)
        except (ValueError, OSError, NotFoundError) as error:
            refuse(error)

    key = f"rate.{run.id}"
    told = "The highest step size from now on; warm-up and schedule still apply. It may be moved while the network trains."
    st.select_slider("Learning rate", options, now, format_func=lambda value: f"{value:g}", key=key, help=told, on_change=change)


def _replayed(store: Store, run: Run) -> int | None:
    """The step that is looked at again, chosen on a slider; None where there is but one."""
    steps = store.snapshot_steps(run.id)
    if len(steps) < 2:
        return None
    return st.select_slider("Play the training again, step by step", steps, steps[-1], key=f"replay.{run.id}.{steps[-1]}")


def _seen(store: Store, run: Run, step: int | None, view: str, block: str) -> None:
    snapshot = store.snapshot(run.id, step)
    if snapshot is None:
        st.caption("The first pictures come with the first steps.")
        return
    known = known_classes(run)
    show(figures(snapshot, known, view, block))
    if view == PREDICTIONS:
        legend(known)


def _first_points(store: Store, identity: str, patience: float) -> Sequence[Point]:
    """The first point as soon as it is there; drawing an empty chart again and again meanwhile would only hold up the worker."""
    until = time.monotonic() + patience
    while not (points := store.points(identity)) and time.monotonic() < until:
        time.sleep(0.01)
    return points


def _latest(store: Store, identity: str) -> Run:
    """The run as it is now, looked after."""
    try:
        return look_after(store, identity)
    except DiskFullError as error:  # it cannot be marked: the next look tries again
        st.warning(refusal(error), icon=":material/hard_drive:")
    return store.run(identity)


def _advice(run: Run, saved: bool) -> str:
    if run.status != "lost":
        return ""
    told = "It can be resumed from its last checkpoint." if saved else "It had not been saved yet: resumed, it begins anew."
    killed = " The machine may have run out of memory: a smaller crop, batch, width or depth needs less."
    return told + (killed if "(signal 9)" in run.message else "")


def _buttons(store: Store, run: Run, token: str | None) -> None:
    def button(label: str, icon: str, act: str) -> None:
        st.button(label, icon=f":material/{icon}:", key=f"run.{act}", on_click=_act, args=(store, run.id, token, act))

    if run.status == "running":
        button("Pause", "pause", "pause")
    if run.status in ("paused", "lost", "failed") or (run.status == "stopped" and run.step < run.config.steps):
        button("Resume" if run.step else "Start", "play_arrow", "resume")
    if run.status == "paused":
        button("One step", "skip_next", "step")
    if run.open:
        button("Stop", "stop", "stop")
    else:
        if run.status != "finished" and run.step:
            button("Reset", "restart_alt", "reset")
        button("New run", "add", "new")


def _act(store: Store, identity: str, token: str | None, act: str) -> None:
    try:
        if act == "new":
            open_run(None)
        elif act == "resume":
            resume_run(store, identity, token)
        elif act == "reset":
            store.reset(identity, token)
        else:
            store.wish(identity, act, token)
    except (ValueError, OSError, NotFoundError) as error:
        refuse(error)
