"""Augmentation: training images turned, bent and spoilt a little, together with their masks and weight maps.

What is drawn comes from a generator of the caller's, so that a batch depends on nothing else. Flips move whole pixels. Rotation, scale and
elastic bends are one map from each pixel to where its value comes from, so that an image is resampled once; what lies outside is mirrored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from seglab.train.config import TrainConfig

if TYPE_CHECKING:
    from torch import Tensor

Kind = TypeVar("Kind", bound=np.generic)
Images = NDArray[np.float32]  # (B, C, H, W)
Labels = NDArray[np.int64]  # (B, H, W)
Weights = NDArray[np.float32]  # (B, H, W)
KNOTS_APART = 48  # pixels between the random displacements that a bend passes through


@dataclass(frozen=True, eq=False)
class Draw:
    """What happens to one image.

    `turns` quarter turns, a `mirror` image, grey values times `sign`; then turned by `angle` degrees counter-clockwise and enlarged by
    `zoom` about its middle, bent through the displacements `bend` (2, N, N) in pixels, x before y, on an even grid over the image;
    `brightness` added, and noise of standard deviation `noise` from the seed `grain`.
    """

    turns: int = 0
    mirror: bool = False
    sign: int = 1
    angle: float = 0.0
    zoom: float = 1.0
    bend: NDArray[np.float32] | None = None
    brightness: float = 0.0
    noise: float = 0.0
    grain: int = 0

    def flipped(self, array: NDArray[Kind]) -> NDArray[Kind]:
        """An array (H, W) or (H, W, 3) after its quarter turns, counter-clockwise, and then its mirror image, left for right; a view.

        >>> Draw(turns=1, mirror=True).flipped(np.array([[1, 2], [3, 4]])).tolist()
        [[4, 2], [3, 1]]
        """
        turned = np.rot90(array, self.turns)
        return turned[:, ::-1] if self.mirror else turned


@dataclass(frozen=True)
class Augmentation:
    """How far draws may go: the settings of TrainConfig's group "augmentation", and whether bright and dark may change places."""

    flips: bool = True
    rotation: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    inverts: bool = False

    @classmethod
    def of(cls, config: TrainConfig, inverts: bool = False) -> Augmentation:
        """The augmentation of a configuration.

        >>> Augmentation.of(TrainConfig(rotation=10, flips=False)).rotation
        10
        """
        own = {setting.name: getattr(config, setting.name) for setting in fields(config) if setting.metadata["group"] == "augmentation"}
        return cls(**own, inverts=inverts)

    @property
    def warps(self) -> bool:
        """Whether images are resampled."""
        return self.rotation > 0 or self.scale > 0 or self.elastic > 0

    @property
    def more(self) -> bool:
        """Whether there is anything but flips."""
        return self.warps or self.brightness > 0 or self.noise > 0

    def draws(self, rng: np.random.Generator, count: int, size: int) -> list[Draw]:
        """What happens to each of `count` images of `size` pixels a side.

        All that is random is drawn before it meets a setting: a setting that is raised acts more strongly on the same images, and the
        others do as before.

        >>> [(draw.turns, draw.mirror) for draw in Augmentation().draws(np.random.default_rng(0), 2, 96)]
        [(3, True), (2, False)]
        """
        drawn = [self._flip(rng) for _ in range(count)]
        return [self._add(draw, rng, size) for draw in drawn] if self.more else drawn

    def _flip(self, rng: np.random.Generator) -> Draw:
        turns, mirror = (int(rng.integers(4)), bool(rng.integers(2))) if self.flips else (0, False)
        return Draw(turns, mirror, int(rng.choice([-1, 1])) if self.inverts else 1)

    def _add(self, draw: Draw, rng: np.random.Generator, size: int) -> Draw:
        """The U-Net paper's bends: Gaussian displacements on a coarse grid (arXiv:1505.04597, section 3.1)."""
        turn, grow, shine = rng.uniform(-1, 1, 3).tolist()
        spoil, grain = rng.random(), int(rng.integers(2**32))
        knots = max(3, 1 + round(size / KNOTS_APART))
        bend = rng.standard_normal((2, knots, knots), np.float32)
        return replace(
            draw,
            angle=turn * self.rotation,
            zoom=1 + grow * self.scale,
            bend=bend * np.float32(self.elastic) if self.elastic else None,
            brightness=shine * self.brightness,
            noise=spoil * self.noise,
            grain=grain,
        )

    def apply(
        self, images: Images, labels: Labels, weights: Weights | None, draws: Sequence[Draw]
    ) -> tuple[Images, Labels, Weights | None]:
        """All but the flips, on standardised images (B, C, H, W), labels (B, H, W) and weight maps (B, H, W), one draw an image.

        Labels are taken from the nearest pixel, so that none is new; images and weights are interpolated between four. With flips alone
        the arrays come back as they are.
        """
        if not self.more:
            return images, labels, weights
        # One image at a time: on a whole batch torch would call in threads, which the network is using.
        maps = [None] * len(draws) if weights is None else list(weights)
        made = [self._applied(*one) for one in zip(images, labels, maps, draws, strict=True)]
        changed, moved, rest = zip(*made, strict=True)
        return np.stack(changed), np.stack(moved), None if weights is None else np.stack(rest)

    def _applied(self, image: Images, labels: Labels, weights: Weights | None, draw: Draw) -> tuple[Images, Labels, Weights | None]:
        if self.warps:
            image, labels, weights = _warped(image, labels, weights, draw)
        if self.brightness > 0:
            image = _brightened(image, draw)
        return image + _noise(draw, image.shape) if self.noise > 0 else image, labels, weights


