"""The training loop: a generator of events, the same for the app, the command line and a notebook.

It knows nothing of processes, stores and pages. Whoever drives it pauses by not asking for the next event, and sends wishes: "checkpoint"
for one at once, "anatomy" to see the next step taken apart, ("learning_rate", 0.01) for another one from now on; a list of them, or None.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seglab.data.sets import DataSet
from seglab.train.config import TrainConfig
from seglab.train.device import told
from seglab.train.trainer import Checkpoint, Trainer

Wish = Literal["checkpoint", "anatomy"] | tuple[Literal["learning_rate"], float]
Events = Generator["Event", Sequence[Wish] | None, None]
SNAPSHOT_EVERY = 0.7  # seconds
CHECKPOINT_EVERY = 2.0


@dataclass(frozen=True)
class Event:
    """Something that happened after `step` steps and `seconds` of training.

    "start" names the device, the network's options, and the classes with their colours; "step" has loss, learning_rate and
    images_per_second; "anatomy" is what `seglab.train.anatomy` tells of one step; "snapshot" has mean_iou, filters and maps
    (`seglab.train.inside`) and, of the first validation images, images (N, H, W) or (N, H, W, 3), truths and predictions (N, H, W) as
    class numbers, and how sure each prediction is, in certainties (N, H, W); "checkpoint" has the checkpoint; "end" has mean_iou,
    scores and images_per_second.
    """

    kind: Literal["start", "step", "anatomy", "snapshot", "checkpoint", "end"]
    step: int
    seconds: float
    data: dict[str, Any] = field(default_factory=dict)


def fit(config: TrainConfig, data: DataSet | None = None, resume: Checkpoint | None = None) -> Events:
    """Train a U-Net. Yields events; the last two are a checkpoint and "end".

    Raises ValueError for data or a device that is not there, and DivergedError where the loss is no number any more.

    >>> events = list(fit(TrainConfig(steps=2, width=4, images=4, batch=2, size=32, device="cpu", threads=1)))
    >>> [event.kind for event in events][0], [event.kind for event in events][-2:]
    ('start', ['checkpoint', 'end'])
    """
    trainer = Trainer(config, data, resume)
    try:
        yield from _events(trainer)
    finally:
        trainer.close()


def _events(trainer: Trainer) -> Events:
    wishes = Wishes(trainer)
    known = {"classes": list(trainer.classes), "colours": [list(colour) for colour in trainer.colours]}
    start = {"device": told(trainer.device), "parameters": trainer.parameters, "options": trainer.model.options, **known}
    wishes.take((yield _event(trainer, "start", **start)))
    shown, saved = -math.inf, trainer.seconds
    while not trainer.done:
        rate = trainer.learning_rate
        loss, anatomy = trainer.told_step() if wishes.anatomy else (trainer.train_step(), None)
        wishes.take((yield _event(trainer, "step", loss=loss, learning_rate=rate, images_per_second=trainer.rate)))
        if anatomy is not None:
            wishes.anatomy = False
            wishes.take((yield _event(trainer, "anatomy", **anatomy)))
        if trainer.seconds - shown >= SNAPSHOT_EVERY and not trainer.done:
            shown = trainer.seconds
            wishes.take((yield _event(trainer, "snapshot", **trainer.look())))
        if wishes.checkpoint or trainer.seconds - saved >= CHECKPOINT_EVERY:
            saved, wishes.checkpoint = trainer.seconds, False
            wishes.take((yield _event(trainer, "checkpoint", checkpoint=trainer.copy())))
    last, scores = trainer.last_look()
    yield _event(trainer, "snapshot", **last)
    yield _event(trainer, "checkpoint", checkpoint=trainer.copy())
    yield _event(trainer, "end", mean_iou=last["mean_iou"], scores=scores, images_per_second=trainer.rate)


class Wishes:
    """What was sent into the loop and is not done yet."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.checkpoint, self.anatomy = trainer, False, False

    def take(self, sent: Sequence[Wish] | None) -> None:
        for wish in sent or ():
            if wish == "checkpoint":
                self.checkpoint = True
            elif wish == "anatomy":
                self.anatomy = True
            else:
                self.trainer.highest = wish[1]


def _event(trainer: Trainer, kind: Any, **data: Any) -> Event:
    return Event(kind, trainer.step, trainer.seconds, data)
