"""What a page shows of a picture, of a set of them, and of a training before it begins."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import Future
from pathlib import Path

from seglab.data.summary import Summary
from seglab.train.asked.desk import Pictures, drawn, waiting_for, written
from seglab.train.config import TrainConfig
from seglab.train.jobs import workers
from seglab.train.store import Store


def decoded_file(store: Store, data: bytes, side: int) -> Future[Pictures]:
    """Decode an image file in a worker, shrunk to at most `side` pixels a side: its own size, and the image as PNG."""
    return drawn(store, "decode", data, {"side": side, "colour": True})


def preview_file(store: Store, config: TrainConfig, view: str) -> Future[Pictures]:
    """What the page shows before a training, drawn in a worker (`train/preview.py`): what is said, and pictures as PNG by name."""
    return drawn(store, "preview", None, {"config": config.as_json(), "view": view})


Found = tuple[Summary, dict[str, bytes]]


def inspect_set(store: Store, name: str) -> Future[Found]:
    """Look into a data set in a worker: what is found, and where nothing is wrong its first images and masks as PNG by name.

    TaskError with a sentence for one that is not there.
    """
    return waiting_for(lambda: _inspect(store.uploads(), name))


def _inspect(place: Path, name: str) -> Found:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        workers().submit("inspect", data=name, out=folder).result()
        summary = Summary.from_json(json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8")))
        return summary, written(folder)
