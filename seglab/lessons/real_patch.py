"""A patch of a trained network's layer as a small stage: its own activations under its own weights, in place of `patch.py`'s invented
numbers.

A stage shows a few of many channels. What the others bring is worked out and goes in as one more channel, *others*, whose weight is 1: so
the cells of the output are the network's own.
"""

from __future__ import annotations

import numpy as np

from seglab.infer.inside_told import Layer
from seglab.lessons.patch import MOST_IN
from seglab.lessons.real_cells import RealPatch
from seglab.lessons.real_convolution import convolution
from seglab.lessons.real_larger import enlarge, stamp
from seglab.lessons.real_unweighted import join, pool, unpool


def real_patch(layer: Layer, place: tuple[int, int], outs: tuple[int, ...], most_in: int = MOST_IN) -> RealPatch:
    """The stage of a layer around an output cell (row, column), for one or two output channels and the `most_in` input channels that matter
    most to them there. A place outside of the map becomes the nearest one inside."""
    made = {"conv": convolution, "stamp": stamp, "enlarge": enlarge, "pool": pool, "unpool": unpool, "concat": join, "add": join}
    return made[layer.op](layer, place, outs, most_in)


def difference(patch: RealPatch) -> float:
    """The largest difference between the stage's output and the network's own activations."""
    from seglab.stage.lesson import build

    lesson = patch.lesson
    made = build(lesson, lesson.defaults).values("y")
    return float(np.abs(made.reshape(patch.own.shape) - patch.own).max())
