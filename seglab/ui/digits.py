"""Numbers as a sentence shows them: three digits, powers of ten, and as many decimals as a change needs to be seen."""

from __future__ import annotations

import math

from seglab.export.numbers import exact

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def three(value: float) -> str:
    """A number with at most three significant digits.

    >>> [three(value) for value in (0.31234, -1234.5, 0, 0.000204, 1.2e-8, 1e-8)]
    ['0.312', '−1230', '0', '0.000204', '1.2 · 10⁻⁸', '10⁻⁸']
    """
    if value == 0 or not math.isfinite(value) or abs(value) >= 1e-4:
        return exact(float(f"{value:.3g}"))
    digits, exponent = f"{value:.2e}".split("e")
    shown = exact(float(digits))
    return power(int(exponent)) if shown == "1" else f"{shown} · {power(int(exponent))}"


def power(exponent: int) -> str:
    """A power of ten.

    >>> power(-3)
    '10⁻³'
    """
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def alike(before: float, after: float) -> tuple[str, str]:
    """Two numbers with as many decimals as it takes to see that they differ.

    >>> alike(0.13124, 0.13523), alike(0.13124, 0.13122), alike(0.5, 0.5)
    (('0.1312', '0.1352'), ('0.131240', '0.131220'), ('0.500', '0.500'))
    """
    change = abs(after - before)
    places = min(max(1 - math.floor(math.log10(change)), 3), 9) if 0 < change < math.inf else 3
    first, second = (f"{value:.{places}f}".replace("-", "−") for value in (before, after))
    return first, second


def signed(text: str) -> str:
    """A number as it may stand behind a sign.

    >>> signed("0.3"), signed("−0.3")
    ('0.3', '(−0.3)')
    """
    return f"({text})" if text.startswith("−") else text


def decades(values: list[float]) -> tuple[int, int]:
    """The powers of ten between which all `values` lie; those that have no logarithm are left out.

    >>> decades([0.02, 0.3, 0.0]), decades([0.0])
    ((-2, 0), (-1, 0))
    """
    logs = [math.log10(value) for value in values if 0 < value < math.inf]
    if not logs:
        return -1, 0
    low = math.floor(min(logs) - 0.05)
    return low, max(math.ceil(max(logs)), low + 1)
