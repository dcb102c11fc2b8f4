"""What a network is made of, as plain data: `build` makes the torch module, `describe` its blocks without torch."""

from __future__ import annotations

from dataclasses import dataclass

from seglab.nets.choices import CHOICES

RANGES = {"in_channels": (1, 1024), "classes": (2, 256), "depth": (0, 6), "width": (1, 1024)}
LEAST, MOST = 1, 2**20  # pixels a side of an image


@dataclass(frozen=True)
class Architecture:
    """A U-Net or one of its relatives (`nets/unet.py`). Raises ValueError for a value that is impossible.

    >>> Architecture(depth=2).upsampling
    'transposed'
    """

    in_channels: int = 1
    classes: int = 2
    depth: int = 3
    width: int = 16
    norm: str = "batch"
    skip: str = "concat"
    upsampling: str = "transposed"
    padding: str = "same"

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            whole_number(name, getattr(self, name), low, high)
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name}={value!r} is unknown: {', '.join(choices[:-1])} or {choices[-1]}")

    @property
    def channels(self) -> list[int]:
        """The channels of each level, from the image's to the deepest.

        >>> paper_unet().channels
        [64, 128, 256, 512, 1024]
        """
        return [self.width * 2**level for level in range(self.depth + 1)]


def paper_unet() -> Architecture:
    """The U-Net of Ronneberger, Fischer and Brox, arXiv:1505.04597: 572 x 572 pixels become a mask of 388 x 388.

    >>> paper_unet().padding, paper_unet().norm
    ('valid', 'none')
    """
    return Architecture(depth=4, width=64, norm="none", padding="valid")


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """`value` if it is a whole number from `low` to `high`. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name}={value!r} is not a whole number: {low} to {high}")
    if not low <= value <= high:
        raise ValueError(f"{name}={value} is out of range: {low} to {high}")
    return value
