"""The words of the lab Network builder."""

from __future__ import annotations

from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.nets import Architecture, describe
from seglab.nets.describe import BreaksError
from seglab.nets.fitting import at_least, output_size
from seglab.nets.walk import sides
from seglab.stage.lesson import Asked


def ask_break(turn: int) -> Asked:
    height, width, depth = pick(turn, (350, 525, 4), product((200, 300, 420), (310, 500, 610), (3, 4)))
    net = Architecture(depth=depth)
    try:
        describe(net, (height, width))
    except BreaksError as error:
        right, sizes = error.block, error.sizes
    else:
        right, sizes = "nowhere", ()
    places = [f"decoder.{number}" for number in range(depth)]
    words = {name: f"At {name}" for name in places} | {
        places[0]: "At the deepest concatenation",
        places[-1]: "At the topmost concatenation",
    }
    words["nowhere"] = "Nowhere"
    met = " does not meet ".join(map(sides, sizes))
    because = f"{met}: halving rounded down, and doubling does not know it." if sizes else "Every half comes out even."
    better = f"{at_least(height, net)} × {at_least(width, net)}"
    return Asked(
        f"An image of {height} × {width} pixels goes into a U-Net of depth {depth} with padding. Where does it break?",
        tuple(words.values()),
        words[right],
        f"{because} {better} works." if sizes else because,
        {"size": f"{height} x {width}", "depth": depth},
    )


def ask_mask(turn: int) -> Asked:
    size, depth = pick(turn, (572, 4), [(at_least(n, Architecture(depth=d, padding="valid")), d) for n in (250, 400, 700) for d in (3, 4)])
    right = output_size(size, Architecture(depth=depth, padding="valid"))
    lost = (size - right) // 2
    return Asked(
        f"Without padding each 3 × 3 convolution takes a pixel from every side. How large is the mask of a U-Net of depth {depth} for an"
        f" image of {size} × {size}?",
        tuple(
            str(n)
            for n in choices(right, *((size, size - lost) if turn % 2 else (right - 2 * lost, right - 16)), size - 2 * (4 * depth + 2))
        ),
        str(right),
        f"A pixel on level l is 2^l pixels of the image: {lost} are lost on every side, {size} − 2 · {lost} = {right}.",
        {"size": size, "depth": depth, "padding": "valid", "norm": "none"},
    )


def ask_skips(turn: int) -> Asked:
    width, depth = pick(turn, (16, 3), product((8, 32, 64), (2, 3, 4)))
    one, other = (("concat", "add"), ("none", "add"), ("add", "concat"))[turn % 3]
    words = {"concat": "concatenates its skips", "add": "adds its skips", "none": "has no skips"}
    counts = {
        skip: sum(block.parameters for block in describe(Architecture(depth=depth, width=width, skip=skip), (2**depth * 4,) * 2))
        for skip in words
    }
    right = "As many" if counts[one] == counts[other] else "More" if counts[one] > counts[other] else "Fewer"
    return Asked(
        f"A U-Net of depth {depth} and width {width} {words[one]}. How many parameters does it have beside one that {words[other]}?",
        ("More", "As many", "Fewer"),
        right,
        f"{counts[one]:,} against {counts[other]:,}. Copying and adding are free; what reads twice as many channels is not.",
        {"depth": depth, "width": width, **({"net": "plain"} if one == "none" else {"skip": one})},
    )


def ask_deepest(turn: int) -> Asked:
    size, depth = pick(turn, (512, 4), product((256, 384, 512, 640), (3, 4, 5)))
    right = size // 2**depth
    return Asked(
        f"A U-Net of depth {depth} with padding sees an image of {size} × {size}. How large is its deepest map?",
        tuple(f"{n} × {n}" for n in choices(right, 2 * right, right // 2, *((size // depth,) if turn % 2 else (right // 4,)))),
        f"{right} × {right}",
        f"It is halved {depth} times: {size} / 2^{depth} = {right}. What is lost in place is gained in channels.",
        {"size": size, "depth": depth},
    )


TEXT = """
## Down and up again
- **Why down?** Every pooling doubles what each later kernel spans, and leaves a quarter of the places, so that the channels may double. The
  same convolutions at full resolution take many times the work and see a fraction: *Block by block* says how much for your network.
- **What is lost?** Where exactly something is: of four cells one is left. The channels grow meanwhile, so the map says more about fewer
  places.
- **What brings it back?** The decoder only makes maps larger. The places come from the **skips**: the encoder's map of the same size.

## Skips
| skip | what happens | what it costs |
|---|---|---|
| none | a plain encoder-decoder: thin things and edges blur | nothing |
| addition | both maps are summed, so both need the same channels | nothing |
| concatenation | side by side, and the next convolution chooses | twice the channels to read |

A concatenation is not a residual connection: in a residual block what was added is the block's own input.

## Ways up
| way | learnable? | what it needs |
|---|---|---|
| nearest, bilinear | no, the convolution after it is | nothing |
| max unpooling (SegNet) | no | the places that pooling remembered |
| transposed convolution | yes, its kernel | nothing; overlapping stamps may draw a checkerboard |
| scores enlarged (FCN) | yes, it begins as bilinear interpolation | finer scores added on the way, or the borders stay coarse |

SegNet and the FCNs stand here on the same encoder as the U-Net, two convolutions a level, so that only the way up differs; in their papers
it is VGG-16's.

## When a size does not fit
Pad the image (mirrored, and cut the mask), crop it, or resize it, each of which the builder tries for you. Without padding (the paper's
way) sizes have to come out even on every level, so only every 2^depth-th fits.
"""

BUILDER = Lab(
    name="builder",
    title="Network builder",
    sentence="Choose a network and the size of an image, and see every shape on the way, or where it breaks.",
    icon="account_tree",
    minutes=15,
    card="U-Net, SegNet and FCN drawn to scale at any image size: every shape, parameter and multiply-add, and what to do where it breaks.",
    text=TEXT,
    questions=(ask_break, ask_mask, ask_skips, ask_deepest),
)
