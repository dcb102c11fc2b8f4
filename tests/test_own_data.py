"""A person's own images and masks: what is understood, what is refused by name, and the same result from a folder and from an upload."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import wait_for
from PIL import Image as Files
from streamlit.testing.v1 import AppTest
from test_data import file

from seglab.cli import main
from seglab.data import folder as folders
from seglab.data import remembered, uploads, zips
from seglab.data.colours import class_colours
from seglab.data.decode import decode_bytes, decode_mask
from seglab.data.folder import look, read
from seglab.data.home import home, sets_folder
from seglab.data.keeping import Keeping
from seglab.data.sets import classes_for, classes_of, open_set
from seglab.data.uploads import folder_of, keep, prune, title_of
from seglab.data.zips import unpacked
from seglab.infer.pictures import mask_file, painted
from seglab.train import jobs
from seglab.train.asked.pictures import inspect_set
from seglab.train.batches import make_batch
from seglab.train.config import TrainConfig
from seglab.train.housekeeping import clean
from seglab.train.loop import fit
from seglab.train.store import Store

SIDE = 40
SMALL = {"steps": 3, "width": 4, "depth": 2, "images": 8, "batch": 4, "size": 32, "device": "cpu", "threads": 1}
RED, GREEN, BLUE = (200, 10, 10), (10, 200, 10), (10, 10, 200)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def blocks(*values: int, side: int = SIDE) -> np.ndarray:
    """A mask of upright bars, each of one value."""
    return np.array(values, np.int64)[np.arange(side) * len(values) // side][None].repeat(side, 0)


def bytes_of(values: np.ndarray) -> bytes:
    return file(values.astype(np.uint8))


def palette_file(values: np.ndarray, *colours: tuple[int, int, int]) -> bytes:
    picture, buffer = Files.fromarray(values.astype(np.uint8)).convert("P"), BytesIO()
    picture.putpalette([part for colour in colours for part in colour])
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def grey(number: int, side: int = SIDE) -> bytes:
    return file(np.random.default_rng(number).integers(0, 256, (side, side)).astype(np.uint8))


def colour(number: int, side: int = SIDE) -> bytes:
    return file(np.random.default_rng(number).integers(0, 256, (side, side, 3)).astype(np.uint8))


def make(path: Path, masks: list[bytes], images: list[bytes] | None = None, classes: str | None = None) -> Path:
    """A data folder of pairs a.png, b.png, …"""
    for kind, contents in (("images", images or [grey(number) for number in range(len(masks))]), ("masks", masks)):
        (path / kind).mkdir(parents=True)
        for number, data in enumerate(contents):
            (path / kind / f"{chr(97 + number)}.png").write_bytes(data)
    if classes is not None:
        (path / "classes.txt").write_text(classes, encoding="utf-8")
    return path


def files_of(path: Path) -> list[uploads.File]:
    """A folder's files as they are uploaded."""
    found = [(kind, one.name, one.read_bytes()) for kind in ("masks", "images") for one in (path / kind).iterdir()]
    return [*found, *([("classes", "classes.txt", (path / "classes.txt").read_bytes())] if (path / "classes.txt").exists() else [])]


