"""A U-Net, or a SegNet, along one axis with the ways through its skips and its bottleneck, and the field of one pixel on the image."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import streamlit as st

from seglab.data.sets import unseen_scene
from seglab.infer.pictures import grey, url
from seglab.nets.choices import KERNELS
from seglab.nets.graph import BOTTLENECK, Map, field_of, fields, fitting, unet_maps
from seglab.train.config import TrainConfig
from seglab.train.store import NotFoundError
from seglab.ui.addressed import choice, given, put
from seglab.ui.diagram import show
from seglab.ui.drawing import Drawing, Item
from seglab.ui.field import read_at, traced_pixel, traced_rows
from seglab.ui.plain import plain
from seglab.ui.runs import open_store

CELLS = ("at", "pixel")  # what the address says of a network's cells, which are others in another network

PAPER = {"kind": "unet", "depth": "4", "kernel": "3", "padding": "valid", "up": "transposed"}
PLAIN = {"kind": "unet", "depth": "2", "kernel": "3", "padding": "same", "up": "transposed"}
KINDS = {"unet": "U-Net", "plain": "without skips", "segnet": "SegNet"}
NAMES = {"unet": "U-Net", "plain": "U-Net without skips", "segnet": "SegNet"}
DEPTHS = ("1", "2", "3", "4")
ROADS = {
    "unet": "through the bottleneck, purple what comes through the skips",
    "plain": "through the bottleneck: there is no other way",
    "segnet": "through the deepest maps: there is no other way",
}
UPS = ("transposed", "nearest", "bilinear")


class Net(NamedTuple):
    """A U-Net, one without skips ("plain") or a SegNet, by the settings that its fields depend on; joined or added skips see the same."""

    depth: int
    kernel_size: int
    padding: str
    upsampling: str
    kind: str = "unet"


def unet_part() -> None:
    """The network as rows, its ways told apart, and below how the field depends on the pixel's place."""
    net = _settings()
    maps = network(net)
    last = len(maps) - 1
    spans = spread(net)
    notes = [f"{maps[0].size} cells", *(_note(span) for span in spans[1:])]
    label = (
        f"A {NAMES[net.kind]} of depth {net.depth} along one axis, the mask at the top, the image at the bottom. Arrow keys left and right"
        " walk along a map, up and down between maps."
    )
    traced_rows(maps, notes, "unet", label, read_at(given("at")), lambda at: put(at=f"{at[0]}.{at[1]}"))
    st.header("It depends on the pixel")
    st.markdown(phases(net))
    at = read_at(given("at"))
    show(_reach(net), "reach", str(at[1]) if at and at[0] == last else "", lambda name: put(at=f"{last}.{name}"))


def image_part() -> None:
    """The field of one pixel as a rectangle on an image."""
    net = _settings()
    maps = network(net)
    last = len(maps) - 1
    spare = max(0, -field_of(maps, last, 0).start, field_of(maps, last, maps[last].size - 1).stop - maps[0].size)
    size = maps[0].size
    label = f"A generated image of {size} × {size} pixels, and on it what one pixel of the mask sees"
    traced_pixel(maps, _scene(size), spare, "pixel", label, read_at(given("pixel")), lambda at: put(pixel=f"{at[0]}.{at[1]}"))
    told = f"The mask is {maps[last].size} × {maps[last].size}, within the dashed line. " if net.padding == "valid" else ""
    outside = "Hatched is what lies in the padding: zeros, not image. " if spare else ""
    st.caption(f"{told}{outside}Blue is what comes {ROADS[net.kind]}.")


def _settings() -> Net:
    """The controls, all in one line; and the paper's network by one press."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choice("Network", "kind", KINDS, PLAIN["kind"], drops=CELLS)
        depth = choice("Depth", "depth", DEPTHS, PLAIN["depth"], drops=CELLS)
        kernel = choice("Kernel", "kernel", {str(n): f"{n} × {n}" for n in KERNELS}, PLAIN["kernel"], drops=CELLS)
        padding = choice("Padding", "padding", ("same", "valid"), PLAIN["padding"], drops=CELLS)
        up = "unpool" if kind == "segnet" else choice("Upsampling", "up", UPS, PLAIN["up"], drops=CELLS)
        st.button("As in the paper", icon=":material/article:", key="receptive.paper", on_click=_take, args=(PAPER,))
        _as_in_run()
    return Net(int(depth), int(kernel), padding, up, kind)


def _as_in_run() -> None:
    """The settings of the run that part 4 looks at, by one press."""
    try:
        run = open_store().run(given("source"))
    except NotFoundError:
        return
    if settings := settings_of(run.config):
        label = f"As in {plain(run.name)}"
        st.button(label, icon=":material/network_node:", key="receptive.run", on_click=_take, args=(settings,))


def settings_of(config: TrainConfig) -> dict[str, str] | None:
    """What this page's controls would be for a training's network; None for one that it cannot trace.

    >>> settings_of(TrainConfig(depth=3, kind="segnet"))
    {'kind': 'segnet', 'depth': '3', 'kernel': '3', 'padding': 'same', 'up': 'transposed'}
    """
    depth, up = str(config.depth), config.upsampling if config.upsampling in UPS else UPS[0]  # unpooling sees what a 2 × 2 stamp sees
    if config.kind not in ("unet", "segnet") or depth not in DEPTHS:
        return None
    kind = "plain" if config.kind == "unet" and config.skip == "none" else config.kind
    return {"kind": kind, "depth": depth, "kernel": str(config.kernel_size), "padding": config.padding, "up": up}


def _take(settings: dict[str, str]) -> None:
    put(**{name: None if value == PLAIN[name] else value for name, value in settings.items()}, **dict.fromkeys(CELLS))


@lru_cache(maxsize=64)
def network(net: Net) -> list[Map]:
    """The maps for an image that is large enough to show a whole field, or for "valid" two periods of the mask."""
    period, kind = 2**net.depth, "segnet" if net.kind == "segnet" else "unet"
    how = (net.padding, net.kernel_size, net.upsampling, "none" if net.kind == "plain" else "concat", kind)
    size = fitting(net.depth, 2 * period, net.padding, net.kernel_size, kind)
    if net.padding == "same":
        large = unet_maps(net.depth, 32 * period * net.kernel_size, *how)
        size = fitting(net.depth, max(fields(large, len(large) - 1, period)) + 2 * period, net.padding, net.kernel_size, kind)
    return unet_maps(net.depth, size, *how)


@lru_cache(maxsize=64)
def spread(net: Net) -> list[tuple[int, int]]:
    """The smallest and the largest field of every map's cells."""
    maps = network(net)
    found = [fields(maps, number, 2**net.depth) if made.shown else [0] for number, made in enumerate(maps)]
    return [(min(sizes), max(sizes)) for sizes in found]


