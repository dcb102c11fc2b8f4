"""What a U-Net can be made of, by the argument's name; the first of each is the usual one. Loaded without torch, for forms and commands."""

from __future__ import annotations

CHOICES = {
    "norm": ("batch", "group", "none"),
    "skip": ("concat", "add", "none"),
    "upsampling": ("transposed", "nearest", "bilinear", "unpool"),
    "padding": ("same", "valid"),
}
