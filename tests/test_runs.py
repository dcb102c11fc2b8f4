"""Runs, workers and the store: what survives a pause, a kill and a new server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import children, wait_for
from test_data import file

import seglab as sl
from seglab.infer.pictures import png
from seglab.train import job, jobs
from seglab.train.asked.check import check_code
from seglab.train.asked.segmenting import segment_file
from seglab.train.config import TrainConfig
from seglab.train.store import MOST_SNAPSHOTS, NotFoundError, NotOwnerError, Run, Snapshot, Store
from seglab.ui.runs import known_classes

LONG = TrainConfig(steps=100_000, width=4, depth=2, images=16, batch=4, size=48, threads=1)
SHORT = TrainConfig(steps=12, width=4, depth=2, images=16, batch=4, size=48, threads=1)


@pytest.fixture
def store(tmp_path: Path, workers: jobs.Workers) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    for run in made.runs():
        if run.open:
            made.update(run.id, wish="stop")
            wait_for(lambda run=run: not made.alive(run.id))


def reaches(store: Store, run: Run, status: str) -> Run:
    return wait_for(lambda: (now := store.run(run.id)).status == status and now, seconds=40, told=lambda: f"{store.run(run.id)}")


# -- workers -----------------------------------------------------------------------------------------------------------


def test_a_run_from_start_to_end(store: Store) -> None:
    run = jobs.start_run(store, SHORT, "token")
    finished = reaches(store, run, "finished")
    assert finished.step == 12
    assert 0 <= finished.results["mean_iou"] <= 1
    assert [point[0] for point in store.points(run.id)] == list(range(1, 13))
    assert store.snapshot(run.id).images.shape == (4, 48, 48)
    assert store.weights(run.id).exists()


def test_pause_resume_and_stop(store: Store) -> None:
    run = jobs.start_run(store, LONG, "token")
    wait_for(lambda: store.points(run.id))
    store.wish(run.id, "pause", "token")
    paused = reaches(store, run, "paused")
    assert store.weights(run.id).exists()
    assert store.run(run.id).step == paused.step
    jobs.resume_run(store, run.id, "token")
    reaches(store, run, "running")
    wait_for(lambda: store.run(run.id).step > paused.step + 5)
    store.wish(run.id, "stop", "token")
    stopped = reaches(store, run, "stopped")
    wait_for(lambda: not store.alive(run.id))
    jobs.resume_run(store, run.id, "token")
    wait_for(lambda: store.run(run.id).step > stopped.step)


def test_a_killed_worker_loses_nothing_that_was_saved(store: Store, workers: jobs.Workers) -> None:
    run = jobs.start_run(store, LONG, "token")
    wait_for(lambda: store.weights(run.id).exists() and store.run(run.id).status == "running")
    for pid in children(workers.pid):
        os.kill(pid, signal.SIGKILL)
    lost = reaches(store, run, "lost")
    assert lost.message == "The worker process was killed (signal 9)."
    assert store.points(run.id)
    jobs.resume_run(store, run.id, "token")
    reaches(store, run, "running")
    wait_for(lambda: store.run(run.id).step > lost.step)


def test_a_killed_zygote_leaves_its_workers_at_work_and_is_replaced(store: Store, workers: jobs.Workers) -> None:
    run = jobs.start_run(store, LONG, "token")
    wait_for(lambda: store.points(run.id))
    os.kill(workers.pid, signal.SIGKILL)
    wait_for(lambda: workers.pid is None)
    before = store.run(run.id).step
    wait_for(lambda: store.run(run.id).step > before + 5)
    trace = sl.relu([[-1, 2]])
    assert check_code(trace.torch_code(), trace.output.tolist())() == 0
    assert workers.pid is not None
    store.wish(run.id, "stop", "token")
    reaches(store, run, "stopped")


SERVER = """
import sys, time
from pathlib import Path
from seglab.train import jobs
from seglab.train.config import TrainConfig
from seglab.train.store import Store
store = Store(Path(sys.argv[1]))
print(jobs.start_run(store, TrainConfig(steps=100_000, width=4, depth=2, images=16, batch=4, size=48, threads=1), "token").id, flush=True)
time.sleep(600)
"""


def test_a_killed_server_leaves_a_saved_run_and_no_process(tmp_path: Path, workers: jobs.Workers) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    identity = server.stdout.readline().strip()
    store = Store(tmp_path)
    wait_for(lambda: store.points(identity), seconds=40)
    zygote = children(server.pid)
    at_work = [pid for parent in zygote for pid in children(parent)]
    assert zygote
    assert at_work
    server.kill()
    server.wait()
    server.stdout.close()
    wait_for(lambda: not store.alive(identity))
    run = store.run(identity)
    assert (run.status, run.message) == ("lost", "The server stopped while this run was training.")
    assert run.step > 0
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in [*zygote, *at_work]))
    jobs.resume_run(store, identity, "token")
    wait_for(lambda: store.run(identity).step > run.step)
    store.wish(identity, "stop", "token")
    reaches(store, run, "stopped")


def test_a_new_server_marks_what_was_cut_off(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.create(SHORT, "token")
    store.update(run.id, status="running")
    store.mark_left()
    assert store.run(run.id).status == "lost"
    assert "server stopped" in store.run(run.id).message


def test_what_fails_says_why(store: Store) -> None:
    run = jobs.start_run(store, TrainConfig(data="/nowhere", steps=2), "token")
    failed = reaches(store, run, "failed")
    assert "is neither a folder nor a generated set" in failed.message


def test_a_run_whose_folder_is_gone_still_has_classes(tmp_path: Path) -> None:
    """As runs of earlier versions, which did not keep them."""
    run = Store(tmp_path).create(TrainConfig(data="/nowhere/leaves"), "token")
    assert known_classes(run) == (("background", "object"), ((0, 0, 0), (213, 94, 0)))


def test_without_fork_a_warm_worker_waits_for_each_task(tmp_path: Path) -> None:
    own = jobs.Workers(fork=False)
    own.start()
    try:
        trace = sl.relu([[-1, 2]])
        for _ in range(2):
            answer = own.submit("check", code=trace.torch_code(), expected=trace.output.tolist())
            assert answer.result(timeout=60) == {"difference": 0.0}
    finally:
        own.close()


def test_an_answer_that_never_comes_is_an_error(workers: jobs.Workers) -> None:
    answer = workers.submit("check", code="import os\nos._exit(3)", expected=[])
    with pytest.raises(jobs.TaskError, match="the worker process ended before it was done"):
        answer.result(timeout=30)
    answer = workers.submit("check", code="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", expected=[])
    with pytest.raises(jobs.TaskError, match=r"the worker process was killed \(signal 9\)"):
        answer.result(timeout=30)


def test_pictures_are_segmented_and_refused_in_a_worker(store: Store) -> None:
    run = jobs.start_run(store, SHORT, "token")
    reaches(store, run, "finished")
    image = (np.random.default_rng(0).random((70, 90)) * 255).astype(np.uint8)
    used = segment_file(store, png(image), store.weights(run.id), None).result(timeout=60)
    assert used.told["size"] == [70, 90]
    assert used.file("overlay.png")[:4] == b"\x89PNG"
    for data, sentence in (
        (b"", "the file is empty"),
        (b"text", "is not an image"),
        (file(np.zeros((10_000, 10_000), bool)), "100.0 megapixels"),
    ):
        with pytest.raises(jobs.TaskError, match=sentence):
            segment_file(store, data, store.weights(run.id), None).result(timeout=60)


def test_a_long_pause_ends_in_a_saved_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "PAUSE_LIMIT", 0.3)
    run = store.create(LONG, "token", status="starting")
    store.wish(run.id, "pause", "token")
    job.Job(store, run.id, lambda: False).run()
    ended = store.run(run.id)
    assert ended.status == "stopped"
    assert "let go" in ended.message
    assert store.weights(run.id).exists()


def test_the_end_of_an_earlier_worker_says_nothing_of_a_run_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end may be noticed late, when the run waits for the next worker."""
    store, given = Store(tmp_path), list[jobs.Answer]()

    class Fake:
        closed = False

        def submit(self, do: str, **task: object) -> jobs.Answer:
            given.append(jobs.Answer())
            return given[-1]

    monkeypatch.setattr(jobs, "workers", Fake)
    run = jobs.start_run(store, TrainConfig(steps=5), "me")
    store.update(run.id, status="stopped")
    jobs.resume_run(store, run.id, "me")
    first, second = given
    first.set_exception(jobs.TaskError(jobs.GONE))
    assert store.run(run.id).status == "starting"
    second.set_exception(jobs.TaskError(jobs.GONE))
    assert store.run(run.id).status == "lost"


