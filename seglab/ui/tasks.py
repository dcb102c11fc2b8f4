"""The page Tasks: one scene and six answers, a label matrix to get wrong, and who notices that an object has moved."""

from __future__ import annotations

import streamlit as st

from seglab.data.answers import Thing, largest
from seglab.data.domains import DOMAINS
from seglab.data.moves import DIFFICULTY
from seglab.data.sets import TEST_SEED
from seglab.infer.pictures import url
from seglab.ui.addressed import choice, chosen, put, whole
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.label_matrix import open_matrix, paint_street, read_guess
from seglab.ui.legend import legend
from seglab.ui.moved import who_moves
from seglab.ui.plain import plain
from seglab.ui.six_answers import TASKS, Shown, answer, box, boxed_thing, six

VIEWS = {"answers": "One image, six answers", "matrix": "What accuracy hides", "moves": "Who moves along?"}
SCENES = {name: DOMAINS[name].title for name in ("shapes", "cells", "xray")}  # whose objects are countable
FIRST_SCENE, MOST_SCENES = 32, 999
SIZE = 96


def tasks_panel() -> None:
    """One of the page's three pictures, with its controls."""
    view = choice("What to look at", "view", VIEWS, "answers", hidden=True)
    {"answers": _answers, "matrix": _matrix, "moves": who_moves}[view]()


def _answers() -> None:
    task = chosen("answer", TASKS, "detection")
    data = chosen("data", SCENES, "shapes")
    scene = whole("scene", 0, MOST_SCENES, FIRST_SCENE)
    shown = _shown(data, scene)
    show(six(shown), "six", task, lambda name: put(answer=name))
    classes = [f"{label} {name}" for label, name in enumerate(shown.domain.classes)]
    left, middle, right = st.columns([2.2, 1.6, 3.2], vertical_alignment="center")
    with left:
        choice("Scenes of", "data", SCENES, "shapes", hidden=True)
    after = (scene + 1) % (MOST_SCENES + 1)
    middle.button("Another scene", icon=":material/refresh:", on_click=put, kwargs={"scene": after}, key="another", width="stretch")
    with right:
        legend(classes, shown.domain.colours)
    _opened(task, shown)


@st.cache_data(max_entries=64)
def _shown(data: str, scene: int) -> Shown:
    return Shown.of(data, TEST_SEED + scene, SIZE, DIFFICULTY)


def _opened(task: str, shown: Shown) -> None:
    """One answer, with its data."""
    st.header(f"{TASKS[task].title.replace('…', 'Classification')}: {TASKS[task].output}")
    st.markdown(f"{TASKS[task].told} {answer(task, shown)}")
    if task in ("semantic", "instance", "panoptic"):
        open_matrix(shown, task)
        return
    one = largest(shown.scene)
    boxes = shown.objects if task == "detection" else (one,) if one else ()
    picture, table = st.columns([1, 1.35])
    with picture:
        show(_boxes(shown, boxes, task), "boxes")
    with table:
        st.markdown(_table(shown, boxes, task))


def _boxes(shown: Shown, boxes: tuple[Thing, ...], task: str) -> Drawing:
    """The scene, large, with the boxes that can be pointed at."""
    side = 400
    drawing = Drawing(
        side, side, "The scene with its boxes" if boxes else "The scene", told="Point at a box." if task != "classification" else ""
    )
    drawing.image(0, 0, side, side, url(shown.photograph))
    for thing in boxes if task != "classification" else ():
        name = f"{thing.label} {shown.domain.classes[thing.label]}: {box(thing)}"
        drawing.item(Item(str(thing.id), name, f"{name}, {thing.pixels} of {thing.w * thing.h} pixels"))
        boxed_thing(drawing, shown, thing, 0, 0, side / len(shown.scene.mask), str(thing.id), 14)
    return drawing


def _table(shown: Shown, boxes: tuple[Thing, ...], task: str) -> str:
    """The numbers of an answer, as Markdown."""
    classes = shown.domain.classes
    if not boxes:
        return "There is no object in this scene, and the answer has to be able to say so: a list of length 0, or a class *nothing*."
    if task == "classification":
        label = boxes[0].label
        present = sorted({thing.label for thing in shown.objects})
        vector = " ".join("1" if number == label else "0" for number in range(1, len(classes)))
        several = " ".join("1" if number in present else "0" for number in range(1, len(classes)))
        return (
            f"| answer | as numbers |\n|---|---|\n| one class: **{classes[label]}** | {label}, or one-hot `{vector}` |\n"
            f"| several, if asked “which are there?” | `{several}`: {', '.join(classes[number] for number in present)} |"
        )
    rows = "\n".join(f"| {thing.label} {classes[thing.label]} | {thing.x} | {thing.y} | {thing.w} | {thing.h} |" for thing in boxes)
    return f"| class | x | y | w | h |\n|---|--:|--:|--:|--:|\n{rows}"


def _matrix() -> None:
    """The deck's street, 13 x 26, to be guessed wrong in many ways."""
    guess = st.query_params.get("guess", "truth")
    if read_guess(guess) is None:
        st.warning(f"“{plain(guess[:20])}” is no guess at this matrix: it starts from the truth.", icon=":material/link_off:")
        guess = "truth"
    st.markdown(
        "A street as 13 × 26 class numbers. Paint a prediction over it, by pointer or with arrow keys and digits; a folded corner is a "
        "wrong pixel."
    )
    paint_street(guess, lambda told: put(guess=None if told == "truth" else told))
