"""Measure the experiments of the page Compare, with all their seeds: ``python -m seglab.bench.experiments [NAME ...]``.

It takes about 25 minutes of one core, goes on where it was stopped, and comes to the same digits only on the same kind of processor with
the same PyTorch. ``--pilot`` tries one with other seeds and writes nothing.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import torch

from seglab.bench.study import STUDIES, run_study
from seglab.nets.blocks import Network
from seglab.train.config import TrainConfig
from seglab.train.experiment import Experiment, final_loss
from seglab.train.experiment_rows import measured
from seglab.train.experiments import EXPERIMENTS
from seglab.train.job import packed
from seglab.train.loop import Event
from seglab.train.shipped_runs import Shipped, thinned, write_shipped
from seglab.train.store import Point
from seglab.train.trainer import Trainer

SHOWN_SEED = 0
LOOKS = 12  # at the held-out images, in the curve of a run that is shown
PILOT_SEEDS = (100, 101)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--pilot", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.names or EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        if asked.pilot:
            pilot(experiment)
        else:
            run_study(experiment.study, partial(row, experiment))


def pilot(experiment: Experiment) -> None:
    """Print the rows of other seeds."""
    for setting in experiment.settings(PILOT_SEEDS):
        print(experiment.name, *setting, row(experiment, *setting, keep=False), flush=True)


def row(experiment: Experiment, arm: str, x: float | None, seed: int, keep: bool = True) -> dict[str, float]:
    """One training, measured; that of the seed that is shown is kept with its curve and pictures."""
    config = experiment.config(arm, x, seed)
    shown = keep and seed == SHOWN_SEED
    model, run, losses = trained(config, looks=LOOKS if shown else 0)
    if shown:
        name = next(name for name, one in experiment.shown.items() if one == (arm, x))
        write_shipped(STUDIES / "runs" / f"{experiment.name}.{name}.npz", run)
    return {**measured(model, config), "loss": final_loss(losses), "seconds": run.points[-1].seconds}


def trained(config: TrainConfig, looks: int = 0) -> tuple[Network, Shipped, list[float]]:
    """The network of a configuration after its steps, as `fit` would train it; its run, whose curve has `looks` at mean IoU; its losses.

    Its seconds are the processor's, so that other work on the machine makes a training no longer.
    """
    trainer, seconds = Trainer(config), 0.0
    points: list[Point] = []
    try:
        while not trainer.done:
            begun = time.process_time()
            loss = trainer.train_step()
            seconds += time.process_time() - begun
            due = looks and trainer.step % max(1, config.steps // looks) == 0
            points.append(Point(trainer.step, seconds, loss, trainer.look()["mean_iou"] if due else None))
        seen, scores = trainer.last_look()
        snapshot = packed(Event("snapshot", trainer.step, trainer.seconds, seen))
        results = {"mean_iou": seen["mean_iou"], "scores": scores, "parameters": trainer.parameters}
        return trainer.model.eval(), Shipped(config, thinned(points), results, snapshot), [point.loss or 0.0 for point in points]
    finally:
        trainer.close()


if __name__ == "__main__":
    main()
