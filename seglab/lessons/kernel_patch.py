"""A patch of real pixels under a kernel whose numbers people have chosen, as a small stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.infer.kernels import KERNELS
from seglab.stage.fields import Field
from seglab.stage.lesson import Lesson, Panel, Step, View, fields_of

SIDE = 8  # pixels of a patch


def kernel_patch(name: str, pixels: NDArray[np.integer], down: bool = False) -> Lesson:
    """The stage of a kernel over grey values (H, W); `down` takes the one for the other axis. Raises KeyError for a kernel unknown.

    >>> from seglab.stage.lesson import build
    >>> lesson = kernel_patch("sobel", np.array([[0, 0, 9, 9]] * 3))
    >>> build(lesson, lesson.defaults).output.tolist()
    [[36.0, 36.0]]
    """
    kernel = KERNELS[name]
    weights = kernel.across if down else kernel.array
    fields = (
        Field("x", "grid", pixels.tolist(), "Grey values", "its cells", 1, 16),
        Field("w", "grid", weights.tolist(), "Kernel", "its cells", 1, 16),
    )
    panels = (
        Panel("x", "input", "Grey values", "I", edits="x"),
        Panel("kernel:y", "kernel", kernel.title, "K", edits="w"),
        Panel("y", "output", "Sums of products", "O"),
    )
    view = View("patch", "Patch", (Step("y", "conv2d", ("x",), weight="w"),), panels, "y", "output", {"x": "x"})
    return Lesson(f"kernel-{name}-{'down' if down else 'right'}", kernel.title, "", fields_of((view,), (), *fields, at=1), (view,), ())
