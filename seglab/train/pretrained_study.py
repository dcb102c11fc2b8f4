"""The plans of the page A head start: what an encoder that was trained elsewhere is worth, by labelled images, by steps, elsewhere."""

from __future__ import annotations

from typing import Any

from seglab.train.config import TrainConfig
from seglab.train.study import Measure, Study

BASE = TrainConfig(data="shapes", difficulty=0.25, size=48, width=8, batch=8, steps=300)
MACHINE: dict[str, Any] = {"device": "cpu", "precision": "float32", "threads": 1}
ARMS = {"random": "Random start", "pretrained": "Pretrained encoder", "frozen": "Pretrained and frozen"}
TESTED = 64  # scenes that nothing was trained on
MEASURES = (Measure("mean_iou", "Mean IoU"),)
LONGER = 64  # labelled images of the longer training
COMMAND = "python -m seglab.bench.pretrained"
NET = "U-Net of depth 3 and width 8"
DATA = (
    f"generated {{}}, difficulty {BASE.difficulty:g}, {BASE.size} pixels a side; each seed labels images of its own; {TESTED} others judge."
)

FEW = Study(
    name="pretrained",
    title="Few labelled images",
    question="How many labelled images does a pretrained encoder save?",
    known="On photographs, encoders from ImageNet need fewer ([Iglovikov and Shvets 2018](https://arxiv.org/abs/1801.05746)); with many "
    "images and long training a random start catches up ([He et al. 2018](https://arxiv.org/abs/1811.08883)).",
    data=DATA.format("shapes"),
    length=f"{NET}, {BASE.steps} steps of {BASE.batch} images, the same for all.",
    arms=ARMS,
    measures=MEASURES,
    axis="labelled images",
    xs=(4, 8, 16, 64),
    command=COMMAND,
)
LONG = Study(
    name="pretrained-longer",
    title="Longer training",
    question="Does a random start catch up when it is trained for longer?",
    known="On photographs it does ([He et al. 2018](https://arxiv.org/abs/1811.08883)).",
    data=DATA.format("shapes"),
    length=f"{NET}, {LONGER} labelled images; one training with a constant learning rate, looked at on its way.",
    arms={name: ARMS[name] for name in ("random", "pretrained")},
    measures=MEASURES,
    axis="steps",
    xs=(75, 150, 300, 600),
    command=COMMAND,
)
ELSEWHERE = Study(
    name="pretrained-elsewhere",
    title="Another domain",
    question="Does an encoder that knows shapes help with land cover?",
    known="Features that were learned far away help less ([Yosinski et al. 2014](https://arxiv.org/abs/1411.1792)).",
    data=DATA.format("land cover"),
    length=f"{NET}, 8 labelled images, {BASE.steps} steps of {BASE.batch} images.",
    arms=ARMS,
    measures=MEASURES,
    command=COMMAND,
)
STUDIES = {"images": FEW, "steps": LONG, "domain": ELSEWHERE}
