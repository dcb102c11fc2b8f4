"""Whose turn it is, what a training may take of the machine, what its owner can ask of it, and what is left when it fails."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import App, children, ready, wait_for
from filelock import Timeout
from test_runs import LONG, SHORT, reaches

from seglab import cli
from seglab.data.keeping import Keeping
from seglab.train import failure, job, jobs, limits, queue, stopping, weights
from seglab.train import store as stored
from seglab.train.config import TrainConfig
from seglab.train.housekeeping import clean_runs
from seglab.train.loop import Event
from seglab.train.network import network
from seglab.train.store import DiskFullError, NotOwnerError, Point, Run, Snapshot, Store
from seglab.train.trainer import Checkpoint

Visit = Callable[..., Any]


class Fake:
    """Workers that do nothing until the test says how they end."""

    closed = False

    def __init__(self) -> None:
        self.given: dict[str, jobs.Answer] = {}

    def submit(self, do: str, **task: str) -> jobs.Answer:
        answer = self.given[task["run"]] = jobs.Answer()
        return answer


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(jobs, "workers", lambda: made)
    monkeypatch.setattr(stored, "STARTING", 1e9)  # they are about to begin for as long as the test takes
    monkeypatch.setenv("SEGLAB_JOBS", "1")
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[jobs.Workers]:
    """Real ones; their zygote starts with the first task, and takes over the environment as it is then."""
    own = jobs.Workers()
    monkeypatch.setattr(jobs, "_workers", own)
    yield own
    for run in store.runs():
        store.update(run.id, wish="stop", **({"status": "stopped"} if run.status == "queued" else {}))
        wait_for(lambda run=run: not store.alive(run.id))
    own.close()


def status(store: Store, *runs: Run) -> list[str]:
    return [store.run(run.id).status for run in runs]


def places(store: Store, *runs: Run) -> list[int | None]:
    return [queue.position(store, store.run(run.id)) for run in runs]


def end(store: Store, fake: Fake, run: Run) -> None:
    store.update(run.id, status="finished")
    fake.given[run.id].set_result({})


# -- the queue ---------------------------------------------------------------------------------------------------------


def test_who_comes_first_begins_first(store: Store, fake: Fake) -> None:
    first, second, third = (jobs.start_run(store, SHORT, who) for who in ("a", "b", "c"))
    assert [first.status, second.status, third.status] == ["starting", "queued", "queued"]
    assert places(store, first, second, third) == [None, 1, 2]
    assert list(fake.given) == [first.id]
    end(store, fake, first)
    assert status(store, first, second, third) == ["finished", "starting", "queued"]
    assert places(store, third) == [1]
    fake.given[second.id].set_exception(jobs.TaskError(jobs.GONE))
    assert status(store, second, third) == ["lost", "starting"]


def test_a_visitor_has_one_run_at_a_time_and_the_others_pass(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "2")
    mine, again, yours, theirs = (jobs.start_run(store, SHORT, who) for who in ("a", "a", "b", "c"))
    assert status(store, mine, again, yours, theirs) == ["starting", "queued", "starting", "queued"]
    assert places(store, again, theirs) == [2, 1], "in the order in which they will begin"
    assert (queue.behind_own(store, again), queue.behind_own(store, theirs)) == (True, False)
    end(store, fake, yours)
    assert status(store, again, theirs) == ["queued", "starting"]
    end(store, fake, mine)
    assert status(store, again) == ["starting"]


def test_the_owner_of_the_server_may_allow_a_visitor_more(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "4")
    monkeypatch.setenv("SEGLAB_JOBS_PER_VISITOR", "2")
    assert status(store, *(jobs.start_run(store, SHORT, "a") for _ in range(3))) == ["starting", "starting", "queued"]


def test_a_paused_run_takes_its_owners_place_alone(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    paused = jobs.start_run(store, SHORT, "a")
    store.update(paused.id, status="paused")
    with store.lock(paused.id):
        own, other = jobs.start_run(store, SHORT, "a"), jobs.start_run(store, SHORT, "b")
        assert status(store, own, other) == ["queued", "starting"]
        jobs.resume_run(store, paused.id, "a")
        assert store.run(paused.id).held
        assert places(store, paused, own) == [1, 2], "it has kept its owner's place"
        end(store, fake, other)
        assert (store.run(paused.id).status, store.run(paused.id).wish) == ("starting", "run")
        assert list(fake.given) == [paused.id, other.id], "its own worker goes on"
        assert status(store, own) == ["queued"]


def test_a_held_run_counts_once(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS_PER_VISITOR", "2")
    others = jobs.start_run(store, SHORT, "b")
    held, own = store.create(SHORT, "a"), store.create(SHORT, "a")
    store.update(held.id, wish="pause")
    assert [queue.behind_own(store, run) for run in (held, own)] == [False, False]
    assert places(store, others, held, own) == [None, 1, 2]


def test_a_resumed_run_joins_at_the_end(store: Store, fake: Fake) -> None:
    old = jobs.start_run(store, SHORT, "a")
    store.update(old.id, status="stopped")
    running, waiting = jobs.start_run(store, SHORT, "b"), jobs.start_run(store, SHORT, "c")
    jobs.resume_run(store, old.id, "a")
    assert places(store, waiting, old) == [1, 2]
    jobs.resume_run(store, waiting.id, "c")
    assert places(store, waiting, old) == [1, 2], "who asks again stays where it is"
    assert status(store, running) == ["starting"]


def test_a_waiting_run_is_stopped_without_a_worker(store: Store, fake: Fake) -> None:
    first, second, third = (jobs.start_run(store, SHORT, who) for who in ("a", "b", "c"))
    chosen = store.run(second.id)
    store.wish(second.id, "stop", "b")
    assert status(store, second) == ["stopped"]
    assert places(store, second, third) == [None, 1]
    assert not jobs._give(store, chosen), "stopped in the moment in which its turn came"
    end(store, fake, first)
    assert list(fake.given) == [first.id, third.id]
    for wish in ("pause", "run"):
        jobs.resume_run(store, second.id, "b")
        with pytest.raises(ValueError, match="this run waits in the queue: until it begins it can only be stopped"):
            store.wish(second.id, wish, "b")


def test_a_waiting_run_is_deleted(store: Store, fake: Fake) -> None:
    first, second, third = (jobs.start_run(store, SHORT, who) for who in ("a", "b", "c"))
    store.delete(second.id, "b")
    end(store, fake, first)
    assert list(fake.given) == [first.id, third.id]


def test_a_queue_outlives_its_server(store: Store, fake: Fake) -> None:
    first, second = jobs.start_run(store, SHORT, "a"), jobs.start_run(store, SHORT, "b")
    store.update(first.id, status="running")  # with nobody at it: the server was killed
    fake.closed = True
    jobs.advance(store)
    assert status(store, second) == ["queued"], "a server that ends begins nothing"
    fake.closed = False
    jobs.take_up(store)
    assert status(store, first, second) == ["lost", "starting"]
    assert list(fake.given) == [first.id, second.id]


def test_a_crowd_is_refused(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (queue.MOST_WAITING_PER_VISITOR, queue.MOST_WAITING) == (20, 200)
    for _ in range(21):
        jobs.start_run(store, SHORT, "a")
    with pytest.raises(ValueError, match="20 runs of yours are waiting already"):
        jobs.start_run(store, SHORT, "a")
    jobs.start_run(store, SHORT, "b")
    monkeypatch.setattr(queue, "MOST_WAITING", 21)
    with pytest.raises(ValueError, match="21 runs are waiting on this machine already"):
        jobs.start_run(store, SHORT, "c")
    assert len(store.runs()) == 22


def test_runs_are_counted_and_begun_under_one_lock(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def looked(asked: Store) -> list[Run]:
        with pytest.raises(Timeout):
            asked.starting().acquire(timeout=0)
        seen.append(asked)
        return queue.next_ones(asked)

    monkeypatch.setattr(jobs, "next_ones", looked)
    threads = [threading.Thread(target=jobs.start_run, args=(store, SHORT, str(who))) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen
    assert sorted(status(store, *store.runs())) == ["queued"] * 5 + ["starting"]
    assert len(fake.given) == 1


def test_where_no_worker_can_be_had_the_others_go_on_waiting(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (jobs.start_run(store, SHORT, who) for who in ("a", "b", "c"))
    refusal = jobs.Answer()
    refusal.set_exception(jobs.NoWorkerError("no worker process can be started on this machine"))
    monkeypatch.setattr(fake, "submit", lambda do, **task: refusal)
    end(store, fake, first)
    assert status(store, second, third) == ["lost", "queued"]
    assert store.run(second.id).message == "No worker process can be started on this machine."


def test_a_look_at_an_empty_queue_is_one_question(store: Store, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.start_run(store, SHORT, "a")
    opened = []
    before = Store._open
    monkeypatch.setattr(Store, "_open", lambda self: opened.append(self) or before(self))
    jobs.advance(store)
    assert len(opened) == 1


def test_a_worker_takes_only_what_is_given_to_it(store: Store) -> None:
    run = store.create(SHORT, "a")
    with pytest.raises(ValueError, match=f"run {run.id} is queued: a worker takes only what is starting"):
        job.Job(store, run.id, lambda: False).run()
    assert status(store, run) == ["queued"]


def test_a_paused_run_goes_on_in_its_own_worker(store: Store, workers: jobs.Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "1")
    paused = jobs.start_run(store, LONG, "a")
    wait_for(lambda: store.points(paused.id))
    worker = children(workers.pid)
    store.wish(paused.id, "pause", "a")
    reaches(store, paused, "paused")
    other = jobs.start_run(store, LONG, "b")
    wait_for(lambda: store.points(other.id))
    jobs.resume_run(store, paused.id, "a")
    assert status(store, paused) == ["queued"]
    store.wish(other.id, "stop", "b")
    reaches(store, paused, "running")
    wait_for(lambda: children(workers.pid) == worker)


def test_a_paused_run_that_waits_is_stopped_and_comes_back(store: Store, workers: jobs.Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "1")
    paused = jobs.start_run(store, LONG, "a")
    wait_for(lambda: store.points(paused.id))
    store.wish(paused.id, "pause", "a")
    at = reaches(store, paused, "paused").step
    other = jobs.start_run(store, LONG, "b")
    jobs.resume_run(store, paused.id, "a")
    store.wish(paused.id, "stop", "a")
    assert status(store, paused) == ["stopped"]
    jobs.resume_run(store, paused.id, "a")
    store.wish(other.id, "stop", "b")
    wait_for(lambda: store.run(paused.id).step > at)


def test_a_waiting_run_is_seen_and_stopped_on_its_page(tmp_path: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "1")
    own = App(tmp_path)
    try:
        store = Store(tmp_path)
        first = store.create(SHORT, "somebody", status="starting")
        with visit("/train", server=own) as page, store.lock(first.id):

            def press(name: str, seen: str) -> None:
                ready(page)  # a press while the page is built anew would be lost
                page.get_by_role("button", name=name, exact=True).click()
                page.get_by_text(seen, exact=True).first.wait_for()

            press("Train", "Waiting: 1st in the queue")
            press("Stop", "Stopped")
            press("Start", "Waiting: 1st in the queue")
            store.update(first.id, status="stopped")
            page.get_by_text("Training", exact=True).wait_for()
            press("Stop", "Stopped")
    finally:
        own.stop()


# -- what a training may take ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cores", "running"), [(1, 1), (2, 2), (64, 4)])
def test_as_many_trainings_as_cores_but_not_more_than_four(cores: int, running: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "cores", lambda: cores)
    assert (limits.most_running(), limits.most_per_visitor()) == (running, 1)


def test_memory_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_machine_memory", lambda: 20 * limits.GIB)
    monkeypatch.setenv("SEGLAB_JOBS", "3")
    assert limits.job_memory() == 4 * limits.GIB
    monkeypatch.setenv("SEGLAB_JOBS", "60")
    assert limits.job_memory() == limits.GIB, "no less than a small training needs"
    monkeypatch.setenv("SEGLAB_JOB_MEMORY", "700")
    assert limits.job_memory() == 700 * 2**20


def test_a_container_may_have_less_memory_than_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_CGROUP", tmp_path / "memory.max")
    whole = limits._machine_memory()
    (tmp_path / "memory.max").write_text("max\n")
    assert limits._machine_memory() == whole
    (tmp_path / "memory.max").write_text("1048576\n")
    assert limits._machine_memory() == 2**20


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SEGLAB_JOBS", "many", "SEGLAB_JOBS='many' is not a whole number: 1 to 64"),
        ("SEGLAB_JOBS", "0", "SEGLAB_JOBS=0 is out of range: 1 to 64"),
        ("SEGLAB_JOBS_PER_VISITOR", "-1", "SEGLAB_JOBS_PER_VISITOR=-1 is out of range: 1 to 64"),
        ("SEGLAB_JOB_MEMORY", "1.5", "SEGLAB_JOB_MEMORY='1.5' is not a whole number: 256 to 16777216"),
    ],
)
def test_limits_that_are_none(variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError) as error:
        limits.settle()
    assert str(error.value) == told


def test_the_command_hands_the_limits_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for variable in ("SEGLAB_JOBS", "SEGLAB_JOBS_PER_VISITOR", "SEGLAB_JOB_MEMORY"):
        monkeypatch.setenv(variable, "")
    found = []
    said = lambda *given: found.append((limits.most_running(), limits.most_per_visitor(), limits.job_memory()))  # noqa: E731
    monkeypatch.setattr("seglab.ui.server.serve", said)
    assert cli.main(["app", "--jobs", "3", "--jobs-per-visitor", "2", "--job-memory", "512"]) == 0
    assert found == [(3, 2, 512 * 2**20)]
    assert os.environ["SEGLAB_JOBS"] == "3", "what workers read"
    assert cli.main(["app", "--jobs", "0"]) == 2
    assert capsys.readouterr().err == "seglab: jobs=0 is out of range: 1 to 64\n"
    assert len(found) == 1


def test_threads_are_shared_by_the_trainings_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "cores", lambda: 8)
    assert [limits.threads_of(0, running) for running in (1, 2, 3, 9)] == [8, 4, 2, 1]
    assert [limits.threads_of(wish, 2) for wish in (1, 8, 100)] == [1, 8, 8]


def test_workers_give_way_to_the_pages(store: Store, workers: jobs.Workers) -> None:
    run = jobs.start_run(store, LONG, "a")
    wait_for(lambda: store.points(run.id))
    (pid,) = children(workers.pid)
    here = os.getpriority(os.PRIO_PROCESS, 0)
    nice = sorted(os.getpriority(os.PRIO_PROCESS, int(thread.name)) - here for thread in Path(f"/proc/{pid}/task").iterdir())
    assert nice[0] >= 5
    assert nice[-1] >= nice[0] + 4, "batches are made at a lower priority still"
    session = Path(f"/proc/{pid}/autogroup")
    if session.exists() and "nice" in (told := session.read_text(encoding="ascii")):  # where the kernel shares cores by session
        ours = Path("/proc/self/autogroup").read_text(encoding="ascii").split()  # nothing where no session was begun since boot
        assert told.split()[0] not in ours
        assert int(told.split()[-1]) >= 5


def test_a_training_that_needs_too_much_memory_fails_alone(store: Store, workers: jobs.Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGLAB_JOBS", "2")
    monkeypatch.setenv("SEGLAB_JOB_MEMORY", "512")
    other = jobs.start_run(store, LONG, "a")
    wait_for(lambda: store.points(other.id))
    large = jobs.start_run(store, TrainConfig(batch=128, size=512, width=64, images=1), "b")
    failed = wait_for(lambda: not (now := store.run(large.id)).open and now, seconds=120)
    told = "There is not enough memory for this training (limit 0.5 GiB): a smaller crop, batch, width or depth needs less."
    assert (failed.status, failed.message) == ("failed", told)
    at = store.run(other.id).step
    wait_for(lambda: store.run(other.id).step > at)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …")])
def test_too_little_memory_is_said(error: Exception) -> None:
    assert failure.message(error) == "There is not enough memory for this training: a smaller crop, batch, width or depth needs less."


def test_too_little_memory_of_a_graphics_card_is_said() -> None:
    assert failure.reason(RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")).startswith(
        "there is not enough memory for this training on the graphics card"
    )


# -- a loop that does as the test says ---------------------------------------------------------------------------------


class Loop:
    """Stands for `loop.fit`: an event a step, and it remembers what it was sent."""

    def __init__(self, steps: int = 10**9) -> None:
        self.steps, self.step, self.apart = steps, 0, False
        self.sent: list[tuple[int, Any]] = []
        self.before: dict[int, Callable[[], object]] = {}  # what happens in front of a step
        self.started: dict[str, Any] = {"device": "CPU"}
        self.ended: dict[str, Any] = {"mean_iou": 0.5, "images_per_second": 9.0}

    def __call__(self, config: TrainConfig, resume: Checkpoint | None = None) -> Generator[Event, Any, None]:
        self.step = resume.step if resume else 0
        yield from self.say("start", self.started)
        while self.step < self.steps:
            self.before.get(self.step + 1, lambda: None)()
            self.step += 1
            apart, self.apart = self.apart, False
            save = yield from self.say("step", {"loss": 1 / self.step, "images_per_second": 9.0, "learning_rate": 0.1})
            if apart:
                save = (yield from self.say("anatomy", {"of": self.step})) or save
            if save:
                yield from self.checkpoint()
        yield from self.checkpoint()
        yield from self.say("end", self.ended)

    def checkpoint(self) -> Generator[Event, Any, Any]:
        tensors = {f"model.{name}": tensor for name, tensor in network(SHORT, 1, 2).state_dict().items()}
        return (yield from self.say("checkpoint", {"checkpoint": Checkpoint(tensors, self.step, float(self.step))}))

    def say(self, kind: Any, data: dict[str, Any]) -> Generator[Event, Any, bool]:
        """Whether a checkpoint is wished."""
        wishes = (yield Event(kind, self.step, float(self.step), data)) or []
        self.sent += [(self.step, wish) for wish in wishes]
        self.apart = self.apart or "anatomy" in wishes
        return "checkpoint" in wishes


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(job, "fit", made)
    monkeypatch.setattr(job, "LISTEN_EVERY", -1.0)  # it listens after every step
    monkeypatch.setattr(job.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(job, "set_threads", lambda count: None)
    return made


def given(store: Store) -> Run:
    return store.create(SHORT, "a", status="starting")


def work(store: Store, run: Run) -> None:
    job.Job(store, run.id, lambda: False).run()


def test_a_training_takes_its_share_of_the_threads_as_others_come_and_go(store: Store, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    monkeypatch.setattr(limits, "cores", lambda: 8)
    monkeypatch.setattr(job, "set_threads", counts.append)
    stale = store.create(SHORT, "b", status="running")  # nobody is at it
    run = store.create(TrainConfig(), "a", status="starting")
    others: list[Run] = []
    loop.steps = 9
    loop.before[3] = lambda: others.append(store.create(SHORT, "c", status="starting"))
    loop.before[5] = lambda: others.append(store.create(SHORT, "d", status="starting"))
    loop.before[7] = lambda: [store.update(other.id, status="paused") for other in others]
    work(store, run)
    assert counts == [8, 4, 2, 8]
    assert status(store, stale, run) == ["running", "finished"]


def test_a_learning_rate_is_changed_once_and_kept(store: Store, loop: Loop) -> None:
    run = given(store)
    loop.before[4] = lambda: store.set_learning_rate(run.id, 0.25, "a")
    loop.before[8] = lambda: store.wish(run.id, "stop", "a")
    work(store, run)
    assert loop.sent == [(4, ("learning_rate", 0.25)), (8, "checkpoint")]
    assert store.run(run.id).learning_rate == 0.25
    assert store.run(run.id).config == run.config
    loop.sent.clear()
    loop.before, loop.steps = {}, 12
    store.update(run.id, status="starting")
    work(store, run)
    assert loop.sent == [(8, ("learning_rate", 0.25))], "the loop that goes on learns of it before its first step"


def test_a_change_of_the_learning_rate_does_not_hold_up_a_stop(store: Store, loop: Loop) -> None:
    run = given(store)
    loop.before[4] = lambda: (store.set_learning_rate(run.id, 0.25, "a"), store.wish(run.id, "stop", "a"))
    work(store, run)
    assert weights.read_checkpoint(store.weights(run.id))[0].step == 4


@pytest.mark.parametrize("value", [0, 2, float("nan"), "fast", True])
def test_a_learning_rate_out_of_range_is_refused(value: Any, store: Store) -> None:
    run = given(store)
    with pytest.raises(ValueError, match="learning_rate="):
        store.set_learning_rate(run.id, value, "a")
    with pytest.raises(NotOwnerError):
        store.set_learning_rate(run.id, 0.1, "b")
    assert store.run(run.id).learning_rate is None


def test_single_steps(store: Store, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look of the paused worker is a turn of the test."""
    run, seen = given(store), []
    with pytest.raises(ValueError, match="a single step is made while a run is paused: this one is starting"):
        store.wish(run.id, "step", "a")

    def turn(seconds: float) -> None:
        seen.append((store.run(run.id).status, store.run(run.id).wish, store.run(run.id).step, (store.anatomy(run.id) or {}).get("step")))
        if len(seen) == 1:
            store.set_learning_rate(run.id, 0.5, "a")
        store.wish(run.id, "step" if len(seen) < 3 else "stop", "a")

    monkeypatch.setattr(job.time, "sleep", turn)
    loop.before[2] = lambda: store.wish(run.id, "pause", "a")
    work(store, run)
    assert seen == [("paused", "pause", 2, None), ("paused", "pause", 3, 3), ("paused", "pause", 4, 4)]
    assert store.anatomy(run.id) == {"of": 4, "step": 4}
    assert loop.sent.index((2, "anatomy")) < loop.sent.index((2, ("learning_rate", 0.5))) < loop.sent.index((3, "checkpoint")), (
        "the step was made with the new one"
    )
    assert weights.read_checkpoint(store.weights(run.id))[0].step == 4
    assert [point[0] for point in store.points(run.id)] == [1, 2, 3, 4]
    assert status(store, run) == ["stopped"]


