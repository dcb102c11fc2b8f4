"""One scene, and what six tasks would answer: a picture whose parts can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as regions

from seglab.data.answers import Thing, inner_point, largest, things
from seglab.data.domains import BLUE, DOMAINS, GREEN, ORANGE, PURPLE, VERMILION, Colour, Domain
from seglab.data.scene import Scene
from seglab.infer.pictures import grey, url
from seglab.train.metrics import edges
from seglab.ui.drawing import Drawing, Item, Role

SIDE, GAP, TOP = 150, 12, 26  # of a picture in the drawing, between two of them, and above
ROLES: dict[Colour, Role] = {BLUE: "input", ORANGE: "kernel", GREEN: "output", PURPLE: "skip", VERMILION: "difference"}
MANY = 12  # objects, above which their numbers are written smaller
SMALLEST = 40  # pixels that a region of stuff needs for a number of its own
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Task:
    """A task: its name, the question that it answers, the form of its answer for H x W pixels and N objects, and a word on it."""

    title: str
    asks: str
    output: str
    told: str


TASKS = {
    "classification": Task("Classification", "What is it?", "1 class", "One class for the whole image: here that of its largest object."),
    "localisation": Task(
        "… and localisation", "What, and where?", "1 class + 4 numbers", "The same, and one box around that object: x, y, width and height."
    ),
    "detection": Task("Detection", "What are they, where?", "N × (1 + 4)", "A class and a box for every object, however many there are."),
    "semantic": Task(
        "Semantic segmentation",
        "Which class is each pixel?",
        "H × W classes",
        "A class for every pixel. Two objects of one class are not told apart.",
    ),
    "instance": Task(
        "Instance segmentation",
        "Which object is it of?",
        "H × W (class, id)",
        "A class and an id for every pixel of an object; nothing for the rest.",
    ),
    "panoptic": Task(
        "Panoptic segmentation",
        "Both, everywhere",
        "H × W (class, id)",
        "A class for every pixel, and an id for those of objects; that of stuff is 0.",
    ),
}


@dataclass(frozen=True, eq=False)
class Shown:
    """A scene with the domain it is from and its objects."""

    domain: Domain
    scene: Scene
    objects: tuple[Thing, ...]

    @classmethod
    def of(cls, name: str, seed: int, size: int, difficulty: float) -> Shown:
        """The scene of a generated domain by its name."""
        scene = DOMAINS[name].make(seed, size, difficulty)
        return cls(DOMAINS[name], scene, things(scene))

    @property
    def photograph(self) -> Picture:
        """The image as bytes (H, W, 3)."""
        image = grey(self.scene.image)
        return np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image

    @property
    def faint(self) -> Picture:
        """The photograph in pale grey, for pixels without an answer."""
        return np.repeat((150 + 0.35 * self.photograph.mean(2, keepdims=True)).astype(np.uint8), 3, 2)

    def painted(self, by_object: bool, everywhere: bool) -> Picture:
        """The mask in its classes' colours, by object in shades with a white edge; where nothing is answered, the faint photograph."""
        colours = np.array(self.domain.colours, np.uint8)[self.scene.mask]
        ids = self.instances
        if not by_object:
            return colours
        light = ((ids % 3) * 0.22 * (ids > 0))[..., None]
        shades = (colours + (255 - colours.astype(float)) * light).astype(np.uint8)
        for thing in self.objects:
            shades[edges(ids == thing.id)] = 255
        return shades if everywhere else np.where(ids[..., None] > 0, shades, self.faint)

    @property
    def instances(self) -> NDArray[np.int32]:
        """The ids of the pixels (H, W)."""
        assert self.scene.instances is not None
        return self.scene.instances

    def stuff(self) -> list[tuple[int, tuple[float, float]]]:
        """The class of every larger region that is no object, and a place (x, y) for its number."""
        found = []
        for number in range(len(self.domain.classes)):
            parts, count = regions((self.scene.mask == number) & (self.instances == 0))
            sizes = np.bincount(parts.ravel())[1:]
            keep = [part + 1 for part in np.argsort(-sizes)[: 1 if number == 0 else count] if sizes[part] >= SMALLEST]
            found += [(number, inner_point(parts == part)) for part in keep]
        return found

    def role(self, thing: Thing) -> Role:
        """The role in a drawing that has the colour of an object's class."""
        return ROLES.get(self.domain.colours[thing.label], "ink")


