"""A run as it is watched: its state and buttons, its curves and pictures, and, once it has ended, a slider that plays it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from seglab.nets.choices import FUSED
from seglab.train.config import TrainConfig
from seglab.train.jobs import advance, resume_run
from seglab.train.queue import behind_own, position
from seglab.train.schedule import seconds_left
from seglab.train.store import DiskFullError, NotFoundError, Point, Run, Store
from seglab.ui.charts import chart
from seglab.ui.runs import STATUS, known_classes, open_run, refusal, refuse
from seglab.ui.seen import inside, predictions

POLL = 0.35  # seconds between looks at a run that is under way
POLL_QUEUED = 1.0
TAKEN_WAIT, FIRST_WAIT = 0.4, 0.6  # seconds that the page, and then its curve, waits for a run's first point
RATES = [a * 10.0**b for b in range(-5, 0) for a in (1, 2, 5)] + [1.0]
PREDICTIONS, INSIDE = "Predictions", "Inside"


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

    @st.fragment(run_every=_pace(run))
    def live() -> None:
        try:
            now = _latest(store, run.id)
        except NotFoundError:
            st.rerun()
        # The rest of the page follows: buttons, timer, and the pictures that can be tried once there are weights. Before anything is drawn:
        # pictures that are replaced at once are gone from the server when a slow browser asks for them.
        if (_stage(run), place, saved) != (_stage(now), waiting(store, now), store.weights(now.id).exists()):
            st.rerun()
        points = store.points(now.id) or (_first_points(store, now.id, FIRST_WAIT) if now.given else [])
        st.markdown(_facts(now, points))
        left, right = st.columns([1.15, 1])
        with right:
            step = None if now.open else _replayed(store, now)
            _seen(store, now, step, view, block)
        with left:
            chart(points, now.config, len(known_classes(now)[0]), step)

    live()


def _stage(run: Run) -> tuple[object, ...]:
    """What the rest of the page depends on; of a paused run also its single steps."""
    return (run.status, run.step, run.wish) if run.status == "paused" else (run.status,)


def _pace(run: Run) -> float | None:
    if not run.open:
        return None
    return POLL_QUEUED if run.status == "queued" else POLL


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
    elif view == INSIDE:
        inside(snapshot, block)
    else:
        predictions(snapshot, known_classes(run))


def _first_points(store: Store, identity: str, patience: float) -> Sequence[Point]:
    """The first point as soon as it is there; drawing an empty chart again and again meanwhile would only hold up the worker."""
    until = time.monotonic() + patience
    while not (points := store.points(identity)) and time.monotonic() < until:
        time.sleep(0.01)
    return points


def _latest(store: Store, identity: str) -> Run:
    """The run as it is now; one whose worker is gone is marked, one whose turn has come begins."""
    run = store.run(identity)
    try:
        if run.given and not store.under_way(run):
            store.mark_lost(identity, "The worker process ended before the run was done.")
        advance(store)
    except DiskFullError as error:  # it cannot be marked: the next look tries again
        st.warning(refusal(error), icon=":material/hard_drive:")
    return store.run(identity)


def waiting(store: Store, run: Run) -> str:
    """A run's place in the queue, as it stands behind "Waiting"; nothing where it does not wait."""
    place = position(store, run)
    if place is None:
        return ""
    return f": {ordinal(place)} in the queue{', after your other run' if behind_own(store, run) else ''}"


def ordinal(number: int) -> str:
    """A place in a row.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']
    """
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _facts(run: Run, points: Sequence[Point]) -> str:
    """The run's numbers in one line."""
    last = next((point for point in reversed(points) if point.rate), None)
    iou = next((point.mean_iou for point in reversed(points) if point.mean_iou is not None), None)
    facts = [f"Step {run.step}" + (f" of {run.config.steps}" if run.config.seconds is None else f", {run.seconds:.0f} s")]
    facts += [f"mean IoU {iou:.3f}"] if iou is not None else []
    if last and last.rate:
        facts += [f"{last.rate:.0f} images a second"]
        left = seconds_left(run.config, last.step, last.seconds, last.rate)
        facts += [f"{_time(left)} left"] if run.status == "running" and left is not None else []
    facts += [f"learning rate {last.learning_rate:.2g}"] if last and last.learning_rate else []
    facts += [run.device] if run.device else []
    return " · ".join(facts)


def _time(seconds: float) -> str:
    """Seconds as people say them.

    >>> _time(7.2), _time(95), _time(7300)
    ('7 s', '1 min 35 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


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
