"""Output size: the formula of every operator, forwards and backwards (curriculum B20)."""

from __future__ import annotations

from typing import Any

from seglab.stage.fields import Field
from seglab.stage.lesson import LAYERS, Lesson, Panel, Ref, Step, Stop, View

OPTIONS = {name: Ref(name) for name in ("op", "stride", "padding", "dilation", "output_padding", "ceil_mode")}

VIEWS = (
    View(
        "cells",
        "Cells",
        steps=(Step("y", "layer", ("x",), weight="kernel", options=OPTIONS),),
        panels=(Panel("x", "input", "Input", "I", plain=True), Panel("y", "output", "Output", "O", plain=True)),
        follows="y",
        reading="output",
        inputs={"x": Ref("size")},
        remark="sizes",
    ),
)


def setting(
    op: str, size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, extra: int = 0, **more: Any
) -> dict[str, Any]:
    """A square setting as changes of the state."""
    pairs = {"size": size, "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "output_padding": extra}
    return {"op": op, **{name: [value, value] for name, value in pairs.items()}, **more}


STOPS = (
    Stop(
        "A window that fits",
        "A 3 × 3 window fits five times along seven cells. Each place it fits is one output cell.",
        setting("conv", 7, 3, at=1),
    ),
    Stop(
        "Stride skips places",
        "With stride 2 the window moves two cells at a time: three places along seven cells.",
        setting("conv", 7, 3, 2, at=2),
    ),
    Stop(
        "What the floor throws away",
        "Eight cells also give three: the formula rounds down, and the crossed cells are never read.",
        setting("conv", 8, 3, 2, at=9),
    ),
    Stop(
        "Padding adds cells",
        "Hatched cells are added on every side. Kernel 3 with padding 1 and stride 1 keeps the size.",
        setting("conv", 7, 3, 1, 1, at=1),
    ),
    Stop(
        "Dilation spreads the window",
        "Dilation 2 leaves gaps in the window: 3 taps span 5 cells.",
        setting("conv", 7, 3, 1, 0, 2, at=1),
    ),
    Stop(
        "Pooling may round up",
        "With ceil_mode a window may begin inside the image and end outside it: 5 cells pool to 3 instead of 2.",
        setting("max_pool", 5, 2, 2, ceil_mode=True, at=9),
    ),
    Stop(
        "The way back is not unique",
        "Seven and eight cells both shrink to three. On the way back from three, output padding says which of them is meant.",
        setting("conv_transpose", 3, 3, 2, 0, 1, 1, at=9, target=[8, 8]),
    ),
    Stop(
        "From 7 to 14",
        "Which settings double seven cells? The list answers for kernels up to 7 and stride 2. Pick one to see it.",
        setting("conv_transpose", 7, 4, 2, 1, at=1, target=[14, 14]),
    ),
)

# The named settings of Dumoulin and Visin's guide (arXiv:1603.07285): eight direct, seven transposed.
NAMED = (
    ("No padding, no strides", setting("conv", 4, 3, at=4)),
    ("Arbitrary padding, no strides", setting("conv", 5, 4, 1, 2, at=36)),
    ("Same (half) padding, no strides", setting("conv", 5, 3, 1, 1, at=25)),
    ("Full padding, no strides", setting("conv", 5, 3, 1, 2, at=49)),
    ("No padding, strides", setting("conv", 5, 3, 2, at=4)),
    ("Padding, strides", setting("conv", 5, 3, 2, 1, at=9)),
    ("Padding, strides (odd)", setting("conv", 6, 3, 2, 1, at=9)),
    ("Dilation", setting("conv", 7, 3, 1, 0, 2, at=9)),
    ("No padding, no strides, transposed", setting("conv_transpose", 2, 3, at=16)),
    ("Arbitrary padding, no strides, transposed", setting("conv_transpose", 6, 4, 1, 2, at=25)),
    ("Same (half) padding, no strides, transposed", setting("conv_transpose", 5, 3, 1, 1, at=25)),
    ("Full padding, no strides, transposed", setting("conv_transpose", 7, 3, 1, 2, at=25)),
    ("No padding, strides, transposed", setting("conv_transpose", 2, 3, 2, at=25)),
    ("Padding, strides, transposed", setting("conv_transpose", 3, 3, 2, 1, at=25)),
    ("Padding, strides (odd), transposed", setting("conv_transpose", 3, 3, 2, 1, 1, 1, at=36)),
)

OUTPUT_SIZE = Lesson(
    name="output_size",
    title="Output size",
    sentence="Count the places where the window fits: one formula for each operator, and the question turned around.",
    fields=(
        Field("stop", "int", 1, "Stop", "which numbered idea is open", 1, len(STOPS)),
        Field("view", "choice", "cells", "View", "how the operator is walked through", options=("cells",)),
        Field("op", "choice", "conv", "Operator", "the layer whose size is asked for", options=tuple(LAYERS)),
        Field("size", "pair", [7, 7], "Input size", "cells of the input, height and width", 1, 32),
        Field("kernel", "pair", [3, 3], "Kernel size", "taps of the window", 1, 11),
        Field("stride", "pair", [1, 1], "Stride", "cells between two windows", 1, 8),
        Field("padding", "pair", [0, 0], "Padding", "cells added on each side (transposed: cropped)", 0, 8),
        Field("dilation", "pair", [1, 1], "Dilation", "cells between two taps", 1, 6),
        Field("output_padding", "pair", [0, 0], "Output padding", "cells cropped less at the bottom and right (transposed only)", 0, 7),
        Field("ceil_mode", "flag", False, "Round up", "pooling: count a window that ends outside (ceil_mode)"),
        Field("target", "pair", [14, 14], "Wanted size", "the output size that the list of settings leads to", 1, 64),
        Field("at", "int", 1, "Step", "how many steps are done", 0, 9999),
    ),
    views=VIEWS,
    stops=STOPS,
    presets=NAMED,
    controls=("op", "size", "kernel", "stride", "padding", "dilation", "output_padding", "ceil_mode"),
    solves=True,
)


def size_code(state: dict[str, Any]) -> str:
    """PyTorch code whose ``output`` is the layer's output height and width.

    >>> print(size_code(OUTPUT_SIZE.state(stride=[2, 2])))
    import torch
    from torch import nn
    <BLANKLINE>
    layer = nn.Conv2d(1, 1, kernel_size=3, stride=2)
    image = torch.zeros(1, 1, 7, 7)
    output = torch.tensor(layer(image).shape[2:])
    print(output.tolist())
    """
    kind = {"conv": "Conv2d", "conv_transpose": "ConvTranspose2d", "max_pool": "MaxPool2d", "avg_pool": "AvgPool2d"}[state["op"]]
    channels = "" if "pool" in state["op"] else "1, 1, "
    told = [f"kernel_size={_number(state['kernel'])}"]
    for name, usual in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
        if state[name] != [usual, usual] or (name == "stride" and not channels):
            told.append(f"{name}={_number(state[name])}")
    told += ["ceil_mode=True"] if state["ceil_mode"] else []
    height, width = state["size"]
    return (
        f"import torch\nfrom torch import nn\n\nlayer = nn.{kind}({channels}{', '.join(told)})\n"
        f"image = torch.zeros(1, 1, {height}, {width})\noutput = torch.tensor(layer(image).shape[2:])\nprint(output.tolist())"
    )


def _number(pair: list[int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else str(tuple(pair))