def zipped(contents: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# -- what masks mean ---------------------------------------------------------------------------------------------------

TWO = ("background", "object")
UNDERSTOOD = {
    "black and white": (lambda: bytes_of(blocks(0, 255)), None, TWO, blocks(0, 1)),
    "two other greys, the brighter is the object": (lambda: bytes_of(blocks(215, 5)), None, TWO, blocks(1, 0)),
    "index of two": (lambda: bytes_of(blocks(0, 1)), None, TWO, blocks(0, 1)),
    "one bit a pixel": (lambda: file(blocks(0, 1) > 0), None, TWO, blocks(0, 1)),
    "16 bits": (lambda: file((blocks(0, 65535)).astype(np.uint16)), None, TWO, blocks(0, 1)),
    "16 bits with names": (lambda: file((blocks(0, 65535)).astype(np.uint16)), "sky\nsea", ("sky", "sea"), blocks(0, 1)),
    "16 bits of class numbers": (lambda: file(blocks(0, 1, 2).astype(np.uint16)), None, ("class 0", "class 1", "class 2"), blocks(0, 1, 2)),
    "index": (lambda: bytes_of(blocks(0, 2, 1)), None, ("class 0", "class 1", "class 2"), blocks(0, 2, 1)),
    "index with names": (lambda: bytes_of(blocks(0, 2, 1)), "sky\nsea\nland\n\n", ("sky", "sea", "land"), blocks(0, 2, 1)),
    "black and white with names": (lambda: bytes_of(blocks(0, 255)), "\ufeffsky\r\nsea", ("sky", "sea"), blocks(0, 1)),
    "greys in order": (lambda: bytes_of(blocks(0, 255, 128)), None, ("value 0", "value 128", "value 255"), blocks(0, 2, 1)),
    "palette": (
        lambda: palette_file(blocks(0, 2, 1), RED, GREEN, BLUE),
        None,
        ("class 0", "class 1", "class 2"),
        blocks(0, 2, 1),
    ),
    "a palette of black and white": (lambda: palette_file(blocks(0, 1), (255, 255, 255), (0, 0, 0)), None, TWO, blocks(1, 0)),
    "colours that are grey": (lambda: file(blocks(0, 255)[..., None].repeat(3, 2).astype(np.uint8)), None, TWO, blocks(0, 1)),
    "with an alpha channel": (
        lambda: file(np.dstack([blocks(0, 255)] * 3 + [blocks(255, 255)]).astype(np.uint8)),
        None,
        TWO,
        blocks(0, 1),
    ),
}


@pytest.mark.parametrize(("mask", "names", "classes", "labels"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_masks_as_people_have_them(mask: Any, names: str | None, classes: tuple[str, ...], labels: np.ndarray, tmp_path: Path) -> None:
    found = read(make(tmp_path / "data", [mask()] * 3, classes=names))
    assert found.summary.problems == ()
    assert found.summary.classes == classes
    np.testing.assert_array_equal(found.masks[0], labels)
    shares = [(labels == number).mean() for number in range(len(classes))]
    np.testing.assert_allclose(found.summary.shares, shares)


def test_what_values_mean_is_decided_for_all_masks_together(tmp_path: Path) -> None:
    """Each of the first two alone would be black and white."""
    masks = [palette_file(values, RED, GREEN, BLUE, (255, 255, 255)) for values in (blocks(0, 1), blocks(0, 3), blocks(3, 2))]
    found = read(make(tmp_path / "data", masks))
    assert found.summary.classes == ("class 0", "class 1", "class 2", "class 3")
    assert [sorted(set(mask.ravel().tolist())) for mask in found.masks] == [[0, 1], [0, 3], [2, 3]]


def test_colours_come_from_the_palette(tmp_path: Path) -> None:
    masks = [palette_file(blocks(0, 3), RED, GREEN, BLUE, (1, 2, 3)), palette_file(blocks(0, 1), RED, GREEN)]
    assert look(make(tmp_path / "a", masks)).colours == (RED, GREEN, class_colours(1)[0], (1, 2, 3)), "no file shows entry 2"
    same = palette_file(blocks(0, 2, 1), RED, RED, BLUE)
    assert look(make(tmp_path / "b", [same, same])).colours == class_colours(3), "two classes cannot have one colour"
    other = look(make(tmp_path / "c", [palette_file(blocks(0, 2, 1), RED, GREEN, BLUE), palette_file(blocks(0, 2, 1), GREEN, RED, BLUE)]))
    assert other.notes == ("a.png and b.png show entry 0 in different colours: what counts is the entry's number.",)


def test_32_classes_and_no_more(tmp_path: Path) -> None:
    def summary(name: str, count: int) -> Any:
        labels = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
        names = "\n".join(f"n{i}" for i in range(count)) if count <= 32 else None
        return look(make(tmp_path / name, [bytes_of(labels % (count // 2)), bytes_of(labels % count)], classes=names))

    most = summary("most", 32)
    assert most.problems == ()
    assert len(set(most.colours)) == len(most.classes) == 32
    assert (
        "the mask b.png: it has 33 values, as smoothed edges have: save it without anti-aliasing, 32 at most"
        in summary("more", 33).problems
    )
    parts = [bytes_of(blocks(*range(20))), bytes_of(blocks(*range(100, 120)))]
    assert look(make(tmp_path / "parts", parts)).problems == ("the masks have 40 values together: at most 32 classes are understood",)


CLASSES = {
    "a\n\nb\n": "line 2 of classes.txt is empty: label 1 needs a name",
    "a\nb\n a ": "line 3 of classes.txt is 'a' again: line 1 is the same",
    "a": "classes.txt names 1 classes: 2 to 32 are understood, a line each",
    "\n".join(map(str, range(33))): "classes.txt names 33 classes: 2 to 32 are understood, a line each",
    f"a\n{'x' * 61}": "line 2 of classes.txt is no name: at most 60 characters that can be printed",
    "a\nb\x07": "line 2 of classes.txt is no name: at most 60 characters that can be printed",
}


@pytest.mark.parametrize(("text", "sentence"), CLASSES.items(), ids=range(len(CLASSES)))
def test_a_classes_file_is_refused_by_its_line(text: str, sentence: str, tmp_path: Path) -> None:
    assert look(make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 2, classes=text)).problems == (sentence,)


def test_a_classes_file_that_is_no_text(tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 2)
    (path / "classes.txt").write_bytes(b"\xff\xfe\x00a")
    assert look(path).problems == ("classes.txt is no text in UTF-8: save it as plain text, a name a line",)


# -- what is wrong, by name --------------------------------------------------------------------------------------------


def jpeg() -> bytes:
    return file(np.random.default_rng(0).integers(0, 2, (SIDE, SIDE)).astype(np.uint8) * 255, "JPEG")


WRONG = {
    "an unknown label": (
        bytes_of(blocks(0, 0, 1, 255)),
        "the mask c.png has the value 255 in 25.0% of its pixels: classes.txt names 0 to 2",
    ),
    "many": (
        bytes_of(blocks(0, 4, 5, 6, 7)),
        "the mask c.png has the values 4, 5, 6, … in 80.0% of its pixels: classes.txt names 0 to 2",
    ),
    "black and white for three": (
        bytes_of(blocks(0, 255)),
        "the mask c.png has the value 255 in 50.0% of its pixels: classes.txt names 0 to 2",
    ),
    "empty": (bytes_of(blocks(0)), "the mask c.png is empty"),
    "another size": (bytes_of(blocks(0, 1, side=32)), "c.png is 40 x 40, its mask 32 x 32"),
    "smoothed": (bytes_of(np.arange(1600).reshape(40, 40) % 200), "the mask c.png: it has 200 values, as smoothed edges have"),
    "in colours": (colour(1), "the mask c.png: it is in colours (RGB): save it as an index or palette PNG"),
    "JPEG": (jpeg(), "the mask c.png: it is a JPEG, which smears the values: save it as PNG"),
    "damaged": (grey(1)[:500], "the mask c.png: the image is damaged"),
    "no image": (b"GIF89a", "the mask c.png: this is not an image that can be read"),
    "two pixels": (bytes_of(blocks(0, 1, side=2)), "the mask c.png: the image is 2 x 2 pixels: at least 8 a side are needed"),
    "fractions": (file((blocks(0, 1) / 2).astype(np.float32), "TIFF"), "the mask c.png: it has values that are no whole numbers"),
}


@pytest.mark.parametrize(("mask", "sentence"), WRONG.values(), ids=WRONG)
def test_a_mask_is_refused_by_name(mask: bytes, sentence: str, tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 2, 1))] * 2 + [mask], classes="a\nb\nc")
    (problem,) = look(path).problems
    assert problem.startswith(sentence)
    with pytest.raises(ValueError, match="data cannot be used: "):
        open_set(str(path))


def test_all_that_is_wrong_is_listed_and_counted(tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 255))] * 12)
    for name in "abc":
        (path / "masks" / f"{name}.png").unlink()
    for name in "fghij":
        (path / "images" / f"{name}.png").write_bytes(bytes_of(blocks(3, side=2)))
    (path / "images" / "d.png").rename(path / "images" / "new.png")
    (path / "images" / "e.jpg").write_bytes(grey(0))
    found = look(path)
    assert found.problems[:4] == (
        "e.jpg and e.png in images/ have the same name",
        "a.png has no mask",
        "b.png has no mask",
        "c.png has no mask",
    )
    assert "d.png has no image" in found.problems
    assert "j.png: the image is 2 x 2 pixels: at least 8 a side are needed" in found.problems
    assert len(found.problems) == 11
    with pytest.raises(ValueError, match=r"j\.png|and 3 more$") as error:
        open_set(str(path))
    assert str(error.value).count(";") == 7


def test_too_few_and_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make(tmp_path / "one", [bytes_of(blocks(0, 1))])
    assert look(one).problems == ("it has 1 pair: at least 2 are needed, one to train on and one to test on",)
    assert look(tmp_path).problems[0].startswith("images/ is not there: a data folder has images/ and masks/")
    (tmp_path / "none" / "images").mkdir(parents=True)
    (tmp_path / "none" / "masks").mkdir()
    assert "masks/ has no image files: PNG, JPEG, TIFF, BMP and WEBP are read" in look(tmp_path / "none").problems
    full = make(tmp_path / "full", [bytes_of(blocks(255, 255))] * 3)
    assert look(full).problems == ("all masks are object alone: there is nothing to tell apart",)
    three = make(tmp_path / "three", [bytes_of(blocks(0, 1))] * 3)
    assert look(three).problems == ()
    monkeypatch.setattr(folders, "MOST_TOGETHER", 2 * SIDE * SIDE / 1e6)
    assert look(three).problems[0].startswith("the images up to c.png have more than")
    monkeypatch.setattr(folders, "MOST_PAIRS", 2)
    assert look(three).problems[0] == "it has 3 pairs: at most 2 are taken"
    monkeypatch.setattr(folders, "MOST_FILE", 1e-6)
    assert look(one).problems[0] == "a.png: the file has 0 MB: at most 1e-06 are taken"


def test_what_is_only_worth_knowing_is_a_note(tmp_path: Path) -> None:
    masks = [bytes_of(blocks(0, 2)), bytes_of(blocks(2)), bytes_of(blocks(0, 2))]
    found = look(make(tmp_path / "data", masks, classes="ground\nwater\nroof\n"))
    assert found.problems == ()
    assert found.notes == ("The mask b.png is roof alone.", "No mask has the class water.")
    assert look(make(tmp_path / "greys", [bytes_of(blocks(0, 90, 200))] * 2)).notes == (
        "The masks have 3 values up to 200: each is taken as a class, in rising order.",
    )


def test_hidden_files_are_not_there(tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 2)
    for name in (".DS_Store", "._a.png", "notes.txt"):
        (path / "images" / name).write_bytes(b"nothing")
    assert look(path).problems == ()


# -- images ------------------------------------------------------------------------------------------------------------


def test_one_coloured_image_makes_a_coloured_set(tmp_path: Path) -> None:
    masks, same = [bytes_of(blocks(0, 1))] * 3, decode_bytes(grey(0))
    greys = [grey(0), file(np.dstack([same] * 3)), grey(2)]
    assert open_set(str(make(tmp_path / "grey", masks, greys))).channels == 1, "three equal channels are no colour"
    data = open_set(str(make(tmp_path / "colour", masks, [*greys[:2], colour(2)])), size=SIDE)
    image, _ = data.train(0)
    assert data.channels == 3
    assert image.shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(image, np.repeat((same / np.float32(255))[..., None], 3, axis=2))
    np.testing.assert_array_equal(data.validation(0)[0], decode_bytes(colour(2)) / np.float32(255))
    assert not data.inverts


def test_sizes_differ_and_small_images_are_mirrored_again_and_again(tmp_path: Path) -> None:
    sides = (8, 50, 9)
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1, side=side)) for side in sides], [grey(side, side) for side in sides])
    found = look(path)
    assert (found.smallest, found.largest) == ((8, 8), (50, 50))
    image, mask = open_set(str(path), size=64).train(0)
    small = decode_bytes(grey(8, 8)) / np.float32(255)
    row = np.concatenate([small, small[:, ::-1]] * 4, axis=1)
    np.testing.assert_array_equal(image, np.concatenate([row, row[::-1]] * 4))
    np.testing.assert_array_equal(mask[0], np.repeat([0, 1, 0, 1, 0, 1, 0, 1, 0], [4, 8, 8, 8, 8, 8, 8, 8, 4]))
    config = TrainConfig(**{**SMALL, "data": str(path), "depth": 5, "steps": 2, "size": 64})
    assert list(fit(config))[-1].kind == "end", "smaller than the network's stride"


