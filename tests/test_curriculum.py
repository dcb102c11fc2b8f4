"""The numbers that the curriculum promises, row by row."""

from __future__ import annotations

import numpy as np
import pytest

import seglab as sl
from seglab.lessons import LESSONS
from seglab.lessons.channels import parameters, slopes
from seglab.lessons.left_right import trained
from seglab.pipeline import Pipeline
from seglab.stage.lesson import build
from seglab.stage.ways import WAYS

NINE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_b8_b9_nearest_and_bed_of_nails() -> None:
    image = [[1, 2], [3, 4]]
    assert sl.interpolate(image, 2).output.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert sl.bed_of_nails(image, 2).output.tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


def test_b10_max_unpooling() -> None:
    pooled = sl.max_pool2d([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]], 2)
    assert pooled.output.tolist() == [[5, 6], [7, 8]]
    back = sl.max_unpool2d([[1, 2], [3, 4]], pooled.indices, 2)
    assert back.output.tolist() == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


def test_b11_bilinear() -> None:
    assert sl.interpolate([[1, 2], [3, 4]], 2, "bilinear").output[0].tolist() == [1, 1.25, 1.75, 2]
    corners = sl.interpolate([[1, 2], [3, 4]], 2, "bilinear", align_corners=True).output[0]
    np.testing.assert_allclose(corners, [1, 4 / 3, 5 / 3, 2], atol=1e-9)


def test_b12_transposed_convolution_and_its_four_stamps() -> None:
    stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
    assert stamp.output.tolist() == [[0, 4, 1], [8, 16, 6], [4, 12, 9]]
    stamps = [stamp.after(step.rows) for step in stamp.steps("input")]
    nan = np.nan
    np.testing.assert_array_equal(stamps[0], [[0, 0, nan], [0, 0, nan], [nan, nan, nan]])
    np.testing.assert_array_equal(stamps[1], [[nan, 4, 1], [nan, 2, 3], [nan, nan, nan]])
    np.testing.assert_array_equal(stamps[2], [[nan, nan, nan], [8, 2, nan], [4, 6, nan]])
    np.testing.assert_array_equal(stamps[3], [[nan, nan, nan], [nan, 12, 3], [nan, 6, 9]])
    assert [(t.input, t.tap, t.product) for t in stamp.terms(1, 1)] == [
        ((0, 0), (1, 1), 0),
        ((0, 1), (1, 0), 2),
        ((1, 0), (0, 1), 2),
        ((1, 1), (0, 0), 12),
    ]


def test_b13_output_padding_adds_rows_that_are_not_zero() -> None:
    one = sl.conv_transpose2d([[1]], NINE, stride=2, padding=1, output_padding=1)
    assert one.output.tolist() == [[5, 6], [8, 9]]
    assert sl.conv_transpose2d([[1, 2], [3, 4]], NINE, stride=2, padding=1).output.shape == (3, 3)
    assert sl.conv_transpose2d([[1, 2], [3, 4]], NINE, stride=2, padding=1, output_padding=1).output.shape == (4, 4)


@pytest.mark.parametrize(("s", "p"), [(1, 0), (2, 0), (2, 1), (3, 2)])
def test_b14_the_formula(s: int, p: int) -> None:
    image, kernel = np.arange(6.0).reshape(2, 3), np.arange(1.0, 17).reshape(4, 4)
    output = sl.conv_transpose2d(image, kernel, stride=s, padding=p).output
    for x, y in np.ndindex(output.shape):
        total = 0.0
        for i, j in np.ndindex(image.shape):
            u, v = x - i * s + p, y - j * s + p
            if 0 <= u < 4 and 0 <= v < 4:
                total += image[i, j] * kernel[u, v]
        assert output[x, y] == total


def test_b15_on_a_line() -> None:
    a, b, x, y, z = 2, 3, 5, 7, 11
    assert sl.conv_transpose1d([a, b], [x, y, z], stride=2).output.tolist() == [a * x, a * y, a * z + b * x, b * y, b * z]


