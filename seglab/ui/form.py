"""The start of a training: what to train on, with what network, and a look at both before the button is pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from seglab.data.domains import DOMAINS
from seglab.data.sets import classes_of, open_set
from seglab.data.targets import target_classes
from seglab.data.uploads import PETS, title_of
from seglab.infer.pictures import data_url, grey, painted, strip
from seglab.nets import Architecture
from seglab.nets.fitting import fitting_size
from seglab.train.asked.pictures import preview_file
from seglab.train.command import command_line
from seglab.train.config import TrainConfig
from seglab.train.failure import sentence
from seglab.train.jobs import start_run
from seglab.train.store import Store
from seglab.ui.charts import chart
from seglab.ui.own_data import own_data
from seglab.ui.pet import pet_panel
from seglab.ui.runs import open_run, refuse
from seglab.ui.seen import legend
from seglab.ui.settings import begin_with, begun, key, other_settings
from seglab.ui.waiting import arrived, asked

OWN = "own"
VIEWS = ("Images", "Augmented", "Weights")
DEPTHS, WIDTHS = (1, 2, 3, 4), (8, 16, 32)


def start_form(store: Store, token: str | None) -> TrainConfig | None:
    """What to train, and the button that starts it; None while there is nothing to train on, or no such network."""
    meaning = {name: spec.metadata["meaning"] for name, spec in TrainConfig.__dataclass_fields__.items()}
    data_column, difficulty_column = st.columns([3.4, 1.6], vertical_alignment="bottom")
    titles = {name: domain.title for name, domain in DOMAINS.items()} | {PETS: title_of(PETS), OWN: "Your own"}
    source = (
        data_column.pills(
            "Data",
            list(titles),
            format_func=titles.__getitem__,
            **_first("data", default="cells"),
            key="data",
            persist_state="session",
            required=True,
            wrap=True,
        )
        or "cells"
    )
    difficulty = difficulty_column.slider(
        "Difficulty",
        0.0,
        1.0,
        **_first("difficulty", value=0.5),
        step=0.25,
        key="difficulty",
        persist_state="session",
        help=sentence(meaning["difficulty"]),
        disabled=source not in DOMAINS,
    )
    data = {PETS: pet_panel, OWN: own_data}[source](store, token) if source in (PETS, OWN) else source
    depth_column, width_column, steps_column, button_column = st.columns([1.2, 1.2, 1.6, 1], vertical_alignment="bottom")
    depth, width = _sized(depth_column, "depth", DEPTHS), _sized(width_column, "width", WIDTHS)
    steps = steps_column.slider(
        "Steps", 50, 1000, **_first("steps", value=300), step=50, key="steps", persist_state="session", help=sentence(meaning["steps"])
    )
    button = button_column.empty()
    config = _config({"data": data, "difficulty": difficulty, "depth": depth, "width": width, "steps": steps, **other_settings()})
    button.button(
        "Train",
        type="primary",
        key="train",
        icon=":material/play_arrow:",
        disabled=token is None or config is None,
        on_click=_start,
        args=(store, config, token),
        width="stretch",
    )
    return config


def _sized(column: DeltaGenerator, name: str, usual: Sequence[int]) -> int:
    """A row of sizes to choose from, with the one that another page sent among them."""
    setting = TrainConfig.__dataclass_fields__[name]
    first, label = begun(setting), setting.metadata["label"]
    kept: dict[str, Any] = {"key": key(name), "persist_state": "session", "help": sentence(setting.metadata["meaning"]), "required": True}
    return int(column.segmented_control(label, sorted({*usual, first}), default=first, **kept) or first)


def _first(name: str, **begin: Any) -> dict[str, Any]:
    """What a control begins with, where no other page has sent something else."""
    return {} if name in st.session_state else begin


def send(**settings: Any) -> None:
    """Bring settings of a training from another page: the form begins with them, and its others as they are by default.

    For a button's callback; the page that it is on goes on to the laboratory. Raises ValueError for what is no setting.
    """
    unknown = set(settings) - set(TrainConfig.__dataclass_fields__)
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} is no setting of a training")
    begin_with(**settings)
    for name in ("data", "difficulty", "steps"):  # whose controls keep their values when the others are reset
        if name in settings:
            st.session_state[name] = settings[name]


def _config(chosen: dict[str, Any]) -> TrainConfig | None:
    """The configuration, with a crop that its network can take; a sentence on the page where there is none."""
    if chosen["data"] is None:
        return None
    try:
        size = fitting_size(chosen["size"], Architecture(**{name: chosen[name] for name in ("kind", "depth", "padding", "kernel_size")}))
        if size != chosen["size"]:
            st.caption(f"The crop is {size} pixels a side: {chosen['size']} do not fit a network of depth {chosen['depth']}.")
        return TrainConfig(**{**chosen, "size": size})
    except ValueError as error:
        st.warning(sentence(str(error)), icon=":material/block:")
        return None


def _start(store: Store, config: TrainConfig, token: str) -> None:
    try:
        run = start_run(store, config, token)
    except (ValueError, OSError) as error:
        refuse(error)
        return
    open_run(run.id)


def preview(store: Store, config: TrainConfig | None) -> None:
    """Empty curves, and what the network will see, before there is a run."""
    if config is None:
        return
    left, right = st.columns([1.15, 1])
    with left:
        chart([], config, len(target_classes(classes_of(config.data), config.target)[0]))
        # Its content is made when it is open: half a megabyte of highlighter is loaded for the first code on a page.
        told = st.expander("The same from the command line", icon=":material/terminal:", on_change="rerun", key="command_line")
        if told.open:
            told.code(command_line(config), language=None, wrap_lines=True)
    with right:
        view = st.segmented_control("Look at", VIEWS, default=VIEWS[0], key="preview", required=True) or VIEWS[0]
        if view == "Images" and config.data in DOMAINS and config.target == "regions":
            _images(config)
        else:
            _from_worker(store, config, view)


def _images(config: TrainConfig) -> None:
    """Scenes of a generated domain, made here at once. Each setting has others: as files they could be gone before they are fetched."""
    images, truths = _samples(config.data, config.size, config.difficulty)
    what = DOMAINS[config.data].what
    st.image(data_url(images), caption=f"Generated: {what[0].lower()}{what[1:].rstrip('.')}", alt="Four images", width="stretch")
    st.image(data_url(truths), caption="The truth: the class of every pixel", alt="The four masks", width="stretch")
    legend(classes_of(config.data))


@st.cache_data(max_entries=64)
def _samples(name: str, size: int, difficulty: float) -> tuple[bytes, bytes]:
    """Four images that will not be trained on and their masks, as two strips."""
    data = open_set(name, size=size, difficulty=difficulty)
    pairs = [data.validation(number) for number in range(4)]
    images, truths = np.stack([image for image, _ in pairs]), np.stack([mask for _, mask in pairs])
    return strip(grey(images)), strip(painted(truths, data.colours))


def _from_worker(store: Store, config: TrainConfig, view: str) -> None:
    """What takes torch, or a person's own files, is drawn by a worker; the page is not held up meanwhile."""
    answer = asked("preview", (config, view), lambda: preview_file(store, config, view.lower()))
    if (drawn := arrived(answer, "A worker is drawing…")) is None:
        return
    said, pictures = drawn
    for name, caption in said["captions"].items():
        st.image(data_url(pictures[name]), caption=caption, alt=caption, width="stretch")
    if said["told"]:
        st.markdown(said["told"])