def test_every_fifth_by_name_is_held_out(tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 11)
    data = open_set(str(path), size=SIDE, images=1)
    assert (data.train_count, data.validation_count) == (9, 2)
    np.testing.assert_array_equal(data.validation(1)[0], decode_bytes(grey(9)) / np.float32(255))


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_classes_are_named_without_decoding_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "data", [palette_file(blocks(0, 2, 1), RED, GREEN, BLUE)] * 2, classes="sky\nsea\nland")
    told = (("sky", "sea", "land"), (RED, GREEN, BLUE))
    open_set(str(path))
    looks: list[Path] = []
    monkeypatch.setattr(remembered, "look", lambda folder: looks.append(folder) or look(folder))
    assert classes_of(str(path)) == told
    assert looks == []
    (path / "classes.txt").write_text("sky\nsea\nsand")
    assert classes_of(str(path)) == (("sky", "sea", "sand"), (RED, GREEN, BLUE))
    assert looks == [path], "changed files are looked at again"
    path.rename(tmp_path / "moved")
    assert classes_of(str(path))[0] == ("sky", "sea", "sand"), "a folder that is gone is remembered"
    assert classes_for(str(path), 3)[1] == (RED, GREEN, BLUE)
    assert classes_for(str(path), 4) == (("class 0", "class 1", "class 2", "class 3"), class_colours(4))
    next((home() / "summaries").iterdir()).write_text("damaged")
    with pytest.raises(ValueError, match="is neither a folder nor a generated set"):
        classes_of(str(path))


