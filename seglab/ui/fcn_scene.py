"""A scene of the page FCN with what its three networks make of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Mask
from seglab.data.sets import unseen_scene
from seglab.infer.fcn_told import DATA, DIFFICULTY, KINDS, POOLED, SIZE, Map, Stages
from seglab.train.metrics import Scores

CLASSES = DOMAINS[DATA].classes
NAMES = {kind: f"FCN-{kind.removeprefix('fcn')}" for kind in KINDS}
STEPS = {"coarse": "Coarse scores", "pool4": "+ pool4", "pool3": "+ pool3", "pixels": "Pixels"}
STRIDE = {"coarse": 32, "pool4": 16, "pool3": 8, "pixels": 1}  # pixels from one score to the next


def fused_in(kind: str) -> tuple[str, ...]:
    """The poolings whose scores a network adds.

    >>> fused_in("fcn16s")
    ('pool4',)
    """
    return POOLED[: list(KINDS).index(kind)]


def steps_of(kind: str) -> tuple[str, ...]:
    """The steps from a network's coarse scores to the pixels.

    >>> steps_of("fcn32s")
    ('coarse', 'pixels')
    """
    return ("coarse", *fused_in(kind), "pixels")


@dataclass(frozen=True, eq=False)
class Seen:
    """A scene, the answers of the networks by kind, and the class whose scores are shown."""

    image: Image
    truth: Mask
    stages: dict[str, Stages]
    label: int

    def scores(self, kind: str, step: str) -> Map:
        """The scores of the class at a step (H, W)."""
        found: Map = self.stages[kind].scores[steps_of(kind).index(step)][self.label]
        return found

    def parts(self, kind: str, step: str) -> tuple[Map, Map]:
        """The two parts of a sum: the coarser scores enlarged, and the pooled map's own."""
        number = POOLED.index(step)
        return self.stages[kind].enlarged[number][self.label], self.stages[kind].finer[number][self.label]

    def largest(self, kind: str) -> float:
        """The magnitude at which the scale of a network's fills ends: few scores lie beyond it."""
        return float(max(np.percentile(np.abs(self.scores(kind, step)), 98) for step in steps_of(kind)))

    @cached_property
    def measured(self) -> dict[str, Scores]:
        """How well each network's mask fits this scene's truth."""
        return {kind: Scores.of(stages.mask[None], self.truth[None], len(CLASSES)) for kind, stages in self.stages.items()}

    @property
    def share(self) -> NDArray[np.float64]:
        """The truth's share of the class in each square of 32 pixels."""
        here = (self.truth == self.label).astype(float)
        coarse = STRIDE["coarse"]
        return np.asarray(here.reshape(SIZE // coarse, coarse, SIZE // coarse, coarse).mean((1, 3)))


def scene(number: int) -> tuple[Image, Mask]:
    """A scene that no network has seen, by its number."""
    return unseen_scene(DATA, number, SIZE, DIFFICULTY)


def told(value: float) -> str:
    """A score as it is written.

    >>> told(-1.234), told(0.0)
    ('−1.23', '0.00')
    """
    text = f"{value:.2f}"
    return ("0.00" if float(text) == 0 else text).replace("-", "−")
