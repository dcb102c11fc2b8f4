"""Weights on disk: safetensors files that carry their configuration, written whole or not at all, and checked before they are used."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from seglab.data.colours import class_colours
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig
from seglab.train.header import FIRST, LAST, LEAST_CLASSES, MOST_CLASSES, class_names, configuration, opened, progress, read_classes
from seglab.train.network import network
from seglab.train.trainer import Checkpoint

__all__ = ["load_model", "read_checkpoint", "read_classes", "write_checkpoint"]

KINDS = {torch.float32: "F32", torch.int64: "I64"}  # as safetensors calls them
OPTIMISER = re.compile(r"optimiser\.(\d{1,6})\.\w+")


def write_checkpoint(path: Path, checkpoint: Checkpoint, config: TrainConfig, classes: Sequence[str] = ()) -> None:
    """Write a checkpoint beside its place and move it there, so that a kill leaves the old one; `classes` are the classes' names."""
    told = {"seglab": "1", "config": json.dumps(config.as_json()), "step": str(checkpoint.step), "seconds": repr(checkpoint.seconds)}
    if classes:
        told["classes"] = json.dumps(list(classes))
    part = path.with_suffix(".part")
    try:
        save_file(checkpoint.tensors, part, metadata=told)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)  # half a file would only take room
        raise


def read_checkpoint(path: Path) -> tuple[Checkpoint, TrainConfig]:
    """Read what `write_checkpoint` wrote, network and optimiser.

    Raises ValueError with a sentence for a file that is not there, pickled, damaged, or not ours, for a configuration that is not possible,
    for tensors that are not those of its network, and for values that are not finite.
    """
    with opened(path, "pt") as file:
        told = file.metadata() or {}
        config = configuration(path, told)
        _checked(path, file, config)
        step, seconds = progress(path, told)
        tensors = _finite(path, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return Checkpoint(tensors, step, seconds), config


def load_model(path: Path) -> tuple[Network, TrainConfig]:
    """The network of a checkpoint, ready to predict. Raises ValueError as `read_checkpoint` does; the optimiser is not read."""
    with opened(path, "pt") as file:
        config = configuration(path, file.metadata() or {})
        model = _checked(path, file, config)
        # Copies, since the file may be gone from under the tensors that are mapped to it.
        tensors = _finite(path, {f"model.{name}": file.get_tensor(f"model.{name}").clone() for name in model.state_dict()})
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in tensors.items()}, assign=True)
    return model.eval(), config


def _checked(path: Path, file: Any, config: TrainConfig) -> Network:
    """The network that the configuration asks for, still without memory, once the file's names, shapes and kinds are seen to be its own."""
    found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    channels, classes = _ends(path, found)
    names = class_names(path, file.metadata())
    if names and len(names) != classes:
        raise ValueError(f"{path} names {len(names)} classes: its network has {classes}")
    with torch.device("meta"):  # a few lines of text may ask for a network of gigabytes
        model = network(config, channels, classes)
    wrong = _wrong(model, found)
    if wrong:
        more = f" ({len(wrong) - 1} more do not fit)" if wrong[1:] else ""
        raise ValueError(f"{path}: {wrong[0]}{more}")
    return model


def _ends(path: Path, found: Mapping[str, Any]) -> tuple[int, int]:
    """Channels of the image and number of classes, from the first and the last weight."""
    for name in (FIRST, LAST):
        if name not in found:
            raise ValueError(f"{path}: {name.removeprefix('model.')} is missing")
        if len(found[name].get_shape()) != 4:
            raise ValueError(f"{path}: {name.removeprefix('model.')} has shape {tuple(found[name].get_shape())}: four sizes are needed")
    channels, classes = found[FIRST].get_shape()[1], found[LAST].get_shape()[0]
    if channels not in (1, 3):
        raise ValueError(f"{path} is for images of {channels} channels: 1 (grey) or 3 (colour) are possible")
    if not LEAST_CLASSES <= classes <= MOST_CLASSES:
        raise ValueError(f"{path} is for {classes} classes: {LEAST_CLASSES} to {MOST_CLASSES} are possible")
    return channels, classes


def _wrong(model: nn.Module, found: Mapping[str, Any]) -> list[str]:
    """A sentence for each tensor that is missing, of another shape or kind, or unknown."""
    said = []
    wanted = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for name, tensor in wanted.items():
        short, shape, kind = name.removeprefix("model."), tuple(tensor.shape), KINDS[tensor.dtype]
        if name not in found:
            said.append(f"{short} is missing: the configuration in the file asks for it")
        elif (given := tuple(found[name].get_shape())) != shape:
            said.append(f"{short} has shape {given}: the configuration in the file asks for {shape}")
        elif (given_kind := found[name].get_dtype()) != kind:
            said.append(f"{short} is of the kind {given_kind}: {kind} is needed")
    parameters = [list(parameter.shape) for parameter in model.parameters()]
    for name in sorted(set(found) - set(wanted)):
        match, shape = OPTIMISER.fullmatch(name), found[name].get_shape()
        known = match and int(match[1]) < len(parameters) and shape in ([], parameters[int(match[1])])
        if not known or found[name].get_dtype() not in KINDS.values():
            said.append(f"{name.removeprefix('model.')} of shape {tuple(shape)} is unknown to the network of the configuration in the file")
    return said


def _finite(path: Path, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: {name.removeprefix('model.')} holds values that are not finite: such weights predict nothing")
    return tensors


def known_of(path: Path) -> dict[str, Any]:
    """What a run made of a weights file begins with: configuration, steps, seconds, and what its network is of.

    Raises ValueError as `read_checkpoint` does, without the file's place on this machine.
    """
    try:
        checkpoint, config = read_checkpoint(path)
        names = read_classes(path)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), "this file")) from None
    channels, count = checkpoint.tensors[FIRST].shape[1], checkpoint.tensors[LAST].shape[0]
    with torch.device("meta"):
        options = network(config, channels, count).options
    classes = list(names) or [f"class {number}" for number in range(count)]
    results = {"options": options, "classes": classes, "colours": class_colours(count)}
    return {"config": config.as_json(), "step": checkpoint.step, "seconds": checkpoint.seconds, "results": results}