# -- uploads -----------------------------------------------------------------------------------------------------------


def test_an_upload_gives_the_same_result_as_the_folder(tmp_path: Path) -> None:
    """Batches are equal in every bit, and so are the losses of a training."""
    path = make(
        tmp_path / "data",
        [palette_file(np.roll(blocks(0, 2, 1), number, axis=1), RED, GREEN, BLUE) for number in range(6)],
        [colour(number, SIDE) for number in range(6)],
        "sky\nsea\nland",
    )
    name = keep(files_of(path), "Coast")
    one, other = open_set(str(path), size=32), open_set(name, size=32)
    assert (
        (one.classes, one.colours, one.channels)
        == (other.classes, other.colours, other.channels)
        == (("sky", "sea", "land"), (RED, GREEN, BLUE), 3)
    )
    config = TrainConfig(size=32, batch=4, depth=2)
    for step in range(3):
        for left, right in zip(make_batch(one, config, step, {}), make_batch(other, config, step, {})):
            np.testing.assert_array_equal(left, right)

    def losses(data: str) -> list[float]:
        return [event.data["loss"] for event in fit(TrainConfig(**SMALL, data=data)) if event.kind == "step"]

    assert losses(str(path)) == losses(name)
    assert len(losses(name)) == 3


def test_the_name_is_made_of_names_and_contents(tmp_path: Path) -> None:
    files = files_of(make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 3))
    name = keep(files, "One")
    assert name.startswith("own:")
    assert len(name) == 16
    assert keep(reversed(files), "Another title") == name
    assert title_of(name) == "One"
    assert keep([(kind, f"x{given}", data) for kind, given, data in files], "") != name
    assert keep([*files[:-1], (*files[-1][:2], grey(9))], "") != name
    assert sorted(path.name for path in sets_folder().iterdir() if path.name.startswith(".")) == []
    one = keep([("images", "a.png", b"xmasks/a.pngy")], "")
    assert one != keep([("images", "a.png", b"x"), ("masks", "a.png", b"y")], ""), "where a file ends counts"


