"""A patch of a trained network's layer as a small stage: its own activations under its own weights, in place of `patch.py`'s invented
numbers.

A stage shows a few of many channels. What the others bring is worked out and goes in as one more channel, *others*, whose weight is 1: so
the cells of the output are the network's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from seglab.infer.inside_told import Layer
from seglab.lessons.patch import INPUT, KERNEL, MOST_IN, OUTPUT, TITLES
from seglab.stage.fields import Field
from seglab.stage.lesson import Lesson, Panel, Step, View, fields_of

OTHERS = "others"
SIDES = {"conv": 4, "pool": 3, "unpool": 3, "concat": 4, "add": 4}  # cells a side: of the output, but for unpool of the smaller map
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealPatch:
    """A stage of a layer, and what there is to say of it: the first row and column of its output in the network's map, its channels in and
    out, and what the network itself has there (C, h, w)."""

    lesson: Lesson
    place: tuple[int, int]
    channels_in: tuple[int, ...]
    channels_out: tuple[int, ...]
    own: Numbers
    others: int = 0


@dataclass(frozen=True)
class Span:
    """Cells of a map along one axis, from `first` up to `stop`; `before` and `behind` of them lie in its padding."""

    first: int
    stop: int
    before: int = 0
    behind: int = 0


def real_patch(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int = MOST_IN) -> RealPatch:
    """The stage of a layer around an output cell (row, column), for one or two output channels and the `most_in` input channels that matter
    most to them there. A place outside of the map becomes the nearest one inside."""
    made = {"conv": _conv, "stamp": _stamp, "enlarge": _enlarge, "pool": _pool, "unpool": _unpool, "concat": _join, "add": _join}
    return made[layer.op](layer, place, outs, most_in)


def begin(at: int, length: int, size: int) -> int:
    """Where `length` cells begin that have `at` in their middle and lie inside of `size`.

    >>> begin(0, 4, 10), begin(5, 4, 10), begin(99, 4, 10), begin(1, 4, 3)
    (0, 3, 6, 0)
    """
    return max(0, min(at - length // 2, size - length))


def _lesson(layer: Layer, title: str, view: View, fields: tuple[Field, ...]) -> Lesson:
    told = sha256(repr([(field.name, field.default) for field in fields]).encode()).hexdigest()[:12]
    controls = tuple(field.name for field in fields if field.kind != "grid")
    return Lesson(
        f"real-{layer.op}-{told}", title, "", fields_of((view,), (), *fields, at=1), (view,), (), controls=controls, measured=True
    )


def _grid(name: str, values: NDArray[Any], label: str) -> Field:
    return Field(name, "grid", values.astype(float).tolist(), label, "its cells", 1, 64, planes=values.shape[:-2])


def _named(channels: tuple[int, ...], others: int = 0, letter: str = "c") -> tuple[str, ...]:
    """The names of channels in the arithmetic."""
    return (*(f"{letter}{channel}" for channel in channels), *(OTHERS if others == 1 else f"{OTHERS}{n + 1}" for n in range(others)))


def _cut(maps: NDArray[Any], spans: Sequence[Span], padded: bool = False) -> Numbers:
    """The cells of maps (C, H, W), in double precision; `padded` with zeros for those in the padding."""
    rows, columns = spans
    part = maps[:, rows.first : rows.stop, columns.first : columns.stop].astype(float)
    around = [(0, 0), (rows.before, rows.behind), (columns.before, columns.behind)]
    return np.pad(part, around) if padded else part


def chosen_channels(parts: Numbers, most: int) -> tuple[int, ...]:
    """Of what each input channel brings (C_out, C_in, ...), the `most` channels that bring most, in order.

    >>> chosen_channels(np.array([[1.0, -5.0, 0.0, 2.0]]), 2)
    (1, 3)
    """
    size = np.abs(parts).sum(tuple(axis for axis in range(parts.ndim) if axis != 1))
    order = np.argsort(-size, kind="stable")[:most]
    return tuple(sorted(int(channel) for channel in order))


# --- convolution, also 1 x 1 ---------------------------------------------------------------------------------------------------------


def _conv(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    kernel, bias = layer.folded
    kernel, bias, k, pad = kernel[list(outs)], bias[list(outs)], kernel.shape[-1], layer.padding
    spans, firsts = [], []
    for at, size, given in zip(place, layer.y.shape[1:], layer.x.shape[1:], strict=True):
        length = min(SIDES["conv"], size)
        first = begin(at, length, size)
        low, high = first - pad, first - pad + length + k - 1
        spans.append(Span(max(0, low), min(given, high), max(0, -low), max(0, high - given)))
        firsts.append(first)
    rows, columns = spans
    windows = sliding_window_view(_cut(layer.x, spans, padded=True), (k, k), axis=(1, 2))  # (C_in, h, w, k, k)
    parts = np.einsum("chwij,ocij->ochw", windows, kernel)
    channels = chosen_channels(parts, most_in)
    x, w, others = _cut(layer.x, spans)[list(channels)], kernel[:, list(channels)], 0
    if len(channels) < len(layer.x):
        rest = parts.sum(1) - parts[:, list(channels)].sum(1)
        others = len(outs)
        x = np.concatenate([x, _centred(rest, k, pad, rows, columns, x.shape[1:])])
        w = np.concatenate([w, _ones(others, k)], axis=1)
    view = _convolution(layer, (rows, columns), bias, _named(channels, others), _named(outs))
    fields = _grid("x", x, "Input"), _grid("w", w, "Kernel")
    own = layer.y[list(outs), firsts[0] : firsts[0] + parts.shape[2], firsts[1] : firsts[1] + parts.shape[3]].astype(float)
    left = len(layer.x) - len(channels)
    return RealPatch(_lesson(layer, "Convolution", view, fields), (firsts[0], firsts[1]), channels, outs, own, left)


def _centred(rest: Numbers, k: int, pad: int, rows: Span, columns: Span, shape: tuple[int, ...]) -> Numbers:
    """What the other channels bring, in a map as large as the input's patch, where the middle of each cell's window is."""
    whole = np.zeros((len(rest), *shape))
    top, left = k // 2 - rows.before, k // 2 - columns.before
    whole[:, top : top + rest.shape[1], left : left + rest.shape[2]] = rest
    return whole


def _ones(count: int, k: int) -> Numbers:
    """Kernels that take the middle cell of their own channel as it is."""
    kernel = np.zeros((count, count, k, k))
    for channel in range(count):
        kernel[channel, channel, k // 2, k // 2] = 1
    return kernel


def _convolution(layer: Layer, spans: tuple[Span, Span], bias: Numbers, names: tuple[str, ...], outs: tuple[str, ...]) -> View:
    around = [[span.before, span.behind] for span in spans]
    options = {"padding": around, **({"activation": "relu"} if layer.relu else {})}
    step = Step("y", "conv2d", ("x",), weight="w", options=options, operands={"bias": bias.tolist()})
    panels = (replace(INPUT, names=names), KERNEL, Panel("bias:y", "kernel", "Bias", "b"), replace(OUTPUT, names=outs))
    return View("patch", "Patch", (step,), panels, "y", "output", {"x": "x"})


# --- larger again --------------------------------------------------------------------------------------------------------------------


def _stamp(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    """A transposed convolution: stamps of some channels, and what the others and the bias add to them.

    Where stamps overlap, cells at the patch's rim lack those of neighbours: they are left out, unless the map ends there too.
    """
    kernel, bias = layer.folded
    kernel, bias, f = kernel[:, list(outs)], bias[list(outs)], layer.stride
    spans = _enlarged_spans(layer, place, 3 if f < 8 else 2, layer.crop)
    firsts, crop, cuts = _inner(spans, f)
    x = _cut(layer.x, spans)
    parts = _stamped(x, kernel, f, layer.crop)
    parts = parts[:, :, crop["top"] :, crop["left"] :][:, :, : crop["height"], : crop["width"]]
    channels = chosen_channels(parts, most_in)
    rest, left = parts.sum(1) - parts[:, list(channels)].sum(1) + bias[:, None, None], len(layer.x) - len(channels)
    adds = bool(left) or bool(bias.any())
    names = ["s" if adds or cuts else "y", "s" if adds else "y"]
    steps = [Step("z" if cuts else names[0], "conv_transpose2d", ("x",), weight="w", options={"stride": f, "padding": layer.crop})]
    steps += [Step(names[1], "crop", ("z",), options=crop)] if cuts else []
    fields = [_grid("x", x[list(channels)], "Input"), _grid("w", kernel[list(channels)], "Kernel")]
    panels = [replace(INPUT, names=_named(channels)), replace(KERNEL, grid=f"kernel:{steps[0].grid}")]
    stamped = Panel(steps[0].grid, "output", "Stamped", "Z" if cuts else "S", names=_named(outs, letter="z" if cuts else "s"))
    panels += [stamped] if adds or cuts else []
    panels += [Panel("s", "output", "Its inner part", "S", names=_named(outs, letter="s"))] if cuts and adds else []
    inputs = {"x": "x"}
    if adds:
        eye = np.eye(len(outs))
        both = np.concatenate([eye, eye], axis=1)[:, :, None, None].tolist()
        steps += [Step("j", "concat", ("s", "r")), Step("y", "conv2d", ("j",), operands={"weight": both})]
        whose = f"The other {left}" + (" and the bias" if bias.any() else "") if left else "The bias"
        fields.append(_grid("r", rest, whose))
        inputs["r"] = "r"
        panels.append(Panel("r", "skip", whose, "R", edits="r", names=_named(outs, letter="r")))
    panels.append(replace(OUTPUT, title="Together" if adds else "Its inner part" if cuts else "Output", names=_named(outs)))
    view = View("patch", "Patch", tuple(steps), tuple(panels), steps[0].grid, "input", inputs)
    own = _own(layer, outs, firsts, (crop["height"], crop["width"]))
    return RealPatch(_lesson(layer, "Transposed convolution", view, tuple(fields)), (firsts[0], firsts[1]), channels, outs, own, left)


def _enlarged_spans(layer: Layer, place: tuple[int, int], length: int, rim: int) -> list[Span]:
    """The cells of a layer's smaller map around an output cell; before and behind them `rim` cells of the output lack a neighbour."""
    spans = []
    for at, size in zip(place, layer.x.shape[1:], strict=True):
        first = begin(at // layer.stride, length, size)
        stop = min(first + length, size)
        spans.append(Span(first, stop, rim if first else 0, rim if stop < size else 0))
    return spans


def _inner(spans: list[Span], f: int) -> tuple[list[int], dict[str, int], bool]:
    """Where the whole cells of an enlarged patch begin in the map; how it is cropped to them, and whether there is anything to crop."""
    large = [f * (span.stop - span.first) for span in spans]
    inner = [size - span.before - span.behind for size, span in zip(large, spans, strict=True)]
    crop = {"top": spans[0].before, "left": spans[1].before, "height": inner[0], "width": inner[1]}
    return [f * span.first + span.before for span in spans], crop, inner != large


def _own(layer: Layer, outs: tuple[int, ...], firsts: list[int], size: tuple[int, ...]) -> Numbers:
    top, left = firsts
    return layer.y[list(outs), top : top + size[0], left : left + size[1]].astype(float)


def _stamped(x: Numbers, kernel: Numbers, f: int, cut: int) -> Numbers:
    """What each channel of x (C_in, h, w) stamps with its kernels (C_in, C_out, k, k): (C_out, C_in, H, W), `cut` cells off each side."""
    (c_in, h, w), (_, c_out, k, _) = x.shape, kernel.shape
    whole = np.zeros((c_out, c_in, (h - 1) * f + k, (w - 1) * f + k))
    for row in range(h):
        for column in range(w):
            stamp = np.einsum("c,cokl->ockl", x[:, row, column], kernel)
            whole[:, :, row * f : row * f + k, column * f : column * f + k] += stamp
    return whole[:, :, cut : whole.shape[2] - cut, cut : whole.shape[3] - cut]


def _enlarge(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    """Copied or interpolated; in a U-Net then a 1 x 1 convolution, which could as well come before: so the others go in small."""
    f, smooth = layer.stride, layer.mode == "bilinear"
    length = 4 if smooth and f == 2 else 3 if f < 8 else 2
    spans = _enlarged_spans(layer, place, length, f // 2 if smooth else 0)
    firsts, crop, cuts = _inner(spans, f)
    x = _cut(layer.x, spans)
    own = _own(layer, outs, firsts, (crop["height"], crop["width"]))
    learned = layer.kernel is not None
    inner, end = ("u" if learned else "y") if cuts else "", "u" if learned else "y"
    steps = [Step("e" if cuts else end, "interpolate", ("x",), options={"scale_factor": f, "mode": layer.mode})]
    steps += [Step(inner, "crop", ("e",), options=crop)] if cuts else []
    enlarged = [Panel("e", "output", "Enlarged", "E")] if cuts else []
    if not learned:
        panels = (replace(INPUT, names=_named(outs)), *enlarged, replace(OUTPUT, title="Its inner part" if cuts else "Output"))
        view = View("patch", "Patch", tuple(steps), panels, steps[0].grid, "output", {"x": "x"})
        made = _lesson(layer, "Larger again", view, (_grid("x", x[list(outs)], "Input"),))
        return RealPatch(made, (firsts[0], firsts[1]), outs, outs, own)
    kernel, bias = layer.folded
    kernel, bias = kernel[list(outs)], bias[list(outs)]
    parts = np.einsum("chw,oc->ochw", x, kernel[:, :, 0, 0])
    channels = chosen_channels(parts, most_in)
    left = len(layer.x) - len(channels)
    others = len(outs) if left else 0
    w = kernel[:, list(channels)]
    x = x[list(channels)]
    if others:
        x = np.concatenate([x, parts.sum(1) - parts[:, list(channels)].sum(1)])
        w = np.concatenate([w, _ones(others, 1)], axis=1)
    names = _named(channels, others)
    steps.append(Step("y", "conv2d", ("u",), weight="w", operands={"bias": bias.tolist()}))
    shown = [replace(INPUT, names=names), *(replace(panel, names=names) for panel in enlarged)]
    shown += [Panel("u", "output", "Its inner part" if cuts else "Enlarged", "U", names=names), KERNEL]
    shown += [Panel("bias:y", "kernel", "Bias", "b"), replace(OUTPUT, names=_named(outs))]
    view = View("patch", "Patch", tuple(steps), tuple(shown), "y", "output", {"x": "x"})
    made = _lesson(layer, "Larger again", view, (_grid("x", x, "Input"), _grid("w", w, "Kernel")))
    return RealPatch(made, (firsts[0], firsts[1]), channels, outs, own, left)


# --- without weights -----------------------------------------------------------------------------------------------------------------


def _pool(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    spans, firsts = [], []
    for at, size in zip(place, layer.y.shape[1:], strict=True):
        length = min(SIDES["pool"], size)
        firsts.append(begin(at, length, size))
        spans.append(Span(2 * firsts[-1], 2 * (firsts[-1] + length)))
    x = _cut(layer.x, spans)[list(outs)]
    step = Step("y", "max_pool2d", ("x",), options={"kernel_size": 2})
    panels = (
        replace(INPUT, winners="y", names=_named(outs)),
        replace(OUTPUT, names=_named(outs)),
        Panel("switches:y", "skip", "Remembered", "S"),
    )
    view = View("patch", "Patch", (step,), panels, "y", "output", {"x": "x"})
    own = _own(layer, outs, firsts, (x.shape[1] // 2, x.shape[2] // 2))
    return RealPatch(_lesson(layer, TITLES["pool"], view, (_grid("x", x, "Input"),)), (firsts[0], firsts[1]), outs, outs, own)


def _unpool(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    assert layer.skip is not None
    outs, small, large, firsts = outs[:1], [], [], []
    for at, size in zip(place, layer.x.shape[1:], strict=True):
        length = min(SIDES["unpool"], size)
        first = begin(at // 2, length, size)
        small.append(Span(first, first + length))
        large.append(Span(2 * first, 2 * (first + length)))
        firsts.append(2 * first)
    pooled, m = _cut(layer.skip, large)[outs[0]], _cut(layer.x, small)[outs[0]]
    steps = Step("p", "max_pool2d", ("x",), options={"kernel_size": 2}), Step("m", "fit", ("p",), weight="m")
    panels = (
        replace(INPUT, title="What was pooled", winners="p"),
        Panel("switches:p", "skip", "Remembered", "S"),
        Panel("m", "input", "The map that comes back", "M", edits="m"),
        OUTPUT,
    )
    view = View("patch", "Patch", (*steps, Step("y", "back", ("m", "p"), options={"op": "max_unpool"})), panels, "y", "input", {"x": "x"})
    fields = _grid("x", pooled, "What was pooled"), _grid("m", m, "Map")
    own = _own(layer, outs, firsts, pooled.shape)
    return RealPatch(_lesson(layer, "Max unpooling", view, fields), (firsts[0], firsts[1]), outs, outs, own)


def _join(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    """Both maps of one channel: side by side they are two channels of the joined map, added one."""
    assert layer.skip is not None
    count = len(layer.skip)
    channel, adds = outs[0] % count, layer.op == "add"
    spans, firsts = [], []
    for at, size in zip(place, layer.x.shape[1:], strict=True):
        length = min(SIDES["add"], size)
        firsts.append(begin(at, length, size))
        spans.append(Span(firsts[-1], firsts[-1] + length))
    both = (channel,) if adds else (channel, count + channel)
    below = _cut(layer.x, spans)[channel]
    join = Step("j" if adds else "y", "concat", ("s", "x"))
    adding = [Step("y", "conv2d", ("j",), operands={"weight": [[[[1]], [[1]]]]})] if adds else []
    panels = [Panel("s", "skip", "Encoder's map", "E", edits="s"), Panel("x", "input", "Decoder's map", "D", edits="x")]
    panels += [Panel("j", "output", "Side by side", "J")] if adds else []
    panels += [Panel("y", "output", "Added" if adds else "Side by side", "O", names=() if adds else _named(both))]
    view = View("patch", "Patch", (join, *adding), tuple(panels), "y", "output", {"s": "s", "x": "x"})
    fields = _grid("s", _cut(layer.skip, spans)[channel], "Encoder's map"), _grid("x", below, "Decoder's map")
    own = _own(layer, both, firsts, below.shape)
    return RealPatch(_lesson(layer, TITLES["join"], view, fields), (firsts[0], firsts[1]), both, both, own)


def difference(patch: RealPatch) -> float:
    """The largest difference between the stage's output and the network's own activations."""
    from seglab.stage.lesson import build

    lesson = patch.lesson
    made = build(lesson, lesson.defaults).values("y")
    return float(np.abs(made.reshape(patch.own.shape) - patch.own).max())
