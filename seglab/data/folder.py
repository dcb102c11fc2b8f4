"""A person's own data: a folder with ``images/``, ``masks/`` paired by file name, and perhaps ``classes.txt``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seglab.data.decode import Drawn, decode_bytes, decode_mask
from seglab.data.domains import BLACK, Colour
from seglab.data.labels import Legend, legend, read_classes
from seglab.data.summary import Summary

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
MOST_PAIRS = 400
MOST_TOGETHER = 400  # megapixels
MOST_FILE = 100  # megabytes
WHITE = (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Pairs:
    """What was found, and the pairs in order of their names: images (H, W) or (H, W, 3) in 0 to 255, masks (H, W) of class numbers."""

    summary: Summary
    images: list[NDArray[np.uint8]]
    masks: list[NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two files of one name, decoded."""

    image: str
    mask: str
    pixels: NDArray[np.uint8]
    drawn: Drawn


def look(folder: Path) -> Summary:
    """What is in a folder, and what is wrong with it. All its files are read."""
    return read(folder).summary


def read(folder: Path) -> Pairs:
    """What is in a folder, also where something is wrong: then only some of the pairs are there."""
    problems: list[str] = []
    notes: list[str] = []
    names = None
    try:
        names = read_classes(folder / "classes.txt")
    except (ValueError, OSError) as error:
        problems.append(_told(error))
    pairs = _decoded(_paired(folder, problems), problems)
    drawn = _as_black_and_white([pair.drawn for pair in pairs])
    try:
        meaning = legend({value for one in drawn for value in one.values}, names, _palette(pairs, drawn, notes))
    except ValueError as error:
        problems.append(str(error))
        drawn, meaning = [], legend(set(), None, {})
    counts = np.zeros(len(meaning.classes), np.int64)
    masks = [_labelled(pair.mask, one, meaning, counts, problems, notes) for pair, one in zip(pairs, drawn, strict=False)]
    if not problems:
        problems += _too_few(len(pairs), counts, meaning)
    if not problems:
        notes += [meaning.note] * bool(meaning.note)
        notes += [f"No mask has the class {name}." for name, count in zip(meaning.classes, counts, strict=True) if not count]
    sizes = sorted(((pair.pixels.shape[0], pair.pixels.shape[1]) for pair in pairs), key=lambda size: (size[0] * size[1], size)) or [(0, 0)]
    summary = Summary(
        len(pairs),
        3 if any(pair.pixels.ndim == 3 for pair in pairs) else 1,
        meaning.classes,
        meaning.colours,
        tuple((counts / max(counts.sum(), 1)).tolist()),
        sizes[0],
        sizes[-1],
        tuple(problems),
        tuple(notes),
    )
    return Pairs(summary, [pair.pixels for pair in pairs], masks)


def _paired(folder: Path, problems: list[str]) -> list[tuple[Path, Path]]:
    """Image and mask of each name that has both; what else is there goes to the problems."""
    images, masks = _by_stem(folder, "images", problems), _by_stem(folder, "masks", problems)
    if images and masks:
        problems += [f"{images[stem].name} has no mask" for stem in sorted(set(images) - set(masks))]
        problems += [f"{masks[stem].name} has no image" for stem in sorted(set(masks) - set(images))]
    both = sorted(set(images) & set(masks))
    if len(both) > MOST_PAIRS:
        problems.append(f"it has {len(both)} pairs: at most {MOST_PAIRS} are taken")
        return []
    return [(images[stem], masks[stem]) for stem in both]


def _by_stem(folder: Path, name: str, problems: list[str]) -> dict[str, Path]:
    if not (folder / name).is_dir():
        problems.append(f"{name}/ is not there: a data folder has images/ and masks/ with files of the same names")
        return {}
    found: dict[str, Path] = {}
    try:
        paths = sorted((folder / name).iterdir())
    except OSError as error:
        problems.append(f"{name}/ cannot be read ({error.strerror})")
        return {}
    for path in paths:
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        if path.stem in found:
            problems.append(f"{found[path.stem].name} and {path.name} in {name}/ have the same name")
        found[path.stem] = path
    if not found:
        problems.append(f"{name}/ has no image files: PNG, JPEG, TIFF, BMP and WEBP are read")
    return found


