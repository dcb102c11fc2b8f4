"""The panel of the page A head start: what is brought along, what it makes of four labelled images, and what it is worth, measured."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import streamlit as st

from seglab.data.shapes import CLASSES
from seglab.nets import describe
from seglab.nets.architecture import Architecture
from seglab.train.pretrained_study import BASE, FEW, LONGER, STUDIES
from seglab.train.study import Row, Study, complete, differences, interval, read_rows, values
from seglab.ui.addressed import choice, chosen, put
from seglab.ui.diagram import show
from seglab.ui.files import assets
from seglab.ui.form import send
from seglab.ui.links import in_lecture
from seglab.ui.pretrained_pictures import filters_drawing, predictions_drawing
from seglab.ui.study import show_study
from seglab.ui.table import table
from seglab.ui.u_marked import Mark, marked

PARTS = {"worth": "What it is worth", "masks": "Masks after 4 images", "fits": "What comes along", "filters": "First filters"}
MEASURED = {"images": "By labelled images", "steps": "By steps", "domain": "On another domain"}
SIZE = (96, 96)


def pretrained_panel() -> None:
    """Everything between the title and the questions."""
    part = choice("What to look at", "part", PARTS, "worth", hidden=True)
    {"worth": _worth, "masks": _masks, "fits": _fits, "filters": _filters}[part]()
    _train_it()


def _worth() -> None:
    which = choice("Measured", "by", MEASURED, "images", drops=("measure",))
    study = STUDIES[which]
    rows = rows_of(study)
    show_study(study, rows, text=reading(which, rows) if rows else "")


def rows_of(study: Study) -> list[Row]:
    """What was measured of a study of this page; nothing while seeds are missing, since a few of them can show no interval."""
    rows = read_rows(assets() / "studies" / f"{study.name}.json", study)
    return rows if complete(study, rows) else []


def reading(which: str, rows: list[Row]) -> str:
    """What the numbers mean, worked out from them."""
    return {"images": saved, "steps": caught_up, "domain": abroad}[which](rows)


def mean(rows: list[Row], arm: str, x: float | None) -> float:
    """The mean IoU of an arm at a place."""
    return interval(list(values(rows, "mean_iou", arm, x).values())).mean


def saved(rows: list[Row]) -> str:
    """How many labelled images a pretrained encoder saves, as far as the axis can say."""
    best = {x: max(("pretrained", "frozen"), key=lambda arm: mean(rows, arm, x)) for x in FEW.xs}
    few, reached = FEW.xs[0], mean(rows, best[FEW.xs[0]], FEW.xs[0])
    more = [x for x in FEW.xs if mean(rows, "random", x) >= reached]
    what = FEW.arms[best[few]].lower()
    least, most = FEW.xs[0], FEW.xs[-1]
    if not more:
        said = (
            f"With {few:g} labelled images, *{what}* reaches {reached:.2f}; in as many steps a random start has "
            f"{mean(rows, 'random', most):.2f} with {most:g}."
        )
    elif more[0] == few:
        said = f"With {few:g} labelled images a random start is as good as what comes along: nothing is saved here."
    else:
        said = f"With {few:g} labelled images, *{what}* reaches {reached:.2f}; a random start needs {more[0]:g} for as much."
    if not differences(rows, "mean_iou", "random", "random", most, least).sign:
        said += (
            f" More images do not help the random start within {BASE.steps} steps: what it lacks here is time, not labels. *By steps* "
            "gives it more of that."
        )
    return f"{said} {frozen_or_not(rows)} {EARLIER}"


EARLIER = (
    "A first measurement with 150 steps, 5 seeds too, showed less of it (frozen minus random: 0.055 ± 0.043 at 4 images, 0.101 ± 0.058 at "
    "64), since all were still at their beginning: so the steps were doubled, and everything was measured anew."
)


def frozen_or_not(rows: list[Row]) -> str:
    """Which is better, an encoder that learns on or one that does not, with the fewest and with the most images."""
    least, most = FEW.xs[0], FEW.xs[-1]
    few, many = (differences(rows, "mean_iou", "frozen", "pretrained", x).sign for x in (least, most))
    said = {
        1: f"With {least:g} images frozen is better: it cannot forget what it knows for the sake of a few masks.",
        0: f"With {least:g} images these seeds show no difference.",
        -1: f"Even with {least:g} images an encoder that learns on is better.",
    }
    then = {1: "so it is", 0: "these seeds show no difference", -1: "learning on is better"}
    return f"**Frozen or not?** {said[few]} With {most:g}, {then[many]}{' too' if many == few else ''}."


def caught_up(rows: list[Row]) -> str:
    """Whether the gap closes with more steps."""
    study = STUDIES["steps"]
    last, end = study.xs[-1], differences(rows, "mean_iou", "pretrained", "random", study.xs[-1])
    reached = mean(rows, "random", last)
    if end.sign <= 0:
        return (
            f"After {last:g} steps the random start has caught up ({reached:.2f}): what the encoder brought along can be learned from the "
            "labelled images too. A head start is one of time and of labels, not of what can be reached in the end."
        )
    early = [x for x in study.xs[:-1] if mean(rows, "pretrained", x) <= reached]
    behind = f", more than the pretrained one after {early[-1]:g} ({mean(rows, 'pretrained', early[-1]):.2f})" if early else ""
    return (
        f"After {last:g} steps the random start reaches {reached:.2f}{behind}. It learns the same from {LONGER} masks, only later, and is "
        f"still {end.mean:.2f} behind: so long a training has not quite made up for it."
    )


def abroad(rows: list[Row]) -> str:
    """Whether the encoder helps elsewhere."""
    gain = differences(rows, "mean_iou", "frozen", "random"), differences(rows, "mean_iou", "pretrained", "random")
    if gain[0].sign < 0 <= gain[1].sign:
        return (
            "Frozen, it even harms here: its filters look for what tells a disc from a star, and land cover is told by colour and texture. "
            "Learning on, it can put them right."
        )
    if max(one.sign for one in gain) > 0:
        return "Edges, corners and colours against each other are of use elsewhere too, even where no shape is left to be told."
    if min(one.sign for one in gain) < 0:
        return "It does not help here, it harms: what tells a disc from a star says little of fields and roads."
    return "What tells a disc from a star says little of fields and roads: here these seeds show no advantage."


@cache
def shown() -> dict[str, Any]:
    """What ``bench/pretrained.py`` kept of seed 0."""
    path = assets() / "pretrained" / "shown.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told


def _masks() -> None:
    told = shown()
    if not told:
        st.info("These pictures have not been made yet: python -m seglab.bench.pretrained makes them.", icon=":material/hourglass_top:")
        return
    scene = int(chosen("scene", ("0", "1", "2", "3"), "0"))
    show(predictions_drawing(told, scene), "pretrained.masks")
    after = (scene + 1) % 4
    st.button("Another picture", icon=":material/refresh:", key="pretrained.scene", on_click=put, kwargs={"scene": after or None})
    st.caption(
        f"Seed 0 after {FEW.xs[0]:g} labelled images: the same images, in the same order, for as many steps; only the start differs. "
        f"Classes: {', '.join(CLASSES[1:])}. One picture proves nothing; the means over seeds are under *{PARTS['worth']}*."
    )


def network() -> Architecture:
    """The U-Net that the encoder fits, for shapes."""
    return BASE.architecture(3, len(CLASSES))


def _fits() -> None:
    net = network()
    blocks = describe(net, SIZE)
    old, new = Mark("kernel", "brought along: it has learned to name one shape"), Mark("output", "new: it begins at random")
    marks = {"encoder": old, "bottleneck": old, "up": new, "decoder": new, "head": new}
    show(marked(net, SIZE, blocks, marks, "its encoder brought along, its decoder new"), "pretrained.u")
    ways = {True: 0, False: 0}
    for block in blocks:
        ways[block.name.partition(".")[0] in ("encoder", "bottleneck")] += block.parameters
    st.markdown(
        f"**{ways[True]:,} of {ways[True] + ways[False]:,} parameters** come along, by name: a weight fits where name *and* shape are. "
        "The classifier's last layer stays behind, since a score for the whole image is no use to a pixel."
    )
    wanted = list(fitting_rows(net))
    with st.expander(f"All {len(wanted)} tensors that come along", icon=":material/table_chart:"):
        table(("name", "in the file", "in this network", "so it"), wanted, "Names and shapes of what comes along")


def fitting_rows(net: Architecture) -> list[tuple[str, ...]]:
    """Every tensor of the file, its shape there and in a network, and whether it fits; convolutions and normalisation only."""
    from safetensors import safe_open

    rows: list[tuple[str, ...]] = []
    channels = [net.in_channels, *net.channels]
    with safe_open(assets() / "networks" / "encoder.safetensors", "numpy") as file:
        for name in file.keys():  # noqa: SIM118
            found = tuple(file.get_slice(name).get_shape())
            part, *rest = name.split(".")
            level, layer = (int(rest[0]), int(rest[1])) if part == "encoder" else (net.depth, int(rest[0]))
            c_in, c_out = (channels[level], channels[level + 1]) if layer < 3 else (channels[level + 1],) * 2
            wanted: tuple[int, ...] = (c_out, c_in, net.kernel_size, net.kernel_size) if layer in (0, 3) else (c_out,) if found else ()
            rows.append((name, _shape(found), _shape(wanted), "fits" if wanted == found else "does not fit"))
    return rows


def _shape(sizes: tuple[int, ...]) -> str:
    return " × ".join(map(str, sizes)) or "one number"


def _filters() -> None:
    told = shown()
    if not told:
        st.info("These pictures have not been made yet: python -m seglab.bench.pretrained makes them.", icon=":material/hourglass_top:")
        return
    show(filters_drawing(told), "pretrained.filters")
    st.markdown(
        "Both began from the same random numbers, and the pretrained filters still look much like them: with 3 × 3 pixels and a "
        "normalisation behind, almost any eight filters tell edges and colours apart. What is worth bringing along lies deeper, in how "
        "they are combined. The larger filters of networks for photographs do become edges and colours that can be seen."
    )


def _train_it() -> None:
    st.header("Train with it")
    st.markdown(
        "The laboratory's setting **Encoder** knows it, among *More settings*, *Network*; so does the command: "
        "`seglab train shapes --width 8 --images 8 --encoder frozen`. It fits a depth of 3, a width of 8, 3 × 3 kernels, batch "
        "normalisation, and images in colour."
    )
    with st.container(horizontal=True):
        for arm, title in FEW.arms.items():
            pressed = st.button(
                f"{title}, 8 images",
                icon=":material/model_training:",
                key=f"pretrained.train.{arm}",
                on_click=send,
                kwargs={"encoder": arm, "data": "shapes", "difficulty": 0.25, "width": 8, "depth": 3, "images": 8, "batch": 8},
                disabled=in_lecture(),
            )
            if pressed:
                st.switch_page("pages/train.py")
