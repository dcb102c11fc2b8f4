"""Jobs: work for other processes, asked for from the web process, which never loads torch itself.

One zygote a server, started with it and started again should it die. Where processes cannot fork, a warm worker waits for each task. A
training waits for its turn in the store (`queue.py`) and is given to a worker by `advance`.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from seglab.data import pet
from seglab.data.domains import DOMAINS
from seglab.data.pet import Source
from seglab.data.scene import Image
from seglab.data.summary import Summary
from seglab.data.uploads import NOWHERE, in_home
from seglab.infer.chances import unpacked as chances_in
from seglab.infer.fcn_told import Stages, unpacked
from seglab.infer.inside_told import Picture, Seen, Shifts, Why, unpack
from seglab.infer.inside_told import unpacked as unpacked_look
from seglab.nets.patch_layers import Kind, PatchClassifier
from seglab.train.config import TrainConfig
from seglab.train.failure import sentence
from seglab.train.queue import next_ones, refuse_crowd
from seglab.train.shared import Shared
from seglab.train.store import DiskFullError, Run, Store

Answer = Future[dict[str, Any]]
GONE = "the worker process ended before it was done"


class TaskError(RuntimeError):
    """A task's failure, as the sentence that its worker gave."""


class NoWorkerError(TaskError):
    """There is no process to give a task to."""


class Workers:
    """The process, or the waiting processes, that tasks are given to. Safe to use from any thread."""

    def __init__(self, fork: bool = sys.platform == "linux") -> None:
        self.fork = fork
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._open: dict[int, tuple[Answer, subprocess.Popen[bytes]]] = {}
        self._last = 0
        self.closed = False
        atexit.register(self.close)

    @property
    def pid(self) -> int | None:
        """Process id of the zygote, None while there is none."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self) -> None:
        """Make sure that a process is there, loading torch meanwhile."""
        with self._lock:
            self._ensure()

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "seglab.train.zygote", *([] if self.fork else ["--single"])]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        return self._process

    def submit(self, do: str, **task: Any) -> Answer:
        """Give a task to a worker. The answer is its result, or raises TaskError with a sentence."""
        answer: Answer = Future()
        with self._lock:
            self._last += 1
            line = json.dumps({"id": self._last, "do": do, **task}).encode() + b"\n"
            for attempt in (1, 2):  # a zygote that has died since the last task is noticed on writing
                process = self._ensure()
                try:
                    assert process.stdin is not None
                    process.stdin.write(line)
                    process.stdin.flush()
                    break
                except OSError:
                    process.kill()
                    process.wait()
                    if attempt == 2:
                        answer.set_exception(NoWorkerError("no worker process can be started on this machine"))
                        return answer
            self._open[self._last] = (answer, process)
            if not self.fork:
                self._process = None
                self._ensure()
        return answer

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take the answers of one process until it ends; what is open then has failed."""
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._take(json.loads(line))
        process.wait()
        with self._lock:
            if process.stdin:
                with suppress(OSError):
                    process.stdin.close()
            left = [key for key, (_, owner) in self._open.items() if owner is process]
            answers = [self._open.pop(key)[0] for key in left]
        for answer in answers:
            answer.set_exception(TaskError(GONE))

    def _take(self, said: dict[str, Any]) -> None:
        if "id" not in said:
            return
        with self._lock:
            answer, _ = self._open.pop(said["id"], (None, None))
        if answer is None:
            return
        if "result" in said:
            answer.set_result(said["result"])
        elif "error" in said:
            answer.set_exception(TaskError(said["error"]))
        else:
            killed = f"the worker process was killed (signal {-said['exit']})" if said["exit"] < 0 else GONE
            answer.set_exception(TaskError(killed))

    def close(self) -> None:
        """Let the process go; workers notice that their server is gone."""
        self.closed = True
        with self._lock:
            process, self._process = self._process, None
        if process and process.stdin:
            with suppress(OSError):
                process.stdin.close()
            process.terminate()
            process.wait(timeout=10)


_workers: Workers | None = None
_guard = threading.Lock()


def workers() -> Workers:
    """The workers of this server."""
    global _workers
    with _guard:
        if _workers is None:
            _workers = Workers()
        return _workers


def take_up(store: Store) -> None:
    """At the start of a server: tidy the store, and go on with the queue that an earlier server left."""
    store.tidy()
    advance(store)


def start_run(store: Store, config: TrainConfig, token: str, name: str = "") -> Run:
    """Create a run, which begins when its turn has come. Raises ValueError where too many wait already."""
    with store.starting():
        refuse_crowd(store, token)
        run = store.create(config, token, name)
    advance(store)
    return store.run(run.id)


