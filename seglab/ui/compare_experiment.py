"""An experiment on the page Compare: its figure, what stands beside the numbers, what the networks make of images, and a repetition."""

from __future__ import annotations

import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.nets.describe import Block, describe
from seglab.nets.walk import sides
from seglab.train.experiment import Experiment
from seglab.train.experiments import EXPERIMENTS
from seglab.train.repeated import repeated, rows_of
from seglab.train.study import Row, read_rows
from seglab.ui.addressed import choice, put
from seglab.ui.compare_pictures import held_out, show_masks
from seglab.ui.compare_repeat import repeat_panel
from seglab.ui.compare_subjects import named, read_subjects, shipped_keys
from seglab.ui.files import assets
from seglab.ui.owner import owner_token
from seglab.ui.runs import open_store
from seglab.ui.study import show_study
from seglab.ui.table import table

TITLES = {name: experiment.study.title for name, experiment in EXPERIMENTS.items()}


def experiment_panel() -> None:
    """The experiment that the address names."""
    experiment = EXPERIMENTS[
        choice("Experiment", "experiment", TITLES, next(iter(TITLES)), drops=("measure", "seeds"), hidden=True, pills=True)
    ]
    store, token = open_store(), owner_token()
    shipped, there = shipped_rows(experiment), repeated(store, experiment, token)
    own = rows_of(store, there)
    show_study(experiment.study, shipped, own, experiment.found)
    if own:
        runs = f"{len(own)} run{'s' if len(own) > 1 else ''}"
        st.caption(f"Stars: {runs} of this browser, trained on this machine. All else is the shipped set, trained beforehand.")
    _examples(experiment)
    beside(experiment)
    repeat_panel(store, experiment, token, there, shipped, own)


def shipped_rows(experiment: Experiment) -> list[Row]:
    """What was measured beforehand."""
    return read_rows(assets() / "studies" / f"{experiment.name}.json", experiment.study)


def beside(experiment: Experiment) -> None:
    """For each arm, or place on the axis, what its network is: parameters, and the shapes where it differs."""
    title, words = experiment.told
    head = ["network", *([title] if title else []), "into the last block", "smallest map", "parameters"]
    lines = []
    for arm, x in experiment.shown.values():
        blocks, last = _blocks(experiment, arm, x)
        deepest = next(block for block in blocks if block.name == "bottleneck")
        total = sum(block.parameters for block in blocks)
        lines.append([experiment.title(arm, x), *([words[arm]] if title else []), last, sides(deepest.shape), f"{total:,}"])
    if len({tuple(line[1:]) for line in lines}) == 1:
        st.markdown(f"All {len(lines)} are the same network of {lines[0][-1]} parameters: only what it is trained on differs.")
        return
    st.header("What differs")
    table(head, lines, f"What differs between the networks of {experiment.study.title}")


def _blocks(experiment: Experiment, arm: str, x: float | None) -> tuple[list[Block], str]:
    """The blocks of an arm's network, and the shape of what its last decoder block is given."""
    config = experiment.config(arm, x, 0)
    domain = DOMAINS[config.data]
    net = config.architecture(domain.channels, 2 if config.target == "borders" else len(domain.classes))
    given = (config.width * (2 if net.skip == "concat" else 1), config.size, config.size)
    return describe(net, (config.size, config.size)), sides(given)


def _examples(experiment: Experiment) -> None:
    """The shipped pictures of the first seed."""
    keys = shipped_keys(experiment.name)
    if not keys:
        return
    subjects, _ = read_subjects(open_store(), keys, None)
    names = [name[2:] for name in named(subjects)]
    st.header("In pictures")
    looked = held_out(subjects, names)
    if looked is not None:
        show_masks(looked)
        for sentence in looked.said:
            st.caption(sentence)
    st.button(
        "Lay their curves over each other",
        icon=":material/show_chart:",
        key="compare.overlay",
        on_click=put,
        kwargs={"part": "runs", "runs": ",".join(keys), "pictures": "", "one": "", "other": ""},
    )
    st.caption("The shipped networks of seed 0.")
