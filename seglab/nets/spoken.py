"""Layers of a milestone in words: what each does, and where its numbers come from."""

from __future__ import annotations

from seglab.nets.milestones import Branches, Conv, Heads, Linear, Pool, Row, Shape, Step, Zeros
from seglab.nets.walk import Part, sides
from seglab.receptive_field import ReceptiveField

BRANCHES = {2: "two", 3: "three", 4: "four"}


def what(step: Step, before: Shape) -> str:
    """What a step does to a map of the shape `before`.

    >>> what(Conv("conv1", 64, 7, 2, 3, normalised=True), (3, 224, 224))
    '7 × 7 convolution to 64 channels, stride 2, padding 3, normalised'
    >>> what(Linear("fc6", 4096), (512, 7, 7))
    'fully connected: each of 4,096 units weighs all 25,088 numbers'
    """
    if isinstance(step, Branches):
        return _joined(step)
    if isinstance(step, Heads):
        return "a classifier beside the network that only training uses"
    if isinstance(step, Zeros):
        return f"shortcut: every {ordinal(step.stride)} cell, and zeros up to {step.channels} channels"
    if isinstance(step, Linear):
        c, height, width = before
        return f"fully connected: each of {step.units:,} units weighs all {c * height * width:,} numbers"
    if isinstance(step, Pool) and step.how == "global":
        return "mean over the whole map"
    kind = f"convolution to {step.channels:,} channels" if isinstance(step, Conv) else f"{'max' if step.how == 'max' else 'mean'} pooling"
    return ", ".join([f"{step.kernel_size} × {step.kernel_size} {kind}", *_settings(step)])


def _settings(step: Conv | Pool) -> list[str]:
    told = [f"{name} {value}" for name, value, usual in _numbers(step) if value != usual]
    if isinstance(step, Conv):
        return [*told, *([f"in {step.groups} groups"] if step.groups > 1 else []), *(["normalised"] if step.normalised else [])]
    return [*told, *([f"{step.after} more below and on the right"] if step.after else []), *(["rounded up"] if step.ceil_mode else [])]


def _numbers(step: Conv | Pool) -> list[tuple[str, int, int]]:
    return [("stride", step.stride, 1), ("padding", step.padding, 0), ("dilation", step.dilation, 1)]


def ordinal(number: int) -> str:
    return {1: "", 2: "second", 3: "third"}.get(number, f"{number}th") or "single"


def _joined(step: Branches) -> str:
    if step.how == "concat":
        return f"{BRANCHES.get(len(step.branches), len(step.branches))} branches from one map, their channels side by side"
    kind = shortcut(step)
    told = {"identity": "x itself", "projected": "x through a 1 × 1 convolution", "zeros": "x with channels of zeros"}[kind]
    return f"residual block, F(x) + x: {len(step.branches[0])} convolutions, and {told}"


def shortcut(step: Branches) -> str:
    """Which kind of shortcut a residual block has: identity, projected or zeros."""
    path = step.branches[-1]
    return "identity" if not path else "zeros" if isinstance(path[0], Zeros) else "projected"


def field_told(field: ReceptiveField | None) -> str:
    """A receptive field in words.

    >>> field_told(ReceptiveField(212, 32, 90))
    'one cell sees 212 × 212 pixels, its neighbour 32 further, the first from 90 before the image'
    """
    if field is None:
        return "sees the whole map"
    told = f"one cell sees {field.size} × {field.size} pixels, its neighbour {field.stride} further"
    return f"{told}, the first from {field.padding} before the image" if field.padding else told


def numbers_told(shape: Shape, parameters: int, macs: int) -> str:
    """A layer's output and its price in words."""
    told = f"{sides(shape)} out"
    if parameters:
        told += f" · {parameters:,} parameters"
    return f"{told} · {macs:,} multiply-adds" if macs else told


def part_told(part: Part) -> str:
    """All that is told of a part where it is pointed at."""
    rows = numbers_told(part.rows[-1].shape, part.parameters, part.macs)
    return f"{part.step.name}: {what(part.step, part.before)}.\n{rows}.\nReceptive field: {field_told(part.rows[-1].field)}."


def arithmetic(step: Conv | Pool | Linear | Zeros, before: Shape, row: Row) -> list[tuple[str, str]]:
    """Where a layer's numbers come from: pairs of a name and its sum.

    >>> before = (64, 112, 112)
    >>> arithmetic(Conv("conv2_1", 128, 3, 1, 1), before, Row("conv2_1", (128, 112, 112), 73856, 924844032, None))[0]
    ('Parameters', '(3 · 3 · 64 + 1) · 128 = 73,856')
    """
    c, height, width = before
    if isinstance(step, Linear):
        weights = f"{c} · {height} · {width}" if height * width > 1 else f"{c}"
        work = f"{weights} · {step.units} = {row.macs:,}"
        return [("Parameters", f"({weights} + 1) · {step.units} = {row.parameters:,}"), ("Multiply-adds", work)]
    if isinstance(step, Zeros) or (isinstance(step, Pool) and step.how == "global"):
        return [("Parameters", "none: nothing in it is learned")]
    side = _side(step, height, row.shape[1])
    if isinstance(step, Pool):
        return [("Parameters", "none: nothing in it is learned"), ("Rows", side)]
    k, (_, high, wide) = step.kernel_size, row.shape
    inside = f"{k} · {k} · {c // step.groups}"
    if step.normalised:
        told = f"{inside} · {step.channels} + 2 · {step.channels} = {row.parameters:,} (no bias; two numbers a channel to normalise)"
    else:
        told = f"({inside} + 1) · {step.channels} = {row.parameters:,}"
    work = f"{inside} · {step.channels} · {high} · {wide} = {row.macs:,}"
    return [("Parameters", told), ("Multiply-adds", work), ("Rows", side)]


def _side(step: Conv | Pool, size: int, out: int) -> str:
    extent = step.dilation * (step.kernel_size - 1) + 1
    padding = 2 * step.padding + (step.after if isinstance(step, Pool) else 0)
    up = isinstance(step, Pool) and step.ceil_mode
    spans = f"{extent}" if step.dilation == 1 else f"{extent} (= {step.dilation} · {step.kernel_size - 1} + 1)"
    told = f"({size} + {padding} − {spans}) / {step.stride}, rounded {'up' if up else 'down'}, + 1 = {out}"
    return told if step.stride > 1 else f"{size} + {padding} − {spans} + 1 = {out}"
