"""Train the networks of the page Other pictures out, tune the filters beside them, and measure both: ``python -m seglab.bench.restore``.

It takes twenty minutes of one idle core, and goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from functools import lru_cache
from zipfile import ZipFile, ZipInfo

import torch

from seglab.bench.study import run_study
from seglab.data.degraded import TASKS
from seglab.data.shipped import assets
from seglab.infer.restore_answers import Wanted, answers
from seglab.infer.restore_judged import filtered, mean_scores, restorer_file, tuned
from seglab.infer.restore_told import filters_of, study_for
from seglab.nets.restorer import Restorer
from seglab.train.restore import STEPS, load_restorer, restored, told_of, train_restorer, write_restorer
from seglab.train.restore_study import FIRST_TESTED, FIRST_TUNED, NETWORK, TESTED, TUNED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help="some of the tasks")
    parser.add_argument("--seeds", type=int, help="only the first so many seeds, for now")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    (assets() / "restore").mkdir(parents=True, exist_ok=True)
    tune()
    for task in asked.tasks:
        measure(task, asked.seeds)
        keep_first(task)


def tune() -> None:
    """Write the strength of every filter at every level, where that has not been done."""
    path = assets() / "restore" / "filters.json"
    if path.exists():
        return
    found = {task: {f"{level:g}": tuned(task, level, FIRST_TUNED, TUNED) for level in told.levels} for task, told in TASKS.items()}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(task: str, seeds: int | None = None) -> None:
    """The rows of a task's study, network and filters."""
    study = study_for(task)

    def one(arm: str, level: float | None, seed: int) -> dict[str, float]:
        if seeds is not None and seed >= seeds:
            raise EnoughError
        assert level is not None
        network = trained(task, seed) if arm == NETWORK else None
        first = FIRST_TESTED + TESTED * seed
        way = (lambda given: restored(network, task, given)) if network else (lambda given: filtered(task, arm, given, level))
        return mean_scores(task, way, level, first, TESTED)

    try:
        run_study(study, one)
    except EnoughError:
        return


def keep_first(task: str) -> None:
    """Keep what the page shows first of a task, so that nobody has to wait for a worker."""
    told = TASKS[task]
    wanted = Wanted(task, told.trained, next(iter(filters_of(task))), str(restorer_file(task)), 0, told.data)
    said, drawn = answers(wanted)
    with ZipFile(restorer_file(task).with_suffix(".zip"), "w") as file:
        for name, data in [("told.json", json.dumps(said).encode()), *((f"{name}.png", data) for name, data in drawn.items())]:
            file.writestr(ZipInfo(name), data)  # without the time of day: the same again is the same file


class EnoughError(Exception):
    """As many seeds as were asked for are done."""


@lru_cache(maxsize=1)
def trained(task: str, seed: int) -> Restorer:
    """The network of a seed; that of seed 0 is the one that is shipped, in half precision."""
    path = restorer_file(task)
    if seed:
        return train_restorer(task, seed)
    if not path.exists() or told_of(path).get("steps") != STEPS:
        write_restorer(path, train_restorer(task), task, {"steps": STEPS, "seed": 0})
    return load_restorer(path, task)


if __name__ == "__main__":
    main()
