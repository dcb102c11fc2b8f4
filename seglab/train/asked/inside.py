"""Looks inside of the network of a weights file, at work on a picture."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from seglab.infer.inside_told import Picture, Seen, Shifts, Why, unpack, unpacked
from seglab.train.asked.desk import stamp, waiting_for
from seglab.train.jobs import workers
from seglab.train.shared import Shared
from seglab.train.store import Store

_inside: Shared[Any] = Shared(24)  # up to some 10 MB each


def inside_layer(store: Store, weights: Path, picture: Picture, block: str, layer: str) -> Future[Seen]:
    """A layer of the network of a weights file at work on a picture (`infer/inside.py`), or TaskError with a sentence."""
    return _looked(store, "layer", unpacked, weights, picture, block=block, layer=layer)


def inside_why(store: Store, weights: Path, picture: Picture, pixel: tuple[int, int], against: bool, square: int) -> Future[Why]:
    """What moved an output pixel (`infer/inside_why.py`), or TaskError with a sentence."""

    def read(data: bytes) -> Why:
        told, arrays = unpack(data)
        return Why(**told, **arrays)

    return _looked(store, "why", read, weights, picture, pixel=list(pixel), against=against, square=square)


def inside_shifts(store: Store, weights: Path, picture: Picture) -> Future[Shifts]:
    """How a network's mask stands shifts of the picture (`infer/inside_shift.py`), or TaskError with a sentence."""
    return _looked(store, "shifts", lambda data: Shifts(**unpack(data)[0]), weights, picture)


def _looked(store: Store, ask: str, read: Callable[[bytes], Any], weights: Path, picture: Picture, **more: Any) -> Future[Any]:
    """What a worker finds inside of a network, read from the file that it writes."""

    def made() -> Any:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            image, out = Path(folder) / "image", Path(folder) / "told.npz"
            if picture.file is not None:
                image.write_bytes(picture.file)
            task = {"ask": ask, "weights": str(weights), "source": picture.source, "number": picture.number, "more": more, "out": str(out)}
            workers().submit("inside", image=str(image) if picture.file is not None else "", **task).result()
            return read(out.read_bytes())

    if picture.file is not None:  # a person's own is kept for nobody
        return waiting_for(made)
    written_at = stamp(weights)
    question = (ask, weights, written_at, picture.source, picture.number, picture.mark, json.dumps(more))
    return _inside.ask(question, lambda: waiting_for(made))
