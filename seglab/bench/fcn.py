"""FCN-32s, 16s and 8s grown from one encoder, bilinear start against random, measured on the page FCN: ``python -m seglab.bench.fcn``.

For each seed and start an FCN-32s is trained; an FCN-16s grows from it, and an FCN-8s from that after as many steps as the others are
trained on meanwhile. So all three have seen the same number of batches, and differ in what is added on the way up. What comes out is the
same to the last digit only on the same kind of processor with the same PyTorch. It takes ten minutes of one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch.nn import functional as F

from seglab.data.domains import DOMAINS
from seglab.data.sets import unseen_scene
from seglab.infer.fcn_stages import all_stages
from seglab.infer.fcn_told import DATA, DIFFICULTY, KINDS, SIZE, packed
from seglab.infer.predict import probabilities
from seglab.nets.choices import STARTS
from seglab.nets.fcn import FCN, grown_from
from seglab.train.config import TrainConfig
from seglab.train.metrics import Scores
from seglab.train.trainer import Trainer

ASSETS = Path(__file__).parents[2] / "assets"
TRAINED = 96  # pixels a side of a training crop; the scenes of the page are larger, which an FCN does not mind
FIRST, LATER = 300, 120  # steps of the first training, and of each of the two that follow
TESTED, FROM = 64, 5000  # held-out scenes, and the number of the first
CONFIG = TrainConfig(data=DATA, size=TRAINED, difficulty=DIFFICULTY, depth=5, width=4, batch=8, learning_rate=0.01)
MACHINE: dict[str, Any] = {"device": "cpu", "precision": "float32", "threads": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(5)))
    seeds = parser.parse_args().seeds
    (ASSETS / "fcn").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        for start in STARTS:
            made = grown(replace(CONFIG, seed=seed, start=start, **MACHINE))
            rows += [{"kind": kind, "start": start, "seed": seed, **measured(model)} for kind, model in made.items()]
            print(*rows[-3:], sep="\n", flush=True)
            if seed == 0:
                (ASSETS / "fcn" / f"kernels-{start}.json").write_text(json.dumps(kernels(made["fcn8s"])) + "\n", encoding="utf-8")
                if start == "bilinear":
                    ship(made)
        write(rows)


def write(rows: list[dict[str, Any]]) -> None:
    """Write what was measured so far, with how."""
    how = {"config": CONFIG.as_json(), "first": FIRST, "later": LATER, "tested": TESTED, "tolerance": 2}
    told = {**how, "rows": rows, "limits": limits()}
    (ASSETS / "fcn" / "results.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def grown(config: TrainConfig) -> dict[str, FCN]:
    """The three networks of a seed and start, by kind, each after `FIRST` + 2 `LATER` steps, on the same batches in the same order."""
    coarse, half, fine = (replace(config, kind=kind) for kind in KINDS)
    first = trained(replace(coarse, steps=FIRST))

    def on(what: TrainConfig, phase: int, before: FCN) -> FCN:
        return trained(replace(what, steps=LATER, seed=config.seed + 100 * phase), before)

    coarse_1, half_1 = on(coarse, 1, first), on(half, 1, first)
    return {"fcn32s": on(coarse, 2, coarse_1), "fcn16s": on(half, 2, half_1), "fcn8s": on(fine, 2, half_1)}


def trained(config: TrainConfig, before: FCN | None = None) -> FCN:
    """The network of a configuration after its steps, going on from the weights of one of its own kind, or of a coarser one."""
    trainer = Trainer(config)
    try:
        model = trainer.model
        assert isinstance(model, FCN)
        if before is not None and before.kind == model.kind:
            model.load_state_dict(before.state_dict())
        elif before is not None:
            grown_from(model, before)
        while not trainer.done:
            trainer.train_step()
        return model.eval()
    finally:
        trainer.close()


def measured(model: FCN) -> dict[str, Any]:
    """Mean IoU and boundary F over the held-out scenes, and each class's own."""
    pairs = held_out()
    with torch.inference_mode():
        chances = np.concatenate([probabilities(model, image[None], torch.device("cpu"), half=False) for image, _ in pairs])
    scores = Scores.of(chances.argmax(1).astype(np.uint8), np.stack([mask for _, mask in pairs]), model.classes)
    told = {"mean_iou": scores.mean_iou, "boundary": scores.mean_boundary}
    return {name: round(value, 4) for name, value in told.items()}


def held_out() -> list[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """The scenes that are measured, seen in no training and no page."""
    return [unseen_scene(CONFIG.data, FROM + number, SIZE, CONFIG.difficulty) for number in range(TESTED)]


def limits() -> dict[str, dict[str, float]]:
    """What is left of the truth itself when only its shares in squares of 32, 16 and 8 pixels are known, enlarged bilinearly, by kind."""
    truths = torch.from_numpy(np.stack([mask for _, mask in held_out()])).long()
    classes = len(DOMAINS[CONFIG.data].classes)
    planes, found = F.one_hot(truths, classes).permute(0, 3, 1, 2).float(), {}
    for kind, stride in KINDS.items():
        enlarged = F.interpolate(F.avg_pool2d(planes, stride), scale_factor=stride, mode="bilinear")
        scores = Scores.of(enlarged.argmax(1).numpy().astype(np.uint8), truths.numpy().astype(np.uint8), classes)
        found[kind] = {"mean_iou": round(scores.mean_iou, 4), "boundary": round(scores.mean_boundary, 4)}
    return found


def kernels(model: FCN) -> dict[str, Any]:
    """The first enlarging kernel (4 x 4) of every class to itself, before and after the training of this seed."""
    torch.manual_seed(100)  # as the FCN-16s of seed 0, with which this kernel came
    weight, started = (net.state_dict()["up.0.weight"] for net in (model, FCN(**{**model.options, "kind": "fcn16s"})))
    own = range(model.classes)
    return {
        "start": [started[c, c].double().numpy().round(4).tolist() for c in own],
        "trained": [weight[c, c].double().numpy().round(4).tolist() for c in own],
        "across": round(float((weight.abs().sum() - sum(weight[c, c].abs().sum() for c in own)) / weight.abs().sum()), 4),
    }


def ship(made: Mapping[str, FCN]) -> None:
    """Write the networks without their optimisers, in half precision: a web page needs no more digits."""
    for kind, model in made.items():
        state = model.state_dict().items()
        tensors = {f"model.{name}": (tensor.half() if tensor.is_floating_point() else tensor).contiguous() for name, tensor in state}
        config = replace(CONFIG, kind=kind, steps=FIRST + 2 * LATER)
        told = {"seglab": "1", "config": json.dumps(config.as_json()), "classes": json.dumps(DOMAINS[CONFIG.data].classes)}
        save_file(tensors, ASSETS / "networks" / f"{kind}.safetensors", metadata=told)
    image, _ = unseen_scene(CONFIG.data, 0, SIZE, CONFIG.difficulty)  # the page's first, which so needs no worker
    (ASSETS / "fcn" / "scene-0.npz").write_bytes(packed(all_stages(ASSETS / "networks", image)))


if __name__ == "__main__":
    main()
