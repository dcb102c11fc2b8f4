"""Traces and pipelines as JSON, with a version, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from seglab import normalisation, operators, rearranging
from seglab.pipeline import Pipeline
from seglab.trace import Call, Trace

VERSION = 1
_NAMES = {
    normalisation: "batch_norm",
    operators: "avg_pool2d conv1d conv2d conv_transpose1d conv_transpose2d locally_connected2d max_pool2d min_pool2d",
    rearranging: "bed_of_nails concat crop interpolate max_unpool2d pixel_shuffle relu shift sigmoid subtract tanh threshold",
}
OPERATORS: dict[str, Callable[..., Trace]] = {name: getattr(module, name) for module, names in _NAMES.items() for name in names.split()}


def as_json(made: Trace | Pipeline) -> dict[str, Any]:
    """Plain data that `restore` turns back into the same trace or pipeline.

    >>> import seglab as sl
    >>> restore(as_json(sl.relu([[-1, 2]]))).output.tolist()
    [[0.0, 2.0]]
    """
    if isinstance(made, Pipeline):
        inputs = {name: values.tolist() for name, values in made.inputs.items()}
        steps = [{"name": name, "reads": list(reads), **call_json(call, skip=len(reads))} for name, reads, call in made.calls()]
        return {"seglab": VERSION, "kind": "pipeline", "inputs": inputs, "steps": steps, "output": made.output.tolist()}
    return {"seglab": VERSION, "kind": "trace", **call_json(made.call), "output": made.output.tolist()}


def call_json(call: Call, skip: int = 0) -> dict[str, Any]:
    """A call as plain data, without its first `skip` operands."""
    operands = {name: np.asarray(values).tolist() for name, values in list(call.operands.items())[skip:]}
    options = {name: call_json(value) if isinstance(value, Call) else value for name, value in call.options.items()}
    return {"op": call.op, "operands": operands, "options": options}


def restore(data: Any) -> Trace | Pipeline:
    """The trace or pipeline of `as_json`, worked out again.

    Raises ValueError where the data is not ours, is from a later version, or does not lead to the output that it holds.
    """
    if not isinstance(data, dict) or "seglab" not in data:
        raise ValueError("this is not a seglab file: the key 'seglab' with the version is missing")
    if data["seglab"] != VERSION:
        raise ValueError(f"this file has version {data['seglab']!r}: this seglab reads version {VERSION}")
    try:
        made = _pipeline(data) if data["kind"] == "pipeline" else _trace(data)
        output = np.array(data["output"], float)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this seglab file is incomplete: {error} is missing or of the wrong kind") from None
    if output.shape != made.output.shape or not np.allclose(output, made.output, rtol=1e-9, atol=1e-12):
        raise ValueError("this file's output does not follow from its operands: it was changed by hand or is damaged")
    return made


def load(path: str | Path) -> Trace | Pipeline:
    """Read what ``save("... .json")`` wrote.

    Raises ValueError for a file that is not ours or is damaged, OSError for one that cannot be read.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        raise ValueError(f"{path} is not JSON: give a file that save() wrote") from None
    return restore(data)


def _trace(data: dict[str, Any]) -> Trace:
    if data["op"] == "transpose":
        return _trace(data["options"]["of"]).transpose(data["operands"]["input"])
    operator = _operator(data["op"])
    if data["op"] == "concat":
        return operator(list(data["operands"].values()))
    return operator(**data["operands"], **data["options"])


def _pipeline(data: dict[str, Any]) -> Pipeline:
    pipeline = Pipeline(**data["inputs"])
    for step in data["steps"]:
        if step["op"] == "transpose":
            pipeline = pipeline.then(step["name"], _trace(step["options"]["of"]).transpose, *step["reads"])
            continue
        pipeline = pipeline.then(step["name"], _operator(step["op"]), *step["reads"], **step["operands"], **step["options"])
    return pipeline


def _operator(name: str) -> Callable[..., Trace]:
    if name not in OPERATORS:
        raise ValueError(f"operator {name!r} is unknown to this seglab: it knows {', '.join(sorted(OPERATORS))}")
    return OPERATORS[name]
