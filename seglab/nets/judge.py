"""The judge: PyTorch's answer to a trace or a pipeline, by running the very snippet that is shown."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

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
    answer = run_snippet(made.torch_code())["output"].detach().numpy()
    if answer.shape != made.output.shape:
        raise AssertionError(f"torch answers with shape {answer.shape}, seglab with {made.output.shape}")
    same = answer == made.output  # equal infinities have no difference
    return float(np.max(np.where(same, 0.0, np.abs(np.where(same, 0.0, answer) - np.where(same, 0.0, made.output))), initial=0.0))
