"""The worker forked ahead: that there is one while nothing trains, that it takes the next run, and what happens without it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import children, wait_for
from test_runs import LONG, SHORT, reaches

from seglab.train import jobs, trainer
from seglab.train.asked.check import check_code
from seglab.train.loop import fit
from seglab.train.spare import rehearse
from seglab.train.store import Store
from seglab.train.trainer import Trainer

pytestmark = pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="processes are forked ahead on Linux only")


def names(workers: jobs.Workers) -> dict[int, str]:
    """The workers there are, and what each is called."""
    found = {}
    for pid in children(workers.pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            found[pid] = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    return found


def rested(workers: jobs.Workers) -> int:
    """The one worker of a server at rest, once it has rehearsed."""
    ready = wait_for(lambda: list(names(workers).values()) == ["seglab ready"] and names(workers), told=lambda: f"{names(workers)}")
    return next(iter(ready))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_the_next_run_is_given_to_it_and_comes_out_as_everywhere(store: Store, workers: jobs.Workers) -> None:
    workers.start()
    spare = rested(workers)
    run = jobs.start_run(store, LONG, "token")
    wait_for(lambda: store.points(run.id))
    assert names(workers) == {spare: "seglab train"}, "and none is made while it trains"
    store.wish(run.id, "stop", "token")
    reaches(store, run, "stopped")
    assert rested(workers) != spare
    short = jobs.start_run(store, SHORT, "token")
    reaches(store, short, "finished")
    expected = [event.data["loss"] for event in fit(SHORT) if event.kind == "step"]
    assert [point.loss for point in store.points(short.id) if point.loss is not None] == expected


def test_other_tasks_leave_it_alone_and_end_without_it(store: Store, workers: jobs.Workers) -> None:
    spare = rested(workers)
    assert check_code("import torch\noutput = torch.tensor([1.0])", [1.0])() == 0
    assert rested(workers) == spare


def test_a_run_begins_without_it(store: Store, workers: jobs.Workers) -> None:
    os.kill(rested(workers), signal.SIGKILL)
    wait_for(lambda: not names(workers))
    assert check_code("import torch\noutput = torch.tensor([1.0])", [1.0])() == 0
    wait_for(lambda: not names(workers))  # it is not replaced: there may be no memory for it
    run = jobs.start_run(store, SHORT, "token")
    reaches(store, run, "finished")


@pytest.mark.parametrize("fails", [False, True])
def test_a_rehearsal_is_a_step_and_a_look_and_leaves_nothing_open(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Watched(Trainer):
        def train_step(self) -> float:
            done.append("step")
            if fails:
                raise MemoryError
            return super().train_step()

        def look(self) -> dict[str, Any]:
            done.append("look")
            return super().look()

        def close(self) -> None:
            done.append("close")
            super().close()

    monkeypatch.setattr(trainer, "Trainer", Watched)
    threads = torch.get_num_threads()
    rehearse()
    torch.set_num_threads(threads)
    assert done == (["step", "close"] if fails else ["step", "look", "close"])


def test_it_ends_with_its_server(tmp_path: Path) -> None:
    own = jobs.Workers()
    own.start()
    spare = rested(own)
    own.close()
    wait_for(lambda: not Path(f"/proc/{spare}").exists())
