"""A run in words: its numbers in one line, its place in the queue, and what the page around it depends on."""

from __future__ import annotations

from collections.abc import Sequence

from seglab.train.queue import behind_own, position
from seglab.train.schedule import seconds_left
from seglab.train.store import Point, Run, Store


def stage(store: Store, run: Run) -> str:
    """What the rest of the page depends on, of a paused run also its single steps: where it changes, the page is drawn anew."""
    steps = (run.step, run.wish) if run.status == "paused" else ()
    return " ".join(map(str, (run.status, *steps, waiting(store, run), store.weights(run.id).exists())))


def waiting(store: Store, run: Run) -> str:
    """A run's place in the queue, as it stands behind "Waiting"; nothing where it does not wait."""
    place = position(store, run)
    if place is None:
        return ""
    return f": {ordinal(place)} in the queue{', after your other run' if behind_own(store, run) else ''}"


def ordinal(number: int) -> str:
    """A place in a row.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']
    """
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def facts(run: Run, points: Sequence[Point]) -> str:
    """The run's numbers in one line."""
    last = next((point for point in reversed(points) if point.rate), None)
    iou = next((point.mean_iou for point in reversed(points) if point.mean_iou is not None), None)
    told = [f"Step {run.step}" + (f" of {run.config.steps}" if run.config.seconds is None else f", {run.seconds:.0f} s")]
    told += [f"loss {last.loss:.3f}"] if last and last.loss is not None else []
    told += [f"mean IoU {iou:.3f}"] if iou is not None else []
    if last and last.rate:
        told += [f"{last.rate:.0f} images a second"]
        left = seconds_left(run.config, last.step, last.seconds, last.rate)
        told += [f"{duration(left)} left"] if run.status == "running" and left is not None else []
    told += [f"learning rate {last.learning_rate:.2g}"] if last and last.learning_rate else []
    told += [run.device] if run.device else []
    return " · ".join(told)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(7.2), duration(95), duration(7300)
    ('7 s', '1 min 35 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
