"""A label matrix on a page: opened as numbers, or painted over and scored. Pointing and painting are the browser's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from seglab.data.domains import Colour
from seglab.data.street import CLASSES as STREET_CLASSES
from seglab.data.street import STREET, guesses
from seglab.ui.links import in_lecture
from seglab.ui.six_answers import Shown

STREET_COLOURS: tuple[Colour, ...] = ((0, 0, 0), (213, 94, 0), (204, 121, 167), (0, 158, 115), (170, 170, 170), (0, 114, 178))
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.labels", js="v1/labels.js", css="v1/labels.css")


def open_matrix(shown: Shown, task: str) -> None:
    """The matrix behind a mask: class by pixel, or class and id; of "instance" only where there is an object."""
    data: dict[str, Any] = {
        **_plain(shown.scene.mask, shown.domain.classes, shown.domain.colours),
        "ids": None if task == "semantic" else shown.instances.ravel().tolist(),
        "unanswered": shown.faint.reshape(-1, 3).tolist() if task == "instance" else None,
        "label": "The label matrix. Arrow keys move by a pixel, with shift by five.",
        "at": busiest(shown),
    }
    _component()(key="opened", data=data)


def busiest(shown: Shown, tall: int = 11, wide: int = 15) -> list[int]:
    """The pixel (row, column) around which a window of numbers has the most different objects and classes in it."""
    pairs = shown.scene.mask + 100 * shown.instances
    height, width = pairs.shape
    places = [(top, left) for top in range(0, height - tall + 1, 3) for left in range(0, width - wide + 1, 3)]

    def variety(place: tuple[int, int]) -> tuple[int, int]:
        _, counts = np.unique(pairs[place[0] : place[0] + tall, place[1] : place[1] + wide], return_counts=True)
        return int((counts > 6).sum()), int(counts.min())

    top, left = max(places, key=variety)
    return [top + tall // 2, left + wide // 2]


def paint_street(guess: str, settle: Callable[[str], None]) -> None:
    """The street's matrix, to be painted over; `settle` is told the guess as an address has it (`read_guess`), when the hand rests."""
    named = guesses()

    def settled() -> None:
        told = getattr(st.session_state["street"], "settled", None)
        if isinstance(told, str) and read_guess(told) is not None:
            settle(told)

    cells = read_guess(guess)
    data: dict[str, Any] = {
        **_plain(STREET if cells is None else cells, STREET_CLASSES, STREET_COLOURS),
        "truth": _digits(STREET),
        "presets": {name: _digits(labels) for name, labels in named.items()},
        "guess": guess,
        "brush": 3,
        "at": [11, 4],
        "label": "The label matrix to paint over. Arrow keys move, a digit paints its class, space paints the chosen one.",
    }
    _component()(key="street", data=data, on_settled_change=settled)


def read_guess(text: str) -> NDArray[np.uint8] | None:
    """The labels that an address names, ``all3``, or writes out, two labels a character; None for what is neither.

    >>> text = write_guess(STREET)
    >>> len(text), bool((read_guess(text) == STREET).all()), read_guess("all9"), read_guess("0" * 169)
    (169, True, None, None)
    """
    named = guesses()
    if text in named:
        return named[text]
    if len(text) != STREET.size // 2 or not set(text) <= set(DIGITS):
        return None
    pairs = np.array([divmod(DIGITS.index(letter), 6) for letter in text], np.uint8)
    return pairs.reshape(STREET.shape) if pairs.min() >= 1 else None


def write_guess(labels: NDArray[np.uint8]) -> str:
    """Labels of the street's size as `read_guess` reads them."""
    return "".join(DIGITS[6 * int(first) + int(second)] for first, second in labels.reshape(-1, 2))


def _plain(labels: NDArray[np.uint8], names: tuple[str, ...], colours: tuple[Colour, ...]) -> dict[str, Any]:
    rows, columns = labels.shape
    return {"rows": rows, "columns": columns, "cells": _digits(labels), "names": names, "colours": colours, "lecture": in_lecture()}


def _digits(labels: NDArray[np.uint8]) -> str:
    return "".join(map(str, labels.ravel().tolist()))
