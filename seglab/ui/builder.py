"""The network builder: choose, see the U, and where it breaks what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from seglab.nets import Architecture, describe
from seglab.nets.choices import CHOICES, FUSED, KERNELS, STARTS
from seglab.nets.copied import TITLES
from seglab.nets.describe import Block, BreaksError
from seglab.nets.remedies import next_sizes, remedies
from seglab.nets.walk import LARGEST, read_size, sides
from seglab.train.failure import sentence
from seglab.ui.addressed import choice, chosen, in_hall, put, typed
from seglab.ui.builder_looks import look_at
from seglab.ui.diagram import show
from seglab.ui.plain import plain
from seglab.ui.u_picture import picture
from seglab.ui.u_words import amount, size_of

KINDS = {"unet": "U-Net", "plain": "Encoder-decoder", **{kind: TITLES[kind] for kind in ("segnet", *FUSED)}}
WORDS = {
    "concat": "concatenate",
    "transposed": "transposed convolution",
    "unpool": "max unpooling",
    "batch": "batch norm",
    "group": "group norm",
}
DEPTHS = ("1", "2", "3", "4", "5", "6")
WIDTHS = ("4", "8", "16", "32", "64", "128")
USUAL = {"net": "unet", "size": "256", "depth": "4", "width": "16", "padding": "same", "kernel": "3", "norm": "batch", "skip": "concat"} | {
    "up": "transposed",
    "start": "bilinear",
    "in": "1",
    "classes": "2",
}
PRESETS: dict[str, dict[str, str]] = {
    "The paper's U-Net: 572 → 388": {"size": "572", "width": "64", "padding": "valid", "norm": "none"},
    "Does 350 × 525 fit?": {"size": "350 x 525"},
    "SegNet": {"net": "segnet", "in": "3", "width": "64", "size": "352 x 480"},
    "FCN-8s": {"net": "fcn8s", "in": "3", "depth": "5", "width": "32", "classes": "21", "size": "224"},
}


@dataclass(frozen=True)
class Chosen:
    """The network and the size that the address asks for, its blocks as far as they go, and where it breaks."""

    net: Architecture
    size: tuple[int, int]
    blocks: list[Block]
    breaks: BreaksError | None


def builder() -> None:
    """The whole page between its sentence and its questions."""
    _presets()
    asked = _controls()
    if asked is None:
        return
    names = {block.name for block in asked.blocks}
    wanted = st.query_params.get("block", "")
    block = wanted if wanted in names else next((name for name in ("bottleneck", "encoder.0") if name in names), "")
    show(picture(asked.net, asked.size, asked.blocks, asked.breaks), "builder.u", block, _open)
    if asked.breaks:
        _mend(asked)
    else:
        st.markdown(_facts(asked))
    if asked.blocks:
        look_at(asked.net, asked.size, asked.blocks, block, broken=asked.breaks is not None)


def _presets() -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="builder.presets"):
        for title, values in PRESETS.items():
            changes = {**dict.fromkeys((*USUAL, "block", "part"), ""), **values}
            st.button(title, key=f"builder.preset.{title}", on_click=put, kwargs=changes, type="tertiary", icon=":material/arrow_outward:")


def _controls() -> Chosen | None:
    """The controls, and what they ask for; a sentence on the page where there is no such network."""
    with st.container(horizontal=True, vertical_alignment="center", key="builder.kinds"):
        kind = choice("Network", "net", list(KINDS), USUAL["net"], KINDS, hidden=True)
        more = _more(kind)
    size_column, depth_column, width_column, padding_column = st.columns([1.1, 1.75, 2.05, 1], vertical_alignment="top")
    with size_column:
        size = typed("Image size", "size", USUAL["size"], "One side, or height x width; any size.")
    with depth_column:
        depth = choice("Depth", "depth", DEPTHS, USUAL["depth"])
    with width_column:
        width = choice("Width: channels of the first level", "width", WIDTHS, USUAL["width"])
    with padding_column:
        padding = choice("Padding", "padding", CHOICES["padding"], USUAL["padding"], WORDS)
    try:
        settled = "unet" if kind == "plain" else kind
        skip = "none" if kind == "plain" else more.pop("skip", "concat")
        in_channels, classes, kernel = (int(more.pop(name)) for name in ("in", "classes", "kernel"))
        net = Architecture(
            in_channels, classes, int(depth), int(width), skip=skip, padding=padding, kind=settled, kernel_size=kernel, **more
        )
        pixels = read_size(size)
    except ValueError as error:
        st.warning(plain(sentence(str(error))), icon=":material/block:")
        return None
    return _described(net, pixels)


@lru_cache(maxsize=256)
def _described(net: Architecture, size: tuple[int, int]) -> Chosen:
    try:
        return Chosen(net, size, describe(net, size), None)
    except BreaksError as error:
        return Chosen(net, size, list(error.done), error)


def _more(kind: str) -> dict[str, str]:
    """The other choices, of those that the kind has."""
    ups = CHOICES["upsampling"][:3] if kind in FUSED else CHOICES["upsampling"]
    options: dict[str, tuple[str, tuple[str, ...]]] = {
        "kernel": ("Kernel", tuple(map(str, KERNELS))),
        "norm": ("Normalisation", CHOICES["norm"]),
        "skip": ("Skips", CHOICES["skip"][:2]),
        "up": ("Upsampling", ups),
        "start": ("Transposed convolutions begin", STARTS),
        "in": ("Channels of the image", ("1", "3")),
        "classes": ("Classes", ("2", "3", "5", "10", "21")),
    }
    if kind != "unet":
        del options["skip"]
    if kind == "segnet":
        del options["up"]
    if kind not in FUSED or chosen("up", ups, USUAL["up"]) != "transposed":
        del options["start"]
    now = {name: chosen(name, values, USUAL[name]) for name, (_, values) in options.items()}
    told = [f"{label.lower()} {WORDS.get(now[name], now[name])}" for name, (label, _) in options.items() if now[name] != USUAL[name]]
    with st.popover(", ".join(told).capitalize() if told else "More", icon=":material/tune:", key="builder.more"):
        for name, (label, values) in options.items():
            choice(label, name, values, USUAL[name], WORDS)
    return {{"up": "upsampling"}.get(name, name): value for name, value in now.items()}


def _open(name: str) -> None:
    if name != "breaks":
        put(block=name, look="", part="")


def _facts(asked: Chosen) -> str:
    blocks = asked.blocks
    small, large = blocks[-1].receptive_field
    _, height, width = blocks[-1].shape
    sees = f"{small}" if small == large else f"{small} to {large}, depending on where it lies,"
    return (
        f"**{sum(block.parameters for block in blocks):,}** parameters · **{amount(sum(block.macs for block in blocks))}** multiply-adds"
        f" · **{size_of(sum(block.memory for block in blocks))}** of maps for an image · the mask has **{height} × {width}** pixels,"
        f" and each sees **{sees}** pixels a side"
    )


def _mend(asked: Chosen) -> None:
    """What to do about a size that breaks: each way tried."""
    assert asked.breaks is not None
    height, width = asked.size
    st.error(f"It breaks at **{asked.breaks.block}**: {asked.breaks.why}.", icon=":material/heart_broken:")
    st.markdown("Each of these goes through; press one to see the whole network with it:")
    with st.container(horizontal=True, key="builder.remedies"):
        for way in remedies(asked.net, asked.size, LARGEST):
            told = f"**{way.way.capitalize()}** to {sides(way.size)}: {way.told}."
            with st.container(border=True, width=in_hall(275)):
                st.markdown(f"{told} The mask has {sides(way.mask)} pixels.")
                changes = {"size": f"{way.size[0]} x {way.size[1]}", "block": ""}
                st.button(f"Try {sides(way.size)}", key=f"builder.try.{way.way}", on_click=put, kwargs=changes)
    high, wide = (", ".join(map(str, next_sizes(side, asked.net, largest=LARGEST))) for side in (height, width))
    st.markdown(f"**Sizes that fit** around yours: heights {high}, …; widths {wide}, …, each {2**asked.net.depth} from the next.")
