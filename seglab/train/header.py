"""What a weights file says of itself, read without torch and with trust in none of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from safetensors import SafetensorError, safe_open

from seglab.train.config import TrainConfig

LEAST_CLASSES, MOST_CLASSES = 2, 32
FIRST, LAST = "model.encoder.0.0.weight", "model.head.weight"  # every network of ours has these


@contextmanager
def opened(path: Path, framework: str = "numpy") -> Iterator[Any]:
    """A safetensors file, its tensors still unread. Raises ValueError for one that is not there, pickled or damaged."""
    if not path.exists():
        raise ValueError(f"{path} is not there: the run was not saved yet")
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except (SafetensorError, OSError) as error:
        if path.is_file() and _pickled(path):
            raise ValueError(f"{path} is a pickle (.pt): only safetensors are read, since a pickle can run code of its own") from None
        raise ValueError(f"{path} is damaged: {str(error)[:80]}") from None


def _pickled(path: Path) -> bool:
    """Whether a file begins as what `torch.save` writes: a zip archive, or before version 1.6 a bare pickle."""
    with open(path, "rb") as file:
        start = file.read(4)
    return start == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"))


def configuration(path: Path, told: Mapping[str, str]) -> TrainConfig:
    """The configuration in a file's metadata. Raises ValueError for none, one that is no JSON object, unknown fields and odd values."""
    if "config" not in told:
        raise ValueError(f"{path} holds no seglab configuration: it was written by another program")
    data = _json(path, "configuration", told["config"])
    if not isinstance(data, dict):
        raise ValueError(f"{path} holds a configuration that is no JSON object")
    try:
        config = TrainConfig.from_json(data)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{path} holds a configuration that is not possible: {error}") from None
    for setting in fields(config):
        value, kind = getattr(config, setting.name), type(setting.default)
        if kind in (int, str) and type(value) is not kind:
            raise ValueError(f"{path} holds a configuration that is not possible: {setting.name}={value!r} is no {kind.__name__}")
    return config


def class_names(path: Path, told: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the classes in a file's metadata; none where it does not say. Raises ValueError for what is no list of names."""
    if "classes" not in told:
        return ()
    data = _json(path, "list of classes", told["classes"])
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data) or not LEAST_CLASSES <= len(data) <= MOST_CLASSES:
        raise ValueError(f"{path} holds a list of classes that is none of {LEAST_CLASSES} to {MOST_CLASSES} names")
    return tuple(data)


def read_classes(path: Path) -> tuple[str, ...]:
    """The names of the classes of a weights file, () where it has none. Raises ValueError as `opened` and `class_names` do."""
    with opened(path) as file:
        return class_names(path, file.metadata() or {})


def progress(path: Path, told: Mapping[str, str]) -> tuple[int, float]:
    """The steps done and the seconds they took. Raises ValueError for what is no such number."""
    try:
        step, seconds = int(told["step"]), float(told["seconds"])
    except (KeyError, ValueError):
        raise ValueError(f"{path} does not say after how many steps and seconds it was saved") from None
    if step < 0 or not 0 <= seconds < math.inf:
        raise ValueError(f"{path} was saved after {step} steps and {seconds} seconds, which cannot be")
    return step, seconds


def _json(path: Path, what: str, text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError(f"{path} holds a {what} that is no JSON: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} holds a {what} that is no JSON: {str(error)[:80]}") from None
