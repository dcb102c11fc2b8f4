"""Weights on disk: safetensors files that carry their configuration, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from seglab.nets.unet import UNet
from seglab.train.config import TrainConfig
from seglab.train.loop import Checkpoint


def write_checkpoint(path: Path, checkpoint: Checkpoint, config: TrainConfig) -> None:
    """Write a checkpoint beside its place and move it there, so that a kill leaves the old one."""
    told = {"seglab": "1", "config": json.dumps(config.as_json()), "step": str(checkpoint.step), "seconds": repr(checkpoint.seconds)}
    part = path.with_suffix(".part")
    try:
        save_file(checkpoint.tensors, part, metadata=told)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)  # half a file would only take room
        raise


def read_checkpoint(path: Path) -> tuple[Checkpoint, TrainConfig]:
    """Read what `write_checkpoint` wrote. Raises ValueError for a file that is not there, damaged, or not ours."""
    if not path.exists():
        raise ValueError(f"{path} is not there: the run was not saved yet")
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is damaged: {str(error)[:80]}") from None
    if "config" not in told:
        raise ValueError(f"{path} holds no seglab configuration: it was written by another program")
    return Checkpoint(tensors, int(told["step"]), float(told["seconds"])), TrainConfig.from_json(json.loads(told["config"]))


def load_model(path: Path) -> tuple[UNet, TrainConfig]:
    """The network of a checkpoint, ready to predict. Raises ValueError as `read_checkpoint` does, and for weights that do not fit."""
    checkpoint, config = read_checkpoint(path)
    weights = {name.removeprefix("model."): tensor for name, tensor in checkpoint.tensors.items() if name.startswith("model.")}
    try:
        channels, classes = weights["encoder.0.0.weight"].shape[1], weights["head.weight"].shape[0]
        model = UNet(channels, classes, config.depth, config.width)
        model.load_state_dict(weights)
    except (KeyError, RuntimeError):
        raise ValueError(f"{path} holds weights of another network than depth {config.depth}, width {config.width}") from None
    return model.eval(), config
