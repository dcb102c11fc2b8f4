"""A layer of a trained network that makes maps larger, as a small stage: stamps, copies or interpolation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seglab.infer.inside_told import Layer
from seglab.lessons.patch import INPUT, KERNEL, OUTPUT
from seglab.lessons.real_cells import Numbers, RealPatch, Span, begin, chosen_channels, cut, grid_field, lesson_of, named, ones, own_cells
from seglab.stage.lesson import Panel, Step, View


def stamp(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    """A transposed convolution: stamps of some channels, and what the others and the bias add to them.

    Where stamps overlap, cells at the patch's rim lack those of neighbours: they are left out, unless the map ends there too.
    """
    kernel, bias = layer.folded
    kernel, bias, f = kernel[:, list(outs)], bias[list(outs)], layer.stride
    spans = _enlarged_spans(layer, place, 3 if f < 8 else 2, layer.crop)
    firsts, crop, cuts = _inner(spans, f)
    x = cut(layer.x, spans)
    parts = _stamped(x, kernel, f, layer.crop)
    parts = parts[:, :, crop["top"] :, crop["left"] :][:, :, : crop["height"], : crop["width"]]
    channels = chosen_channels(parts, most_in)
    rest, left = parts.sum(1) - parts[:, list(channels)].sum(1) + bias[:, None, None], len(layer.x) - len(channels)
    adds = bool(left) or bool(bias.any())
    names = ["s" if adds or cuts else "y", "s" if adds else "y"]
    steps = [Step("z" if cuts else names[0], "conv_transpose2d", ("x",), weight="w", options={"stride": f, "padding": layer.crop})]
    steps += [Step(names[1], "crop", ("z",), options=crop)] if cuts else []
    fields = [grid_field("x", x[list(channels)], "Input"), grid_field("w", kernel[list(channels)], "Kernel")]
    panels = [replace(INPUT, names=named(channels)), replace(KERNEL, grid=f"kernel:{steps[0].grid}")]
    stamped = Panel(steps[0].grid, "output", "Stamped", "Z" if cuts else "S", names=named(outs, letter="z" if cuts else "s"))
    panels += [stamped] if adds or cuts else []
    panels += [Panel("s", "output", "Its inner part", "S", names=named(outs, letter="s"))] if cuts and adds else []
    inputs = {"x": "x"}
    if adds:
        eye = np.eye(len(outs))
        both = np.concatenate([eye, eye], axis=1)[:, :, None, None].tolist()
        steps += [Step("j", "concat", ("s", "r")), Step("y", "conv2d", ("j",), operands={"weight": both})]
        whose = f"The other {left}" + (" and the bias" if bias.any() else "") if left else "The bias"
        fields.append(grid_field("r", rest, whose))
        inputs["r"] = "r"
        panels.append(Panel("r", "skip", whose, "R", edits="r", names=named(outs, letter="r")))
    panels.append(replace(OUTPUT, title="Together" if adds else "Its inner part" if cuts else "Output", names=named(outs)))
    view = View("patch", "Patch", tuple(steps), tuple(panels), steps[0].grid, "input", inputs)
    own = own_cells(layer, outs, firsts, (crop["height"], crop["width"]))
    return RealPatch(lesson_of(layer, "Transposed convolution", view, tuple(fields)), (firsts[0], firsts[1]), channels, outs, own, left)


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


def _stamped(x: Numbers, kernel: Numbers, f: int, cut: int) -> Numbers:
    """What each channel of x (C_in, h, w) stamps with its kernels (C_in, C_out, k, k): (C_out, C_in, H, W), `cut` cells off each side."""
    (c_in, h, w), (_, c_out, k, _) = x.shape, kernel.shape
    whole = np.zeros((c_out, c_in, (h - 1) * f + k, (w - 1) * f + k))
    for row in range(h):
        for column in range(w):
            stamp = np.einsum("c,cokl->ockl", x[:, row, column], kernel)
            whole[:, :, row * f : row * f + k, column * f : column * f + k] += stamp
    return whole[:, :, cut : whole.shape[2] - cut, cut : whole.shape[3] - cut]


def enlarge(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    """Copied or interpolated; in a U-Net then a 1 x 1 convolution, which could as well come before: so the others go in small."""
    f, smooth = layer.stride, layer.mode == "bilinear"
    length = 4 if smooth and f == 2 else 3 if f < 8 else 2
    spans = _enlarged_spans(layer, place, length, f // 2 if smooth else 0)
    firsts, crop, cuts = _inner(spans, f)
    x = cut(layer.x, spans)
    own = own_cells(layer, outs, firsts, (crop["height"], crop["width"]))
    learned = layer.kernel is not None
    inner, end = ("u" if learned else "y") if cuts else "", "u" if learned else "y"
    steps = [Step("e" if cuts else end, "interpolate", ("x",), options={"scale_factor": f, "mode": layer.mode})]
    steps += [Step(inner, "crop", ("e",), options=crop)] if cuts else []
    enlarged = [Panel("e", "output", "Enlarged", "E")] if cuts else []
    if not learned:
        panels = (replace(INPUT, names=named(outs)), *enlarged, replace(OUTPUT, title="Its inner part" if cuts else "Output"))
        view = View("patch", "Patch", tuple(steps), panels, steps[0].grid, "output", {"x": "x"})
        made = lesson_of(layer, "Larger again", view, (grid_field("x", x[list(outs)], "Input"),))
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
        w = np.concatenate([w, ones(others, 1)], axis=1)
    names = named(channels, others)
    steps.append(Step("y", "conv2d", ("u",), weight="w", operands={"bias": bias.tolist()}))
    shown = [replace(INPUT, names=names), *(replace(panel, names=names) for panel in enlarged)]
    shown += [Panel("u", "output", "Its inner part" if cuts else "Enlarged", "U", names=names), KERNEL]
    shown += [Panel("bias:y", "kernel", "Bias", "b"), replace(OUTPUT, names=named(outs))]
    view = View("patch", "Patch", tuple(steps), tuple(shown), "y", "output", {"x": "x"})
    made = lesson_of(layer, "Larger again", view, (grid_field("x", x, "Input"), grid_field("w", w, "Kernel")))
    return RealPatch(made, (firsts[0], firsts[1]), channels, outs, own, left)
