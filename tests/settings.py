"""Random settings of every operator, drawn by hypothesis. The contract test and the browser's builders are given the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from seglab import Trace
from seglab.stored import OPERATORS

EXAMPLES = 220

small = st.integers(1, 3)
value = st.integers(-12, 12).map(lambda n: n / 4)


def arrays(*shape: int) -> st.SearchStrategy[Any]:
    count = int(np.prod(shape))
    return st.lists(value, min_size=count, max_size=count).map(lambda cells: np.reshape(cells, shape).tolist())


def pairs(least: int, most: int) -> st.SearchStrategy[Any]:
    one = st.integers(least, most)
    return st.one_of(one, st.tuples(one, one))


@st.composite
def images(draw: Any, dims: int = 2, most: int = 6, groups: int = 1) -> tuple[Any, int]:
    """An image, with or without a channel axis, and its number of channels, a multiple of `groups`."""
    shape = [draw(st.integers(1, most)) for _ in range(dims)]
    channels = groups * draw(st.integers(1, 2))
    short = channels == 1 and draw(st.booleans())
    return draw(arrays(*([] if short else [channels]), *shape)), channels


@st.composite
def kernels(draw: Any, first: int, second: int, dims: int) -> Any:
    taps = [draw(st.integers(1, 4)) for _ in range(dims)]
    short = first == second == 1 and draw(st.booleans())
    return draw(arrays(*([] if short else [first, second]), *taps))


@st.composite
def convolutions(draw: Any, dims: int) -> dict[str, Any]:
    groups = draw(st.sampled_from([1, 2]))
    image, channels = draw(images(dims, groups=groups))
    c_out = groups * draw(st.integers(1, 2))
    around = st.tuples(st.integers(0, 3), st.integers(0, 3))
    paddings = {
        "number": st.integers(0, 3) if dims == 1 else pairs(0, 3),
        "sides": st.tuples(*[around] * dims),
        "same": st.just("same"),
        "valid": st.just("valid"),
    }
    padding = draw(paddings[draw(st.sampled_from(sorted(paddings)))])
    setting = {
        "input": image,
        "weight": draw(kernels(c_out, channels // groups, dims)),
        "padding": padding,
        "padding_mode": draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        "stride": 1 if padding == "same" else draw(st.integers(1, 3) if dims == 1 else pairs(1, 3)),
        "dilation": draw(st.integers(1, 2) if dims == 1 else pairs(1, 2)),
        "groups": groups,
        "activation": draw(st.sampled_from([None, "relu", "sigmoid", "tanh"])),
    }
    if draw(st.booleans()):
        setting["bias"] = draw(arrays(c_out))
    return setting


@st.composite
def untied(draw: Any) -> dict[str, Any]:
    """A kernel for each output cell, as many as a convolution of the same setting has."""
    image = draw(arrays(*([1] if draw(st.booleans()) else []), draw(st.integers(1, 6)), draw(st.integers(1, 6))))
    taps = draw(small), draw(small)
    setting = {
        "stride": draw(pairs(1, 2)),
        "padding": draw(st.one_of(pairs(0, 2), st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2))),
        "padding_mode": draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        "activation": draw(st.sampled_from([None, "relu"])),
    }
    try:
        places = OPERATORS["conv2d"](image, np.ones(taps), **setting).output.shape[-2:]
    except ValueError:
        reject()
    return {"input": image, "weight": draw(arrays(*places, *taps)), **setting}


@st.composite
def transposed(draw: Any, dims: int) -> dict[str, Any]:
    groups = draw(st.sampled_from([1, 2]))
    image, channels = draw(images(dims, most=4, groups=groups))
    c_group = draw(st.integers(1, 2))
    setting = {
        "input": image,
        "weight": draw(kernels(channels, c_group, dims)),
        "stride": draw(st.integers(1, 3) if dims == 1 else pairs(1, 3)),
        "padding": draw(st.integers(0, 3) if dims == 1 else pairs(0, 3)),
        "output_padding": draw(st.integers(0, 2) if dims == 1 else pairs(0, 2)),
        "dilation": draw(st.integers(1, 3) if dims == 1 else pairs(1, 3)),
        "groups": groups,
        "activation": draw(st.sampled_from([None, "relu", "sigmoid", "tanh"])),
    }
    if draw(st.booleans()):
        setting["bias"] = draw(arrays(c_group * groups))
    return setting


@st.composite
def pools(draw: Any, *flags: str) -> dict[str, Any]:
    image, _ = draw(images())
    setting = {"input": image, "kernel_size": draw(pairs(1, 4)), "padding": draw(pairs(0, 2)), "ceil_mode": draw(st.booleans())}
    if draw(st.booleans()):
        setting["stride"] = draw(pairs(1, 3))
    if "dilation" in flags:
        setting["dilation"] = draw(pairs(1, 2))
    if "count_include_pad" in flags:
        setting["count_include_pad"] = draw(st.booleans())
    return setting


@st.composite
def unpools(draw: Any) -> dict[str, Any]:
    """Switches of a real pooling; or one by hand, where every value lies in its own window."""
    image, _ = draw(images())
    kernel, stride, padding = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(st.integers(0, 1))
    try:
        pooled = OPERATORS["max_pool2d"](image, kernel, stride, padding)
    except ValueError:
        reject()
    setting = {
        "input": pooled.output.tolist(),
        "indices": pooled.indices.tolist(),
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
    }
    if draw(st.booleans()):
        setting["output_size"] = np.shape(image)[-2:]
    return setting


@st.composite
def interpolations(draw: Any) -> dict[str, Any]:
    image, _ = draw(images(most=5))
    factor = st.sampled_from([1, 2, 3, 4, 0.5, 1.5, 2.5, 0.7])
    mode = draw(st.sampled_from(["nearest", "bilinear", "bilinear"]))
    setting = {"input": image, "scale_factor": draw(st.one_of(factor, st.tuples(factor, factor))), "mode": mode}
    if mode == "bilinear":
        setting["align_corners"] = draw(st.sampled_from([None, True, False]))
    return setting


@st.composite
def crops(draw: Any) -> dict[str, Any]:
    image, _ = draw(images())
    height, width = np.shape(image)[-2:]
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    size = {"height": draw(st.integers(1, height - top)), "width": draw(st.integers(1, width - left))}
    return {"input": image, "top": top, "left": left, **size}


@st.composite
def normalised(draw: Any) -> dict[str, Any]:
    image, channels = draw(images())
    setting = {"input": image, "training": draw(st.booleans()), "eps": draw(st.sampled_from([1e-5, 0.1]))}
    if not setting["training"] or draw(st.booleans()):
        setting["running_mean"] = draw(arrays(channels))
        setting["running_var"] = draw(st.lists(st.integers(1, 12).map(lambda n: n / 4), min_size=channels, max_size=channels))
    for name in ("weight", "bias"):
        if draw(st.booleans()):
            setting[name] = draw(arrays(channels))
    return setting


@st.composite
def together(draw: Any, *names: str) -> dict[str, Any]:
    height, width = draw(small), draw(small)
    channels = draw(st.sampled_from([None, 1, 2]))
    shape = (*([] if channels is None else [channels]), height, width)
    return {name: draw(arrays(*shape)) for name in names}


def single(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda image, **rest: {"input": image[0], **rest}, images(), **more)


@st.composite
def shuffles(draw: Any) -> dict[str, Any]:
    r, channels = draw(small), draw(small)
    return {"input": draw(arrays(channels * r * r, draw(small), draw(small))), "r": r}


SETTINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "conv1d": convolutions(1),
    "conv2d": convolutions(2),
    "locally_connected2d": untied(),
    "conv_transpose1d": transposed(1),
    "conv_transpose2d": transposed(2),
    "max_pool2d": pools("dilation"),
    "min_pool2d": pools("dilation"),
    "avg_pool2d": pools("count_include_pad"),
    "batch_norm": normalised(),
    "max_unpool2d": unpools(),
    "interpolate": interpolations(),
    "bed_of_nails": single(scale=pairs(1, 3)),
    "crop": crops(),
    "shift": single(dy=st.integers(-7, 7), dx=st.integers(-7, 7), mode=st.sampled_from(["roll", "fill"])),
    "concat": together("input0", "input1", "input2"),
    "subtract": together("input", "other"),
    "relu": single(),
    "sigmoid": single(),
    "tanh": single(),
    "threshold": single(threshold=value, value=st.one_of(st.none(), value)),
    "pixel_shuffle": shuffles(),
}

FLAGS: dict[str, dict[str, list[Any]]] = {
    "conv1d": {
        "padding_mode": ["zeros", "reflect", "replicate", "circular"],
        "dilation": [1, 2],
        "activation": [None, "relu", "sigmoid", "tanh"],
    },
    "conv2d": {
        "padding_mode": ["zeros", "reflect", "replicate", "circular"],
        "padding": ["same"],
        "groups": [1, 2],
        "activation": [None, "relu", "sigmoid", "tanh"],
    },
    "locally_connected2d": {"padding_mode": ["zeros", "reflect", "replicate", "circular"], "stride": [1, 2]},
    "shift": {"mode": ["roll", "fill"]},
    "conv_transpose1d": {"output_padding": [0, 1], "dilation": [1, 2, 3], "stride": [1, 2, 3]},
    "conv_transpose2d": {"groups": [1, 2], "activation": [None, "relu", "sigmoid", "tanh"]},
    "max_pool2d": {"ceil_mode": [True, False]},
    "min_pool2d": {"ceil_mode": [True, False]},
    "avg_pool2d": {"ceil_mode": [True, False], "count_include_pad": [True, False]},
    "batch_norm": {"training": [True, False], "eps": [1e-5, 0.1]},
    "interpolate": {"mode": ["nearest", "bilinear"], "align_corners": [None, True, False]},
    "pixel_shuffle": {"r": [1, 2, 3]},
}


def build(op: str, setting: dict[str, Any]) -> Trace:
    return OPERATORS[op](list(setting.values())) if op == "concat" else OPERATORS[op](**setting)


def explore(op: str, check: Callable[[dict[str, Any], Trace], None]) -> list[dict[str, Any]]:
    """Draw settings of `op`, run `check` on every accepted one, and return them. The same settings every time."""
    accepted: list[dict[str, Any]] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(SETTINGS[op])
    def holds(setting: dict[str, Any]) -> None:
        try:
            trace = build(op, setting)
        except ValueError:
            reject()
        accepted.append(setting)
        check(setting, trace)

    holds()
    return accepted


def flag_counts(op: str, accepted: list[dict[str, Any]]) -> dict[tuple[str, Any], int]:
    """How often each value of each flag was accepted."""
    counts: Counter[tuple[str, Any]] = Counter()
    for name, values in FLAGS.get(op, {}).items():
        for wanted in values:
            counts[name, wanted] = sum(setting.get(name) in (wanted, (wanted, wanted)) for setting in accepted)
    return counts
