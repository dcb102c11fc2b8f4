"""The experiments of the page Compare: a study each, and for every arm and x the very configuration that is trained.

The shipped rows (`bench/experiments.py`) and what a visitor repeats by a press are these same configurations. Data and lengths were chosen
in pilots with the seeds 100 and 101, before any of the seeds that are shown was trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from seglab.train.config import TrainConfig
from seglab.train.study import Measure, Study

MACHINE: dict[str, Any] = {"device": "cpu", "precision": "float32", "threads": 1}  # so that a repetition comes to the same digits
BASE = TrainConfig(size=64, width=8, batch=8, **MACHINE)
TESTED, FROM = 64, 30_000  # held-out scenes on which all are measured, and the number of the first
FEW = 16  # up to so many training images, what is learned by heart is measured, too
SEEDS = (0, 1, 2, 3, 4)
ROW = "experiment"  # the part of a run's results that holds what its experiment measures
LAST = 20  # steps over which the final training loss is averaged

IOU = Measure("mean_iou", "Mean IoU")
BOUNDARY = Measure("boundary", "Boundary F")


class Setting(NamedTuple):
    """One training of an experiment: its arm, its place on the axis where there is one, and its seed."""

    arm: str
    x: int | None
    seed: int


def final_loss(losses: Sequence[float]) -> float:
    """The mean training loss of the last steps.

    >>> final_loss([9.0, *[0.5] * 20])
    0.5
    """
    last = losses[-LAST:]
    return round(sum(last) / max(len(last), 1), 5)


@dataclass(frozen=True)
class Experiment:
    """A study with the configurations of its trainings.

    `changes` are what each arm changes of `base`; `axis` is the setting that `values` are of, if the study has an axis. `facts` are columns
    that stand beside an arm's numbers; `found` says what the small tries beside the study found, in Markdown.
    """

    study: Study
    base: TrainConfig
    changes: dict[str, dict[str, Any]]
    axis: str = ""
    values: tuple[int, ...] = ()
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    found: str = ""

    @property
    def name(self) -> str:
        return self.study.name

    @property
    def steps(self) -> tuple[int | None, ...]:
        """The places on the axis; None alone where there is none."""
        return self.values or (None,)

    def config(self, arm: str, x: int | None, seed: int) -> TrainConfig:
        """What is trained.

        >>> EXPERIMENTS["depth"].config("unet", 4, 1).changed()["depth"]
        4
        """
        along = {self.axis: x} if self.axis else {}
        return replace(self.base, seed=seed, **self.changes[arm], **along)

    def settings(self, seeds: tuple[int, ...] = SEEDS) -> Iterator[Setting]:
        """All trainings, seed by seed, so that what has been done so far can be compared at any time."""
        for seed in seeds:
            for arm in self.study.arms:
                for x in self.steps:
                    yield Setting(arm, x, seed)

    def shown(self) -> list[tuple[str, str, int | None]]:
        """What is shown of one seed: a name, the arm and x."""
        return [(arm if x is None else str(x), arm, x) for arm in self.study.arms for x in self.steps]

    def title(self, arm: str, x: int | None) -> str:
        """What one of `shown` is called on the page.

        >>> EXPERIMENTS["depth"].title("unet", 2), EXPERIMENTS["skips"].title("add", None)
        ('depth 2', 'addition')
        """
        return self.study.arms[arm] if x is None else f"{self.axis} {x}"
