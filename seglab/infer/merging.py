"""Objects that overlap and an area map, merged so that every pixel has one class and one id.

Source: Kirillov et al., arXiv:1801.00868, section 7: the surest object first, each takes what is free; stuff gets the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.scene import Image
from seglab.data.street import STREET
from seglab.train.panoptic import Panoptic

NOTHING = -1  # the class of a pixel that nobody wants
FREE = 0.5  # of an object's pixels must be free, or it is dropped
SURE = 0.5  # confidence below which an object is not looked at
LEAST_STUFF = 4  # pixels: a smaller area of stuff is left out
FAINT = 0.25  # chance from which a pixel is claimed by a class: two classes may claim one


@dataclass(frozen=True, eq=False)
class Candidate:
    """An object that somebody claims: its class, its pixels (H, W), how sure it is."""

    label: int
    pixels: NDArray[np.bool_]
    confidence: float


@dataclass(frozen=True, eq=False)
class Taken:
    """What became of a candidate: the id it got, 0 for none, the pixels that it keeps, and why in a word."""

    candidate: Candidate
    id: int
    pixels: NDArray[np.bool_]
    why: str


def merge(
    candidates: Sequence[Candidate], areas: NDArray[np.integer], stuff: Sequence[int], sure: float = SURE
) -> tuple[Panoptic, list[Taken]]:
    """Class and id of every pixel, and what became of each candidate in the order in which they were asked.

    `areas` (H, W) are the classes of a semantic map, of which those in `stuff` fill what no object took.

    >>> one, other = (Candidate(1, np.array([[a, b, c]], bool), sure) for a, b, c, sure in ((1, 1, 0, 0.9), (0, 1, 1, 0.8)))
    >>> merged, taken = merge([other, one], np.array([[2, 2, 2]]), (2,))
    >>> merged.ids.tolist(), [take.why for take in taken]
    ([[1, 1, 2]], ['kept', 'kept'])
    """
    classes, ids = np.full(areas.shape, NOTHING), np.zeros(areas.shape, np.int32)
    taken: list[Taken] = []
    nobody, count = np.zeros(areas.shape, bool), 0
    for candidate in sorted(candidates, key=lambda one: -one.confidence):
        free = candidate.pixels & (ids == 0)
        if candidate.confidence < sure:
            taken.append(Taken(candidate, 0, nobody, "too unsure"))
        elif free.sum() < FREE * candidate.pixels.sum() or not free.any():
            taken.append(Taken(candidate, 0, nobody, "mostly taken"))
        else:
            count += 1
            classes[free], ids[free] = candidate.label, count
            taken.append(Taken(candidate, count, free, "kept"))
    for label in stuff:
        here = (areas == label) & (ids == 0)
        if here.sum() >= LEAST_STUFF:
            classes[here] = label
    return Panoptic(classes, ids), taken


def claims(chances: Image, things: Sequence[int], least: int = 12) -> list[Candidate]:
    """Candidates of a semantic network's chances (classes, H, W): what is connected of each thing where its chance is above `FAINT`,
    from `least` pixels on; its confidence is the mean chance there."""
    found = []
    for label in things:
        pieces, count = ndimage.label(chances[label] > FAINT)
        for number in range(1, count + 1):
            pixels = pieces == number
            if pixels.sum() >= least:
                found.append(Candidate(label, pixels, float(chances[label][pixels].mean())))
    return found


PERSON, PURSE, PLANTS = 1, 2, 3
STREET_STUFF = (3, 4, 5)


def street_truth() -> Panoptic:
    """The deck's street: a person and a purse, each one thing; plants, sidewalk and building are stuff."""
    return Panoptic(STREET.astype(int), np.isin(STREET, (PERSON, PURSE)).astype(np.int32) * STREET)


def street_claims(purse: float, person: float = 0.9) -> tuple[list[Candidate], NDArray[np.int64]]:
    """What a detector and a semantic network might say of the street: the person's mask covers the purse, the purse's is a column too wide,
    a bush is taken for a person, and the areas lie a pixel to the right."""
    body, bag, bush = np.isin(STREET, (PERSON, PURSE)), STREET == PURSE, np.zeros(STREET.shape, bool)
    wide = bag | np.roll(bag, 1, axis=1)
    bush[1:4, 6:9] = True
    areas = np.roll(STREET, 1, axis=1).astype(np.int64)
    areas[:, 0] = STREET[:, 0]
    return [Candidate(PERSON, body, person), Candidate(PURSE, wide, purse), Candidate(PERSON, bush, 0.35)], areas
