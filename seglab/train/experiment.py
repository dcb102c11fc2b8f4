"""An experiment: a study, and for every arm and place on its axis the very configuration that is trained.

The shipped rows (`bench/experiments.py`) and what a visitor repeats by a press are these same configurations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from seglab.train.config import TrainConfig
from seglab.train.study import Study

MACHINE: dict[str, Any] = {"device": "cpu", "precision": "float32", "threads": 1}  # so that a repetition comes to the same digits
BASE = TrainConfig(size=64, width=8, batch=8, **MACHINE)
TESTED, FROM = 64, 30_000  # held-out scenes on which all are measured, and the number of the first
FEW = 16  # up to so many training images, what is learned by heart is measured, too
SEEDS = (0, 1, 2, 3, 4)
ROW = "experiment"  # the part of a run's results that holds what its experiment measures
LAST = 20  # steps over which the final training loss is averaged


class Setting(NamedTuple):
    """One training of an experiment: its arm, its place on the axis where there is one, and its seed; as in `Study.cases`."""

    arm: str
    x: float | None
    seed: int


def final_loss(losses: Sequence[float]) -> float:
    """The mean training loss of the last steps.

    >>> final_loss([9.0, *[0.5] * 20])
    0.5
    """
    last = losses[-LAST:]
    return round(sum(last) / max(len(last), 1), 4)


@dataclass(frozen=True)
class Experiment:
    """A study with the configurations of its trainings.

    `changes` are what each arm changes of `base`; `setting` is the one that the places on the study's axis are values of. `told` is a
    column that stands beside an arm's shapes and parameters, with its title; `found` says in Markdown what small tries beside the study
    found.
    """

    study: Study
    base: TrainConfig
    changes: dict[str, dict[str, Any]]
    setting: str = ""
    told: tuple[str, dict[str, str]] = ("", {})
    found: str = ""

    @property
    def name(self) -> str:
        return self.study.name

    def config(self, arm: str, x: float | None, seed: int) -> TrainConfig:
        """What is trained.

        >>> from seglab.train.experiments import EXPERIMENTS
        >>> EXPERIMENTS["depth"].config("unet", 4, 1).depth
        4
        """
        along: dict[str, Any] = {self.setting: int(x)} if x is not None else {}
        return replace(self.base, seed=seed, **self.changes[arm], **along)

    def settings(self, seeds: Sequence[int] = SEEDS) -> list[Setting]:
        """All trainings of these seeds; every seed is done before the next begins, so that what is there can be compared at any time."""
        return [Setting(*case) for case in self.study.cases if case[2] in seeds]

    @cached_property
    def configs(self) -> dict[TrainConfig, Setting]:
        """Which training each configuration is."""
        return {self.config(*setting): setting for setting in self.settings()}

    @property
    def shown(self) -> dict[str, tuple[str, float | None]]:
        """What is compared within a seed, arms or places on the axis, by a name for addresses and files.

        >>> from seglab.train.experiments import EXPERIMENTS
        >>> EXPERIMENTS["depth"].shown["2"], EXPERIMENTS["skips"].shown["add"]
        (('unet', 2), ('add', None))
        """
        return {arm if x is None else f"{x:g}": (arm, x) for arm, x, _ in self.settings(SEEDS[:1])}

    def title(self, arm: str, x: float | None) -> str:
        """What one of `shown` is called on the page.

        >>> from seglab.train.experiments import EXPERIMENTS
        >>> EXPERIMENTS["depth"].title("unet", 2), EXPERIMENTS["skips"].title("add", None)
        ('depth 2', 'addition')
        """
        return self.study.arms[arm] if x is None else f"{self.setting} {x:g}"
