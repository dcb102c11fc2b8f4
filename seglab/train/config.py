"""The configuration of a training run: one description for the form, the command line, the store and the loop."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


def _setting(default: Any, meaning: str, low: float | None = None, high: float | None = None, label: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high, "label": label})


@dataclass(frozen=True)
class TrainConfig:
    """What to train, on what, for how long. Raises ValueError with a sentence for a value out of its range.

    >>> TrainConfig(depth=9)
    Traceback (most recent call last):
    ValueError: depth=9 is out of range: 1 to 5
    """

    data: str = _setting("cells", "a generated domain's name, or a folder with images/ and masks/", label="Data")
    difficulty: float = _setting(0.5, "noise, uneven light and low contrast of the generated images", 0, 1, "Difficulty")
    images: int = _setting(512, "training images that are generated; each is also turned and mirrored", 1, 4096, "Training images")
    size: int = _setting(96, "pixels a side of a training crop", 32, 512, "Crop")
    depth: int = _setting(3, "how many times the encoder halves the image", 1, 5, "Depth")
    width: int = _setting(16, "channels of the first level; each level below has twice as many", 4, 64, "Width")
    batch: int = _setting(16, "images a step", 1, 128, "Batch")
    learning_rate: float = _setting(0.004, "step size of AdamW at its highest; it falls along a cosine", 1e-6, 1, "Learning rate")
    steps: int = _setting(300, "optimiser steps", 1, 100_000, "Steps")
    seconds: float | None = _setting(None, "train for this long instead of a number of steps", 0.1, 86_400, "Seconds")
    seed: int = _setting(0, "decides the initial weights and the order of the images", 0, 999_999, "Seed")
    device: str = _setting("auto", "auto takes CUDA, else Apple's MPS, else the CPU", label="Device")
    threads: int = _setting(0, "CPU threads; 0 takes all cores", 0, 256, "Threads")

    def __post_init__(self) -> None:
        for setting in fields(self):
            value, low, high = getattr(self, setting.name), setting.metadata["low"], setting.metadata["high"]
            if low is None or (value is None and setting.default is None):
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{setting.name}={value!r} is not a number: {low:g} to {high:g}")
            if isinstance(setting.default, int) and value != int(value):
                raise ValueError(f"{setting.name}={value!r} is not a whole number")
            if not low <= value <= high:
                raise ValueError(f"{setting.name}={value:g} is out of range: {low:g} to {high:g}")
        if self.size % 2**self.depth:
            raise ValueError(f"size={self.size} does not halve {self.depth} times: a multiple of {2**self.depth} is needed")
        if self.device not in ("auto", "cuda", "mps", "cpu"):
            raise ValueError(f"device={self.device!r} is unknown: auto, cuda, mps or cpu")

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrainConfig:
        """A configuration from stored data. Raises ValueError for a field that this version does not know."""
        unknown = set(data) - {setting.name for setting in fields(cls)}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is no setting of this version of seglab")
        return cls(**data)
