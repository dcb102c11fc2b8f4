"""Steps of a recipe that lean on a pooling step: ways back up, its gradient, grids of its output's size. The twin is ``ways.js``."""

from __future__ import annotations

from typing import Any

import numpy as np

from seglab.pipeline import Pipeline
from seglab.rows import FloatArray
from seglab.stored import OPERATORS
from seglab.trace import Trace

WAYS = ("nearest", "bed_of_nails", "max_unpool", "bilinear", "align_corners")  # those without a kernel


def way_back(way: str, pooled: Trace) -> tuple[str, dict[str, Any]]:
    """The operator of a way back up by the stride of `pooled`, and its options. Max unpooling also gives back the size that was pooled.

    >>> import seglab as sl
    >>> way_back("bed_of_nails", sl.max_pool2d([[1, 2], [3, 4]], 2))
    ('bed_of_nails', {'scale': (2, 2)})
    """
    options, stride = pooled.call.options, pooled.call.options["stride"]
    if way == "max_unpool":
        kept = {name: options[name] for name in ("kernel_size", "stride", "padding")}
        return "max_unpool2d", {**kept, "output_size": pooled.in_shapes[0][-2:]}
    if way == "bed_of_nails":
        return way, {"scale": stride}
    if way == "conv_transpose":
        return "conv_transpose2d", {"stride": stride}
    smooth = {"mode": "bilinear", "align_corners": way == "align_corners"}
    return "interpolate", {"scale_factor": stride, **({} if way == "nearest" else smooth)}


def back(pipeline: Pipeline, grid: str, reads: tuple[str, ...], way: str, weight: FloatArray | None, channels: str | None) -> Pipeline:
    """With `grid`: the values of ``reads[0]`` brought back up from where the pooling step ``reads[1]`` went down.

    ``conv_transpose`` stamps the kernel `weight`. ``pixel_shuffle`` makes a channel for each of its cells first, in the grid `channels`.
    """
    values, pooled = reads
    if way == "pixel_shuffle" and weight is not None and channels is not None:
        longer = pipeline.then(channels, OPERATORS["conv2d"], values, weight=weight.reshape(-1, 1, 1, 1))
        return longer.then(grid, OPERATORS["pixel_shuffle"], channels, r=len(weight))
    op, options = way_back(way, pipeline[pooled])
    more = (f"{pooled}.indices",) if way == "max_unpool" else ()
    return pipeline.then(grid, OPERATORS[op], values, *more, **({"weight": weight} if way == "conv_transpose" else {}), **options)


def backward(pipeline: Pipeline, grid: str, reads: tuple[str, ...]) -> Pipeline:
    """With `grid`: the gradient ``reads[0]`` of the output of the step ``reads[1]``, carried back to that step's input."""
    gradient, step = reads
    return pipeline.then(grid, pipeline[step].transpose, gradient)


def fit(pipeline: Pipeline, grid: str, values: FloatArray, like: str) -> Pipeline:
    """With one more input: `values` (H, W), cut or repeated to the height and width of the grid `like`.

    >>> fit(Pipeline(x=[[0, 0, 0]]), "g", np.array([[1.0, 2.0]]), "x").values("g").tolist()
    [[1.0, 2.0, 1.0]]
    """
    rows, columns = (np.arange(size) % own for size, own in zip(pipeline.values(like).shape[-2:], values.shape, strict=True))
    longer = Pipeline(**pipeline.inputs, **{grid: values[np.ix_(rows, columns)]})
    longer.steps = dict(pipeline.steps)
    return longer
