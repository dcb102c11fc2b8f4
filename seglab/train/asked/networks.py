"""What networks of a folder or of runs make of scenes, and what they look at. A whole hall that asks the same is answered by one worker."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from seglab.data.scene import Image
from seglab.infer.chances import unpacked as chances_in
from seglab.infer.fcn_told import Stages, unpacked
from seglab.train.asked.desk import Pictures, stamp, told, waiting_for
from seglab.train.jobs import Answer, workers
from seglab.train.shared import Shared
from seglab.train.store import Store

_stages: Shared[dict[str, Stages]] = Shared(16)  # about 2 MB each
_chances: Shared[dict[str, Image]] = Shared(64)  # about 300 kB each
_fields: Shared[Pictures] = Shared(32)  # of weights, by when they were written
_moved: Shared[Pictures] = Shared(32)


def fcn_stages(store: Store, networks: Path, number: int) -> Future[dict[str, Stages]]:
    """What the FCNs in a folder make of a scene of the page FCN, by kind, found by a worker, or TaskError with a sentence."""

    def made() -> dict[str, Stages]:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            out = Path(folder) / "stages.npz"
            workers().submit("fcn_stages", networks=str(networks), number=number, out=str(out)).result()
            return unpacked(out.read_bytes())

    return _stages.ask((networks, number), lambda: waiting_for(made))


def scene_chances(
    store: Store, weights: Mapping[str, Path], data: str, number: int, size: int, difficulty: float
) -> Future[dict[str, Image]]:
    """The chances (classes, H, W) that networks, by name, see in an unseen scene of a generated domain, found by a worker."""
    asked = {name: str(path) for name, path in weights.items()}

    def made() -> dict[str, Image]:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            out = Path(folder) / "chances.npz"
            task = {"weights": asked, "data": data, "number": number, "size": size, "difficulty": difficulty}
            workers().submit("chances", **task, out=str(out)).result()
            return chances_in(out.read_bytes())

    return _chances.ask((tuple(asked.items()), data, number, size, difficulty), lambda: waiting_for(made))


def effective_field(store: Store, weights: Path) -> Future[Pictures]:
    """What the network of a weights file looks at, before and after its training, measured by a worker (`infer/effective_field.py`)."""
    written_at = stamp(weights)
    return _fields.ask((weights, written_at), lambda: told(store, "effective_field", weights=str(weights)))


def moved_file(store: Store, networks: Path, seed: int, around: bool) -> Future[Pictures]:
    """What the shipped networks make of a shape that is moved in all ways (`infer/moving.py`): numbers, and the masks as PNG."""
    return _moved.ask((networks, seed, around), lambda: told(store, "moved", networks=str(networks), seed=seed, around=around))


_compared: Shared[Pictures] = Shared(32)
_measuring: Shared[dict[str, Any]] = Shared(100)


def compared_scene(store: Store, weights: Sequence[Path], scene: dict[str, Any]) -> Future[Pictures]:
    """What the networks of several files make of one new scene (`infer/compared.py`): what is told, and the masks as PNG."""
    written_at = tuple(map(stamp, weights))
    names = [str(path) for path in weights]
    question = tuple(names), written_at, json.dumps(scene, sort_keys=True)
    return _compared.ask(question, lambda: told(store, "compared", weights=names, scene=scene))


def experiment_rows(store: Store, runs: Sequence[str]) -> Answer:
    """Let a worker measure runs as their experiment does (`train/experiment_rows.py`); what it finds stands in their results then."""
    task = {"home": str(store.folder), "runs": list(runs)}
    paths = [store.weights(run) for run in runs]
    written_at = tuple(map(stamp, paths))  # a run may be reset, and trained again
    question = tuple(runs), written_at
    return _measuring.ask(question, lambda: waiting_for(lambda: workers().submit("experiment_rows", **task).result()))