def test_b16_three_views_of_one_operator() -> None:
    rng = np.random.default_rng(1)
    x, kernel = rng.integers(0, 5, (3, 3)).astype(float), rng.integers(-3, 4, (3, 3)).astype(float)
    stamped = sl.conv_transpose2d(x, kernel, stride=2, padding=1, output_padding=1)
    view = stamped.zero_insertion()
    np.testing.assert_allclose(view.output, stamped.output)
    convolution = sl.conv2d(stamped.output, kernel, stride=2, padding=1)
    np.testing.assert_allclose(convolution.matrix().T @ x.ravel(), stamped.output.ravel())
    y = rng.integers(0, 5, stamped.output.shape).astype(float)
    cy, ctx = convolution.matrix() @ y.ravel(), stamped.output
    assert cy @ x.ravel() == pytest.approx((ctx * y).sum())


def test_b17_it_is_not_a_deconvolution() -> None:
    image, kernel = np.arange(9.0).reshape(3, 3), [[1, 2], [3, 4]]
    there = sl.conv2d(image, kernel)
    assert there.output.tolist() == [[27, 37], [57, 67]]
    back = sl.conv_transpose2d(there.output, kernel)
    assert back.output.tolist() == [[27, 91, 74], [138, 400, 282], [171, 429, 268]]
    np.testing.assert_array_equal(there.transpose().output, back.output)


def test_b18_overlap_and_checkerboard() -> None:
    assert sl.conv_transpose1d([1] * 5, [1] * 3, stride=2).output.tolist() == [1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1]
    interior = sl.conv_transpose2d(np.ones((5, 5)), np.ones((3, 3)), stride=2).output[2:-2, 2:-2]
    assert set(interior.ravel()) == {1, 2, 4}
    assert set(sl.conv_transpose2d(np.ones((4, 4)), np.ones((2, 2)), stride=2).output.ravel()) == {1}
    assert sl.conv_transpose1d([1] * 4, [1] * 4, stride=2, padding=1).output.tolist() == [1, 2, 2, 2, 2, 2, 2, 1]
    uneven = sl.conv_transpose1d([1] * 4, [1, 2, 3, 1], stride=2, padding=1).output
    assert len(set(uneven[1:-1])) > 1, "even overlap with unequal weights can still alternate"


def test_b19_bilinear_start() -> None:
    rng = np.random.default_rng(2)
    image = rng.random((5, 6))
    line = [0.25, 0.75, 0.75, 0.25]
    stamped = sl.conv_transpose2d(image, np.outer(line, line), stride=2, padding=1).output
    bilinear = sl.interpolate(image, 2, "bilinear").output
    np.testing.assert_allclose(stamped[1:-1, 1:-1], bilinear[1:-1, 1:-1])
    assert abs(stamped - bilinear)[0].max() > 0.01


def test_b1_the_kernel_is_not_flipped() -> None:
    kernel = np.array([[1.45, 0.31], [0.54, -0.04]])
    image = np.zeros((5, 5))
    image[:2, 1] = 0.4
    first = sl.conv2d(image, kernel, [-0.11], padding="same")
    assert first.output.shape == (5, 5)
    assert first.output[0, 0] == pytest.approx(0 * 1.45 + 0.4 * 0.31 + 0 * 0.54 + 0.4 * -0.04 - 0.11)
    assert first.output[0, 0] == pytest.approx(-0.002)
    assert sl.conv2d(image, kernel[::-1, ::-1], [-0.11], padding="same").output[0, 0] == pytest.approx(0.686)
    assert sl.conv2d(image, kernel, padding=1).output.shape == (6, 6)


def test_b1_the_first_layer_by_hand_on_its_stop() -> None:
    lesson = LESSONS["convolution"]
    state = lesson.state(**lesson.stops[8].state)
    linear = build(lesson, {**state, "activation": "none"}).output
    np.testing.assert_allclose(linear, [[-0.002, 0.956, 2.015, 0.885, -0.11]] * 4 + [[-0.11 + 0.4 * 0.31, 0.78, 1.495, 0.615, -0.11]])
    np.testing.assert_allclose(build(lesson, state).output, np.maximum(linear, 0))
    flipped = build(lesson, {**state, "activation": "none", "view": "flipped"})
    assert flipped.values("f")[0, 0] == pytest.approx(0.686)