NAMES = {
    "../../../etc/cron.png": "cron.png",
    "/etc/a.png": "a.png",
    "C:\\data\\a.png": "a.png",
    "a\nb\x00\x1b[31m.png": "ab[31m.png",
    'a<b>:"|?*.png': "a_b______.png",
    "é" * 200 + ".png": "é" * 58 + ".png",
    "\ud800a.png": "a.png",
}


@pytest.mark.parametrize(("given", "kept"), NAMES.items(), ids=range(len(NAMES)))
def test_names_lead_nowhere(given: str, kept: str, tmp_path: Path) -> None:
    name = keep([("images", given, b"1"), ("masks", given, b"2")], "../title\n")
    assert [path.name for path in (folder_of(name) / "images").iterdir()] == [kept]
    assert {path.relative_to(tmp_path / "home").parts[0] for path in tmp_path.rglob("*") if path.is_file()} == {"sets"}
    assert title_of(name) == "../title"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "there are no images and no masks"),
        ([("images", "a/..", b"")], "there are no images and no masks"),
        ([("images", "\0", b"")], "'' is no name of an image file"),
        ([("images", "a.exe", b"")], "'a.exe' is no name of an image file: .bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp are read"),
        ([("images", "x/a.png", b"1"), ("images", "y/a.png", b"2")], "two different files are images/a.png: give one of them another name"),
        ([("sounds", "a.png", b"1")], "kind='sounds' is unknown: images, masks, classes"),
        ([("images", f"{i}.png", b"1") for i in range(401)], "these are 401 pairs: at most 400 are taken"),
    ],
    ids=range(7),
)
def test_an_upload_is_refused_in_a_sentence(files: list[uploads.File], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        keep(files, "")
    assert str(error.value).startswith(sentence)
    assert not sets_folder().exists()


def test_an_upload_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_TOGETHER", 0.001)
    with pytest.raises(ValueError, match=r"the files have more than 0\.001 MB together: use fewer or smaller ones"):
        keep([("images", "a.png", bytes(600)), ("masks", "a.png", bytes(600))], "")


def test_an_upload_that_is_gone_is_said() -> None:
    for act in (open_set, classes_of, folder_of):
        with pytest.raises(ValueError, match="the pictures of this run are gone: uploads are kept for 30 days"):
            act("own:0123456789ab")
    for name in ("own:", "own:../../../etc", "own:0123456789AB", "own:0123456789abc"):
        with pytest.raises(ValueError, match="is no upload: a name has own: and 12 hexadecimal digits"):
            open_set(name)


def test_old_uploads_go_unless_a_run_needs_them() -> None:
    names = [keep([("images", f"{number}.png", b"x")], str(number)) for number in range(5)]
    for days, name in enumerate(names):
        at = time.time() - 10 * days * 86_400 - 5
        os.utime(folder_of(name), (at, at))
    half = sets_folder() / ".new-left"
    half.mkdir()
    os.utime(half, (0, 0))

    def there() -> list[bool]:
        return [(sets_folder() / name.removeprefix("own:")).is_dir() for name in names]

    prune(Keeping(), {names[4]})
    assert there() == [True, True, True, False, True]
    assert not half.exists()
    prune(Keeping(uploads=2))
    assert there() == [True, True, False, False, False]
    prune(Keeping(uploads=1), names, names[1:2])
    assert there() == [True, True, False, False, False], "what is learned from stays whatever there is"
    prune(Keeping(uploads=1), names)
    assert there() == [True, False, False, False, False]


def test_a_store_keeps_the_uploads_of_its_runs(own_home: Path) -> None:
    used, free = (keep([("images", f"{number}.png", b"x")], f"Title {number}") for number in range(2))
    store = Store()
    run = store.create(TrainConfig(data=used), "token")
    for name in (used, free):
        os.utime(folder_of(name), (0, 0))
    clean(Store(own_home / "another"))
    assert folder_of(free).is_dir(), "another store knows nothing of these"
    clean(store)
    assert folder_of(used).is_dir()
    assert run.name == "Title 0"
    with pytest.raises(ValueError, match="are gone"):
        folder_of(free)


# -- zip files ---------------------------------------------------------------------------------------------------------


def test_a_zip_is_the_same_upload_as_its_files(tmp_path: Path) -> None:
    files = files_of(make(tmp_path / "data", [bytes_of(blocks(0, 1))] * 3, classes="a\nb"))
    inside = {f"my set/{kind.capitalize()}/{name}" if kind != "classes" else f"my set/{name}": data for kind, name, data in files}
    noise = {
        "my set/": b"",
        "__MACOSX/my set/images/._a.png": b"x",
        "my set/images/.DS_Store": b"x",
        "my set/images/Thumbs.db": b"x",
        "read.me": b"x",
    }
    assert keep(unpacked(zipped({**inside, **noise})), "") == keep(files, "")


def lying(data: bytes, size: int) -> bytes:
    """The zip with another unpacked size in its table of contents and its headers."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset : at + offset + 4] = struct.pack("<I", size)
            at = changed.find(mark, at + 4)
    return bytes(changed)


def encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[changed.find(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


ZIPS = {
    "no zip": (lambda: b"hello", "the zip is damaged or of a kind that cannot be read (File is not a zip file)"),
    "nothing in it": (lambda: zipped({"a.png": b""}), "the zip needs one folder images/ and beside it masks/: it has none"),
    "two sets": (
        lambda: zipped({"train/images/a.png": b"", "val/images/a.png": b""}),
        "the zip needs one folder images/ and beside it masks/: it has train/images, val/images",
    ),
    "upwards": (lambda: zipped({"images/a.png": b"", "../masks/a.png": b""}), "the zip has a path that leads out of it: '../masks/a.png'"),
    "absolute": (lambda: zipped({"/images/a.png": b""}), "the zip has a path that leads out of it: '/images/a.png'"),
    "a drive": (lambda: zipped({"C:\\images\\a.png": b""}), "the zip has a path that leads out of it: 'C:"),
    "a bomb that lies": (lambda: lying(zipped({"images/a.png": bytes(1000)}), 10), "the zip is damaged or of a kind that cannot be read (Bad CRC-32"),
    "too many": (lambda: zipped({f"images/{i}.png": b"" for i in range(1900)}), "the zip has more than 1800 files: at most 400 pairs are taken"),
    "encrypted": (lambda: encrypted(zipped({"images/a.png": b"x"})), "'images/a.png' in the zip is encrypted: pack it without a password"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), ZIPS.values(), ids=ZIPS)
def test_a_zip_is_refused_in_a_sentence(data: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        unpacked(data())
    assert str(error.value).startswith(sentence)


def test_a_bomb_that_says_so_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(zips, "_contents", lambda archive, entry, left: read.append(entry.filename))
    with pytest.raises(ValueError, match="the zip holds more than 200 MB"):
        unpacked(lying(zipped({"images/a.png": b"", "masks/a.png": b""}), 150_000_000))
    assert read == []


def test_what_is_read_counts_and_not_what_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that each declare little are stopped as soon as they are more together."""
    monkeypatch.setattr(zips, "LIMIT", 1000)
    assert len(unpacked(zipped({"images/a.png": bytes(500), "masks/a.png": bytes(500)}))) == 2
    with zipfile.ZipFile(BytesIO(zipped({"images/a.png": bytes(1001)}))) as archive:
        entry = archive.infolist()[0]
        with pytest.raises(ValueError, match="the zip holds more than 200 MB"):
            zips._contents(archive, entry, 1000)


# -- hostile files -----------------------------------------------------------------------------------------------------


def damaged(data: bytes, random: random.Random) -> bytes:
    """Some bytes changed, cut, or doubled."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 30)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    if random.random() < 0.3:
        changed = changed[: random.randrange(1, len(changed))]
    return bytes(changed * random.choice((1, 1, 1, 2)))


def test_hundreds_of_hostile_files_are_answered_in_a_sentence() -> None:
    """Damaged images, masks, class names and zips: nothing but ValueError from keep, and a summary from look."""
    dice = random.Random(0)
    mask = blocks(0, 2, 1)
    shades = mask.astype(np.uint8)
    masks = [
        bytes_of(mask),
        palette_file(mask, RED, GREEN, BLUE),
        *(file(shades, kind) for kind in ("TIFF", "BMP", "WEBP", "JPEG")),
        file(mask.astype(np.float32), "TIFF"),
        file(mask.astype(np.int32), "TIFF"),
        file(mask.astype(np.uint16)),
    ]
    images = [grey(0), colour(0), file(decode_bytes(colour(0)), "JPEG"), file(decode_bytes(grey(0)).astype(np.float32), "TIFF")]
    whole = zipped(
        {"images/a.png": grey(0), "masks/a.png": masks[0], "images/b.png": grey(1), "masks/b.png": masks[0], "classes.txt": b"a\nb\nc"}
    )
    refused = read = bad = 0
    for number in range(200):
        try:
            if number % 4 == 3:
                name = keep(unpacked(damaged(whole, dice)), "")
            else:
                first = damaged(images[number % len(images)], dice), damaged(masks[number % len(masks)], dice)
                files = [
                    ("images", "a.png", first[0]),
                    ("masks", "a.png", first[1]),
                    ("images", "b.png", grey(1)),
                    ("masks", "b.png", masks[0]),
                ]
                name = keep(
                    [*files, ("classes", "c", damaged(b"sky\nsea\nland", dice))] if number % 3 else files, chr(dice.randrange(0x300))
                )
        except ValueError as error:
            refused += 1
            assert len(str(error)) < 300
            continue
        read += 1
        bad += bool(look(folder_of(name)).problems)
    assert refused > 10
    assert read > 100
    assert 50 < bad <= read


def test_whatever_a_decoder_raises_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of ten thousand damaged files raise what their format's reader never thought of."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Files, "open", broken)
    with pytest.raises(ValueError, match=r"the image is damaged \(ZeroDivisionError\): save it again or choose another"):
        decode_bytes(b"x")


@pytest.mark.parametrize("values", [[np.nan, np.inf, -np.inf, 0, 1, 2, 3, 4], [3e38, -3e38, 0, 1, 2, 3, 4, 5], [np.nan] * 8])
def test_images_of_strange_numbers(values: list[float]) -> None:
    data = file(np.array([values] * 8, np.float32), "TIFF")
    assert decode_bytes(data).shape == (8, 8)
    with pytest.raises(ValueError, match="no whole numbers"):
        decode_mask(data)


# -- workers -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def workers(own_home: Path) -> Iterator[jobs.Workers]:
    """Workers that were started with this test's home."""
    own = jobs.Workers()
    before, jobs._workers = jobs._workers, own
    yield own
    own.close()
    jobs._workers = before


@pytest.mark.usefixtures("workers")
def test_a_worker_looks_at_an_upload(tmp_path: Path) -> None:
    store = Store()
    masks = [palette_file(blocks(0, 2, 1), RED, GREEN, BLUE)] * 5
    path = make(tmp_path / "data", masks, [grey(0, SIDE) for _ in range(5)])
    summary, pictures = inspect_set(store, keep(files_of(path), "")).result(timeout=60)
    assert summary == look(path)
    assert set(pictures) == {"images", "masks"}
    shown = np.asarray(Files.open(BytesIO(pictures["masks"])))
    assert shown.shape == (160, 4 * 160 + 3 * 8, 4), "four of forty pixels, four times as large"
    np.testing.assert_array_equal(shown[::4, :160:4, :3], painted(blocks(0, 2, 1).astype(np.uint8), (RED, GREEN, BLUE)))
    long = [(kind, f"{'x' * 100}{number}.png", b"no image") for kind in ("images", "masks") for number in range(200)]
    summary, pictures = inspect_set(store, keep(long, "")).result(timeout=60)
    assert sum(map(len, summary.problems)) > 4000, "longer than an answer may be"
    assert len(summary.problems) == 200
    assert pictures == {}
    with pytest.raises(jobs.TaskError, match="the pictures of this run are gone"):
        inspect_set(store, "own:0123456789ab").result(timeout=60)
    assert list(store.uploads().iterdir()) == []


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_names_what_is_wrong_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1, 7)), bytes_of(blocks(0))], classes="a\nb")
    assert main(["train", str(path), "--steps", "1"]) == 2
    said = capsys.readouterr().err
    assert "data cannot be used: the mask a.png has the value 7 in" in said
    assert "the mask b.png is empty" in said
    assert len(said.strip().splitlines()) == 1
    assert Store().runs() == []


