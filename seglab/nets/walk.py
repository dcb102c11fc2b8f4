"""A milestone at any image size: step by step as far as it goes, with a sentence where it ends or where a layer does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from seglab.nets.milestones import NO_FIELD, Branches, Conv, Heads, Linear, Pool, Row, Shape, Step, Zeros, table
from seglab.receptive_field import ReceptiveField

LARGEST = 10_000  # pixels a side


class Part(NamedTuple):
    """A step of a network with the map that it begins with, that map's field, and a row for each layer in it."""

    step: Step
    before: Shape
    field: ReceptiveField | None
    rows: tuple[Row, ...]

    @property
    def after(self) -> Shape:
        """The map that the next step begins with."""
        return self.before if isinstance(self.step, Heads) else self.rows[-1].shape

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)


def walk(steps: Sequence[Step], shape: Shape) -> tuple[list[Part], str]:
    """The parts of a network as far as an image of `shape` goes through, and why it goes no further: empty where it goes through whole.

    >>> from seglab.nets.milestones import vgg16
    >>> parts, ends = walk(vgg16(), (3, 20, 20))
    >>> parts[-1].step.name, ends
    ('conv5_3', 'pool5: kernel_size=2 leaves no output: it spans 2 of 1 cells; at most 1 here')
    """
    parts: list[Part] = []
    field: ReceptiveField | None = NO_FIELD
    for step in steps:
        try:
            rows = table([step], shape, field)
        except ValueError as error:
            return parts, str(error)
        parts.append(Part(step, shape, field, tuple(rows)))
        if not isinstance(step, Heads):
            shape, field = rows[-1].shape, rows[-1].field
    return parts, ""


def convolutional(steps: Sequence[Step], shape: Shape) -> tuple[Step, ...]:
    """The network with each fully connected layer read as the convolution that it is on an image of its own `shape`.

    >>> from seglab.nets.milestones import vgg16
    >>> convolutional(vgg16(), (3, 224, 224))[-3][:3]
    ('fc6', 4096, 7)
    """
    found: list[Step] = []
    for part in walk(steps, shape)[0]:
        step = part.step
        if isinstance(step, Linear):
            step = Conv(step.name, step.units, part.before[1])
        elif isinstance(step, Heads):
            step = Heads(step.name, convolutional(step.steps, part.before))
        found.append(step)
    return tuple(found)


HEADLESS = "The heads beside it are left out: their fully connected layers are made for {own} only, and training alone uses them."


class Sized(NamedTuple):
    """A network at an image's size: its parts, and sentences on what the size does to it, the last one why it ends where it does."""

    parts: list[Part]
    notes: list[str]
    ends: bool

    @property
    def rows(self) -> list[Row]:
        return [row for part in self.parts for row in part.rows]


def at_size(steps: Sequence[Step], own: Shape, shape: Shape) -> Sized:
    """A network that was made for images of `own` shape at another: layers that fix the size become convolutions there.

    >>> from seglab.nets.milestones import vgg16
    >>> at_size(vgg16(), (3, 224, 224), (3, 288, 288)).rows[-1].shape
    (1000, 3, 3)
    """
    if shape == own:
        return Sized(walk(steps, shape)[0], [], False)
    if any(isinstance(step, Heads) for step in steps):
        found = at_size([step for step in steps if not isinstance(step, Heads)], own, shape)
        return found._replace(notes=[HEADLESS.format(own=sides(own[1:])), *found.notes])
    parts, ends = walk(steps, shape)
    fixing = next((part for part in walk(steps, own)[0] if isinstance(part.step, Linear)), None)
    arriving = next((part.before for part in parts if fixing and part.step.name == fixing.step.name), None)
    if fixing is None or arriving is None or arriving == fixing.before:
        return Sized(parts, [_ended(ends, parts[-1].after if parts else shape)] if ends else _averaged(parts), bool(ends))
    parts, ends = walk(convolutional(steps, own), shape)
    notes = [
        f"{fixing.step.name} has weights for {sides(fixing.before)} numbers, but {sides(arriving)} arrive: a fully connected layer fixes"
        " the size of the image."
    ]
    kernel = sides(fixing.before[1:])
    if ends:
        return Sized(parts, [*notes, f"Even as a {kernel} convolution it does not fit here. All before it goes through."], True)
    scores, *places = parts[-1].after
    many = f"{sides(places)} answers of {scores:,} scores each"
    notes.append(f"Read as a {kernel} convolution with the very same weights it slides: {many}, in place of one.")
    return Sized(parts, notes, False)