def test_the_last_single_step_ends_the_run(store: Store, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    run = given(store)
    monkeypatch.setattr(job.time, "sleep", lambda seconds: store.wish(run.id, "step", "a"))
    loop.before[2], loop.steps = lambda: store.wish(run.id, "pause", "a"), 3
    work(store, run)
    assert status(store, run) == ["finished"]
    assert store.run(run.id).step == 3


def test_a_pause_that_the_server_does_not_outlive(store: Store, loop: Loop) -> None:
    """A run that waits for its turn goes on waiting; the next server gives it another worker."""
    for waiting, told in ((False, ("lost", "The server stopped while this run was paused.")), (True, ("queued", ""))):
        run, gone = given(store), []
        loop.before[2] = lambda run=run: store.wish(run.id, "pause", "a")

        def left(run: Run = run, waiting: bool = waiting, gone: list[Any] = gone) -> bool:
            if store.run(run.id).status == "paused":
                gone.append(run)
                if waiting:
                    store.change(run.id, {}, status="queued")
            return bool(gone)

        job.Job(store, run.id, left).run()
        now = store.run(run.id)
        assert ((now.status, now.message), now.wish) == (told, "run")


def test_a_long_pause_ends_but_for_a_run_that_waits_for_its_turn(store: Store) -> None:
    run = store.create(SHORT, "a", status="paused")
    store.wish(run.id, "pause", "a")
    paused = job.Job(store, run.id, lambda: False)
    store.update(run.id, status="queued")
    assert not paused._let_go(until=0.0)
    assert store.run(run.id).held
    store.update(run.id, status="paused")
    assert not paused._let_go(until=float("inf"))
    assert paused._let_go(until=0.0)
    assert status(store, run) == ["stopped"]


def test_reset_goes_back_to_the_same_initial_weights(store: Store) -> None:
    run = given(store)
    work(store, run)
    before = store.points(run.id)
    store.add_anatomy(run.id, 3, {})
    store.update(run.id, learning_rate=0.5)
    with pytest.raises(NotOwnerError):
        store.reset(run.id, "b")
    store.reset(run.id, "a")
    now = store.run(run.id)
    assert (now.status, now.step, now.seconds, now.results, now.learning_rate, now.config) == ("stopped", 0, 0, {}, None, run.config)
    assert (store.points(run.id), store.snapshot(run.id), store.anatomy(run.id), store.weights(run.id).exists()) == ([], None, None, False)
    store.update(run.id, status="starting")
    work(store, run)
    assert [point[2] for point in store.points(run.id)] == [point[2] for point in before]


@pytest.mark.parametrize("state", ["queued", "starting", "running", "paused"])
def test_only_what_has_ended_is_reset(state: str, store: Store) -> None:
    run = store.create(SHORT, "a", status=state)
    with pytest.raises(ValueError, match="this run is under way: stop it before it is reset"):
        store.reset(run.id, "a")


def test_a_stop_does_not_wait_for_a_long_step(store: Store, workers: jobs.Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    run = given(store)
    code = f"""
import threading, torch
from seglab.train import job, tasks
from seglab.train.loop import Event
def fit(config, resume=None):
    yield Event("start", 0, 0.0, {{"device": "CPU"}})
    threading.Event().wait()
job.fit = fit
tasks.train({{"home": {str(store.folder)!r}, "run": {run.id!r}}}, lambda: False)
"""
    answer = workers.submit("check", code=code, expected=[])
    reaches(store, run, "running")
    store.wish(run.id, "stop", "a")
    with pytest.raises(jobs.TaskError, match=jobs.GONE):
        answer.result(timeout=60)
    now = store.run(run.id)
    assert (now.status, now.wish, store.alive(run.id)) == ("stopped", "run", False)


def test_the_process_of_a_deleted_run_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run, ends, looks = given(store), list[int](), []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            store.delete(run.id, "a")
        assert len(looks) < 50

    monkeypatch.setattr(stopping.time, "sleep", look)
    stopping.watch(store, run.id, ends.append)
    assert ends == [0]
    assert sum(looks[2:]) == pytest.approx(stopping.PATIENCE, abs=stopping.LOOK_EVERY)


# -- failures ----------------------------------------------------------------------------------------------------------


def fails(store: Store, run: Run) -> Run:
    with pytest.raises(Exception):  # noqa: B017
        work(store, run)
    return store.run(run.id)


def raising(error: Exception) -> Callable[..., None]:
    def act(*_: object, **__: object) -> None:
        raise error

    return act


class DivergedError(ValueError):
    """As the loop's."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            DivergedError("the loss is not a number at step 4: try a smaller learning rate"),
            "The loss is not a number at step 4: try a smaller learning rate.",
        ),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_what_fails_keeps_its_points_and_its_last_checkpoint(error: Exception, told: str, store: Store, loop: Loop) -> None:
    run = given(store)
    loop.before[3] = lambda: store.wish(run.id, "stop", "a")
    work(store, run)
    saved = store.weights(run.id).read_bytes()
    store.update(run.id, status="starting")
    loop.before = {6: raising(error)}
    failed = fails(store, run)
    assert (failed.status, failed.message, failed.step) == ("failed", told, 5)
    assert [point[0] for point in store.points(run.id)] == [1, 2, 3, 4, 5]
    assert store.weights(run.id).read_bytes() == saved


@pytest.mark.parametrize("where", ["save_file", "os.replace"])
def test_a_full_disk_keeps_the_last_checkpoint(where: str, store: Store, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    run = given(store)
    loop.before[3] = lambda: store.wish(run.id, "stop", "a")
    work(store, run)
    saved = store.weights(run.id).read_bytes()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def half(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise full

    if where == "save_file":
        monkeypatch.setattr(weights, "save_file", half)
    else:
        monkeypatch.setattr(weights.os, "replace", raising(full))
    store.update(run.id, status="starting")
    loop.before[6] = lambda: store.wish(run.id, "stop", "a")
    failed = fails(store, run)
    assert failed.status == "failed"
    assert failed.message == "The disk is full: what was saved before is kept, and room is needed to go on."
    assert store.weights(run.id).read_bytes() == saved
    assert {path.name for path in store.run_folder(run.id).iterdir()} <= {"checkpoint.safetensors", "lock"}


def test_a_full_database_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def full(*given: Any, **named: Any) -> sqlite3.Connection:
        database = connect(*given, **named)
        database.execute("PRAGMA max_page_count = 1")  # the pages that there are stay, no other one is to be had
        return database

    monkeypatch.setattr(stored.sqlite3, "connect", full)
    run = store.create(TrainConfig(), "a")
    with pytest.raises(DiskFullError) as error:
        store.update(run.id, message="x" * 100_000)
    assert failure.reason(error.value).startswith("the disk is full: ")


FULL = """
import resource, sys
from pathlib import Path
from seglab.train.config import TrainConfig
from seglab.train.store import DiskFullError, Store
store = Store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file grows any more, as on a disk without room
print(store.run(sys.argv[2]).status, [point.loss for point in store.points(sys.argv[2])])
for write in (lambda: store.update(sys.argv[2], message="x"), lambda: store.create(TrainConfig(), "a")):
    try:
        write()
    except DiskFullError:
        print("full")
"""


def test_on_a_full_disk_runs_are_read_and_nothing_is_left_half(store: Store) -> None:
    run = store.create(TrainConfig(), "a")
    store.add_points(run.id, [Point(1, 0.5, loss=0.25)])
    told = subprocess.run([sys.executable, "-c", FULL, str(store.folder), run.id], capture_output=True, text=True, check=False)
    assert (told.stdout.splitlines(), told.stderr) == (["queued [0.25]", "full", "full"], "")
    assert [folder.name for folder in store.run_folder(run.id).parent.iterdir()] == [run.id]
    assert store.run(run.id).message == ""


def test_a_run_whose_failure_cannot_be_noted_is_found_cut_off(store: Store, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    run = given(store)
    loop.before[4] = lambda: monkeypatch.setattr(Store, "change", raising(DiskFullError(errno.ENOSPC, "no room")))
    before = Store.change
    with pytest.raises(DiskFullError):
        work(store, run)
    monkeypatch.setattr(Store, "change", before)
    now = store.run(run.id)
    assert now.given
    assert not store.under_way(now)
    done = jobs.Answer()
    done.set_exception(jobs.TaskError("the disk is full"))
    jobs._answers[run.id] = done
    jobs._note_end(store, run.id, done)
    assert (store.run(run.id).status, store.run(run.id).message) == ("lost", "The disk is full.")


# -- the store ---------------------------------------------------------------------------------------------------------

SCHEMA_2 = """
CREATE TABLE runs (
  id TEXT PRIMARY KEY, created REAL, updated REAL, owner TEXT, name TEXT, config TEXT, status TEXT, wish TEXT, message TEXT,
  device TEXT, step INTEGER, seconds REAL, results TEXT);
CREATE TABLE points (run TEXT, step INTEGER, seconds REAL, loss REAL, mean_iou REAL, rate REAL, PRIMARY KEY (run, step));
CREATE TABLE snapshots (run TEXT, step INTEGER, shape TEXT, data BLOB, PRIMARY KEY (run, step));
PRAGMA user_version = 2;
"""


def test_a_store_of_schema_2_is_brought_up(tmp_path: Path) -> None:
    arrays = [np.full((2, 4, 4), value, np.uint8) for value in (7, 1, 0, 204)]
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        database.executescript(SCHEMA_2)
        config = json.dumps({"data": "cells", "depth": 2, "steps": 12})
        begun = time.time() - 100
        row = ("old", begun, begun, stored.owner_mark("a"), "cells", config, "stopped", "run", "", "CPU", 3, 1.5, '{"mean_iou": 0.5}')
        database.execute(f"INSERT INTO runs VALUES ({','.join('?' * 13)})", row)
        data = zlib.compress(b"".join(array.tobytes() for array in arrays))
        database.execute("INSERT INTO snapshots VALUES ('old', 3, ?, ?)", (json.dumps([array.shape for array in arrays]), data))
    database.close()
    Store(tmp_path)
    store = Store(tmp_path)
    run = store.run("old")
    assert (run.status, run.step, run.results, run.config.depth, run.learning_rate) == ("stopped", 3, {"mean_iou": 0.5}, 2, None)
    found = store.snapshot("old")
    assert [int(array.max()) for array in (found.images, found.truths, found.predictions, found.certainties)] == [7, 1, 0, 204]
    assert (found.filters.shape[0], found.maps) == (0, {})
    store.set_learning_rate("old", 0.01, "a")
    assert store.run("old").learning_rate == 0.01
    store.create(SHORT, "b")
    store.update("old", status="queued")
    assert next(waiting.id for waiting in store.with_status("queued")) == "old"


def test_two_processes_may_bring_a_store_up_at_a_time(tmp_path: Path) -> None:
    """The second finds the columns that the first has added meanwhile."""
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        database.executescript(SCHEMA_2)
        stored._bring_up(database)
        stored._bring_up(database)
        names = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
    database.close()
    assert len(names) == len(set(names)) == 15


def test_a_snapshot_holds_filters_and_maps(store: Store) -> None:
    run, rng = given(store), np.random.default_rng(0)

    def made(*shape: int) -> Any:
        return rng.integers(0, 255, shape, dtype=np.uint8)

    kept = Snapshot(
        7,
        made(2, 8, 8, 3),
        made(2, 8, 8),
        made(2, 8, 8),
        made(2, 8, 8),
        made(5, 3, 3, 3),
        {"encoder 1": made(4, 8, 8), "head": made(2, 4, 4)},
    )
    store.add_snapshot(run.id, kept)
    found = store.snapshot(run.id)
    for name in ("images", "truths", "predictions", "certainties", "filters"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
    assert list(found.maps) == ["encoder 1", "head"]
    for name, array in kept.maps.items():
        np.testing.assert_array_equal(found.maps[name], array)


def test_what_a_snapshot_event_says_more_is_kept() -> None:
    images, truths = np.arange(16, dtype=np.float32).reshape(1, 4, 4), np.zeros((1, 4, 4))
    data = {"images": images, "truths": truths, "predictions": truths, "certainties": truths, "mean_iou": 0.5}
    plain = job.packed(Event("snapshot", 3, 0.0, data))
    assert (plain.filters.shape[0], plain.maps) == (0, {})
    more = {"filters": np.ones((2, 3, 3), np.uint8), "maps": {"head": np.ones((1, 4, 4), np.uint8)}}
    full = job.packed(Event("snapshot", 3, 0.0, {**data, **more}))
    assert full.filters is more["filters"]
    assert full.maps is more["maps"]


def test_a_training_is_replayed(store: Store) -> None:
    run, blank = given(store), np.zeros((1, 2, 2), np.uint8)
    assert store.snapshot_steps(run.id) == []
    for step in (10, 20, 30):
        store.add_snapshot(run.id, Snapshot(step, blank, blank, blank, blank))
    assert store.snapshot_steps(run.id) == [10, 20, 30]
    assert [(found := store.snapshot(run.id, step)) and found.step for step in (9, 10, 29, 31, None)] == [None, 10, 20, 30, 30]


def test_the_latest_anatomy_is_kept(store: Store) -> None:
    run = given(store)
    assert store.anatomy(run.id) is None
    store.add_anatomy(run.id, 3, {"loss": 0.5})
    store.add_anatomy(run.id, 4, {"loss": 0.25})
    assert store.anatomy(run.id) == {"loss": 0.25, "step": 4}
    store.forget_after(run.id, 3)
    assert store.anatomy(run.id) is None


def test_results_come_together(store: Store, loop: Loop) -> None:
    run = given(store)
    loop.steps, loop.started = (
        2,
        {"device": "CPU", "classes": ["background", "cell"], "colours": [[0, 0, 0], [255, 255, 255]], "parameters": 7},
    )
    loop.ended = {"mean_iou": 0.5, "images_per_second": 9.0, "per_class": [0.4, 0.6]}
    work(store, run)
    classes = {"classes": ["background", "cell"], "colours": [[0, 0, 0], [255, 255, 255]]}
    assert store.run(run.id).results == {**classes, **loop.ended}


def test_runs_that_wait_push_no_ended_one_out(store: Store) -> None:
    ended = store.create(SHORT, "a", status="finished")
    for _ in range(4):
        store.create(SHORT, "b")
    clean_runs(store, Keeping(runs=2))
    assert status(store, ended) == ["finished"]
    assert time.time() - ended.created < 86_400
