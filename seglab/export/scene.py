"""Scenes: a lesson's state worked out for drawing. Panels (grids as they are drawn), links (rows between panels), the order of steps.

The twin of ``scene.js``: what is drawn in a file is what the stage draws.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from seglab.grid import Grid
from seglab.pipeline import Pipeline, PipelineGradients
from seglab.rows import FloatArray, IntArray, add_up
from seglab.stage.fields import State, cells
from seglab.stage.lesson import Lesson, Panel, View, build
from seglab.stage.training import gradients
from seglab.trace import NEUTRAL, Trace

Mask = NDArray[np.bool_]
_HIDDEN = Panel("", "output", "", "")


@dataclass(eq=False)
class Sheet:
    """A panel as it is drawn: the canvas `grid`, its real `values` (flat), and what its margin is ("padding", "cropped" or none)."""

    spec: Panel
    index: int
    kind: str  # grid, kernel, matrix, transpose, column, switches, or one of `EACH_CHANNEL`
    of: str
    grid: Grid
    values: FloatArray
    margin: str | None = None
    fill: float = 0.0
    extra: tuple[int, int] = (0, 0)  # rows and columns that output padding gives back
    width: int = 0  # of a matrix
    shared: bool = False  # a kernel that several layers may have
    hidden: bool = False
    beside: bool = False  # walked through together with others
    title: str = ""
    size: str = ""
    across: int = 0  # channels that lie side by side
    folds: bool = False  # whether they may stand in several lines
    labels: tuple[str, ...] = ()  # of the channels, where there are several
    second: int = 0  # of a kernel of several channels in and out: how many planes a line has

    @property
    def channels(self) -> int:
        return self.grid.canvas[0]

    @property
    def rows(self) -> int:
        return self.grid.canvas[1]

    @property
    def columns(self) -> int:
        return self.grid.canvas[2]

    @property
    def role(self) -> str | None:
        return None if self.hidden else self.spec.role

    def coordinates(self, cell: int) -> tuple[int, int, int]:
        """Channel, row and column of a canvas cell, counted from the first real cell; below 0 or beyond the size in the margin."""
        (top, _), (left, _) = self.grid.margins
        channel, row, column = (int(i) for i in np.unravel_index(cell, self.grid.canvas))
        return channel, row - top, column - left

    def outside(self, cell: int) -> bool:
        """Whether a canvas cell lies in the margin."""
        _, row, column = self.coordinates(cell)
        return not (0 <= row < self.grid.shape[1] and 0 <= column < self.grid.shape[2])


@dataclass(eq=False)
class Link:
    """A trace and its rows as columns of panel cells, by panel index; -1 where a row has no cell in a panel."""

    name: str
    trace: Trace
    reads: tuple[str, ...]
    columns: dict[int, IntArray]
    out: Sheet | None
    inps: list[Sheet]
    kernel: Sheet | None
    won: Mask | None = None  # of max and min pooling, which rows won

    def rows_of(self, index: int, cell: int) -> IntArray:
        """Rows that touch a cell of a panel."""
        return np.flatnonzero(self.columns[index] == cell)


@dataclass(eq=False)
class Scene:
    """Everything that is needed to draw a state."""

    lesson: Lesson
    view: View
    state: State
    pipeline: Pipeline
    sheets: list[Sheet]
    links: list[Link]
    followed: Link
    together: list[Link]  # the followed one and those that are walked through with it
    line: bool  # a cell has one coordinate
    counts: FloatArray | None
    slopes: PipelineGradients | None  # by how much the loss changes with each cell, where that is shown
    walked: Sheet = field(init=False)  # the panel whose cells the timeline walks through,
    cells: IntArray = field(init=False)  # and these, in order

    def __post_init__(self) -> None:
        link, reading = self.followed, self.view.reading
        if reading == "tap" and link.kernel:
            self.walked, self.cells = link.kernel, np.arange(link.trace.kernel_size[0] * link.trace.kernel_size[1])
            return
        wanted = [sheet for sheet in self.sheets if sheet.of in ((link.name,) if reading == "output" else link.reads)]
        self.walked = next(sheet for kind in ("column", "grid") for sheet in wanted if sheet.kind == kind)
        self.cells = self.walked.grid.places


def make_scene(lesson: Lesson, state: State, pipeline: Pipeline | None = None) -> Scene:
    """Lay out a state, of whose view `pipeline` is what `build` gives. Raises ValueError where its settings are impossible."""
    view = lesson.view(state)
    pipeline = pipeline or build(lesson, state)
    drawn = [replace(panel, grid=grid) for panel in view.panels if (grid := _present(panel, pipeline, state))]
    several = {grid for panel in view.panels if "|" in panel.grid and (grid := _present(panel, pipeline, state))}
    shown = {panel.grid.split(":")[-1] for panel in drawn if not panel.grid.startswith("switches:")}
    unseen = [grid for grid in [*pipeline.inputs, *pipeline.steps] if grid not in shown]
    specs = [*drawn, *(replace(_HIDDEN, grid=grid) for grid in unseen)]
    sheets = [_sheet(spec, index, index >= len(drawn), pipeline) for index, spec in enumerate(specs)]
    for sheet in sheets:
        sheet.shared = sheet.spec.grid in several
    _name_channels(sheets, pipeline)
    steps = view.steps_in(state)
    weights = {step.grid: step.weight for step in steps}
    pooled = {step.grid: step.reads[1] for step in steps if step.op == "backward"}
    links = [_link(name, pipeline, sheets, weights.get(name), pooled.get(name)) for name in pipeline.steps]
    followed = next(link for link in links if link.name == view.follows)
    together = [link for link in links if link is followed or link.name in view.together]
    for link in together if len(together) > 1 else []:
        if link.out:
            link.out.beside = True
    line = all(sheet.kind != "grid" or sheet.grid.shape[1] == 1 for sheet in sheets) and followed.trace.kernel_size[0] == 1
    for sheet in sheets:
        sheet.size = re.sub(r"\b1 × ", "", sheet.size) if line else sheet.size
    counts = None
    if state.get("count"):
        counts = _overlap(_pictured(lesson, state, view))
        if followed.out:
            followed.out.title = "Stamps per cell"
    slopes = gradients(lesson, state, pipeline)[1] if state.get("gradients") else None
    return Scene(lesson, view, state, pipeline, sheets, links, followed, together, line, counts, slopes)


def _pictured(lesson: Lesson, state: State, view: View) -> Trace:
    """The followed trace; for inserted zeros the transposed convolution that they picture."""
    steps = view.steps_in(state)
    step = next(step for step in steps if step.grid == view.follows)
    if step.op == "zero_insertion":
        plain = replace(step, op="conv_transpose", inserted=None)
        view = replace(view, steps=tuple(plain if one is step else one for one in steps), panels=())
    return build(lesson, state, view)[view.follows]


def _overlap(trace: Trace) -> FloatArray:
    """How many stamps reach each real output cell."""
    return trace.out_grid.fold(add_up(trace.rows.out, np.ones(len(trace.rows)), trace.out_grid.size))


def _present(panel: Panel, pipeline: Pipeline, state: State) -> str | None:
    """A panel's grid as it is there, or None: a chain may leave it out, or the layer whose kernel it would be."""
    kind, _, of = panel.grid.rpartition(":")
    if "|" not in of:
        return panel.grid if kind == "kernel" or of in pipeline else None
    assert isinstance(panel.edits, str)
    own = cells(state[panel.edits])
    traces = [(name, pipeline[name]) for name in of.split("|") if name in pipeline.steps]
    return next((f"{kind}:{name}" for name, trace in traces if _has_kernel(trace, own)), None)


