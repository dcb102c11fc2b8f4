"""The command line that trains what a configuration describes."""

from __future__ import annotations

import shlex

from seglab.train.config import TrainConfig


def command_line(config: TrainConfig) -> str:
    """The `seglab train` command of a configuration: what it names beyond the data differs from the defaults.

    >>> command_line(TrainConfig(data="shapes", skip="add", flips=False, seconds=30.0))
    'seglab train shapes --no-flips --skip add --seconds 30'
    """
    words = ["seglab", "train", config.data]
    for name, value in config.changed().items():
        option = name.replace("_", "-")
        if name == "data":
            continue
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif not (name == "steps" and config.seconds is not None):
            words += [f"--{option}", f"{value:.12g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)
