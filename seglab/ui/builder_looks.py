"""Below the builder's picture: a block opened up, all blocks in numbers, the module to copy, and the way to a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from seglab.lessons.patch import MOST_IN, MOST_OUT, TITLES, parts, patch
from seglab.lessons.patch import told as patch_told
from seglab.nets import Architecture
from seglab.nets.copied import copied
from seglab.nets.describe import Block, told
from seglab.nets.full_resolution import is_double, throughout
from seglab.nets.walk import sides
from seglab.train.config import TrainConfig
from seglab.ui.addressed import choice
from seglab.ui.form import send
from seglab.ui.links import in_lecture
from seglab.ui.stage import show_inside
from seglab.ui.table import table
from seglab.ui.u_words import amount, does, size_of

LOOKS = {"block": "A block opened up", "numbers": "Block by block", "code": "As PyTorch", "train": "Train it"}
HEAD = ("block", "output", "parameters", "multiply-adds", "maps", "sees", "what it does")


def look_at(net: Architecture, size: tuple[int, int], blocks: Sequence[Block], block: str, broken: bool) -> None:
    """One of the looks; a network that breaks can neither be copied nor trained."""
    looks = ["block", "numbers"] if broken else list(LOOKS)
    look = choice("Look at", "look", looks, "block", LOOKS, hidden=True)
    if look == "block":
        _opened(net, next(one for one in blocks if one.name == block))
    elif look == "numbers":
        table(HEAD, _rows(blocks, net), "The network block by block")
        if not broken:
            st.markdown(full_resolution(net, size, blocks))
    elif look == "code":
        code = copied(net, size)
        st.download_button("Download", code, f"{net.kind}.py", "text/x-python", icon=":material/download:", on_click="ignore")
        st.code(code, language="python", wrap_lines=True)
    else:
        _train(net)


def _opened(net: Architecture, block: Block) -> None:
    """A patch of one of the block's operators, in the stage."""
    names = parts(net, block.name)
    st.markdown(f"**{block.name}**: {does(net, block.name)}. A patch of it, small enough to read:")
    part_column, in_column, out_column = st.columns([2, 1, 1])
    with part_column:
        part = choice("Operator", "part", names, names[0], TITLES)
    many = part in ("conv", "head") or (part == "up" and net.kind == "unet" and net.upsampling != "unpool")
    c_in = c_out = "1"
    if many:
        with in_column:
            c_in = choice("Channels in", "cin", [str(n + 1) for n in range(MOST_IN)], "2")
        with out_column:
            c_out = choice("Channels out", "cout", [str(n + 1) for n in range(MOST_OUT)], "1")
    show_inside(patch(net, part, int(c_in), int(c_out)), "builder.patch")
    channels, height, width = block.shape
    st.caption(
        f"A few cells of {height} × {width}, and of {channels} channels a few; the numbers are there to be changed."
        f" {patch_told(net, block.name, part)}"
    )


def _rows(blocks: Sequence[Block], net: Architecture) -> Iterator[tuple[str, ...]]:
    for block in blocks:
        small, large = block.receptive_field
        yield (
            block.name,
            sides(block.shape),
            f"{block.parameters:,}",
            amount(block.macs),
            size_of(block.memory),
            f"{small}" if small == large else f"{small} to {large}",
            does(net, block.name),
        )
    memory = sum(block.memory for block in blocks)
    total = f"{sum(block.parameters for block in blocks):,}", amount(sum(block.macs for block in blocks)), size_of(memory)
    yield "in all", "", *total, "", ""


def full_resolution(net: Architecture, size: tuple[int, int], blocks: Sequence[Block]) -> str:
    """What the same convolutions would cost if nothing were ever made smaller.

    >>> from seglab.nets import describe, paper_unet
    >>> full_resolution(paper_unet(), (572, 572), describe(paper_unet(), (572, 572)))[:88]
    'Without any downsampling, at 572 x 572 throughout, the same convolutions would take 9.24'
    """
    there, here = throughout(net, size, blocks), sum(block.macs for block in blocks if is_double(block))
    return (
        f"Without any downsampling, at {told(size)} throughout, the same convolutions would take {amount(there.macs)} multiply-adds,"
        f" {there.macs / here:.1f} × as many, and {there.memory / 1e9:.3g} GB of maps; and a cell would see"
        f" {there.field[1]} pixels a side instead of {blocks[-1].receptive_field[1]}."
    )


def _train(net: Architecture) -> None:
    """The way to the laboratory with these choices, as far as a training takes them."""
    low, high = (TrainConfig.__dataclass_fields__["depth"].metadata[end] for end in ("low", "high"))
    least, most = (TrainConfig.__dataclass_fields__["width"].metadata[end] for end in ("low", "high"))
    if not low <= net.depth <= high or not least <= net.width <= most:
        st.warning(f"A training takes depths of {low} to {high} and widths of {least} to {most}: this is {net.depth} and {net.width}.")
        return
    st.markdown("The laboratory opens with this network; the images' channels and the classes are then those of the data you choose.")
    names = ["kind", "depth", "width", "norm", "padding", "kernel_size"]  # and what this kind leaves open
    names += ["skip", "upsampling"] if net.kind == "unet" else [] if net.kind == "segnet" else ["upsampling", "start"]
    pressed = st.button(
        "To the laboratory",
        type="primary",
        icon=":material/model_training:",
        on_click=send,
        kwargs={name: getattr(net, name) for name in names},
        disabled=in_lecture(),
    )
    if pressed:
        st.switch_page("pages/train.py")