def resume_run(store: Store, identity: str, token: str | None) -> None:
    """Let a run go on from its last checkpoint when its turn has come. Raises NotOwnerError, or ValueError where too many wait already."""
    store.refuse_others(identity, token)
    with store.starting():
        run = store.run(identity)
        if run.status == "queued" or (run.status in ("starting", "running") and store.under_way(run)):
            return
        refuse_crowd(store, token or "")
        stays = run.status == "paused" and store.alive(identity)  # the worker that it has waits with it
        wish = "pause" if stays else "run"
        store.change(identity, {"status": run.status}, status="queued", wish=wish, joined=time.time(), message="")
    advance(store)


def advance(store: Store) -> None:
    """Give waiting runs to workers, as many as there are places. To be called whenever a place may have become free."""
    if workers().closed or not store.with_status("queued"):
        return
    with store.starting():
        given = [run.id for run in next_ones(store) if _give(store, run)]
    for identity in given:  # out of the lock: a worker that cannot be had ends here and now, and its end looks at the queue again
        _work_on(store, identity)


def look_after(store: Store, identity: str) -> Run:
    """The run as it is now; one whose worker is gone is marked, one whose turn has come begins. Raises NotFoundError, DiskFullError."""
    run = store.run(identity)
    if run.given and not store.under_way(run):
        store.mark_lost(identity, "The worker process ended before the run was done.")
    advance(store)
    return store.run(identity)


def _give(store: Store, run: Run) -> bool:
    """Let a waiting run begin. True where it needs a worker: not where the one that it had goes on, or where it was stopped meanwhile."""
    if run.held and store.alive(run.id) and store.change(run.id, {"status": "queued", "wish": "pause"}, status="starting", wish="run"):
        return False
    _answers.pop(run.id, None)  # an earlier worker's end may be noticed late; it says nothing of the one to come
    return store.change(run.id, {"status": "queued"}, status="starting", wish="run")


_answers: dict[str, Answer] = {}  # of the worker that was last given each run


def _work_on(store: Store, identity: str) -> None:
    answer = _answers[identity] = workers().submit("train", run=identity, home=str(store.folder))
    answer.add_done_callback(lambda done: _note_end(store, identity, done))


def _note_end(store: Store, identity: str, done: Answer) -> None:
    """A worker has ended: the next run may begin. One that ended without a word leaves its run open: say what happened. One whose run
    another has taken over says nothing."""
    error = done.exception()
    if _answers.get(identity) is done:
        del _answers[identity]
        with suppress(LookupError, DiskFullError):  # deleted meanwhile; or no room to say it, then whoever looks at the run does
            if error is not None:
                store.mark_lost(identity, sentence(str(error)))
    if not isinstance(error, NoWorkerError):
        advance(store)


Pictures = tuple[dict[str, Any], dict[str, bytes]]
# Pictures are segmented a few at a time; the others wait here, where an answer that nobody waits for any more is cancelled.
_desk = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="segment")


def decoded_file(store: Store, data: bytes, side: int) -> Future[Pictures]:
    """Decode an image file in a worker, shrunk to at most `side` pixels a side: its own size, and the image as PNG."""
    return _desk.submit(_pictures, store.uploads(), "decode", data, {"side": side, "colour": True})


