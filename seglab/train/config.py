"""The configuration of a training run: one description for the form, the command line, the store and the loop."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from seglab.data.domains import DOMAINS
from seglab.nets import Architecture
from seglab.nets.choices import CHOICES, ENCODERS, KERNELS, KINDS, PRETRAINED, STARTS
from seglab.nets.fitting import output_size

GROUPS = ("data", "augmentation", "network", "training", "machine")


def _setting(
    default: Any, group: str, label: str, meaning: str, low: float | None = None, high: float | None = None, choices: tuple[Any, ...] = ()
) -> Any:
    return field(
        default=default, metadata={"group": group, "label": label, "meaning": meaning, "low": low, "high": high, "choices": choices}
    )


@dataclass(frozen=True)
class TrainConfig:
    """What to train, on what, for how long. Raises ValueError with a sentence for a value out of its range.

    >>> TrainConfig(depth=9)
    Traceback (most recent call last):
    ValueError: depth=9 is out of range: 1 to 5
    >>> TrainConfig(skip="sum")
    Traceback (most recent call last):
    ValueError: skip='sum' is unknown: concat, add or none
    """

    data: str = _setting("cells", "data", "Data", "a generated domain's name, or a folder with images/ and masks/")
    difficulty: float = _setting(0.5, "data", "Difficulty", "noise, uneven light and low contrast of the generated images", 0, 1)
    images: int = _setting(512, "data", "Training images", "training images that are generated or cut out of a person's own", 1, 4096)
    size: int = _setting(96, "data", "Crop", "pixels a side of a training crop", 32, 512)
    target: str = _setting(
        "regions",
        "data",
        "Target",
        "what the mask holds: whole regions, their borders, or interiors with a class more for the borders of objects",
        choices=("regions", "borders", "interiors"),
    )
    shift: int = _setting(0, "data", "Shifted masks", "pixels by which training masks lie beside their images, on purpose", 0, 16)

    flips: bool = _setting(True, "augmentation", "Flips", "turn images by quarters and mirror them")
    rotation: float = _setting(0.0, "augmentation", "Rotation", "turn images by up to so many degrees", 0, 180)
    scale: float = _setting(0.0, "augmentation", "Scale", "enlarge or shrink by up to this share", 0, 0.5)
    elastic: float = _setting(0.0, "augmentation", "Elastic", "bend images smoothly, by about so many pixels", 0, 16)
    brightness: float = _setting(0.0, "augmentation", "Brightness", "brighten or darken by up to this share of the contrast", 0, 1)
    noise: float = _setting(0.0, "augmentation", "Noise", "add noise of up to this share of the contrast", 0, 1)

    depth: int = _setting(3, "network", "Depth", "how many times the encoder halves the image", 1, 5)
    width: int = _setting(16, "network", "Width", "channels of the first level; each level below has twice as many", 4, 64)
    kind: str = _setting("unet", "network", "Network", "U-Net, SegNet (unpools, no skips) or an FCN (adds scores)", choices=KINDS)
    kernel_size: int = _setting(3, "network", "Kernel", "pixels a side of every convolution's kernel", choices=KERNELS)
    norm: str = _setting("batch", "network", "Normalisation", "what follows each convolution", choices=CHOICES["norm"])
    skip: str = _setting("concat", "network", "Skips", "how the encoder's maps join the decoder's", choices=CHOICES["skip"])
    upsampling: str = _setting("transposed", "network", "Upsampling", "how the decoder doubles a map", choices=CHOICES["upsampling"])
    padding: str = _setting("same", "network", "Padding", "same keeps the size; valid loses a border", choices=CHOICES["padding"])
    start: str = _setting("bilinear", "network", "FCN's start", "how an FCN's transposed convolutions begin", choices=STARTS)

    encoder: str = _setting(
        "random",
        "network",
        "Encoder",
        "whether its weights begin at random or come pretrained (for depth 3, width 8, colour images), to learn on or frozen",
        choices=ENCODERS,
    )

    loss: str = _setting(
        "cross-entropy",
        "training",
        "Loss",
        "what is made small; weighted is cross-entropy under the map of the U-Net paper, sum is cross-entropy + Dice",
        choices=("cross-entropy", "weighted", "dice", "focal", "sum"),
    )
    class_weights: bool = _setting(False, "training", "Class weights", "rare classes count more, by the inverse of their share")
    border_weight: float = _setting(10.0, "training", "w0", "how much the map raises the gap between two objects", 0, 100)
    border_width: float = _setting(5.0, "training", "σ", "pixels over which that falls off", 0.5, 50)
    optimiser: str = _setting("adamw", "training", "Optimiser", "how a gradient becomes a step", choices=("adamw", "sgd"))
    momentum: float = _setting(0.9, "training", "Momentum", "share of the last step that sgd keeps", 0, 0.999)
    learning_rate: float = _setting(0.004, "training", "Learning rate", "step size at its highest", 1e-6, 1)
    schedule: str = _setting(
        "cosine", "training", "Schedule", "how the step size falls after its warm-up", choices=("cosine", "linear", "constant")
    )
    batch: int = _setting(16, "training", "Batch", "images a step", 1, 128)
    steps: int = _setting(300, "training", "Steps", "optimiser steps", 1, 100_000)
    seconds: float | None = _setting(None, "training", "Seconds", "train for this long instead of a number of steps", 0.1, 86_400)
    seed: int = _setting(0, "training", "Seed", "decides the initial weights and the order of the images", 0, 999_999)

    device: str = _setting(
        "auto", "machine", "Device", "auto takes CUDA, else Apple's MPS, else the CPU", choices=("auto", "cuda", "mps", "cpu")
    )
    precision: str = _setting(
        "auto", "machine", "Precision", "auto takes bfloat16 where the device has it natively", choices=("auto", "float32", "bfloat16")
    )
    threads: int = _setting(0, "machine", "Threads", "CPU threads; 0 shares the cores with the trainings that run beside it", 0, 256)

    def __post_init__(self) -> None:
        for setting in fields(self):
            _refuse(setting.name, getattr(self, setting.name), setting.default, **setting.metadata)
        self.architecture(1, 2)
        output_size(self.size, self)
        if self.encoder != "random":
            refuse_unfit(self)

    def architecture(self, in_channels: int, classes: int) -> Architecture:
        """The network, for images of so many channels and so many classes.

        >>> TrainConfig(depth=2, skip="add").architecture(3, 5).skip
        'add'
        """
        chosen = {
            setting.name: getattr(self, setting.name) for setting in fields(self) if setting.name in Architecture.__dataclass_fields__
        }
        return Architecture(in_channels, classes, **chosen)

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads."""
        return asdict(self)

    def changed(self) -> dict[str, Any]:
        """What differs from the defaults, by name.

        >>> TrainConfig(depth=2, skip="add").changed()
        {'depth': 2, 'skip': 'add'}
        """
        return {setting.name: value for setting in fields(self) if (value := getattr(self, setting.name)) != setting.default}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TrainConfig:
        """A configuration from stored data. Raises ValueError for a field that this version does not know."""
        unknown = set(data) - {setting.name for setting in fields(cls)}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is no setting of this version of seglab")
        return cls(**data)


