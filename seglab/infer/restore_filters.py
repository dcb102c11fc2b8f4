"""What is done without a network: filters for the same tasks, each the best of its kind that a few held-out scenes could find.

They are told the level of harm, which a network is not: so the comparison leans to their side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter, median_filter
from scipy.sparse.linalg import spsolve
from skimage.restoration import denoise_nl_means, inpaint_biharmonic, richardson_lucy

from seglab.data.degraded import Given
from seglab.data.scene import Image

TINT = (-0.010, 0.032, -0.138)  # by how much land is redder, greener and bluer than its luminance, over 64 training scenes


def gaussian(given: Given, level: float, strength: float) -> Image:
    """Every pixel the weighted mean of those around it."""
    return _picture(gaussian_filter(given.image, (strength, strength, 0)))


def median(given: Given, level: float, strength: float) -> Image:
    """Every pixel the median of a square around it, in each channel."""
    return _picture(median_filter(given.image, (int(strength), int(strength), 1)))


def non_local_means(given: Given, level: float, strength: float) -> Image:
    """Every pixel the mean of those whose surroundings look like its own (Buades, Coll and Morel, CVPR 2005)."""
    found = denoise_nl_means(given.image, patch_size=5, patch_distance=6, h=strength * level, sigma=level, fast_mode=True, channel_axis=2)
    return _picture(found)


def unsharp(given: Given, level: float, strength: float) -> Image:
    """What a blur takes away is added: the image and `strength` times its difference from a blurred one."""
    soft = gaussian_filter(given.image, (level, level, 0))
    return _picture(given.image + np.float32(strength) * (given.image - soft))


def deconvolved(given: Given, level: float, strength: float) -> Image:
    """Richardson and Lucy's iteration, which knows the kernel of the blur."""
    radius = int(4 * level + 0.5)
    line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / level) ** 2)
    kernel = np.outer(line, line) / line.sum() ** 2
    padded = np.pad(given.image, [(radius, radius), (radius, radius), (0, 0)], mode="symmetric")
    parts = [richardson_lucy(padded[..., c], kernel, num_iter=int(strength)) for c in range(3)]  # type: ignore[no-untyped-call]
    return _picture(np.stack(parts, 2)[radius:-radius, radius:-radius])


def as_given(given: Given, level: float, strength: float) -> Image:
    """What was given: for enlarging that is cubic interpolation, for colours grey."""
    return given.image


def tinted(given: Given, level: float, strength: float) -> Image:
    """One tint for everything, which is added to the grey."""
    return _picture(given.image + np.float32(strength) * np.array(TINT, np.float32))


def biharmonic(given: Given, level: float, strength: float) -> Image:
    """Holes filled so that the second derivatives' sum of squares is least (scikit-image)."""
    return _picture(inpaint_biharmonic(given.image, ~given.known, channel_axis=2))


def diffused(given: Given, level: float, strength: float) -> Image:
    """Holes filled as heat spreads: every unknown pixel the mean of its neighbours."""
    height, width = given.known.shape
    holes = np.flatnonzero(~given.known)
    number = np.full(height * width, -1)
    number[holes] = np.arange(len(holes))
    rows, columns, sums = [], [], np.zeros((len(holes), 3))
    degree = np.zeros(len(holes))
    flat = given.image.reshape(-1, 3)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        y, x = np.divmod(holes, width)
        inside = (y + down >= 0) & (y + down < height) & (x + right >= 0) & (x + right < width)
        other = (y + down) * width + x + right
        degree += inside
        unknown = inside & (number[np.where(inside, other, 0)] >= 0)
        rows.append(np.flatnonzero(unknown))
        columns.append(number[other[unknown]])
        known = inside & ~unknown
        sums[known] += flat[other[known]]
    system = sparse.diags(degree) - sparse.csr_matrix(
        (np.ones(sum(map(len, rows))), (np.concatenate(rows), np.concatenate(columns))), shape=(len(holes), len(holes))
    )
    filled = flat.copy()
    filled[holes] = spsolve(system.tocsc(), sums).reshape(-1, 3)
    return _picture(filled.reshape(given.image.shape))


def _picture(values: object) -> Image:
    return np.asarray(np.clip(np.asarray(values), 0, 1), np.float32)


@dataclass(frozen=True)
class Filter:
    """A way without a network, with the strengths that are tried for it."""

    title: str
    apply: Callable[[Given, float, float], Image]
    strengths: tuple[float, ...] = (0.0,)
    strength: str = ""  # what the number is


# The first of each task is the one that networks are compared with: the strongest at the level that they are trained with.
FILTERS: dict[str, dict[str, Filter]] = {
    "denoise": {
        "means": Filter("Non-local means", non_local_means, (0.4, 0.6, 0.8, 1.0), "h in σ"),
        "gaussian": Filter("Gaussian", gaussian, (0.4, 0.6, 0.8, 1.0, 1.4, 2.0, 2.8), "σ in pixels"),
        "median": Filter("Median", median, (3, 5, 7), "side in pixels"),
    },
    "sharpen": {
        "richardson": Filter("Richardson–Lucy", deconvolved, (5, 10, 20, 40), "rounds"),
        "unsharp": Filter("Unsharp mask", unsharp, (0.5, 1.0, 1.5, 2.0, 3.0), "amount"),
    },
    "enlarge": {"bicubic": Filter("Bicubic", as_given)},
    "inpaint": {"biharmonic": Filter("Biharmonic", biharmonic), "diffusion": Filter("Diffusion", diffused)},
    "colourise": {
        "tint": Filter("One tint", tinted, (0.4, 0.6, 0.8, 1.0), "share of the training scenes' mean tint"),
        "grey": Filter("Grey", as_given),
    },
}
