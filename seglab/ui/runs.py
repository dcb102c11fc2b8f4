"""The page of the live U-Net: start a run, watch it, pause, resume and stop it, come back to it by its link."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.data.sets import classes_of, open_set
from seglab.infer.handcrafted import baseline
from seglab.infer.pictures import grey, painted, png
from seglab.train.config import TrainConfig
from seglab.train.failure import reason, sentence
from seglab.train.jobs import advance, resume_run, start_run, take_up
from seglab.train.queue import behind_own, position
from seglab.train.store import KEPT_DAYS, KEPT_RUNS, DiskFullError, NotFoundError, NotOwnerError, Run, Snapshot, Store
from seglab.ui.curves import Point, curves, taken_along
from seglab.ui.links import KEPT, in_lecture, remember

POLL = 0.35  # seconds between looks at a run that is under way
POLL_FIRST = 0.05  # until it has its first point, which each look waits for
FIRST_WAIT = 0.4
WRONG = (213, 94, 0)
STATUS = {
    "queued": ("waiting", "hourglass_top"),
    "starting": ("waiting for a worker", "hourglass_top"),
    "running": ("training", "play_arrow"),
    "paused": ("paused", "pause"),
    "stopped": ("stopped", "stop"),
    "finished": ("finished", "check_circle"),
    "failed": ("failed", "error"),
    "lost": ("cut off", "warning"),
}


@st.cache_resource
def open_store() -> Store:
    """The run store of this server; runs that an earlier server left open are marked, those that wait go on waiting."""
    store = Store()
    take_up(store)
    return store


def chosen_run(store: Store) -> Run | None:
    """The run in this page's link; a sentence on the page where it is not there."""
    identity = st.query_params.get("run")
    remember("train", {"run": identity} if identity else {})
    if not identity:
        return None
    try:
        return store.run(identity)
    except NotFoundError as error:
        text = str(error)
        st.warning(f"{text[0].upper()}{text[1:]}.", icon=":material/link_off:")
        return None


def start_form(store: Store, token: str | None) -> TrainConfig:
    """What to train, and the button that starts it."""
    meaning = {name: spec.metadata["meaning"] for name, spec in TrainConfig.__dataclass_fields__.items()}
    data_column, difficulty_column = st.columns([3.4, 1.6], vertical_alignment="bottom")
    titles = {name: domain.title for name, domain in DOMAINS.items()}
    data = data_column.pills("Data", list(DOMAINS), format_func=titles.__getitem__, default="cells", key="data", required=True)
    difficulty = difficulty_column.slider("Difficulty", 0.0, 1.0, 0.5, step=0.25, key="difficulty", help=meaning["difficulty"])
    depth_column, width_column, steps_column, button_column = st.columns([1.2, 1.2, 1.6, 1], vertical_alignment="bottom")
    depth = depth_column.segmented_control("Depth", [1, 2, 3, 4], default=3, key="depth", help=meaning["depth"], required=True)
    width = width_column.segmented_control("Width", [8, 16, 32], default=16, key="width", help=meaning["width"], required=True)
    steps = steps_column.slider("Steps", 50, 1000, 300, step=50, key="steps", help=meaning["steps"])
    config = TrainConfig(data=data or "cells", difficulty=difficulty, depth=depth or 3, width=width or 16, steps=steps)
    button_column.button(
        "Train",
        type="primary",
        key="train",
        icon=":material/play_arrow:",
        disabled=token is None,
        on_click=_start,
        args=(store, config, token),
        width="stretch",
    )
    return config


def _start(store: Store, config: TrainConfig, token: str) -> None:
    try:
        run = start_run(store, config, token)
    except (ValueError, OSError) as error:
        st.session_state["runs.refused"] = _refusal(error)
        return
    _open(run.id)


def _open(identity: str | None) -> None:
    others = {name: st.query_params[name] for name in KEPT if name in st.query_params}
    st.query_params.from_dict({**({"run": identity} if identity else {}), **others})


def tell_refusal() -> None:
    """Say why the last button did nothing."""
    refused = st.session_state.pop("runs.refused", None)
    if refused:
        st.warning(refused, icon=":material/block:")


def preview(config: TrainConfig) -> None:
    """Empty curves, and what the network will see, before there is a run."""
    images, truths = _samples(config.data, config.size, config.difficulty)
    left, right = st.columns([1.15, 1])
    with left:
        _chart([], config)
    with right:
        st.image(images, caption=f"Generated: {_begun_small(DOMAINS[config.data].what)}", alt="Four images", width="stretch")
        st.image(truths, caption="The truth: the class of every pixel", alt="The four masks", width="stretch")
        _legend(config)