def refuse_unfit(config: TrainConfig, channels: int | None = None) -> None:
    """Raise ValueError where the pretrained encoder does not fit a network, or images of so many channels; without these, its domain's.

    >>> refuse_unfit(TrainConfig(data="shapes"))
    Traceback (most recent call last):
    ValueError: width=16 does not fit the pretrained encoder: width=8 does, or encoder='random'
    """
    for name, fits in PRETRAINED.items():
        value = getattr(config, name)
        if value != fits:
            raise ValueError(f"{name}={value!r} does not fit the pretrained encoder: {name}={fits!r} does, or encoder='random'")
    if channels is None and config.data in DOMAINS:
        channels = DOMAINS[config.data].channels
    if channels not in (None, 3):
        fitting = " or ".join(name for name, domain in DOMAINS.items() if domain.channels == 3)
        raise ValueError(f"data={config.data!r} is grey, and the pretrained encoder reads colours: {fitting} would do, or encoder='random'")


def _refuse(name: str, value: Any, default: Any, low: float | None, high: float | None, choices: tuple[Any, ...], **_: str) -> None:
    """Raise ValueError for a value that is of the wrong kind, out of its range, or none of its choices."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name}={value!r} should be True or False")
    elif choices:
        if value not in choices:
            raise ValueError(f"{name}={value!r} is unknown: {', '.join(map(str, choices[:-1]))} or {choices[-1]}")
    elif low is not None and high is not None and not (value is None and default is None):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name}={value!r} is not a number: {low:g} to {high:g}")
        if isinstance(default, int) and not isinstance(value, int):
            raise ValueError(f"{name}={value!r} is not a whole number")
        if not low <= value <= high:
            raise ValueError(f"{name}={value:g} is out of range: {low:g} to {high:g}")