def _averaged(parts: Sequence[Part]) -> list[str]:
    pooled = next((part for part in parts if isinstance(part.step, Pool) and part.step.how == "global"), None)
    if pooled is None:
        return []
    side = sides(pooled.before[1:])
    return [f"Any size goes through: the mean over the whole map ({side} here) hands the last layer as many numbers as ever."]


def _ended(why: str, last: Shape) -> str:
    side = sides(last[1:])
    return f"It ends at {why.partition(':')[0]}: its window does not fit on a map of {side}. All before it goes through."


def sides(shape: Sequence[int]) -> str:
    """A shape, or a size, in words.

    >>> sides((512, 7, 7))
    '512 × 7 × 7'
    """
    return " × ".join(map(str, shape))


def read_size(text: str) -> tuple[int, int]:
    """The height and width that a person means. Raises ValueError with a sentence.

    >>> read_size("224"), read_size("320 x 240")
    ((224, 224), (320, 240))
    """
    found = re.fullmatch(r"\s*(\d{1,12})\s*(?:[x×*,]\s*(\d{1,12}))?\s*", text.casefold(), re.ASCII)
    if not found:
        raise ValueError(f"“{text[:24]}” is no size of an image: write a whole number such as 224, or height × width such as 320 x 240")
    height, width = int(found[1]), int(found[2] or found[1])
    for side in (height, width):
        if not 1 <= side <= LARGEST:
            raise ValueError(f"{side:,} is no side of an image here: from 1 to {LARGEST:,} pixels")
    return height, width


def depth(steps: Sequence[Step]) -> int:
    """Layers with weights on the longest way through, as networks are named after.

    >>> from seglab.nets.milestones import MILESTONES
    >>> [depth(make()) for make, _ in MILESTONES.values()]
    [8, 16, 22, 18, 34, 50, 101, 152]
    """
    deep = 0
    for step in steps:
        if isinstance(step, (Conv, Linear)):
            deep += 1
        elif isinstance(step, Branches):
            deep += max(depth(branch) for branch in step.branches)
    return deep


def grouped(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """The parts, residual blocks that are alike and follow each other as one group.

    >>> from seglab.nets.milestones import resnet
    >>> [len(group) for group in grouped(walk(resnet(152), (3, 224, 224))[0])]
    [1, 1, 1, 2, 1, 7, 1, 35, 1, 2, 1, 1]
    """
    group: list[Part] = []
    for part in parts:
        if group and not (_adds(part) and part.before == group[0].before and nameless(part.step) == nameless(group[0].step)):
            yield tuple(group)
            group = []
        group.append(part)
    if group:
        yield tuple(group)


def _adds(part: Part) -> bool:
    return isinstance(part.step, Branches) and part.step.how == "add"


def nameless(step: Step) -> Step:
    """A step without the names in it: two that differ in nothing else are equal then."""
    if isinstance(step, Branches):
        return step._replace(name="", branches=tuple(tuple(nameless(one) for one in branch) for branch in step.branches))
    if isinstance(step, Heads):
        return step._replace(name="", steps=tuple(nameless(one) for one in step.steps))
    return step._replace(name="")


def leaves(steps: Sequence[Step]) -> Iterator[Conv | Pool | Linear | Zeros]:
    """The single layers of a network in the order of its table, joins left out."""
    for step in steps:
        if isinstance(step, Branches):
            for branch in step.branches:
                yield from leaves(branch)
        elif isinstance(step, Heads):
            yield from leaves(step.steps)
        else:
            yield step
