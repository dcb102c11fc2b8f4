"""Receptive fields: how many cells of the input one output cell depends on, how far apart two neighbours' fields lie, and where the first
one begins.

Going down a stack, a layer with ``e = dilation * (kernel_size - 1) + 1`` widens the field by ``(e - 1) * stride`` of all layers above it,
moves its beginning by ``padding * stride`` cells out of the input, and multiplies the stride. Going back up,

- the cells ``first`` to ``last`` of a layer's output depend on ``first * stride - padding`` to ``last * stride - padding + e - 1`` of its
  input;
- those of a transposed convolution on ``ceil((first + padding - e + 1) / stride)`` to ``floor((last + padding) / stride)``, so that in a
  network which enlarges again the field depends on the output cell's place.

Source: Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, doi:10.23915/distill.00021.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seglab.sizes import ENLARGING, Setting, SizeOp, refuse_op, refuse_setting


class Layer(NamedTuple):
    """One layer along one axis; pooling and convolution are alike here."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    op: SizeOp = "conv"
    name: str = ""

    @property
    def extent(self) -> int:
        """The cells that the kernel spans, gaps included."""
        return self.dilation * (self.kernel_size - 1) + 1


class ReceptiveField(NamedTuple):
    """The field of an output cell along one axis: `size` cells, `stride` cells from its neighbour's; the first begins `padding` cells
    before the input."""

    size: int
    stride: int
    padding: int

    def after(self, layer: Layer) -> ReceptiveField:
        """The field after one more layer, which does not enlarge.

        >>> ReceptiveField(3, 1, 1).after(Layer(2, 2))
        ReceptiveField(size=4, stride=2, padding=1)
        """
        size = self.size + (layer.extent - 1) * self.stride
        return ReceptiveField(size, self.stride * layer.stride, self.padding + layer.padding * self.stride)

    def cells(self, index: int) -> range:
        """The input cells, also those in the padding, that output cell `index` depends on.

        >>> ReceptiveField(5, 2, 1).cells(3)
        range(5, 10)
        """
        first = index * self.stride - self.padding
        return range(first, first + self.size)


def receptive_field(layers: Iterable[Layer | Sequence[int]]) -> ReceptiveField:
    """The field of a stack of convolutions and poolings, each a `Layer` or (kernel_size, stride, padding, dilation), the input's first.

    Raises ValueError for a layer that is impossible, and for a transposed convolution: `traced` follows those from a cell's place.

    >>> receptive_field([(3,), (3,)])  # as one 5x5
    ReceptiveField(size=5, stride=1, padding=0)
    >>> blocks = [2, 2, 3, 3, 3]  # VGG-16 up to its last pooling
    >>> receptive_field([layer for n in blocks for layer in [*[(3, 1, 1)] * n, (2, 2)]])
    ReceptiveField(size=212, stride=32, padding=90)
    """
    *_, last = [ReceptiveField(1, 1, 0), *receptive_fields(layers)]
    return last


def receptive_fields(layers: Iterable[Layer | Sequence[int]]) -> list[ReceptiveField]:
    """The field after each layer of a stack. Raises ValueError as `receptive_field` does.

    >>> [field.size for field in receptive_fields([(3, 1, 1), (2, 2), (3, 1, 1)])]
    [3, 4, 8]
    """
    field, found = ReceptiveField(1, 1, 0), []
    for number, layer in enumerate(layers_of(layers), start=1):
        if layer.op in ENLARGING:
            called = layer.name or f"layer {number}"
            raise ValueError(f"{called} enlarges (op={layer.op!r}): its field depends on the output cell's place, which traced() asks for")
        field = field.after(layer)
        found.append(field)
    return found


def traced(layers: Iterable[Layer | Sequence[int]], first: int, last: int | None = None) -> list[range]:
    """The cells that output cells `first` to `last` depend on: the output's own, then those of each layer's input, back to the image.

    Cells below 0, or past a map's end, lie in padding. A range may be empty: no stamp reaches such a cell. Raises ValueError for a layer
    that is impossible.

    >>> traced([(3, 1, 1), Layer(2, 2, op="conv_transpose")], 4)
    [range(4, 5), range(2, 3), range(1, 4)]
    """
    cells = [range(first, (first if last is None else last) + 1)]
    for layer in reversed(layers_of(layers)):
        cells.append(reached(layer, cells[-1]))
    return cells


def reached(layer: Layer, cells: range) -> range:
    """The cells of a layer's input that a range of its output depends on; of a dilated transposed convolution, those between the ends.

    >>> reached(Layer(3, 2, 1), range(0, 2)), reached(Layer(2, 2, op="conv_transpose"), range(3, 5))
    (range(-1, 4), range(1, 3))
    """
    if not cells:
        return cells
    first, last = cells[0], cells[-1]
    if layer.op in ENLARGING:
        return range(-((layer.extent - 1 - first - layer.padding) // layer.stride), (last + layer.padding) // layer.stride + 1)
    return range(first * layer.stride - layer.padding, last * layer.stride - layer.padding + layer.extent)


def layers_of(layers: Iterable[Layer | Sequence[int]]) -> list[Layer]:
    """The layers as `Layer`. Raises ValueError, which names the layer, for one that is impossible."""
    found = []
    for number, given in enumerate(layers, start=1):
        layer = given if isinstance(given, Layer) else _layer(number, given)
        found.append(layer)
        try:
            refuse_op(layer.op)
            refuse_setting(layer.op, 1, Setting(layer.kernel_size, layer.stride, layer.padding, layer.dilation, 0, ceil_mode=False))
        except ValueError as error:
            raise ValueError(f"{layer.name or f'layer {number}'}: {error}") from None
    return found


def _layer(number: int, given: Sequence[int]) -> Layer:
    if not 1 <= len(given) <= 4:
        raise ValueError(f"layer {number} has {len(given)} numbers: kernel_size, and perhaps stride, padding and dilation, are needed")
    kernel_size, stride, padding, dilation = (*given, *(1, 0, 1)[len(given) - 1 :])
    return Layer(kernel_size, stride, padding, dilation)