def _pictures(place: Path, do: str, data: bytes | None, task: dict[str, Any]) -> Pictures:
    """What a worker says and draws; `data` is the file that it looks at."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        if data is not None:
            source = Path(folder) / "image"
            source.write_bytes(data)
            task |= {"image": str(source)}
        said = workers().submit(do, out=folder, **task).result()
        return said, written(folder)


def written(folder: str) -> dict[str, bytes]:
    """The pictures that a worker has put into a folder, as PNG by name."""
    return {path.stem: path.read_bytes() for path in Path(folder).glob("*.png")}


def preview_file(store: Store, config: TrainConfig, view: str) -> Future[Pictures]:
    """What the page shows before a training, drawn in a worker (`train/preview.py`): what is said, and pictures as PNG by name."""
    return _desk.submit(_pictures, store.uploads(), "preview", None, {"config": config.as_json(), "view": view})


_stages: Shared[dict[str, Stages]] = Shared(16)  # about 2 MB each
_chances: Shared[dict[str, Image]] = Shared(64)  # about 300 kB each
_fields: Shared[Pictures] = Shared(32)  # of weights, by when they were written
_moved: Shared[Pictures] = Shared(32)


def fcn_stages(store: Store, networks: Path, number: int) -> Future[dict[str, Stages]]:
    """What the FCNs in a folder make of a scene of the page FCN, by kind, found by a worker, or TaskError with a sentence.

    A whole hall that asks for one scene is answered by one worker; so it is for the two functions below.
    """

    def made() -> dict[str, Stages]:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            out = Path(folder) / "stages.npz"
            workers().submit("fcn_stages", networks=str(networks), number=number, out=str(out)).result()
            return unpacked(out.read_bytes())

    return _stages.ask((networks, number), lambda: _desk.submit(made))


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

    return _chances.ask((tuple(asked.items()), data, number, size, difficulty), lambda: _desk.submit(made))


def effective_field(store: Store, weights: Path) -> Future[Pictures]:
    """What the network of a weights file looks at, before and after its training, measured by a worker (`infer/effective_field.py`)."""
    written_at = weights.stat().st_mtime_ns if weights.exists() else 0
    return _fields.ask((weights, written_at), lambda: _told(store, "effective_field", weights=str(weights)))


def moved_file(store: Store, networks: Path, seed: int, around: bool) -> Future[Pictures]:
    """What the shipped networks make of a shape that is moved in all ways (`infer/moving.py`): numbers, and the masks as PNG."""
    return _moved.ask((networks, seed, around), lambda: _told(store, "moved", networks=str(networks), seed=seed, around=around))


def _told(store: Store, do: str, **task: Any) -> Future[Pictures]:
    """What a task tells in told.json, which may be longer than an answer, and its pictures."""

    def made() -> Pictures:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            workers().submit(do, **task, out=folder).result()
            return json.loads((Path(folder) / "told.json").read_text(encoding="utf-8")), written(folder)

    return _desk.submit(made)


_slides: Shared[Pictures] = Shared(100)  # 2 to 110 kB each
_context: Shared[dict[str, Any]] = Shared(1000)
# Small trainings, one of each sort at a time, which pictures need not wait for.
_course = ThreadPoolExecutor(1, thread_name_prefix="context")
_anew = ThreadPoolExecutor(1, thread_name_prefix="classifier")


def slide_file(store: Store, slide: dict[str, Any], shipped: Path) -> Future[Pictures]:
    """A classifier's answers at every place of a scene (`train/patch_answers.py`): what is counted and timed, and pictures as PNG by name.

    `slide` has the fields of `Slide`, `shipped` is the file of classifiers that are there already. Nobody pays twice for a setting.
    """
    task = {"slide": slide, "shipped": str(shipped), "kept": str(store.folder / "patches")}
    desk = _desk if trained(store, slide["kind"], slide["patch"], slide["net"]) else _anew
    return _slides.ask(json.dumps(task), lambda: desk.submit(_pictures, store.uploads(), "slide", None, task))


def trained(store: Store, kind: Kind, patch: int, net: int) -> bool:
    """Whether a classifier is there without a training: the shipped one, number 0, or one that was trained here."""
    return not net or (store.folder / "patches" / PatchClassifier(patch, kind).kept_as(net)).exists()


def context_rows(sizes: Sequence[int], seed: int) -> dict[int, Answer]:
    """A row for each patch size (`train/patch_context.py`), trained one after the other; to be asked for by a press, not by a link."""
    return {patch: _context.ask((patch, seed), partial(_course.submit, _context_row, patch, seed)) for patch in sizes}


def _context_row(patch: int, seed: int) -> dict[str, Any]:
    return workers().submit("context", patch=patch, seed=seed).result()


def context_there(sizes: Sequence[int], seed: int) -> dict[int, Answer]:
    """Those of the rows that have been trained already."""
    return context_rows([patch for patch in sizes if _context.there((patch, seed))], seed)


def context_begun(patch: int, seed: int) -> bool:
    """Whether a row's training has begun, or waits behind others."""
    return _context.begun((patch, seed))


_inside: Shared[Any] = Shared(24)  # up to some 10 MB each


def inside_layer(store: Store, weights: Path, picture: Picture, block: str, layer: str) -> Future[Seen]:
    """A layer of the network of a weights file at work on a picture (`infer/inside.py`), or TaskError with a sentence."""
    return _looked(store, "layer", unpacked_look, weights, picture, block=block, layer=layer)


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

    written_at = weights.stat().st_mtime_ns if weights.exists() else 0
    question = (ask, weights, written_at, picture.source, picture.number, picture.mark, json.dumps(more))
    return _inside.ask(question, lambda: _desk.submit(made))


