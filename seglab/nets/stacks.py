"""Stacks of layers as short text, such as an address can hold, with their arithmetic in words: ``c3.1.1-m2.2.0``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from seglab.nets.graph import Map, chain
from seglab.receptive_field import Layer, ReceptiveField, layers_of, traced
from seglab.sizes import ENLARGING, SizeOp

MOST = 20  # layers
MOST_CELLS = 512  # that are drawn of a map
KINDS: dict[str, SizeOp] = {"c": "conv", "m": "max_pool", "a": "avg_pool", "t": "conv_transpose"}
CALLED: dict[SizeOp, str] = {"conv": "conv", "max_pool": "max pool", "avg_pool": "average pool", "conv_transpose": "transposed conv"}
RANGES = {"kernel": (1, 15), "stride": (1, 8), "padding": (0, 14), "dilation": (1, 16)}
VGG16 = "-".join("-".join(["c3.1.1"] * count + ["m2.2.0"]) for count in (2, 2, 3, 3, 3))
PRESETS = {
    "Two 3 × 3": "c3.1.1-c3.1.1",
    "One 5 × 5": "c5.1.2",
    "Three 3 × 3": "c3.1.1-c3.1.1-c3.1.1",
    "Dilated 1, 2, 4": "c3.1.1-c3.1.2.2-c3.1.4.4",
    "Conv, pool, twice": "c3.1.1-m2.2.0-c3.1.1-m2.2.0",
    "Encoder and decoder": "c3.1.1-m2.2.0-c3.1.1-t2.2.0-c3.1.1",
    "VGG-16": VGG16,
}
_PART = re.compile(r"([cmat])(\d{1,3})((?:\.\d{1,3}){0,3})")
_PLAIN = (1, 0, 1)


def read_stack(text: str) -> list[Layer]:
    """The layers of a stack's text, a letter and kernel, stride, padding and dilation each; what is left out is 1, 0 and 1.

    Raises ValueError with a sentence that names the layer.

    >>> [layer[:5] for layer in read_stack("c3.1.1-m2.2")]
    [(3, 1, 1, 1, 'conv'), (2, 2, 0, 1, 'max_pool')]
    >>> read_stack("c3-x2")
    Traceback (most recent call last):
    ValueError: layer 2: 'x2' is no layer: a letter (c, m, a or t) and numbers are needed, such as c3.1.1 or m2.2.0
    """
    parts = text.split("-") if text else []
    if not 1 <= len(parts) <= MOST:
        raise ValueError(f"{len(parts)} layers: 1 to {MOST} are possible")
    return layers_of([_layer(number, part) for number, part in enumerate(parts, start=1)])


def _layer(number: int, part: str) -> Layer:
    found = _PART.fullmatch(part)
    if not found:
        needed = "a letter (c, m, a or t) and numbers are needed, such as c3.1.1 or m2.2.0"
        raise ValueError(f"layer {number}: {part[:20]!r} is no layer: {needed}")
    given = [int(value) for value in found[3].split(".")[1:]]
    stride, padding, dilation = (*given, *_PLAIN[len(given) :])
    values = dict(zip(RANGES, (int(found[2]), stride, padding, dilation), strict=True))
    for name, value in values.items():
        low, high = RANGES[name]
        if not low <= value <= high:
            raise ValueError(f"layer {number}: {name}={value} is out of range: {low} to {high}")
    op = KINDS[found[1]]
    if op in ("max_pool", "avg_pool") and 2 * padding > values["kernel"]:
        raise ValueError(f"layer {number}: padding={padding} is more than half the pooling's kernel of {values['kernel']}")
    if op == "conv_transpose" and dilation > 1:
        raise ValueError(f"layer {number}: dilation={dilation} of a transposed convolution is not drawn here: leave it at 1")
    return Layer(values["kernel"], stride, padding, dilation, op, f"{number} · {CALLED[op]} {values['kernel']} × {values['kernel']}")


def written(layers: Sequence[Layer]) -> str:
    """The text of a stack, with nothing left out but a dilation of 1.

    >>> written(read_stack("c3-m2.2-c3.1.2.2"))
    'c3.1.0-m2.2.0-c3.1.2.2'
    """
    letters = {op: letter for letter, op in KINDS.items()}
    return "-".join(
        f"{letters[layer.op]}{layer.kernel_size}.{layer.stride}.{layer.padding}" + (f".{layer.dilation}" if layer.dilation > 1 else "")
        for layer in layers
    )


def image_for(layers: Sequence[Layer], most: int = MOST_CELLS) -> int | None:
    """An image that shows a stack well: the last map has a few cells, and the middle one's field lies inside. None where none is enough.

    >>> image_for(read_stack("c3.1.1-c3.1.1")), image_for(read_stack(VGG16))
    (15, 218)
    """
    for size in range(15, most + 1):
        try:
            maps = chain(layers, size)
        except ValueError:
            continue
        field = traced(layers, maps[-1].size // 2)[-1]
        if maps[-1].size >= 5 and field.start >= 0 and field.stop <= size and max(made.size for made in maps) <= MOST_CELLS:
            return size
    return None


class Line(NamedTuple):
    """The arithmetic of one layer: what it is, the size of its map, field, jump and padding, each with the numbers that made it."""

    name: str
    size: str
    field: str
    jump: str
    padding: str
    parameters: str


def arithmetic(layers: Sequence[Layer], maps: Sequence[Map]) -> list[Line]:
    """A line for each layer of a stack, for its `maps`. Fields behind a layer that enlarges are those of its cells, smallest to largest.

    >>> layers = read_stack("c3.1.1-m2.2.0-t2.2.0")
    >>> [(line.field, line.jump) for line in arithmetic(layers, chain(layers, 16))[1:]]
    [('4 = 3 + (2 − 1) · 1', '2 = 1 · 2'), ('4', '1 = 2 / 2')]
    """
    field: ReceptiveField | None = ReceptiveField(1, 1, 0)
    jump, lines = Fraction(1), []
    for number, (layer, below, here) in enumerate(zip(layers, maps, maps[1:], strict=False), start=1):
        large = layer.op in ENLARGING
        after = jump / layer.stride if large else jump * layer.stride
        jumps, jump = f"{after} = {jump} {'/' if large else '·'} {layer.stride}", after
        if large:
            field = None
        if field:
            wider = field.after(layer)
            seen, padding, field = _field(field, layer, wider), _padding(field, layer, wider), wider
        else:
            seen, padding = _traced(maps, number), "by place"
        weights = f"{layer.kernel_size**2} + 1 = {layer.kernel_size**2 + 1}" if layer.op in ("conv", "conv_transpose") else "0"
        lines.append(Line(here.name, f"{here.size} = {_size(layer, below.size)}", seen, jumps, padding, weights))
    return lines


def _field(before: ReceptiveField, layer: Layer, after: ReceptiveField) -> str:
    wider = f"({layer.kernel_size} − 1)" if layer.dilation == 1 else f"{layer.dilation} · ({layer.kernel_size} − 1)"
    return f"{after.size} = {before.size} + {wider} · {before.stride}"


def _padding(before: ReceptiveField, layer: Layer, after: ReceptiveField) -> str:
    return f"{after.padding} = {before.padding} + {layer.padding} · {before.stride}"


def seen_sizes(maps: Sequence[Map], number: int) -> list[int]:
    """The different sizes of the fields of a stack's map, over its first 64 cells.

    >>> seen_sizes(chain(read_stack("c3.1.1-t3.2.0"), 16), 2)
    [3, 4]
    """
    layers = [made.links[0].layer for made in maps[1 : number + 1]]
    return sorted({len(traced(layers, place)[-1]) for place in range(min(maps[number].size, 64))})


def _traced(maps: Sequence[Map], number: int) -> str:
    low, *_, high = [*seen_sizes(maps, number)] * 2
    return f"{low}" if low == high else f"{low} to {high}"


def _size(layer: Layer, below: int) -> str:
    extent = f"{layer.kernel_size}" if layer.dilation == 1 else f"({layer.dilation} · {layer.kernel_size - 1} + 1)"
    padded = f" + 2 · {layer.padding}" if layer.padding else ""
    if layer.op in ENLARGING:
        return f"({below} − 1) · {layer.stride} + {extent}" + (f" − 2 · {layer.padding}" if layer.padding else "")
    inside = f"{below}{padded} − {extent}"
    return f"{inside} + 1" if layer.stride == 1 else f"⌊({inside}) / {layer.stride}⌋ + 1"


def cost(layers: Sequence[Layer]) -> int:
    """The parameters of a stack with one channel throughout, biases included.

    >>> cost(read_stack("c3.1.1-c3.1.1")), cost(read_stack("c5.1.2"))
    (20, 26)
    """
    return sum(layer.kernel_size**2 + 1 for layer in layers if layer.op in ("conv", "conv_transpose"))
