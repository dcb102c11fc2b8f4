"""The page Milestones: choose a network and a size, see it whole, open one of its blocks, and read it in numbers."""

from __future__ import annotations

from typing import NamedTuple, cast

import streamlit as st

from seglab.lessons.gradient_flow import BLOCKS, WEIGHTS
from seglab.lessons.labs.milestones import BROUGHT, GRADIENTS
from seglab.nets.milestones import MILESTONES, SHORTCUTS, STRIDES, Branches, Heads, Shape, Shortcuts, Step, googlenet, resnet, vgg16
from seglab.nets.spoken import arithmetic, shortcut
from seglab.nets.walk import Part, Sized, at_size, depth, grouped, leaves, read_size, walk
from seglab.ui.addressed import choice, chosen, put, typed
from seglab.ui.diagram import show
from seglab.ui.links import in_lecture
from seglab.ui.milestones_block import opened
from seglab.ui.milestones_gradient import gradients
from seglab.ui.milestones_table import beside, layer_table, macs, most_in, parameters, plain_table, shares
from seglab.ui.milestones_whole import whole
from seglab.ui.plain import plain

FIRST = "VGG-16"
LOOKS = {"block": "Opened up", "gradients": "Gradients add", "layers": "Layer by layer", "networks": "All networks"}
OWN = ("stride", "shortcut", "heads", "block", "size")  # parameters that belong to one network
OPENS = {"AlexNet": "conv1", "VGG-16": "conv1_1", "GoogLeNet": "inception 3a"}
OPTIONS = {"A": "A: zeros", "B": "B: projected where it must be", "C": "C: all projected"}


class Network(NamedTuple):
    """The network that the address asks for, with the size of its own images."""

    name: str
    steps: tuple[Step, ...]
    own: Shape


def milestones() -> None:
    """The whole page between its sentence and its questions."""
    name = choice("Network", "net", list(MILESTONES), FIRST, drops=OWN, hidden=True)
    network, sized = _network(name)
    if not sized.parts:
        st.warning(" ".join(sized.notes), icon=":material/straighten:")
        return
    block = _block(network.name, sized)
    show(whole(network.name, sized.parts, _totals(network, sized)), "milestones.whole", block.step.name, _open)
    _tell(network, sized)
    look = choice("Look at", "look", list(LOOKS), "block", LOOKS, hidden=True)
    if look == "block":
        _opened(network, sized, block)
    elif look == "gradients":
        _gradients()
    elif look == "layers":
        st.html(layer_table(sized.parts))
        if any(len(group) > 1 for group in grouped(sized.parts)):
            st.markdown(
                "Of blocks that are alike, the layers of the first are listed; their own line has the sums, and the field after the last."
            )
    else:
        show(beside(), "milestones.beside", network.name, _switch)
    st.markdown(BROUGHT[name.partition("-")[0] if name.startswith("ResNet") else name])


def _network(name: str) -> tuple[Network, Sized]:
    """The network with its own options and the size of the image, each beside the other."""
    own = MILESTONES[name][1]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=150 if not in_lecture() else 210):
            text = typed("Image size", "size", str(own[1]), "Pixels: a number such as 224, or height × width such as 320 x 240.")
        steps = _options(name)
    try:
        height, width = read_size(text)
    except ValueError as error:
        st.warning(f"{plain(str(error))}. The network is shown at its own size, {own[1]} × {own[2]}.", icon=":material/straighten:")
        height, width = own[1:]
    return Network(name, steps, own), at_size(steps, own, (3, height, width))


def _options(name: str) -> tuple[Step, ...]:
    if name == "VGG-16":
        told = {"32": "32 (as published)", "16": "16, dilated", "8": "8, dilated"}
        return vgg16(int(choice("Stride at the end", "stride", [str(stride) for stride in STRIDES], "32", told)))
    if name == "GoogLeNet":
        told = {"0": "without", "1": "as trained"}
        return googlenet(choice("The two classifiers beside it", "heads", ["0", "1"], "0", told) == "1")
    if name.startswith("ResNet"):
        option = choice("Shortcuts", "shortcut", list(SHORTCUTS), "B", OPTIONS)
        return resnet(int(name.removeprefix("ResNet-")), cast(Shortcuts, option))
    return MILESTONES[name][0]()


def _block(name: str, sized: Sized) -> Part:
    """The part that the address asks for, or the first that is worth opening."""
    by_name = {part.step.name: part for part in sized.parts}
    usual = OPENS.get(name, "conv3_1")
    return by_name[chosen("block", list(by_name), usual if usual in by_name else next(iter(by_name)))]


def _switch(name: str) -> None:
    put(**dict.fromkeys(OWN, ""), net="" if name == FIRST else name)


def _open(block: str) -> None:
    put(block=block, look="")


