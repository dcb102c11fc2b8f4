"""A training loop in a process of its own that takes turns with others: ``python -m seglab.bench.turns NAME``.

Apart, so that no loop gains from what another one has set up, and each one's memory can be told.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from seglab.bench.plain import Plain, monai_unet
from seglab.train.config import TrainConfig
from seglab.train.examples import opened
from seglab.train.trainer import Trainer

TURN = 2.0  # seconds
CONFIG = TrainConfig(steps=100_000)


def in_memory(config: TrainConfig) -> Trainer:
    """A trainer whose images are all made, as those of the plain loop are."""
    data = opened(config)
    made = [data.train(number) for number in range(data.train_count)]
    return Trainer(config, replace(data, train=made.__getitem__))


LOOPS: dict[str, Callable[[], Callable[[], float]]] = {
    "seglab": lambda: in_memory(CONFIG).train_step,
    "plain": lambda: Plain(CONFIG).step,
    "seglab in float32": lambda: in_memory(replace(CONFIG, precision="float32")).train_step,
    "MONAI's BasicUNet": lambda: Plain(CONFIG, monai_unet()).step,
}


class Turns:
    """One loop, waiting for its turn."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "seglab.bench.turns", name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turn(self) -> float:
        """Images a second during one turn. Raises RuntimeError where the process has ended."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError("the loop's process has ended: see its message above")
        return float(told)

    def end(self) -> float:
        """End it; its peak memory in MB."""
        told, _ = self.process.communicate()
        return float(told.split()[-1])


def main(name: str) -> None:
    """Take a turn for every line on standard input, tell the rate of each, and in the end the peak memory in MB."""
    step = LOOPS[name]()
    for _ in sys.stdin:
        for _ in range(2):  # these do not count
            step()
        begun, done = time.perf_counter(), 0
        while time.perf_counter() - begun < TURN:
            step()
            done += 1
        print(done * CONFIG.batch / (time.perf_counter() - begun), flush=True)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, flush=True)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
