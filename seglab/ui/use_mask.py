"""The picture with its mask over it, and what can be taken along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from seglab.infer.pictures import data_url
from seglab.train.asked.segmenting import Used
from seglab.ui.links import in_lecture
from seglab.ui.network_source import Source
from seglab.ui.plain import plain
from seglab.ui.use_picture import Given

FILES = {
    "classes": ("Mask, class numbers", "png", "A grey PNG in which a pixel's value is the number of its class: nearly black to look at."),
    "colours": ("Mask, in colours", "png", "A PNG with a palette: the same numbers, shown in the colours of the classes."),
    "overlay": ("Overlay", "png", "The picture with its classes tinted."),
    "chances": ("Probabilities, .npz", "npz", "Half precision: `np.load(file)['chances']` is an array (height, width, classes)."),
    "chance": ("Probability, 16 bits", "png", "A grey PNG: a value divided by 65535 is the probability of class 1."),
}
MIMES = {"png": "image/png", "npz": "application/octet-stream"}


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.overlay", js="v1/overlay.js", css="v1/overlay.css")


def mask_panel(source: Source, given: Given, used: Used) -> None:
    """The picture with its mask, what is counted of it, and its files."""
    show_overlay(source, given, used, figures(used))
    if used.told["confusion"] is not None:
        st.markdown(told(source, used))
    _downloads(given, used)


def show_overlay(source: Source, given: Given, used: Used, numbers: Sequence[tuple[str, str]], key: str = "overlay") -> None:
    """The picture with its classes over it, and numbers by name beside it. Black stands for what is not looked for, and is not laid on."""
    shares = used.told["shares"]
    data = {
        **{name: url(used, name) for name in ("image", "mask", "sure")},
        "classes": list(source.classes),
        "colours": [list(colour) if any(colour) else None for colour in source.colours],
        "shares": [share(part) for part in shares],
        "size": used.told["size"],
        "step": used.told["step"],
        "numbers": numbers,
        "label": f"{given.title} with the classes that the network gives its pixels.",
        "note": scaled(used),
        "lecture": in_lecture(),
    }
    _component()(key=key, data=data)


def url(used: Used, name: str) -> str:
    """A picture that the worker has drawn, as a data URL."""
    return data_url(used.file(f"{name}.png"))


def share(part: float) -> str:
    """A share in per cent.

    >>> share(0.3257), share(0.004), share(0.9996), share(0.0)
    ('32.6\xa0%', '0.40\xa0%', '99.96\xa0%', '0\xa0%')
    """
    digits = 0 if part in (0.0, 1.0) else 2 if part < 0.01 or part > 0.99 else 1
    return f"{100 * part:.{digits}f}\N{NO-BREAK SPACE}%"


def scaled(used: Used) -> str:
    """What the page says of a picture that is too large to be shown whole, and of one that was shrunk for the network."""
    step, shrink = used.told["step"], used.told["shrink"]
    said = f"Shown is every {ordinal(step)} pixel in each direction; numbers and files are of all of them. " if step > 1 else ""
    return said + (f"The network saw it at 1/{shrink} of its size." if shrink > 1 else "")


def ordinal(number: int) -> str:
    """A small number as an ordinal.

    >>> ordinal(2), ordinal(3), ordinal(4)
    ('2nd', '3rd', '4th')
    """
    return f"{number}{ {2: 'nd', 3: 'rd'}.get(number, 'th') }"


def figures(used: Used) -> list[tuple[str, str]]:
    """The picture's size, and how sure the network is of it."""
    (height, width), found = used.told["size"], used.told
    sure = [("Mean certainty", f"{found['mean_sure']:.3f}"), ("Surer than 95\N{NO-BREAK SPACE}%", share(found["surer"]))]
    return [("Pixels", f"{width} × {height}"), *sure]


def told(source: Source, used: Used) -> str:
    """What a true mask says, as Markdown."""
    right, ious = judged(used.told["confusion"])
    named = ", ".join(f"{plain(name)} **{iou:.3f}**" for name, iou in zip(source.classes, ious, strict=True) if iou is not None)
    return f"Against the true mask {share(right)} of the pixels are right. IoU: {named}."


def judged(confusion: list[list[int]]) -> tuple[float, list[float | None]]:
    """The share of pixels that are right, and the IoU of each class, None of one that is neither there nor found.

    >>> judged([[1, 1], [0, 2]])
    (0.75, [0.5, 0.6666666666666666])
    """
    total, right = sum(map(sum, confusion)), [row[number] for number, row in enumerate(confusion)]
    ious: list[float | None] = []
    for number, row in enumerate(confusion):
        either = sum(row) + sum(other[number] for other in confusion) - right[number]
        ious.append(right[number] / either if either else None)
    return sum(right) / total, ious


def _downloads(given: Given, used: Used) -> None:
    """A button a file, whose bytes are fetched when it is pressed."""
    with st.container(horizontal=True):
        for name, (label, kind, help) in FILES.items():
            if used.has(f"{name}.{kind}"):
                st.download_button(
                    label,
                    lambda name=name, kind=kind: used.file(f"{name}.{kind}"),  # type: ignore[misc]
                    f"{name}.{kind}",
                    MIMES[kind],
                    key=f"use.take.{name}",
                    help=help,
                    icon=":material/download:",
                    on_click="ignore",
                )
