"""The path through the app: lessons, labs and the training, in the order of a class."""

from __future__ import annotations

from seglab.lessons import LESSONS
from seglab.lessons.lab import Lab
from seglab.lessons.labs import LABS
from seglab.stage.lesson import Lesson

TRAIN = "train"
SECTIONS = {
    "From labels to pixels": ("tasks", "sliding_window"),
    "Operators": tuple(LESSONS),
    "A network at work": ("builder", TRAIN, "inside", "use", "compare"),
    "Kinds of networks": ("receptive_field", "fcn", "milestones"),
    "Without it and beyond it": ("handcrafted", "instances", "pretrained", "autoencoder", "restore"),
}
PATH = tuple(name for names in SECTIONS.values() for name in names)
TOLD: dict[str, Lesson | Lab] = {name: LESSONS[name] if name in LESSONS else LABS[name] for name in PATH if name != TRAIN}