def _shares(sheet: Sheet, trace: Trace) -> bool:
    """Whether a kernel that several layers may have is also this one's."""
    return sheet.shared and _has_kernel(trace, sheet.values.reshape(sheet.grid.shape[1:]))


def _has_kernel(trace: Trace, kernel: FloatArray) -> bool:
    return trace.op == "conv2d" and trace.weight is not None and np.array_equal(trace.weight[0, 0], kernel)


# -- panels ------------------------------------------------------------------------------------------------------------


def _sheet(spec: Panel, index: int, hidden: bool, pipeline: Pipeline) -> Sheet:
    kind, _, of = spec.grid.rpartition(":")
    sheet = Sheet(spec, index, kind or "grid", of, Grid((1, 1, 1)), np.zeros(1), hidden=hidden, title=spec.title)
    if sheet.kind == "grid":
        _lay_grid(sheet, pipeline)
    elif sheet.kind == "column":
        sheet.values = pipeline.values(of).ravel()
        sheet.grid = Grid((1, sheet.values.size, 1))
    elif sheet.kind == "switches":
        sheet.values, sheet.grid = pipeline[of].indices.ravel().astype(float), Grid(pipeline[of].out_grid.shape)
    elif sheet.kind == "kernel":
        _lay_kernel(sheet, pipeline[of])
    elif sheet.kind in EACH_CHANNEL:
        sheet.values, sheet.across = EACH_CHANNEL[sheet.kind](pipeline[of]), 1
        sheet.grid, sheet.size = Grid((sheet.values.size, 1, 1)), str(sheet.values.size) if sheet.values.size > 1 else ""
    elif sheet.kind in ("matrix", "transpose"):
        _lay_matrix(sheet, pipeline[of])
    else:
        raise ValueError(f"the panel {spec.title!r} has no picture yet: take the stage along as HTML")
    sheet.folds = sheet.channels > 1 and not sheet.across
    sheet.across = sheet.across or sheet.channels
    if sheet.kind != "kernel" and sheet.kind not in EACH_CHANNEL:
        sheet.size = _joined(sheet.grid.shape if sheet.channels > 1 else sheet.grid.shape[1:])
    if sheet.margin == "padding":
        sheet.size += f", padded to {_joined(sheet.grid.canvas[1:])}"
    return sheet


