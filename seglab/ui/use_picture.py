"""Which picture the page Use looks at: a scene, a photograph, nothing at all, or the person's own of any size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from seglab.data.domains import DOMAINS
from seglab.data.sets import unseen_scene
from seglab.data.strange import STRANGE
from seglab.infer.pictures import grey, png
from seglab.ui.addressed import choice, chosen, in_hall, number, put
from seglab.ui.network_source import Source
from seglab.ui.uploaded import LARGE, PICTURES, one_file

HOME, OWN = "scene", "own"
PHOTOGRAPHS = {"coins": "Coins", "cell": "A cell"}
SIDES = ("192", "384", "768")  # pixels of a new scene
MOST_NUMBER = 999
MASK_TYPES = ["png", "tif", "tiff", "bmp"]
SHRINKS = {"0": "Automatic", "1": "1", "2": "1/2", "3": "1/3", "4": "1/4"}
DIFFICULTY = 0.5


@dataclass(frozen=True, eq=False)
class Given:
    """A picture's file, that of its mask where there is one, what tells it from others, and whether it is everybody's."""

    data: bytes
    mask: bytes | None
    key: tuple[object, ...]
    title: str
    shared: bool = True
    own_size: bool = True  # whether things in it are of the size that the network learned


def offered(source: Source) -> dict[str, str]:
    """Pictures by their name in the address; a scene of its own domain only for a network of a generated one."""
    home = source.config.data
    names = {HOME: f"A new scene: {DOMAINS[home].title}"} if home in DOMAINS else {}
    names |= {OWN: "Your own", **PHOTOGRAPHS}
    names |= {name: f"Elsewhere: {domain.title}" for name, domain in DOMAINS.items() if name != home}
    return names | {name: f"Nothing: {title}" for name, (title, _) in STRANGE.items()}


def chosen_picture(source: Source, default: str = HOME) -> Given | None:
    """The control "Picture" and what belongs to it; None while a person has not brought one."""
    names = offered(source)
    default = default if default in names else next(iter(names))
    name = _select(names, default)
    if name == OWN:
        return brought(with_mask=True)
    if name in PHOTOGRAPHS:
        return photograph(name)
    seed = number("Scene", "seed", 0, MOST_NUMBER, 0, 130, drops=("tile",))
    side = int(choice("Pixels a side", "side", SIDES, SIDES[0], drops=("tile",)))
    if name == HOME:
        return scene(source.config.data, seed, side, source.config.difficulty, names[name])
    # A network's classes are those of its own domain only.
    return replace(scene(name, seed, side, DIFFICULTY, names[name]), mask=None)


def photograph(name: str) -> Given:
    """One of the photographs that came along."""
    return Given(_photograph(name), None, (name,), PHOTOGRAPHS[name], own_size=False)


def scene(name: str, seed: int, side: int, difficulty: float, title: str) -> Given:
    """A scene that no network has seen, with its mask."""
    data, mask = _scene(name, seed, side, difficulty)
    return Given(data, mask, (name, seed, side, difficulty, title), title)


def shrinking(given: Given) -> int | None:
    """By how much the picture is shrunk before the network sees it, None where the network decides."""
    default = "1" if given.own_size else "0"
    found = choice("Seen at", "shrink", SHRINKS, default)
    return int(found) or None


def _select(names: dict[str, str], default: str) -> str:
    st.session_state["use.picture"] = chosen("picture", names, default)

    def write() -> None:
        name = st.session_state["use.picture"]
        put(picture="" if name == default else name, tile=None, shrink=None)

    st.selectbox("Picture", list(names), format_func=names.__getitem__, key="use.picture", on_change=write, width=in_hall(250))
    return chosen("picture", names, default)


def brought(with_mask: bool = False) -> Given | None:
    """A picture of the person's own, and its mask; None while there is none."""
    left, right = st.columns(2) if with_mask else (st.container(), None)
    file = one_file("Your picture", PICTURES, LARGE, "use.own", left)
    left.caption(
        f"Up to 67 megapixels (8192 × 8192) and {LARGE} MB; one of 4096 × 4096 takes about half a minute. It is not kept once this"
        " tab is closed."
    )
    mask = None
    if right is not None:
        mask = one_file("Its true mask, if you have it", MASK_TYPES, LARGE, "use.mask", right)
        right.caption("Of the same size, with a value for each class, edges not smoothed. With it precision, recall and IoU are counted.")
    if file is None:
        return None
    key = (file.file_id, mask.file_id if mask else "")
    return Given(file.getvalue(), mask.getvalue() if mask else None, key, "Your picture", shared=False, own_size=False)


@st.cache_data
def _photograph(name: str) -> bytes:
    import skimage.data

    return png(getattr(skimage.data, name)())


@st.cache_data(max_entries=64)
def _scene(name: str, seed: int, side: int, difficulty: float) -> tuple[bytes, bytes | None]:
    """A scene that no network has seen, and its mask; of nothing there is none."""
    if name in STRANGE:
        return png(grey(STRANGE[name][1](seed, side))), None
    image, mask = unseen_scene(name, seed, side, difficulty)
    return png(grey(image)), png(mask)
