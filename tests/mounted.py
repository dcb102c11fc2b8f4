"""A stage on an empty page, without a server: what it shows, and what it tells its host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglab.stage.lesson import Lesson

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Mounted:
    """A stage on an empty page, with a host that writes down what it is told."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, lesson: Lesson, **changes: Any) -> None:
        self.page.evaluate(
            """async ([lesson, state]) => {
              const { Stage } = await import("/v1/stage.js");
              window.stage?.destroy();
              window.told = [];
              window.stage = new Stage(document.body, { settle: (link, { push }) => window.told.push([link, push]), copy: () => Promise.resolve(), present: () => {} });
              window.stage.adopt(lesson, state);
            }""",
            [lesson.data, lesson.state(**changes)],
        )
        self.page.wait_for_function("stage.first.textContent !== ''")

    def js(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    @property
    def state(self) -> dict[str, Any]:
        return self.js("stage.state")

    @property
    def told(self) -> list[list[Any]]:
        return self.js("told")

    @property
    def message(self) -> str:
        return self.js("stage.message.textContent")

    @property
    def ledger(self) -> str:
        return self.js("(stage.board.paint(), stage.first.textContent)")

    def point(self, title: str, row: int, column: int) -> None:
        """Move the pointer to the middle of a panel's real cell."""
        x, y = self.place(title, row, column)
        self.page.mouse.move(x, y)
        self.page.wait_for_function("!stage.board.frame")

    def place(self, title: str, row: int, column: int) -> tuple[float, float]:
        return tuple(
            self.js(
                """([title, row, column]) => {
                  const panel = stage.scene.panels.find((one) => one.title === title), place = stage.board.places[panel.index];
                  const [[top], [left]] = panel.grid_.margins, box = stage.board.element.getBoundingClientRect();
                  return [box.left + place.x + (column + left + 0.5) * place.cell, box.top + place.y + (row + top + 0.5) * place.cell];
                }""",
                [title, row, column],
            )
        )

    def saved(self, box: str, kind: str) -> tuple[str, bytes]:
        """Name and content of the file that the chart in a box is saved as."""
        with self.page.expect_download() as found:
            self.page.locator(box).get_by_role("button", name=f"Save this chart as {kind}").click()
        return found.value.suggested_filename, Path(found.value.path()).read_bytes()


def numbers(text: str) -> list[float]:
    return [float(part.replace("−", "-")) for part in re.findall(r"−?\d+(?:\.\d+)?(?:e−?\d+)?", text)]