def test_b3_zeros_make_a_false_edge_and_the_other_paddings_do_not() -> None:
    lesson = LESSONS["convolution"]
    zeros = build(lesson, lesson.state(**lesson.stops[4].state)).output
    assert (zeros[1:-1, 1:-1] == 0).all()
    assert (zeros[0] != 0).all()
    for mode in ("replicate", "reflect", "circular"):
        assert (build(lesson, lesson.state(**{**lesson.stops[4].state, "padding_mode": mode})).output == 0).all()


def test_b2_stride_halves_four_cells() -> None:
    lesson = LESSONS["convolution"]
    assert build(lesson, lesson.state(**lesson.stops[6].state)).output.shape == (2, 2)


def on_stop(name: str, number: int, **changes: object) -> Pipeline:
    """What a lesson's stop shows."""
    lesson = LESSONS[name]
    return build(lesson, lesson.state(**{**lesson.stops[number - 1].state, **changes}))


def test_b6_pooling_on_its_stops() -> None:
    assert on_stop("pooling", 1).output.tolist() == [[4, 8], [5, 9]]
    assert on_stop("pooling", 2).output.tolist() == [[9, 9], [9, 9]]
    assert on_stop("pooling", 3).output.tolist() == [[2.5, 3], [2, 3]]
    assert on_stop("pooling", 3, op="min_pool").output.tolist() == [[1, 0], [0, 1]]
    lesson = LESSONS["pooling"]
    assert build(lesson, lesson.state(**lesson.presets[0][1])).output.tolist() == [[4, 8, 8], [5, 9, 9], [5, 9, 9]]


def test_b7_who_gets_the_gradient_on_its_stops() -> None:
    nine, ties = on_stop("pooling", 11), on_stop("pooling", 12)
    assert np.argwhere(nine.output).tolist() == [[2, 2]]
    assert nine.output[2, 2] == 4
    assert ties.output.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]] * 2, "the first of equals"
    below_zero = on_stop("pooling", 4)
    assert below_zero.output.tolist() == [[-1, -1], [-1, -2]], "padding is minus infinity, not 0"


def test_b8_b9_b10_three_ways_back_on_their_stop() -> None:
    ways = on_stop("pooling", 7)
    assert ways.values("y").tolist() == [[5, 6], [7, 8]]
    assert ways.values("m").tolist() == [[1, 2], [3, 4]]
    assert ways.values("n").tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert ways.values("b").tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    assert ways.values("u").tolist() == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


def test_b11_bilinear_on_its_stop_and_the_two_that_learn_beside_it() -> None:
    smooth = on_stop("pooling", 8)
    assert smooth.values("l")[0].tolist() == [1, 1.25, 1.75, 2]
    np.testing.assert_allclose(smooth.values("a")[0], [1, 4 / 3, 5 / 3, 2])
    learned = on_stop("pooling", 9)
    assert learned.values("c").shape == (4, 2, 2)
    np.testing.assert_array_equal(learned.values("p")[0], learned.values("t"))
    assert on_stop("pooling", 9, stride=[1, 1]).values("t").shape == (3, 3), "only with a kernel as large as the stride they agree"


def test_question_6_and_7_and_their_answers() -> None:
    """P's 3 x 3 pooling, and a constant input pooled and max-unpooled."""
    gradient, constant, *_ = (question(0) for question in LESSONS["pooling"].questions)
    assert gradient.right == "1 cell"
    assert "it gets 4" in gradient.because
    assert constant.right == "Bed of nails"
    shown = build(LESSONS["pooling"], LESSONS["pooling"].state(**constant.shows))
    np.testing.assert_array_equal(shown.values("u"), shown.values("b"))


@pytest.mark.parametrize("turn", range(12))
def test_pooling_questions_have_one_right_answer_and_can_be_shown(turn: int) -> None:
    lesson = LESSONS["pooling"]
    asked = [question(turn) for question in lesson.questions]
    for one in asked:
        assert one.choices.count(one.right) == 1
        assert len(set(one.choices)) == len(one.choices) >= 3
        build(lesson, lesson.state(**one.shows))
    grid = np.array(asked[0].shows["x"], float)
    torch_gradient = gradient_by_torch(grid)
    assert asked[0].right.split()[0] == str(int((torch_gradient > 0).sum()))
    state = asked[2].shows
    row, column = divmod(state["at"] - 1, 2)
    assert asked[2].right == str(int(np.array(state["x"])[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].max()))