EACH_CHANNEL: dict[str, Callable[[Trace], FloatArray]] = {  # what a trace has one number of for each output channel
    "bias": lambda trace: np.zeros(trace.out_grid.shape[0]) if trace.bias is None else trace.bias,
    "gamma": lambda trace: np.ones(1) if trace.weight is None else trace.weight,
    "mean": lambda trace: trace.inputs[1].ravel(),
    "variance": lambda trace: variances(trace),
}


def variances(trace: Trace) -> FloatArray:
    """The variance that batch normalisation divided each channel by, without its eps."""
    if not trace.call.options["training"]:
        return np.asarray(trace.call.operands["running_var"], np.float64)
    return np.asarray(trace.inputs[0].var(axis=(1, 2)))


def _lay_kernel(sheet: Sheet, trace: Trace) -> None:
    """The planes of a kernel, laid out as a matrix."""
    weight = trace.weight
    assert weight is not None
    first, second, height, width = weight.shape
    sheet.grid, sheet.values = Grid((first * second, height, width)), weight.ravel()
    sheet.across, sheet.second = (second, second if first > 1 else 0) if second > 1 else (first, 0)
    sheet.size = _joined(weight.shape if first * second > 1 else weight.shape[2:])


def _name_channels(sheets: list[Sheet], pipeline: Pipeline) -> None:
    """Each plane is named after its channel, those of a kernel after the channel that they read and the one that they add to."""
    given = {sheet.spec.grid: sheet.spec.names for sheet in sheets}

    def name(grid: str, channel: int) -> str:
        names = given.get(grid, ())
        return names[channel] if channel < len(names) else str(channel)

    for sheet in sheets:
        if sheet.channels == 1:
            continue
        if sheet.kind != "kernel":
            sheet.labels = tuple(name(sheet.of, channel) for channel in range(sheet.channels))
            continue
        step, labels = pipeline.steps[sheet.of], []
        assert step.trace.weight is not None
        first, second = step.trace.weight.shape[:2]
        if step.trace.op == "locally_connected2d":  # a kernel for each place of the output
            sheet.labels = tuple(f"{row},{column}" for row in range(first) for column in range(second))
            continue
        up = step.trace.op.startswith("conv_transpose")
        groups = (step.trace.out_grid.shape[0] if up else step.trace.inputs[0].shape[0]) // second
        for plane in range(sheet.channels):
            line, column = divmod(plane, second)
            other = line // (first // groups) * second + column
            here, there = (line, other) if up else (other, line)
            labels.append(f"{name(step.reads[0], here)}→{name(sheet.of, there)}")
        sheet.labels = tuple(labels)


def _joined(shape: Sequence[int]) -> str:
    return " × ".join(str(n) for n in shape)


def _shape(name: str, pipeline: Pipeline) -> tuple[int, int, int]:
    """A grid's channels, height and width."""
    if name in pipeline.steps:
        return pipeline[name].out_grid.shape
    values = pipeline.values(name)
    return (1, 1, values.size) if values.ndim == 1 else (values.shape[0] if values.ndim == 3 else 1, values.shape[-2], values.shape[-1])


def _lay_grid(sheet: Sheet, pipeline: Pipeline) -> None:
    """The canvas of a grid is the cropped one that a step left it, else the padded one that the next step reads."""
    maker = pipeline[sheet.of] if sheet.of in pipeline.steps else None
    sheet.values = pipeline.values(sheet.of).ravel()
    sheet.grid, sheet.margin = maker.out_grid if maker else Grid(_shape(sheet.of, pipeline)), "cropped"
    if not np.any(sheet.grid.margins):
        sheet.margin = "padding"
        for step in pipeline.steps.values():
            for name, grid in zip(step.reads, step.trace.grids, strict=False):
                if name == sheet.of and np.any(grid.margins):
                    sheet.grid, sheet.fill = grid, NEUTRAL[step.trace.reduce]
                    break
    if not np.any(sheet.grid.margins):
        sheet.margin = None
    extra = tuple(maker.call.options.get("output_padding", ())) if maker else ()
    sheet.extra = (0, 0, *extra)[-2:]


