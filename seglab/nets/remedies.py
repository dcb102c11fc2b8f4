"""What to do with an image whose size does not go through a network: each way tried, with what it costs."""

from __future__ import annotations

from typing import NamedTuple

from seglab.nets.architecture import MOST, Architecture
from seglab.nets.fitting import at_least, border, fitting_size, output_size

Size = tuple[int, int]


class Remedy(NamedTuple):
    """A way, the size that the network then gets, the size of its mask, and what happens to the image."""

    way: str
    size: Size
    mask: Size
    told: str


def remedies(net: Architecture, size: Size, largest: int = MOST) -> list[Remedy]:
    """Padding, cropping and resizing an image of (height, width) pixels to a size up to `largest`; cropping only where something is left.

    Without padding in the convolutions the mask is smaller than the image whatever is done, and padding the image before is the paper's
    way to a mask of every pixel.

    >>> for way in remedies(Architecture(depth=4), (350, 525)):
    ...     print(way.way, way.size, way.told)
    pad (352, 528) 2 rows and 3 columns are added to the image, best mirrored, and cut off the mask again
    crop (336, 512) 14 rows and 13 columns of the image are cut off: 6.4 % of it gets no mask
    resize (352, 528) pixels become 1.006 × as high and 1.006 × as wide, and the mask is resized back
    """
    height, width = size
    least, around = at_least(1, net), 2 * border(net)
    padded = (at_least(height + around, net), at_least(width + around, net))
    nearest = (fitting_size(height, net), fitting_size(width, net))
    smaller = tuple(m if n == m else m - 2**net.depth for n, m in zip(size, (at_least(height, net), at_least(width, net)), strict=True))
    rows, columns = padded[0] - height, padded[1] - width
    mirrored = ", best mirrored," if rows <= 2 * height and columns <= 2 * width else ""  # each side has its half of them
    what = "and cut off the mask again" if not around else "so that the mask covers the whole image"
    found = [("pad", padded, f"{_lines(rows, columns)} added to the image{mirrored} {what}")]
    if min(smaller) >= least:
        lost = 1 - (smaller[0] - around) * (smaller[1] - around) / (height * width)
        told = f"{_lines(height - smaller[0], width - smaller[1], ' of the image')} cut off: {100 * lost:.1f} % of it gets no mask"
        found.append(("crop", (smaller[0], smaller[1]), told))
    scale = f"{nearest[0] / height:.3f} × as high and {nearest[1] / width:.3f} × as wide"
    found.append(("resize", nearest, f"pixels become {scale}, and the mask is resized back"))
    tried = [way for way in found if max(way[1]) <= largest]
    return [Remedy(way, given, (output_size(given[0], net), output_size(given[1], net)), told) for way, given, told in tried]


def next_sizes(size: int, net: Architecture, count: int = 4, largest: int = MOST) -> list[int]:
    """The sizes a side that fit around `size`, up to `largest`: one below where there is one, then those from it on.

    >>> next_sizes(350, Architecture(depth=4)), next_sizes(10, Architecture(depth=2, padding="valid"))
    ([336, 352, 368, 384], [44, 48, 52, 56])
    """
    above = at_least(size, net)
    below = above - 2**net.depth
    first = below if below >= at_least(1, net) else above
    return [fits for n in range(count) if (fits := first + 2**net.depth * n) <= largest]


def _lines(rows: int, columns: int, of: str = "") -> str:
    parts = [f"{n} {what}{'s' if n != 1 else ''}" for n, what in ((rows, "row"), (columns, "column")) if n]
    return f"{' and '.join(parts) or 'nothing'}{of} {'is' if parts and rows + columns == 1 else 'are' if parts else 'is'}"
