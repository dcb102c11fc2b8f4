"""The words of the lab FCN."""

from __future__ import annotations

from seglab.lessons.lab import Lab

FCN = Lab(
    name="fcn",
    title="FCN",
    sentence="From a coarse map of scores back to the pixels: in one leap of 32, or in steps with finer maps added.",
    icon="stairs",
    minutes=10,
    card=("Coarse scores, fused with finer ones: what FCN-32s, 16s and 8s make of the same image, and how sharp their borders are."),
)
