"""Pipelines: branches, the way back, gradients that add, and torch's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import seglab as sl
from seglab.nets.judge import run_snippet
from seglab.stored import as_json, restore

IMAGE = np.random.default_rng(3).integers(0, 9, (5, 5)) / 4


def tiny_unet() -> sl.Pipeline:
    """conv, pool, back up by unpooling and by stamping, joined with the skip."""
    return (
        sl.Pipeline(image=IMAGE)
        .then("map", sl.conv2d, "image", weight=[[1.5, -0.25], [0.5, 1]], bias=[-0.25], padding="same", activation="relu")
        .then("small", sl.max_pool2d, "map", kernel_size=2, ceil_mode=True)
        .then("large", sl.conv_transpose2d, "small", weight=[[1, 0.5], [0.25, -1]], stride=2)
        .then("cut", sl.crop, "large", top=0, left=0, height=5, width=5)
        .then("back", sl.max_unpool2d, "small", "small.indices", kernel_size=2, output_size=(5, 5))
        .then("joined", sl.concat, "map", "cut", "back")
        .then("score", sl.conv2d, "joined", weight=[[[[2.0]], [[0.5]], [[-1.0]]]], bias=[-1])
        .then("chance", sl.sigmoid, "score")
    )


def test_output_is_that_of_torch() -> None:
    net = tiny_unet()
    assert net.output.shape == (1, 5, 5)
    assert net.check() <= 1e-12


def test_gradients_are_those_of_torch_and_add_at_the_branch() -> None:
    net = tiny_unet()
    gradient = np.random.default_rng(4).standard_normal((1, 5, 5))
    ours = net.backward(gradient)
    code = net.torch_code().replace("dtype=torch.float64)", "dtype=torch.float64, requires_grad=True)")
    found = run_snippet(code)
    for name in ("map", "small"):
        found[name].retain_grad()
    found["output"].backward(torch.tensor(gradient))
    for grid in ("image", "map", "small"):
        np.testing.assert_allclose(ours.grids[grid], found[grid].grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.steps["large"].weight[0, 0], found["large_weight"].grad.numpy())
    np.testing.assert_allclose(ours.steps["score"].bias, found["score_bias"].grad.numpy())


def test_the_way_back_is_what_the_gradient_says() -> None:
    """A cell lies behind another one exactly where a change of it can reach it: tried on positive weights, without a maximum."""
    net = (
        sl.Pipeline(x=IMAGE + 1)
        .then("a", sl.conv2d, "x", weight=np.ones((3, 3)), padding=1, stride=2)
        .then("b", sl.interpolate, "a", scale_factor=2)
        .then("c", sl.crop, "b", top=0, left=0, height=5, width=5)
        .then("d", sl.concat, "x", "c")
        .then("e", sl.conv2d, "d", weight=np.ones((1, 2, 1, 1)))
    )
    for cell in [(0, 0, 0), (0, 2, 3), (0, 4, 4)]:
        gradient = np.zeros((1, 5, 5))
        gradient[cell] = 1
        behind = net.behind("e", *cell)
        for grid, values in net.backward(gradient).grids.items():
            assert set(behind[grid]) == {tuple(int(i) for i in where) for where in np.argwhere(values)}


def test_json_holds_a_pipeline() -> None:
    net = tiny_unet()
    again = restore(as_json(net))
    np.testing.assert_array_equal(again.output, net.output)
    assert list(again.steps) == list(net.steps)


def test_then_leaves_the_pipeline_as_it_is() -> None:
    net = sl.Pipeline(x=[[1.0]])
    longer = net.then("y", sl.relu, "x")
    assert "y" in longer
    assert "y" not in net


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda net: net.then("image", sl.relu, "image"), "grid 'image' is there already: choose another name"),
        (lambda net: net.then("a b", sl.relu, "image"), "grid 'a b' is no name: letters, digits and underscores"),
        (lambda net: net.then("lambda", sl.relu, "image"), "grid 'lambda' is a word of Python or PyTorch: choose another name"),
        (lambda net: sl.Pipeline(torch=[[1]]), "grid 'torch' is a word of Python or PyTorch: choose another name"),
        (lambda net: sl.Pipeline(**{"<img>": [[1]]}), "grid '<img>' is no name: letters, digits and underscores"),
        (lambda net: net.then("y", sl.relu, "picture"), "grid 'picture' is unknown: choose from image"),
        (lambda net: sl.Pipeline(), "a pipeline needs at least one named input grid"),
    ],
)
def test_refusals(make: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make(sl.Pipeline(image=IMAGE))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.pop("seglab"), "the key 'seglab' with the version is missing"),
        (lambda data: data.update(seglab=9), "this file has version 9: this seglab reads version 1"),
        (lambda data: data.update(op="swish"), "operator 'swish' is unknown"),
        (lambda data: data["output"][0].reverse(), "does not follow from its operands"),
        (lambda data: data.pop("options"), "'options' is missing or of the wrong kind"),
    ],
)
def test_a_damaged_file_is_refused(change: object, sentence: str) -> None:
    data = as_json(sl.conv2d([[1, 2]], [[3]]))
    change(data)
    with pytest.raises(ValueError, match=sentence):
        restore(data)