def _note(span: tuple[int, int]) -> str:
    low, high = span
    return f"field {low}" if low == high else f"field {low} or {high}"


def phases(net: Net) -> str:
    """What the fields of two periods of the mask are, in a sentence.

    >>> phases(Net(4, 3, "valid", "transposed"))[:74]
    'The bottleneck sees 140 pixels a side. A pixel of the mask sees 188 or 204'
    """
    maps, period = network(net), 2**net.depth
    sizes = sorted(set(fields(maps, len(maps) - 1, period)))
    deepest, deep = ("deepest map", f"pooling {net.depth - 1}") if net.kind == "segnet" else (BOTTLENECK, BOTTLENECK)
    sees = fields(maps, next(number for number, made in enumerate(maps) if made.name == deep), 1)[0]
    told = ", ".join(str(size) for size in sizes[:-1])
    told = f"{told} or {sizes[-1]}" if told else f"{sizes[-1]}"
    why = (
        f", by where it lies within {period} pixels: one cell of the {deepest} stands for so many of them, and from some of them the way"
        " down to it reaches one cell further than from others."
        if len(sizes) > 1
        else ", wherever it lies; but not as far to one side as to the other."
    )
    return f"The {deepest} sees {sees} pixels a side. A pixel of the mask sees {told}{why}"


def _reach(net: Net) -> Drawing:
    """How far two periods of neighbouring pixels see to either side."""
    maps, period = network(net), 2**net.depth
    last, lost = len(maps) - 1, (maps[0].size - maps[-1].size) // 2
    first = max(0, (maps[last].size - 2 * period) // 2 // period * period)
    found = {place: field_of(maps, last, place) for place in range(first, min(first + 2 * period, maps[last].size))}
    return reach_drawing(found, lost, period)


def reach_drawing(found: dict[int, range], lost: int, period: int) -> Drawing:
    """Bars, one a pixel of the mask: how far its field reaches before and behind it. `lost` is where the mask begins on the image."""
    width, left, top, half = 960, 118, 26, 96
    most = max(max(place + lost - field.start, field.stop - 1 - place - lost) for place, field in found.items())
    drawing = Drawing(width, 2 * half + 70, "How far neighbouring pixels of the mask see to either side", least=720)
    step = (width - left - 8) / len(found)
    middle, unit = top + half, half / most
    drawing.told = f"Each bar is a pixel of the mask; {period} pixels repeat."
    for text, y in (("before the pixel", middle - half / 2), ("its own place", middle + 4), ("behind it", middle + half / 2 + 8)):
        drawing.text(left - 12, y, text, 13, "muted", "end")
    for at, (place, field) in enumerate(found.items()):
        x, own, name = left + at * step, place + lost, str(place)
        before, behind = own - field.start, field.stop - 1 - own
        span = f"{field.start} to {field.stop - 1}"
        told = f"Pixel {place} sees {len(field)}: {before} before its own place and {behind} behind it, image {span}."
        drawing.item(Item(name, f"Pixel {place}: {len(field)}", told))
        drawing.rect(x + 1, middle - before * unit, step - 2, (before + behind) * unit, "input", "soft", name)
        if step > 22 or at % 2 == 0:
            drawing.text(x + step / 2, middle + half + 36, name, 12, "muted", "middle")
        if step > 22:
            drawing.text(x + step / 2, middle - before * unit - 5, str(len(field)), 12, "ink", "middle", item=name)
    drawing.line([(left - 4, middle), (width - 4, middle)], "ink")
    for start in range(len(found) // period):
        drawing.line([(left + start * period * step, top + 2 * half + 10), (left + start * period * step, top + 2 * half + 30)], "muted")
    return drawing


@st.cache_data(max_entries=32)
def _scene(size: int) -> str:
    return url(grey(unseen_scene("cells", 3, size, 0.5)[0]))