def _warped(image: Images, labels: Labels, weights: Weights | None, draw: Draw) -> tuple[Images, Labels, Weights | None]:
    """One image (C, H, W) with its labels and weights (H, W)."""
    import torch
    from kornia.geometry.transform import remap

    x, y = _sources(draw, *labels.shape)

    def taken(planes: NDArray[np.float32], mode: str) -> NDArray[np.float32]:
        return np.asarray(remap(torch.from_numpy(planes[None]), x, y, mode, "reflection", align_corners=True)[0].numpy())

    smooth = taken(image if weights is None else np.concatenate([image, weights[None]]), "bilinear")
    moved = taken(labels[None].astype(np.float32), "nearest")[0].astype(np.int64)
    return smooth[: len(image)], moved, None if weights is None else smooth[-1]


def _sources(draw: Draw, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where every pixel's value comes from, in pixels from the left and from above, (1, H, W) each."""
    import torch
    from kornia.geometry.transform import get_rotation_matrix2d
    from torch.nn import functional as F

    middle = torch.tensor([[(width - 1) / 2, (height - 1) / 2]])
    # The inverse map: from where a pixel lands to where it was.
    back = get_rotation_matrix2d(middle, torch.tensor([-float(draw.angle)]), torch.full((1, 2), 1 / draw.zoom))[0].tolist()
    across, down = torch.arange(width, dtype=torch.float32), torch.arange(height, dtype=torch.float32)[:, None]
    x, y = ((to_x * across + to_y * down + offset)[None] for to_x, to_y, offset in back)
    if draw.bend is None:
        return x, y
    aside, along = F.interpolate(torch.from_numpy(draw.bend[None]), (height, width), mode="bicubic", align_corners=True).unbind(1)
    return x + aside, y + along


def _brightened(image: Images, draw: Draw) -> Images:
    import torch
    from kornia.enhance import adjust_brightness

    return np.asarray(adjust_brightness(torch.from_numpy(image), float(draw.brightness), clip_output=False).numpy())


def _noise(draw: Draw, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(draw.grain).standard_normal(shape, np.float32) * np.float32(draw.noise)