def test_the_command_trains_and_predicts_in_the_sets_own_colours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "data", [palette_file(blocks(0, 2, 1), RED, GREEN, BLUE)] * 3, classes="sky\nsea\nland\nice")
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "data", "--steps", "2", "--width", "4", "--depth", "2", "--size", "32", "--batch", "2"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("No mask has the class ice.\ntraining on ")
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["notes"] == ["No mask has the class ice."]
    assert Store().run(said["run"]).config.data == str(path), "it is found wherever it is asked for"
    assert Store().run(said["run"]).name == "data"
    image = tmp_path / "image.png"
    image.write_bytes(grey(5))

    def predicted() -> tuple[dict[str, float], Files.Image]:
        assert main(["predict", said["run"], str(image), "--out", "mask.png", "--json"]) == 0
        return json.loads(capsys.readouterr().out)["shares"], Files.open(BytesIO(Path("mask.png").read_bytes()))

    expected = (RED, GREEN, BLUE, classes_of(str(path))[1][3])
    monkeypatch.chdir(home())
    shares, mask = predicted()
    assert list(shares) == ["sky", "sea", "land", "ice"]
    assert mask.mode == "P"
    assert mask.getpalette()[:12] == [part for one in expected for part in one]
    path.rename(tmp_path / "moved")
    assert list(predicted()[0]) == ["sky", "sea", "land", "ice"], "as last seen"
    for kept in (home() / "summaries").iterdir():
        kept.unlink()
    shares, mask = predicted()
    assert list(shares) == ["class 0", "class 1", "class 2", "class 3"]
    assert mask.getpalette()[:12] == [part for one in class_colours(4) for part in one]


