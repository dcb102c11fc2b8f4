"""Train what the page Sliding window ships: `python -m seglab.bench.patches` writes its classifiers and the accuracies by patch size."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import torch
from safetensors.torch import save_file

from seglab.infer.pictures import grey, png
from seglab.nets.patch_layers import CONTEXT, KINDS, PatchClassifier
from seglab.train.patch_context import STEPS, answer_map, context_classifier, judged_once, shown_scene
from seglab.train.patches import train_patches

FOLDER = Path(__file__).parents[2] / "assets" / "networks"
SHIPPED = (9, 17, 25)
SEEDS = (0, 1, 2, 3, 4)


def classifiers() -> None:
    """The default classifiers of every form, as half floats."""
    tensors: dict[str, torch.Tensor] = {}
    for kind in KINDS:
        for patch in SHIPPED:
            state = train_patches(PatchClassifier(patch, kind), 0).state_dict()
            tensors |= {f"{kind}.{patch}.{name}": tensor.half().contiguous() for name, tensor in state.items()}
            print(kind, patch, flush=True)
    save_file(tensors, FOLDER / "patches.safetensors", metadata={"seglab": "1", "made by": "python -m seglab.bench.patches"})


def context() -> None:
    """Accuracy by patch size for several seeds, and what one classifier of each size says of one scene."""
    begun, found = perf_counter(), []
    for patch in CONTEXT:
        for seed in SEEDS:
            model = train_patches(context_classifier(patch), seed, STEPS)
            found.append(judged_once(model, patch, seed))
            print(found[-1], f"{perf_counter() - begun:.0f} s", flush=True)
            if seed == 0:
                (FOLDER / f"context-{patch}.png").write_bytes(png(grey(answer_map(model))))
    image, mask = shown_scene()
    (FOLDER / "context-image.png").write_bytes(png(grey(image)))
    (FOLDER / "context-truth.png").write_bytes(png(mask * 255))
    told = {"made_by": "python -m seglab.bench.patches", "steps": STEPS, "seeds": list(SEEDS), "rows": found}
    (FOLDER / "context.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)  # as in a worker, so that the page trains to the same numbers
    classifiers()
    context()