def _lay_matrix(sheet: Sheet, trace: Trace) -> None:
    size = trace.linear.size, sum(values.size for values in trace.inputs)
    lines, columns = _real_cells(trace)
    if sheet.kind == "transpose":
        size, lines, columns = size[::-1], columns, lines
    inside = (lines >= 0) & (columns >= 0)
    assert trace.weight is not None
    weights = trace.weight.ravel()[trace.rows.weight]
    sheet.values = add_up((lines * size[1] + columns)[inside], weights[inside], size[0] * size[1])
    sheet.grid, sheet.width = Grid((1, *size)), size[1]


def _real_cells(trace: Trace) -> tuple[IntArray, IntArray]:
    """For every row its real output cell and its real input cell, -1 in a margin."""
    return trace.out_grid.source[trace.rows.out], trace.input_cells


# -- links -------------------------------------------------------------------------------------------------------------


def _link(name: str, pipeline: Pipeline, sheets: list[Sheet], weight: object, pooled: str | None) -> Link:
    """A step's link. One that follows the winners of another, `pooled`, goes from the cells of that step's output to those of its input."""
    trace, given = pipeline[name], pipeline.steps[name].reads
    reads = tuple(one for one in given if not one.endswith(".indices"))
    pooled = pooled or next((one.split(".")[0] for one in given if one not in reads), None)
    pools = pipeline.steps[pooled].reads[0] if pooled else None
    won = None
    if trace.reduce in ("max", "min"):
        won = np.zeros(len(trace.rows), bool)
        won[trace.winners[trace.winners >= 0]] = True
    columns: dict[int, IntArray] = {}
    out, inp = _real_cells(trace)
    for sheet in sheets:
        at = reads.index(sheet.of) if sheet.of in reads else None
        if sheet.kind == "grid" and sheet.of == name:
            columns[sheet.index] = _remapped(trace.rows.out, trace.out_grid, sheet)
        elif sheet.kind == "grid" and weight == f"grid:{sheet.of}":
            columns[sheet.index] = trace.rows.weight
        elif sheet.kind in EACH_CHANNEL and sheet.of == name:
            columns[sheet.index] = trace.rows.out // (trace.out_grid.canvas[1] * trace.out_grid.canvas[2])
        elif sheet.kind == "grid" and at is not None:
            columns[sheet.index] = _remapped(trace.rows.inp - trace.offsets[at], trace.grids[at], sheet)
        elif pooled and sheet.of == pooled and sheet.kind in ("grid", "switches"):
            columns[sheet.index] = _remapped(trace.rows.inp, trace.grids[0], sheet)
        elif pooled and sheet.kind == "grid" and sheet.of == pools:
            columns[sheet.index] = _remapped(trace.rows.out, trace.out_grid, sheet)
        elif sheet.kind == "switches" and sheet.of == name and won is not None:
            columns[sheet.index] = np.where(won, out, -1)
        elif sheet.kind == "column" and sheet.of == name:
            columns[sheet.index] = out
        elif sheet.kind == "column" and at is not None:
            columns[sheet.index] = inp
        elif sheet.kind == "kernel" and (sheet.of == name or _shares(sheet, trace)):
            columns[sheet.index] = trace.rows.weight
        elif sheet.kind in ("matrix", "transpose") and sheet.of == name:
            line, column = (out, inp) if sheet.kind == "matrix" else (inp, out)
            columns[sheet.index] = np.where((line < 0) | (column < 0), -1, line * sheet.width + column)
    flat = [sheet for sheet in sheets if sheet.kind in ("grid", "column")]
    outs = [sheet for sheet in flat if sheet.of == name]
    inps = [sheet for sheet in flat if sheet.of in reads]
    kernel = next((sheet for sheet in sheets if sheet.kind == "kernel" and sheet.index in columns), None)
    return Link(name, trace, reads, columns, outs[0] if outs else None, inps, kernel, won)


def _remapped(addresses: IntArray, grid: Grid, sheet: Sheet) -> IntArray:
    """Canvas addresses of a trace's grid as cells of a panel, whose canvas may have other margins; -1 outside of the grid."""
    inside = (addresses >= 0) & (addresses < grid.size)
    at = np.where(inside, addresses, 0)
    if grid.canvas == sheet.grid.canvas and grid.margins == sheet.grid.margins:
        return np.where(inside, at, -1)
    real = grid.source[at]
    return np.where(inside & (real >= 0), sheet.grid.places[real], -1)
