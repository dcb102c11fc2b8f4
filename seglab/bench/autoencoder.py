"""What the page Autoencoder ships and measures: ``python -m seglab.bench.autoencoder [ship prior unet labels anomalies]``.

Every part goes on where it stopped. What comes out is the same to the last digit only on the same kind of processor with the same PyTorch.
All together take a quarter of an hour of one core.
"""

from __future__ import annotations

import argparse
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seglab.bench.autoencoder_anomalies import anomalies_one, ship_anomalies
from seglab.bench.autoencoder_labels import labels_one, ship_labels
from seglab.bench.study import run_study
from seglab.data.cells import cells
from seglab.data.little import littles
from seglab.data.scene import Image
from seglab.data.sets import TEST_SEED, VALIDATION_SEED
from seglab.nets.autoencoder import Autoencoder
from seglab.nets.unet import UNet
from seglab.train.autoencoder import encoded, load_autoencoder, train_autoencoder, write_autoencoder
from seglab.train.autoencoder_studies import (
    ANOMALIES,
    BETAS,
    FORMS,
    LABEL_DOMAINS,
    LATENTS,
    LITTLE_BATCH,
    LITTLE_IMAGES,
    LITTLE_STEPS,
    PICTURES,
    PRIOR,
    RECONSTRUCT_STEPS,
    RECONSTRUCT_WIDTH,
    SIDE,
    UNET,
    labels_study,
)
from seglab.train.batches import planes, standardised
from seglab.train.reconstruct import lost, reconstructed, train_reconstruction, ways

FOLDER = Path(__file__).parents[2] / "assets" / "autoencoder"
DRAWS = 500


def main() -> None:
    parts = {"ship": ship, "unet": measure_unet, "anomalies": measure_anomalies, "labels": measure_labels, "prior": measure_prior}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], metavar=" ".join(parts))
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part in parser.parse_args().parts or parts:
        parts[part]()


# -- little pictures -----------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def learned_from() -> Image:
    return littles(0, LITTLE_IMAGES)[0]


@lru_cache(maxsize=8)
def little_model(form: str, latent: int, seed: int) -> Autoencoder:
    return train_autoencoder(learned_from(), latent, BETAS[form], seed, LITTLE_STEPS, LITTLE_BATCH)


def ship() -> None:
    """Train and write the autoencoders of the page, and the codes of its test pictures; those that are there are left."""
    shown, _ = littles(TEST_SEED, PICTURES)
    codes: dict[str, Any] = {}
    for latent in LATENTS:
        for form in FORMS:
            path = FOLDER / f"{form}-{latent}.safetensors"
            if not path.exists():
                write_autoencoder(path, little_model(form, latent, 0))
            mean, log_variance = encoded(load_autoencoder(path), shown)
            codes[f"{form}-{latent}.mean"] = mean.astype(np.float16)
            if BETAS[form] is not None:
                codes[f"{form}-{latent}.log_variance"] = log_variance.astype(np.float16)
            print(path.name, path.stat().st_size, flush=True)
    np.savez_compressed(FOLDER / "codes.npz", **codes)


def measure_prior() -> None:
    run_study(PRIOR, prior_one)


def prior_one(arm: str, x: float | None, seed: int) -> dict[str, float]:
    """How far draws are from the nearest picture that was learned from, and how well held-out pictures are reconstructed."""
    rng, held_out = np.random.default_rng(seed), littles(VALIDATION_SEED + DRAWS * seed, DRAWS)[0]
    if arm == "real":
        return {"distance": nearest(held_out)}
    model = little_model("plain" if arm == "fitted" else arm, 2, seed)
    z = rng.standard_normal((DRAWS, model.latent), np.float32)
    if arm == "fitted":
        codes, _ = encoded(model, learned_from())
        z = codes.mean(0) + codes.std(0) * z
    with torch.inference_mode():
        made = model.decode(torch.from_numpy(z))[:, 0].numpy()
        again = model(torch.from_numpy(held_out)[:, None])[:, 0].numpy()
    return {"distance": nearest(made), "error": float(((again - held_out) ** 2).mean() ** 0.5)}


def nearest(made: Image) -> float:
    """The mean over images (N, H, W) of the root mean square distance to the nearest learned one."""
    one, other = made.reshape(len(made), -1), learned_from().reshape(LITTLE_IMAGES, -1)
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return float(np.sqrt(np.maximum(squares.min(1), 0) / one.shape[1]).mean())


# -- is a U-Net one? -----------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def cell_scenes(first: int, count: int) -> Image:
    return np.stack([planes(standardised(cells(seed, SIDE, 0.25).image)) for seed in range(first, first + count)])


@lru_cache(maxsize=16)
def unet(skip: str, depth: int, seed: int) -> UNet:
    return train_reconstruction(cell_scenes(0, 256), skip, depth, RECONSTRUCT_WIDTH, seed, RECONSTRUCT_STEPS)


def measure_unet() -> None:
    """Write what the networks of seed 0 make of one image, then measure all."""
    tested = cell_scenes(TEST_SEED, 48)[:1]
    made: dict[str, Any] = {}
    for depth in map(int, UNET.xs):
        for skip in UNET.arms:
            model = unet(skip, depth, 0)
            for cut in ("", *ways(model)):
                made[f"{skip}.{depth}.{cut.replace(' ', '_')}"] = as_bytes(reconstructed(model, tested, cut)[0, 0])
    np.savez_compressed(FOLDER / "unet.npz", image=as_bytes(tested[0, 0]), **made)
    run_study(UNET, unet_one)


def as_bytes(image: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A standardised image as bytes, 0 at three deviations below the mean."""
    return np.asarray(np.clip((image + 3) / 6 * 255, 0, 255), np.uint8)


def unet_one(arm: str, x: float | None, seed: int) -> dict[str, float]:
    """What is lost of held-out images, in all and with each way cut."""
    model, tested = unet(arm, int(x or 1), seed), cell_scenes(TEST_SEED, 48)
    found = {f"cut_{cut.replace(' ', '_')}": lost(tested, reconstructed(model, tested, cut)) for cut in ways(model)}
    return {"lost": lost(tested, reconstructed(model, tested)), **found}


# -- without labels, and anomalies ---------------------------------------------------------------------------------------------------------


def measure_labels() -> None:
    for domain in LABEL_DOMAINS:
        ship_labels(domain, FOLDER)
        run_study(labels_study(domain), partial(labels_one, domain))


def measure_anomalies() -> None:
    ship_anomalies(FOLDER)
    run_study(ANOMALIES, anomalies_one)


if __name__ == "__main__":
    main()
