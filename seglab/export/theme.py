"""The colours of the stage, light and dark. The twin of ``theme.js``; parts' colours are Okabe and Ito's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import floor
from typing import NamedTuple

Rgb = tuple[int, int, int]
STEPS = 64
DARK_INK, LIGHT_INK = (0x16, 0x19, 0x1D), (255, 255, 255)
_ROLES = {
    False: {"input": "#0072B2", "kernel": "#E69F00", "output": "#009E73", "skip": "#CC79A7", "difference": "#D55E00"},
    True: {"input": "#58ACE4", "kernel": "#F2B742", "output": "#35C79B", "skip": "#DE9CC0", "difference": "#F0824D"},
}
_PAPER = {False: ("#FFFFFF", "#101316", "#B3142C"), True: ("#12151A", "#E9EDF2", "#E0455C")}  # paper, ink, negative


class Tone(NamedTuple):
    """A fill, and the ink that is readable on it."""

    fill: Rgb
    ink: Rgb


@dataclass(frozen=True, eq=False)
class Theme:
    """A palette: of the page, of the parts, and of values upward and downward."""

    dark: bool
    paper: Rgb
    ink: Rgb
    line: Rgb
    faint: Rgb
    muted: Rgb
    roles: dict[str, Rgb]
    up: tuple[Tone, ...]
    down: tuple[Tone, ...]

    def fill_of(self, value: float, largest: float) -> Tone:
        """The fill of a value on the scale of a grid whose largest magnitude is `largest`."""
        share = min(abs(value) / largest, 1.0) if largest > 0 else 0.0
        return (self.down if value < 0 else self.up)[_round(share * STEPS)]


@cache
def theme(dark: bool) -> Theme:
    """The palette for a light or a dark page."""
    paper, ink, negative = (rgb(colour) for colour in _PAPER[dark])
    line, faint, muted = (_blend(paper, ink, share) for share in (0.22, 0.1, 0.62))
    roles = {role: rgb(colour) for role, colour in _ROLES[dark].items()}
    return Theme(dark, paper, ink, line, faint, muted, roles, _ramp(paper, ink, 0.72), _ramp(paper, negative, 0.88))


def grey_of(value: float) -> Tone:
    """The fill of a photograph's value: 0 black, 1 white, in light and dark alike."""
    return _GREYS[_round(min(max(value, 0.0), 1.0) * STEPS)]


def ink_on(colour: Rgb) -> Rgb:
    """Black or white, whichever is readable on a colour."""
    return DARK_INK if luminance(colour) > 0.2 else LIGHT_INK


def rgb(colour: str) -> Rgb:
    """
    >>> rgb("#0072B2")
    (0, 114, 178)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _round(value: float) -> int:
    return floor(value + 0.5)


def _blend(a: Rgb, b: Rgb, share: float) -> Rgb:
    red, green, blue = (_round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    """The relative luminance of a colour, 0 to 1 (WCAG 2)."""
    r, g, b = (part / 255 / 12.92 if part / 255 <= 0.03928 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _ramp(start: Rgb, end: Rgb, most: float) -> tuple[Tone, ...]:
    """Fills from `start` to the end of the scale."""
    fills = (_blend(start, end, most * i / STEPS) for i in range(STEPS + 1))
    return tuple(Tone(fill, ink_on(fill)) for fill in fills)


_GREYS = _ramp((0, 0, 0), (255, 255, 255), 1.0)