@st.cache_data(max_entries=64)
def _samples(name: str, size: int, difficulty: float) -> tuple[bytes, bytes]:
    """Four images that will not be trained on and their masks, as two strips."""
    data = open_set(name, size=size, difficulty=difficulty)
    pairs = [data.validation(number) for number in range(4)]
    images, truths = np.stack([image for image, _ in pairs]), np.stack([mask for _, mask in pairs])
    return _strip(grey(images)), _strip(painted(truths, data.colours))


def _begun_small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _legend(config: TrainConfig) -> None:
    """The colours of the classes, by name; black and white need none."""
    classes, colours = classes_of(config.data)
    if len(classes) == 2:
        return
    names = [
        f'<span style="white-space: nowrap"><span style="display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.35em;'
        f' border: 1px solid currentColor; background: rgb{colour}"></span>{escape(name)}</span>'
        for name, colour in zip(classes, colours, strict=True)
    ]
    st.html(f'<div style="display: flex; flex-wrap: wrap; gap: 0.2rem 1rem">{"".join(names)}</div>')


def _chart(points: list[Point], config: TrainConfig) -> None:
    known = config.data == "cells" and config.difficulty == TrainConfig().difficulty
    ink = "#d5dbe1" if st.context.theme.type == "dark" else "#3d444c"
    steps, classes = None if config.seconds else config.steps, len(classes_of(config.data)[0])
    figure = curves(points, steps, baseline() if known else None, ink, in_lecture(), classes)
    st.plotly_chart(figure, key="curves", config=taken_along(config), alt="Loss and mean IoU over the steps")


def watch(store: Store, run: Run, token: str | None) -> None:
    """The run's state and buttons; below them its curves and pictures, kept up to date while it is under way.

    The buttons stand outside the part that renews itself: a press in the moment of a renewal would be lost there.
    """
    told, icon = STATUS[run.status]
    place = waiting(store, run)
    begun, saved = bool(store.points(run.id)), store.weights(run.id).exists()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/{icon}: **{told.capitalize()}{place}**", width="stretch")
        if store.owns(run.id, token):
            _buttons(store, run, token)
        else:
            st.markdown(":material/visibility: You are watching", width="content")
    if run.message:
        st.warning(f"{run.message} {_advice(run, saved)}", icon=":material/warning:")

    @st.fragment(run_every=(POLL if begun or place else POLL_FIRST) if run.open else None)
    def live() -> None:
        try:
            now = _latest(store, run.id)
        except NotFoundError:
            st.rerun()
        points = store.points(now.id) or (_first_points(store, now.id) if now.given else [])
        st.markdown(_facts(now, points))
        left, right = st.columns([1.15, 1])
        with left:
            _chart(points, now.config)
        with right:
            _snapshot(store.snapshot(now.id), now.config)
        # The rest of the page follows: buttons, timer, and the pictures that can be tried once there are weights.
        if (run.status, place, begun, saved) != (now.status, waiting(store, now), bool(points), store.weights(now.id).exists()):
            st.rerun()

    live()


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


def explain() -> None:
    """What the curves and pictures say, in words."""
    with st.expander("What the curves say", icon=":material/help:"):
        st.markdown(
            "- **Cross-entropy** is the loss: how surprised the network is by the truth, averaged over all pixels. 0 is certain and right;"
            " ln 2 = 0.693 is guessing between two classes, ln 5 = 1.609 between five.\n"
            "- **Mean IoU** compares masks class by class: the pixels that prediction and truth both give a class, divided by those that"
            " either of them does; then the mean over the classes. 1 is perfect. It is measured on images that are never trained on.\n"
            "- **Otsu’s threshold and a watershed** is the handcrafted way to find cells: one grey value parts them from the background,"
            " then touching cells are cut apart. The dashed line is its mean IoU on the same images."
        )


def _first_points(store: Store, identity: str) -> list[Point]:
    """The first point as soon as it is there; drawing an empty chart again and again meanwhile would only hold up the worker."""
    until = time.monotonic() + FIRST_WAIT
    while not (points := store.points(identity)) and time.monotonic() < until:
        time.sleep(0.02)
    return points


def _latest(store: Store, identity: str) -> Run:
    """The run as it is now; one whose worker is gone is marked, one whose turn has come begins."""
    run = store.run(identity)
    try:
        if run.given and not store.under_way(run):
            store.mark_lost(identity, "The worker process ended before the run was done.")
        advance(store)
    except DiskFullError as error:  # it cannot be marked: the next look tries again
        st.warning(_refusal(error), icon=":material/hard_drive:")
    return store.run(identity)


def _facts(run: Run, points: list[Point]) -> str:
    rate = next((rate for *_, rate in reversed(points) if rate), None)
    iou = next((value for _, _, _, value, _ in reversed(points) if value is not None), None)
    facts = [f"Step {run.step}" + (f" of {run.config.steps}" if run.config.seconds is None else f", {run.seconds:.0f} s")]
    facts += [f"mean IoU {iou:.3f}"] if iou is not None else []
    facts += [f"{rate:.0f} images a second"] if rate else []
    facts += [run.device] if run.device else []
    return " · ".join(facts)


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
        button("Resume", "play_arrow", "resume")
    if run.open:
        button("Stop", "stop", "stop")
    else:
        button("New run", "add", "new")


