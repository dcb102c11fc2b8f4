"""Pictures made worse and given back, and networks that learn it."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from seglab.train.asked.desk import Pictures, drawn, waiting_for
from seglab.train.jobs import Answer, workers
from seglab.train.shared import Shared
from seglab.train.store import Store

_restored: Shared[Pictures] = Shared(64)  # about 100 kB each
_restorers: Shared[dict[str, Any]] = Shared(64)


def restore_file(store: Store, wanted: dict[str, Any], data: bytes | None = None) -> Future[Pictures]:
    """A picture made worse and given back by a worker (`infer/restore_answers.py`): measures, and pictures as PNG by name.

    `wanted` has the fields of `Wanted`; `data` is a person's own file, whose answer is nobody else's.
    """
    if data is not None:
        return drawn(store, "restore", data, {"wanted": wanted})
    return _restored.ask(json.dumps(wanted), lambda: drawn(store, "restore", None, {"wanted": wanted}))


def restorer_file(store: Store, task: str, seed: int) -> Path:
    """Where a network is, or will be, that was trained here on a task of giving pictures back; its rows lie beside it as JSON."""
    return store.folder / "restore" / f"{task}-{seed}.safetensors"


def train_restorer(store: Store, task: str, seed: int) -> Answer:
    """Let a worker train such a network, one at a time; to be asked for by a press, not by a link."""
    out = str(restorer_file(store, task, seed))

    def made() -> dict[str, Any]:
        return workers().submit("train_restorer", restore=task, seed=seed, out=out).result()

    return _restorers.ask((task, seed), lambda: waiting_for(made, long=True))
