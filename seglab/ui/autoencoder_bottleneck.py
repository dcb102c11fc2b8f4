"""The bottleneck of a shipped autoencoder to play with: its latent plane, draws from its prior, the way between two pictures."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from seglab.data.little import KINDS, littles
from seglab.data.sets import TEST_SEED
from seglab.infer.decoder_told import decoder_told, halves
from seglab.train.autoencoder_studies import BETAS, LATENTS, LITTLE_IMAGES, LITTLE_STEPS, NOISE, PICTURES, PRIOR
from seglab.ui.addressed import choice, given, put, whole
from seglab.ui.autoencoder_studies import shown_study
from seglab.ui.files import assets
from seglab.ui.links import in_lecture

LOOKS = {"walk": "Walk", "sample": "Draw", "between": "Blend"}
SHORT = {"plain": "plain", "beta1": "variational, β = 1", "beta10": "β = 10"}
COLOURS = ("#56B4E9", "#E69F00", "#2DBE93", "#DB9BBF")  # on the map, which is dark in every scheme
FAR = 100.0  # a latent value beyond it is taken for a mistake
FORM = "beta10"
# What each is at first, and at most.
USUAL = {
    "picture": (2, PICTURES - 1),
    "draw": (1, 100_000),
    "from": (2, PICTURES - 1),
    "to": (13, PICTURES - 1),
    "way": (50, 100),
}  # and the most
USED = 0.1  # how far the codes spread at least in a value that is used


def bottleneck_part() -> None:
    """Controls, the component, and below it what it does not show."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        look = choice("Do", "look", LOOKS, "walk")
        form = choice("Form", "form", SHORT, FORM, drops=("z",))
        latent = int(choice("Latent values", "latent", tuple(map(str, LATENTS)), "2", drops=("z",)))
    if look == "sample" and form == "plain":
        form = FORM  # the plain form stands beside it anyway
    data = {**_told(form, latent), "look": look, "lecture": in_lecture(), "state": state(latent)}
    if look == "sample":
        data["plain"] = _plain(latent)
    _component()(key="latent", data=data, on_settled_change=_settled)
    _about(look, form, latent)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("seglab.latent", js="v1/latent.js", css="v1/latent.css")


def state(latent: int) -> dict[str, Any]:
    """What the address says of the picture and place that are looked at."""
    found: dict[str, Any] = {name: whole(name, 0, most, usual) for name, (usual, most) in USUAL.items()}
    return {"z": read_z(given("z"), latent), **found}


def read_z(text: str, latent: int) -> list[float] | None:
    """Latent values from the address, None for what is none.

    >>> read_z("0.5_-1.25", 2), read_z("0.5", 2), read_z("nan_1", 2)
    ([0.5, -1.25], None, None)
    """
    try:
        values = [float(part) for part in text[:400].split("_")]
    except ValueError:
        return None
    return values if len(values) == latent and all(math.isfinite(value) and abs(value) <= FAR for value in values) else None


def _settled() -> None:
    """The hand has come to rest: what it looks at belongs into the address."""
    told = getattr(st.session_state["latent"], "settled", None)
    try:
        found = json.loads(told) if isinstance(told, str) else None
    except ValueError:
        return
    if isinstance(found, dict):
        z = found.get("z")
        text = "_".join(f"{float(value):.2f}" for value in z) if isinstance(z, list) else ""
        put(**{name: None if found.get(name) == usual else found.get(name) for name, (usual, _) in USUAL.items()}, z=text)


@cache
def _pictures() -> tuple[str, list[int]]:
    """The test pictures as bytes in base64, and their kinds."""
    images, kinds = littles(TEST_SEED, PICTURES)
    return b64encode(np.asarray(images * 255 + 0.5, np.uint8).tobytes()).decode(), kinds.tolist()


@cache
def codes() -> dict[str, NDArray[np.float16]]:
    """Means and log-variances of the test pictures, as ``bench/autoencoder.py`` wrote them."""
    with np.load(assets() / "autoencoder" / "codes.npz") as file:
        return {name: file[name] for name in file.files}


@cache
def _told(form: str, latent: int) -> dict[str, Any]:
    """What the browser needs of an autoencoder."""
    name, (pictures, kinds) = f"{form}-{latent}", _pictures()
    spreads = codes().get(f"{name}.log_variance")
    return {
        "decoder": decoder_told(assets() / "autoencoder" / f"{name}.safetensors"),
        "means": halves(codes()[f"{name}.mean"]),
        "spreads": None if spreads is None else halves(spreads),
        "pictures": pictures,
        "kinds": kinds,
        "names": list(KINDS),
        "colours": list(COLOURS),
        "beta": BETAS[form],
        "noise": NOISE,
    }


@cache
def _plain(latent: int) -> dict[str, Any]:
    """The plain autoencoder, with where its codes lie and how far they spread."""
    told, means = _told("plain", latent), codes()[f"plain-{latent}.mean"].astype(float)
    return {"decoder": told["decoder"], "centre": means.mean(0).tolist(), "spread": means.std(0).tolist()}


def _about(look: str, form: str, latent: int) -> None:
    """What is to be seen, with this autoencoder's own numbers."""
    means = codes()[f"{form}-{latent}.mean"].astype(float)
    centre, spread = means.mean(0), means.std(0)
    if look == "walk":
        st.markdown(spread_told(form, centre, spread))
        st.caption(
            f"Trained on {LITTLE_IMAGES:,} pictures of 32 × 32 pixels that differ in kind, size, turn and place, {LITTLE_STEPS:,} steps, "
            f"one seed; the {PICTURES} codes are of pictures that it never saw. Everything is decoded in your browser."
        )
    elif look == "sample":
        st.header("Measured")
        shown_study(PRIOR)
    else:
        st.markdown(
            "Blended **pixels** are both pictures at once, each fainter. Blended **codes** are decoded to pictures in between, as far as "
            "the decoder has met such codes. In the plain form the way may lead through a hole of the plane."
        )


def spread_told(form: str, centre: NDArray[np.float64], spread: NDArray[np.float64]) -> str:
    """How far the codes are from the prior, in words.

    >>> print(spread_told("beta10", np.array([0.1, 0.0]), np.array([1.0, 0.9])))
    On average the codes lie at most 0.1 from 0, and they spread by 0.9 to 1.0: nearly the prior N(0, 1), and the map has hardly a hole.
    """
    used = spread > USED
    idle = int((~used).sum())
    off, low, high = float(np.abs(centre[used]).max()), float(spread[used].min()), float(spread[used].max())
    wide = f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"
    said = f"On average the codes lie at most {off:.1f} from 0, and they spread by {wide}: "
    if form == "plain":
        return f"{said}nothing has told them where to lie. Walk to where no code is: the decoder was never asked there."
    said += (
        "nearly the prior N(0, 1), and the map has hardly a hole."
        if off < 0.35 and low > 0.7 and high < 1.3
        else "not the prior N(0, 1). After this training the divergence weighs too little beside the reconstruction."
        if high >= 1.3 or off >= 0.35
        else "narrower than the prior N(0, 1) where a value tells little of a picture."
    )
    if idle:
        said += (
            f" **{idle} of {len(spread)} values are not used**: their code is the same for every picture, and costs no divergence. That "
            "is called posterior collapse."
        )
    return said
