"""The labs by name, in the order of a class."""

from seglab.lessons.lab import Lab
from seglab.lessons.labs.autoencoder import AUTOENCODER
from seglab.lessons.labs.builder import BUILDER
from seglab.lessons.labs.fcn import FCN
from seglab.lessons.labs.milestones import MILESTONES
from seglab.lessons.labs.receptive_field import RECEPTIVE_FIELD
from seglab.lessons.labs.sliding_window import SLIDING_WINDOW
from seglab.lessons.labs.tasks import TASKS

LABS: dict[str, Lab] = {lab.name: lab for lab in (TASKS, SLIDING_WINDOW, BUILDER, RECEPTIVE_FIELD, FCN, MILESTONES, AUTOENCODER)}
