"""The path through the app: lessons, labs and the training, in the order of a class."""

from __future__ import annotations

from seglab.lessons import LESSONS
from seglab.lessons.lab import Lab
from seglab.lessons.labs import LABS
from seglab.stage.lesson import Lesson

TRAIN = "train"
PATH = ("tasks", "sliding_window", *LESSONS, "builder", TRAIN, "receptive_field", "fcn", "milestones", "handcrafted", "instances")
TOLD: dict[str, Lesson | Lab] = {name: LESSONS[name] if name in LESSONS else LABS[name] for name in PATH if name != TRAIN}
