"""The image that the page "Without a network" looks at: a generated scene, or a person's own."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Files

from seglab.data.domains import DOMAINS
from seglab.data.scene import Image, Scene
from seglab.data.sets import TEST_SEED
from seglab.infer.handcrafted import FEATURES, RECIPES
from seglab.infer.pictures import grey
from seglab.train.asked.pictures import decoded_file
from seglab.ui.addressed import choice, chosen, put, whole
from seglab.ui.runs import open_store
from seglab.ui.uploaded import PICTURE, PICTURES, earlier, one_file
from seglab.ui.waiting import arrived, asked

OWN = "own"
SIZE, LARGEST = 96, 192  # pixels a side: of a scene, and of an own image at most
SCENES = {name: DOMAINS[name].title for name in RECIPES} | {OWN: "Your own"}
DIFFICULTIES = {"0": "0", "0.25": "¼", "0.5": "½", "0.75": "¾", "1": "1"}
SIDES = {"above": "above it", "below": "at or below it"}
MOST, FIRST_SCENE = 999, 65  # seven pieces of paper, of which six touch
FIRST = "shapes"


@dataclass(frozen=True, eq=False)
class Seen:
    """What is looked at: an image with its truth, objects 1 and background 0, and instances, as far as they are known."""

    data: str
    image: Image
    truth: NDArray[np.uint8] | None = None
    instances: NDArray[np.int32] | None = None

    @property
    def photograph(self) -> NDArray[np.uint8]:
        """The image as bytes (H, W, 3)."""
        shown = grey(self.image)
        return np.repeat(shown[..., None], 3, 2) if shown.ndim == 2 else shown

    @property
    def feature(self) -> str:
        """The number that is thresholded, from the address, or as the recipe of the domain has it."""
        return chosen("of", features(self.data), usual(self.data))

    @property
    def above(self) -> bool:
        """Whether the mask is what lies above the threshold."""
        return chosen("side", SIDES, usual_side(self.data, self.feature)) == "above"


def usual(data: str) -> str:
    """The feature that is thresholded at first."""
    return RECIPES[data].feature if data in RECIPES else "brightness"


def usual_side(data: str, feature: str) -> str:
    """The side of the threshold that is the mask at first."""
    recipe = RECIPES.get(data)
    return "below" if recipe and not recipe.above and feature == recipe.feature else "above"


def features(data: str) -> dict[str, str]:
    """The features that a domain can be thresholded by: grey images have no saturation."""
    colour = data == OWN or DOMAINS[data].channels == 3
    return {name: title for name, (title, _) in FEATURES.items() if colour or name != "saturation"}


def controls(feature: bool = False) -> None:
    """What the page looks at, and with `feature` what is thresholded."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        data = choice("Images", "data", SCENES, FIRST, drops=("of", "side", "t", "water", "row", "at"))
        if feature:
            choice("Threshold on", "of", features(data), usual(data), drops=("t", "side"))
            of = chosen("of", features(data), usual(data))
            choice("The mask is what is", "side", SIDES, usual_side(data, of))
        if data != OWN:
            choice("Difficulty", "difficulty", DIFFICULTIES, "0.25", drops=("t", "water", "row"))
            after = (whole("scene", 0, MOST, FIRST_SCENE) + 1) % (MOST + 1)
            st.button("Another scene", icon=":material/refresh:", on_click=_another, args=(after,), key="another")
    if data == OWN:
        one_file(f"An image of up to 4 megapixels; it is shrunk to {LARGEST} pixels", PICTURES, PICTURE, "byhand.upload")


def _another(scene: int) -> None:
    put(scene=None if scene == FIRST_SCENE else scene, t=None, water=None, row=None, at=None)


def the_scene() -> Seen | None:
    """What the address names; None while an own image is not there, which the page says."""
    data = chosen("data", SCENES, FIRST)
    if data == OWN:
        return _own()
    scene = made(data, whole("scene", 0, MOST, FIRST_SCENE), float(chosen("difficulty", DIFFICULTIES, "0.25")))
    truth = (scene.mask > 0).astype(np.uint8)
    whole_one = scene.instances is not None and bool(((scene.instances > 0) == (truth > 0)).all())
    return Seen(data, scene.image, truth, scene.instances if whole_one else None)


@st.cache_data(max_entries=64)
def made(data: str, number: int, difficulty: float) -> Scene:
    """An unseen scene of a generated domain."""
    return DOMAINS[data].make(TEST_SEED + number, SIZE, difficulty)


def _own() -> Seen | None:
    file = earlier("byhand.upload", PICTURE)
    if file is None:
        st.info("Bring an image of your own below. It has no truth here, so its mask is seen but not scored.", icon=":material/upload:")
        return None
    data = file.getvalue()
    answer = asked("byhand", sha256(data).hexdigest(), lambda: decoded_file(open_store(), data, LARGEST))
    found = arrived(answer, "A worker opens your image…", "This image cannot be used: ")
    if found is None:
        return None
    pixels = np.asarray(Files.open(BytesIO(found[1]["image"])).convert("RGB"))
    return Seen(OWN, np.asarray(pixels / 255, np.float32))
