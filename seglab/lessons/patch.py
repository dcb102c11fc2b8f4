"""A patch of one operator of a network as a small stage: a few cells of a few of its channels, with small numbers in place of weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seglab.lessons.transposed_convolution import bilinear_kernel
from seglab.nets.architecture import Architecture
from seglab.nets.choices import FUSED
from seglab.nets.layers import layers_of
from seglab.stage.fields import Field
from seglab.stage.lesson import Lesson, Panel, Step, View, fields_of

MOST_IN, MOST_OUT = 3, 2  # channels that a patch shows
TITLES = {
    "conv": "Convolution, ReLU",
    "pool": "Max pooling",
    "join": "The two maps joined",
    "up": "Larger again",
    "head": "1 × 1 convolution",
}

INPUT = Panel("x", "input", "Input", "I", edits="x")
KERNEL = Panel("kernel:y", "kernel", "Kernel", "K", edits="w")
OUTPUT = Panel("y", "output", "Output", "O")


def parts(net: Architecture, block: str) -> list[str]:
    """The operators that a block is made of, by the names of `TITLES`.

    >>> parts(Architecture(), "encoder.0"), parts(Architecture(skip="none"), "decoder.0")
    (['conv', 'pool'], ['conv'])
    """
    layers = [layer for layer in layers_of(net, block) if layer != "point"]
    return list(dict.fromkeys("conv" if layer.startswith("conv") else layer for layer in layers))


def patch(net: Architecture, part: str, c_in: int, c_out: int) -> Lesson:
    """The stage of an operator with so many channels going in and out. Raises ValueError for an operator that is unknown.

    >>> from seglab.stage.lesson import build
    >>> lesson = patch(Architecture(), "conv", 2, 1)
    >>> build(lesson, lesson.defaults).output.shape
    (1, 6, 6)
    """
    if part not in TITLES:
        raise ValueError(f"part={part!r} is unknown: {', '.join(TITLES)}")
    made = {"conv": _conv, "pool": _pool, "join": _join, "up": _up, "head": _head}[part](net, c_in, c_out)
    view, fields = made
    controls = tuple(field.name for field in fields if field.kind != "grid")
    # A name for each, by which the browser knows that it is another lesson.
    name = "-".join(map(str, (part, c_in, c_out, net.kind, net.kernel_size, net.padding, net.upsampling, net.skip, net.start)))
    return Lesson(name, TITLES[part], "", fields_of((view,), (), *fields, at=1), (view,), (), controls=controls)


def told(net: Architecture, block: str, part: str) -> str:
    """What a patch leaves out, and with what its numbers would begin.

    >>> told(Architecture(kind="fcn32s", depth=5), "up.0", "up")
    'Drawn for 2 times the size; the block makes it 32 times, with a kernel of 64 × 64. It begins as bilinear interpolation.'
    """
    if part == "up" and net.kind in FUSED:
        factor = 2 if block != f"up.{FUSED[net.kind]}" else 2 ** (net.depth - FUSED[net.kind])
        learned = net.upsampling == "transposed"
        kernel = f", with a kernel of {2 * factor} × {2 * factor}" if learned else ""
        larger = f"Drawn for 2 times the size; the block makes it {factor} times{kernel}. " if factor > 2 else ""
        begins = {"bilinear": "It begins as bilinear interpolation.", "random": "It begins with small random numbers."}[net.start]
        return f"{larger}{begins if learned else 'Nothing in it is learned.'}"
    if part in ("pool", "join") or (part == "up" and net.upsampling == "unpool"):
        return "Nothing in it is learned." if part != "up" or net.kind == "segnet" else "The 1 × 1 convolution before it is left out."
    if block.startswith("scores"):
        return "Its weights begin as zeros, so that finer scores change nothing at first."
    between = " The normalisation before the ReLU is left out." if part == "conv" and net.norm != "none" else ""
    return f"The network is not trained: its weights would begin as small random numbers.{between}"


Made = tuple[View, tuple[Field, ...]]


def _planes(seed: int, low: int, high: int, *shape: int) -> Any:
    return np.random.default_rng(seed).integers(low, high + 1, shape).tolist()


def _grid(name: str, values: Any, label: str, planes: tuple[int, ...] = ()) -> Field:
    return Field(name, "grid", values, label, "its cells", 1, 16, planes=planes)


def _image(channels: int, side: int, seed: int = 0) -> Field:
    return _grid("x", _planes(seed, 0, 9, channels, side, side), "Input", (channels,))


def _conv(net: Architecture, c_in: int, c_out: int) -> Made:
    k = net.kernel_size
    around = k // 2 if net.padding == "same" else 0
    step = Step("y", "conv2d", ("x",), weight="w", options={"padding": around, "activation": "relu"})
    weights = _grid("w", _planes(1, -2, 2, c_out, c_in, k, k), "Kernel", (c_out, c_in))
    return View("patch", "Patch", (step,), (INPUT, KERNEL, OUTPUT), "y", "output", {"x": "x"}), (_image(c_in, k + 3), weights)


def _pool(net: Architecture, c_in: int, c_out: int) -> Made:
    step = Step("y", "max_pool2d", ("x",), options={"kernel_size": 2})
    remembers = net.upsampling == "unpool"
    panels = (replace(INPUT, winners="y"), OUTPUT, *((Panel("switches:y", "skip", "Remembered", "S"),) if remembers else ()))
    return View("patch", "Patch", (step,), panels, "y", "output", {"x": "x"}), (_image(1, 6),)


def _join(net: Architecture, c_in: int, c_out: int) -> Made:
    """Crop and concatenate, or add: which is a 1x1 convolution of both with weights of 1."""
    border = 1 if net.padding == "valid" else 0
    side = 4 + 2 * border
    finer, coarser = ("Finer scores", "Enlarged scores") if net.kind in FUSED else ("Encoder's map", "Decoder's map")
    skip = _grid("s", _planes(2, 0, 9, side, side), finer)
    below = _grid("x", _planes(3, 0, 9, 4, 4), coarser)
    steps = [Step("k", "crop", ("s",), options={"top": border, "left": border, "height": 4, "width": 4})] if border else []
    first = "k" if border else "s"
    join = Step("j" if net.skip == "add" else "y", "concat", (first, "x"))
    adding = [Step("y", "conv2d", ("j",), operands={"weight": [[[[1]], [[1]]]]})] if net.skip == "add" else []
    panels = [Panel("s", "skip", finer, "E", edits="s"), *([Panel("k", "skip", "Cropped", "C")] if border else [])]
    panels += [Panel("x", "input", coarser, "D", edits="x"), *([Panel("j", "output", "Side by side", "J")] if adding else [])]
    panels += [Panel("y", "output", "Added" if adding else "Side by side", "O")]
    view = View("patch", "Patch", (*steps, join, *adding), tuple(panels), "y", "output", {"s": "s", "x": "x"})
    return view, (skip, below)


def _up(net: Architecture, c_in: int, c_out: int) -> Made:
    if net.kind in FUSED:
        return _scores(net)
    if net.upsampling == "unpool":
        pool = Step("p", "max_pool2d", ("x",), options={"kernel_size": 2})
        back = Step("y", "back", ("m", "p"), options={"op": "max_unpool"})
        panels = (
            replace(INPUT, title="What was pooled", winners="p"),
            Panel("switches:p", "skip", "Remembered", "S"),
            Panel("m", "input", "The map that comes back", "M", edits="m"),
            OUTPUT,
        )
        fields = (_grid("x", _planes(4, 0, 9, 4, 4), "What was pooled"), _grid("m", _planes(5, 1, 9, 2, 2), "Map"))
        return View("patch", "Patch", (pool, Step("m", "fit", ("p",), weight="m"), back), panels, "y", "input", {"x": "x"}), fields
    image = _image(c_in, 3, 6)
    if net.upsampling == "transposed":
        step = Step("y", "conv_transpose2d", ("x",), weight="w", options={"stride": 2})
        weights = _grid("w", _planes(7, -2, 3, c_in, c_out, 2, 2), "Kernel", (c_in, c_out))
        return View("patch", "Patch", (step,), (INPUT, KERNEL, OUTPUT), "y", "input", {"x": "x"}), (image, weights)
    steps = (
        Step("u", "interpolate", ("x",), options={"scale_factor": 2, "mode": net.upsampling}),
        Step("y", "conv2d", ("u",), weight="w"),
    )
    weights = _grid("w", _planes(8, -2, 3, c_out, c_in, 1, 1), "Kernel", (c_out, c_in))
    shown = (INPUT, Panel("u", "output", "Enlarged", "U"), KERNEL, OUTPUT)
    return View("patch", "Patch", steps, shown, "y", "output", {"x": "x"}), (image, weights)


def _scores(net: Architecture) -> Made:
    """One class's scores, enlarged: by a kernel that begins as bilinear interpolation, or by copying or interpolating."""
    image = _grid("x", _planes(9, -3, 6, 3, 3), "Scores")
    if net.upsampling != "transposed":
        step = Step("y", "interpolate", ("x",), options={"scale_factor": 2, "mode": net.upsampling})
        return View("patch", "Patch", (step,), (INPUT, OUTPUT), "y", "output", {"x": "x"}), (image,)
    random = np.round(np.random.default_rng(10).normal(0, 0.4, (4, 4)), 2).tolist()
    kernel = random if net.start == "random" else bilinear_kernel(2)
    step = Step("y", "conv_transpose2d", ("x",), weight="w", options={"stride": 2, "padding": 1})
    return View("patch", "Patch", (step,), (INPUT, KERNEL, OUTPUT), "y", "input", {"x": "x"}), (image, _grid("w", kernel, "Kernel"))


def _head(net: Architecture, c_in: int, c_out: int) -> Made:
    step = Step("y", "conv2d", ("x",), weight="w")
    weights = _grid("w", _planes(11, -2, 3, c_out, c_in, 1, 1), "Kernel", (c_out, c_in))
    return View("patch", "Patch", (step,), (INPUT, KERNEL, OUTPUT), "y", "output", {"x": "x"}), (_image(c_in, 5, 12), weights)
