"""Jobs: work for other processes, asked for from the web process, which never loads torch itself.

One zygote a server, started with it and started again should it die. Where processes cannot fork, a warm worker waits for each task. A
training waits for its turn in the store (`queue.py`) and is given to a worker by `advance`.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from seglab.train.config import TrainConfig
from seglab.train.failure import sentence
from seglab.train.queue import next_ones, refuse_crowd
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
        if self.closed:
            answer.set_exception(NoWorkerError("the server is stopping"))
            return answer
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


def leave(store: Store, seconds: float) -> list[str]:
    """At the end of a server: let every worker save what it is at, and wait until they have; returns the runs that had not in time.

    A worker sees that its server is gone and leaves its run to be resumed; what waits goes on waiting in the store.
    """
    left = [identity for identity in _answers if store.alive(identity)]
    workers().close()
    until = time.monotonic() + seconds
    while (left := [identity for identity in left if store.alive(identity)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


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
    """At the start of a server: mark what an earlier one left open, and go on with its queue."""
    store.mark_left()
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
