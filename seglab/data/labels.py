"""What the values of a person's masks mean: classes by number, with names and colours.

With a ``classes.txt`` a value is the number of a line, from 0. Without one it depends on what occurs in all masks together: two values
are background and object, small ones are numbers of classes, and others are numbered as they rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seglab.data.colours import completed
from seglab.data.decode import MOST_VALUES
from seglab.data.domains import Colour

MOST_CLASSES = MOST_VALUES
TWO = ("background", "object")
LONGEST_NAME = 60  # characters


@dataclass(frozen=True)
class Legend:
    """The label of each value that is known, the names of the classes by label, a colour for each, and what should be said about it."""

    labels: dict[int, int]
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    note: str = ""


def legend(values: set[int], names: tuple[str, ...] | None, palette: dict[int, Colour]) -> Legend:
    """The meaning of the `values` of all masks of a set, with the `names` of classes.txt, where it is there, and the colours of a palette.

    Raises ValueError for more values than there can be classes.

    >>> legend({0, 255}, None, {}).labels
    {0: 0, 255: 1}
    >>> legend({0, 3}, ("ground", "roof"), {}).labels
    {0: 0, 1: 1}
    >>> legend({0, 128, 255}, None, {}).classes
    ('value 0', 'value 128', 'value 255')
    >>> legend({0, 1, 3}, None, {}).classes
    ('class 0', 'class 1', 'class 2', 'class 3')
    """
    note = ""
    if names and (len(names) > 2 or not values <= {0, 255}):
        labels = {number: number for number in range(len(names))}
    elif values <= {0, 255} or len(values) == 2:
        labels, names = (
            {value: number for number, value in enumerate(sorted(values | ({0, 255} if len(values) < 2 else set())))},
            names or TWO,
        )
    elif max(values) < MOST_CLASSES:
        labels = {number: number for number in range(max(values) + 1)}
        names = tuple(f"class {number}" for number in labels)
    elif len(values) <= MOST_CLASSES:
        labels = {value: number for number, value in enumerate(sorted(values))}
        names = tuple(f"value {value}" for value in labels)
        note = f"The masks have {len(values)} values up to {max(values)}: each is taken as a class, in rising order."
    else:
        raise ValueError(f"the masks have {len(values)} values together: at most {MOST_CLASSES} classes are understood")
    known = {labels[value]: colour for value, colour in palette.items() if value in labels}
    known = known if len(set(known.values())) == len(known) else {}
    return Legend(labels, names, completed(known, len(names)), note)


def read_classes(file: Path) -> tuple[str, ...] | None:
    """The names in a classes.txt, the first for label 0; None where there is no such file. Raises ValueError that names the line."""
    if not file.is_file():
        return None
    try:
        lines = file.read_bytes()[:100_000].decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("classes.txt is no text in UTF-8: save it as plain text, a name a line") from None
    names = [" ".join(line.split()) for line in lines]
    while names and not names[-1]:
        names.pop()
    if not 2 <= len(names) <= MOST_CLASSES:
        raise ValueError(f"classes.txt names {len(names)} classes: 2 to {MOST_CLASSES} are understood, a line each")
    for number, name in enumerate(names, start=1):
        if not name:
            raise ValueError(f"line {number} of classes.txt is empty: label {number - 1} needs a name")
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise ValueError(f"line {number} of classes.txt is no name: at most {LONGEST_NAME} characters that can be printed")
        if name in names[: number - 1]:
            raise ValueError(f"line {number} of classes.txt is {name!r} again: line {names.index(name) + 1} is the same")
    return tuple(names)