def gradient_by_torch(grid: np.ndarray) -> np.ndarray:
    import torch

    image = torch.tensor(grid, requires_grad=True)
    torch.nn.functional.max_pool2d(image[None], 3, stride=1).sum().backward()
    return image.grad.numpy()


def test_psnr_of_the_photographs_ways_back() -> None:
    found = {}
    for way in WAYS:
        shown = on_stop("pooling", 13, way=way)
        error = np.mean((shown.values("x") - shown.values("z")) ** 2)
        found[way] = sl.psnr(shown.values("x"), shown.values("z"))
        assert found[way] == pytest.approx(-10 * np.log10(error))
        np.testing.assert_allclose(shown.output, shown.values("z") - shown.values("x"))
    assert sorted(found, key=found.__getitem__) == ["bed_of_nails", "max_unpool", "nearest", "bilinear", "align_corners"]
    assert found["nearest"] == pytest.approx(20.77, abs=0.01)
    with pytest.raises(ValueError, match=r"images have shapes \(1, 2\) and \(2, 1\): give two of one shape"):
        sl.psnr([[0, 1]], [[0], [1]])
    with pytest.raises(ValueError, match=r"peak=0 should be above 0"):
        sl.psnr([[0]], [[1]], peak=0)


def test_b6_b7_pooling_and_its_gradient() -> None:
    image = [[3, 2, 8, 0], [4, 1, 3, 1], [5, 0, 9, 1], [1, 2, 1, 1]]
    assert sl.max_pool2d(image, 3, stride=1).output.tolist() == [[9, 9], [9, 9]]
    assert sl.max_pool2d(image, 2, stride=1).output.tolist() == [[4, 8, 8], [5, 9, 9], [5, 9, 9]]
    gradient = sl.max_pool2d(image, 3, stride=1).backward(np.ones((2, 2))).input
    assert gradient[2, 2] == 4
    assert gradient.sum() == 4
    ties = sl.max_pool2d(np.ones((4, 4)), 2)
    assert sl.max_unpool2d(ties.output, ties.indices, 2).output.tolist() == sl.bed_of_nails(np.ones((2, 2)), 2).output.tolist()


def weights_and_biases(trace: sl.Trace) -> int:
    return trace.weight.size + trace.bias.size


