"""Data sets for training: images (H, W) or (H, W, 3) in 0 to 1 with masks (H, W) of class numbers, training and validation apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from seglab.data.colours import class_colours
from seglab.data.crops import Pair as Pair
from seglab.data.crops import own_pairs
from seglab.data.domains import DOMAINS, Colour
from seglab.data.folder import Pairs, read
from seglab.data.labels import TWO
from seglab.data.remembered import recalled, remember, stamp, summary_of
from seglab.data.uploads import folder_of, is_upload, place_of, title_of

VALIDATION_SEED = 1_000_000  # no two of training, validation and test share a seed: each has at most a few thousand scenes
TEST_SEED = 2_000_000
VALIDATION_IMAGES = 32


@dataclass(frozen=True)
class DataSet:
    """A training set and a validation set, each a count and a function from number to pair; the classes by number, with their colours."""

    name: str
    train_count: int
    train: Callable[[int], Pair]
    validation_count: int
    validation: Callable[[int], Pair]
    classes: tuple[str, ...] = TWO
    colours: tuple[Colour, ...] = class_colours(len(TWO))
    channels: int = 1
    inverts: bool = True  # whether bright and dark may change places in training

    @property
    def known(self) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
        """The classes with their colours."""
        return self.classes, self.colours


def classes_of(name: str) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
    """The classes of a data set by its name, and a colour for each, as last seen where it is gone. Raises ValueError for one never seen.

    >>> classes_of("cells")
    (('background', 'cell'), ((0, 0, 0), (213, 94, 0)))
    """
    if name in DOMAINS:
        return DOMAINS[name].classes, DOMAINS[name].colours
    # A page asks this several times a second. An upload is named by its contents, so it is what it was.
    summary = recalled(place_of(name), fixed=is_upload(name)) or summary_of(folder_of(name))
    return summary.classes, summary.colours


def classes_for(name: str, count: int) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
    """The classes of a network with `count` outputs that was trained on `name`; where that is gone, or has other classes now, numbers.

    >>> classes_for("cells", 2)[0], classes_for("a folder that is gone", 3)[0]
    (('background', 'cell'), ('class 0', 'class 1', 'class 2'))
    """
    try:
        classes, colours = classes_of(name)
    except ValueError:
        classes, colours = (), ()
    if len(classes) == count:
        return classes, colours
    return TWO if count == 2 else tuple(f"class {number}" for number in range(count)), class_colours(count)


@lru_cache(maxsize=256)
def made_scene(name: str, number: int, size: int, difficulty: float) -> Pair:
    """A scene of a generated domain, read-only. It is remembered, so that a worker is born with those that were made before it."""
    made = DOMAINS[name].make(number, size, difficulty)
    for array in (made.image, made.mask):
        array.setflags(write=False)
    return made.image, made.mask


def unseen_scene(name: str, number: int, size: int, difficulty: float) -> Pair:
    """A scene of a generated domain that is in no training and no validation set. Raises ValueError as the domain does."""
    made = DOMAINS[name].make(TEST_SEED + number, size, difficulty)
    return made.image, made.mask


def open_set(name: str, *, images: int = 512, size: int = 96, difficulty: float = 0.5, seed: int = 0) -> DataSet:
    """A generated domain by its name, a folder of images and masks, or an uploaded set. Raises ValueError for a name that is none of them,
    and for a folder or set that cannot be used, with what is wrong by file name.

    >>> data = open_set("shapes", images=4)
    >>> data.train_count, data.train(0)[0].shape, data.classes[1:]
    (4, (96, 96, 3), ('disc', 'square', 'triangle', 'star'))
    """
    if name in DOMAINS:
        domain = DOMAINS[name]

        def scene(number: int) -> Pair:
            return made_scene(name, number, size, difficulty)

        def held_out(number: int) -> Pair:
            return scene(VALIDATION_SEED + number)

        return DataSet(name, images, scene, VALIDATION_IMAGES, held_out, *classes_of(name), domain.channels, domain.inverts)
    pairs = look_into(name)
    found, title = pairs.summary, title_of(name)
    found.refuse(title if is_upload(name) else name)
    train_count, crop, validation_count, whole = own_pairs(pairs, size, seed)
    return DataSet(
        title, max(images, train_count), crop, validation_count, whole, found.classes, found.colours, found.channels, inverts=False
    )


def look_into(name: str) -> Pairs:
    """The pairs of a folder or an uploaded set with what is found of them, which is remembered. Raises ValueError where there is none."""
    folder = folder_of(name)
    mark = stamp(folder)
    pairs = read(folder)
    remember(folder, mark, pairs.summary)
    return pairs
