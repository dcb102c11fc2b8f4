"""The labs by name, in the order of a class."""

from seglab.lessons.lab import Lab
from seglab.lessons.labs.autoencoder import AUTOENCODER
from seglab.lessons.labs.builder import BUILDER
from seglab.lessons.labs.compare import COMPARE
from seglab.lessons.labs.fcn import FCN
from seglab.lessons.labs.handcrafted import HANDCRAFTED
from seglab.lessons.labs.inside import INSIDE
from seglab.lessons.labs.instances import INSTANCES
from seglab.lessons.labs.milestones import MILESTONES
from seglab.lessons.labs.pretrained import PRETRAINED
from seglab.lessons.labs.receptive_field import RECEPTIVE_FIELD
from seglab.lessons.labs.restore import RESTORE
from seglab.lessons.labs.sliding_window import SLIDING_WINDOW
from seglab.lessons.labs.tasks import TASKS
from seglab.lessons.labs.use import USE

ALL = (
    TASKS,
    SLIDING_WINDOW,
    BUILDER,
    INSIDE,
    USE,
    COMPARE,
    RECEPTIVE_FIELD,
    FCN,
    MILESTONES,
    HANDCRAFTED,
    INSTANCES,
    PRETRAINED,
    AUTOENCODER,
    RESTORE,
)
LABS: dict[str, Lab] = {lab.name: lab for lab in ALL}
