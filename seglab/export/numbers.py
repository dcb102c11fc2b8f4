"""Numbers as people read them: three digits in a cell, all of them in the arithmetic, a true minus sign. The twin of ``numbers.js``."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal


def short(value: float, digits: int = 3) -> str:
    """At most three significant digits (or as many as given), one less below a tenth; "−0" is 0.

    >>> [short(value) for value in (-0.0, 12.5, -0.0625, 0.5, 1234.0, 0.0001)]
    ['0', '12.5', '−.063', '.5', '1.23k', '1e−4']
    """
    value = float(value)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if value.is_integer() and size < 1000:
        return _minus(str(int(value)))
    if size >= 1000:
        return _minus(f"{_trimmed(value / 1e6, digits)}M" if size >= 999500 else f"{_trimmed(value / 1e3, digits)}k")
    if size < 0.0005:
        digit, exponent = f"{_rounded(value, 1):e}".split("e")
        return _minus(f"{digit.removesuffix('.0')}e−{-int(exponent)}")
    return _minus(_trimmed(value, digits))


def exact(value: float) -> str:
    """The exact value, without the noise of the last binary digits.

    >>> exact(0.1 + 0.2), exact(-2)
    ('0.3', '−2')
    """
    return _minus(_plain(float(_rounded(value, 12)))) if math.isfinite(value) else short(value)


def brief(value: float) -> str:
    """Six digits of a value.

    >>> brief(1 / 3)
    '0.333333'
    """
    return exact(float(_rounded(value, 6)))


def measured(text: str) -> str:
    """A text with its long decimals in four digits: for numbers that were measured, of which nobody reads the rest.

    >>> measured("I = 1.74475467205·(−0.065474734) + 3.25 → 5.9604644775e-8")
    'I = 1.745·(−0.06547) + 3.25 → 5.96e−8'
    """
    return re.sub(r"\d*\.\d{4,}(e[−-]?\d+)?", lambda found: exact(float(_rounded(float(found[0].replace("−", "-")), 4))), text)


def _minus(text: str) -> str:
    return text.replace("-", "−", 1)


def _rounded(value: float, digits: int) -> Decimal:
    """`value` to so many significant digits, halves away from zero as in JavaScript."""
    return Context(prec=digits, rounding=ROUND_HALF_UP).plus(Decimal(float(value)))


def _trimmed(value: float, digits: int) -> str:
    plain = _plain(float(_rounded(value, digits - 1 if abs(value) < 0.1 else digits)))
    return re.sub(r"^(-?)0\.", r"\1.", plain)


def _plain(value: float) -> str:
    """A number as JavaScript writes it: shortest, with an exponent below 1e-6 and from 1e21 on."""
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    digits, exponent = repr(value).split("e")
    return f"{digits.removesuffix('.0')}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent))}"
