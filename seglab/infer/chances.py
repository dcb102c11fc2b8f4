"""What networks say of a generated scene, as a worker hands it to a page: the chance of every class in 256 levels. No torch."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from seglab.data.scene import Image

LEVELS = 255


def packed(chances: dict[str, Image]) -> bytes:
    """Chances (classes, H, W) by the network's name as a file that `unpacked` reads."""
    file, coarse = BytesIO(), {name: np.asarray(np.rint(one * LEVELS), np.uint8) for name, one in chances.items()}
    np.savez_compressed(file, **coarse)  # type: ignore[arg-type]
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, Image]:
    """Chances by the network's name, to 1/255; those of the likeliest class stay the largest unless two are within that.

    >>> unpacked(packed({"one": np.array([[[0.2]], [[0.8]]], np.float32)}))["one"].ravel().tolist()
    [0.20000000298023224, 0.800000011920929]
    """
    with np.load(BytesIO(data), allow_pickle=False) as file:
        return {name: _read(file[name]) for name in file.files}


def _read(coarse: NDArray[np.uint8]) -> Image:
    return np.asarray(coarse / LEVELS, np.float32)
