"""Lessons as data: fields, views and stops, read alike by Python and by the browser.

A view is a small recipe: named grids made by steps from the lesson's fields. `build` follows it with `seglab.operators`; ``recipe.js``
follows the same one in the browser. An argument is a literal, or ``Ref("stride")`` for the field of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from seglab.pipeline import Pipeline
from seglab.rows import FloatArray
from seglab.stage.fields import Field, State, cells, decode, encode, scrambled
from seglab.stage.ways import back, backward, fit
from seglab.stored import OPERATORS
from seglab.trace import Reading
from seglab.zero_insertion import zero_insertion

LARGEST_MATRIX = 64 * 64
END = 999_999  # as many steps as there are
Role = Literal["input", "kernel", "output", "skip", "difference"]


@dataclass(frozen=True)
class Ref:
    """Stands for the value of a field; with `cases`, for what they say of that value ("0" and "1" for a flag), itself a value or a Ref.

    `over` divides it, by one after the other, and rounds down.
    """

    field: str
    cases: Mapping[str, Any] | None = None
    over: tuple[Ref, ...] = ()

    def of(self, state: State) -> Any:
        """What it stands for in a state."""
        value = state[self.field]
        if self.cases is not None:
            value = self.cases.get(str(int(value)) if isinstance(value, bool) else value, value)
            value = value.of(state) if isinstance(value, Ref) else value
        for by in self.over:
            value //= by.of(state)
        return value


@dataclass(frozen=True)
class Part:
    """The first planes of a field that holds several: `counts` of them along each axis of planes, the last one shared out among `groups`.

    A field holds as many planes as its lesson ever shows, so that a slider for the channels loses nothing.
    """

    field: str
    counts: tuple[int | Ref, ...]
    groups: int | Ref = 1

    def of(self, state: State) -> FloatArray:
        """The planes in a state, an axis for each count and then (H, W)."""
        *counts, last = (_value(count, state) for count in self.counts)
        each = max(1, last // _value(self.groups, state))
        return cells(state[self.field])[tuple(slice(count) for count in (*counts, each))]


@dataclass(frozen=True)
class Step:
    """One grid of a view: `op` applied to the grids that it `reads`, with `weight` from a field, a part of one, or a grid (``grid:NAME``).

    `op` is an operator of `seglab`, or one of seven that look at the state or the image first: ``conv`` and ``conv_transpose`` (1-D where
    image and kernel are single rows), ``zero_insertion`` (two grids: this one, and the image with its zeros under the name in `inserted`),
    ``layer`` (what the option ``op`` names, see `LAYERS`; a pair field as `weight` stands for a kernel of ones), ``global_pool`` (the mean
    of the whole image), ``dense`` (one unit with a weight for every pixel), and ``untied`` (a locally connected layer: at every place the
    kernel changed by numbers of its own). Three more lean on a step that went down, the last that they read (see `seglab.stage.ways`):
    ``back`` (up again, the way that the option ``op`` names), ``backward`` (a gradient of its output, carried back) and ``fit`` (the grid
    of the field `weight`, at its output's size).
    """

    grid: str
    op: str
    reads: tuple[str, ...]
    weight: str | tuple[str, ...] | Part | None = None  # of several fields each is the plane of one input channel, for one output channel
    options: Mapping[str, Any] = field(default_factory=dict)
    inserted: str | None = None
    operands: Mapping[str, Any] = field(default_factory=dict)  # further operands, such as a bias; a bias of 0 is left out
    flipped: bool = False  # with the weight turned by half a turn


@dataclass(frozen=True)
class Chain:
    """Layers one after the other as one entry of a view's steps, each chosen by a field; it begins with the grid that it `reads`.

    `layers` are pairs of a field and the steps by its value; a value without a step leaves the layer out. The second layer makes the grid
    called `grid` and a 2, the last one that is there `grid` itself.
    """

    grid: str
    reads: str
    layers: tuple[tuple[str, Mapping[str, Step]], ...]

    def steps(self, state: State) -> tuple[Step, ...]:
        """The steps of a state. Raises ValueError where it leaves out every layer."""
        chosen = [(f"{self.grid}{at}", steps[state[name]]) for at, (name, steps) in enumerate(self.layers, 1) if state[name] in steps]
        if not chosen:
            raise ValueError("every layer is left out: choose at least one")
        names = [*(name for name, _ in chosen[:-1]), self.grid]
        return tuple(
            replace(step, grid=name, reads=(before,))
            for (_, step), name, before in zip(chosen, names, [self.reads, *names[:-1]], strict=True)
        )


@dataclass(frozen=True)
class Panel:
    """A grid as it is drawn: its part, its title, the letter that the ledger calls it by, and the field that its cells may be edited in.

    `grid` names a field, a step, ``kernel:STEP`` and ``bias:STEP`` for the operands of a step, ``matrix:STEP`` and ``transpose:STEP`` for
    its matrix, or ``switches:STEP`` for where the winners of a pooling step stood. ``kernel:A|B`` is the kernel of the first of them
    that has the weights it edits. A panel whose grid a chain leaves out is not drawn.
    """

    grid: str
    role: Role
    title: str
    symbol: str
    edits: str | tuple[str, ...] | None = None  # of several fields each holds one channel
    winners: str = ""  # a pooling step whose winners are marked in it
    plain: bool = False  # cells without numbers: only their places matter
    at: tuple[int, float] | None = None  # its line, and its left edge in cells; where all of a view's panels have one and there is room
    veiled: bool = False  # an empty frame: what is still to come
    names: tuple[str, ...] = ()  # of its channels, in place of their numbers
    photo: bool = False  # shown as a photograph, 0 black and 1 white, as long as its kernel does not only look for edges
    moves: bool = False  # dragging it changes the fields dy and dx
    leads: bool = False  # begins a line, where not all panels stand on one


@dataclass(frozen=True)
class View:
    """One way to look at an operator: which grids, and in which order their cells are walked through.

    `inputs` maps grids to fields, to parts of one, to values as they are, or to ``Ref`` of a pair field for an empty grid of that size.
    """

    name: str
    label: str
    steps: tuple[Step | Chain, ...]
    panels: tuple[Panel, ...]
    follows: str  # the step that is walked through
    reading: Reading
    inputs: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""  # a sentence under the ledger, for what the view computes besides
    facts: tuple[tuple[str, str], ...] = ()  # a name and what is to be known of it, listed under the ledger
    together: tuple[str, ...] = ()  # steps of one input and one output size that are walked through, and compared cell by cell, as one
    controls: tuple[str, ...] = ()  # the lesson's controls that make sense in it; where none is named, those of the fields that it reads
    needs: str = ""  # what a setting must have for this view to show it, said where it has not

    def steps_in(self, state: State) -> tuple[Step, ...]:
        """The single steps of a state, with those of its chains."""
        return tuple(one for step in self.steps for one in (step.steps(state) if isinstance(step, Chain) else (step,)))


@dataclass(frozen=True)
class Training:
    """What a lesson's network is trained on in the browser: the grid `output` of probabilities should become the grid `truth`.

    `plane` is the step that weighs two channels: its cells are drawn as points. `weights` are grid fields, `biases` number fields; both
    are changed by gradient descent on the summed binary cross-entropy.
    """

    output: str
    truth: str
    plane: str
    weights: tuple[str, ...]
    biases: tuple[str, ...]


@dataclass(frozen=True)
class Stop:
    """One numbered idea of a lesson: what to see, and the state that shows it."""

    title: str
    text: str
    state: Mapping[str, Any]
    pauses: tuple[tuple[int, str], ...] = ()  # steps where playing pauses, each with a note


def fields_of(views: tuple[View, ...], stops: tuple[Stop, ...], *own: Field, at: int = END) -> tuple[Field, ...]:
    """The fields of a lesson: the stop and the view that every lesson has, its `own`, and how many steps are done."""
    return (
        Field("stop", "int", 1, "Stop", "which numbered idea is open", 1, max(len(stops), 1)),
        Field("view", "choice", views[0].name, "View", "how the operator is walked through", options=tuple(view.name for view in views)),
        *own,
        Field("at", "int", at, "Step", "how many steps are done", 0, END),
    )


@dataclass(frozen=True)
class Asked:
    """A question that is asked before it is shown: what to choose from, which one is right, why, and the state that shows it."""

    question: str
    choices: tuple[str, ...]
    right: str
    because: str
    shows: Mapping[str, Any]


Question = Callable[[int], Asked]  # by turn: the first, 0, is the lecture's own, later ones have new numbers


@dataclass(frozen=True)
class Snippet:
    """PyTorch code, and what its variable ``output`` must be."""

    code: str
    expected: Any


@dataclass(frozen=True)
class Lesson:
    """A lesson: its fields, views, stops and named settings for the stage, and the words of its page."""

    name: str
    title: str
    sentence: str
    fields: tuple[Field, ...]
    views: tuple[View, ...]
    stops: tuple[Stop, ...]
    presets: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    controls: tuple[str, ...] = ()  # fields with a slider or a switch, in order
    solves: bool = False  # with the inverse question about output sizes
    trains: Training | None = None
    tall: bool = False  # with a board higher than usual
    measured: bool = False  # its numbers come from a network: four digits of them in the arithmetic
    pictures: str = ""  # the field that takes a picture of a person's own, in the view of the same name
    icon: str = "grid_on"  # of Google's Material Symbols
    minutes: int = 10  # how long it takes a student alone
    card: str = ""  # what the start page says of it
    formula: str = ""  # HTML, which needs no download as LaTeX would
    text: str = ""  # Markdown
    questions: tuple[Question, ...] = ()
    snippet: Callable[[State, Pipeline], Snippet] | None = None  # in place of the view's own PyTorch code

    def __post_init__(self) -> None:
        taken = {f.name for f in self.fields} & {"v", "lecture", "embed", "hide"}
        if taken:
            raise ValueError(f"{sorted(taken)[0]} cannot be a field of {self.name}: a link means something else by it")

    @property
    def defaults(self) -> State:
        return {f.name: f.default for f in self.fields}

    def state(self, **changes: Any) -> State:
        """The defaults with `changes`. Raises ValueError for a name that is no field."""
        unknown = set(changes) - {f.name for f in self.fields}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is no field of {self.name}: choose from {', '.join(f.name for f in self.fields)}")
        return {**self.defaults, **changes}

    def usual(self, stop: int) -> State:
        """What a link leaves out: the state of a stop, so that the stop's number alone is a link to it."""
        return {**self.defaults, **(self.stops[stop - 1].state if stop <= len(self.stops) else {})}

    def link(self, state: State) -> dict[str, str]:
        """The parameters of a link to `state`."""
        return encode(self.fields, state, self.usual(state.get("stop", 1)))

    def read(self, link: Mapping[str, str]) -> tuple[State, list[str]]:
        """The state of a link, and a sentence for each part of it that could not be used."""
        number = decode([f for f in self.fields if f.name == "stop"], link, self.defaults)[0].get("stop", 1)
        return decode(self.fields, link, self.usual(number))

    def view(self, state: State) -> View:
        """The view that a state shows."""
        return next(view for view in self.views if view.name == state["view"])

    @cached_property
    def data(self) -> dict[str, Any]:
        """Plain data for the stage in the browser: to be read, not changed."""
        return asdict(replace(self, formula="", text="", questions=(), snippet=None, card=""))


def build(lesson: Lesson, state: State, view: View | None = None) -> Pipeline:
    """Follow the recipe of a view. Raises ValueError where the state's settings are impossible."""
    chosen = view or lesson.view(state)
    inputs = {}
    for name, source in chosen.inputs.items():
        if isinstance(source, Ref):
            inputs[name] = np.zeros(state[source.field])
        elif isinstance(source, Part):
            inputs[name] = source.of(state)
        else:
            inputs[name] = cells(state[source]) if isinstance(source, str) else np.array(source, float)
    pipeline = Pipeline(**inputs)
    for step in chosen.steps_in(state):
        pipeline = _follow(pipeline, step, state)
    _refuse_to_show(chosen, pipeline, state)
    return pipeline


def _refuse_to_show(view: View, pipeline: Pipeline, state: State) -> None:
    """Raise ValueError for what can be computed but not drawn."""
    trace = pipeline[view.follows]
    for kind, _, step in (panel.grid.partition(":") for panel in view.panels):
        if kind == "switches":
            pipeline[step].refuse_indices()
    cells_, out = sum(values.size for values in trace.inputs), trace.output.size
    if any(panel.grid.startswith("matrix:") for panel in view.panels) and out * cells_ > LARGEST_MATRIX:
        raise ValueError(f"the matrix would be {out} × {cells_}: this view shows up to {LARGEST_MATRIX:,} entries")
    if not state.get("letters"):
        return
    weights = 0 if trace.weight is None else trace.weight.size
    if cells_ > 8 or weights > 9:
        raise ValueError(f"letters are for up to 8 input cells and 9 weights: here are {cells_} and {weights}")
    if any(isinstance(step, Step) and step.op == "zero_insertion" for step in view.steps):
        raise ValueError("letters have no meaning for inserted zeros: switch them off for this view")


def _value(given: Any, state: State) -> Any:
    """What a literal, a `Ref` or a `Part` stands for."""
    return given.of(state) if isinstance(given, (Ref, Part)) else given


def _follow(pipeline: Pipeline, step: Step, state: State) -> Pipeline:
    given = {**step.options, **step.operands}
    options = {name: _value(value, state) for name, value in given.items()}
    if isinstance(options.get("bias"), (int, float)) and options["bias"] == 0:
        del options["bias"]
    image, weight = pipeline.values(step.reads[0]), None
    if isinstance(step.weight, tuple):
        weight = np.stack([cells(state[name]) for name in step.weight])[None]
    elif isinstance(step.weight, Part):
        weight = step.weight.of(state)
    elif step.weight is not None and step.weight.startswith("grid:"):
        weight = pipeline.values(step.weight.removeprefix("grid:"))
    elif step.weight is not None:
        value = state[step.weight]
        weight = np.ones(value) if isinstance(value, list) and isinstance(value[0], int) else cells(value)
        weight = weight[::-1, ::-1] if step.flipped else weight
    if step.op == "back":
        return back(pipeline, step.grid, step.reads, options["op"], weight, step.inserted)
    if step.op == "backward":
        return backward(pipeline, step.grid, step.reads)
    if step.op == "fit" and weight is not None:
        return fit(pipeline, step.grid, weight, step.reads[0])
    if step.op == "layer":
        op, options = _layer(options)
        if op.endswith("pool2d"):
            options["kernel_size"], weight = weight.shape if weight is not None else 1, None
        return pipeline.then(step.grid, OPERATORS[op], *step.reads, **_with(weight, options))
    if step.op in ("global_pool", "dense", "untied"):
        op, arguments = _whole_image(step.op, image, weight, options)
        return pipeline.then(step.grid, OPERATORS[op], *step.reads, **arguments)
    if step.op not in ("conv", "conv_transpose", "zero_insertion"):
        weight = weight[0] if weight is not None and step.op.endswith("1d") else weight
        return pipeline.then(step.grid, OPERATORS[step.op], *step.reads, **_with(weight, options))
    line = len(image) == 1 and weight is not None and len(weight) == 1
    operator = OPERATORS[("conv" if step.op == "conv" else "conv_transpose") + ("1d" if line else "2d")]
    if line and weight is not None:
        weight = weight[0]
    if step.op != "zero_insertion":
        return pipeline.then(step.grid, operator, *step.reads, **_with(weight, options))
    names = (step.reads[0], f"{step.grid}_nails", str(step.inserted), step.grid)
    return zero_insertion(operator(image, **_with(weight, options)), names)


def _whole_image(op: str, image: FloatArray, weight: Any, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The operator and the arguments of a step that depends on the image's size."""
    if op == "global_pool":
        return "avg_pool2d", {"kernel_size": image.shape[-2:]}
    if op == "dense":
        return "conv2d", {"weight": signs(2, image.shape[-2:])}
    settings = {name: value for name, value in options.items() if name != "activation"}
    places = OPERATORS["conv2d"](image, weight, **settings).out_grid.shape[1:]
    return "locally_connected2d", {"weight": weight + signs(1, (*places, *weight.shape)), **options}


def signs(seed: int, shape: tuple[int, ...]) -> FloatArray:
    """Weights of -1, 0 and 1, the same in Python and in the browser.

    >>> signs(2, (1, 4)).tolist()
    [[1.0, -1.0, -1.0, 1.0]]
    """
    return scrambled(seed, int(np.prod(shape))).reshape(shape) % 3 - 1


LAYERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "conv": ("conv2d", ("stride", "padding", "dilation")),
    "conv_transpose": ("conv_transpose2d", ("stride", "padding", "dilation", "output_padding")),
    "max_pool": ("max_pool2d", ("stride", "padding", "dilation", "ceil_mode")),
    "avg_pool": ("avg_pool2d", ("stride", "padding", "ceil_mode")),
    "min_pool": ("min_pool2d", ("stride", "padding", "dilation", "ceil_mode")),
}


USUAL: dict[str, Any] = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "output_padding": [0, 0], "ceil_mode": False}


def _layer(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The operator that the option "op" names, and those of the other options that it has. Raises ValueError for one it lacks."""
    op, known = LAYERS[options["op"]]
    for name, value in options.items():
        if name != "op" and name not in known and value != USUAL[name]:
            told = "on" if value is True else "x".join(str(part) for part in dict.fromkeys(value))
            usual = "off" if name == "ceil_mode" else USUAL[name][0]
            raise ValueError(f"{name}={told} is not defined for {options['op']}: leave it at {usual}")
    return op, {name: value for name, value in options.items() if name in known}


def _with(weight: Any, options: dict[str, Any]) -> dict[str, Any]:
    return options if weight is None else {"weight": weight, **options}
