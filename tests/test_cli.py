"""The command line, and the app in a built wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from conftest import ROOT, App
from PIL import Image
from test_data import file, folder

from seglab.cli import main
from seglab.lessons.path import PATH


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path / "home"))
    return tmp_path


def last_json(text: str) -> dict[str, Any]:
    return json.loads(text.strip().splitlines()[-1])


def test_train_and_predict(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "cells", "--steps", "6", "--width", "4", "--out", str(home / "out"), "--json"]) == 0
    said = last_json(capsys.readouterr().out)
    assert said["status"] == "finished"
    assert said["steps"] == 6
    assert 0 <= said["mean_iou"] <= 1
    assert said["images_per_second"] > 0
    assert {path.name for path in (home / "out").iterdir()} == {"checkpoint.safetensors", "config.json", "metrics.csv"}
    assert (home / "out" / "metrics.csv").read_text().splitlines()[0] == "step,seconds,loss,mean_iou,images_per_second,learning_rate"
    image = home / "coins.png"
    image.write_bytes(file(skimage.data.coins()))
    for run in (said["run"], str(home / "out"), str(home / "out" / "checkpoint.safetensors")):
        assert main(["predict", run, str(image), "--out", str(home / "mask.png"), "--json"]) == 0
        told = last_json(capsys.readouterr().out)
        mask = np.asarray(Image.open(home / "mask.png"))
        assert mask.shape == (303, 384)
        assert set(np.unique(mask)) <= {0, 255}
        assert told["shares"] == pytest.approx({"background": (mask == 0).mean(), "cell": (mask > 0).mean()})


def test_train_for_seconds_on_a_folder_with_progress(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder(home / "data", 6, 96)
    assert main(["train", str(data), "--seconds", "1", "--width", "4", "--depth", "2"]) == 0
    told = capsys.readouterr().out
    assert "training on CPU" in told
    assert "on held-out images" in told
    assert "finished: `seglab predict" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "nowhere"], "'nowhere' is neither a folder nor a generated set"),
        (["train", "cells", "--steps", "0"], "steps=0 is out of range: 1 to 100000"),
        (["train", "cells", "--seconds", "nan"], "seconds=nan is out of range"),
        (["train", "cells", "--seed", "-1"], "seed=-1 is out of range: 0 to 999999"),
        (["predict", "norun", "x.png", "--out", "y.png"], "run 'norun' is not here"),
        (["app", "--port", "99999"], "port=99999 is out of range: 1 to 65535"),
        (["app", "--keep", "run_days=0"], "run_days=0 is out of range: 1 to 3650"),
        (["runs", "list", "--status", "odd"], "--status 'odd' is unknown: queued, starting, running, "),
        (["runs", "show", "norun"], "run 'norun' is not here"),
        (["runs", "delete"], "say which runs: ids, --all-ended, or --older-than 7d"),
        (["runs", "delete", "a", "--all-ended"], "give either ids of runs, or --all-ended and --older-than"),
        (["runs", "delete", "--older-than", "soon"], "--older-than 'soon' is no age: a number with m, h, d or w, such as 7d"),
        (["runs", "clean", "--keep", "weeks=1"], "--keep 'weeks=1' is unknown"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: list[str], sentence: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip()
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_picture_that_is_none_is_said_by_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "cells", "--steps", "1", "--width", "4", "--out", str(home / "out"), "--json"])
    bad = home / "bad.png"
    bad.write_bytes(b"no picture")
    assert main(["predict", str(home / "out"), str(bad), "--out", str(home / "mask.png")]) == 2
    assert f"{bad}: this is not an image that can be read" in capsys.readouterr().err


def test_a_picture_larger_than_the_network_sees_at_once_is_cut_into_tiles(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = ROOT / "assets" / "networks" / "cells.safetensors"
    image = home / "wide.png"
    image.write_bytes(file(np.resize(skimage.data.coins(), (1600, 2600))))
    assert main(["predict", str(weights), str(image), "--out", str(home / "mask.png"), "--shrink", "4", "--json"]) == 0
    told = last_json(capsys.readouterr().out)
    mask = np.asarray(Image.open(home / "mask.png"))
    assert (told["height"], told["width"], mask.shape) == (1600, 2600, (1600, 2600))
    assert told["shares"]["cell"] == pytest.approx((mask > 0).mean())
    large = home / "large.png"
    Image.new("1", (8193, 8193)).save(large)
    assert main(["predict", str(weights), str(large), "--out", str(home / "mask.png")]) == 2
    assert "the image has 67.1 megapixels: at most 67 are taken" in capsys.readouterr().err


def test_arguments_that_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "cells", "--steps", "1", "--seconds", "1"])
    assert end.value.code == 2


def test_a_built_wheel_carries_the_app(tmp_path: Path, visit: Callable[..., Any]) -> None:
    """Installed outside the checkout, into an environment that shares only the heavy dependencies."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True)
    wheel = next(tmp_path.glob("*.whl"))
    assert "seglab/_app/assets/networks/shapes.safetensors" in zipfile.ZipFile(wheel).namelist()
    environment = tmp_path / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    shared = subprocess.run(
        [sys.executable, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
    )
    own = subprocess.run([str(python), "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True)
    (Path(own.stdout.strip()) / "shared.pth").write_text(shared.stdout)
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)], check=True)
    command = environment / "bin" / "seglab"
    where = subprocess.run(
        [str(python), "-c", "import seglab; print(seglab.__file__)"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert str(environment) in where.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    served = App(elsewhere, [str(command)], cwd=elsewhere)
    try:
        with visit("/transposed_convolution", server=served) as page:
            assert page.locator(".stage .where").inner_text() == "stamp 2 of 4"
            background = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
            assert background == "rgb(255, 255, 255)"
            assert page.locator("[data-testid=stSidebar] a").count() == len(PATH) + 5, "start, words, decks, privacy, playlist"
        assert f"127.0.0.1:{served.port}" in served.log.read_text()
    finally:
        served.stop()


def test_the_command_alone_opens_the_app() -> None:
    from seglab.cli import _app, parser

    assert parser().parse_args([]).act is _app


def test_version() -> None:
    told = subprocess.run([sys.executable, "-m", "seglab.cli", "--version"], capture_output=True, text=True, check=True, env={**os.environ})
    assert told.stdout.strip() == "seglab 0.1.0"
