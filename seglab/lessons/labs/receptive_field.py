"""The words of the lab Receptive field."""

from __future__ import annotations

from seglab.lessons.lab import Lab

RECEPTIVE_FIELD = Lab(
    name="receptive_field",
    title="Receptive field",
    sentence="What one output cell can see of the image, and what it really looks at.",
    icon="center_focus_strong",
    minutes=10,
    card=("Stack layers or open a network, trace one cell back to the image, and measure by gradient what it really looks at."),
)
