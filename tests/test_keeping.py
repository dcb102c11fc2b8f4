"""What is kept, for how long and how much of it; what clean-up takes and what it leaves alone; and the note that says so."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, wait_for
from streamlit.testing.v1 import AppTest

from seglab.data import pet, remembered
from seglab.data.keeping import DAY, MB, NAMES, Keeping, Went, keeping, settle_keeping
from seglab.data.summary import Summary
from seglab.data.uploads import folder_of, keep
from seglab.train import housekeeper, scratch
from seglab.train.config import TrainConfig
from seglab.train.housekeeping import clean, clean_runs, clean_snapshots, discard_upload, keep_upload
from seglab.train.store import Run, Snapshot, Store
from seglab.ui import uploaded

PICTURE = b"a file that nobody decodes"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path / "home"))
    for name in NAMES:
        monkeypatch.setenv(f"SEGLAB_KEEP_{name.upper()}", "")  # and taken back, whatever a test settles
    return Store()


def run_of(store: Store, days: float = 0, size: int = 0, status: str = "finished", data: str = "cells") -> Run:
    """A run that was last changed so many days ago, with weights of so many bytes."""
    run = store.create(TrainConfig(data=data, steps=5), "token", status=status)
    store.weights(run.id).write_bytes(bytes(size))
    with sqlite3.connect(store.folder / "runs.sqlite") as database:
        database.execute("UPDATE runs SET updated = ? WHERE id = ?", (time.time() - days * DAY, run.id))
    database.close()
    return store.run(run.id)


def there(store: Store, *runs: Run) -> list[bool]:
    found = {run.id for run in store.runs()}
    assert all(store.run_folder(run.id).exists() == (run.id in found) for run in runs)
    return [run.id in found for run in runs]


# -- the table -----------------------------------------------------------------------------------------------------------


def test_the_owner_changes_the_table(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    assert keeping() == Keeping()
    monkeypatch.setenv("SEGLAB_KEEP_RUN_DAYS", "7")
    monkeypatch.setenv("SEGLAB_KEEP_UPLOADS", "3")
    settle_keeping(["uploads=12"])
    assert keeping() == Keeping(run_days=7, uploads=12)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("run_days=0", "run_days=0 is out of range: 1 to 3650"),
        ("runs=many", "runs='many' is not a whole number: 1 to 100000"),
        ("run_days", "--keep 'run_days' is unknown: NAME=NUMBER, where NAME is run_days, runs, "),
        ("weeks=3", "--keep 'weeks=3' is unknown"),
    ],
)
def test_what_cannot_be_is_said(given: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        settle_keeping([given])
    monkeypatch.setenv("SEGLAB_KEEP_RUN_DAYS", "-1")
    with pytest.raises(ValueError, match="SEGLAB_KEEP_RUN_DAYS=-1 is out of range: 1 to 3650"):
        keeping()


# -- runs ----------------------------------------------------------------------------------------------------------------


def test_old_runs_go_and_open_ones_stay(store: Store) -> None:
    old, young = run_of(store, 31), run_of(store, 29)
    waiting, training, cut_off = (
        run_of(store, 90, status="queued"),
        run_of(store, 90, status="running"),
        run_of(store, 90, status="running"),
    )
    with store.lock(training.id):
        went = clean_runs(store, Keeping())
        assert there(store, old, young, waiting, training, cut_off) == [False, True, True, True, False]
    assert {(each.what, each.name, each.why) for each in went} == {("run", run.id, "older than 30 days") for run in (old, cut_off)}


def test_of_too_many_the_oldest_go(store: Store) -> None:
    runs = [run_of(store, days) for days in (3, 1, 2, 0)]
    waiting = run_of(store, 9, status="queued")
    clean_runs(store, Keeping(runs=2))
    assert there(store, *runs, waiting) == [False, True, False, True, True]


def test_of_too_large_ones_the_oldest_go_until_the_rest_fits(store: Store) -> None:
    large, small, new = run_of(store, 3, 2 * MB), run_of(store, 2, MB // 10), run_of(store, 1, MB // 2)
    went = clean_runs(store, Keeping(run_megabytes=1))
    assert there(store, large, small, new) == [False, True, True]
    assert went == [Went("run", large.id, "runs of more than 1 MB together", 2 * MB)]


def test_a_run_that_somebody_goes_on_with_in_that_moment_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old, starting = run_of(store, 31), store.starting

    def resumed_before() -> Any:
        monkeypatch.setattr(store, "starting", starting)
        store.update(old.id, status="queued")
        return starting()

    monkeypatch.setattr(store, "starting", resumed_before)
    assert clean_runs(store, Keeping()) == []
    assert there(store, old) == [True]


def snapshot(step: int) -> Snapshot:
    pixels = np.random.default_rng(step).integers(0, 255, (1, 400, 400), np.uint8)  # 160 kB, since noise is not packed
    return Snapshot(step, pixels, *[np.zeros((1, 400, 400), np.uint8)] * 3)


def test_pictures_of_the_oldest_trainings_are_thinned_and_the_disk_gets_their_room(store: Store) -> None:
    old, new = run_of(store, 2), run_of(store, 1)
    for step in range(5):
        for run in (old, new):
            store.add_snapshot(run.id, snapshot(step))
    training = run_of(store, 9, status="queued")
    store.add_snapshot(training.id, snapshot(1))
    before = (store.folder / "runs.sqlite").stat().st_size
    went = clean_snapshots(store, Keeping(snapshot_megabytes=1))
    assert (store.snapshot_steps(old.id), store.snapshot_steps(new.id)) == ([0, 4], [0, 1, 2, 3, 4])
    assert store.snapshot(old.id, 3) is not None
    assert [(each.what, each.name) for each in went] == [("snapshots", old.id)]
    assert 450_000 < went[0].bytes < 500_000
    store.shrink()
    assert (store.folder / "runs.sqlite").stat().st_size < before - 400_000
    assert clean_snapshots(store, Keeping(snapshot_megabytes=1)) == [], "what is thin already is left"


def test_a_database_of_before_gives_room_back_once_nobody_is_at_it(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        database.execute("CREATE TABLE ballast (data BLOB)")
        database.execute("INSERT INTO ballast VALUES (zeroblob(3000000))")
        database.execute("DELETE FROM ballast")
    database.close()
    store = Store(tmp_path)
    run = run_of(store, status="queued")
    store.shrink()
    store.compact()
    assert (tmp_path / "runs.sqlite").stat().st_size > 3_000_000
    store.update(run.id, status="stopped")
    store.compact()
    assert (tmp_path / "runs.sqlite").stat().st_size < 200_000
    assert there(store, run) == [True]


# -- uploads and what else lies about ------------------------------------------------------------------------------------


def files(name: str, size: int = 1000) -> list[tuple[str, str, bytes]]:
    return [("images", f"{name}.png", bytes(size)), ("masks", f"{name}.png", PICTURE)]


def test_uploads_that_a_run_learns_from_stay_and_no_more_are_taken_then(store: Store) -> None:
    settle_keeping(["upload_megabytes=1"])
    first = keep_upload(store, files("first", MB * 6 // 10), "")
    second = keep_upload(store, files("second", MB * 6 // 10), "")
    with pytest.raises(ValueError, match="are gone"):
        folder_of(first)
    run_of(store, status="queued", data=second)
    with pytest.raises(ValueError, match="this server keeps 1 MB of uploads, all of which runs are learning from now"):
        keep_upload(store, files("third", MB * 6 // 10), "")
    assert [path.name for path in folder_of(second).parent.iterdir()] == [second.removeprefix("own:")]
    keep_upload(store, files("small"), "")


def test_a_person_deletes_an_upload_that_no_run_needs(store: Store) -> None:
    name = keep(files("mine"), "")
    remembered.remember(folder_of(name), "", Summary(1, 1, (), (), (), (1, 1), (1, 1)))
    run = run_of(store, data=name)
    with pytest.raises(ValueError, match="a run is kept that learned from these pictures"):
        discard_upload(store, name)
    store.remove(run.id)
    discard_upload(store, name)
    assert list((store.folder / "sets").iterdir()) == list((store.folder / "summaries").iterdir()) == []


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 10)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def test_what_else_lies_about_goes_in_its_time(store: Store) -> None:
    home = store.folder
    old = [aged(home / "patches" / "old.safetensors", 31), aged(home / "restore" / "old.json", 31), aged(home / "summaries" / "a.json", 31)]
    young = [aged(home / "patches" / "new.safetensors", 29), aged(home / "summaries" / "b.json", 29)]
    part = aged(pet.downloads() / "images.tar.gz.part", 8)
    orphan, begun = store.run_folder("gone"), store.run_folder("begun")
    for folder in (orphan, begun, store.run_folder(".gone-half")):
        folder.mkdir(parents=True)
    os.utime(orphan, (0, 0))
    went = clean(store)
    assert [path.exists() for path in (*old, part, orphan, store.run_folder(".gone-half"))] == [False] * 6
    assert all(path.exists() for path in (*young, begun))
    assert {each.what for each in went} == {"network", "summary", "download", "left over"}
    assert clean(store) == []


def test_half_a_download_stays_while_somebody_is_at_it_or_was_lately(store: Store) -> None:
    part = aged(pet.downloads() / "images.tar.gz.part", 6)
    clean(store)
    assert part.exists()
    aged(part, 8)
    with pet._lock():
        clean(store)
    assert part.exists()
    pet.folder().mkdir(parents=True)
    (pet.folder() / "classes.txt").touch()
    clean(store)
    assert part.exists(), "archives beside ready pictures were kept on purpose"


def test_a_run_of_another_version_keeps_its_weights(store: Store) -> None:
    run = run_of(store, size=10)
    with sqlite3.connect(store.folder / "runs.sqlite") as database:
        database.execute("UPDATE runs SET config = '{\"unheard\": 1}'")
    database.close()
    os.utime(store.run_folder(run.id), (0, 0))
    assert clean(store) == []
    assert store.weights(run.id).exists()


SERVER = """
import sys
from pathlib import Path
from seglab.train.scratch import scratch
folder = scratch(Path(sys.argv[1]))
(folder / "picture").write_bytes(b"x")
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_pictures_lie_about_no_longer_than_their_server(ends: str, store: Store) -> None:
    place = store.folder / "uploads"
    own = store.uploads()
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    folder = Path(server.stdout.readline().strip())
    clean(store)
    assert (folder / "picture").exists()
    if ends == "killed":
        server.kill()
    server.stdin.close()
    server.wait()
    server.stdout.close()
    assert folder.exists() == (ends == "killed")
    clean(store)
    assert not folder.exists()
    assert {path.stem for path in place.iterdir()} == {own.name}
    assert scratch.left_over(place) == []


