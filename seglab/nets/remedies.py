"""What to do with an image whose size does not go through a network: each way tried, with what it costs."""

from __future__ import annotations

from typing import NamedTuple

from seglab.nets.architecture import Architecture
from seglab.nets.fitting import at_least, fitting_size, output_size

Size = tuple[int, int]


class Remedy(NamedTuple):
    """A way, the size that the network then gets, the size of its mask, and what happens to the image."""

    way: str
    size: Size
    mask: Size
    told: str


def remedies(net: Architecture, size: Size) -> list[Remedy]:
    """Padding, cropping and resizing an image of (height, width) pixels; cropping only where something is left.

    >>> for way in remedies(Architecture(depth=4), (350, 525)):
    ...     print(way.way, way.size, way.told)
    pad (352, 528) 2 rows and 3 columns are added, best mirrored, and cut off the mask again
    crop (336, 512) 14 rows and 13 columns are lost: 6.4 % of the image gets no mask
    resize (352, 528) pixels become 1.006 × as high and 1.006 × as wide, and the mask is resized back
    """
    height, width = size
    larger = (at_least(height, net), at_least(width, net))
    nearest = (fitting_size(height, net), fitting_size(width, net))
    smaller = tuple(n if n == m else n - 2**net.depth for n, m in zip(larger, size, strict=True))
    found = [("pad", larger, f"{_lines(larger[0] - height, larger[1] - width)} added, best mirrored, and cut off the mask again")]
    least = at_least(1, net)
    if min(smaller) >= least:
        lost = 1 - smaller[0] * smaller[1] / (height * width)
        cut = _lines(height - smaller[0], width - smaller[1])
        found.append(("crop", (smaller[0], smaller[1]), f"{cut} lost: {lost:.1%} of the image gets no mask".replace("%", " %")))
    scale = f"{nearest[0] / height:.3f} × as high and {nearest[1] / width:.3f} × as wide"
    found.append(("resize", nearest, f"pixels become {scale}, and the mask is resized back"))
    return [Remedy(way, tried, (output_size(tried[0], net), output_size(tried[1], net)), what) for way, tried, what in found]


def next_sizes(size: int, net: Architecture, count: int = 4) -> list[int]:
    """The sizes a side that fit around `size`: one below where there is one, then those from it on.

    >>> next_sizes(350, Architecture(depth=4)), next_sizes(10, Architecture(depth=2, padding="valid"))
    ([336, 352, 368, 384], [44, 48, 52, 56])
    """
    above = at_least(size, net)
    below = above - 2**net.depth
    first = below if below >= at_least(1, net) else above
    return [first + 2**net.depth * n for n in range(count)]


def _lines(rows: int, columns: int) -> str:
    parts = [f"{n} {what}{'s' if n != 1 else ''}" for n, what in ((rows, "row"), (columns, "column")) if n]
    return f"{' and '.join(parts) or 'nothing'} {'is' if parts and rows + columns == 1 else 'are' if parts else 'is'}"
