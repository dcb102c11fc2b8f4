"""Pictures for the networks: asked for from the web process, looked at in a worker, their results kept in folders that go with them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from seglab.data.domains import Colour
from seglab.data.keeping import MB, keeping, taken
from seglab.train.asked.desk import stamp
from seglab.train.jobs import TaskError, workers
from seglab.train.shared import Shared
from seglab.train.store import Store

LARGE = 2_000_000  # bytes of a file that may take a while: such files wait for each other, and nobody else for them
_desk = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="use")
_large = ThreadPoolExecutor(1, thread_name_prefix="large")


@dataclass(frozen=True, eq=False)
class Used:
    """What a worker told of a picture, and the folder with what it drew and wrote, which is gone as soon as nobody holds this."""

    told: dict[str, Any]
    folder: Path

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def file(self, name: str) -> bytes:
        """A file that the worker has written."""
        return (self.folder / name).read_bytes()

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()


# Of pictures that are everybody's; a person's own are never kept for others.
_shared: Shared[Used] = Shared(32)
_seams: Shared[Used] = Shared(32)
_elsewhere: Shared[Used] = Shared(32)


def segment_file(
    store: Store,
    data: bytes,
    weights: Path,
    shrink: int | None = 1,
    colours: Sequence[Colour] | None = None,
    mask: bytes | None = None,
    shared: bool = False,
) -> Future[Used]:
    """Segment an image file of any size in a worker, and compare with the file `mask` if there is one; TaskError with a sentence.

    `shrink` as in `infer/predict.py`, None for whichever the network is surest of. With `shared` the picture is everybody's.
    """
    files, task = {"image": data, **({"mask": mask} if mask else {})}, {"weights": str(weights), "shrink": shrink, "colours": colours}
    return _asked(store, "segment", files, task, _shared if shared else None)


def seams_file(store: Store, data: bytes, weights: Path, tile: int, shows: int, shared: bool = False) -> Future[Used]:
    """Compare the ways to cut an image file into tiles (`infer/seams.py`), drawing the chance of the class `shows`."""
    return _asked(store, "seams", {"image": data}, {"weights": str(weights), "tile": tile, "shows": shows}, _seams if shared else None)


def elsewhere_told(store: Store, weights: Path) -> Future[Used]:
    """How sure the network of a weights file is of other domains than its own (`infer/elsewhere.py`)."""
    return _asked(store, "elsewhere", {}, {"weights": str(weights)}, _elsewhere)


def _asked(store: Store, do: str, files: dict[str, bytes], task: dict[str, Any], shared: Shared[Used] | None) -> Future[Used]:
    desk = _large if sum(map(len, files.values())) > LARGE else _desk

    def begun() -> Future[Used]:
        return desk.submit(_used, store.uploads(), do, files, task)

    if shared is None:
        return begun()
    return shared.ask((do, *(sha256(data).hexdigest() for data in files.values()), json.dumps(task), stamp(Path(task["weights"]))), begun)


def _used(place: Path, do: str, files: dict[str, bytes], task: dict[str, Any]) -> Used:
    """Hand files to a worker, which are there only while it looks at them, and take what it tells. Raises TaskError with a sentence, also
    where the results that are open take all the room that there is for them."""
    most = keeping().result_megabytes
    if taken(place) > most * MB:
        raise TaskError(f"the results that people have open take all of the {most} MB there are for them: try again in a few minutes")
    out = Path(tempfile.mkdtemp(dir=place))
    with tempfile.TemporaryDirectory(dir=place) as given:
        for name, data in files.items():
            (Path(given) / name).write_bytes(data)
        named = {name: str(Path(given) / name) for name in files}
        try:
            workers().submit(do, out=str(out), **task, **named).result()
            return Used(json.loads((out / "told.json").read_text(encoding="utf-8")), out)
        except BaseException:
            shutil.rmtree(out, ignore_errors=True)
            raise
