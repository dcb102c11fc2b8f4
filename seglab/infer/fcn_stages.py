"""What the three shipped FCNs make of an image on the way from their coarsest scores to the pixels."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.data.scene import Image
from seglab.infer.fcn_told import KINDS, Map, Stages
from seglab.nets.blocks import centre
from seglab.nets.fcn import FCN
from seglab.nets.fitting import crop
from seglab.train.batches import planes, standardised
from seglab.train.config import TrainConfig
from seglab.train.header import opened
from seglab.train.network import network


def load_shipped(path: Path, channels: int = 1, classes: int = 2) -> FCN:
    """A network that ``bench/fcn.py`` wrote in half precision. Raises ValueError for a file that is not there, damaged or no FCN's."""
    with opened(path, "pt") as file:
        config = TrainConfig.from_json(json.loads((file.metadata() or {}).get("config", "{}")))
        tensors = {name.removeprefix("model."): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    model = network(config, channels, classes)
    if not isinstance(model, FCN):
        raise ValueError(f"{path} holds a {config.kind}: an FCN of assets/networks is needed")
    model.load_state_dict({name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()})
    return model.eval()


@torch.inference_mode()
def stages_of(model: FCN, image: Image) -> Stages:
    """All scores of an image (H, W) or (H, W, 3) in 0 to 1, and the two parts of every sum."""
    x = torch.from_numpy(planes(standardised(image)).copy())[None]
    scores = model.stages(x)
    finer, enlarged = [], []
    pooled = _pooled(model, x)
    for deep, (score, up) in enumerate(zip(model.scores, model.up, strict=False), start=1):
        finer.append(centre(score(pooled[-deep - 1]), crop(model, deep)))
        enlarged.append(up(scores[deep - 1]))
    return Stages(_arrays(scores), _arrays(finer), _arrays(enlarged))


def _pooled(model: FCN, x: Tensor) -> list[Tensor]:
    """The encoder's maps, each after its pooling."""
    found = []
    for level in model.encoder:
        x = F.max_pool2d(level(x), 2)
        found.append(x)
    return found


def _arrays(maps: list[Tensor]) -> tuple[Map, ...]:
    return tuple(one[0].float().numpy() for one in maps)


def all_stages(folder: Path, image: Image) -> dict[str, Stages]:
    """What the three networks in a folder make of an image, by kind. Raises ValueError as `load_shipped` does."""
    return {kind: stages_of(load_shipped(folder / f"{kind}.safetensors"), image) for kind in KINDS}