def test_owners_rename(store: Store) -> None:
    run = store.create(SHORT, "token")
    store.rename(run.id, "  deep \n net ", "token")
    assert store.run(run.id).name == "deep net"
    with pytest.raises(ValueError, match="a run needs a name"):
        store.rename(run.id, " ", "token")
    with pytest.raises(PermissionError):
        store.rename(run.id, "mine", "somebody else")


def test_small_pictures_are_segmented_too(store: Store) -> None:
    run = jobs.start_run(store, SHORT, "token")
    reaches(store, run, "finished")
    used = segment_file(store, png(np.zeros((8, 9), np.uint8)), store.weights(run.id), None).result(timeout=60)
    assert (used.told["size"], used.told["shrink"]) == ([8, 9], 1)
    del used
    wait_for(lambda: list(store.uploads().iterdir()) == [])


def test_the_web_side_loads_no_torch() -> None:
    code = "import sys; import seglab.train.jobs, seglab.train.store, seglab.train.config, seglab.infer.handcrafted, seglab.infer.pictures, seglab.ui.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the store ---------------------------------------------------------------------------------------------------------


def test_only_the_owner_changes_a_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.create(SHORT, "token")
    assert store.owns(run.id, "token")
    for act in (lambda t: store.wish(run.id, "stop", t), lambda t: store.delete(run.id, t), lambda t: jobs.resume_run(store, run.id, t)):
        for token in ("another", "", None):
            with pytest.raises(NotOwnerError, match="belongs to somebody else: its link lets you watch it"):
                act(token)
    assert b"token" not in (tmp_path / "runs.sqlite").read_bytes().replace(b"owner TEXT", b"")
    store.delete(run.id, "token")
    with pytest.raises(NotFoundError):
        store.run(run.id)
    assert not store.run_folder(run.id).exists()