_compared: Shared[Pictures] = Shared(32)
_measuring: Shared[dict[str, Any]] = Shared(100)


def compared_scene(store: Store, weights: Sequence[Path], scene: dict[str, Any]) -> Future[Pictures]:
    """What the networks of several files make of one new scene (`infer/compared.py`): what is told, and the masks as PNG."""
    written_at = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in weights)
    names = [str(path) for path in weights]
    question = tuple(names), written_at, json.dumps(scene, sort_keys=True)
    return _compared.ask(question, lambda: _told(store, "compared", weights=names, scene=scene))


def experiment_rows(store: Store, runs: Sequence[str]) -> Answer:
    """Let a worker measure runs as their experiment does (`train/experiment_rows.py`); what it finds stands in their results then."""
    task = {"home": str(store.folder), "runs": list(runs)}
    paths = [store.weights(run) for run in runs]
    written_at = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)  # a run may be reset, and trained again
    question = tuple(runs), written_at
    return _measuring.ask(question, lambda: _desk.submit(lambda: workers().submit("experiment_rows", **task).result()))


def onnx_file(store: Store, weights: Path) -> Future[bytes]:
    """The network of a weights file as ONNX, written by a worker, or TaskError with a sentence."""

    def made() -> bytes:
        with tempfile.TemporaryDirectory(dir=store.uploads()) as folder:
            out = Path(folder) / "network.onnx"
            workers().submit("onnx", weights=str(weights), out=str(out)).result()
            return out.read_bytes()

    return _desk.submit(made)


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

    return _desk.submit(made)


_restored: Shared[Pictures] = Shared(64)  # about 100 kB each
_restorers: Shared[dict[str, Any]] = Shared(64)


def restore_file(store: Store, wanted: dict[str, Any], data: bytes | None = None) -> Future[Pictures]:
    """A picture made worse and given back by a worker (`infer/restore_answers.py`): measures, and pictures as PNG by name.

    `wanted` has the fields of `Wanted`; `data` is a person's own file, whose answer is nobody else's.
    """
    asked = partial(_pictures, store.uploads(), "restore", data, {"wanted": wanted})
    if data is not None:
        return _desk.submit(asked)
    return _restored.ask(json.dumps(wanted), lambda: _desk.submit(asked))


def restorer_file(store: Store, task: str, seed: int) -> Path:
    """Where a network is, or will be, that was trained here on a task of giving pictures back; its rows lie beside it as JSON."""
    return store.folder / "restore" / f"{task}-{seed}.safetensors"


def train_restorer(store: Store, task: str, seed: int) -> Answer:
    """Let a worker train such a network, one at a time; to be asked for by a press, not by a link."""
    out = str(restorer_file(store, task, seed))
    return _restorers.ask(
        (task, seed), lambda: _anew.submit(lambda: workers().submit("train_restorer", restore=task, seed=seed, out=out).result())
    )


class PetFetch(NamedTuple):
    """A fetching of the pictures of pets: its answer, and the owner token of whoever asked for it."""

    answer: Answer
    token: str


_pet_fetch: PetFetch | None = None
_pet_guard = threading.Lock()


def fetch_pet(store: Store, token: str = "", source: Source | None = None) -> Answer:
    """Let a worker fetch the pictures of pets; who asks meanwhile gets the same answer. TaskError with a sentence if it ends early."""
    global _pet_fetch
    with _pet_guard:
        if _pet_fetch is None or _pet_fetch.answer.done():
            pet.wish(stop=False)
            task = {"home": str(store.folder), "source": asdict(source or pet.OXFORD)}
            _pet_fetch = PetFetch(workers().submit("fetch_pet", **task), token)
        return _pet_fetch.answer


def pet_fetch() -> PetFetch | None:
    """The fetching that is under way on this server, else the last one."""
    return _pet_fetch


Found = tuple[Summary, dict[str, bytes]]


def inspect_set(store: Store, name: str) -> Future[Found]:
    """Look into a data set in a worker: what is found, and where nothing is wrong its first images and masks as PNG by name.

    TaskError with a sentence for one that is not there.
    """
    return _desk.submit(_inspect, store.uploads(), name)


def _inspect(place: Path, name: str) -> Found:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        workers().submit("inspect", data=name, out=folder).result()
        summary = Summary.from_json(json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8")))
        return summary, written(folder)


def check_code(code: str, expected: Any) -> Callable[[], float]:
    """Run a snippet in a worker; the function returned waits for the largest difference from `expected`."""
    answer = workers().submit("check", code=code, expected=expected)
    return lambda: float(answer.result(timeout=60)["difference"])
