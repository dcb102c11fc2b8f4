"""The panel of the page Other pictures out: a picture made worse and given back, what was measured, and what differs from segmentation."""

from __future__ import annotations

import json

import streamlit as st

from seglab.data.degraded import TASKS
from seglab.data.domains import DOMAINS
from seglab.infer.restore_told import NETWORK, filters_of, study_for
from seglab.train.asked.restoring import restorer_file, train_restorer
from seglab.train.restore_study import LENGTH
from seglab.train.store import Store
from seglab.train.study import Row, complete, differences, interval, read_rows, values
from seglab.ui.addressed import choice, put, whole
from seglab.ui.files import assets
from seglab.ui.links import in_lecture
from seglab.ui.restore_head import head_panel
from seglab.ui.restore_picture import Asked, picture_panel
from seglab.ui.runs import open_store
from seglab.ui.study import show_study
from seglab.ui.table import table
from seglab.ui.uploaded import PICTURE, PICTURES, one_file
from seglab.ui.waiting import arrived, asked

PARTS = {"try": "Worse, and back", "measured": "Measured", "head": "What changes in the U"}
OWN = "own"
SCENES = 1000
MOST_NETS = 9
_PRESSED = "restore.pressed"


def restore_panel() -> None:
    """Everything between the title and the questions."""
    part = choice("What to look at", "part", PARTS, "try", hidden=True)
    task = choice(
        "Task",
        "task",
        {name: one.title for name, one in TASKS.items()},
        "denoise",
        drops=("level", "filter", "at", "net", "data"),
        hidden=True,
    )
    if part == "head":
        head_panel(task)
    elif part == "measured":
        _measured(task)
    else:
        _tried(task)


def _tried(task: str) -> None:
    """The pictures with their controls."""
    told, store = TASKS[task], open_store()
    level_column, data_column, filter_column = st.columns([1.25, 1, 1.35], vertical_alignment="bottom")
    levels = {f"{level:g}": f"{level:g}" for level in told.levels}
    with level_column:
        level = float(choice(f"{told.level}, trained at {told.told(told.trained)}", "level", levels, f"{told.trained:g}"))
    titles = {name: DOMAINS[name].title for name in ("shapes", "landcover")}
    with data_column:
        words = f"Pictures, trained on {titles[told.data].lower()}"
        data = choice(words, "data", {**titles, OWN: "Own"}, told.data, drops=("at",))
    names = filters_of(task)
    with filter_column:
        rival = choice("Beside it", "filter", names, next(iter(names)))
    net = whole("net", 0, MOST_NETS, 0)
    file = one_file("A picture of up to 4 megapixels", PICTURES, PICTURE) if data == OWN else None
    number = whole("scene", 0, SCENES - 1, 0)
    if data != OWN or file is not None:
        weights = restorer_file(store, task, net) if net and _there(store, task, net) else assets() / "restore" / f"{task}.safetensors"
        picture_panel(store, Asked(task, level, rival, data, number, str(weights), file.getvalue() if file is not None else None))
    with st.container(horizontal=True, vertical_alignment="center"):
        if data != OWN:
            after = (number + 1) % SCENES
            st.button("Another picture", icon=":material/refresh:", key="restore.scene", on_click=put, kwargs={"scene": after, "at": None})
        _train_buttons(net)
    if net:
        _own_network(store, task, net)


def _there(store: Store, task: str, net: int) -> bool:
    return restorer_file(store, task, net).exists()


def _train_buttons(net: int) -> None:
    """The way to a network of one's own, and back."""
    if net:
        st.button("The network that came along", icon=":material/undo:", key="restore.shipped", on_click=put, kwargs={"net": None})
    if net < MOST_NETS:
        st.button(
            "Train another network now",
            icon=":material/model_training:",
            key="restore.train",
            on_click=_press,
            args=(net + 1,),
            disabled=in_lecture(),
            help=f"The same training from another seed, in a worker: {LENGTH[0]:,} steps, half a minute of an idle core",
        )


def _press(net: int) -> None:
    st.session_state[_PRESSED] = True
    put(net=net)


