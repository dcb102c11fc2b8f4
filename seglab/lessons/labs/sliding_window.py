"""The words of the lab Sliding window."""

from __future__ import annotations

from seglab.lessons.lab import Lab

SLIDING_WINDOW = Lab(
    name="sliding_window",
    title="Sliding window",
    sentence="Classify the middle of every patch, one after the other; then the same in a single pass.",
    icon="select_all",
    minutes=10,
    card=(
        "A classifier slides over the image, then becomes fully convolutional: the same answers many times faster, and where they differ."
    ),
)
