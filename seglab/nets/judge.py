"""The judge: PyTorch's answer to a trace or a pipeline, by running the very snippet that is shown."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from seglab.pipeline import Pipeline
    from seglab.trace import Trace


def run_snippet(code: str) -> dict[str, Any]:
    """Run a snippet made by `seglab.torch_code` and return its variables; what it prints is under "printed"."""
    variables: dict[str, Any] = {}
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "<seglab snippet>", "exec"), variables)
    variables["printed"] = printed.getvalue()
    return variables


def largest_difference(made: Trace | Pipeline) -> float:
    """Largest absolute difference between our output and torch's.

    >>> import seglab as sl
    >>> largest_difference(sl.conv1d([1, 2, 3], [10, 1]))
    0.0
    """
    return difference(run_snippet(made.torch_code())["output"], made.output)


def difference(answer: Any, expected: NDArray[np.float64]) -> float:
    """Largest absolute difference of a tensor from an array; equal infinities have none. Raises ValueError for another shape."""
    found = answer.detach().numpy()
    if found.shape != expected.shape:
        raise ValueError(f"torch answers with shape {found.shape}, seglab with {expected.shape}")
    same = found == expected
    return float(np.max(np.abs(np.where(same, 0.0, found) - np.where(same, 0.0, expected)), initial=0.0))
