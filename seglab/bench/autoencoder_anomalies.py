"""Anomalies by the error of reconstruction, measured: lesions in X-rays, for who has only seen healthy ones."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, median_filter

from seglab.data.scene import Image
from seglab.data.sets import TEST_SEED
from seglab.data.xray import xray
from seglab.infer.roc import auc, roc, thinned
from seglab.nets.autoencoder import Autoencoder
from seglab.nets.unet import UNet
from seglab.train.autoencoder import train_autoencoder
from seglab.train.autoencoder_studies import (
    ANOMALIES,
    ANOMALY_LATENT,
    ANOMALY_STEPS,
    ANOMALY_TESTED,
    COPY_STEPS,
    DIFFICULTIES,
    ERROR_STEP,
    NORMAL_IMAGES,
    SIDE,
)
from seglab.train.reconstruct import train_reconstruction

LESION = 2  # its class
WITH, WITHOUT = 4, 2  # scenes on the page


@lru_cache(maxsize=3)
def healthy(difficulty: float) -> Image:
    """X-rays without lesions (N, H, W)."""
    return _scenes(0, difficulty, 0, NORMAL_IMAGES)[0]


@lru_cache(maxsize=4)
def tested(difficulty: float, seed: int) -> tuple[Image, NDArray[np.bool_]]:
    """X-rays with lesions, then without (N, H, W), and where the lesions are."""
    return _scenes(TEST_SEED + 10_000 * seed, difficulty, ANOMALY_TESTED, ANOMALY_TESTED)


def _scenes(first: int, difficulty: float, ill: int, well: int) -> tuple[Image, NDArray[np.bool_]]:
    found: dict[bool, list[tuple[Image, NDArray[np.bool_]]]] = {True: [], False: []}
    wanted, seed = {True: ill, False: well}, first
    while any(len(found[kind]) < wanted[kind] for kind in found):
        scene = xray(seed, SIDE, difficulty)
        lesions = scene.mask == LESION
        found[bool(lesions.any())].append((scene.image, lesions))
        seed += 1
    kept = [pair for kind in (True, False) for pair in found[kind][: wanted[kind]]]
    return np.stack([image for image, _ in kept]), np.stack([lesions for _, lesions in kept])


@lru_cache(maxsize=9)
def network(arm: str, difficulty: float, seed: int) -> Autoencoder | UNet:
    x = healthy(difficulty)
    if arm == "unet":
        return train_reconstruction(standardised(x)[0][:, None], "concat", 3, 4, seed, COPY_STEPS, 16)
    beta = 1.0 if arm == "variational" else None
    return train_autoencoder(x, ANOMALY_LATENT, beta, seed, ANOMALY_STEPS, 16, 1e-2, norm=True)


def expected(arm: str, difficulty: float, seed: int, x: Image) -> Image:
    """What an arm expects where it is given images (N, H, W)."""
    if arm == "mean":
        return np.broadcast_to(healthy(difficulty).mean(0), x.shape)
    if arm == "median":
        return np.asarray(median_filter(x, (1, 5, 5)), np.float32)
    model = network(arm, difficulty, seed)
    given, mean, deviation = standardised(x) if arm == "unet" else (x, 0.0, 1.0)
    with torch.inference_mode():
        return np.asarray(model(torch.from_numpy(given)[:, None])[:, 0].numpy() * deviation + mean, np.float32)


def standardised(x: Image) -> tuple[Image, Image, Image]:
    """Images (N, H, W), each with mean 0 and standard deviation 1, and what these were (N, 1, 1)."""
    mean, deviation = x.mean((1, 2), keepdims=True), x.std((1, 2), keepdims=True)
    return np.asarray((x - mean) / deviation, np.float32), mean, deviation


def errors(x: Image, made: Image) -> Image:
    """How far images (N, H, W) are from what was expected, pixel by pixel, smoothed."""
    return np.asarray(gaussian_filter(np.abs(x - made), (0, 1, 1)), np.float32)


def anomalies_one(arm: str, x: float | None, seed: int) -> dict[str, float]:
    """The areas under both curves."""
    images, lesions = tested(x or 0.0, seed)
    found = errors(images, expected(arm, x or 0.0, seed, images))
    return {"pixels": auc(found, lesions), "images": auc(found.max((1, 2)), lesions.any((1, 2)))}


def ship_anomalies(folder: Path) -> None:
    """Write a few scenes with what every arm expects and how far that is, and the curves, all from seed 0."""
    for difficulty in DIFFICULTIES:
        images, lesions = tested(difficulty, 0)
        shown = [*range(WITH), *range(ANOMALY_TESTED, ANOMALY_TESTED + WITHOUT)]
        told: dict[str, Any] = {"image": as_bytes(images[shown], 1 / 255), "lesion": lesions[shown]}
        for arm in ANOMALIES.arms:
            made = expected(arm, difficulty, 0, images)
            found = errors(images, made)
            told[f"{arm}.made"], told[f"{arm}.error"] = as_bytes(made[shown], 1 / 255), as_bytes(found[shown], ERROR_STEP)
            for kind, curve in (("pixels", roc(found, lesions)), ("images", roc(found.max((1, 2)), lesions.any((1, 2))))):
                told[f"{arm}.{kind}"] = np.stack(thinned(curve)).astype(np.float32)
        np.savez_compressed(folder / f"anomalies-{difficulty:g}.npz", **told)


def as_bytes(values: Image, step: float) -> NDArray[np.uint8]:
    """Values in whole steps, 255 at most."""
    return np.asarray(np.clip(values / step + 0.5, 0, 255), np.uint8)