@pytest.mark.parametrize("identity", ["", "nothing", "../../etc", "a" * 5000, "'; DROP TABLE runs; --", "\0"])
def test_a_link_to_no_run(identity: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is not here"):
        Store(tmp_path).run(identity)


def test_snapshots_are_thinned(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = store.create(SHORT, "token")
    blank = np.zeros((1, 8, 8), np.uint8)
    for step in range(3 * MOST_SNAPSHOTS):
        store.add_snapshot(run.id, Snapshot(step, blank, blank, blank, blank + step % 255))
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        steps = [row[0] for row in database.execute("SELECT step FROM snapshots ORDER BY step")]
    database.close()
    assert len(steps) <= MOST_SNAPSHOTS
    assert (steps[0], steps[-1]) == (0, 3 * MOST_SNAPSHOTS - 1)


def test_a_snapshot_of_an_earlier_seglab_is_read(tmp_path: Path) -> None:
    """Schema 1 kept three arrays of one shape: images, truths, and the probabilities of the object."""
    store = Store(tmp_path)
    run = store.create(SHORT, "token")
    old = np.stack([np.full((2, 4, 4), value, np.uint8) for value in (7, 1, 51)])
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        row = (run.id, 5, json.dumps(old.shape), zlib.compress(old.tobytes(), 1))
        database.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?)", row)
    database.close()
    found = store.snapshot(run.id)
    assert found is not None
    assert [int(array.max()) for array in (found.images, found.truths, found.predictions, found.certainties)] == [7, 1, 0, 204]
    assert found.predictions.shape == (2, 4, 4)


def test_a_store_of_a_later_seglab_is_refused(tmp_path: Path) -> None:
    Store(tmp_path)
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(ValueError, match="was written by a newer seglab"):
        Store(tmp_path)
