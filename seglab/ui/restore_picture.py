"""Four pictures of the same place side by side, with their decibels, and below them where two of them are wrong."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import streamlit as st
from PIL import Image as Files

from seglab.data.degraded import TASKS
from seglab.infer.pictures import data_url
from seglab.infer.restore_told import NETWORK, filters_of
from seglab.train.asked.desk import Pictures
from seglab.train.asked.restoring import restore_file
from seglab.train.store import Store
from seglab.ui.addressed import given, put
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.files import assets
from seglab.ui.waiting import arrived, asked

SIDE, GAP, TOP, BETWEEN = 240.0, 14.0, 26.0, 62.0
PARTS = 3  # a side, into which the first picture is cut to be looked at closely


@dataclass(frozen=True)
class Asked:
    """What is to be shown."""

    task: str
    level: float
    filter: str
    data: str
    number: int
    weights: str
    file: bytes | None = None

    @property
    def wanted(self) -> dict[str, Any]:
        """What a worker is asked."""
        told = {name: value for name, value in asdict(self).items() if name != "file"}
        return {**told, "data": ""} if self.file is not None else told


def picture_panel(store: Store, what: Asked) -> None:
    """The pictures, once a worker has made them, and what they say."""
    first = first_answer(what)
    mark = sha256(what.file).hexdigest() if what.file is not None else ""
    question = (*what.wanted.values(), mark)
    if first is None:
        answer = asked("restore", question, lambda: restore_file(store, what.wanted, what.file))
        first = arrived(answer, "A worker makes the picture worse, and gives it back…", "This picture cannot be used: ")
    if first is None:
        return
    told, pictures = first
    place = _place()
    show(_drawing(what, told, pictures, place), "restore", "", _look_closely)
    if place:
        st.button("The whole picture", icon=":material/zoom_out:", key="restore.whole", on_click=put, kwargs={"at": None})
    st.markdown(verdict(what, told["scores"]))
    if what.file is not None:
        height, width = told["size"]
        st.caption(f"Your picture is looked at as {width} × {height} pixels, and is taken to be how it should be; it is not kept.")


def first_answer(what: Asked) -> Pictures | None:
    """What a worker would say of a task's first picture, which was worked out beforehand by ``bench/restore.py``; None for any other."""
    told = TASKS[what.task]
    usual = what.filter == next(iter(filters_of(what.task))) and what.weights == str(assets() / "restore" / f"{what.task}.safetensors")
    if what.file is not None or not usual or (what.level, what.data, what.number) != (told.trained, told.data, 0):
        return None
    return _kept(what.task)


@cache
def _kept(task: str) -> Pictures | None:
    path = assets() / "restore" / f"{task}.zip"
    if not path.exists():
        return None
    with ZipFile(path) as file:
        told = json.loads(file.read("told.json"))
        return told, {name.removesuffix(".png"): file.read(name) for name in file.namelist() if name.endswith(".png")}


def _place() -> tuple[int, int] | None:
    """The part that the address wants to see closely: row and column."""
    found = re.fullmatch(f"([0-{PARTS - 1}])\\.([0-{PARTS - 1}])", given("at"))
    return (int(found[1]), int(found[2])) if found else None


def _look_closely(name: str) -> None:
    put(at=name)


def _drawing(what: Asked, told: dict[str, Any], pictures: dict[str, bytes], place: tuple[int, int] | None) -> Drawing:
    titles = {"given": "Given", NETWORK: "Network", "filter": filters_of(what.task)[what.filter], "truth": "Truth"}
    height, width = told["size"]
    wide, high = (SIDE, SIDE * height / width) if width >= height else (SIDE * width / height, SIDE)
    across = 4 * SIDE + 3 * GAP
    drawing = Drawing(across, TOP + 2 * high + BETWEEN + 4, "A picture made worse, and given back in two ways", least=640)
    drawing.told = "Press a part of the first picture to see it closely." if place is None else "Every square is a pixel."
    for column, (name, title) in enumerate(titles.items()):
        x = column * (SIDE + GAP)
        drawing.text(x, TOP - 8, title, 16, "ink", bold=True)
        drawing.image(x, TOP, wide, high, _address(pictures[name], place))
        if name != "truth":
            _score(drawing, x, TOP + high + 18, told["scores"][name])
    for column, name in ((1, NETWORK), (2, "filter")):
        x = column * (SIDE + GAP)
        drawing.image(x, TOP + high + BETWEEN, wide, high, _address(pictures[f"wrong-{name}"], place))
        drawing.text(x, TOP + high + BETWEEN - 8, "where it is wrong", 13, "difference")
    _balance(drawing, told["scores"], TOP + high + BETWEEN)
    _scale(drawing, 3 * (SIDE + GAP), TOP + high + BETWEEN)
    if place is None:
        _grid(drawing, wide, high)
    return drawing


