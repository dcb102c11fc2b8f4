"""The lab Receptive field: a stack that can be edited, a U-Net along one axis and on the image, and what a network really looks at."""

from __future__ import annotations

from seglab.ui.addressed import choice
from seglab.ui.receptive_gradient import gradient_part
from seglab.ui.receptive_stack import stack_part
from seglab.ui.receptive_unet import CELLS, image_part, unet_part

PARTS = {
    "stack": ("1 Stack layers", stack_part),
    "unet": ("2 Through a U-Net", unet_part),
    "image": ("3 On the image", image_part),
    "gradient": ("4 What it really looks at", gradient_part),
}


def receptive_field_panel() -> None:
    """The part that the address names."""
    names = {name: title for name, (title, _) in PARTS.items()}
    part = choice("Part", "part", names, "stack", drops=CELLS, hidden=True)
    PARTS[part][1]()
