"""The plan of the page "Instances and panoptic": the same data, network and length for every way to instances. No torch."""

from __future__ import annotations

from seglab.train.study import Measure, Study

DATA, SIZE, DIFFICULTY = "cells", 96, 0.5
CROP, WIDTH, STEPS = 64, 8, 200
TESTED = 64

PLAN = Study(
    name="instances",
    title="From pixels to cells",
    question="Which way from a semantic network to instances keeps touching cells apart?",
    known="Components join whatever a pixel bridges. A border class (Caicedo et al., 2019), the weight map (Ronneberger et al., 2015) and "
    "watersheds are the classical remedies.",
    data=f"512 generated images of touching cells, {CROP} × {CROP} pixels, difficulty {DIFFICULTY:g}; measured on {TESTED} others of"
    f" {SIZE} × {SIZE}.",
    length=f"For every seed three U-Nets of depth 3 and width {WIDTH}, {STEPS} steps of 16 images: plain, with the weight map, with the "
    "border class. Components and both watersheds read the same plain network, so only what comes after it differs.",
    arms={
        "components": "Components",
        "border": "Border class",
        "weighted": "Weight map",
        "distance": "Watershed on distance",
        "chance": "Watershed on chance",
    },
    measures=(
        Measure("pq", "PQ"),
        Measure("sq", "SQ"),
        Measure("rq", "RQ"),
        Measure("separated", "separated cells, share"),
        Measure("mean_iou", "mean IoU of the mask"),
    ),
    command="python -m seglab.bench.instances",
)
