"""Exported files: one HTML file that works without a network, JSON that is read back, the view in a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from settings import SETTINGS, build, explore
from test_pipeline import tiny_unet

import seglab as sl
from seglab.export.html import standalone
from seglab.export.lesson_of import lesson_of
from seglab.lessons import LESSONS
from seglab.stored import as_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LARGEST = 150 * 1024


def opened(browser: Browser, path: Path) -> tuple[Page, list[str]]:
    """The file in a browser that is offline, and what it complains of."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 860})
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    page.wait_for_selector(".stage .first:not(:empty)")
    return page, complaints


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_in_one_file(name: str, browser: Browser, tmp_path: Path) -> None:
    lesson = LESSONS[name]
    path = tmp_path / f"{name}.html"
    path.write_text(standalone(lesson, lesson.defaults), encoding="utf-8")
    assert path.stat().st_size <= LARGEST
    page, complaints = opened(browser, path)
    assert page.locator("h1").inner_text() == lesson.title
    page.get_by_role("button", name="Stop 2", exact=False).first.click()
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.stage').stage.state.at > 0")
    assert complaints == []
    page.context.close()


def test_a_stamp_in_one_file_shows_its_numbers(browser: Browser, tmp_path: Path) -> None:
    stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
    page, complaints = opened(browser, stamp.save(tmp_path / "stamp.html"))
    shown = page.locator(".stage").evaluate("element => Array.from(element.stage.scene.made.grids.get('output').data)")
    assert shown == stamp.output.ravel().tolist()
    assert (tmp_path / "stamp.html").stat().st_size <= LARGEST
    assert complaints == []
    page.context.close()


def test_a_pipeline_in_one_file(browser: Browser, tmp_path: Path) -> None:
    net = tiny_unet()
    page, complaints = opened(browser, net.save(tmp_path / "net.html"))
    shown = page.locator(".stage").evaluate(
        "element => Object.fromEntries([...element.stage.scene.made.grids].map(([n, g]) => [n, [...g.data]]))"
    )
    for name in [*net.inputs, *net.steps]:
        np.testing.assert_allclose(shown[name], net.values(name).ravel(), atol=1e-12)
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("op", SETTINGS)
def test_every_operator_has_a_stage(op: str, modules: Page) -> None:
    lessons, traces = [], []

    def collect(setting: dict[str, Any], trace: sl.Trace) -> None:
        try:
            lessons.append(lesson_of(trace).data)
        except ValueError as error:
            assert "channels has no stage" in str(error)
            return
        traces.append(trace)

    explore(op, collect)
    assert len(traces) >= 30
    found = modules.evaluate(
        """async (lessons) => {
          const { makeScene } = await import("/v1/scene.js");
          const { sizeLines } = await import("/v1/remarks.js");
          const { describe, plainText } = await import("/v1/ledger.js");
          return lessons.map((lesson) => {
            const state = Object.fromEntries(lesson.fields.map((field) => [field.name, field.default]));
            return lesson.views.map((view) => {
              const scene = makeScene(lesson, { ...state, view: view.name }), told = sizeLines(scene);
              for (const panel of scene.panels) for (const cell of [0, panel.grid_.size - 1]) {
                const { first, second } = describe(scene, { panel: panel.index, cell }, null);
                told.push(plainText(first), plainText(second ?? []));
              }
              return [[...scene.followed.trace.output], sizeLines(scene), told.join(" ")];
            });
          });
        }""",
        lessons,
    )
    for trace, views in zip(traces, found):
        for output, sizes, told in views:
            np.testing.assert_allclose(output, trace.output.ravel(), rtol=1e-12, atol=1e-14)
            for line, size in zip(sizes, trace.out_shape[-len(sizes) :] if sizes else ()):
                assert line.endswith(f"= {size}"), line
            assert "undefined" not in told, told
            assert "NaN" not in told, told


def test_json_is_read_back(tmp_path: Path) -> None:
    stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]], stride=2)
    again = sl.load(stamp.save(tmp_path / "stamp.json"))
    np.testing.assert_array_equal(again.output, stamp.output)
    assert json.loads((tmp_path / "stamp.json").read_text())["seglab"] == 1
    with pytest.raises(ValueError, match="is not JSON"):
        sl.load(Path(__file__))


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"stamp.bmp has no suffix that can be written: choose one of .gif, .html, .json, .png, .svg"):
        sl.relu([[1]]).save(tmp_path / "stamp.bmp")


def test_a_notebook_shows_the_stage_in_a_frame(browser: Browser, tmp_path: Path) -> None:
    cell = tmp_path / "cell.html"
    cell.write_text(f"<!doctype html><title>cell</title>{sl.relu([[-1, 2]])._repr_html_()}", encoding="utf-8")
    page = browser.new_page()
    page.goto(cell.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator(".stage .first:not(:empty)").wait_for()
    assert frame.locator("h1").inner_text() == "relu: 1 × 2 to 1 × 2"
    page.close()


def test_a_hostile_file_runs_nothing(tmp_path: Path) -> None:
    """A stored file is data: no text of it reaches the snippet that check runs, or the page as markup."""
    mark = tmp_path / "ran"
    for data in (as_json(sl.interpolate([[1, 2]], 2, "bilinear")), as_json(sl.Pipeline(x=[[1.0]]).then("y", sl.relu, "x"))):
        code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
        if data["kind"] == "trace":
            data["options"]["align_corners"] = code
        else:
            data["inputs"] = {code: [[1.0]]}
            data["steps"][0]["reads"] = [code]
        (tmp_path / "bad.json").write_text(json.dumps(data))
        with pytest.raises(ValueError, match=r"should be True, False or None|is no name"):
            sl.load(tmp_path / "bad.json").check()
    assert not mark.exists()


def test_a_hostile_title_stays_text(tmp_path: Path) -> None:
    net = sl.Pipeline(x=[[1.0]]).then("y", sl.relu, "x")
    text = standalone(lesson_of(net), lesson_of(net).defaults)
    assert text.count("<script") == 4, "state, lesson, modules, and what opens them"
    assert build("relu", {"input": [[1]]}).save(tmp_path / "a.html").exists()