# -- a full disk ---------------------------------------------------------------------------------------------------------

FULL = """
import resource, sys
from seglab.data.keeping import Keeping
from seglab.train.housekeeping import clean
from seglab.train.store import Store
store = Store()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file grows any more, as on a disk without room
print([each.name for each in clean(store)])
"""


def test_on_a_full_disk_clean_up_frees_files_and_rows_follow(store: Store) -> None:
    old, young = run_of(store, 31, 1000), run_of(store, 1, 1000)
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False, env={**os.environ})
    assert (done.stdout.strip(), done.stderr) == (repr([old.id]), "")
    assert not store.run_folder(old.id).exists()
    assert store.weights(young.id).exists()
    clean(store)
    assert there(store, old, young) == [False, True]


# -- the housekeeper -----------------------------------------------------------------------------------------------------


def test_the_housekeeper_lets_a_worker_clean_up_and_logs_what_went(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from seglab.train import jobs, tasks

    old, asked = run_of(store, 31), list[str]()

    class Fake:
        closed = False

        def submit(self, do: str, **task: Any) -> jobs.Answer:
            asked.append(do)
            answer = jobs.Answer()
            if len(asked) == 2:
                answer.set_exception(jobs.TaskError("the worker process ended before it was done"))
            else:
                answer.set_result(tasks.TASKS[do](task, lambda: False))
            self.closed = len(asked) == 3
            return answer

    fake = Fake()
    monkeypatch.setattr(housekeeper, "workers", lambda: fake)
    monkeypatch.setattr(housekeeper, "AT_LEAST", 0.0)
    with caplog.at_level(logging.INFO, "seglab.housekeeping"):
        housekeeper.keep_house(store)
        housekeeper.keep_house(store)
        wait_for(lambda: "1 run" in caplog.text)
        later = run_of(store, 31)
        housekeeper.make_room()
        wait_for(lambda: len(asked) == 2)
        housekeeper.make_room()
        wait_for(lambda: later.id in caplog.text)
    assert there(store, old, later) == [False, False]
    assert asked == ["clean"] * 3
    assert f"clean-up: 1 run ({old.id}: older than 30 days), " in caplog.text
    assert "clean-up: the worker process ended before it was done" in caplog.text


# -- what pages say ------------------------------------------------------------------------------------------------------


def test_every_upload_is_announced_as_the_server_takes_it() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    most = (uploaded.PICTURE, uploaded.LARGE, uploaded.WEIGHTS, uploaded.ARCHIVE, uploaded.NAMES)
    assert config["server"]["maxUploadSize"] == max(most)
    bare = [path.name for path in (ROOT / "seglab").rglob("*.py") if ".file_uploader(" in path.read_text() and path.name != "uploaded.py"]
    assert bare == [], "every uploader takes its limit from ui/uploaded.py"


UPLOADER = """
import streamlit as st
from seglab.ui.uploaded import one_file
file = one_file("Yours", ["png"], 1, "mine")
st.write("taken" if file else "none")
"""


def test_a_file_that_the_browser_let_through_is_refused_by_its_size() -> None:
    page = AppTest.from_string(UPLOADER, default_timeout=30).run()
    for size, told in ((2**20, "taken"), (2**20 + 1, "none")):
        page.file_uploader(key="mine").set_value(("a.png", bytes(size), "image/png"))
        page.run()
        assert page.markdown[-1].value == told
    assert page.error[0].value == "A file has 1.0 MB: at most 1 are taken here."


def note() -> str:
    page = AppTest.from_string("from seglab.ui.privacy import privacy_note\nprivacy_note()", default_timeout=30).run()
    assert not page.exception
    return "\n".join(one.value for one in page.markdown)


def test_the_privacy_note_says_the_limits_that_hold(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = note()
    for told in ("30 days after its last change", "beyond 200 runs or 8 GB", "1 GB of such", "30 days, longer only", "100 sets or 8 GB"):
        assert told in usual
    settle_keeping(
        ["run_days=7", "runs=12", "run_megabytes=500", "snapshot_megabytes=50", "upload_days=1", "uploads=3", "upload_megabytes=900"]
    )
    monkeypatch.setenv("SEGLAB_KEEP_NETWORK_DAYS", "11")
    other = note()
    for told in (
        "7 days after its last change",
        "beyond 12 runs or 500 MB",
        "50 MB of such",
        "for 1 day, longer only",
        "3 sets or 900 MB",
        "11 days",
    ):
        assert told in other
    assert {each.name for each in fields(Keeping)} == set(NAMES)


def test_a_browser_confirms_the_privacy_note(visit: Callable[..., Any]) -> None:
    """No request leaves the server, and nothing is stored that the note does not name."""
    from seglab.ui.privacy import COOKIES, STORED

    asked = list[str]()
    with visit("/privacy") as page:
        page.context.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        server = page.url.split("/privacy")[0].split("//")[1]
        for name in ("train", "convolution", "use", "privacy"):
            page.goto(f"http://{server}/{name}")
            page.wait_for_selector("h1")
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
            if name == "train":  # where the browser is given its token
                wait_for(lambda: page.evaluate("localStorage.getItem('seglab-owner')"), page)
        elsewhere = [url for url in asked if not url.startswith((f"http://{server}/", f"ws://{server}/", "data:", "blob:"))]
        assert len(asked) > 50
        assert elsewhere == []
        assert {cookie["name"] for cookie in page.context.cookies()} == set(COOKIES)
        assert all(cookie["expires"] == -1 for cookie in page.context.cookies()), "until the browser is closed"
        names = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
        assert [name for name in names if not name.startswith(tuple(STORED))] == []
        text = page.locator("[data-testid=stMain]").inner_text()
        assert all(name in text for name in [*COOKIES, *STORED])
        assert "30 days after its last change" in text
