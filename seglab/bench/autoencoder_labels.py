"""Segmentation without labels, measured: clusters of pixels by their values, by an autoencoder's maps, and a network with labels."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Mask, Scene
from seglab.data.sets import TEST_SEED
from seglab.infer.clusters import best_names, centres_of, clustered, otsu
from seglab.nets.unet import UNet
from seglab.train.autoencoder import fit
from seglab.train.autoencoder_studies import LABEL_DEPTH, LABEL_IMAGES, LABEL_STEPS, LABEL_TESTED, LABEL_WIDTH, SIDE, labels_study
from seglab.train.batches import planes, standardised
from seglab.train.metrics import Scores, confusion
from seglab.train.reconstruct import features, train_reconstruction

BLUR = 2.0  # pixels
SHOWN = 4  # scenes on the page


@lru_cache(maxsize=4)
def scenes(domain: str, first: int, count: int) -> tuple[Image, Mask]:
    """Standardised images (N, C, H, W) and masks (N, H, W)."""
    made: list[Scene] = [DOMAINS[domain].make(seed, SIDE, 0.25) for seed in range(first, first + count)]
    return np.stack([planes(standardised(scene.image)) for scene in made]), np.stack([scene.mask for scene in made])


@lru_cache(maxsize=2)
def autoencoder(domain: str, seed: int) -> UNet:
    return train_reconstruction(learned(domain)[0], "none", LABEL_DEPTH, LABEL_WIDTH, seed, LABEL_STEPS, upsampling="bilinear")


def learned(domain: str) -> tuple[Image, Mask]:
    return scenes(domain, 0, LABEL_IMAGES)


def tested(domain: str) -> tuple[Image, Mask]:
    return scenes(domain, TEST_SEED, LABEL_TESTED)


def labels_one(domain: str, arm: str, x: float | None, seed: int) -> dict[str, float]:
    """Mean IoU and accuracy over the held-out scenes."""
    truth = tested(domain)[1]
    scores = _scores(masks(domain, arm, seed), truth, len(DOMAINS[domain].classes))
    return {"mean_iou": scores.mean_iou, "accuracy": scores.accuracy}


def _scores(made: Mask, truth: Mask, classes: int) -> Scores:
    """What the pages need of the scores; those of borders would take longer than a training."""
    return Scores(confusion(made, truth, classes), np.full(classes, np.nan))


@lru_cache(maxsize=8)
def masks(domain: str, arm: str, seed: int) -> Mask:
    """What an arm makes of the held-out scenes."""
    classes, (own, _), (x, truth) = len(DOMAINS[domain].classes), learned(domain), tested(domain)
    if arm == "trained":
        return supervised(domain, seed)
    if arm == "otsu":
        clusters = np.digitize(x[:, 0], otsu(_some(own, seed), classes))
    else:
        known, asked = described(domain, arm, seed, own[:32]), described(domain, arm, seed, x)
        flat = known.reshape(-1, known.shape[-1])
        mean, deviation = flat.mean(0), flat.std(0) + 1e-6
        clusters = clustered((asked - mean) / deviation, centres_of((flat - mean) / deviation, classes, seed))
    return best_names(clusters, truth, classes)[clusters]


def _some(x: Image, seed: int) -> Image:
    """Some of the pixels, others for each seed."""
    return np.random.default_rng(seed).choice(x.ravel(), 20_000, replace=False)


def described(domain: str, arm: str, seed: int, x: Image) -> NDArray[np.float32]:
    """What is known of every pixel of images (N, C, H, W): (N, H, W, features)."""
    if arm in ("values", "blurred"):
        shown = gaussian_filter(x, (0, 0, BLUR, BLUR)) if arm == "blurred" else x
        return np.asarray(shown.transpose(0, 2, 3, 1), np.float32)
    if arm == "untrained":
        torch.manual_seed(seed)
        channels = x.shape[1]
        fresh = UNet(in_channels=channels, depth=LABEL_DEPTH, width=LABEL_WIDTH, skip="none", upsampling="bilinear").eval()
        return features(fresh, x)["bottleneck"]
    return features(autoencoder(domain, seed), x)[arm]


def supervised(domain: str, seed: int) -> Mask:
    """The masks of a U-Net that has been trained as long, on the same images, with their masks."""
    (own, labels), (x, _), classes = learned(domain), tested(domain), len(DOMAINS[domain].classes)
    torch.manual_seed(seed)
    model = UNet(in_channels=own.shape[1], classes=classes, depth=LABEL_DEPTH, width=LABEL_WIDTH)
    joined = torch.cat([torch.from_numpy(own), torch.from_numpy(labels)[:, None].float()], dim=1)
    fit(model, joined, lambda pair: F.cross_entropy(model(pair[:, :-1]), pair[:, -1].long()), seed, LABEL_STEPS, 8, 1e-2)
    with torch.inference_mode():
        return np.asarray(model(torch.from_numpy(x)).argmax(1).numpy(), np.uint8)


def ship_labels(domain: str, folder: Path) -> None:
    """Write a few scenes with what every arm makes of them from seed 0."""
    told = {arm: masks(domain, arm, 0)[:SHOWN] for arm in labels_study(domain).arms}
    made = [DOMAINS[domain].make(TEST_SEED + number, SIDE, 0.25) for number in range(SHOWN)]
    images = np.stack([np.asarray(scene.image * 255 + 0.5, np.uint8) for scene in made])
    np.savez_compressed(folder / f"labels-{domain}.npz", image=images, truth=np.stack([scene.mask for scene in made]), **told)  # type: ignore[arg-type]
