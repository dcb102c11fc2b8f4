"""How fast the network builder answers: the page's whole script on the server, after a change of its address."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from seglab.nets.choices import KINDS
from seglab.ui.files import app_script

SIZES = ("572", "350 x 525", "513", "1024 x 768")
DEPTHS = ("3", "4", "5", "6")


def measure(tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Milliseconds that the builder takes for a network it has not shown yet, over kinds, depths and sizes, those that break included."""
    from streamlit.testing.v1 import AppTest

    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it runs without a server here
    page = AppTest.from_file(str(app_script().parent / "pages" / "builder.py"), default_timeout=60).run()
    took = []
    for kind, depth, size in product(KINDS, DEPTHS, SIZES):
        for name, value in (("net", kind), ("depth", depth), ("size", size)):
            page.query_params[name] = value
        begun = time.perf_counter()
        page.run()
        took.append(1000 * (time.perf_counter() - begun))
        if page.exception:
            raise RuntimeError(f"the builder failed for {kind}, depth {depth}, {size}: {page.exception[0].message}")
    found = {"builder_median": float(np.median(took)), "builder_p95": float(np.quantile(took, 0.95)), "builder_most": max(took)}
    tell(f"the builder's answer to a change: {found['builder_median']:.0f} ms, 95 % within {found['builder_p95']:.0f} ms")
    return {name: round(value, 1) for name, value in found.items()}
