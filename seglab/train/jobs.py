"""Jobs: work for other processes, asked for from the web process, which never loads torch itself.

One zygote a server, started with it and started again should it die. Where processes cannot fork, a warm worker waits for each task.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from seglab.data import pet
from seglab.data.pet import Source
from seglab.train.config import TrainConfig
from seglab.train.store import Run, Store

Answer = Future[dict[str, Any]]
GONE = "the worker process ended before it was done"


class TaskError(RuntimeError):
    """A task's failure, as the sentence that its worker gave."""


class Workers:
    """The process, or the waiting processes, that tasks are given to. Safe to use from any thread."""

    def __init__(self, fork: bool = sys.platform == "linux") -> None:
        self.fork = fork
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._open: dict[int, tuple[Answer, subprocess.Popen[bytes]]] = {}
        self._last = 0
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
                        answer.set_exception(TaskError("no worker process can be started on this machine"))
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


def most_running() -> int:
    """How many trainings this machine takes at a time."""
    return max(1, (os.cpu_count() or 1) // 2)


def start_run(store: Store, config: TrainConfig, token: str, name: str = "") -> Run:
    """Create a run and let a worker begin. Raises ValueError while as many are running as this machine takes."""
    with store.starting():
        refuse_too_many(store, token)
        run = store.create(config, token, name)
    _work_on(store, run.id)
    return run


def resume_run(store: Store, identity: str, token: str | None) -> None:
    """Go on with a run from its last checkpoint. Raises NotOwnerError, or ValueError while others take the machine."""
    store.refuse_others(identity, token)
    run = store.run(identity)
    with store.starting():
        alive = run.open and store.alive(identity)
        if alive and run.status != "paused":
            return
        refuse_too_many(store, token or "", besides=identity)
        if not alive:
            _answers.pop(identity, None)
        store.update(identity, wish="run", **({} if alive else {"status": "queued", "message": ""}))
    if not alive:
        _work_on(store, identity)


def refuse_too_many(store: Store, token: str, besides: str = "") -> None:
    """Raise ValueError where a visitor trains already, or the machine is full. A paused run takes nobody's place but its owner's."""
    under_way = [run for run in store.runs() if run.id != besides and store.under_way(run)]
    if any(store.owns(run.id, token) for run in under_way):
        raise ValueError("You are training already: stop that run before you start another one.")
    running = sum(run.status != "paused" for run in under_way)
    if running >= most_running():
        told = f"{running} other trainings are" if running > 1 else "1 other training is"
        raise ValueError(f"{told} running on this machine: try again when one has ended.")


_answers: dict[str, Answer] = {}  # of the worker that was last given each run


def _work_on(store: Store, identity: str) -> None:
    answer = _answers[identity] = workers().submit("train", run=identity, home=str(store.folder))
    answer.add_done_callback(lambda done: _note_end(store, identity, done))


def _note_end(store: Store, identity: str, done: Answer) -> None:
    """A worker that ended without a word leaves its run open: say what happened. One whose run another has taken over says nothing."""
    error = done.exception()
    if _answers.get(identity) is not done:
        return
    del _answers[identity]
    if error is None:
        return
    with suppress(LookupError):  # deleted meanwhile
        if not store.alive(identity):
            store.mark_lost(identity, f"{str(error)[:1].upper()}{str(error)[1:]}.")


Pictures = tuple[dict[str, Any], dict[str, bytes]]
# Pictures are segmented a few at a time; the others wait here, where an answer that nobody waits for any more is cancelled.
_desk = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="segment")


def segment_file(store: Store, data: bytes, weights: Path, shrink: int | None) -> Future[Pictures]:
    """Decode and segment an image file in a worker: what it says, and pictures as PNG by name, or TaskError with a sentence.

    The file exists only while the worker looks at it; what a server that was killed leaves goes when the next one starts.
    """
    return _desk.submit(_segment, store.uploads(), data, weights, shrink)


def _segment(place: Path, data: bytes, weights: Path, shrink: int | None) -> Pictures:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        source = Path(folder) / "image"
        source.write_bytes(data)
        said = workers().submit("segment", image=str(source), weights=str(weights), shrink=shrink, out=folder).result()
        return said, {path.stem: path.read_bytes() for path in Path(folder).glob("*.png")}


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


def check_code(code: str, expected: Any) -> Callable[[], float]:
    """Run a snippet in a worker; the function returned waits for the largest difference from `expected`."""
    answer = workers().submit("check", code=code, expected=expected)
    return lambda: float(answer.result(timeout=60)["difference"])
