"""The step size over a training: it rises for some steps, then falls as the schedule says."""

from __future__ import annotations

import math

from seglab.train.config import TrainConfig

WARM_UP = 20  # steps until the learning rate is at its highest
LOWEST = 0.02  # share of it at the end of a schedule that falls


def learning_rate(config: TrainConfig, step: int, seconds: float = 0.0, highest: float | None = None) -> float:
    """The step size of the step after `step` steps and `seconds`; `highest` where it is no longer the configuration's.

    >>> [round(learning_rate(TrainConfig(steps=100), step), 6) for step in (0, 19, 50, 100)]
    [0.0002, 0.003661, 0.00204, 8e-05]
    """
    warm = min(1.0, (step + 1) / WARM_UP)
    share = min(done(config, step, seconds), 1.0)
    left = {"cosine": (1 + math.cos(math.pi * share)) / 2, "linear": 1 - share, "constant": 1.0}[config.schedule]
    return (config.learning_rate if highest is None else highest) * warm * (LOWEST + (1 - LOWEST) * left)


def done(config: TrainConfig, step: int, seconds: float) -> float:
    """How much of the training is done after `step` steps and `seconds`, 0 to 1 and more.

    >>> done(TrainConfig(steps=200), 50, 9.0), done(TrainConfig(seconds=36), 50, 9.0)
    (0.25, 0.25)
    """
    return step / config.steps if config.seconds is None else seconds / config.seconds


def seconds_left(config: TrainConfig, step: int, seconds: float, rate: float) -> float | None:
    """Seconds until the end at `rate` images a second; None while nothing is known.

    >>> seconds_left(TrainConfig(steps=300, batch=16), 100, 20.0, 160.0)
    20.0
    """
    if config.seconds is not None:
        return max(0.0, config.seconds - seconds)
    return max(0.0, (config.steps - step) * config.batch / rate) if rate > 0 else None
