"""What a worker process can be asked to do. Each task is a function of plain data that returns plain data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seglab.train.config import TrainConfig

MOST_TOLD = 1000  # deleted things that an answer names
Gone = Callable[[], bool]


def train(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Work on the run `run` of the store in `home` until it ends or is stopped."""
    from seglab.train.job import Job
    from seglab.train.stopping import end_in_time
    from seglab.train.store import Store

    store = Store(Path(task["home"]))
    end_in_time(store, task["run"])
    Job(store, task["run"], gone).run()
    return {}


def segment(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Segment the file `image` with the weights in `weights`, and compare with the file `mask` if there is one; what is told, pictures and
    files go into the folder `out`."""
    from seglab.data.sets import classes_for
    from seglab.infer.used import used_file
    from seglab.train.weights import load_model

    model, config = load_model(Path(task["weights"]))
    colours = task["colours"] or classes_for(config.data, model.classes)[1]
    mask = Path(task["mask"]) if task.get("mask") else None
    _tell(task["out"], used_file(model, Path(task["image"]), mask, colours, Path(task["out"]), task["shrink"]), {})
    return {}


def seams(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Cut the file `image` into tiles in every way and compare what the network in `weights` says at the seams (`infer/seams.py`)."""
    from seglab.infer.seams import compared_file
    from seglab.train.weights import load_model

    model, _ = load_model(Path(task["weights"]))
    _tell(task["out"], *compared_file(model, Path(task["image"]), task["tile"], task["shows"]))
    return {}


def elsewhere(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Measure how sure the network in `weights` is of pictures that it knows and of others (`infer/elsewhere.py`)."""
    from seglab.infer.elsewhere import measured
    from seglab.train.weights import load_model

    _tell(task["out"], measured(*load_model(Path(task["weights"]))), {})
    return {}


def decode(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Decode the file `image` and write it, shrunk to at most `side` pixels a side, as image.png into the folder `out`."""
    import numpy as np
    from PIL import Image as Files

    from seglab.data.decode import decode as read
    from seglab.infer.pictures import grey, png

    image = grey(read(Path(task["image"]).read_bytes(), colour=task["colour"]))
    height, width = image.shape[:2]
    times = min(1.0, task["side"] / max(height, width))
    small = Files.fromarray(image).resize((max(1, round(width * times)), max(1, round(height * times))), Files.Resampling.BOX)
    write(task["out"], {"image": png(np.asarray(small))})
    return {"size": [height, width]}


def chances(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Let the networks in the files `weights`, by name, look at the scene `number` of `data`; write their chances into the file `out`."""
    from seglab.data.sets import unseen_scene
    from seglab.infer.chances import packed
    from seglab.infer.chances_of import chances_of

    image, _ = unseen_scene(task["data"], task["number"], task["size"], task["difficulty"])
    weights = {name: Path(path) for name, path in task["weights"].items()}
    Path(task["out"]).write_bytes(packed(chances_of(weights, image)))
    return {}


def inspect(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Look into the data set `data`; write what is found as summary.json into the folder `out`, and images.png and masks.png of its first
    pairs where nothing is wrong."""
    from seglab.data.sets import look_into
    from seglab.infer.strips import strips

    pairs, out = look_into(task["data"]), Path(task["out"])
    # An answer has 4000 bytes at most, and names of files may be longer together.
    (out / "summary.json").write_text(json.dumps(pairs.summary.as_json()), encoding="utf-8")
    if not pairs.summary.problems:
        write(out, strips(pairs))
    return {"pairs": pairs.summary.pairs, "problems": len(pairs.summary.problems)}


def check(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Run a snippet of ours and return the largest difference of its output from `expected`."""
    import numpy as np

    from seglab.nets.judge import difference, run_snippet

    return {"difference": difference(run_snippet(task["code"])["output"], np.array(task["expected"], float))}


def fetch_pet(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Bring the pictures of pets from the archives of `source` to the data folder below `home`, and say where that is."""
    os.environ["SEGLAB_HOME"] = task["home"]  # this process has no other task
    from seglab.data.pet import Source, fetch

    return {"folder": str(fetch(lambda progress: None, gone, Source(**task["source"])))}


def preview(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Draw what the page shows before a training with `config`, as pictures in the folder `out`."""
    from seglab.train.preview import preview_files

    drawn, said = preview_files(TrainConfig.from_json(task["config"]), task["view"])
    write(task["out"], drawn)
    return said


def onnx(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Write the network in `weights` as ONNX to the file `out`."""
    from seglab.nets.onnx import to_onnx
    from seglab.train.weights import load_model

    model, config = load_model(Path(task["weights"]))
    Path(task["out"]).write_bytes(to_onnx(model, config.size))
    return {}


def weigh(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Check the file `weights` and tell what a run needs to know of it."""
    from seglab.train.weights import known_of

    return known_of(Path(task["weights"]))


def fcn_stages(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Let the FCNs in the folder `networks` look at the scene `number`; write their scores on the way up into the file `out`."""
    from seglab.data.sets import unseen_scene
    from seglab.infer.fcn_stages import all_stages
    from seglab.infer.fcn_told import DATA, DIFFICULTY, SIZE, packed

    image, _ = unseen_scene(DATA, task["number"], SIZE, DIFFICULTY)
    Path(task["out"]).write_bytes(packed(all_stages(Path(task["networks"]), image)))
    return {}


def effective_field(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Measure what the network in `weights` looks at, before and after its training; write that as told.json, and pictures, into the
    folder `out`."""
    from seglab.infer.effective_field import compared

    told, drawn = compared(Path(task["weights"]))
    _tell(task["out"], told, drawn)
    return {}


def moved(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Let the networks in the folder `networks` look at the shape of seed `seed`, moved in all ways; write what they find into `out`.

    masks.png holds the masks below each other, as class numbers, told.json the numbers of `moved_answers`.
    """
    from seglab.data.moves import DIFFICULTY
    from seglab.data.shapes import one_shape
    from seglab.infer.moving import load_networks, moved_answers
    from seglab.infer.pictures import png

    scene = one_shape(task["seed"], difficulty=DIFFICULTY)
    masks, told = moved_answers(load_networks(Path(task["networks"])), scene, task["around"])
    _tell(task["out"], told, {"masks": png(masks.reshape(-1, masks.shape[2]))})
    return {}


def _tell(folder: str, told: dict[str, Any], drawn: Mapping[str, bytes]) -> None:
    """Put what is told, which may be longer than an answer, and pictures into a folder."""
    (Path(folder) / "told.json").write_text(json.dumps(told), encoding="utf-8")
    write(folder, drawn)


def slide(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Classify every patch of a scene, one by one and in one pass; pictures of the answers go into the folder `out`."""
    from seglab.train.patch_answers import Slide, classifier, slide_pictures

    asked = Slide(**{**task["slide"], "size": tuple(task["slide"]["size"])})
    drawn, said = slide_pictures(asked, classifier(asked, Path(task["shipped"]), Path(task["kept"])))
    write(task["out"], drawn)
    return said


def context(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Train a classifier of one patch size, and judge it."""
    from seglab.train.patch_context import context_row

    return context_row(task["patch"], task["seed"])


def inside(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Look into the network in `weights` while it sees a picture: at a ``layer``, at ``why`` a pixel says what it says, or how its mask
    stands ``shifts``. What is found goes into the file `out`."""
    from dataclasses import asdict

    from seglab.infer.inside import look
    from seglab.infer.inside_shift import shift_consistency
    from seglab.infer.inside_told import Picture, pack, packed
    from seglab.infer.inside_why import why
    from seglab.train.weights import load_model

    model, config = load_model(Path(task["weights"]))
    file = Path(task["image"]).read_bytes() if task["image"] else None
    picture, more, out = Picture(task["source"], task["number"], file), task["more"], Path(task["out"])
    if task["ask"] == "layer":
        out.write_bytes(packed(look(model, config, picture, more["block"], more["layer"])))
    elif task["ask"] == "why":
        found = asdict(why(model, config.difficulty, picture, tuple(more["pixel"]), more["against"], more["square"]))
        arrays = {name: found.pop(name) for name in ("gradient", "drop", "image", "mask")}
        out.write_bytes(pack(found, **arrays))
    else:
        out.write_bytes(pack(asdict(shift_consistency(model, config.difficulty, picture))))
    return {}


def compared(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Let the networks of several files look at one new scene; write what they find into the folder `out`."""
    from seglab.infer.compared import compared as found

    _tell(task["out"], *found([Path(name) for name in task["weights"]], **task["scene"]))
    return {}


def experiment_rows(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Measure the runs `runs` of the store in `home` as their experiment does, and note it with their results."""
    from seglab.train.experiment_rows import measure_runs
    from seglab.train.store import Store

    return measure_runs(Store(Path(task["home"])), task["runs"], gone)


def restore(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Make a picture worse and give it back, by a network and a filter; pictures go into the folder `out`."""
    from seglab.infer.restore_answers import Wanted, answers

    said, drawn = answers(Wanted(**task["wanted"], file=task.get("image", "")))
    write(task["out"], drawn)
    return said


def train_restorer(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Train a network of the task `restore` from a seed into the file `out`, and measure it."""
    from seglab.infer.restore_answers import rows_of
    from seglab.train.restore import train_restorer as trained
    from seglab.train.restore import write_restorer

    def watch(step: int, loss: float) -> None:
        if gone():
            raise InterruptedError(f"nobody is left to train for after {step} steps")

    out = Path(task["out"])
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    write_restorer(part, trained(task["restore"], task["seed"], watch=watch), task["restore"], {"seed": task["seed"]})
    rows = rows_of(task["restore"], part, task["seed"])
    out.with_suffix(".json").write_text(json.dumps(rows), encoding="utf-8")
    os.replace(part, out)
    return {}


def clean(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Clean up in the home `home` (`train/housekeeping.py`); what went."""
    from dataclasses import asdict

    from seglab.train.housekeeping import clean as clean_up
    from seglab.train.store import Store

    return {"went": [asdict(each) for each in clean_up(Store(Path(task["home"])))][:MOST_TOLD]}


def write(folder: str | Path, drawn: Mapping[str, bytes]) -> None:
    """Put pictures, as PNG files by name, into a folder."""
    for name, data in drawn.items():
        (Path(folder) / f"{name}.png").write_bytes(data)


TASKS: dict[str, Callable[[dict[str, Any], Gone], dict[str, Any]]] = {
    "train": train,
    "segment": segment,
    "seams": seams,
    "elsewhere": elsewhere,
    "decode": decode,
    "chances": chances,
    "inspect": inspect,
    "check": check,
    "clean": clean,
    "fetch_pet": fetch_pet,
    "preview": preview,
    "onnx": onnx,
    "weigh": weigh,
    "fcn_stages": fcn_stages,
    "effective_field": effective_field,
    "moved": moved,
    "slide": slide,
    "context": context,
    "inside": inside,
    "compared": compared,
    "experiment_rows": experiment_rows,
    "restore": restore,
    "train_restorer": train_restorer,
}
