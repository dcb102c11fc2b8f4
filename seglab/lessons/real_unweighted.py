"""A layer of a trained network without weights, as a small stage: pooling, unpooling, and the joint of two maps."""

from __future__ import annotations

from dataclasses import replace

from seglab.infer.inside_told import Layer
from seglab.lessons.patch import INPUT, OUTPUT, TITLES
from seglab.lessons.real_cells import SIDES, RealPatch, Span, begin, cut, grid_field, lesson_of, named, own_cells
from seglab.stage.lesson import Panel, Step, View


def pool(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    spans, firsts = [], []
    for at, size in zip(place, layer.y.shape[1:], strict=True):
        length = min(SIDES["pool"], size)
        firsts.append(begin(at, length, size))
        spans.append(Span(2 * firsts[-1], 2 * (firsts[-1] + length)))
    x = cut(layer.x, spans)[list(outs)]
    step = Step("y", "max_pool2d", ("x",), options={"kernel_size": 2})
    panels = (
        replace(INPUT, winners="y", names=named(outs)),
        replace(OUTPUT, names=named(outs)),
        Panel("switches:y", "skip", "Remembered", "S"),
    )
    view = View("patch", "Patch", (step,), panels, "y", "output", {"x": "x"})
    own = own_cells(layer, outs, firsts, (x.shape[1] // 2, x.shape[2] // 2))
    return RealPatch(lesson_of(layer, TITLES["pool"], view, (grid_field("x", x, "Input"),)), (firsts[0], firsts[1]), outs, outs, own)


def unpool(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
    assert layer.skip is not None
    outs, small, large, firsts = outs[:1], [], [], []
    for at, size in zip(place, layer.x.shape[1:], strict=True):
        length = min(SIDES["unpool"], size)
        first = begin(at // 2, length, size)
        small.append(Span(first, first + length))
        large.append(Span(2 * first, 2 * (first + length)))
        firsts.append(2 * first)
    pooled, m = cut(layer.skip, large)[outs[0]], cut(layer.x, small)[outs[0]]
    steps = Step("p", "max_pool2d", ("x",), options={"kernel_size": 2}), Step("m", "fit", ("p",), weight="m")
    panels = (
        replace(INPUT, title="What was pooled", winners="p"),
        Panel("switches:p", "skip", "Remembered", "S"),
        Panel("m", "input", "The map that comes back", "M", edits="m"),
        OUTPUT,
    )
    view = View("patch", "Patch", (*steps, Step("y", "back", ("m", "p"), options={"op": "max_unpool"})), panels, "y", "input", {"x": "x"})
    fields = grid_field("x", pooled, "What was pooled"), grid_field("m", m, "Map")
    own = own_cells(layer, outs, firsts, pooled.shape)
    return RealPatch(lesson_of(layer, "Max unpooling", view, fields), (firsts[0], firsts[1]), outs, outs, own)


def join(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int) -> RealPatch:
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
    below = cut(layer.x, spans)[channel]
    join = Step("j" if adds else "y", "concat", ("s", "x"))
    adding = [Step("y", "conv2d", ("j",), operands={"weight": [[[[1]], [[1]]]]})] if adds else []
    panels = [Panel("s", "skip", "Encoder's map", "E", edits="s"), Panel("x", "input", "Decoder's map", "D", edits="x")]
    panels += [Panel("j", "output", "Side by side", "J")] if adds else []
    panels += [Panel("y", "output", "Added" if adds else "Side by side", "O", names=() if adds else named(both))]
    view = View("patch", "Patch", (join, *adding), tuple(panels), "y", "output", {"s": "s", "x": "x"})
    fields = grid_field("s", cut(layer.skip, spans)[channel], "Encoder's map"), grid_field("x", below, "Decoder's map")
    own = own_cells(layer, both, firsts, below.shape)
    return RealPatch(lesson_of(layer, TITLES["join"], view, fields), (firsts[0], firsts[1]), both, both, own)
