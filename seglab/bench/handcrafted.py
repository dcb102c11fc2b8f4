"""Measure what the page "Without a network" compares: ``python -m seglab.bench.handcrafted`` the studies of shapes and vessels,
``python -m seglab.bench.handcrafted table`` the shipped networks beside the recipes. Some ten minutes on one idle core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.bench.study import run_study
from seglab.data.domains import BLACK, DOMAINS, VERMILION
from seglab.data.scene import Image, Mask, Scene
from seglab.data.sets import TEST_SEED, VALIDATION_IMAGES, VALIDATION_SEED, DataSet
from seglab.infer.handcrafted import RECIPES, handcrafted, split, thresholded
from seglab.infer.instances import kept, labelled
from seglab.infer.pictures import png
from seglab.infer.predict import probabilities
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig
from seglab.train.metrics import Scores
from seglab.train.panoptic import Quality, matching, separated
from seglab.train.plan_handcrafted import BATCH, DATA, IMAGES, SIZE, STEPS, TESTED, WIDTH, plan
from seglab.train.trainer import Trainer
from seglab.train.weights import load_model

ASSETS = Path(__file__).parents[2] / "assets"
SHIPPED = 96, 0.5  # size and difficulty of the scenes of the table
SHOWN = 8  # of them on the page
FIRST = TEST_SEED + 20_000


def main() -> None:
    """Measure what the words after the command name, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help="table, shapes or vessels")
    asked = parser.parse_args().what or ["table", *DATA]
    torch.set_num_threads(1)
    for data in DATA:
        if data in asked:
            run_study(plan(data), lambda arm, x, seed, data=data: measure_one(data, arm, x or 0.0, seed))  # type: ignore[misc]
    if "table" in asked:
        write_table()


def two_classes(name: str, difficulty: float, seed: int) -> DataSet:
    """Objects against background of a generated domain, images of other seeds for every training."""
    domain = DOMAINS[name]

    def pair(number: int) -> tuple[Image, Mask]:
        scene = domain.make(number, SIZE, difficulty)
        return scene.image, (scene.mask > 0).astype(np.uint8)

    first = 10_000 * seed
    return DataSet(
        name,
        IMAGES,
        lambda number: pair(first + number),
        VALIDATION_IMAGES,
        lambda number: pair(VALIDATION_SEED + number),
        ("background", "object"),
        (BLACK, VERMILION),
        domain.channels,
        inverts=False,
    )


def trained(name: str, difficulty: float, seed: int) -> Network:
    """The network of a difficulty and seed."""
    config = TrainConfig(data=name, difficulty=difficulty, images=IMAGES, size=SIZE, width=WIDTH, batch=BATCH, steps=STEPS, seed=seed,
                         device="cpu", threads=1)  # fmt: skip
    trainer = Trainer(config, two_classes(name, difficulty, seed))
    try:
        while not trainer.done:
            trainer.train_step()
        return trainer.model.eval()
    finally:
        trainer.close()


def measure_one(name: str, arm: str, difficulty: float, seed: int) -> dict[str, float]:
    """A way's measures over the test scenes of a seed."""
    scenes = [DOMAINS[name].make(FIRST + TESTED * seed + number, SIZE, difficulty) for number in range(TESTED)]
    truths = np.stack([scene.mask > 0 for scene in scenes]).astype(np.uint8)
    if arm == "network":
        found = looked(trained(name, difficulty, seed), scenes) > 0
    else:
        found = np.stack([handcrafted(scene.image, RECIPES[name]) for scene in scenes])
    scores = Scores.of(found.astype(np.uint8), truths, 2)
    return {"mean_iou": scores.mean_iou, "dice": scores.mean_dice, "boundary": scores.mean_boundary}


def looked(model: Network, scenes: list[Scene]) -> Mask:
    """The classes that a network finds in scenes (N, H, W)."""
    chances = probabilities(model, np.stack([scene.image for scene in scenes]), torch.device("cpu"), half=False)
    return np.asarray(chances.argmax(1), np.uint8)


def ways(name: str, scenes: list[Scene]) -> dict[str, NDArray[np.bool_]]:
    """What every way of the table finds in scenes, (N, H, W) each."""
    recipe = RECIPES[name]
    by_hand = np.stack([handcrafted(scene.image, recipe) for scene in scenes])
    model, _ = load_model(ASSETS / "networks" / f"{name}.safetensors")
    learned = looked(model, scenes) > 0
    return {
        "network": learned,
        "network_watershed": np.stack([split(mask) > 0 for mask in learned]),
        "recipe": by_hand,
        "watershed": np.stack([split(mask) > 0 for mask in by_hand]),
        "brightness": np.stack([thresholded(scene.image, "brightness", above=False) for scene in scenes]),
        "edges": np.stack([handcrafted(scene.image, RECIPES["cells"]) for scene in scenes]),
    }


def write_table() -> None:
    """Every way on the same scenes of every domain, objects against background; masks of the first scenes as pictures, a bit a way."""
    folder, told = ASSETS / "handcrafted", {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in RECIPES:
        scenes = [DOMAINS[name].make(FIRST + number, *SHIPPED) for number in range(TESTED)]
        found = ways(name, scenes)
        told[name] = {way: measured(masks, scenes) for way, masks in found.items()}
        bits = sum(masks[:SHOWN].astype(np.uint8) << place for place, masks in enumerate(found.values()))
        (folder / f"{name}.png").write_bytes(png(np.asarray(bits, np.uint8).reshape(-1, SHIPPED[0])))
        print(name, json.dumps(told[name]), flush=True)
    what = {"scenes": TESTED, "size": SHIPPED[0], "difficulty": SHIPPED[1], "first": FIRST, "ways": list(found), "domains": told}
    (folder / "table.json").write_text(json.dumps(what, indent=1) + "\n", encoding="utf-8")


def measured(masks: NDArray[np.bool_], scenes: list[Scene]) -> dict[str, float | None]:
    """Mean IoU, Dice and boundary F of masks; of countable objects PQ, and the share of them that stand alone, too."""
    truths = np.stack([scene.mask > 0 for scene in scenes]).astype(np.uint8)
    scores = Scores.of(masks.astype(np.uint8), truths, 2)
    known: dict[str, float | None] = {"mean_iou": scores.mean_iou, "dice": scores.mean_dice, "boundary": scores.mean_boundary}
    if scenes[0].instances is None or not countable(scenes):
        return {key: round(float(value), 4) for key, value in known.items() if value is not None} | {"pq": None, "separated": None}
    quality, alone, all_of_them = Quality((), 0, 0), 0, 0
    for mask, scene in zip(masks, scenes, strict=True):
        assert scene.instances is not None
        pieces = kept(labelled(mask))
        quality += matching(pieces, scene.instances).quality
        some, many = separated(pieces, scene.instances)
        alone, all_of_them = alone + some, all_of_them + many
    known |= {"pq": quality.pq, "separated": alone / max(all_of_them, 1)}
    return {key: round(float(value), 4) for key, value in known.items() if value is not None}


def countable(scenes: list[Scene]) -> bool:
    """Whether everything that is no background has an instance: lungs of an X-ray have none."""
    return all(scene.instances is not None and bool(((scene.mask > 0) == (scene.instances > 0)).all()) for scene in scenes)


if __name__ == "__main__":
    main()
