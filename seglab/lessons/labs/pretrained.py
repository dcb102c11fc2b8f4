"""The words of the lab A head start (curriculum D7)."""

from __future__ import annotations

from itertools import pairwise

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

NETS = ((8, 3), (16, 2), (16, 3), (8, 2), (32, 2), (4, 3))  # width and depth


def encoder_weights(width: int, depth: int) -> int:
    """The weights of the 3 x 3 convolutions of a U-Net's encoder and bottleneck, for colour images.

    >>> encoder_weights(8, 3)
    73368
    """
    channels = [3, *(width * 2**level for level in range(depth + 1))]
    return sum(9 * (c_in + c_out) * c_out for c_in, c_out in pairwise(channels))


def ask_weights(turn: int) -> Asked:
    width, depth = pick(turn, NETS[0], NETS)
    right, deepest = encoder_weights(width, depth), width * 2**depth
    without = right - 9 * (deepest // 2 + deepest) * deepest
    question = (
        f"An encoder of depth {depth} and width {width} for colour images, with two 3 × 3 convolutions on each of its {depth + 1} levels, "
        "the bottleneck included. How many of its weights, without normalisation, can be brought along?"
    )
    told = tuple(f"{number:,}" for number in choices(right, without, right // 2, 2 * right))
    channels = [3, *(width * 2**level for level in range(depth + 1))]
    sums = " + ".join(f"{c_in} · {c_out} + {c_out} · {c_out}" for c_in, c_out in pairwise(channels))
    because = f"9 · ({sums}) = {right:,}. Without the bottleneck only {without:,} of them: most weights are where the maps are smallest."
    return Asked(question, told, f"{right:,}", because, {"part": "fits"})


FIRST = ((1, 8), (1, 16), (4, 8), (4, 16), (1, 32))  # channels of other images, and the width


def ask_channels(turn: int) -> Asked:
    channels, width = pick(turn, FIRST[0], FIRST)
    right = f"{width} × {channels} × 3 × 3, so it does not fit"
    told = (
        f"{width} × 3 × 3 × 3, so it fits",
        right,
        f"{channels} × {width} × 3 × 3, so it does not fit",
    )
    kind = "Grey X-rays" if channels == 1 else "Satellite images of four bands"
    question = (
        f"{kind} are to be segmented, and the encoder at hand learned from photographs: its first kernel is {width} × 3 × 3 × 3. Which "
        "shape has the first kernel of the new network?"
    )
    more = "copy the grey image into three channels" if channels == 1 else "begin the fourth band's weights anew"
    because = (
        f"Its second size is the image's channels, {channels}. All deeper kernels fit. One can leave the first layer at random, or {more}."
    )
    return Asked(question, told, right, because, {"part": "fits"})


COSTS = ((4, 15, 5), (8, 10, 4), (16, 12, 5), (4, 30, 10), (8, 20, 5))  # images with masks, minutes a mask, seconds a word


def ask_labels(turn: int) -> Asked:
    masks, minutes, seconds = pick(turn, COSTS[0], COSTS)
    right = masks * minutes * 60 // seconds
    question = (
        f"Drawing the mask of an image takes {minutes} minutes, naming what it shows {seconds} seconds. How many images can be named in "
        f"the time of {masks} masks?"
    )
    because = f"{masks} · {minutes} · 60 / {seconds} = {right:,}. That is why encoders learn from names first."
    told = tuple(
        f"{number:,}" for number in choices(right, masks * minutes // seconds, masks * minutes * seconds, right // masks, 60 * right)
    )
    return Asked(question, told, f"{right:,}", because, {"part": "worth"})


PRETRAINED = Lab(
    name="pretrained",
    title="A head start",
    sentence="An encoder that has learned from cheap labels elsewhere, and a new decoder: what are few masks worth then?",
    icon="rocket_launch",
    minutes=10,
    card="A pretrained encoder against a random start, at 4 to 64 labelled images, and the laboratory trains with it.",
    text=(
        "## Why it works\n"
        "- **Early layers are reusable.** Edges, corners and one colour against another are in every picture. Deeper layers are more and "
        "more about their own task.\n"
        "- **Names are cheap.** The encoder here learned to say which one shape is in an image, from 4096 images with one word each. No "
        "mask was drawn for it.\n"
        "- **The decoder is new.** Where things lie is asked by segmentation only, so the way up begins at random.\n"
        "## Where it ends\n"
        "- **Another domain.** The further the pictures are from those it learned from, the less is worth keeping.\n"
        "- **Other channels, other sizes.** A weight fits where its shape does: an encoder for colour does not take grey images, and one "
        "of width 8 is no use to one of width 16.\n"
        "- **Time and labels catch up.** With many masks and a long training a random start learns the same by itself. See *By steps*.\n"
        "- **This one is near.** It learned from the very shapes that are then segmented, one at a time; ImageNet is further from cells or "
        "streets than that, and much larger.\n"
        "## Words that confuse\n"
        "- **Transfer learning**: using what was learned for one task in another. **Fine-tuning**: letting it learn on. **Frozen**: not "
        "letting it.\n"
        "- **Backbone**: the encoder, when it comes from elsewhere."
    ),
    questions=(ask_labels, ask_weights, ask_channels),
)
