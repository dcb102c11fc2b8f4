"""A convolution of a trained network as a small stage, also 1 x 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from seglab.infer.inside_told import Layer
from seglab.lessons.patch import INPUT, KERNEL, OUTPUT
from seglab.lessons.real_cells import SIDES, Numbers, RealPatch, Span, begin, chosen_channels, cut, grid_field, lesson_of, named, ones
from seglab.stage.lesson import Panel, Step, View


def convolution(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
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
    windows = sliding_window_view(cut(layer.x, spans, padded=True), (k, k), axis=(1, 2))  # (C_in, h, w, k, k)
    parts = np.einsum("chwij,ocij->ochw", windows, kernel)
    channels = chosen_channels(parts, most_in)
    x, w, others = cut(layer.x, spans)[list(channels)], kernel[:, list(channels)], 0
    if len(channels) < len(layer.x):
        rest = parts.sum(1) - parts[:, list(channels)].sum(1)
        others = len(outs)
        x = np.concatenate([x, _centred(rest, k, pad, rows, columns, x.shape[1:])])
        w = np.concatenate([w, ones(others, k)], axis=1)
    view = _view(layer, (rows, columns), bias, named(channels, others), named(outs))
    fields = grid_field("x", x, "Input"), grid_field("w", w, "Kernel")
    own = layer.y[list(outs), firsts[0] : firsts[0] + parts.shape[2], firsts[1] : firsts[1] + parts.shape[3]].astype(float)
    left = len(layer.x) - len(channels)
    return RealPatch(lesson_of(layer, "Convolution", view, fields), (firsts[0], firsts[1]), channels, outs, own, left)


def _centred(rest: Numbers, k: int, pad: int, rows: Span, columns: Span, shape: tuple[int, ...]) -> Numbers:
    """What the other channels bring, in a map as large as the input's patch, where the middle of each cell's window is."""
    whole = np.zeros((len(rest), *shape))
    top, left = k // 2 - rows.before, k // 2 - columns.before
    whole[:, top : top + rest.shape[1], left : left + rest.shape[2]] = rest
    return whole


def _view(layer: Layer, spans: tuple[Span, Span], bias: Numbers, names: tuple[str, ...], outs: tuple[str, ...]) -> View:
    around = [[span.before, span.behind] for span in spans]
    options = {"padding": around, **({"activation": "relu"} if layer.relu else {})}
    step = Step("y", "conv2d", ("x",), weight="w", options=options, operands={"bias": bias.tolist()})
    panels = (replace(INPUT, names=names), KERNEL, Panel("bias:y", "kernel", "Bias", "b"), replace(OUTPUT, names=outs))
    return View("patch", "Patch", (step,), panels, "y", "output", {"x": "x"})