def _own_network(store: Store, task: str, net: int) -> None:
    """What is said of a network that is trained here, from seed `net`; the training begins by a press, never by a link."""
    if not _there(store, task, net):
        if not st.session_state.pop(_PRESSED, False) and st.session_state.get("restore.under_way") != (task, net):
            st.info(f"Network {net} of this link has not been trained here yet. Above is the one that came along.")
            st.button("Train it now", icon=":material/model_training:", key="restore.link", on_click=_press, args=(net,))
            return
        st.session_state["restore.under_way"] = (task, net)
        answer = asked("restorer", (task, net), lambda: train_restorer(store, task, net))
        if arrived(answer, f"A worker trains it, {LENGTH[0]:,} steps; above is still the network that came along.") is None:
            return
        st.rerun()
    st.markdown(f"Above is **network {net}**, trained here from seed {net}. Under *Measured* its scores are drawn beside the shipped ones.")


def _measured(task: str) -> None:
    """The study of the task, with the visitor's own network in it, and all tasks in one table."""
    store, study = open_store(), study_for(task)
    rows = _rows(task)
    net = whole("net", 0, MOST_NETS, 0)
    path = restorer_file(store, task, net).with_suffix(".json")
    own: list[Row] = json.loads(path.read_text(encoding="utf-8")) if net and _there(store, task, net) else []
    show_study(study, rows, own, reading(task, rows) if rows else "")
    lines = [line for name in TASKS if (line := _line(name))]
    if not lines:
        return
    st.header("All tasks, where they were trained")
    table(("task", "best filter", "network", "network minus filter"), lines, "Networks and filters, PSNR in dB")
    st.caption("PSNR in dB, means over 5 seeds with 95 % intervals; each at the level and on the domain that its network was trained with.")


WHY = {  # it need not win
    "denoise": "These scenes are flat paper: non-local means average over hundreds of places that look alike, and are told σ. A small "
    "network finds hardly a better mean: after 600 steps it was still 0.9 dB behind, after 2,400 it has caught up.",
    "inpaint": "Most holes lie on the table or inside a piece of paper, where smooth continuation is all there is to know. An edge or a "
    "corner in a hole, which a network could continue better, is rare. After 600 steps the network was 2.5 dB behind, "
    "1.9 dB after 2,400. (Begun from grey holes instead, seed 0 came to 22.2 dB in 600.)",
}


def reading(task: str, rows: list[Row]) -> str:
    """What the numbers say of the network, where it was trained and where it falls behind most."""
    study, told = study_for(task), TASKS[task]
    measure, best = study.measures[0], study.arms[study.reference]
    gains = {level: differences(rows, "psnr", NETWORK, study.reference, level) for level in told.levels}
    home, why = gains[told.trained], WHY.get(task, "")
    if home.sign > 0:
        said = f"**Where it was trained, the network beats the best filter** ({best}), by {measure.spread(home)} dB."
    elif home.sign < 0:
        said = f"**Even where it was trained, the network does not beat the best filter** ({best}): {measure.spread(home)} dB. {why}"
    else:
        said = f"**Where it was trained, these seeds show no difference** from the best filter ({best}): {measure.spread(home)} dB. {why}"
    worst = min(gains, key=lambda level: gains[level].mean)
    if worst != told.trained and gains[worst].sign < 0:
        said += f" At {told.told(worst)}, which it has never seen, it falls behind by {measure.told(-gains[worst].mean)} dB."
    return said


def _rows(task: str) -> list[Row]:
    """What was measured of a task; nothing while seeds are missing, since a few of them can show no interval."""
    rows = read_rows(assets() / "studies" / f"restore-{task}.json", study_for(task))
    return rows if complete(study_for(task), rows) else []


def _line(task: str) -> tuple[str, ...] | None:
    """A task's line of the table; None while nothing was measured."""
    study, rows, level = study_for(task), _rows(task), TASKS[task].trained
    if not rows:
        return None
    measure = study.measures[0]
    cells = [measure.spread(interval(list(values(rows, "psnr", arm, level).values()))) for arm in (study.reference, NETWORK)]
    gain = differences(rows, "psnr", NETWORK, study.reference, level)
    return TASKS[task].title, f"{study.arms[study.reference]}: {cells[0]}", cells[1], measure.spread(gain)
