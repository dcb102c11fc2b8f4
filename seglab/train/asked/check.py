"""The code on a lesson's page, run to see that it agrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seglab.train.jobs import workers


def check_code(code: str, expected: Any) -> Callable[[], float]:
    """Run a snippet in a worker; the function returned waits for the largest difference from `expected`."""
    answer = workers().submit("check", code=code, expected=expected)
    return lambda: float(answer.result(timeout=60)["difference"])
