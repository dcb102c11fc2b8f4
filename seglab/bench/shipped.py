"""Make the networks again that come along, a U-Net for every domain and two classifiers, and measure them: ``python -m
seglab.bench.shipped``; with names of domains, those U-Nets alone.

It takes six minutes on two idle cores. What comes out is the same to the last weight only on the same kind of processor, with as many
threads and the same PyTorch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file

from seglab.data.domains import DOMAINS
from seglab.data.moves import DIFFICULTY, GRIDS, SHIFTS, SHUFFLES, order, shifted, shuffled
from seglab.data.scene import Mask
from seglab.data.sets import TEST_SEED, VALIDATION_IMAGES
from seglab.data.shapes import CLASSES, one_shape
from seglab.infer.moving import load_networks, look
from seglab.nets.scene_classifier import ENDS
from seglab.train.classifiers import IMAGES, one_shapes, train_classifier, write_classifier
from seglab.train.config import TrainConfig
from seglab.train.loop import fit
from seglab.train.metrics import mean_iou
from seglab.train.trainer import Checkpoint

FOLDER = Path(__file__).parents[2] / "assets" / "networks"
SEGMENTERS = {name: TrainConfig(data=name, width=8, steps=600) for name in DOMAINS}  # `seglab train NAME --width 8 --steps 600`
SEGMENTERS["cells"] = TrainConfig(width=8, threads=1)  # which does as well in half the time
TESTED = 256  # images of one shape
FIRST = TEST_SEED + 10_000  # of their seeds
WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # images take turns to move right, left, down and up


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("domains", nargs="*", choices=[*SEGMENTERS, []], help="U-Nets alone, for these domains")
    names = parser.parse_args().domains
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or SEGMENTERS:
        ship_segmenter(FOLDER / f"{name}.safetensors", SEGMENTERS[name])
    if not names:
        ship_classifiers()


def ship_classifiers() -> None:
    """Train both classifiers of scenes with one shape, and measure what they make of moved scenes."""
    images, labels = one_shapes(0, IMAGES)
    tested, truths = one_shapes(FIRST, TESTED)
    for end in ENDS:
        model = train_classifier(end, images, labels)
        right = float((look_classes(model, tested) == truths).mean())
        write_classifier(FOLDER / f"classifier-{end}.safetensors", model, {"accuracy": right, "images": TESTED})
        print(f"classifier, {end}: {right:.1%} of {TESTED} images")
    (FOLDER / "moved.json").write_text(json.dumps(measured(TESTED), indent=1) + "\n", encoding="utf-8")


def ship_segmenter(path: Path, config: TrainConfig) -> None:
    """Train a U-Net as the command does, and keep its weights, without the optimiser, with what was measured of them."""
    events = list(fit(config))
    checkpoint: Checkpoint = events[-2].data["checkpoint"]
    reached = {"mean_iou": round(events[-1].data["mean_iou"], 4), "images": VALIDATION_IMAGES}
    told = {
        "seglab": "1",
        "config": json.dumps(config.as_json()),
        "step": str(checkpoint.step),
        "seconds": repr(checkpoint.seconds),
        "classes": json.dumps(DOMAINS[config.data].classes),
        "measured": json.dumps(reached),
    }
    save_file({name: tensor for name, tensor in checkpoint.tensors.items() if name.startswith("model.")}, path, metadata=told)
    print(f"U-Net for {config.data}: mean IoU {reached['mean_iou']} on {VALIDATION_IMAGES} held-out scenes", flush=True)


def look_classes(model: Any, images: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class that a classifier gives each image (N,)."""
    import torch

    from seglab.train.classifiers import read

    with torch.inference_mode():
        return np.asarray(model(read(images)).argmax(1).numpy())


def measured(count: int) -> dict[str, Any]:
    """Accuracy of both classifiers and mean IoU of the segmenter over `count` images, by how far they are moved and how they are cut."""
    networks = load_networks(FOLDER)
    scenes = [one_shape(seed, difficulty=DIFFICULTY) for seed in range(FIRST, FIRST + count)]
    labels = np.array([int(scene.mask.max()) - 1 for scene in scenes])

    def row(images: list[NDArray[np.float32]], masks: list[Mask]) -> dict[str, float]:
        seen, truths = look(networks, np.stack(images)), np.stack(masks)
        found = {end: round(float((chances.argmax(1) == labels).mean()), 4) for end, chances in seen.chances.items()}
        return found | {"segmenter": round(mean_iou(seen.masks, truths, len(CLASSES)), 4)}

    def moved(pixels: int, picture: Any, number: int) -> Any:
        down, right = WAYS[number % len(WAYS)]
        return shifted(picture, down * pixels, right * pixels, around=True)

    def cut(grid: int, picture: Any, number: int) -> Any:
        return shuffled(picture, grid, order(grid, number % SHUFFLES))

    def rows(change: Any, amounts: Any) -> dict[str, dict[str, float]]:
        told = {}
        for amount in amounts:
            changed = [(change(amount, scene.image, i), change(amount, scene.mask, i)) for i, scene in enumerate(scenes)]
            told[str(amount)] = row([image for image, _ in changed], [mask for _, mask in changed])
            print(change.__name__, amount, told[str(amount)])
        return told

    return {"images": count, "shift": rows(moved, [shift for shift in SHIFTS if shift >= 0]), "shuffle": rows(cut, GRIDS)}


if __name__ == "__main__":
    main()
