"""Bad input to the core: one sentence that names the value and what would be right."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seglab as sl

IMAGE = np.arange(16.0).reshape(4, 4)
REFUSALS = [
    (lambda: sl.conv2d([[1, float("nan")]], [[1]]), "input holds nan at (0, 1): give a finite number"),
    (lambda: sl.conv2d([[1, "a"]], [[1]]), "input is not a rectangular array of numbers: every row needs the same count of numbers"),
    (lambda: sl.conv2d([[1, 2], [3]], [[1]]), "input is not a rectangular array of numbers: every row needs the same count of numbers"),
    (lambda: sl.conv2d([], [[1]]), "input has no cell (shape (0,)): give at least one number"),
    (lambda: sl.conv2d(IMAGE, [1, 2]), "weight has shape (2,): it should be (kH, kW) or (C, C, kH, kW)"),
    (lambda: sl.conv2d(IMAGE, np.ones((5, 5))), "kernel_size=5 leaves no output: it spans 5 of 4 cells; at most 4 here"),
    (lambda: sl.conv2d(IMAGE, [[1]], stride=0), "stride=0 is too small: at least 1"),
    (lambda: sl.conv2d(IMAGE, [[1]], stride=1.5), "stride=1.5 should be a whole number or a pair (vertical, horizontal)"),
    (lambda: sl.conv2d(IMAGE, [[1]], padding=-1), "padding=-1 is too small: at least 0"),
    (
        lambda: sl.conv2d(IMAGE, [[1]], padding=4, padding_mode="reflect"),
        "padding=4 is too much for reflect padding of height 4: at most 3 here",
    ),
    (
        lambda: sl.conv2d(IMAGE, [[1]], padding_mode="mirror"),
        "padding_mode='mirror' is unknown: choose one of zeros, reflect, replicate, circular",
    ),
    (lambda: sl.conv2d(IMAGE, [[1]], padding="same", stride=2), 'padding="same" needs stride 1, here (2, 2): give the padding as a number'),
    (lambda: sl.conv2d(IMAGE, [[1]], bias=[1, 2]), "bias has 2 numbers: one for each of the 1 output channels is needed"),
    (lambda: sl.conv2d(IMAGE, [[1]], groups=2), "groups=2 must divide input and output channels: here 1 and 1"),
    (lambda: sl.conv2d(IMAGE, np.ones((1, 2, 1, 1))), "weight reads 2 x 1 groups = 2 channels: the input has 1"),
    (lambda: sl.conv_transpose2d(IMAGE, np.ones((2, 1, 1, 1))), "weight stamps 2 channels: the input has 1"),
    (lambda: sl.conv_transpose2d([[1, 2]], np.ones((3, 3)), padding=(2, 0)), "padding=2 leaves no output: 3 - 4 < 1; at most 1 here"),
    (lambda: sl.conv2d(IMAGE, [[1]], activation="swish"), "activation='swish' is unknown: choose one of relu, sigmoid, tanh, or None"),
    (
        lambda: sl.max_pool2d([[1]], 2, padding=1, dilation=2),
        "padding=1 with dilation=2 leaves a window that reads padding only: take a smaller padding",
    ),
    (lambda: sl.max_unpool2d([[1, 2]], [[0, 0]], 1), "indices holds 0 twice, for unequal values: torch leaves the result undefined"),
    (lambda: sl.max_unpool2d([[1]], [[9]], 2), "indices holds 9: the output has cells 0 to 3"),
    (lambda: sl.max_unpool2d([[1]], [[0]], 2, output_size=(5, 2)), "output_size height 5 does not belong here: between 1 and 3"),
    (lambda: sl.interpolate([[1]], 0.5), "scale_factor=0.5 leaves no output: 1 x 1 to 0 x 0"),
    (lambda: sl.interpolate([[1]], 2, "cubic"), "mode='cubic' is unknown: nearest or bilinear"),
    (lambda: sl.interpolate([[1]], 2, align_corners=True), "align_corners belongs to mode='bilinear': leave it out for nearest"),
    (lambda: sl.crop(IMAGE, 2, 0, 3, 4), "height=3 from 2 on ends outside the input: at most 2 of 4 here"),
    (lambda: sl.concat([[1]], [[1, 2]]), "concat needs inputs of one height and width, not 1 x 1 and 1 x 2: crop or pad one of them"),
    (lambda: sl.pixel_shuffle(IMAGE, 2), "r=2 needs a multiple of 4 channels: the input has 1"),
    (
        lambda: sl.conv2d(np.zeros((64, 64)), np.zeros((64, 1, 3, 3)), padding=1),
        "this operator needs 2,359,296 rows, a trace holds at most 1,000,000: use a patch or fewer channels",
    ),
    (lambda: sl.relu([[1]]).terms(0, 1), "cell (0, 1) is not in the output, which has shape (1, 1)"),
    (lambda: sl.relu([[1]]).indices, "relu has no indices: only max_pool2d and min_pool2d remember their winners"),
    (lambda: sl.relu([[1]]).backward([1]), "gradient has shape (1,): the output has shape (1, 1)"),
    (lambda: sl.relu([[1]]).steps("rows"), 'by=\'rows\' is not a reading: "output", "input" or "tap"'),
    (lambda: sl.interpolate(IMAGE, 2, "bilinear", align_corners="print(1)"), "align_corners='print(1)' should be True, False or None"),
    (lambda: sl.interpolate([[1]], 10**6), "a grid of 1 x 1,000,000 x 1,000,000 cells is too large: at most 4,000,000 cells here"),
    (
        lambda: sl.conv_transpose2d([[1, 2], [3, 4]], [[1]], stride=10**6),
        "a grid of 1 x 1,000,001 x 1,000,001 cells is too large: at most 4,000,000 cells here",
    ),
    (lambda: sl.output_size("conv", 7, kernel_size=2.5), "kernel_size=2.5 should be a whole number or a pair (vertical, horizontal)"),
    (
        lambda: sl.solve_output_size("banana", 7, 3),
        "op='banana' is unknown: choose one of conv, conv_transpose, max_pool, avg_pool, max_unpool",
    ),
    (lambda: sl.Pipeline(x=[[1]]).save("x.html"), "a pipeline without steps has no stage: add one with then()"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSALS, ids=[sentence[:40] for _, sentence in REFUSALS])
def test_refusals(call: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()


def test_arrays_handed_out_are_read_only() -> None:
    trace = sl.conv2d(IMAGE, [[1.0]])
    with pytest.raises(ValueError, match="read-only"):
        trace.output[0, 0] = 5


def test_arrays_handed_in_are_not_touched_and_not_watched() -> None:
    image = IMAGE.copy()
    trace = sl.conv2d(image, [[1.0]])
    image[0, 0] = 99
    assert trace.output[0, 0] == 0
    image[0, 1] = 5  # the caller's array stays writeable
