"""Weights that are taken along, and that come back as a run."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from seglab.data.domains import DOMAINS
from seglab.data.uploads import NOWHERE, in_home
from seglab.train.asked.desk import waiting_for
from seglab.train.config import TrainConfig
from seglab.train.jobs import workers
from seglab.train.store import Store


def onnx_file(store: Store, weights: Path) -> Future[bytes]:
    """The network of a weights file as ONNX, written by a worker, or TaskError with a sentence."""

    def made() -> bytes:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            out = Path(folder) / "network.onnx"
            workers().submit("onnx", weights=str(weights), out=str(out)).result()
            return out.read_bytes()

    return waiting_for(made)


def import_weights(store: Store, data: bytes, token: str, name: str) -> Future[str]:
    """A file of weights as a run of its own, once a worker has found it whole: the run's id, or TaskError with a sentence."""

    def made() -> str:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            source = Path(folder) / "weights.safetensors"
            source.write_bytes(data)
            said = workers().submit("weigh", weights=str(source)).result()
            config = TrainConfig.from_json(said.pop("config"))
            if config.data not in DOMAINS and not in_home(config.data):  # a folder of whoever wrote the file: none of this machine's
                config = replace(config, data=NOWHERE)
            run = store.create(config, token, f"{Path(name).stem[:40]} (brought along)", status="stopped")
            os.replace(source, store.weights(run.id))
            store.update(run.id, **said)
            return run.id

    return waiting_for(made)
