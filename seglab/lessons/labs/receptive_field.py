"""The words and questions of the lab Receptive field (curriculum B21, A9, D3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.nets.graph import field_of, fitting, unet_maps
from seglab.nets.stacks import written
from seglab.receptive_field import Layer, receptive_field
from seglab.stage.lesson import Asked

CONV, POOL = Layer(3, 1, 1), Layer(2, 2, op="max_pool")


def turned(turn: int, *mistakes: int) -> tuple[int, ...]:
    """Mistakes, another one first each turn, so that `choices` leaves out another one and the right answer moves.

    >>> turned(1, 3, 5, 8)
    (5, 8, 3)
    """
    first = turn % len(mistakes)
    return mistakes[first:] + mistakes[:first]


def told(layers: Sequence[Layer]) -> str:
    """Layers in words, the image's first.

    >>> told([CONV, POOL])
    'convolution 3 × 3 → pooling 2 × 2 (stride 2)'
    """
    names = []
    for layer in layers:
        more = f" (dilation {layer.dilation})" if layer.dilation > 1 else ""
        names.append(
            "pooling 2 × 2 (stride 2)" if layer.op == "max_pool" else f"convolution {layer.kernel_size} × {layer.kernel_size}{more}"
        )
    return " → ".join(names)


def _drawn(seed: int) -> tuple[Layer, ...]:
    """A random stack of four or five layers with a pooling in it."""
    rng = np.random.default_rng(seed)
    kinds = [CONV, POOL, Layer(5, 1, 2), Layer(3, 1, 2, 2), CONV]
    middle = [POOL, *(kinds[number] for number in rng.integers(len(kinds), size=int(rng.integers(1, 3))))]
    return (CONV, *(middle if rng.random() < 0.5 else reversed(middle)), CONV)


DRAWN = tuple(dict.fromkeys(_drawn(seed) for seed in range(80)))


def ask_field(turn: int) -> Asked:
    """The field of a random stack."""
    layers = pick(turn, (CONV, POOL, CONV), DRAWN)
    right = receptive_field(layers).size
    plain = 1 + sum(layer.extent - 1 for layer in layers)
    steps = []
    size, jump = 1, 1
    for layer in layers:
        after = size + (layer.extent - 1) * jump
        steps.append(f"{after} = {size} + {layer.extent - 1} · {jump}")
        size, jump = after, jump * layer.stride
    question = f"From the image on: {told(layers)}. How many image cells a side does one cell of the last map see?"
    answers = tuple(str(size) for size in choices(right, *turned(turn, plain, right + 2, right - 2, right + jump)))
    return Asked(question, answers, str(right), f"Layer by layer {'; '.join(steps)}.", {"stack": written(layers)})


def ask_cell(turn: int) -> Asked:
    """Where the field of one cell begins."""
    cell, depth = pick(turn, (3, 1), [(cell, depth) for cell in range(2, 9) for depth in (1, 2)])
    layers = [layer for _ in range(depth) for layer in (CONV, POOL)]
    field = receptive_field(layers)
    seen = field.cells(cell)
    mistakes = [range(first, first + field.size) for first in (cell * field.stride, cell, seen.start - field.padding, seen.start + 1)]
    all_told = {span.start: f"{span.start} to {span.stop - 1}".replace("-", "−") for span in (seen, *mistakes)}
    answers = tuple(all_told[first] for first in choices(seen.start, *turned(turn, *(span.start for span in mistakes))))
    because = f"It begins at {cell} · {field.stride} − {field.padding} = {seen.start} and is {field.size} cells long."
    question = (
        f"From the image on: {told(layers)}; the convolutions have padding 1. Which image cells does cell {cell} of the last map see?"
    )
    shows = {"stack": written(layers), "at": f"{len(layers)}.{cell}", "cells": 4 * (cell + 4) if depth == 2 else 2 * (cell + 4)}
    return Asked(question, answers, all_told[seen.start], because.replace("= -", "= −"), shows)


def ask_earlier(turn: int) -> Asked:
    """What becomes of the field when a pooling moves to the front."""
    count, kernel = pick(turn, (2, 3), [(count, kernel) for count in (1, 2, 3, 4) for kernel in (3, 5)])
    convs = [Layer(kernel, 1, kernel // 2)] * count
    late, early = receptive_field([*convs, POOL]).size, receptive_field([POOL, *convs]).size
    many = f"{count} convolutions" if count > 1 else "One convolution"
    question = (
        f"{many} of {kernel} × {kernel} and then a pooling of 2 × 2, stride 2: a cell sees {late}. Now the pooling moves to the"
        " front. How many does a cell see?"
    )
    answers = tuple(str(size) for size in choices(early, *turned(turn, late, early - 1, late - 1, 2 * late, early + 1, early + 4)))
    because = f"A jump counts for all layers after it: 2 + {count} · {kernel - 1} · 2 = {early}."
    return Asked(question, answers, str(early), because, {"stack": written([POOL, *convs])})


@cache
def _valid(depth: int) -> tuple[int, list[int]]:
    """Of a U-Net without padding the number of its last map, and the fields of that map's first period."""
    maps = unet_maps(depth, fitting(depth, 2 * 2**depth, "valid"), "valid")
    return len(maps) - 1, [len(field_of(maps, len(maps) - 1, place)) for place in range(2**depth)]


