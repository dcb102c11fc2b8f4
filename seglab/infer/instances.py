"""From what a network says of pixels to objects: four ways and a half, each with its steps. No torch: the chances are given.

The border class is that of Caicedo et al. (Cytometry A 95, 2019), the weight map that of the U-Net paper, arXiv:1505.04597.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.scene import Image, Labels
from seglab.infer.flooding import Flood, distance_map, flood, summits

# What differs in the networks' trainings.
NETWORKS: dict[str, dict[str, Any]] = {"regions": {}, "weighted": {"loss": "weighted"}, "interiors": {"target": "interiors"}}
LEAST = 8  # pixels: a smaller piece is no object, whatever the way
SURE = 0.95  # of a cell, where the water of "chance" springs


def networks(assets: Path) -> dict[str, Path]:
    """The files of the networks that came along."""
    return {name: assets / "instances" / f"{name}.safetensors" for name in NETWORKS}


@dataclass(frozen=True)
class Way:
    """A way to instances: its name, the network that it asks, what it does, and what is flooded where it floods."""

    title: str
    network: str
    told: str
    flooded: str = ""


WAYS = {
    "components": Way(
        "Components",
        "regions",
        "What is connected in the mask is one cell. One pixel of bridge joins two.",
    ),
    "weighted": Way(
        "Weight map",
        "weighted",
        "The same, of a network that was trained with the gaps between cells weighted up to 11 times.",
    ),
    "border": Way(
        "Border class",
        "interiors",
        "The network names three classes: background, interior, border. Interiors do not touch; they are the markers, and water spreads "
        "from them over the border.",
        "chance of border",
    ),
    "distance": Way(
        "Watershed on distance",
        "regions",
        "How far inside the mask is a pixel? The summits of that map are markers; its valleys, at the waists of the mask, become lines.",
        "distance to the outside",
    ),
    "chance": Way(
        "Watershed on chance",
        "regions",
        f"Markers are where the network is surer than {SURE:g} that there is a cell; water spreads to where it is less sure.",
        "chance of cell",
    ),
}


@dataclass(frozen=True, eq=False)
class Steps:
    """On the way from a mask (H, W) to instances (H, W): markers, the landscape that is flooded and its flood, if the way floods."""

    mask: NDArray[np.bool_]
    markers: Labels
    instances: Labels
    heights: NDArray[np.float64] | None = None
    flood: Flood | None = None


def steps(way: str, chances: Image) -> Steps:
    """The instances that a way makes of a network's chances (classes, H, W). Raises ValueError for a way that is unknown.

    >>> chances = np.array([[[0.1, 0.2, 0.9, 0.1, 0.1]], [[0.9, 0.8, 0.1, 0.9, 0.9]]], np.float32).repeat(5, 1)
    >>> steps("components", chances).instances[0].tolist()
    [1, 1, 0, 2, 2]
    """
    if way not in WAYS:
        raise ValueError(f"way={way!r} is unknown: {', '.join(WAYS)}")
    best = chances.argmax(0)
    mask = np.asarray(best > 0)
    if way in ("components", "weighted"):
        pieces = labelled(mask)
        return Steps(mask, pieces, kept(pieces))
    if way == "border":
        markers, heights = labelled(best == 1), np.asarray(chances[2], np.float64)
    elif way == "distance":
        far = distance_map(mask)
        markers, heights = summits(far, mask), -far
    else:
        markers, heights = labelled(chances[1] > SURE), np.asarray(chances[0], np.float64)
    markers = kept(markers) if way != "distance" else markers
    found = flood(heights, markers, mask, line=way != "border")
    return Steps(mask, markers, kept(found.labels), heights, found)


def labelled(mask: NDArray[np.bool_]) -> Labels:
    """What is connected by sides, numbered from 1, (H, W)."""
    return np.asarray(ndimage.label(mask)[0], np.int32)


def kept(instances: Labels, least: int = LEAST) -> Labels:
    """Instances of at least so many pixels, numbered anew.

    >>> kept(np.array([[1, 0, 2, 2, 2]], np.int32), 2).tolist()
    [[0, 0, 1, 1, 1]]
    """
    enough = np.bincount(instances.ravel()) >= least
    enough[0] = False
    return np.asarray((np.cumsum(enough) * enough)[instances], np.int32)
