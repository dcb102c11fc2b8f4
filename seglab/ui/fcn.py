"""The panel of the page FCN: a scene, the three networks' way to its pixels, one step of it, measurements, the bilinear start."""

from __future__ import annotations

from functools import cache

import streamlit as st

from seglab.infer.fcn_told import KINDS, Stages, unpacked
from seglab.train.asked.networks import fcn_stages
from seglab.ui.addressed import choice, chosen, put, whole
from seglab.ui.diagram import show
from seglab.ui.fcn_kernel import kernel_panel
from seglab.ui.fcn_ladder import ladder
from seglab.ui.fcn_measured import measured_panel
from seglab.ui.fcn_pictures import photograph
from seglab.ui.fcn_scene import NAMES, STEPS, Seen, scene, steps_of
from seglab.ui.fcn_step import step_drawing
from seglab.ui.files import assets
from seglab.ui.form import send
from seglab.ui.links import in_lecture
from seglab.ui.runs import open_store
from seglab.ui.waiting import FIGURE, arrived, asked

SCENES = 1000
SHOWN = {"1": "cell", "0": "background"}


def fcn_panel() -> None:
    """Everything between the title and the questions."""
    which = whole("scene", 0, SCENES - 1, 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        label = int(choice("Scores of", "class", SHOWN, "1"))
        following = (which + 1) % SCENES
        st.button(f"Next scene: {following}", icon=":material/skip_next:", key="fcn.scene", on_click=_to_scene, args=(following,))
    image, truth = scene(which)
    stages = _stages(which)
    if stages is None:
        st.image(photograph(image), caption="The scene", alt="The scene", width=340)
    else:
        _looked_at(Seen(image, truth, stages, label))
    measured_panel()
    kernel_panel()
    _train_it()


def _stages(which: int) -> dict[str, Stages] | None:
    """What the networks make of a scene: of the first it is known, others a worker looks at; None meanwhile."""
    if which == 0:
        return first_scene()
    answer = asked("fcn", which, lambda: fcn_stages(open_store(), assets() / "networks", which))
    return arrived(answer, "The three networks look at the scene…", room=FIGURE)


@cache
def first_scene() -> dict[str, Stages]:
    """What the networks make of scene 0, worked out beforehand by ``bench/fcn.py``."""
    return unpacked((assets() / "fcn" / "scene-0.npz").read_bytes())


def _looked_at(seen: Seen) -> None:
    """The way of all three networks, and one step of one of them."""
    kind = chosen("net", NAMES, "fcn8s")
    step = chosen("step", STEPS, "pool4")
    show(ladder(seen), "ladder", f"{kind}.{step}", _to_step)
    if said := little_left(seen):
        st.markdown(said)
    st.header("One step at a time")
    left, right = st.columns([1, 1.2])
    with left:
        kind = choice("Network", "net", NAMES, "fcn8s", hidden=True)
    with right:
        step = choice("Step", "step", STEPS, "pool4", hidden=True)
    if step not in steps_of(kind):
        more = "; FCN-8s does" if kind == "fcn16s" else "; FCN-16s and FCN-8s do" if step == "pool4" else "; FCN-8s does"
        st.markdown(f"{NAMES[kind]} does not add {step}{more}. It goes on to the pixels at once:")
        step = "pixels"
    show(step_drawing(seen, kind, step), "step")


def little_left(seen: Seen) -> str:
    """A sentence where FCN-8s hardly uses its coarse scores here, else nothing."""
    coarse, finer = (float(part.std()) for part in (seen.parts("fcn8s", "pool4")[0], seen.parts("fcn8s", "pool3")[1]))
    if coarse > finer / 3:
        return ""
    return (
        f"In FCN-8s the enlarged coarse scores vary by {coarse:.2f} only, those of pool3 by {finer:.2f} (standard deviations): most cells "
        "are smaller than 32 pixels, and the network has learned to decide where it can see them."
    )


def _to_scene(which: int) -> None:
    put(scene=which or None)


def _to_step(name: str) -> None:
    """Look at the step of a picture that was pressed; a mask belongs to the last step."""
    kind, _, step = name.partition(".")
    put(net=kind, step=step if step in STEPS else "pixels")


def _train_it() -> None:
    st.header("Train it yourself")
    st.markdown(
        "The laboratory trains each of them from nothing while you watch. Compare what the masks' borders look like after 300 steps."
    )
    with st.container(horizontal=True):
        for kind in KINDS:
            if st.button(
                f"Train an {NAMES[kind]}",
                icon=":material/model_training:",
                key=f"fcn.train.{kind}",
                on_click=_train,
                args=(kind,),
                disabled=in_lecture(),
            ):
                st.switch_page("pages/train.py")


def _train(kind: str) -> None:
    """Fill in the laboratory's form."""
    send(kind=kind, depth=5, width=8, data="cells", difficulty=0.25, learning_rate=0.01)
