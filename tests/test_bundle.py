"""The stage's modules joined into one file: what is joined, what cannot be, and that a page fetches nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ready

from seglab.stage import bundle as bundling
from seglab.stage.bundle import BROWSER, bundle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Visit = Callable[..., Any]
FILES = {
    "first": """import { twice, NAME } from "./second.js";
import { third } from "./third.js";

// A comment that goes.
export const told = `${NAME} // ${twice(third())}`;
""",
    "second": """import { third } from "./third.js";

export const NAME = "a";
export function twice(x) {
  return 2 * x + third() - 3;
}
""",
    "third": """let calls = 0;
export async function later() {}
export const third = () => 3 + 0 * calls++;
export class Third {}
""",
}


def joined(folder: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    for name, source in files.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    monkeypatch.setattr(bundling, "BROWSER", folder)
    return bundle.__wrapped__("first")


def test_modules_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    source = joined(tmp_path, FILES, monkeypatch)
    assert source.count("const third = () => 3") == 1
    assert "comment" not in source
    page = browser.new_page()
    found = page.evaluate("(source) => import('data:text/javascript,' + encodeURIComponent(source)).then((made) => made.told)", source)
    assert found == "a // 6"
    page.close()


def test_what_cannot_be_joined_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="modules import each other: first → second → third → first"):
        joined(tmp_path, {**FILES, "third": 'import { told } from "./first.js";\n'}, monkeypatch)
    with pytest.raises(ValueError, match=r"third\.js imports in another form"):
        joined(tmp_path, {**FILES, "third": 'import * as all from "./first.js";\n'}, monkeypatch)


def test_every_module_of_the_stage_is_joined() -> None:
    used = {path.stem for path in BROWSER.glob("*.js")} - {"main", "standalone", "stage"}
    assert set(re.findall(r"^const \$(\w+) = ", bundle("stage"), re.MULTILINE)) == used


def test_a_page_fetches_the_stage_as_one_file(visit: Visit) -> None:
    """Whether it is the first page or one that is gone to from it."""

    def fetched(page: Page, go: Callable[[], object]) -> list[str]:
        seen: list[str] = []
        page.on("request", lambda request: seen.append(request.url.rpartition("/")[2]))
        go()
        page.locator(".stage .first:not(:empty)").wait_for()
        ours = {path.name for path in BROWSER.iterdir()}
        return list({name for name in seen if name in ours or name.startswith("stage.")})

    with visit("/") as page:
        address = page.url.rstrip("/")
        there = fetched(page, lambda: page.get_by_role("link", name="Convolution", exact=True).first.click())
        first = fetched(page, lambda: page.goto(f"{address}/convolution"))
        ready(page)
    for names in (there, first):
        assert sorted(re.sub(r"\.\w{12}\.", ".HASH.", name) for name in names) == ["main.js", "stage.HASH.js", "stage.css"]
