"""The laboratory as a visitor meets it: settings, previews, own pictures, one step at a time, looking inside, replaying, taking along."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ready, wait_for
from PIL import Image
from test_live import status
from test_pages import findings, sideways

from seglab.cli import main
from seglab.data.shapes import shapes
from seglab.train.config import GROUPS, TrainConfig
from seglab.ui.settings import IN_SIGHT

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]


def choose(page: Page, name: str) -> None:
    """Press one of several choices."""
    page.get_by_role("radio", name=name, exact=True).click()
    ready(page)


def settings(page: Page, group: str) -> None:
    """Open the other settings at a group."""
    tab = page.get_by_role("tab", name=group, exact=True)
    if not tab.is_visible():
        page.get_by_text("More settings", exact=True).click()
    tab.click()
    ready(page)


def number(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    page.get_by_text(re.compile(rf"Changed: .*{label} {re.escape(value)}")).wait_for()
    ready(page)


def train(page: Page) -> None:
    ready(page)
    page.get_by_role("button", name="Train", exact=True).click()
    wait_for(lambda: page.evaluate("location.search.startsWith('?run=')"), page)


def little(page: Page) -> None:
    """The shortest training that the form offers."""
    choose(page, "8")
    slider = page.get_by_role("slider", name="Steps")
    slider.focus()
    page.keyboard.press("Home")
    wait_for(lambda: slider.input_value() == "50", page)
    ready(page)


def test_every_setting_is_on_the_page_and_reaches_the_command(visit: Visit) -> None:
    with visit("/train") as page:
        for group in GROUPS:
            settings(page, group.capitalize())
            for setting in fields(TrainConfig):
                if setting.metadata["group"] == group and setting.name not in IN_SIGHT:
                    page.get_by_test_id("stExpander").get_by_text(setting.metadata["label"], exact=True).first.wait_for()
        settings(page, "Network")
        choose(page, "add")
        settings(page, "Augmentation")
        number(page, "Rotation", "30")
        assert page.get_by_role("spinbutton", name="Elastic", exact=True).is_visible(), "the settings stay open"
        page.get_by_text("The same from the command line").click()
        page.get_by_text("seglab train cells --rotation 30 --skip add").wait_for()
        assert findings(page) == []
        assert sideways(page) == []
        page.get_by_role("button", name="As they were").click()
        page.get_by_text("Changed:").wait_for(state="hidden")
        settings(page, "Augmentation")
        assert page.get_by_role("spinbutton", name="Rotation", exact=True).input_value() == "0"


def test_a_crop_that_does_not_fit_is_mended_and_said(visit: Visit) -> None:
    with visit("/train") as page:
        settings(page, "Network")
        choose(page, "valid")
        page.get_by_text("The crop is 100 pixels a side: 96 do not fit a network of depth 3.").wait_for()
        settings(page, "Training")
        assert page.get_by_role("spinbutton", name="w0", exact=True).is_disabled(), "without the weighted loss it means nothing"
        choose(page, "weighted")
        assert page.get_by_role("spinbutton", name="w0", exact=True).is_enabled()


def test_what_augmentation_and_weights_do_is_seen_before(visit: Visit) -> None:
    with visit("/train") as page:
        choose(page, "Augmented")
        page.get_by_text("Its mask, moved in the same way").wait_for()
        picture = "document.querySelector('[data-testid=stImage] img')?.src"
        wait_for(lambda: page.evaluate(picture), page)
        before = page.evaluate(picture)
        settings(page, "Augmentation")
        number(page, "Elastic", "6")
        wait_for(lambda: page.evaluate(f"{picture} && {picture} !== '{before}'"), page)
        choose(page, "Weights")
        page.get_by_text(re.compile(r"the bare image is 1, full orange is 1\d\.?\d?\. This training does not use it")).wait_for()
        page.get_by_text(re.compile(r"Class weights, .*: background 0\.\d+, cell 1\.\d+ \(off\)\.")).wait_for()
        assert findings(page) == []


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of real files: photographs as JPEG, masks as index PNG, the names of the classes."""
    for part in ("images", "masks"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for seed in range(6):
        scene = shapes(seed, 64)
        Image.fromarray((scene.image * 255).astype(np.uint8)).save(tmp_path / "data" / "images" / f"p{seed}.jpg", quality=95)
        Image.fromarray(scene.mask).save(tmp_path / "data" / "masks" / f"p{seed}.png")
    (tmp_path / "data" / "classes.txt").write_text("background\ndisc\nsquare\ntriangle\nstar\n")
    return tmp_path / "data"


def upload(page: Page, own: Path, names: bool = True) -> None:
    choose(page, "Your own")
    for label, files in (("Images", sorted((own / "images").iterdir())), ("Masks", sorted((own / "masks").iterdir()))):
        page.get_by_test_id("stFileUploader").filter(has_text=label).first.locator("input[type=file]").set_input_files(files)
        page.get_by_text(files[0].name).first.wait_for()
        ready(page)
    if names:
        page.get_by_test_id("stFileUploader").filter(has_text="classes.txt").locator("input[type=file]").set_input_files(
            own / "classes.txt"
        )


def test_own_pictures_give_the_same_result_from_the_page_and_from_the_command(
    own: Path, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with visit("/train") as page:
        upload(page, own)
        page.get_by_text("6 pairs, in colour, of 64 × 64 pixels: 5 to train on, 1 to test on.").wait_for()
        page.get_by_text(re.compile("star: ")).wait_for()
        assert sideways(page) == []
        little(page)
        settings(page, "Data")
        number(page, "Crop", "64")
        settings(page, "Machine")
        number(page, "Threads", "1")
        train(page)
        status(page, "Finished")
        shown = re.search(r"mean IoU (0\.\d+)", page.locator("[data-testid=stMain]").inner_text())
        assert shown
        page.get_by_role("tab", name="Measures", exact=True).click()
        page.get_by_role("cell", name="star").or_(page.get_by_role("rowheader", name="star")).first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("tab", name="Take along", exact=True).click()
            page.get_by_role("button", name="Configuration").click()
        config = json.loads(Path(download.value.path()).read_text())
        assert config["data"].startswith("own:"), "no path of the server"
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path / "home"))
    options = ["--steps", "50", "--width", "8", "--size", "64", "--threads", "1"]
    assert main(["train", str(own), *options, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert f"{said['mean_iou']:.3f}" == shown[1]


def test_pictures_that_do_not_fit_are_listed_before_anything_starts(own: Path, visit: Visit) -> None:
    (own / "masks" / "p0.png").unlink()
    Image.fromarray(np.full((64, 64), 9, np.uint8)).save(own / "masks" / "p1.png")
    Image.fromarray(np.zeros((32, 64), np.uint8)).save(own / "masks" / "p2.png")
    with visit("/train") as page:
        upload(page, own)
        told = page.get_by_test_id("stAlert").filter(has_text="cannot be trained on yet")
        told.wait_for()
        wait_for(lambda: "p1" in told.inner_text() and "9" in told.inner_text(), page)
        for word in ("p0.jpg has no mask", "p1.png", "p2"):
            assert word in told.inner_text()
        wait_for(page.get_by_role("button", name="Train", exact=True).is_disabled, page)
        choose(page, "Cells")
        wait_for(page.get_by_role("button", name="Train", exact=True).is_enabled, page)


def test_one_step_at_a_time_and_another_learning_rate(visit: Visit) -> None:
    with visit("/train") as page:
        train(page)
        status(page, "Training")
        page.get_by_role("button", name="Pause").click()
        status(page, "Paused")

        def numbers() -> str:
            return page.get_by_text(re.compile(r"^Step \d+ of")).first.inner_text()

        def step() -> int:
            return int(re.match(r"Step (\d+) of", numbers())[1])

        page.get_by_role("tab", name="One step", exact=True).click()
        page.get_by_text("Pause the run and press One step").wait_for()
        at = step()
        ready(page)
        page.get_by_role("button", name="One step").click()
        figure = page.locator("figure.anatomy")
        figure.wait_for()
        wait_for(lambda: step() == at + 1, page)
        assert f"Step {at + 1}:" in figure.get_attribute("aria-label")
        for title in ("1 · Query", "2 · Loss", "3 · Gradient", "4 · Step"):
            assert title in figure.inner_text()
        slider = page.get_by_role("slider", name="Learning rate")
        slider.focus()
        page.keyboard.press("ArrowRight")
        ready(page)
        page.get_by_role("button", name="One step").click()
        wait_for(lambda: step() == at + 2, page)
        wait_for(lambda: f"Step {at + 2}:" in figure.get_attribute("aria-label"), page)
        rate = 0.005 * min(1, (at + 2) / 20)
        wait_for(lambda: re.search(r"learning rate ([\d.e-]+)", numbers()), page)
        told = float(re.search(r"learning rate ([\d.e-]+)", numbers())[1])
        assert told == pytest.approx(rate, rel=0.05)
        assert findings(page) == []
        page.get_by_role("button", name="Stop", exact=True).click()
        status(page, "Stopped")
        ready(page)
        page.get_by_role("button", name="Reset").click()
        page.get_by_role("button", name="Start", exact=True).wait_for()
        wait_for(lambda: step() == 0, page)


def test_a_finished_run_is_looked_into_replayed_measured_and_taken_along(visit: Visit, tmp_path: Path) -> None:
    with visit("/train") as page:
        little(page)
        train(page)
        status(page, "Finished")
        ready(page)
        replay = page.get_by_role("slider", name=re.compile("Play the training again"))
        page.get_by_text("Probability of cell after 50 steps: black 0, white 1").wait_for()
        replay.focus()
        page.keyboard.press("Home")
        page.get_by_text(re.compile(r"Probability of cell after 1 steps")).wait_for()
        choose(page, "Inside")
        page.get_by_text(re.compile(r"The 8 filters of the first layer, 3 × 3, after 1 steps")).wait_for()
        page.get_by_text(re.compile("Encoder 1: what 8 of its channels")).wait_for()
        page.get_by_role("tab", name="Measures", exact=True).click()
        page.get_by_text(re.compile(r"Calling every pixel background would be right in")).wait_for()
        assert findings(page) == []
        page.get_by_role("tab", name="Take along", exact=True).click()

        def taken(label: str) -> Path:
            with page.expect_download() as download:
                page.get_by_role("button", name=label, exact=True).click()
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)
            return path

        weights, script = taken("Weights"), taken("A script that runs it without seglab")
        curve, measures = taken("Curve, as CSV"), taken("Measures, as CSV")
        assert curve.read_text().splitlines()[0] == "step,seconds,loss,mean_iou,images_per_second,learning_rate"
        assert len(curve.read_text().splitlines()) == 51
        assert [line.split(",")[0] for line in measures.read_text().splitlines()] == ["class", "background", "cell", "mean"]
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50)).astype(np.uint8)).save(tmp_path / "image.png")
        command = [sys.executable, "-I", str(script), str(weights), str(tmp_path / "image.png"), str(tmp_path / "mask.png")]
        subprocess.run(command, check=True, cwd=tmp_path)
        assert np.asarray(Image.open(tmp_path / "mask.png")).shape == (40, 50)
        page.get_by_text("ONNX, for other programs").click()
        page.get_by_role("button", name="ONNX", exact=True).wait_for()
        import onnxruntime

        session = onnxruntime.InferenceSession(str(taken("ONNX")))
        assert [part.name for part in session.get_outputs()] == ["logits"]
        page.get_by_text("Bring weights along").click()
        page.get_by_test_id("stFileUploader").filter(has_text="Weights").locator("input[type=file]").set_input_files(weights)
        page.get_by_role("button", name=re.compile(r"Open unet.* \(brought along\)")).click()
        status(page, "Stopped")
        ready(page)
        page.get_by_role("tab", name="Segment an image", exact=True).click()
        page.get_by_text(re.compile(r"pixels, [\d.]+\s% background, [\d.]+\s% cell")).wait_for()
        (tmp_path / "bad.safetensors").write_bytes(weights.read_bytes()[:5000])
        page.get_by_test_id("stFileUploader").filter(has_text="Weights").locator("input[type=file]").set_input_files(
            tmp_path / "bad.safetensors"
        )
        page.get_by_text(re.compile("this file is damaged", re.IGNORECASE)).wait_for()
        assert sideways(page) == []