def ask_phase(turn: int) -> Asked:
    """Whether two pixels of the mask of a valid U-Net see the same number of pixels."""
    depth, pixel = pick(turn, (4, 4), [(depth, pixel) for depth in (3, 4) for pixel in range(1, 2**depth)])
    last, sizes = _valid(depth)
    right = sizes[pixel]
    question = (
        f"A U-Net of depth {depth} without padding, as in the paper. Its first pixel, 0, sees {sizes[0]} pixels a side. How many does"
        f" pixel {pixel} see?"
    )
    few = sum(size == min(sizes) for size in sizes)
    because = (
        f"In every {2**depth} pixels, {few} see {min(sizes)} and {2**depth - few} see {max(sizes)}: it depends on how many cells of the"
        " bottleneck the way down reaches."
    )
    shows = {"part": "unet", "depth": depth, "padding": "valid", "at": f"{last}.{pixel}"}
    answers = tuple(str(size) for size in choices(right, min(sizes), max(sizes), max(sizes) + 2**depth))
    return Asked(question, answers, str(right), because, shows)


TEXT = """## Why it is so
A layer widens the field by (*k* − 1) · *jump*, times the dilation; the jump is the product of all strides before it. So a stride makes
every later layer count for more. Behind layers that enlarge there is no one field any more: it depends on where the cell lies. In a
U-Net every skip brings a small, sharp field, and the bottleneck the large one.

Far fewer ways lead from the edge of a field to the output than from its middle. With random weights the influence is therefore shaped
like a bell whose width grows with the square root of the depth only; training widens it
([Luo et al. 2016](https://arxiv.org/abs/1701.04128)).

## Words that confuse
- **Theoretical receptive field**: all cells that can change the output. Some lecture decks call just this “effective receptive field”.
- **Effective receptive field**: since 2016, what really changes it, measured by gradient; part 4 here.
- **Jump**: how far apart the fields of two neighbours lie; also called stride of the stack, or output stride.
- **Padding** of a stack: how far the first cell’s field begins before the image. What lies there is zeros; the field counts it, the
  gradient does not.
"""

RECEPTIVE_FIELD = Lab(
    name="receptive_field",
    title="Receptive field",
    sentence="What one output cell can see of the image, and what it really looks at.",
    icon="center_focus_strong",
    minutes=10,
    card=("Stack layers or open a network, trace one cell back to the image, and measure by gradient what it really looks at."),
    text=TEXT,
    questions=(ask_field, ask_cell, ask_earlier, ask_phase),
)
