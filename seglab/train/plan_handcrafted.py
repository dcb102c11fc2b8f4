"""The plan of the page "Without a network": where a recipe by hand holds beside a small network, and where it falls. No torch."""

from __future__ import annotations

from seglab.train.study import Measure, Study

DATA = {"shapes": "Shapes", "vessels": "Vessels"}
DIFFICULTIES = (0.0, 0.25, 0.5, 0.75, 1.0)
SIZE, IMAGES, STEPS, WIDTH, BATCH = 64, 256, 150, 8, 16
TESTED = 64  # scenes a seed
ARMS = {
    "shapes": {
        "network": "U-Net of 150 steps",
        "recipe": "By hand: Otsu on saturation",
    },
    "vessels": {
        "network": "U-Net of 150 steps",
        "recipe": "By hand: top-hat, then Otsu",
    },
}
KNOWN = {
    "shapes": "A threshold needs objects and ground to differ in the one number that it looks at; here, the harder the scene, the paler the"
    " paper and the more colourful the table.",
    "vessels": "Top-hat and threshold have been the classical baseline for retinal vessels for thirty years; on real photographs networks"
    " are clearly ahead.",
}
MEASURES = (
    Measure("mean_iou", "mean IoU"),
    Measure("dice", "mean Dice"),
    Measure("boundary", "boundary F"),
)


def plan(data: str) -> Study:
    """The study of a domain. Raises KeyError for one that has none."""
    return Study(
        name=f"handcrafted_{data}",
        title=f"By hand or learned: {DATA[data].lower()}",
        question=f"{DATA[data]}: up to which difficulty does a recipe by hand hold beside a network?",
        known=KNOWN[data],
        data=f"Generated {DATA[data].lower()} of {SIZE} × {SIZE} pixels at each difficulty, objects against background: {IMAGES} with"
        f" masks to train on, and for every seed {TESTED} others to measure on, the same for all ways.",
        length=f"The network: a U-Net of depth 3 and width {WIDTH}, {STEPS} steps of {BATCH} images, trained anew for every difficulty and"
        " seed. By hand: nothing is trained, the seeds differ in their test scenes only.",
        arms=ARMS[data],
        measures=MEASURES,
        axis="difficulty",
        xs=DIFFICULTIES,
        reference="network",
        command=f"python -m seglab.bench.handcrafted {data}",
    )