def _score(drawing: Drawing, x: float, y: float, score: dict[str, float]) -> None:
    drawing.text(x, y, decibels(score["psnr"]), 16, "ink", bold=True)
    drawing.text(x + 76, y, f"SSIM {score['ssim']:.3f}", 13, "muted")


def decibels(value: float) -> str:
    """A PSNR as it is written.

    >>> decibels(20.04), decibels(99.0)
    ('20.0 dB', 'equal')
    """
    return "equal" if value >= 99 else f"{value:.1f} dB"


def _balance(drawing: Drawing, scores: dict[str, dict[str, float]], y: float) -> None:
    """By how much the network is nearer to the truth than the filter."""
    gain = scores[NETWORK]["psnr"] - scores["filter"]["psnr"]
    drawing.text(0, y + 30, f"{gain:+.1f} dB".replace("-", "−"), 34, "output" if gain > 0 else "difference", bold=True)
    drawing.text(0, y + 56, "network minus filter", 15, "ink")
    for number, line in enumerate(("More decibels are nearer to", "the truth: 10 more are a tenth", "of the squared error.")):
        drawing.text(0, y + 88 + 19 * number, line, 14, "muted")


def _scale(drawing: Drawing, x: float, y: float) -> None:
    """What the colours of the maps mean."""
    steps = 12
    for number in range(steps):
        share = number / (steps - 1)
        colour = "#" + "".join(f"{round(200 * (1 - share) + part * share):02x}" for part in (213, 94, 0))
        drawing.image(x + 14 * number, y + 8, 14, 18, _plain(colour))
    drawing.text(x, y + 44, "right", 14, "muted")
    drawing.text(x + 14 * steps, y + 44, "wrong by 0.2 or more", 14, "muted", "end")
    drawing.text(x, y + 66, "where 1 is from black to white", 14, "muted")


def _plain(colour: str) -> str:
    """A picture of one pixel."""
    return _url(Files.new("RGB", (1, 1), colour))


def _grid(drawing: Drawing, wide: float, high: float) -> None:
    """The parts of the first picture, to be pressed."""
    for row in range(PARTS):
        for column in range(PARTS):
            name = f"{row}.{column}"
            drawing.item(Item(name, f"Row {row + 1}, column {column + 1}: look closely", "Press to see this part closely, everywhere."))
            x, y = column * wide / PARTS, TOP + row * high / PARTS
            drawing.rect(x, y, wide / PARTS, high / PARTS, "paper", "none", name)


def _address(file: bytes, place: tuple[int, int] | None) -> str:
    """A picture, or the part of it, by a data URL."""
    if place is None:
        return data_url(file)
    picture = Files.open(BytesIO(file))
    (row, column), (width, height) = place, picture.size
    edges = column * width // PARTS, row * height // PARTS, (column + 1) * width // PARTS, (row + 1) * height // PARTS
    return _url(picture.crop(edges))


def _url(picture: Files.Image) -> str:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return data_url(buffer.getvalue())


def verdict(what: Asked, scores: dict[str, dict[str, float]]) -> str:
    """What this picture shows, in words that are worked out from it."""
    told = TASKS[what.task]
    own, rival, before = (scores[name]["psnr"] for name in (NETWORK, "filter", "given"))
    title = filters_of(what.task)[what.filter]
    if abs(own - rival) < 0.1:
        said = f"On this picture the network and the filter ({title}) are equally near to the truth."
    elif own > rival:
        said = f"On this picture the network is nearer to the truth than the filter ({title}), by {own - rival:.1f} dB."
    else:
        said = f"On this picture the network does **not** beat the filter ({title}): it is {rival - own:.1f} dB further from the truth."
    if own < before - 0.1:
        said += f" It even does harm: what it was given was {before - own:.1f} dB nearer."
    if what.level != told.trained:
        said += (
            f" It was trained at {told.told(told.trained)} only, and has never seen {told.told(what.level)}; the filter is told the level."
        )
    if what.file is not None or what.data != told.data:
        learned = {"shapes": "paper shapes", "landcover": "land cover"}[told.data]
        said += f" It has learned from {learned} only, and takes this for the same."
    return said
