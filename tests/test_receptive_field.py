"""Receptive fields: the curriculum's numbers, and every field against the gradient of a network that has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import seglab as sl

UP = sl.Layer(2, 2, op="conv_transpose")
DOUBLE = [sl.Layer(3), sl.Layer(3)]
DOWN = [layer for _ in range(4) for layer in (*DOUBLE, sl.Layer(2, 2))]
VALID_UNET = [*DOWN, *DOUBLE, *(layer for _ in range(4) for layer in (UP, *DOUBLE)), sl.Layer(1)]


def test_two_small_kernels_see_what_a_large_one_sees() -> None:
    assert sl.receptive_field([(3,), (3,)]) == sl.receptive_field([(5,)]) == (5, 1, 0)
    assert sl.receptive_field([(3,)] * 3) == sl.receptive_field([(7,)])
    assert sl.receptive_field([(3, 1, 2, 2)]) == sl.receptive_field([(5, 1, 2)])


def test_vgg16() -> None:
    blocks = [[(3, 1, 1)] * n + [(2, 2)] for n in (2, 2, 3, 3, 3)]
    assert sl.receptive_field([layer for block in blocks for layer in block]) == (212, 32, 90)
    sizes = [field.size for field in sl.receptive_fields([layer for block in blocks for layer in block])]
    assert sizes == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212]


def test_the_field_of_the_papers_unet_depends_on_the_place() -> None:
    assert sl.receptive_field([*DOWN, *DOUBLE]).size == 140
    fields = [len(sl.traced(VALID_UNET, place)[-1]) for place in range(388)]
    assert set(fields) == {188, 204}
    assert [sl.traced(VALID_UNET, place)[-1] for place in (0, 387)] == [range(188), range(384, 572)]
    assert fields[16:] == fields[:-16], "what repeats is the step of the deepest level"


def drawn(rng: np.random.Generator) -> list[sl.Layer]:
    """A random stack of one to five layers, some of which enlarge."""
    layers = []
    for _ in range(rng.integers(1, 6)):
        kernel, stride = int(rng.integers(1, 6)), int(rng.integers(1, 4))
        if rng.random() < 0.35:
            layers.append(sl.Layer(max(kernel, stride), stride, int(rng.integers(0, 2)), op="conv_transpose"))
        else:
            layers.append(sl.Layer(kernel, stride, int(rng.integers(0, 3)), int(rng.integers(1, 3))))
    return layers


def run(layers: list[sl.Layer], x: torch.Tensor) -> torch.Tensor:
    """The stack with all weights 1; a pooling adds up what it sees, so that every one of its ways counts."""
    for layer in layers:
        kernel = torch.ones(1, 1, layer.kernel_size, dtype=torch.float64)
        if layer.op == "conv_transpose":
            x = F.conv_transpose1d(x, kernel, stride=layer.stride, padding=layer.padding)
        else:
            x = F.conv1d(x, kernel, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
    return x


@pytest.mark.parametrize("seed", range(150))
def test_a_random_stack_depends_on_what_is_traced(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = drawn(rng)
    x = torch.ones(1, 1, 4000, dtype=torch.float64, requires_grad=True)
    out = run(layers, x)
    place = out.shape[-1] // 2 + int(rng.integers(6))  # far from every border, whose padding would hide a part of the field
    (slope,) = torch.autograd.grad(out[0, 0, place], x)
    found, cells = slope[0, 0].nonzero().ravel().tolist(), sl.traced(layers, place)[-1]
    assert set(found) <= set(cells)
    plain = all(layer.op == "conv" for layer in layers)
    if plain or all(layer.dilation == 1 for layer in layers):  # a dilated kernel may find its ends on zeros between stamps
        assert (found[0], found[-1]) == (cells[0], cells[-1])
    if plain:
        assert sl.receptive_field(layers).cells(place) == cells


def test_a_cell_that_no_stamp_reaches_depends_on_nothing() -> None:
    assert sl.traced([sl.Layer(1, 3, op="conv_transpose"), sl.Layer(1)], 1) == [range(1, 2), range(1, 2), range(1, 1)]


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([(3,), ()], "layer 2 has 0 numbers: kernel_size, and perhaps stride, padding and dilation, are needed"),
        ([(3, 0)], "layer 1: stride=0 is too small: at least 1"),
        ([(3,), sl.Layer(0, name="conv2_1")], "conv2_1: kernel_size=0 is too small: at least 1"),
        ([sl.Layer(3, op="blur")], "layer 1: op='blur' is unknown: choose one of conv, conv_transpose, max_pool, avg_pool, max_unpool"),
        ([(3,), UP], "layer 2 enlarges (op='conv_transpose'): its field depends on the output cell's place, which traced() asks for"),
    ],
)
def test_what_is_impossible_names_its_layer(layers: list, told: str) -> None:
    with pytest.raises(ValueError) as error:
        sl.receptive_field(layers)
    assert str(error.value) == told
