"""The words of the lab Tasks."""

from __future__ import annotations

from seglab.lessons.lab import Lab

TASKS = Lab(
    name="tasks",
    title="Tasks",
    sentence="One image, many questions: what, where, which pixels, which one of them?",
    icon="category",
    minutes=10,
    card=(
        "One scene and six answers: a label, boxes, masks, instances. Open the matrix behind each, and see which answers move "
        "along with the object."
    ),
)
