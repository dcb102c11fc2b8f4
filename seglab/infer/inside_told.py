"""What the page Look inside knows of a layer: the maps that went in and came out, and its weights. No torch is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Op = Literal["conv", "stamp", "enlarge", "pool", "unpool", "concat", "add"]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer at work on one picture: maps `x` (C_in, h, w) became `y` (C_out, H, W), the network's own numbers.

    `skip` is the other map of a join, or of an unpooling the map whose winners' places are used. `kernel` is (C_out, C_in, k, k), of a
    transposed convolution (op "stamp") (C_in, C_out, k, k). What a normalisation does after it is ``scale * value + shift``, a number
    each for every output channel. `stride` is how many times larger or smaller the map becomes; `crop` what a transposed convolution cuts
    off each side.
    """

    op: Op
    x: Map
    y: Map
    skip: Map | None = None
    kernel: Map | None = None
    bias: Map | None = None
    scale: Map | None = None
    shift: Map | None = None
    padding: int = 0
    stride: int = 1
    crop: int = 0
    relu: bool = False
    mode: str = ""  # of an enlarging: nearest or bilinear
    norm: str = "none"

    @property
    def folded(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Kernel and bias with the normalisation in them, in double precision. Raises ValueError where there is no kernel."""
        if self.kernel is None:
            raise ValueError(f"op={self.op!r} has no kernel: conv, stamp and some enlargings have one")
        kernel = self.kernel.astype(float)
        outs = kernel.shape[1 if self.op == "stamp" else 0]
        bias = np.zeros(outs) if self.bias is None else self.bias.astype(float)
        if self.scale is None or self.shift is None:
            return kernel, bias
        scale = self.scale.astype(float)
        return kernel * scale[:, None, None, None], bias * scale + self.shift.astype(float)


@dataclass(frozen=True, eq=False)
class Seen:
    """A network's look at a picture: the picture as it was given (H, W) or (H, W, 3) in 0 to 1, the class of every pixel of its mask, how
    many pixels a side the mask lies inside the picture, what was done to the picture so that it fits, and one layer."""

    image: Map
    mask: NDArray[np.uint8]
    border: int
    done: str
    layer: Layer
    more: Mapping[str, Any] = field(default_factory=dict)


ARRAYS, PLAIN = ("x", "y", "skip", "kernel", "bias", "scale", "shift"), ("op", "padding", "stride", "crop", "relu", "mode", "norm")


def packed(seen: Seen) -> bytes:
    """A look as one file, which `unpacked` reads."""
    layer = seen.layer
    arrays = {name: value for name in ARRAYS if (value := getattr(layer, name)) is not None}
    plain = {name: getattr(layer, name) for name in PLAIN}
    told = json.dumps({"layer": plain, "border": seen.border, "done": seen.done, "more": dict(seen.more)})
    buffer = BytesIO()
    np.savez(buffer, image=seen.image, mask=seen.mask, told=np.frombuffer(told.encode(), np.uint8), **arrays)
    return buffer.getvalue()


def unpacked(data: bytes) -> Seen:
    """What `packed` wrote; the arrays are read-only.

    >>> one = np.ones((1, 2, 2), np.float32)
    >>> unpacked(packed(Seen(one[0], np.zeros((2, 2), np.uint8), 0, "", Layer("conv", one, one, relu=True)))).layer.relu
    True
    """
    with np.load(BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for array in arrays.values():
        array.setflags(write=False)
    told = json.loads(arrays["told"].tobytes())
    layer = Layer(**{name: arrays[name] for name in ARRAYS if name in arrays}, **told["layer"])
    return Seen(arrays["image"], arrays["mask"], told["border"], told["done"], layer, told["more"])
