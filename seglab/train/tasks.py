"""What a worker process can be asked to do. Each task is a function of plain data that returns plain data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    """Decode the file `image`, segment it with the weights in `weights`, write pictures into the folder `out`."""
    from seglab.data.decode import decode
    from seglab.data.sets import classes_of
    from seglab.infer.pictures import pictures
    from seglab.infer.predict import segment as predict
    from seglab.train.metrics import shares
    from seglab.train.weights import load_model

    model, config = load_model(Path(task["weights"]))
    image = decode(Path(task["image"]).read_bytes(), colour=model.channels == 3)
    prediction = predict(model, image, task["shrink"])
    for name, data in pictures(image, prediction, classes_of(config.data)[1]).items():
        (Path(task["out"]) / f"{name}.png").write_bytes(data)
    return {"shrink": prediction.shrink, "shares": shares(prediction.mask, model.classes), "size": list(image.shape[:2])}


def check(task: dict[str, Any], gone: Gone) -> dict[str, Any]:
    """Run a snippet of ours and return the largest difference of its output from `expected`."""
    import numpy as np

    from seglab.nets.judge import difference, run_snippet

    return {"difference": difference(run_snippet(task["code"])["output"], np.array(task["expected"], float))}


TASKS: dict[str, Callable[[dict[str, Any], Gone], dict[str, Any]]] = {"train": train, "segment": segment, "check": check}
