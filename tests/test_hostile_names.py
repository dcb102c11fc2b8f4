"""HTML and script in the names that people give: of runs, classes, files and folders. Pages show them as text."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import App, ready, wait_for
from test_data import file, folder

from seglab.cli import main
from seglab.data.shapes import shapes
from seglab.infer.pictures import grey
from seglab.train.store import Store, owner_mark

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKEN = "0123456789abcdef" * 2 + "0123"
IMG = "<img src=x onerror=window.hit=1>"
SCRIPT = "<script>window.hit=1</script>"
BOLD = "<b>sky</b> **x** [a](javascript:hit) :material/bomb: $y$"
NAME = f"{BOLD[:14]} {IMG}"  # of a run: 60 characters at most


@pytest.fixture(scope="module")
def run(app: App, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run in the app's home on a folder whose name and classes are hostile; the browser with TOKEN owns it."""
    data = folder(tmp_path_factory.mktemp("data") / IMG, 6)
    for number in range(6):
        (data / "masks" / f"{number:02}.png").write_bytes(file(shapes(number, 64).mask % np.uint8(3)))
    (data / "classes.txt").write_text(f"{BOLD}\n{IMG}\n{SCRIPT}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGLAB_HOME", str(app.home))
        options = ["--steps", "3", "--width", "4", "--depth", "2", "--size", "32", "--batch", "2", "--threads", "1"]
        assert main(["train", str(data), *options]) == 0
        store = Store(app.home)
        newest = store.runs()[0]
        assert newest.name == IMG
        with closing(sqlite3.connect(app.home / "runs.sqlite")) as database, database:
            database.execute("UPDATE runs SET owner = ? WHERE id = ?", (owner_mark(TOKEN), newest.id))
        store.rename(newest.id, NAME, TOKEN)
        store.update(newest.id, message=f"{SCRIPT} {BOLD}")
    return newest.id


def harmless(page: Page, *told: str) -> None:
    """Nothing of the names has become part of the page, and those that are `told` stand there as they are, once a worker has answered."""
    page_text = page.locator("[data-testid=stApp]").inner_text
    wait_for(lambda: all(name in page_text() for name in told), page, seconds=60, told=page_text)
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src='x'], a[href^='javascript:']").count() == 0
    assert page.locator("b, strong, [style*='bold']").filter(has_text="sky").count() == 0


def test_names_are_text_on_the_pages_of_a_run(run: str, visit: Callable[..., Any]) -> None:

    with visit("/words") as page:
        server = page.url.split("/words")[0]
        page.evaluate(f"localStorage.setItem('seglab-owner', '{TOKEN}')")
        page.goto(f"{server}/train?run={run}")
        ready(page)
        page.get_by_text("Runs of this browser (1)").click()
        page.get_by_role("button", name="Open", exact=True).wait_for()
        harmless(page, NAME, SCRIPT, BOLD)
        page.get_by_role("tab", name="Measures", exact=True).click()
        ready(page)
        harmless(page, IMG)  # in the table, and in the matrix, whose names Plotly would read
        for path in (f"use?source={run}", f"inside?source={run}", f"compare?runs={run}"):
            page.goto(f"{server}/{path}")
            ready(page)
            harmless(page, NAME)


def test_names_are_text_where_a_person_brings_files(tmp_path: Path, visit: Callable[..., Any]) -> None:
    kinds: dict[str, list[dict[str, Any]]] = {"Images": [], "Masks": []}
    for number in range(3):
        scene = shapes(number, 64)
        name = f"{BOLD.replace('/', '')}{IMG}{number}.png"
        for kind, pixels in (("Images", grey(scene.image)), ("Masks", scene.mask)):
            if (kind, number) != ("Masks", 2):  # one is missing, which the page tells by its name
                kinds[kind].append({"name": name, "mimeType": "image/png", "buffer": file(pixels)})
    with visit("/train") as page:
        page.get_by_role("radio", name="Your own", exact=True).click()
        ready(page)
        for label, files in kinds.items():
            page.get_by_test_id("stFileUploader").filter(has_text=label).first.locator("input[type=file]").set_input_files(files)
            ready(page)
        told = page.get_by_test_id("stAlert").filter(has_text="cannot be trained on yet")
        told.wait_for()
        assert "has no mask" in told.inner_text()
        assert "img src=x onerror=window.hit=1" in told.inner_text()
        harmless(page)