def layer(image: np.ndarray, made: int, kernel: int, groups: int = 1) -> sl.Trace:
    return sl.conv2d(image, np.ones((made, len(image) // groups, kernel, kernel)), np.zeros(made), groups=groups)


def stop_of(name: str, title: str) -> dict:
    lesson = LESSONS[name]
    return lesson.state(**next(stop.state for stop in lesson.stops if stop.title == title))


def test_b4_parameters() -> None:
    sixteen, four = np.ones((16, 3, 3)), np.ones((4, 1, 1))
    assert weights_and_biases(layer(sixteen, 32, 3)) == 4640 == parameters(3, 16, 32)
    assert weights_and_biases(layer(four, 2, 1)) == 10 == parameters(1, 4, 2)
    depthwise = layer(sixteen, 16, 3, groups=16)
    pointwise = layer(depthwise.output, 32, 1)
    assert (weights_and_biases(depthwise), weights_and_biases(pointwise)) == (160, 544)
    assert 160 + 544 == 704 == parameters(3, 16, 16, groups=16) + parameters(1, 16, 32)


def test_b4_an_output_channel_is_the_sum_of_its_input_channels() -> None:
    trace = build(LESSONS["channels"], LESSONS["channels"].state(n=4, b=[[[1]], [[2]], [[3]], [[4]]]))["y"]
    for made in range(4):
        sums = [sl.conv2d(plane, trace.weight[made, i]).output for i, plane in enumerate(trace.inputs[0])]
        np.testing.assert_allclose(trace.output[made], sum(sums) + made + 1)


def test_b4_a_colour_edge_that_grey_does_not_show() -> None:
    grey, colour = build(LESSONS["channels"], stop_of("channels", "An edge in colour")).output
    assert (grey == 0).all()
    assert colour.tolist() == [[0, 36, 0]] * 3


def test_b4_one_by_one_is_a_dense_layer_for_each_pixel() -> None:
    trace = build(LESSONS["channels"], stop_of("channels", "1 × 1: a dense layer for each pixel"))["y"]
    assert weights_and_biases(trace) == 10
    dense = trace.weight[:, :, 0, 0]
    np.testing.assert_allclose(trace.output.reshape(2, -1), dense @ trace.inputs[0].reshape(4, -1))


def test_b4_channels_have_no_order() -> None:
    """What a 3-D convolution, which slides through the channels too, could not promise."""
    trace = build(LESSONS["channels"], stop_of("channels", "Count the parameters"))["y"]
    swapped = sl.conv2d(trace.inputs[0][[2, 0, 1]], trace.weight[:, [2, 0, 1]], trace.bias, padding=1)
    np.testing.assert_allclose(swapped.output, trace.output)


def test_b4_groups_read_their_own_channels_only() -> None:
    lesson, state = LESSONS["channels"], stop_of("channels", "Groups")
    halves = build(lesson, state).output
    changed = build(lesson, {**state, "x": [*state["x"][:2], [[0] * 4] * 4, [[0] * 4] * 4]}).output
    np.testing.assert_array_equal(changed[:2], halves[:2])
    assert (changed[2:] != halves[2:]).any(axis=(1, 2)).all()
    assert weights_and_biases(build(lesson, state)["y"]) == 36
    assert weights_and_biases(build(lesson, stop_of("channels", "Depthwise"))["y"]) == 20


def test_b5_two_linear_layers_are_one_until_something_bends_between_them() -> None:
    linear = build(LESSONS["channels"], stop_of("channels", "Two linear layers are one"))
    np.testing.assert_array_equal(linear.values("t"), linear.values("o"))
    assert (linear.values("e") == 0).all()
    bent = build(LESSONS["channels"], stop_of("channels", "ReLU keeps them apart"))
    assert (bent.values("e") != 0).sum() >= 5


def test_b5_slopes_through_ten_layers() -> None:
    steepest = float(sl.sigmoid([[0]]).backward([[1.0]]).input[0, 0]) ** 10
    assert (sl.sigmoid(np.linspace(-6, 6, 49)[None]).backward(np.ones((1, 49))).input <= 0.25).all()
    assert steepest == pytest.approx(9.5e-7, rel=0.01)
    assert slopes(10) == (steepest, 1, pytest.approx(1.25**10))
    assert "| 10 | 9.54e-7 | 1 | 1 to 9.31 |" in LESSONS["channels"].text


def test_b22_the_kernels_gradient_is_a_sum_over_all_places() -> None:
    lesson, state = LESSONS["channels"], stop_of("channels", "Every place is an example")
    shown = build(lesson, state)
    by_rows = sl.conv2d(shown.values("x")[0], np.ones((3, 3))).backward(state["back"]).weight
    np.testing.assert_allclose(shown.output[0], by_rows[0, 0])


def test_b23_batch_normalisation() -> None:
    lesson, state = LESSONS["channels"], stop_of("channels", "Batch normalisation")
    first, second = build(lesson, state).output
    np.testing.assert_allclose(first, [[-1.342, -0.447], [0.447, 1.342]], atol=5e-4)
    np.testing.assert_allclose(second, first, atol=1e-5)
    own = sl.batch_norm([[1, 2], [3, 4]], training=True)
    remembered = sl.batch_norm([[1, 2], [3, 4]], [2], [4])
    np.testing.assert_allclose(remembered.output, [[-0.5, 0], [0.5, 1]], atol=1e-5)
    one = np.array([[1.0, 0], [0, 0]])
    assert abs(own.backward(one).input[0].sum()) < 1e-9, "adding to all cells changes nothing in training"
    assert remembered.backward(one).input[0].sum() == pytest.approx(0.5, abs=1e-5)


def test_a10_offsets_in_memory() -> None:
    image = np.arange(48).reshape(1, 3, 4, 4)
    assert image[0, 2, 1, 3] == 39
    assert np.arange(48).reshape(1, 4, 4, 3)[0, 1, 3, 2] == 23
    state = stop_of("channels", "In memory")
    assert state["at"] - 1 == 39
    assert state["x"][2][1][3] == 39


def apart(**changes: object) -> float:
    """The largest |f(T x) - T f(x)| that a setting of the lesson shows."""
    lesson = LESSONS["translation"]
    return float(abs(build(lesson, lesson.state(**changes)).values("d")).max())


IMAGE = "random4.8x8"


def test_c1_exact_for_stride_1_with_circular_padding_and_broken_at_the_border_by_the_others() -> None:
    for dy in (-3, 0, 5):
        for dx in range(-2, 9):
            assert apart(x=IMAGE, dy=dy, dx=dx) == 0
            assert apart(x=IMAGE, activation="relu", third="conv", dy=dy, dx=dx) == 0
    lesson = LESSONS["translation"]
    for mode in ("zeros", "reflect", "replicate"):
        broken = build(lesson, lesson.state(x=IMAGE, padding_mode=mode, dy=0, dx=3)).values("d") != 0
        assert broken.any()
        assert not broken[1:-1, [1, 4, 5, 6]].any(), "only at the border of the image, and where the shift has put it"


def test_c1_strides_hold_for_their_multiples_only() -> None:
    for stride in (2, 4):
        assert [apart(x=IMAGE, stride=stride, dy=0, dx=dx) == 0 for dx in range(9)] == [dx % stride == 0 for dx in range(9)]
    for second in ("max_pool", "avg_pool", "blur_pool", "stride_conv"):
        assert [apart(x=IMAGE, second=second, dy=0, dx=dx) == 0 for dx in range(5)] == [True, False, True, False, True]
    both = [apart(x="random4.16x16", stride=2, second="max_pool", dy=dx, dx=dx) == 0 for dx in range(9)]
    assert both == [dx % 4 == 0 for dx in range(9)]


def test_c1_weight_sharing_is_the_cause() -> None:
    lesson = LESSONS["translation"]
    for dx in range(1, 8):
        assert (build(lesson, lesson.state(x="ones9.8x8", first="untied", dy=0, dx=dx)).values("d") != 0).mean() > 0.7
        assert apart(x="ones9.8x8", first="conv", dy=0, dx=dx) == 0


def test_c1_rolled_and_filled() -> None:
    kept = {"padding_mode": "zeros", "dy": 0}
    assert [apart(**kept, mode="fill", dx=dx) == 0 for dx in (0, 2, 4, 5)] == [True, True, True, False]
    assert apart(padding_mode="circular", mode="fill", dy=0, dx=4) > 0, "what left is not there to go around"


def test_c1_a_blur_makes_the_break_smaller() -> None:
    broken = {
        second: apart(activation="relu", second=second, dy=0, dx=1) for second in ("max_pool", "avg_pool", "blur_pool", "stride_conv")
    }
    assert broken == {"max_pool": 36, "avg_pool": 15.75, "blur_pool": 6.1875, "stride_conv": 129}


def test_c2_a_spike_stays_in_its_window_or_does_not() -> None:
    line = np.zeros((2, 8))
    pooled = []
    for column in (2, 3, 4):
        line[0] = np.arange(8) == column
        pooled.append(sl.max_pool2d(line, 2).output.tolist())
    assert pooled[0] == pooled[1] == [[0, 1, 0, 0]]
    assert pooled[2] == [[0, 0, 1, 0]]
    lesson = LESSONS["translation"]
    assert [apart(**lesson.stops[at].state) for at in (5, 6)] == [0, 1]


def test_c2_a_global_mean_is_invariant_and_a_flattened_layer_is_not() -> None:
    for dx in range(1, 8):
        assert apart(x=IMAGE, activation="relu", head="global_pool", dy=2, dx=dx) == 0
        assert apart(activation="relu", head="dense", dy=0, dx=dx) > 1


def test_c2_trained_on_the_left_and_tested_on_the_right() -> None:
    flat, mean = (np.array([trained(head, seed) for seed in range(10)]) for head in ("flat", "mean"))
    assert (mean == 1).all()
    assert (flat[:, 0] == 1).all()
    assert 0.4 < flat[:, 1].mean() < 0.6, "chance"
