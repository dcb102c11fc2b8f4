"""Output sizes against torch, over every small setting; the inverse question; the named settings of the curriculum."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from seglab import output_size, solve_output_size
from seglab.sizes import SIZE_OPS, Setting, axis_size, unread


def torch_size(op: str, size: int, s: Setting) -> int | None:
    """What torch answers on one axis, or None where it refuses."""
    x = torch.zeros(1, 1, size)
    pooled = {"kernel_size": s.kernel_size, "stride": s.stride, "padding": s.padding}
    try:
        if op == "conv":
            return F.conv1d(x, torch.zeros(1, 1, s.kernel_size), None, s.stride, s.padding, s.dilation).shape[-1]
        if op == "conv_transpose":
            weight = torch.zeros(1, 1, s.kernel_size)
            return F.conv_transpose1d(x, weight, None, s.stride, s.padding, s.output_padding, 1, s.dilation).shape[-1]
        if op == "max_pool":
            return F.max_pool1d(x, **pooled, dilation=s.dilation, ceil_mode=s.ceil_mode).shape[-1]
        if op == "avg_pool":
            return F.avg_pool1d(x, **pooled, ceil_mode=s.ceil_mode).shape[-1]
        return F.max_unpool1d(x, torch.arange(size)[None, None], **pooled).shape[-1]
    except (RuntimeError, ValueError):
        return None


def our_size(op: str, size: int, setting: Setting) -> int | None:
    try:
        return axis_size(op, size, setting)
    except ValueError:
        return None


@pytest.mark.parametrize("op", SIZE_OPS)
def test_sizes_and_refusals_are_those_of_torch(op: str) -> None:
    dilations = (1, 2, 3) if op in ("conv", "conv_transpose", "max_pool") else (1,)
    extras = range(3) if op == "conv_transpose" else (0,)
    ceils = (False, True) if op in ("max_pool", "avg_pool") else (False,)
    accepted = 0
    for size, *values in product(range(1, 9), range(1, 5), range(1, 4), range(4), dilations, extras, ceils):
        setting = Setting(*values)
        expected = torch_size(op, size, setting) or None  # an output of no cells is no output
        if op == "max_unpool" and expected is None and our_size(op, size, setting) is not None:
            continue  # the switches of this test do not fit into every output
        assert our_size(op, size, setting) == expected, (op, size, setting)
        accepted += expected is not None
    assert accepted > 100


def test_seven_to_fourteen() -> None:
    answers = solve_output_size("conv_transpose", 7, 14, stride=2, kernel_size=range(1, 8))
    found = [(a.kernel_size, a.padding, a.output_padding) for a in answers]
    assert found == [(1, 0, 1), (2, 0, 0), (3, 1, 1), (4, 1, 0), (5, 2, 1), (6, 2, 0), (7, 3, 1)]


def test_the_inverse_question_per_axis() -> None:
    high, wide = solve_output_size("conv", (5, 7), (3, 3), kernel_size=3, padding=0)
    assert [a.stride for a in high] == [1]
    assert [a.stride for a in wide] == [2]


@pytest.mark.parametrize("op", SIZE_OPS)
def test_every_answer_is_an_answer_and_none_is_missing(op: str) -> None:
    answers = solve_output_size(op, 6, 5, kernel_size=range(1, 5), stride=range(1, 4), padding=range(3))
    assert all(axis_size(op, 6, answer) == 5 for answer in answers)
    assert answers == sorted(answers)
    every = product(range(1, 5), range(1, 4), range(3), (1,), range(4) if op == "conv_transpose" else (0,), (False,))
    assert answers == [s for values in every if our_size(op, 6, s := Setting(*values)) == 5]


CONV_ARITHMETIC = [  # Dumoulin and Visin, their eight direct and seven transposed settings: input, k, s, p, d, op, output
    ("conv", 4, 3, 1, 0, 1, 0, 2),
    ("conv", 5, 4, 1, 2, 1, 0, 6),
    ("conv", 5, 3, 1, 1, 1, 0, 5),
    ("conv", 5, 3, 1, 2, 1, 0, 7),
    ("conv", 5, 3, 2, 0, 1, 0, 2),
    ("conv", 5, 3, 2, 1, 1, 0, 3),
    ("conv", 6, 3, 2, 1, 1, 0, 3),
    ("conv", 7, 3, 1, 0, 2, 0, 3),
    ("conv_transpose", 2, 3, 1, 0, 1, 0, 4),
    ("conv_transpose", 6, 4, 1, 2, 1, 0, 5),
    ("conv_transpose", 5, 3, 1, 1, 1, 0, 5),
    ("conv_transpose", 7, 3, 1, 2, 1, 0, 5),
    ("conv_transpose", 2, 3, 2, 0, 1, 0, 5),
    ("conv_transpose", 3, 3, 2, 1, 1, 0, 5),
    ("conv_transpose", 3, 3, 2, 1, 1, 1, 6),
]


@pytest.mark.parametrize(("op", "size", "k", "s", "p", "d", "extra", "out"), CONV_ARITHMETIC)
def test_conv_arithmetic(op: str, size: int, k: int, s: int, p: int, d: int, extra: int, out: int) -> None:
    assert output_size(op, size, kernel_size=k, stride=s, padding=p, dilation=d, output_padding=extra) == out


def test_what_the_floor_leaves_unread() -> None:
    assert unread("conv", 8, Setting(3, 2, 0, 1, 0, False)) == [7]
    assert unread("conv", 7, Setting(3, 2, 0, 1, 0, False)) == []
    assert unread("conv", 7, Setting(2, 3, 0, 1, 0, False)) == [2, 5, 6]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (("conv_transpose", 2, 3, 1, 3), "padding=3 leaves no output: 4 - 6 < 1; at most 1 here"),
        (("conv", 4, 6), "kernel_size=6 leaves no output: it spans 6 of 4 cells; at most 4 here"),
        (("conv", 4, 3, 0), "stride=0 is too small: at least 1"),
        (("max_pool", 4, 2, 2, 2), "padding=2 is more than half the pooling kernel: at most 1 here"),
        (("conv_transpose", 4, 3, 2, 1, 1, 2), "output_padding=2 must be smaller than stride or dilation: at most 1 here"),
        (("conv", 4, 3, 2, 1, 1, 1), "output_padding=1 belongs to conv_transpose, not to conv: leave it at 0"),
        (("pool", 4, 3), "op='pool' is unknown: choose one of conv, conv_transpose, max_pool, avg_pool, max_unpool"),
    ],
)
def test_refusals_name_the_value_and_the_bound(call: tuple, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        output_size(*call)
    assert str(error.value) == sentence
