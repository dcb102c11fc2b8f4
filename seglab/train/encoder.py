"""An encoder that was trained elsewhere: its file, and how a network takes it over, name by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from seglab.train.header import opened

PARTS = ("encoder.", "bottleneck.")  # of a network, that are brought along


def encoder_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The encoder's and bottleneck's tensors by name."""
    return {name: tensor for name, tensor in model.state_dict().items() if name.startswith(PARTS)}


def write_encoder(path: Path, model: nn.Module, measured: dict[str, Any]) -> None:
    """Write encoder and bottleneck in half precision, with what was measured of the classifier."""
    state = encoder_tensors(model).items()
    tensors = {name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous() for name, tensor in state}
    save_file(tensors, path, metadata={"seglab": "1", "encoder": json.dumps(measured)})


def read_encoder(path: Path) -> dict[str, Tensor]:
    """The tensors that `write_encoder` wrote, in single precision. Raises ValueError for a file that is not there, damaged, or no
    encoder."""
    with opened(path, "pt") as file:
        if "encoder" not in (file.metadata() or {}):
            raise ValueError(f"{path} holds no encoder: assets/networks/encoder.safetensors does")
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return {name: tensor.float() if tensor.is_floating_point() else tensor.clone() for name, tensor in found.items()}


def bring(model: nn.Module, tensors: dict[str, Tensor], frozen: bool = False) -> int:
    """Give a network the tensors of its encoder and bottleneck; returns how many weights that are.

    If `frozen`, they get no gradient: no step changes them. Raises ValueError for a network whose own have other shapes, or which has
    more of them than the encoder.
    """
    own = encoder_tensors(model)
    for name, tensor in own.items():
        if name not in tensors:
            raise ValueError(f"{name} has no counterpart in the encoder: a network no deeper than it would fit")
        if tensor.shape != tensors[name].shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}: the encoder's is {tuple(tensors[name].shape)}")
    model.load_state_dict({**model.state_dict(), **{name: tensors[name] for name in own}})
    brought = [parameter for name, parameter in model.named_parameters() if name in own]
    for parameter in brought:
        parameter.requires_grad_(not frozen)
    return sum(parameter.numel() for parameter in brought)
