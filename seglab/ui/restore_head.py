"""What changes when the U gives pictures instead of classes: its last layer, what it is compared with, and by which loss."""

from __future__ import annotations

import streamlit as st

from seglab.data.degraded import TASKS
from seglab.nets import describe
from seglab.nets.architecture import Architecture
from seglab.nets.choices import RESTORING
from seglab.ui.diagram import show
from seglab.ui.table import table
from seglab.ui.u_marked import Mark, marked

SIZE = (96, 96)
READS = {1: "grey", 3: "the image", 4: "the image, its holes filled with the mean of what is around them, and where they are"}
HEAD = ("", "segmentation", "this task")


def head_panel(task: str) -> None:
    """The network of a task as the U, its changed ends marked, and a table of what differs."""
    told = TASKS[task]
    net = Architecture(told.channels, RESTORING["classes"], RESTORING["depth"], RESTORING["width"])
    blocks = describe(net, SIZE)
    marks = {"head": Mark("difference", "3 colours instead of a score for each class")}
    show(marked(net, SIZE, blocks, marks, "new: the head"), "restore.u")
    table(
        HEAD,
        [
            ("reads", "the image, 1 or 3 channels", f"{READS[told.channels]}: {told.channels} channel{'s' if told.channels > 1 else ''}"),
            ("head gives", "a score for every class", "3 channels, added to what was given"),
            ("target", "a mask: the class of every pixel", "the picture as it was: no class, and nobody has to draw one"),
            ("loss", "cross-entropy or Dice", "mean squared difference"),
            ("judged by", "IoU, Dice, boundary F", "PSNR in dB, SSIM"),
            ("encoder, bottleneck, decoder, skips", "the U", "the very same"),
        ],
        "Segmentation and this task",
    )
    st.markdown(
        "Training pairs cost nothing: take any picture, make it worse, and ask for it back. The sum at the end lets the network learn the "
        "difference only; without it the decoder would have to draw again what the image already has."
    )
