"""The words of the lab Network builder."""

from __future__ import annotations

from seglab.lessons.lab import Lab

BUILDER = Lab(
    name="builder",
    title="Network builder",
    sentence="Choose a network and the size of an image, and see every shape on the way, or where it breaks.",
    icon="account_tree",
    minutes=15,
    card=(
        "U-Net, SegNet and FCN drawn to scale at any image size: every shape, parameter and multiply-add, and what to do where it breaks."
    ),
)