def _decoded(paired: list[tuple[Path, Path]], problems: list[str]) -> list[_Pair]:
    """The pairs that can be read and whose sizes agree."""
    pairs: list[_Pair] = []
    together = 0
    for image, mask in paired:
        try:
            pixels = decode_bytes(_bytes(image))
        except (ValueError, OSError) as error:
            problems.append(f"{image.name}: {_told(error)}")
            continue
        try:
            drawn = decode_mask(_bytes(mask))
        except (ValueError, OSError) as error:
            problems.append(f"the mask {mask.name}: {_told(error)}")
            continue
        if pixels.shape[:2] != drawn.places.shape:
            problems.append(f"{image.name} is {_size(pixels)}, its mask {_size(drawn.places)}")
            continue
        together += drawn.places.size
        if together > MOST_TOGETHER * 1_000_000:
            problems.append(f"the images up to {image.name} have more than {MOST_TOGETHER} megapixels together: use fewer or smaller ones")
            break
        pairs.append(_Pair(image.name, mask.name, pixels, drawn))
    return pairs


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MOST_FILE * 1_000_000:
        raise ValueError(f"the file has {path.stat().st_size / 1e6:.0f} MB: at most {MOST_FILE} are taken")
    return path.read_bytes()


def _told(error: Exception) -> str:
    return f"the file cannot be read ({error.strerror})" if isinstance(error, OSError) else str(error)


def _size(array: NDArray[np.generic]) -> str:
    return f"{array.shape[1]} x {array.shape[0]}"


def _as_black_and_white(drawn: list[Drawn]) -> list[Drawn]:
    """Masks whose palettes show black and white alone are what they show; all others stay as they are."""
    used = {colour for one in drawn for colour in one.colours or ()}
    if not used <= {BLACK, WHITE}:
        return drawn
    return [
        one if one.colours is None else Drawn(tuple(255 * (colour == WHITE) for colour in one.colours), one.places, one.counts)
        for one in drawn
    ]


def _palette(pairs: list[_Pair], drawn: list[Drawn], notes: list[str]) -> dict[int, Colour]:
    """The colour of each value that a palette shows: that of the first file by name."""
    found: dict[int, tuple[Colour, str]] = {}
    for pair, one in zip(pairs, drawn, strict=True):
        for value, colour in zip(one.values, one.colours or (), strict=False):
            first, where = found.setdefault(value, (colour, pair.mask))
            if first != colour and not notes:
                notes.append(f"{where} and {pair.mask} show entry {value} in different colours: what counts is the entry's number.")
    return {value: colour for value, (colour, _) in found.items()}


def _labelled(
    name: str, drawn: Drawn, meaning: Legend, counts: NDArray[np.int64], problems: list[str], notes: list[str]
) -> NDArray[np.uint8]:
    """A mask as class numbers, counted in `counts`; values that are unknown, and a mask of one class alone, are told."""
    unknown = [value for value in drawn.values if value not in meaning.labels]
    here: Counter[int] = Counter()
    for value, count in zip(drawn.values, drawn.counts, strict=True):
        here[meaning.labels.get(value, 0)] += count
    counts += [here[label] for label in range(len(counts))]
    if unknown:
        share = sum(count for value, count in zip(drawn.values, drawn.counts, strict=True) if value in unknown) / drawn.places.size
        values = ("values " if len(unknown) > 1 else "value ") + ", ".join(map(str, unknown[:3])) + (", …" if len(unknown) > 3 else "")
        told = f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
        problems.append(f"the mask {name} has the {values} in {told} of its pixels: classes.txt names 0 to {len(counts) - 1}")
    elif len(here) == 1:
        if 0 in here:
            problems.append(f"the mask {name} is empty")
        else:
            notes.append(f"The mask {name} is {meaning.classes[next(iter(here))]} alone.")
    return np.array([meaning.labels.get(value, 0) for value in drawn.values], np.uint8)[drawn.places]


def _too_few(pairs: int, counts: NDArray[np.int64], meaning: Legend) -> list[str]:
    if pairs < 2:
        return [f"it has {pairs} pair{'' if pairs == 1 else 's'}: at least 2 are needed, one to train on and one to test on"]
    if (counts > 0).sum() < 2:
        return [f"all masks are {meaning.classes[int(counts.argmax())]} alone: there is nothing to tell apart"]
    return []
