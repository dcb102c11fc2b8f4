"""Any trace or pipeline as a lesson of its own: what a notebook shows and `save("….html")` writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seglab.pipeline import Pipeline
from seglab.stage.fields import LARGEST_GRID, Field
from seglab.stage.lesson import Lesson, Panel, Step, View, fields_of
from seglab.stored import call_json
from seglab.trace import Call, Trace

SYMBOLS = "IJLMN"
OPERANDS = ("weight", "bias", "indices", "running_mean", "running_var")  # what is no image
OWN = ("stop", "view", "at", "v", "lecture", "hide", "count", "letters")  # names that a link or the stage has a meaning for


def lesson_of(made: Trace | Pipeline) -> Lesson:
    """A lesson whose views walk through `made`. Flat operands can be edited in it."""
    return _of_pipeline(made) if isinstance(made, Pipeline) else _of_trace(made)


def _of_trace(trace: Trace) -> Lesson:
    if trace.op == "transpose":
        raise ValueError("a transposed trace has no stage of its own: show the operator that it transposes")
    if trace.dims == 1 and len(trace.in_shapes[0]) > 1 and trace.in_shapes[0][0] > 1:
        raise ValueError(f"a line of {trace.in_shapes[0][0]} channels has no stage: show one channel")
    names = [name for name in trace.call.operands if name not in OPERANDS]
    fields: list[Field] = []
    inputs = {name: _source(fields, name, trace.call.operands[name]) for name in names}
    step = _step("output", trace.call, tuple(names), fields)
    panels = [
        Panel(name, "input", "Input" if len(names) == 1 else f"Input {i + 1}", SYMBOLS[i % len(SYMBOLS)], edits=_edits(inputs[name]))
        for i, name in enumerate(names)
    ]
    kernel = None if trace.weight is None or trace.weight.ndim < 4 else trace.weight
    if kernel is not None:
        panels.append(Panel("kernel:output", "kernel", "Kernel", "K", edits=_edits(step.weight)))
    panels.append(Panel("output", "output", "Output", "O"))
    slide = View("slide", "Slide", (step,), tuple(panels), follows="output", reading="output", inputs=inputs)
    views = [slide]
    if kernel is not None:
        views.insert(0 if "transpose" in trace.op else 1, replace(slide, name="stamp", label="Stamp", reading="input"))
        if kernel.shape[:2] == (1, 1):
            views.append(replace(slide, name="shift", label="Shift and add", reading="tap"))
    title = f"{trace.op}: {_told(trace.in_shapes[0])} to {_told(trace.out_shape)}"
    return _lesson(trace.op, title, "Point at any cell to see the arithmetic that made it.", fields, views)


def _of_pipeline(pipeline: Pipeline) -> Lesson:
    fields: list[Field] = []
    inputs = {name: _source(fields, name, values) for name, values in pipeline.inputs.items()}
    if not pipeline.steps:
        raise ValueError("a pipeline without steps has no stage: add one with then()")
    steps = tuple(_step(name, call, reads, fields) for name, reads, call in pipeline.calls())
    panels = [Panel(name, "input", name, name, edits=_edits(inputs[name])) for name in inputs]
    panels += [Panel(step.grid, "output", step.grid, step.grid) for step in steps]
    last = steps[-1].grid
    view = View("slide", "Slide", steps=steps, panels=tuple(panels), follows=last, reading="output", inputs=inputs)
    return _lesson("pipeline", f"Pipeline to {last}", "Point at any cell to see where it comes from.", fields, [view])


def _lesson(name: str, title: str, sentence: str, fields: list[Field], views: list[View]) -> Lesson:
    return Lesson(name, title, sentence, fields_of(tuple(views), (), *fields), tuple(views), stops=())


def _source(fields: list[Field], name: str, values: Any) -> Any:
    """The field that an input's cells are edited in, or the values themselves where a field cannot hold them."""
    grid = np.asarray(values)
    grid = grid[None] if grid.ndim == 1 else grid
    if grid.ndim != 2 or max(grid.shape) > LARGEST_GRID:
        return np.asarray(values).tolist()
    name = f"{name}_" if name in OWN else name
    fields.append(Field(name, "grid", grid.tolist(), name, "cells", 1, LARGEST_GRID))
    return name


def _edits(source: Any) -> str | None:
    return source if isinstance(source, str) else None


def _step(grid: str, call: Call, reads: tuple[str, ...], fields: list[Field]) -> Step:
    """A recipe's step for a call. A flat kernel becomes a field; all else stays as it is."""
    data = call_json(call)
    operands = {name: values for name, values in data["operands"].items() if name in OPERANDS and name != "indices"}
    line = call.op.endswith("1d")
    weight = None
    if np.ndim(operands.get("weight", 0.0)) == (1 if line else 2):
        weight = f"{grid}_weight"
        while any(field.name == weight for field in fields):
            weight += "_"
        flat = operands.pop("weight")
        fields.append(Field(weight, "grid", [flat] if line else flat, "Kernel", "weights", 1, LARGEST_GRID))
    if "indices" in data["operands"] and len(reads) < 2:
        operands["indices"] = data["operands"]["indices"]
    return Step(grid, call.op, reads, weight, data["options"], operands=operands)


def _told(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in shape)