def _totals(network: Network, sized: Sized) -> str:
    """The counts of the network, and where its parameters and its work are."""
    full, work = shares(sized.parts)
    (most, share), (busiest, busy) = most_in(sized.parts, parameters), most_in(sized.parts, macs)
    connected = f"Fully connected: {_percent(full)} of the parameters, {_percent(work)} of the work. " if full >= 0.3 else ""
    largest = f"{most} with {_percent(share)} of the parameters" + (" and " if most == busiest else f", {busiest} with ")
    name = f"{network.name} as far as it goes" if sized.ends else network.name
    deep = depth([part.step for part in sized.parts])
    return (
        f"{name}: {parameters(sized.parts):,} parameters, {macs(sized.parts):,} multiply-adds, {deep} layers with"
        f" weights.\nThe largest shares: {largest}{_percent(busy)} of the work."
        f"\n{connected}Point at a box for its numbers, press it to open it below."
    )


def _tell(network: Network, sized: Sized) -> None:
    """What the image's size and a smaller stride do to the network."""
    if sized.notes:
        st.info(" ".join(sized.notes), icon=":material/straighten:")
    if network.name == "VGG-16" and (stride := chosen("stride", ["16", "8"], "32")) != "32":
        _dilated(int(stride), sized)


def _percent(share: float) -> str:
    """A share in per cent.

    >>> _percent(0.8936), _percent(0.0084), _percent(0.0002)
    ('89 %', '0.8 %', 'less than 0.1 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"


def _dilated(stride: int, sized: Sized) -> None:
    """What became of VGG-16 where its last poolings no longer go down."""
    last = next((part.rows[-1] for part in sized.parts if part.step.name == "pool5"), None)
    if last is None or last.field is None:
        return
    coarse = next((row.shape for row in (part.rows[-1] for part in walk(vgg16(), sized.parts[0].before)[0]) if row.name == "pool5"), None)
    before = f" in place of {coarse[1]} × {coarse[2]}" if coarse else ""
    every, dilated = ("second", "2 in fc6") if stride == 16 else ("fourth", "2 in conv5 and 4 in fc6")
    even = all(side % 32 == 0 for side in sized.parts[0].before[1:])
    same = "to the digit" + ("" if even else " except towards the lower and right edge, where odd maps lose a row or column")
    st.markdown(
        f"**Dilation in place of pooling.** pool5 is {last.shape[1]} × {last.shape[2]}{before}, with the same weights. A cell still sees"
        f" {last.field.size} pixels, its neighbour is {stride} further in place of 32. Every {every} cell each way is one of the coarse"
        f" map's, {same}; those between are new. The dilation is {dilated}."
    )


def _opened(network: Network, sized: Sized, block: Part) -> None:
    """The chosen part from the inside, and where its numbers come from."""
    st.header(_title(network, block))
    show(opened(block), "milestones.block")
    if isinstance(block.step, Branches):
        _price(network, block, block.step)
    elif not isinstance(block.step, Heads):
        (layer,) = leaves([block.step])
        st.markdown("\n".join(f"- {name}: {told}" for name, told in arithmetic(layer, block.before, block.rows[-1])))


def _title(network: Network, block: Part) -> str:
    name, kind = block.step.name.removeprefix("inception "), ""
    if isinstance(block.step, Branches):
        kind = ", an Inception module" if block.step.how == "concat" else ", a residual block"
    return f"{name}{kind} of {network.name}"


def _price(network: Network, block: Part, step: Branches) -> None:
    if step.how == "concat":
        five = next(row for row in block.rows if row.name.endswith("5x5"))
        reduce = next(row for row in block.rows if row.name.endswith("5x5 reduce"))
        alone = (25 * block.before[0] + 1) * five.shape[0]
        st.markdown(
            f"{block.parameters:,} parameters, {block.macs:,} multiply-adds. The 1 × 1 convolutions before the large kernels make this"
            f" affordable: 5 × 5 on all {block.before[0]} channels would take {alone:,} parameters; with the 1 × 1 before it, it is"
            f" {reduce.parameters + five.parameters:,}."
        )
        return
    rows = []
    for option in SHORTCUTS:
        parts = walk(resnet(int(network.name.removeprefix("ResNet-")), option), network.own)[0]
        same = next(part for part in parts if part.step.name == step.name)
        assert isinstance(same.step, Branches)
        kind = {"identity": "x as it is", "projected": "projected", "zeros": "zeros"}[shortcut(same.step)]
        rows.append((OPTIONS[option], kind, f"{same.parameters:,}", f"{parameters(parts):,}"))
    head = ("shortcuts", f"in {step.name}", "parameters of the block", f"of all {network.name}")
    st.html(plain_table("Kinds of shortcut", head, rows))


def _gradients() -> None:
    """Gradients through a plain and a residual block."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        blocks = choice("Blocks in a row", "blocks", [str(count) for count in BLOCKS], "4")
        weights = choice("Weights of F", "weights", list(WEIGHTS), "edges")
    show(gradients(int(blocks), weights), "milestones.gradients")
    st.markdown(GRADIENTS)
