"""What the page Look inside knows of a layer: the maps that went in and came out, and its weights. No torch is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seglab.nets.fitting import Form, at_least, border, fitting_size

SIDE, LEAST_MASK = 128, 64  # pixels a side of a picture with padding, and of a mask without
Map = NDArray[np.float32]
Op = Literal["conv", "stamp", "enlarge", "pool", "unpool", "concat", "add"]


def side_for(net: Form) -> int:
    """Pixels a side of the pictures that a network is looked into with: about 128, without padding as many as a mask of 64 needs.

    >>> from seglab.nets import Architecture
    >>> side_for(Architecture(depth=3)), side_for(Architecture(depth=3, padding="valid"))
    (128, 156)
    """
    return at_least(LEAST_MASK + 2 * border(net), net) if net.padding == "valid" else fitting_size(SIDE, net)


@dataclass(frozen=True)
class Picture:
    """Which picture: a new scene of a generated domain by its number, or with `file` one of a person's own."""

    source: str = "cells"
    number: int = 0
    file: bytes | None = None

    @property
    def mark(self) -> str:
        """What tells a person's own pictures apart."""
        return sha256(self.file).hexdigest() if self.file is not None else ""


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


ARRAYS, PLAIN = ("x", "y", "skip", "kernel", "bias", "scale", "shift"), ("op", "padding", "stride", "crop", "relu", "mode", "norm")


def pack(told: Mapping[str, Any], **arrays: NDArray[Any]) -> bytes:
    """Plain data and arrays as one file, which `unpack` reads."""
    buffer = BytesIO()
    all_of_it: dict[str, Any] = {**arrays, "told": np.frombuffer(json.dumps(dict(told)).encode(), np.uint8)}
    np.savez(buffer, **all_of_it)
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `pack` wrote; the arrays are read-only.

    >>> unpack(pack({"step": 2}, x=np.ones(2)))
    ({'step': 2}, {'x': array([1., 1.])})
    """
    with np.load(BytesIO(data), allow_pickle=False) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    for array in arrays.values():
        array.setflags(write=False)
    told: dict[str, Any] = json.loads(arrays.pop("told").tobytes())
    return told, arrays


def packed(seen: Seen) -> bytes:
    """A look as one file, which `unpacked` reads."""
    layer = seen.layer
    arrays = {name: value for name in ARRAYS if (value := getattr(layer, name)) is not None}
    plain = {name: getattr(layer, name) for name in PLAIN}
    return pack({"layer": plain, "border": seen.border, "done": seen.done}, image=seen.image, mask=seen.mask, **arrays)


def unpacked(data: bytes) -> Seen:
    """What `packed` wrote; the arrays are read-only.

    >>> one = np.ones((1, 2, 2), np.float32)
    >>> unpacked(packed(Seen(one[0], np.zeros((2, 2), np.uint8), 0, "", Layer("conv", one, one, relu=True)))).layer.relu
    True
    """
    told, arrays = unpack(data)
    layer = Layer(**{name: arrays[name] for name in ARRAYS if name in arrays}, **told["layer"])
    return Seen(arrays["image"], arrays["mask"], told["border"], told["done"], layer)


@dataclass(frozen=True, eq=False)
class Why:
    """Why an output pixel says what it says; `own` is its place on the picture, and places are (row, column).

    Of its classes the `winner`, the runner-up `second` and the `chances` of all. `field` is its theoretical field as first row, stop row,
    first column and stop column, cells beyond the picture too. The `gradient` (H, W) has the sum 1; `inside` is its share in the field,
    `middle` that in the middle half of the field's sides. `drop` is how far the winner's chance drops when a grey square of `square`
    pixels a side is laid on the picture, for squares whose middles lie `step` pixels apart, in cells that begin at `corner`.
    """

    own: tuple[int, int]
    winner: int
    second: int
    chances: list[float]
    field: tuple[int, int, int, int]
    inside: float
    middle: float
    step: int
    corner: tuple[int, int]
    square: int
    gradient: NDArray[np.float32]
    drop: NDArray[np.float32]
    image: Map
    mask: NDArray[np.uint8]
    border: int
    done: str


@dataclass(frozen=True)
class Shifts:
    """How much of a mask stays itself when the picture is rolled to the right, by shift in pixels: the share of equal pixels with zeros
    beyond the maps' edges and with the other side there; the same of those pixels that either mask calls something else than class 0.
    `plane` has the first two for shifts down and right, by "zeros" and "around", where they were tried."""

    shifts: list[int]
    zeros: list[float]
    around: list[float]
    zeros_there: list[float]
    around_there: list[float]
    plane: dict[str, list[list[float]]]
    side: int
    done: str
