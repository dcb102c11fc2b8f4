"""A shipped autoencoder as the browser reads it: its decoder's weights, and the codes of held-out pictures. Without torch."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.train.header import opened


def decoder_told(path: Path) -> dict[str, Any]:
    """The decoder of a file that `write_autoencoder` wrote, as ``decoder.js`` reads it, weights in half precision as base64.

    Raises ValueError for a file that is not there, damaged, or of something else.
    """
    with opened(path) as file:
        told = file.metadata() or {}
        if "autoencoder" not in told:
            raise ValueError(f"{path} holds no autoencoder: one of assets/autoencoder is needed")
        options = json.loads(told["autoencoder"])
        tensors = {name: np.asarray(file.get_tensor(name), np.float16) for name in file.keys()}  # noqa: SIM118
    layers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("up.")})
    up = []
    for layer in layers:
        weight = tensors[f"up.{layer}.weight"]
        up.append({**_told(weight, tensors[f"up.{layer}.bias"]), "from": weight.shape[0], "to": weight.shape[1]})
    begin = _told(tensors["begin.weight"], tensors["begin.bias"])
    return {"latent": options["latent"], "size": options["size"], "begin": begin, "up": up}


def _told(weight: NDArray[np.float16], bias: NDArray[np.float16]) -> dict[str, Any]:
    return {"weight": halves(weight), "bias": halves(bias)}


def halves(values: NDArray[Any]) -> str:
    """Numbers as half precision, little-endian, in base64.

    >>> halves(np.array([1.0, -2.0]))
    'ADwAwA=='
    """
    return b64encode(np.ascontiguousarray(values, "<f2").tobytes()).decode()
