"""The answers of a patch classifier at every place of an image, patch by patch and in one pass: compared, counted and timed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from seglab.data.cells import cells
from seglab.data.scene import Image, Mask
from seglab.data.sets import TEST_SEED
from seglab.infer.pictures import grey, painted, png
from seglab.nets.patch_classifier import PatchNet, fully_convolutional, patches_of, with_holes
from seglab.nets.patch_layers import SINGLE, PatchClassifier, macs, places
from seglab.train.patches import standard, train_patches

BATCH = 256


@dataclass(frozen=True)
class Slide:
    """What is asked: the scene's seed and size (height, width), the classifier's form and its training's seed; 0 is the shipped one."""

    seed: int = 1
    size: tuple[int, int] = (96, 96)
    patch: int = 17
    kind: Any = "valid"
    net: int = 0

    @property
    def classifier(self) -> PatchClassifier:
        return PatchClassifier(self.patch, self.kind)


def scene(slide: Slide) -> tuple[Image, Mask]:
    """The image and its mask (H, W), of scenes that no training sees."""
    height, width = slide.size
    made = cells(TEST_SEED + slide.seed, max(slide.size))
    return made.image[:height, :width], made.mask[:height, :width]


def classifier(slide: Slide, shipped: Path, kept: Path) -> PatchNet:
    """The trained classifier: from the file `shipped`, else from the folder `kept`, else trained now, which takes seconds, and kept."""
    net = slide.classifier
    model, begin = PatchNet(net), f"{net.kind}.{net.patch}."
    if slide.net == 0:
        with safe_open(shipped, "pt") as file:
            model.load_state_dict({name: file.get_tensor(begin + name).float() for name in model.state_dict()})
        return model.eval()
    path = kept / net.kept_as(slide.net)
    if not path.exists():
        trained = train_patches(net, slide.net)
        kept.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        save_file(trained.state_dict(), part)
        os.replace(part, path)
    model.load_state_dict(load_file(path))
    return model.eval()


@dataclass(frozen=True, eq=False)
class Answers:
    """Logits (2, H', W') patch by patch, in one pass, and in one pass with holes; the seconds each took."""

    sliding: Tensor
    once: Tensor
    holes: Tensor
    seconds: dict[str, float]


def answers(model: PatchNet, image: Image) -> Answers:
    """The three ways over an image (H, W), the best of several times."""
    net, x = model.net, torch.from_numpy(standard(image))[None]
    down, across = places(image.shape, net.patch)
    with torch.inference_mode():
        first, sliding = timed(lambda: _batches(model, patches_of(x, net.patch)), 2)
        few = patches_of(x, net.patch)[:: max(1, down * across // SINGLE)][:SINGLE]
        single, _ = timed(lambda: [model(patch[None]) for patch in few], 2)
        pass_, once = timed(lambda: fully_convolutional(model)(x[None])[0], 5)
        dilated, holes = timed(lambda: with_holes(model)(x[None])[0], 5)
    seconds = {"single": single / len(few) * down * across, "batches": first, "once": pass_, "holes": dilated}
    return Answers(sliding.T.reshape(2, down, across), once, holes, seconds)


def _batches(model: PatchNet, patches: Tensor) -> Tensor:
    return torch.cat([model(batch) for batch in torch.split(patches, BATCH)])


def timed(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """The shortest of several times in seconds of the processor, which work beside it does not lengthen, and the last result."""
    taken = []
    for _ in range(times):
        begun = process_time()
        result = work()
        taken.append(process_time() - begun)
    return min(taken), result


def chance(logits: Tensor) -> NDArray[np.float32]:
    """The probability of a cell (H', W')."""
    return np.asarray(torch.softmax(logits, 0)[1].numpy(), np.float32)


def slide_pictures(slide: Slide, model: PatchNet) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Pictures as PNG by name, and the numbers of the comparison."""
    image, mask = scene(slide)
    net, found = model.net, answers(model, image)
    every = chance(found.sliding)
    grid = every[:: net.stride, :: net.stride]
    off, off_holes = np.abs(grid - chance(found.once)), np.abs(every - chance(found.holes))
    half = net.patch // 2
    truth = mask[half : half + every.shape[0], half : half + every.shape[1]]
    enlarged = chance(found.once).repeat(net.stride, 0).repeat(net.stride, 1)[: every.shape[0], : every.shape[1]]
    drawn = {
        "image": png(grey(image)),
        "truth": png(painted(mask, ((0, 0, 0), (213, 94, 0)))),
        "sliding": png(grey(every)),
        "once": png(grey(chance(found.once))),
        "holes": png(grey(chance(found.holes))),
        "difference": png(grey(off)),
        "ring": png(grey(_ring(model, image))),
    }
    said = {
        "places": list(every.shape),
        "once": list(found.once.shape[1:]),
        "stride": net.stride,
        "seconds": found.seconds,
        "macs": {
            "patch": macs(net.convolutional, 1, (net.patch, net.patch)),
            "once": macs(net.convolutional, 1, slide.size),
            "holes": macs(net.dilated, 1, slide.size),
        },
        "largest": float(off.max()),
        "mean": float(off.mean()),
        "largest_holes": float(off_holes.max()),
        "changed": float(((grid > 0.5) != (chance(found.once) > 0.5)).mean()),
        "between": float(((enlarged > 0.5) != (every > 0.5)).mean()),
        "right": float(((every > 0.5) == truth).mean()),
        "share": float(max(truth.mean(), 1 - truth.mean())),
    }
    return drawn, said


def _ring(model: PatchNet, image: Image) -> NDArray[np.float32]:
    """How far the last map before the fully connected layers differs, in the middle patch, from the same cells of the whole image's map,
    as a share of the largest difference (side, side); nothing where it does not pad."""
    net, x = model.net, torch.from_numpy(standard(image))[None, None]
    top, left = (n // 2 - net.patch // 2 for n in image.shape)
    top, left = top - top % net.stride, left - left % net.stride
    with torch.inference_mode():
        alone = model.features(x[..., top : top + net.patch, left : left + net.patch])[0]
        whole = model.features(x)[0, :, top // net.stride :, left // net.stride :][:, : net.side, : net.side]
        off = (alone - whole).abs().mean(0)
    return np.asarray((off / max(float(off.max()), 1e-3)).numpy(), np.float32)
