"""Fields: the declared table of a lesson's state, and the link that holds it.

One table drives the link, the stage's controls, `seglab export --set` and stored JSON. A value is written with letters, digits and
``. _ ~ -`` only, so that a link reads the same in every browser. The twin in the browser is ``fields.js``; both must write the same link.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from seglab.rows import FloatArray

VERSION = "1"
LARGEST_LITERAL = 8  # a grid up to this many cells a side is written out in the link
LARGEST_GRID = 64
LARGEST_VALUE = 999_999.0
Kind = Literal["int", "number", "pair", "choice", "flag", "grid"]
State = dict[str, Any]
Value = TypeVar("Value", int, float)

_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,6})?", re.ASCII)
_PATTERN = re.compile(r"(random|ones|disc|photo|scene)(\d{1,4})\.(\d{1,3})x(\d{1,3})", re.ASCII)
LARGEST_SCENE = 128  # a scene is there to be looked at, not to be counted through


@dataclass(frozen=True)
class Field:
    """One value of a lesson's state.

    `default` is an int, a number (`step` is how finely its slider moves), a pair [vertical, horizontal], a word, a bool, or a grid: a list
    of rows, or the text of a pattern such as ``random3.16x16`` (seed 3). For grids `low` and `high` bound the cells a side. A grid with
    `planes`, such as (3,) for channels or (2, 3) for the kernels of a layer, is that many grids of one size in nested lists.
    """

    name: str
    kind: Kind
    default: Any
    label: str
    meaning: str
    low: int = 0
    high: int = 0
    options: tuple[str, ...] = ()
    step: float = 1.0
    planes: tuple[int, ...] = ()

    def read(self, text: str) -> Any:
        """The value that `text` in a link stands for. Raises ValueError with a sentence."""
        return _READERS[self.kind](self, text)

    def write(self, value: Any) -> str:
        """`value` as it stands in a link.

        >>> Field("x", "grid", [[0]], "", "", 1, 8).write([[0, 1.5], [-2, 3]])
        '0_1.5~-2_3'
        >>> Field("x", "grid", [[[0]], [[0]]], "", "", 1, 8, planes=(2,)).write([[[1]], [[2]]])
        '1~~2'
        """
        if self.kind == "pair":
            vertical, horizontal = value
            return str(vertical) if vertical == horizontal else f"{vertical}x{horizontal}"
        if self.kind == "number":
            return number(value)
        if self.kind == "flag":
            return "1" if value else "0"
        if self.kind == "grid" and not isinstance(value, str):
            grids = [value]
            for _ in self.planes:
                grids = [grid for several in grids for grid in several]
            return "~~".join("~".join("_".join(number(cell) for cell in row) for row in grid) for grid in grids)
        return str(value)


def number(value: float) -> str:
    """A cell as it stands in a link: at most six decimals, no exponent.

    >>> number(0.1 + 0.2), number(-0.0), number(2.0)
    ('0.3', '0', '2')
    """
    text = f"{round(float(value), 6):.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def cells(value: Any) -> FloatArray:
    """A grid's value as an array: rows of numbers, or a pattern worked out.

    >>> cells("disc9.3x3").tolist()
    [[0.0, 9.0, 0.0], [9.0, 9.0, 9.0], [0.0, 9.0, 0.0]]
    """
    if not isinstance(value, str):
        return np.array(value, float)
    match = _PATTERN.fullmatch(value)
    if not match:
        raise ValueError(f"grid {value!r} is neither rows of numbers nor a pattern such as random3.16x16")
    name, argument, height, width = match[1], *(int(part) for part in match.groups()[1:])
    y, x = np.mgrid[:height, :width]
    if name == "photo":
        return photograph(argument)[:height, :width]
    if name == "ones":
        return np.full((height, width), float(argument))
    if name == "disc":
        radius = min(height, width) * 2 / 3
        inside = (2 * y - height + 1) ** 2 + (2 * x - width + 1) ** 2 <= radius**2
        return np.where(inside, float(argument), 0.0)
    if name == "scene":
        return scene(argument, height, width)
    return scrambled(argument, height * width).reshape(height, width)


def scene(number: int, height: int, width: int) -> FloatArray:
    """Shapes of light and shade in hundredths, the same in Python and in the browser: a sun, a house with a roof, and a fence before a
    field; `number` lays them out anew.

    >>> scene(0, 4, 4).shape, float(scene(0, 128, 128).max())
    ((4, 4), 1.0)
    """
    y, x = (128 * at // size for at, size in zip(np.mgrid[:height, :width], (height, width), strict=True))
    move = scrambled(number, 4).astype(int)
    grey = np.where(y < 84, 62 + y // 4, 34 + (y - 84) // 3)
    sun, left, top = (2 * y - 60) ** 2 + (2 * x - 180 - 4 * move[0]) ** 2 <= 44**2, 16 + 2 * move[1], 52 + move[2]
    grey = np.where(sun, 100, grey)
    house = (y >= top) & (y < 100) & (x >= left) & (x < left + 44)
    roof = (y >= top - 22) & (y < top) & (abs(x - left - 22) <= y - top + 22 + 3)
    grey = np.where(house, 20, np.where(roof, 8, grey))
    window = house & ((y - top) // 10 % 2 == 1) & ((x - left) // 9 % 2 == 1) & (y < 92)
    grey = np.where(window, 95, grey)
    fence = (y >= 104) & (y < 120) & (x % 8 < 4)
    return np.asarray(np.where(fence, 88 - move[3], grey) / 100, np.float64)


@cache
def photograph(number: int) -> FloatArray:
    """A photograph of 64 x 64 pixels, 0 black to 1 white in hundredths; the browser has the same file."""
    text = (Path(__file__).parent / "browser" / "v1" / "photographs.js").read_text(encoding="utf-8")
    stored = re.findall(r'"([A-Za-z0-9+/=]{5000,})"', text)
    if number >= len(stored):
        raise ValueError(f"photograph {number} is not there: choose 0 to {len(stored) - 1}")
    grey = np.frombuffer(b64decode(stored[number]), np.uint8).reshape(LARGEST_GRID, LARGEST_GRID).astype(int)
    return np.asarray((grey * 100 + 127) // 255 / 100, np.float64)


def scrambled(seed: int, count: int) -> FloatArray:
    """`count` digits 0 to 9, the same in Python and in the browser: a counter mixed as by the MurmurHash3 finaliser.

    >>> scrambled(3, 5).tolist()
    [8.0, 8.0, 9.0, 2.0, 9.0]
    """
    return (_hashes(seed, count) % np.uint32(10)).astype(float)


def mixed(seed: int, count: int) -> FloatArray:
    """`count` numbers from 0 up to 1, evenly spread, the same in Python and in the browser.

    >>> mixed(1, 3).round(4).tolist()
    [0.7947, 0.3076, 0.9395]
    """
    return _hashes(seed, count) / 2.0**32


def _hashes(seed: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32((seed * 0x85EBCA6B) % 2**32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    h ^= h >> np.uint32(16)
    return h


def encode(fields: Sequence[Field], state: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, str]:
    """The link's parameters: a version, then what differs from `usual`, in the order of the table. Empty where nothing does.

    >>> stride = Field("stride", "int", 1, "", "", 1, 4)
    >>> encode([stride], {"stride": 2}, {"stride": 1}), encode([stride], {"stride": 1}, {"stride": 1})
    ({'v': '1', 'stride': '2'}, {})
    """
    # Equal values are the rule, and comparing them is much quicker than writing both down; others may still be written alike.
    written = {f.name: (f.write(state[f.name]), f.write(usual[f.name])) for f in fields if state[f.name] != usual[f.name]}
    changed = {name: own for name, (own, other) in written.items() if own != other}
    return {"v": VERSION, **changed} if changed else {}


def decode(fields: Sequence[Field], link: Mapping[str, str], usual: Mapping[str, Any]) -> tuple[State, list[str]]:
    """The state that a link stands for, where it says nothing `usual`, and a sentence for each part of it that could not be used.

    >>> stride = Field("stride", "int", 1, "", "", 1, 4)
    >>> decode([stride], {"stride": "9"}, {"stride": 1})
    ({'stride': 1}, ['stride=9 is out of range (1 to 4): the lesson starts with 1.'])
    """
    problems = []
    if link.get("v", VERSION) != VERSION:
        problems.append(f"This link is from version {_short(link['v'])} of the lesson: this is version {VERSION}, what it knows is used.")
    state: State = {}
    for field in fields:
        state[field.name] = usual[field.name]
        if field.name in link:
            try:
                state[field.name] = field.read(link[field.name])
            except ValueError as error:
                instead = "its own" if field.kind == "grid" else _short(field.write(usual[field.name]))
                problems.append(f"{field.name}={_short(link[field.name])} is {error}: the lesson starts with {instead}.")
    return state, problems


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:24] + "…"


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError("not a whole number")
    return int(text)


def _bounded(field: Field, value: Value) -> Value:
    if not field.low <= value <= field.high:
        raise ValueError(f"out of range ({field.low} to {field.high})")
    return value


def _read_int(field: Field, text: str) -> int:
    below = field.low < 0 and text.startswith("-")
    return _bounded(field, -_whole(text[1:]) if below else _whole(text))


def _read_number(field: Field, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number of at most six decimals")
    return _bounded(field, float(text))


def _read_pair(field: Field, text: str) -> list[int]:
    parts = text.split("x")
    if len(parts) > 2:
        raise ValueError("not a number or two numbers with x between them")
    values = [_bounded(field, _whole(part)) for part in parts]
    return values * 2 if len(values) == 1 else values


def _read_choice(field: Field, text: str) -> str:
    if text not in field.options:
        raise ValueError(f"not one of {', '.join(field.options)}")
    return text


def _read_flag(field: Field, text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("neither 0 nor 1")
    return text == "1"


def _read_grid(field: Field, text: str) -> Any:
    if field.planes:
        return _read_planes(field, text)
    match = _PATTERN.fullmatch(text)
    if match:
        largest = LARGEST_SCENE if match[1] == "scene" else LARGEST_GRID
        if not all(field.low <= int(side) <= largest for side in match.groups()[2:]):
            raise ValueError(f"out of range ({field.low} to {largest} cells a side)")
        if match[1] == "photo":
            photograph(int(match[2]))
        return text
    rows = [line.split("_") for line in text.split("~")]
    if not all(_NUMBER.fullmatch(cell) for row in rows for cell in row):
        raise ValueError("not a grid of numbers (at most six decimals)")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("not a grid: its rows have different lengths")
    if not all(field.low <= side <= min(field.high, LARGEST_LITERAL) for side in (len(rows), len(rows[0]))):
        raise ValueError(f"out of range ({field.low} to {min(field.high, LARGEST_LITERAL)} cells a side)")
    return [[float(cell) for cell in row] for row in rows]


def _read_planes(field: Field, text: str) -> Any:
    count, texts = math.prod(field.planes), text.split("~~")
    if len(texts) != count:
        raise ValueError(f"not {count} grids of numbers with ~~ between them")
    grids = [_read_grid(replace(field, planes=()), one) for one in texts]
    if any(isinstance(grid, str) for grid in grids):
        raise ValueError("not a grid of numbers (at most six decimals)")
    if len({(len(grid), len(grid[0])) for grid in grids}) > 1:
        raise ValueError("not a stack of grids of one size")
    return np.reshape(grids, (*field.planes, len(grids[0]), len(grids[0][0]))).tolist()


_READERS = {"int": _read_int, "number": _read_number, "pair": _read_pair, "choice": _read_choice, "flag": _read_flag, "grid": _read_grid}
