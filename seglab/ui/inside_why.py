"""What moved an output pixel: the gradient of its score over the picture, and what happens when parts of the picture are hidden."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from seglab.export.theme import rgb
from seglab.infer.inside_told import Why, side_for
from seglab.infer.pictures import png
from seglab.train.asked.inside import inside_why
from seglab.ui.addressed import choice, number, put
from seglab.ui.inside_asked import Asked, place_in
from seglab.ui.inside_pictures import photograph
from seglab.ui.measures import percent
from seglab.ui.pick import Frame, Pickable, Place, pick
from seglab.ui.waiting import FIGURE, arrived
from seglab.ui.waiting import asked as ask

SQUARES = {"8": "8 pixels", "16": "16", "32": "32"}
SCORES = {"class": "its class", "margin": "its class minus the runner-up"}
WARM, COLD = np.array(rgb("#D55E00"), float), np.array(rgb("#0072B2"), float)


def why_part(asked: Asked) -> None:
    """Two pictures beside each other, on both of which the pixel is picked: the gradient, and what hiding does."""
    side = asked.blocks[-1].shape[1]
    at = place_in((side, side))
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside.why.controls"):
        number("Row", "row", 0, side - 1, at[0], 120)
        number("Column", "col", 0, side - 1, at[1], 120)
        against = choice("Gradient of the score of", "of", SCORES, "class") == "margin"
        square = int(choice("Grey square", "square", SQUARES, "16"))
    question = (asked.source.version, asked.picture.source, asked.picture.number, asked.picture.mark, at, against, square)
    answer = ask("inside.why", question, lambda: inside_why(asked.store, asked.source.weights, asked.picture, at, against, square))
    found = arrived(
        answer, "A worker follows the gradient, and hides one part after the other…", "This picture cannot be looked at: ", FIGURE
    )
    if found is None:
        return
    if found.done:
        st.caption(found.done)
    st.markdown(_answer(found, asked.source.classes, at))
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("A little change: the gradient", anchor=False)
        _picked(found, heated(found), "gradient", at, "Orange: the score leans on this pixel. Click to ask of another.")
        st.markdown(_gradient_told(found, side_for(asked.net), asked.source.config.norm))
    with right:
        st.header("Gone: hidden by grey", anchor=False)
        _picked(found, hidden(found), "hidden", at, "Orange: grey here lowers the chance. Blue: it raises it.")
        st.markdown(_hidden_told(found))


def _picked(found: Why, shown: NDArray[np.uint8], name: str, at: Place, says: str) -> None:
    """A picture with the theoretical field as a frame."""
    top, stop, left, right = found.field
    size, border = found.mask.shape, found.border
    high, wide = found.image.shape[:2]
    beyond = max(0, -top, -left, stop - high, right - wide)
    spare = min(beyond + 2, high // 6)
    cut = [max(top, -spare + 1), min(stop, high + spare - 1), max(left, -spare + 1), min(right, wide + spare - 1)]
    frames = [Frame((cut[0], cut[2], cut[1] - cut[0], cut[3] - cut[2]), "input")]
    frames += [Frame((border, border, size[0], size[1]), "output", dashed=True)] if border else []
    label = f"The picture, tinted by {'the gradient' if name == 'gradient' else 'what hiding does'}; in the frame the theoretical field"
    told = Pickable(png(shown), (size[0], size[1]), label, border, frames=frames, says=says, spare=spare, sliders=False)
    pick(told, f"inside.{name}", at, lambda place: put(row=place[0], col=place[1]))


def heated(found: Why) -> NDArray[np.uint8]:
    """The picture in pale grey, tinted where the gradient is large: by the square root, so that the faint can be seen, and at full strength
    for one pixel in two hundred."""
    share = np.sqrt(found.gradient / max(float(np.quantile(found.gradient, 0.995)), 1e-30))
    return _tinted(found, share[..., None], WARM)


def hidden(found: Why) -> NDArray[np.uint8]:
    """The picture in pale grey, tinted where hiding lowers the chance, and where it raises it."""
    high, wide = found.image.shape[:2]
    top, left = found.corner
    large = found.drop.repeat(found.step, axis=0).repeat(found.step, axis=1)[: high - top, : wide - left]
    drop = np.zeros((high, wide))
    drop[top : top + large.shape[0], left : left + large.shape[1]] = large
    share = drop / max(float(np.abs(drop).max()), 1e-6)
    ink = np.where(drop[..., None] < 0, COLD, WARM)
    return _tinted(found, np.abs(share)[..., None], ink)


def _tinted(found: Why, share: NDArray[np.floating], ink: NDArray[np.floating]) -> NDArray[np.uint8]:
    pale = 120 + 0.53 * photograph(found.image).mean(2, keepdims=True)
    return np.asarray(pale + (ink - pale) * 0.92 * np.clip(share, 0, 1), np.uint8)


def _answer(found: Why, classes: tuple[str, ...], at: Place) -> str:
    first, second = found.chances[found.winner], found.chances[found.second]
    return (
        f"Pixel ({at[0]}, {at[1]}) of the mask is **{classes[found.winner]}**, with a chance of {percent(first)}; next comes"
        f" {classes[found.second]} with {percent(second)}."
    )


def _gradient_told(found: Why, side: int, norm: str) -> str:
    top, stop, left, right = found.field
    outside = " A part of it lies beyond the picture." if min(top, left) < 0 or max(stop, right) > side else ""
    told = (
        f"The frame is the theoretical field, {stop - top} × {right - left} pixels.{outside} It holds **{percent(found.inside)}** of the"
        f" gradient, the middle half of its sides {percent(found.middle)}."
    )
    if norm == "group" and found.inside < 0.9999:
        told += " Group normalisation measures the whole map, so a little comes from outside of every field."
    return f"{told} Tints follow the square root of its size, so that the faint can be seen."


def _hidden_told(found: Why) -> str:
    most, least = float(found.drop.max()), float(found.drop.min())
    rows, columns = found.drop.shape
    told = (
        f"A square of {found.square} × {found.square} pixels in the picture’s mean grey was laid on {rows * columns} places in the frame,"
        f" {found.step} pixels apart, one at a time. At the worst of them the chance falls by **{100 * max(0.0, most):.1f}** percentage"
        " points"
    )
    if least < -0.0005:
        told += f"; at another it rises by {-100 * least:.1f}"
    if max(most, -least) < 0.01:
        return f"{told}. No single square matters: the pixel’s class does not hang on any one part of the picture."
    return f"{told}."
