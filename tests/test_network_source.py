"""Choosing a network: those that came along, runs by their links, and files that cannot be used."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import until
from safetensors.numpy import load_file, save_file

from seglab.data.domains import DOMAINS
from seglab.train.config import TrainConfig
from seglab.train.header import configuration, opened
from seglab.train.store import NotFoundError, Run, Store
from seglab.ui.network_source import shipped

Visit = Callable[..., Any]
NETWORKS = Path(__file__).parents[1] / "assets" / "networks"
PAGE = "/receptive_field?part=gradient&source="


def run_with(store: Store, config: TrainConfig, write: Callable[[Path], None]) -> Run:
    """A run that has ended, with a file of weights."""
    run = store.create(config, "somebody", "Mine", status="finished")
    store.run_folder(run.id).mkdir(parents=True, exist_ok=True)
    write(store.weights(run.id))
    return run


def described(path: Path, **changes: Any) -> None:
    """The shipped network for cells, with a configuration that says something else."""
    with opened(NETWORKS / "cells.safetensors") as file:
        told = dict(file.metadata())
    told["config"] = json.dumps({**json.loads(told["config"]), **changes})
    save_file(load_file(NETWORKS / "cells.safetensors"), path, metadata=told)


def test_a_network_came_along_for_every_domain() -> None:
    assert list(shipped()) == list(DOMAINS)
    for name, path in shipped().items():
        with opened(path) as file:
            assert configuration(path, file.metadata()).data == name
            measured = json.loads(file.metadata().get("measured", "{}"))
        assert path.stat().st_size < 600_000
        assert name == "cells" or measured["mean_iou"] > 0.8


@pytest.mark.parametrize(
    ("config", "write", "told"),
    [
        (TrainConfig(width=8), lambda path: path.write_bytes(b"\0" * 400), "Its file of weights is damaged"),
        (TrainConfig(width=8, depth=2), described, "The file holds another network, with depth=3: its run trained one with depth=2"),
        (TrainConfig(width=8), lambda path: described(path, warmth=3), "warmth is no setting of this version of seglab"),
    ],
    ids=["damaged", "another network", "another version"],
)
def test_a_file_that_cannot_be_used_is_named(config: TrainConfig, write: Callable[[Path], None], told: str, visit: Visit, app: Any) -> None:
    store = Store(app.home)
    run = run_with(store, config, write)
    with visit(f"{PAGE}{run.id}") as page:
        said = page.get_by_role("alert").filter(has_text=told)
        said.wait_for()
        assert "can neither be used nor resumed" in said.inner_text()
        assert "Traceback" not in page.content()
        assert str(app.home) not in page.content()
        page.get_by_role("radio", name="Vessels").click()
        until(page, "location.search.includes('source=vessels')")
        page.wait_for_selector(".js-plotly-plot")
        assert said.count() == 0


def test_a_run_of_another_version_troubles_nobody_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    foreign, own = (store.create(TrainConfig(), "somebody", name, status="finished") for name in ("Foreign", "Mine"))
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as database, database:
        database.execute("UPDATE runs SET config = ? WHERE id = ?", (json.dumps({"warmth": 3}), foreign.id))
    assert [run.id for run in store.runs("somebody")] == [own.id]
    with pytest.raises(NotFoundError, match=r"was made by another version of seglab \(warmth is no setting of this version"):
        store.run(foreign.id)
