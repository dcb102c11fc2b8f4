"""Train the encoder of the page A head start, and measure what it is worth: ``python -m seglab.bench.pretrained``.

It takes fifteen minutes of one idle core, and goes on where it was stopped. The same weights come out only on the same kind of processor
with the same PyTorch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from seglab.bench.study import run_study
from seglab.data.domains import DOMAINS
from seglab.data.sets import DataSet, made_scene, open_set, unseen_scene
from seglab.data.shipped import assets
from seglab.infer.pictures import png
from seglab.infer.predict import probabilities
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig
from seglab.train.encoder import read_encoder, write_encoder
from seglab.train.metrics import mean_iou
from seglab.train.network import ENCODER, begun
from seglab.train.pretrained_study import BASE, ELSEWHERE, FEW, LONG, LONGER, MACHINE, TESTED
from seglab.train.pretraining import IMAGES, accuracy, classified_shapes, pretrain
from seglab.train.trainer import Trainer

JUDGED, FROM = 512, 100_000  # unseen images of one shape, and the number of the first
SCENES = 9000  # number of the first scene that is judged
FOLDER = assets() / "pretrained"
SHOWN, SHOWN_AT, SHOWN_SIZE = 4, 4, 64  # scenes on the page, made of how many labelled images


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    encoder = assets() / "networks" / ENCODER
    if not encoder.exists():
        ship(encoder)
    run_study(FEW, few)
    run_study(ELSEWHERE, elsewhere)
    run_study(LONG, Longer())
    show()


def ship(path: Path) -> None:
    """Train the classifier and keep its encoder."""
    model = pretrain(*classified_shapes(0, IMAGES))
    right = accuracy(model, *classified_shapes(FROM, JUDGED))
    write_encoder(path, model, {"accuracy": right, "images": JUDGED})
    print(f"classifier: {right:.1%} of {JUDGED} images", flush=True)


def few(arm: str, x: float | None, seed: int) -> dict[str, float]:
    """Mean IoU after a training on `x` labelled images."""
    assert x is not None
    return {"mean_iou": judged(trained(configured(arm, int(x), seed)), BASE.data)}


def elsewhere(arm: str, x: float | None, seed: int) -> dict[str, float]:
    """The same on 8 images of land cover."""
    return {"mean_iou": judged(trained(replace(configured(arm, 8, seed), data="landcover")), "landcover")}


def configured(arm: str, images: int, seed: int) -> TrainConfig:
    """The training of an arm."""
    return replace(BASE, encoder=arm, images=images, seed=seed, **MACHINE)


def labelled(config: TrainConfig) -> DataSet:
    """A domain of which other images are labelled for every seed; the larger of two sets begins with the smaller one."""
    data = open_set(config.data, images=config.images, size=config.size, difficulty=config.difficulty)
    return replace(data, train=lambda number: made_scene(config.data, 1000 * config.seed + number, config.size, config.difficulty))


def trained(config: TrainConfig) -> Network:
    """The network of a configuration after its steps."""
    trainer = Trainer(config, labelled(config))
    try:
        while not trainer.done:
            trainer.train_step()
        return trainer.model.eval()
    finally:
        trainer.close()


def judged(model: Network, data: str) -> float:
    """Mean IoU over the held-out scenes."""
    pairs = [unseen_scene(data, SCENES + number, BASE.size, BASE.difficulty) for number in range(TESTED)]
    found = probabilities(model, np.stack([image for image, _ in pairs]), torch.device("cpu"), half=False).argmax(1).astype(np.uint8)
    return mean_iou(found, np.stack([mask for _, mask in pairs]), model.classes)


class Longer:
    """Trainings that are looked at on their way: asked for the steps in rising order, an arm's training goes on where it was."""

    def __init__(self) -> None:
        self._seed, self._under_way = -1, dict[str, Trainer]()

    def __call__(self, arm: str, x: float | None, seed: int) -> dict[str, float]:
        assert x is not None
        if seed != self._seed:
            for one in self._under_way.values():
                one.close()
            self._seed, self._under_way = seed, {}
        if arm not in self._under_way:
            config = replace(configured(arm, LONGER, seed), steps=int(LONG.xs[-1]), schedule="constant")
            self._under_way[arm] = Trainer(config, labelled(config))
        trainer = self._under_way[arm]
        while trainer.step < x:
            trainer.train_step()
        return {"mean_iou": judged(trainer.model, BASE.data)}


def show() -> None:
    """What the page shows of seed 0: predictions after a training on 4 images, and the first layer's filters before and after."""
    told: dict[str, object] = {}
    pairs = [unseen_scene(BASE.data, number, SHOWN_SIZE, BASE.difficulty) for number in range(SHOWN)]
    images, truths = (np.stack(part) for part in zip(*pairs, strict=True))
    for arm in FEW.arms:
        config = configured(arm, SHOWN_AT, 0)
        model = trained(config)
        found = probabilities(model, images, torch.device("cpu"), half=False).argmax(1).astype(np.uint8)
        for number, (mask, truth) in enumerate(zip(found, truths, strict=True)):
            (FOLDER / f"{arm}-{number}.png").write_bytes(png(mask))
            told[f"{arm}-{number}"] = round(mean_iou(mask[None], truth[None], model.classes), 4)
        start = begun(config, DOMAINS[BASE.data].channels, model.classes)
        told[f"{arm}-filters"] = [first_filters(start), first_filters(model)]
    told["brought"] = dict(_shapes())
    (FOLDER / "shown.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def first_filters(model: Network) -> list[list[list[list[float]]]]:
    """The weights of the first convolution (8, 3, 3, 3)."""
    weights: list[list[list[list[float]]]] = model.encoder[0][0].weight.detach().double().numpy().round(4).tolist()  # type: ignore[index,union-attr]
    return weights


def _shapes() -> Iterator[tuple[str, list[int]]]:
    """Names and shapes of what is brought along."""
    for name, tensor in read_encoder(assets() / "networks" / ENCODER).items():
        yield name, list(tensor.shape)


if __name__ == "__main__":
    main()
