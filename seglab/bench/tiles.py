"""How much memory a picture takes that goes through the network in tiles: ``python -m seglab.bench.tiles``. On Linux.

Each size is measured in a process of its own, as a worker has it: what the network's passes add to the picture's pixels, and what writing
the mask and all files adds to that.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIDES = (1024, 2048, 4096)
NETWORK = Path(__file__).parents[2] / "assets" / "networks" / "cells.safetensors"
MIB = 2**20
REPEATS = 3
REPEATED = 512  # pixels a side of the scene that a large picture repeats


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """For each side the MiB of pixels and mask, what the passes took beyond the pixels, what all of it took, and the seconds.

    Of one pass without tiles the MiB, and the largest difference of tiles from it, away from the border.
    """
    found: dict[str, Any] = {"tiled": {}, "once": {}}
    for side in SIDES:
        own = {"pixels_and_mask": 2 * side**2 / MIB}
        found["tiled"][str(side)] = own | _usual("passes", side) | _usual("files", side)
        say(f"{side} x {side} in tiles: {json.dumps(found['tiled'][str(side)])}")
    for side in SIDES[:2]:
        found["once"][str(side)] = _usual("once", side)
        say(f"{side} x {side} in one pass: {json.dumps(found['once'][str(side)])}")
    return found


def _usual(what: str, side: int) -> dict[str, float]:
    """The middle of several processes: where an allocator puts things is partly chance."""
    told = [in_a_process(what, side) for _ in range(REPEATS)]
    return {name: statistics.median(one[name] for one in told) for name in told[0]}


def in_a_process(what: str, side: int) -> dict[str, float]:
    """``passes``, ``files`` or ``once`` over a picture of `side` pixels, where nothing was freed before that could be used again unseen."""
    command = [sys.executable, "-m", "seglab.bench.tiles", what, str(side)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def peak(work: Callable[[], object]) -> float:
    """MiB that this process held at most while it worked, beyond what it held before."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = _held("VmRSS")
    work()
    return _held("VmHWM") - before


def _held(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def picture(side: int) -> Any:
    """A picture of cells as bytes, (side, side)."""
    from seglab.data.sets import unseen_scene
    from seglab.infer.pictures import grey

    times = -(-side // REPEATED)
    return np.tile(grey(unseen_scene("cells", 0, REPEATED, 0.5)[0]), (times, times))[:side, :side]


def network() -> Any:
    """The network that is measured, on one thread as in a worker."""
    import torch

    from seglab.infer import predict, used  # noqa: F401, so that the first pass does not load them
    from seglab.train.weights import load_model

    torch.set_num_threads(1)
    return load_model(NETWORK)[0]


def passes(model: Any, pixels: Any) -> None:
    """Every tile of a picture, its result forgotten."""
    from seglab.infer.predict import parts
    from seglab.infer.tiles import Picture

    for _ in parts(model, Picture.of(pixels)):
        pass


def passes_in(side: int) -> dict[str, float]:
    """What the passes of the network over a picture of `side` pixels take."""
    model, pixels = network(), picture(side)
    return {"passes": peak(lambda: passes(model, pixels))}


def files_in(side: int) -> dict[str, float]:
    """What they take with mask, numbers and all files."""
    from seglab.data.domains import DOMAINS
    from seglab.infer.used import use

    model, pixels = network(), picture(side)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        took = peak(lambda: use(model, pixels, None, DOMAINS["cells"].colours, Path(folder)))
        return {"with_files": took, "seconds": time.perf_counter() - begun}


def once_in(side: int) -> dict[str, float]:
    """What one pass over a picture of `side` pixels takes, and how far the tiles are from it where its border does not reach."""
    from seglab.infer.predict import tiled
    from seglab.infer.tiles import Picture
    from seglab.nets.fitting import margin

    model = network()
    whole, found = Picture.of(picture(side)), {}

    def once() -> None:
        found["chances"] = tiled(model, whole, side, "zeros")

    took, far = peak(once), margin(model)
    apart = np.abs(tiled(model, whole) - found["chances"])[:, far:-far, far:-far]
    return {"peak": took, "difference": float(apart.max())}


def main() -> None:
    """Measure everything, or as a child one thing, and print it."""
    if sys.argv[1:]:
        what, side = sys.argv[1], int(sys.argv[2])
        print(json.dumps({"passes": passes_in, "files": files_in, "once": once_in}[what](side)))
        return
    print(json.dumps(measure(print), indent=2))


if __name__ == "__main__":
    main()
