"""`seglab runs`: what it lists and shows, and that it deletes only what it was told to."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from seglab.cli import main
from seglab.train.config import TrainConfig
from seglab.train.store import Point, Run, Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path))
    return Store()


def run_of(store: Store, name: str = "", status: str = "finished", days: float = 0) -> Run:
    run = store.create(TrainConfig(steps=40), "somebody", name, status=status)
    store.weights(run.id).write_bytes(bytes(1_500_000))
    store.update(run.id, step=30, results={"mean_iou": 0.75} if status == "finished" else {})
    with sqlite3.connect(store.folder / "runs.sqlite") as database:
        database.execute("UPDATE runs SET updated = ? WHERE id = ?", (time.time() - days * 86_400, run.id))
    database.close()
    return store.run(run.id)


def seglab(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What `seglab runs` says."""
    capsys.readouterr()
    assert main(["runs", *arguments]) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(seglab(capsys, *arguments, "--json").splitlines()[-1])


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_list_has_a_line_for_each_run(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert seglab(capsys) == "no runs are here\n"
    first = run_of(store, "\x1b[31mred\x07", days=3)
    second = run_of(store, "a name that is longer than its column", "queued")
    lines = seglab(capsys, "list").splitlines()
    assert lines[0].split() == ["id", "name", "data", "steps", "mean", "IoU", "status", "age", "size"]
    assert lines[1].split() == [second.id, *["a", "name", "that", "is", "longer", "than…"], "cells", "30/40", "queued", "now", "1.5", "MB"]
    assert lines[2].split() == [first.id, "[31mred", "cells", "30/40", "0.750", "finished", "3", "d", "1.5", "MB"]
    assert len({len(line) for line in lines}) == 1, "columns stand under each other"
    assert seglab(capsys) == seglab(capsys, "list")
    found = told(capsys, "list", "--status", "queued")["runs"]
    assert [(row["id"], row["steps"], row["mean_iou"], row["under_way"], row["bytes"]) for row in found] == [
        (second.id, 30, None, True, 1_500_000)
    ]


def test_a_run_is_shown_with_its_curve(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(store, "mine")
    points = [
        Point(1, 0.1, loss=0.9),
        Point(2, 0.2, loss=0.3),
        Point(3, 0.3, loss=0.4),
        Point(3, 0.3, mean_iou=0.8),
        Point(4, 0.4, mean_iou=0.7),
    ]
    store.add_points(run.id, points)
    found = told(capsys, "show", run.id)
    assert found["curve"] == {"points": 4, "loss": {"first": 0.9, "last": 0.4, "lowest": 0.3}, "mean_iou": {"last": 0.7, "highest": 0.8}}
    assert (found["config"]["steps"], found["results"], found["weights"]) == (40, {"mean_iou": 0.75}, str(store.weights(run.id)))
    text = seglab(capsys, "show", run.id)
    assert "loss      0.9000 at first, 0.4000 at last, 0.3000 at its lowest" in text
    assert "finished after 30 steps, 0.0 s, mean IoU 0.7500" in text


def test_only_what_is_named_is_deleted_and_all_of_it_is_there(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = (run_of(store) for _ in range(3))
    assert "run 'norun' is not here" in seglab(capsys, "delete", one.id, "norun", "--yes", status=2)
    assert len(store.runs()) == 3
    assert "there is no terminal to ask at: --yes deletes without asking" in seglab(capsys, "delete", one.id, status=2)
    assert told(capsys, "delete", one.id, two.id, one.id, "--yes") == {"deleted": [one.id, two.id], "bytes": 3_000_000}
    assert [run.id for run in store.runs()] == [three.id]
    assert [path.name for path in (store.folder / "runs").iterdir()] == [three.id]


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_at_a_terminal_it_asks(
    answer: str, left: int, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(store, "mine")
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(["runs", "delete", run.id]) == left
    said = capsys.readouterr()
    assert f"{run.id}  mine\nDelete 1 with curves, pictures and weights (1.5 MB)? [y/N] " in said.err
    assert ("nothing was deleted" in said.err, len(store.runs())) == (bool(left), left)


def test_old_and_ended_ones_are_chosen_by_age(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    old, young, waiting = run_of(store, days=8), run_of(store, days=6), run_of(store, status="queued", days=9)
    assert told(capsys, "delete", "--older-than", "7d", "--yes")["deleted"] == [old.id]
    assert told(capsys, "delete", "--older-than", "1w", "--all-ended", "--yes")["deleted"] == []
    assert told(capsys, "delete", "--all-ended", "--yes")["deleted"] == [young.id]
    assert [run.id for run in store.runs()] == [waiting.id]


def test_what_is_under_way_is_stopped_first_and_only_if_told(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    waiting, training = run_of(store, status="queued"), run_of(store, status="running")
    lock = FileLock(store.lock(training.id).lock_file, thread_local=False)  # let go of by another thread
    lock.acquire()

    def worker() -> None:
        """Follows the wish, as `train/job.py` does."""
        while store.run(training.id).wish != "stop":
            time.sleep(0.02)
        store.update(training.id, status="stopped")
        lock.release()

    at_work = threading.Thread(target=worker)
    assert f"run {training.id} is running: --stop stops it first" in seglab(capsys, "delete", training.id, "--yes", status=2)
    assert len(store.runs()) == 2
    at_work.start()
    assert told(capsys, "delete", training.id, waiting.id, "--stop", "--yes")["deleted"] == [training.id, waiting.id]
    at_work.join()
    assert store.runs() == []


def test_what_does_not_stop_is_left(store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seglab.cli_runs.PATIENCE", 0.2)
    run = run_of(store, status="running")
    with store.lock(run.id):
        assert f"run {run.id} did not end within 0.2 seconds" in seglab(capsys, "delete", run.id, "--stop", "--yes", status=2)
    assert len(store.runs()) == 1


def test_clean_says_what_went(store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    old, young = run_of(store, days=31), run_of(store, days=8)
    assert seglab(capsys, "clean") == f"1 run ({old.id}: older than 30 days), 1.5 MB freed\n"
    assert seglab(capsys, "clean") == "nothing had to go\n"
    monkeypatch.setenv("SEGLAB_KEEP_RUN_DAYS", "")  # and taken back
    went = told(capsys, "clean", "--keep", "run_days=7")
    assert went == {"went": [{"what": "run", "name": young.id, "why": "older than 7 days", "bytes": 1_500_000}], "bytes": 1_500_000}
