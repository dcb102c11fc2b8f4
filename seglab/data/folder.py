"""A person's own data: a folder with ``images/`` and ``masks/``, paired by file name."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seglab.data.decode import decode, decode_mask
from seglab.data.scene import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
Kind = TypeVar("Kind", bound=np.generic)
Pairs = list[tuple[Image, NDArray[np.uint8]]]


def read_pairs(folder: Path, least: int) -> tuple[Pairs, Pairs]:
    """Training and validation pairs (every fifth by name) as (image, mask); smaller ones are mirrored up to `least` pixels a side.

    Raises ValueError that lists, by name, what is missing or does not fit.
    """
    images, masks = _by_stem(folder / "images"), _by_stem(folder / "masks")
    problems = [f"{images[stem].name} has no mask" for stem in sorted(set(images) - set(masks))]
    problems += [f"{masks[stem].name} has no image" for stem in sorted(set(masks) - set(images))]
    pairs: Pairs = []
    for stem in sorted(set(images) & set(masks)):
        try:
            image, mask = decode(images[stem].read_bytes()), decode_mask(masks[stem].read_bytes())
        except ValueError as error:
            problems.append(f"{images[stem].name}: {error}")
            continue
        if image.shape != mask.shape:
            problems.append(f"{images[stem].name} is {_told(image)}, its mask {_told(mask)}")
        elif not mask.any():
            problems.append(f"the mask {masks[stem].name} is empty")
        else:
            pairs.append((_enlarged(image, least), _enlarged(mask, least)))
    if not problems and len(pairs) < 2:
        problems.append(
            f"it has {len(pairs)} pair{'' if len(pairs) == 1 else 's'}: at least 2 are needed, one to train on and one to test on"
        )
    if problems:
        more = f", and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise ValueError(f"{folder} cannot be used: {'; '.join(problems[:8])}{more}")
    validation = pairs[4::5] or pairs[-1:]
    train = [pair for i, pair in enumerate(pairs) if i % 5 != 4] if pairs[4::5] else pairs[:-1]
    return train, validation


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not there: a data folder has images/ and masks/ with files of the same names")
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}


def _enlarged(array: NDArray[Kind], least: int) -> NDArray[Kind]:
    missing = [max(0, least - n) for n in array.shape]
    return np.pad(array, [(0, n) for n in missing], mode="symmetric") if any(missing) else array


def _told(array: NDArray[np.generic]) -> str:
    return f"{array.shape[1]} x {array.shape[0]}"