def test_predicted_masks_can_be_trained_on(tmp_path: Path) -> None:
    labels = blocks(0, 2, 1).astype(np.uint8)
    made = mask_file(labels, (RED, GREEN, BLUE))
    found = read(make(tmp_path / "data", [made, made]))
    np.testing.assert_array_equal(found.masks[0], labels)
    assert found.summary.colours == (RED, GREEN, BLUE)


# -- the page ----------------------------------------------------------------------------------------------------------

PAGE = """
import streamlit as st
from seglab.train.store import Store
from seglab.ui.own_data import own_data
st.write(f"chosen {own_data(Store(), None)}")
"""


class Page:
    """The panel on a page of its own, run again until no worker is under way."""

    def __init__(self) -> None:
        self.page = AppTest.from_string(PAGE, default_timeout=30).run()

    def upload(self, key: str, *files: tuple[str, bytes]) -> None:
        given = [(name, data, "application/octet-stream") for name, data in files]
        self.page.file_uploader(key=key).set_value(given if key in ("own.images", "own.masks") else given[0])
        self.page.run()
        wait_for(lambda: "A worker is looking" not in self.text() or not self.page.run())

    def text(self) -> str:
        return "\n".join(
            str(one.value) for kind in ("markdown", "caption", "error", "html") for one in self.page.get(kind) if hasattr(one, "value")
        )

    @property
    def chosen(self) -> str:
        return next(one.value for one in self.page.markdown if one.value.startswith("chosen")).removeprefix("chosen ")


