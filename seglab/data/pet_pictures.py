"""Small pictures and masks from the archives of the Oxford-IIIT Pet data set: a data folder like a person's own.

The archives are read as streams and nothing is unpacked: what is written has names of ours, so a name in an archive leads nowhere.
A trimap's 1 (pet), 2 (background) and 3 (outline, "not classified") become the classes 1, 0 and 2.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.decode import decode
from seglab.data.domains import BLACK, BLUE, ORANGE
from seglab.data.download import FetchError, Gone, StoppedError

CLASSES, COLOURS = ("background", "pet", "outline"), (BLACK, BLUE, ORANGE)
SIDE = 128  # pixels of the shorter side
MOST = 400  # pictures: as many as a data folder may have, and what a laptop can hold decoded
LIST = "annotations/trainval.txt"
_NAME = re.compile(r"([A-Za-z]+(?:_[A-Za-z]+)*)_[0-9]+")
_CLASS_OF = np.array([255, 1, 0, 2], np.uint8)
_MOST_BYTES = 20_000_000  # of one file in an archive
SOURCE = """The Oxford-IIIT Pet Dataset, a part of it, made smaller.
https://www.robots.ox.ac.uk/~vgg/data/pets/
O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar: Cats and Dogs. IEEE Conference on Computer Vision and Pattern Recognition, 2012.
Licence: Creative Commons Attribution-ShareAlike 4.0, https://creativecommons.org/licenses/by-sa/4.0/
The rights in the images remain with their owners.
"""


def choose(lines: Iterable[str], most: int = MOST) -> list[str]:
    """Up to `most` picture names of the list's lines, as many of each breed as can be, always the same ones.

    >>> choose(["pug_1 2 2 1", "pug_2 2 2 1", "Bengal_7 1 1 1", "../pug_3 2 2 1"], most=2)
    ['Bengal_7', 'pug_2']
    """
    breeds: dict[str, list[str]] = {}
    for name in (line.partition(" ")[0] for line in lines):
        if named := _NAME.fullmatch(name):
            breeds.setdefault(named[1], []).append(name)
    # A hash is an order without a pattern that no version of a random generator changes.
    orders = [sorted(names, key=lambda name: sha256(name.encode()).digest()) for _, names in sorted(breeds.items())]
    in_turn = (name for name in chain.from_iterable(zip_longest(*orders)) if name is not None)
    return sorted(name for name, _ in zip(in_turn, range(most), strict=False))


def prepare(
    annotations: Path, images: Path, folder: Path, tell: Callable[[int, int], None], gone: Gone, most: int = MOST
) -> tuple[int, int]:
    """Write ``images/``, ``masks/``, ``classes.txt`` and ``SOURCE.txt`` into `folder`; returns the number of pictures, and of damaged ones.

    Images have a shorter side of 128 pixels (bilinear, JPEG), masks hold class numbers (nearest, PNG). `tell` hears the number done and of
    how many. Raises StoppedError after `gone()`, FetchError for archives that cannot be read or hold no pair.
    """
    chosen = choose(_first(annotations, LIST).decode("utf-8", "replace").splitlines(), most)
    trimaps = dict(_members(annotations, {f"annotations/trimaps/{name}.png": name for name in chosen}))
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    made = 0
    for number, (name, data) in enumerate(_members(images, {f"images/{name}.jpg": name for name in trimaps}), 1):
        if gone():
            raise StoppedError("stopped")
        made += _write_pair(folder, name, data, trimaps[name])
        tell(number, len(trimaps))
    if not made:
        raise FetchError("the archives hold no picture with its mask: they are not those of the Oxford-IIIT Pet data set")
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    (folder / "SOURCE.txt").write_text(SOURCE, encoding="utf-8")
    return made, len(chosen) - made


def classes_in(trimap: bytes) -> NDArray[np.uint8]:
    """The class numbers of a trimap file, (H, W). Raises ValueError for other values than 1, 2 and 3."""
    with Files.open(BytesIO(trimap), formats=("PNG",)) as picture:
        values = np.asarray(picture if picture.mode in ("L", "P") else picture.convert("L"))
    if values.min() < 1 or values.max() > 3:
        raise ValueError(f"its trimap has values from {values.min()} to {values.max()}: 1 to 3 are understood")
    return np.asarray(_CLASS_OF[values])


def small(height: int, width: int) -> tuple[int, int]:
    """Height and width with the shorter side at 128 pixels.

    >>> small(300, 500), small(500, 375)
    ((128, 213), (171, 128))
    """
    scale = SIDE / min(height, width)
    return round(height * scale), round(width * scale)


def _write_pair(folder: Path, name: str, image: bytes, trimap: bytes) -> bool:
    """Write one picture and its mask; False where one of them is damaged or they do not fit each other, as with a few of the real ones."""
    try:
        pixels, classes = decode(image, colour=True), classes_in(trimap)
    except (ValueError, OSError, SyntaxError):
        return False
    if pixels.shape[:2] != classes.shape:
        return False
    height, width = small(*classes.shape)
    picture = Files.fromarray((pixels * 255 + 0.5).astype(np.uint8)).resize((width, height), Files.Resampling.BILINEAR)
    mask = Files.fromarray(classes).resize((width, height), Files.Resampling.NEAREST)
    mask.putpalette([part for colour in COLOURS for part in colour])
    picture.save(folder / "images" / f"{name}.jpg", quality=90)
    mask.save(folder / "masks" / f"{name}.png")
    return True


def _first(archive: Path, name: str) -> bytes:
    for _, data in _members(archive, {name: name}):
        return data
    raise FetchError(f"{archive.name} has no {name}: it is not that of the Oxford-IIIT Pet data set")


def _members(archive: Path, wanted: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """The archive's regular files of the wanted names, each with what the name stands for; it ends when all have come."""
    left = dict(wanted)
    try:
        with tarfile.open(archive, "r|gz") as stream:
            for member in stream:
                stands_for = left.pop(member.name, None) if member.isreg() and member.size <= _MOST_BYTES else None
                file = stream.extractfile(member) if stands_for is not None else None
                if stands_for is not None and file is not None:
                    yield stands_for, file.read()
                if not left:
                    return
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise FetchError(f"{archive} cannot be read ({error}): delete it, and the next try begins anew") from None
