"""What a network can be made of, by the argument's name; the first of each is the usual one. No torch, for forms and commands."""

from __future__ import annotations

CHOICES = {
    "norm": ("batch", "group", "none"),
    "skip": ("concat", "add", "none"),
    "upsampling": ("transposed", "nearest", "bilinear", "unpool"),
    "padding": ("same", "valid"),
}
KINDS = ("unet", "segnet", "fcn32s", "fcn16s", "fcn8s")
KERNELS = (3, 5, 7)  # odd, so that as many pixels lie on either side
STARTS = ("bilinear", "random")  # how the transposed convolutions of an FCN begin
FUSED = {"fcn32s": 0, "fcn16s": 1, "fcn8s": 2}  # poolings whose maps are scored, too, and added to the coarse scores
ENCODERS = ("random", "pretrained", "frozen")  # what a training begins with; frozen: pretrained, and kept as it is
PRETRAINED = {"depth": 3, "width": 8, "kernel_size": 3, "norm": "batch"}  # of the encoder that came along; it reads three channels
OUT = 3  # channels of what a network for pictures gives, where others have classes: red, green and blue
RESTORING = {"classes": OUT, "depth": 2, "width": 8}  # of that network; the task says how many channels it reads