@pytest.mark.usefixtures("workers")
def test_a_person_uploads_mends_and_comes_back_to_a_set(tmp_path: Path) -> None:
    path = make(tmp_path / "data", [bytes_of(blocks(0, 1, 0, 2))] * 5, classes="sky\nsea\nland\n")
    images = [(name, data) for kind, name, data in files_of(path) if kind == "images"]
    masks = [(name, data) for kind, name, data in files_of(path) if kind == "masks"]
    page = Page()
    page.upload("own.images", *images)
    assert "Now the masks." in page.text()
    page.upload("own.masks", *masks[:-1], ("a_[b].png", masks[0][1]))
    assert page.chosen == "None"
    assert "These pictures cannot be trained on yet" in page.text()
    assert r"a\_\[b\]\.png has no image" in page.text()
    page.upload("own.masks", *masks)
    first = page.chosen
    assert first == keep([file for file in files_of(path) if file[0] != "classes"], "")
    page.upload("own.classes", ("anything.txt", b"sky\nsea\nland\nice\n"))
    assert page.chosen not in ("None", first)
    assert "5 pairs" in page.text()
    assert "4 to train on, 1 to test on" in page.text()
    assert r"No mask has the class ice\." in page.text()
    page.page.segmented_control(key="own.way").set_value("One zip").run()
    page.upload("own.zip", ("my leaves.zip", zipped({"a.txt": b""})))
    assert page.chosen == "None"
    assert "The zip needs one folder images/" in page.text().replace("\\", "")
    page.upload("own.zip", ("my leaves.zip", zipped({f"{kind}/{name}": data for kind, name, data in files_of(path)[:-1]})))
    assert page.chosen == first, "the same files are the same set"
    page.page.segmented_control(key="own.way").set_value("Uploaded before").run()
    named = page.page.selectbox(key="own.earlier").options
    assert len(set(named)) == len(named) == 3, "two of the same title are told apart"
    for name in (named[-1], named[0]):
        page.page.selectbox(key="own.earlier").set_value(name).run()
        wait_for(lambda: "A worker is looking" not in page.text() or not page.page.run())
    assert page.chosen == first


def test_the_page_that_asks_loads_no_torch() -> None:
    code = "import sys; import seglab.ui.own_data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