def six(shown: Shown) -> Drawing:
    """The six answers side by side, each an item by its task's name."""
    width = len(TASKS) * (SIDE + GAP) - GAP
    drawing = Drawing(width, TOP + SIDE + 40, "One scene, and the answers of six tasks", least=840, told="Choose an answer to open it.")
    for number, (name, task) in enumerate(TASKS.items()):
        left = number * (SIDE + GAP)
        drawing.item(Item(name, f"{task.title}: {task.asks} {answer(name, shown)}", f"{task.told} {answer(name, shown)}"))
        drawing.text(left, TOP - 10, task.title, 12.5, bold=True, item=name)
        panel(drawing, shown, name, left, TOP, SIDE)
        drawing.rect(left, TOP, SIDE, SIDE, "ink", "none", item=name)
        drawing.text(left, TOP + SIDE + 17, task.asks, 12, item=name)
        drawing.text(left, TOP + SIDE + 33, task.output, 12, "muted", item=name)
    return drawing


def answer(name: str, shown: Shown) -> str:
    """A task's answer in a few words.

    >>> answer("classification", Shown.of("shapes", 2_000_006, 96, 0.25))
    'Here: star.'
    """
    one, classes = largest(shown.scene), shown.domain.classes
    if name in ("classification", "localisation"):
        if one is None:
            return "Here: no object."
        return f"Here: {classes[one.label]}." if name == "classification" else f"Here: {classes[one.label]}, {box(one)}."
    height, width = shown.scene.mask.shape
    if name == "detection":
        return f"Here: {counted(len(shown.objects), 'box', 'boxes')}."
    if name == "semantic":
        return f"Here: {height} × {width} numbers from 0 to {len(classes) - 1}."
    return f"Here: {height} × {width} pairs, {counted(len(shown.objects), 'object', 'objects')}."


def counted(number: int, one: str, many: str) -> str:
    """How many of a thing there are.

    >>> counted(1, "box", "boxes"), counted(0, "box", "boxes")
    ('1 box', '0 boxes')
    """
    return f"{number} {one if number == 1 else many}"


def box(thing: Thing) -> str:
    """A box in numbers."""
    return f"x {thing.x}, y {thing.y}, w {thing.w}, h {thing.h}"


def panel(drawing: Drawing, shown: Shown, name: str, left: float, top: float, side: float) -> None:
    """One task's answer as a square picture with its upper left corner at (left, top)."""
    scale = side / len(shown.scene.mask)
    by_object, everywhere = name != "semantic", name != "instance"
    pixels = name in ("semantic", "instance", "panoptic")
    drawing.image(left, top, side, side, url(shown.painted(by_object, everywhere) if pixels else shown.photograph), item=name)
    one = largest(shown.scene)
    if name == "classification" and one is not None:
        drawing.text(
            left + side / 2, top + side - 12, shown.domain.classes[one.label], 20, anchor="middle", bold=True, item=name, over=True
        )
    boxed: Sequence[Thing] = [one] if name == "localisation" and one else shown.objects if name == "detection" else ()
    for thing in boxed:
        boxed_thing(drawing, shown, thing, left, top, scale, name)
    if pixels:
        size = 11 if len(shown.objects) <= MANY else 8.5
        for x, y, text in written(shown, name):
            drawing.text(left + (x + 0.5) * scale, top + (y + 0.5) * scale + 0.35 * size, text, size, anchor="middle", item=name, over=True)


def boxed_thing(drawing: Drawing, shown: Shown, thing: Thing, left: float, top: float, scale: float, item: str, size: float = 11) -> None:
    """A box around an object, with the number of its class in its corner."""
    x, y, w, h = left + thing.x * scale, top + thing.y * scale, thing.w * scale, thing.h * scale
    drawing.rect(x, y, w, h, "paper", "none", item=item, thick=True)
    drawing.rect(x, y, w, h, shown.role(thing), "none", item=item)
    drawing.text(x + 3, y + size, str(thing.label), size, item=item, over=True)


def written(shown: Shown, name: str) -> list[tuple[float, float, str]]:
    """The numbers in a mask's regions with their places (x, y): the class; by object class and id; of stuff its class."""
    found = [(*inner_point(shown.instances == thing.id), thing) for thing in shown.objects]
    told = [(x, y, str(thing.label) if name == "semantic" else f"{thing.label}·{thing.id}") for x, y, thing in found]
    if name == "instance":
        return told
    return told + [(x, y, str(number) if name == "semantic" else f"{number}·0") for number, (x, y) in shown.stuff()]
