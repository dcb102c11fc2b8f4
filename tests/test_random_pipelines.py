"""Random pipelines: outputs of JavaScript, NumPy and torch, and gradients of JavaScript and NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import seglab as sl
from seglab.export.lesson_of import lesson_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

Rng = np.random.Generator
COUNT = 120


def grown(rng: Rng) -> sl.Pipeline:
    """A pipeline of four to eight random steps; a step that the operators refuse is drawn again."""
    net = sl.Pipeline(x=rng.integers(-8, 9, (int(rng.integers(1, 4)), *rng.integers(3, 9, 2))) / 4)
    wanted = int(rng.integers(4, 9))
    while len(net.steps) < wanted:
        try:
            longer = step(rng, net, f"g{len(net.steps)}")
        except ValueError:
            continue
        if longer.output.size <= 1500:
            net = longer
    return net


def step(rng: Rng, net: sl.Pipeline, name: str) -> sl.Pipeline:
    grids = [*net.inputs, *net.steps]
    at = grids[-1] if rng.random() < 0.7 else str(rng.choice(grids))
    channels, height, width = net.values(at).shape
    kind = str(rng.choice(["conv", "stamp", "pool", "cells", "up", "join", "crop", "unpool", "less"]))
    size = rng.integers(1, 4, 2)
    if kind == "conv":
        groups = channels if rng.random() < 0.3 else 1
        out = groups * int(rng.integers(1, 3))
        options: dict[str, Any] = {
            "stride": int(rng.integers(1, 3)),
            "padding": int(rng.integers(0, 2)),
            "dilation": int(rng.integers(1, 3)),
        }
        mode, act = str(rng.choice(["zeros", "reflect", "replicate", "circular"])), rng.choice(["relu", "sigmoid", "tanh", ""])
        weight = rng.integers(-4, 5, (out, channels // groups, *size)) / 4
        bias = (rng.integers(-4, 5, out) / 4).tolist()
        more = {"groups": groups, "padding_mode": mode, "activation": str(act) or None}
        return net.then(name, sl.conv2d, at, weight=weight, bias=bias, **options, **more)
    if kind == "stamp":
        weight = rng.integers(-4, 5, (channels, int(rng.integers(1, 3)), *size)) / 4
        return net.then(name, sl.conv_transpose2d, at, weight=weight, stride=int(rng.integers(1, 3)), padding=int(rng.integers(0, 2)))
    if kind == "pool":
        pool = [sl.max_pool2d, sl.min_pool2d, sl.avg_pool2d][rng.integers(3)]
        return net.then(
            name, pool, at, kernel_size=int(rng.integers(1, 4)), stride=int(rng.integers(1, 3)), ceil_mode=bool(rng.random() < 0.5)
        )
    if kind == "cells":
        return net.then(name, [sl.relu, sl.sigmoid, sl.tanh][rng.integers(3)], at)
    if kind == "up":
        if rng.random() < 0.3:
            return net.then(name, sl.bed_of_nails, at, scale=2)
        return net.then(name, sl.interpolate, at, scale_factor=2, mode=str(rng.choice(["nearest", "bilinear"])))
    if kind == "crop":
        high, wide = int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1))
        return net.then(name, sl.crop, at, top=height - high, left=0, height=high, width=wide)
    if kind == "unpool":
        pooled = [grid for grid in net.steps if net[grid].op == "max_pool2d" and net[grid].call.options["kernel_size"] == (2, 2)]
        return (
            net.then(name, sl.max_unpool2d, pooled[-1], f"{pooled[-1]}.indices", kernel_size=2) if pooled else net.then(name, sl.relu, at)
        )
    others = [grid for grid in grids if grid != at and net.values(grid).shape[1:] == (height, width)]
    if not others:
        raise ValueError("nothing to join")
    return net.then(name, sl.concat if kind == "join" else sl.subtract, at, str(rng.choice(others)))


def test_outputs_and_gradients_agree(modules: Page) -> None:
    rng = np.random.default_rng(20)
    nets = [grown(rng) for _ in range(COUNT)]
    used = {net[name].op for net in nets for name in net.steps}
    assert len(used) >= 14, used
    assert sum(any(len(step.reads) > 1 for step in net.steps.values()) for net in nets) >= 20, "enough of them have branches"
    towards = [rng.standard_normal(net.output.shape) for net in nets]
    lessons = [lesson_of(net) for net in nets]
    theirs = modules.evaluate(
        """async (nets) => {
          const { build } = await import("/v1/recipe.js");
          const { backThrough } = await import("/v1/gradients.js");
          return nets.map(([lesson, state, gradient]) => {
            const made = build(lesson, state, lesson.views[0]), last = [...made.grids.keys()].at(-1);
            const back = backThrough(made, last, Float64Array.from(gradient));
            const plain = (grids, data) => Object.fromEntries([...grids].map(([name, grid]) => [name, [...data(grid)]]));
            return [plain(made.grids, (grid) => grid.data), plain(back.grids, (grid) => grid)];
          });
        }""",
        [[lesson.data, lesson.defaults, gradient.ravel().tolist()] for lesson, gradient in zip(lessons, towards)],
    )
    for net, gradient, (grids, slopes) in zip(nets, towards, theirs):
        assert net.check() <= 1e-9
        back = net.backward(gradient)
        for name in [*net.inputs, *net.steps]:
            np.testing.assert_allclose(grids[name], net.values(name).ravel(), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(slopes[name], back.grids[name].ravel(), rtol=1e-9, atol=1e-12)
