"""Measure the ways to instances and make what their page shows: ``python -m seglab.bench.instances``, some five minutes on one core.

The networks of seed 0 are kept.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from seglab.bench.study import run_study
from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Scene
from seglab.data.sets import TEST_SEED
from seglab.infer.chances import packed
from seglab.infer.chances_of import chances_of
from seglab.infer.instances import NETWORKS, WAYS, networks, steps
from seglab.infer.predict import probabilities
from seglab.train.config import TrainConfig
from seglab.train.metrics import mean_iou
from seglab.train.panoptic import Quality, matching, separated
from seglab.train.plan_instances import CROP, DATA, DIFFICULTY, PLAN, SIZE, STEPS, TESTED, WIDTH
from seglab.train.trainer import Trainer

ASSETS = Path(__file__).parents[2] / "assets"
FIRST = TEST_SEED + 30_000


def main() -> None:
    """Measure, and let the kept networks look at the page's first scene."""
    torch.set_num_threads(1)
    run_study(PLAN, lambda arm, x, seed: measure_one(arm, seed))
    image = DOMAINS[DATA].make(TEST_SEED, SIZE, DIFFICULTY).image
    (ASSETS / "instances" / "scene-0.npz").write_bytes(packed(chances_of(networks(ASSETS), image)))


@lru_cache(maxsize=1)
def tested() -> list[Scene]:
    """The scenes on which everything is measured."""
    return [DOMAINS[DATA].make(FIRST + number, SIZE, DIFFICULTY) for number in range(TESTED)]


@lru_cache(maxsize=len(NETWORKS))
def seen(name: str, seed: int) -> Image:
    """The chances (scenes, classes, H, W) of a network that is trained for it."""
    config = TrainConfig(data=DATA, difficulty=DIFFICULTY, size=CROP, width=WIDTH, steps=STEPS, seed=seed, device="cpu", threads=1,
                         **NETWORKS[name])  # fmt: skip
    trainer = Trainer(config)
    try:
        while not trainer.done:
            trainer.train_step()
        if not seed:
            keep(trainer, ASSETS / "instances" / f"{name}.safetensors")
        return probabilities(trainer.model, np.stack([scene.image for scene in tested()]), torch.device("cpu"), half=False)
    finally:
        trainer.close()


def keep(trainer: Trainer, path: Path) -> None:
    """The weights without the optimiser, as the app's other networks are kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"seglab": "1", "config": json.dumps(trainer.config.as_json()), "step": str(trainer.step), "seconds": repr(trainer.seconds),
            "classes": json.dumps(trainer.classes)}  # fmt: skip
    tensors = trainer.copy().tensors
    save_file({name: tensor for name, tensor in tensors.items() if name.startswith("model.")}, path, metadata=told)


def measure_one(way: str, seed: int) -> dict[str, float]:
    """What a way makes of the test scenes with the networks of a seed."""
    quality, alone, many = Quality((), 0, 0), 0, 0
    masks = []
    for scene, chances in zip(tested(), seen(WAYS[way].network, seed), strict=True):
        assert scene.instances is not None
        found = steps(way, chances)
        quality += matching(found.instances, scene.instances).quality
        some, there = separated(found.instances, scene.instances)
        alone, many = alone + some, many + there
        masks.append(found.mask)
    whole = mean_iou(np.stack(masks).astype(np.uint8), np.stack([scene.mask for scene in tested()]))
    return {"pq": quality.pq, "sq": quality.sq, "rq": quality.rq, "separated": alone / many, "mean_iou": whole}


if __name__ == "__main__":
    main()
