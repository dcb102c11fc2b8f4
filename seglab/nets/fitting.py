"""Which image sizes a U-Net takes and what it makes of them, as plain arithmetic without torch.

Without padding each of the 4 depth + 2 convolutions of 3x3 takes a pixel from either side of its own level, so that the paper's 572 pixels
become 388. Source: Ronneberger, Fischer and Brox, arXiv:1505.04597, figure 1.
"""

from __future__ import annotations


def border(depth: int, padding: str) -> int:
    """Pixels that the mask is smaller than the image on each side.

    >>> border(4, "valid"), border(4, "same")
    (92, 0)
    """
    return 6 * 2**depth - 4 if padding == "valid" else 0


def output_size(size: int, depth: int, padding: str) -> int:
    """Pixels a side of the mask for an image of `size` pixels a side. Raises ValueError for one whose halves do not come out even.

    >>> output_size(572, 4, "valid"), output_size(96, 3, "same")
    (388, 96)
    >>> output_size(96, 3, "valid")
    Traceback (most recent call last):
    ValueError: size=96 does not fit depth 3 without padding: 92 or 100 do
    """
    above = at_least(size, depth, padding)
    if above == size:
        return size - 2 * border(depth, padding)
    below = above - 2**depth
    if padding == "same":
        those = f"{below} or {above}" if below else f"{above} is the smallest"
        raise ValueError(f"size={size} does not halve {depth} times: multiples of {2**depth} are needed, {those}")
    those = f"{below} or {above} do" if below >= at_least(1, depth, padding) else f"{above} is the smallest that does"
    raise ValueError(f"size={size} does not fit depth {depth} without padding: {those}")


def at_least(size: int, depth: int, padding: str) -> int:
    """The smallest size that fits and is not below `size`.

    >>> at_least(97, 3, "same"), at_least(20, 3, "valid")
    (104, 92)
    """
    step: int = 2**depth
    # Every level takes 4 pixels before it is halved: size / 2^depth - 4 (1 - 1 / 2^depth) is whole where size + 4 is a multiple.
    shift = 4 if padding == "valid" else 0
    return -(-(max(size, 2 * border(depth, padding) + 1) + shift) // step) * step - shift


def fitting_size(size: int, depth: int, padding: str) -> int:
    """The size nearest to `size` that fits; of two as near, the larger.

    >>> fitting_size(99, 3, "same"), fitting_size(96, 3, "valid"), fitting_size(10, 3, "valid")
    (96, 100, 92)
    """
    above = at_least(size, depth, padding)
    below = above - 2**depth
    return below if below >= at_least(1, depth, padding) and size - below < above - size else above


def margin(depth: int, padding: str, upsampling: str) -> int:
    """Pixels around a part of an image, itself of whole steps of the deepest level, that its mask depends on.

    With padding, convolutions reach 6 * 2^depth - 4 pixels and bilinear upsampling 2^depth - 1 more: 7 steps hold both. Without, the
    border is enough, except that bilinear upsampling has no neighbour beyond a map's edge: that spoils 2^depth - 1 pixels of the mask.

    >>> margin(3, "same", "bilinear"), margin(3, "valid", "transposed"), margin(3, "valid", "bilinear")
    (56, 44, 52)
    """
    step: int = 2**depth
    if padding == "valid":
        return border(depth, padding) + (step if upsampling == "bilinear" else 0)
    return 7 * step
