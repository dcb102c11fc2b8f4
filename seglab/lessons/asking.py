"""What questions with new numbers have in common: the setting that a turn takes, and answers to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np

Setting = TypeVar("Setting")
Answer = TypeVar("Answer", int, tuple[int, ...])


def pick(turn: int, first: Setting, others: Iterable[Setting]) -> Setting:
    """`first` at turn 0, then each of `others` once before one comes again, in an order that is mixed and always the same.

    >>> [pick(turn, 7, range(5, 10)) for turn in range(6)]
    [7, 9, 5, 6, 8, 9]
    """
    if turn == 0:
        return first
    rest = [other for other in others if other != first]
    order = np.random.default_rng(len(rest)).permutation(len(rest))
    return rest[int(order[(turn - 1) % len(rest)])]


def choices(right: Answer, *mistakes: Answer, most: int = 4) -> list[Answer]:
    """`right` among the first of the typical `mistakes` that differ from it and from each other, in ascending order.

    >>> choices(3, 2, 4, 3, 2, 5)
    [2, 3, 4, 5]
    """
    answers = [mistake for mistake in dict.fromkeys(mistakes) if mistake != right][: most - 1]
    answers.append(right)
    return sorted(answers)


def square(side: int) -> str:
    """A size in words.

    >>> square(4)
    '4 × 4'
    """
    return f"{side} × {side}"
