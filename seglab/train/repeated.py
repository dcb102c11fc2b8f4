"""An experiment repeated by a visitor: its trainings are queued as runs of the store, and give rows as they end.

A run belongs to an experiment by its configuration alone, so that nothing else has to be kept, and a training by hand counts as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from seglab.train.experiment import ROW, SEEDS, Experiment, Setting, final_loss
from seglab.train.jobs import start_run
from seglab.train.store import NotFoundError, Run, Store

ENDED = "finished"


@dataclass(frozen=True)
class Repeated:
    """The runs of one visitor by the setting that they repeat, of each the best: finished, else open, else what there is."""

    runs: dict[Setting, Run]

    @property
    def finished(self) -> dict[Setting, Run]:
        return {setting: run for setting, run in self.runs.items() if run.status == ENDED}

    @property
    def open(self) -> dict[Setting, Run]:
        return {setting: run for setting, run in self.runs.items() if run.open}

    @property
    def unmeasured(self) -> list[Run]:
        """The finished runs whose weights have not been measured yet."""
        return [run for run in self.finished.values() if ROW not in run.results]

    @property
    def refused(self) -> dict[Setting, str]:
        """Why runs that have ended cannot be measured."""
        return {setting: run.results[ROW]["refused"] for setting, run in self.finished.items() if "refused" in run.results.get(ROW, {})}

    @property
    def told(self) -> Counter[str]:
        """How many there are of each status."""
        return Counter(run.status for run in self.runs.values())


def repeated(store: Store, experiment: Experiment, token: str | None) -> Repeated:
    """What the visitor with `token` has repeated of an experiment."""
    found: dict[Setting, Run] = {}
    for run in store.runs(token) if token else ():
        setting = experiment.configs.get(run.config)
        if setting and (setting not in found or _rank(run) > _rank(found[setting])):
            found[setting] = run
    return Repeated(found)


def _rank(run: Run) -> int:
    return 2 if run.status == ENDED else int(run.open)


def missing(there: Repeated, experiment: Experiment, seeds: Sequence[int] = SEEDS) -> list[Setting]:
    """The trainings of these seeds that are neither done nor under way."""
    done = {**there.finished, **there.open}
    return [setting for setting in experiment.settings(tuple(seeds)) if setting not in done]


def queue_missing(store: Store, experiment: Experiment, token: str, seeds: Sequence[int] = SEEDS) -> tuple[int, str]:
    """Queue what is missing, seed by seed, as far as there is room: how many were queued, and why the others were not, if so."""
    queued = 0
    for setting in missing(repeated(store, experiment, token), experiment, seeds):
        try:
            start_run(store, experiment.config(*setting), token, name_of(experiment, setting))
        except (ValueError, OSError) as error:
            return queued, str(error)
        queued += 1
    return queued, ""


def name_of(experiment: Experiment, setting: Setting) -> str:
    """What such a run is called.

    >>> from seglab.train.experiments import EXPERIMENTS
    >>> name_of(EXPERIMENTS["skips"], Setting("add", None, 3))
    'Skips: addition, seed 3'
    """
    return f"{experiment.study.title}: {experiment.title(setting.arm, setting.x)}, seed {setting.seed}"


def stop_all(store: Store, there: Repeated, token: str) -> None:
    """Stop what is under way."""
    for run in there.open.values():
        try:
            store.wish(run.id, "stop", token)
        except (NotFoundError, ValueError):  # it has just ended, or was deleted
            continue


def rows_of(store: Store, there: Repeated) -> list[dict[str, Any]]:
    """A row for each finished run that has been measured."""
    return [
        {**setting._asdict(), **run.results[ROW], "loss": _loss(store, run), "seconds": run.seconds}
        for setting, run in sorted(there.finished.items(), key=lambda pair: (pair[0].seed, pair[0].arm, pair[0].x or 0))
        if "refused" not in run.results.get(ROW, {"refused": ""})
    ]


def _loss(store: Store, run: Run) -> float:
    return final_loss([point.loss for point in store.points(run.id) if point.loss is not None])


def seconds_each(there: Repeated, shipped: Sequence[dict[str, Any]]) -> tuple[float, bool] | None:
    """How long a training takes: as the visitor's own have taken here (True), else as the shipped ones took; None where nobody knows."""
    own = [run.seconds for run in there.finished.values()]
    if own:
        return median(own), True
    known = [row["seconds"] for row in shipped if "seconds" in row]
    return (median(known), False) if known else None
