"""What the page FCN knows of its three networks and of what they make of a scene, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

KINDS = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8}  # with the stride of their finest scores
POOLED = ("pool4", "pool3")  # what is added, in this order
DATA, SIZE, DIFFICULTY = "cells", 128, 0.25
Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stages:
    """What a network makes of an image, scores (classes, H, W) from the coarsest to the pixels'.

    Of each sum but the last there are its two parts: the finer map's own scores, and the coarser ones enlarged.
    """

    scores: tuple[Map, ...]
    finer: tuple[Map, ...]
    enlarged: tuple[Map, ...]

    @property
    def mask(self) -> NDArray[np.uint8]:
        """The class of the highest score at every pixel (H, W)."""
        return np.asarray(self.scores[-1].argmax(0), np.uint8)


def packed(told: dict[str, Stages]) -> bytes:
    """Stages by the networks' kinds as one file of arrays, which `unpacked` reads; the pixels' scores in half precision."""
    arrays = {
        f"{kind}.{part}.{number}": array.astype(np.float16) if array.shape[1] == SIZE else array
        for kind, stages in told.items()
        for part in ("scores", "finer", "enlarged")
        for number, array in enumerate(getattr(stages, part))
    }
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, Stages]:
    """What `packed` wrote; the arrays are read-only.

    >>> stages = Stages((np.zeros((2, 4, 4), np.float32), np.ones((2, 128, 128), np.float32)), (), ())
    >>> [array.shape for array in unpacked(packed({"fcn32s": stages}))["fcn32s"].scores]
    [(2, 4, 4), (2, 128, 128)]
    """
    with np.load(BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name].astype(np.float32) for name in file.files}
    for array in arrays.values():
        array.setflags(write=False)

    def all_of(kind: str, part: str) -> tuple[Map, ...]:
        count = sum(name.startswith(f"{kind}.{part}.") for name in arrays)
        return tuple(arrays[f"{kind}.{part}.{number}"] for number in range(count))

    return {
        kind: Stages(all_of(kind, "scores"), all_of(kind, "finer"), all_of(kind, "enlarged")) for kind in KINDS if all_of(kind, "scores")
    }
