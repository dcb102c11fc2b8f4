"""What a network is made of, as plain data: `build` makes the torch module, `describe` its blocks without torch."""

from __future__ import annotations

from dataclasses import dataclass

from seglab.nets.choices import CHOICES, FUSED, KERNELS, KINDS, STARTS

RANGES = {"in_channels": (1, 1024), "classes": (2, 256), "depth": (0, 6), "width": (1, 1024)}
LEAST, MOST = 1, 2**20  # pixels a side of an image


@dataclass(frozen=True)
class Architecture:
    """A U-Net or one of its relatives: `unet.py`, `segnet.py`, `fcn.py`. Raises ValueError for what is impossible.

    What a kind settles by itself is not chosen: a SegNet has no skips and unpools, FCN-16s and 8s add. FCN-32s, 16s and 8s are called so
    at depth 5; at another depth d their finest scores are 2^d, 2^(d-1) and 2^(d-2) pixels apart.

    >>> Architecture(depth=2).upsampling, Architecture(kind="segnet").upsampling
    ('transposed', 'unpool')
    >>> Architecture(kind="fcn8s", depth=2)
    Traceback (most recent call last):
    ValueError: depth=2 is too small for fcn8s: it scores the maps of 2 poolings and what lies deeper, so at least 3
    """

    in_channels: int = 1
    classes: int = 2
    depth: int = 3
    width: int = 16
    norm: str = "batch"
    skip: str = "concat"
    upsampling: str = "transposed"
    padding: str = "same"
    kind: str = "unet"
    kernel_size: int = 3
    start: str = "bilinear"

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            whole_number(name, getattr(self, name), low, high)
        for name, choices in {**CHOICES, "kind": KINDS, "kernel_size": KERNELS, "start": STARTS}.items():
            value = getattr(self, name)
            if value not in choices or isinstance(value, bool):
                raise ValueError(f"{name}={value!r} is unknown: {', '.join(map(str, choices[:-1]))} or {choices[-1]}")
        self._settle(**({"skip": "none", "upsampling": "unpool"} if self.kind == "segnet" else {}))
        if self.kind == "segnet" and not self.depth:
            raise ValueError("depth=0 makes no segnet: it unpools what was pooled, so at least 1")
        if self.kind in FUSED:
            self._settle(skip="add" if FUSED[self.kind] else "none")
            if self.upsampling == "unpool":
                raise ValueError(f"upsampling='unpool' has no place in {self.kind}: transposed, bilinear or nearest")
            if self.depth <= (fused := FUSED[self.kind]):
                many = (
                    f"scores the maps of {fused} pooling{'s' if fused > 1 else ''} and what lies deeper" if fused else "pools at least once"
                )
                raise ValueError(f"depth={self.depth} is too small for {self.kind}: it {many}, so at least {fused + 1}")

    def _settle(self, **values: str) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

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
