"""The words of the lab Milestones."""

from __future__ import annotations

from seglab.lessons.lab import Lab

MILESTONES = Lab(
    name="milestones",
    title="Milestones",
    sentence="The classifiers that segmentation grew from, layer by layer.",
    icon="timeline",
    minutes=10,
    card=(
        "AlexNet, VGG-16, GoogLeNet and ResNet as tables and pictures: shapes, parameters as published, receptive fields, and "
        "their blocks opened up."
    ),
)