def _act(store: Store, identity: str, token: str | None, act: str) -> None:
    try:
        if act == "new":
            _open(None)
        elif act == "resume":
            resume_run(store, identity, token)
        elif act == "delete":
            store.delete(identity, token)
        else:
            store.wish(identity, act, token)
    except (ValueError, OSError, NotFoundError) as error:
        st.session_state["runs.refused"] = _refusal(error)


def _refusal(error: Exception) -> str:
    """Why a button did nothing; errors of ours are sentences already."""
    return sentence(str(error) if isinstance(error, (NotOwnerError, NotFoundError)) else reason(error))


def _rename(store: Store, identity: str, token: str | None) -> None:
    try:
        store.rename(identity, st.session_state[f"name.{identity}"], token)
    except (ValueError, OSError, NotFoundError) as error:
        st.session_state["runs.refused"] = _refusal(error)


def plain(text: str) -> str:
    """Text without a meaning in Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)


def _snapshot(snapshot: Snapshot | None, config: TrainConfig) -> None:
    if snapshot is None:
        st.caption("The first pictures come with the first steps.")
        return
    classes, colours = classes_of(config.data)
    grey_ones = snapshot.images if snapshot.images.ndim == 3 else snapshot.images.mean(3).astype(np.uint8)
    wrong = np.where((snapshot.predictions != snapshot.truths)[..., None], np.array(WRONG, np.uint8), grey_ones[..., None])
    if len(classes) == 2:
        shown = np.where(snapshot.predictions > 0, snapshot.certainties, 255 - snapshot.certainties)
        told = f"Probability of {classes[1]} after {snapshot.step} steps: black 0, white 1", "Predicted probabilities"
    else:
        shown = painted(snapshot.predictions, colours)
        told = f"The likeliest class after {snapshot.step} steps", "Predicted classes"
    # What changes travels with the page: as a file it could be gone before a slow browser has fetched it.
    for array, changes, caption, alt in (
        (snapshot.images, False, "Four images that it never trains on", "Validation images"),
        (painted(snapshot.truths, colours), False, "The truth", "True masks"),
        (shown, True, *told),
        (wrong, True, "Wrong pixels, in orange", "Wrong pixels in orange over the images"),
    ):
        strip = _strip(array)
        st.image(f"data:image/png;base64,{b64encode(strip).decode()}" if changes else strip, caption=caption, alt=alt, width="stretch")
    _legend(config)


def _strip(images: NDArray[np.uint8], scale: int = 2, gap: int = 8) -> bytes:
    """Images (N, H, W) or (N, H, W, 3) side by side as one PNG, on a transparent gap."""
    rgb = images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=3)
    count, height, width, _ = rgb.shape
    rgba = np.zeros((height * scale, count * width * scale + (count - 1) * gap, 4), np.uint8)
    for i, image in enumerate(rgb):
        left = i * (width * scale + gap)
        rgba[:, left : left + width * scale, :3] = image.repeat(scale, axis=0).repeat(scale, axis=1)
        rgba[:, left : left + width * scale, 3] = 255
    return png(rgba)


def own_runs(store: Store, token: str | None, current: Run | None) -> None:
    """The runs of this browser, and for how long they are kept."""
    mine = store.runs(token) if token else []
    with st.expander(f"Runs of this browser ({len(mine)})", icon=":material/history:"):
        st.caption(
            f"A run's link lets anybody watch it; only this browser can pause, stop or delete it. Runs are kept for {KEPT_DAYS} days,"
            f" {KEPT_RUNS} at most on this server. Pictures that you upload are not kept."
        )
        if current and store.owns(current.id, token):
            st.text_input(
                "Name of the run that is open",
                current.name,
                key=f"name.{current.id}",
                max_chars=60,
                on_change=_rename,
                args=(store, current.id, token),
            )
        for run in mine[:20]:
            with st.container(horizontal=True, vertical_alignment="center"):
                iou = run.results.get("mean_iou")
                score = f" · mean IoU {iou:.3f}" if iou is not None else ""
                here = " · open here" if current and current.id == run.id else ""
                st.markdown(
                    f"{plain(run.name)} · {STATUS[run.status][0]} · depth {run.config.depth}, width {run.config.width}{score}{here}",
                    width="stretch",
                )
                st.button("Open", key=f"open.{run.id}", on_click=_open, args=(run.id,))
                if not run.open:
                    st.button("Delete", key=f"delete.{run.id}", on_click=_act, args=(store, run.id, token, "delete"))
