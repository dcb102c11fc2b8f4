"""The experiments of the page Compare, by name.

Data and lengths were chosen in pilots with the seeds 100 and 101 (`bench/experiments.py --pilot`), before any of the seeds that are shown
was trained. The images are the same for all seeds; a seed decides the initial weights and the order of the images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seglab.train.experiment import BASE, TESTED, Experiment
from seglab.train.study import Measure, Study

IOU = Measure("mean_iou", "Mean IoU")
BOUNDARY = Measure("boundary", "Boundary F")
THIN = Measure("thin", "Recall of thin vessels")
KNOWN = Measure("known", "Mean IoU on the training images")
LOSS = Measure("loss", "Final training loss", better="lower")
SEPARATED = Measure("separated", "Separated cells, share")
MERGED = Measure("merged", "Merged cells, share", better="lower")
LINE = Measure("line", "F of the border line")

CELLS, VESSELS = replace(BASE, data="cells"), replace(BASE, data="vessels")
UNET = "[arXiv:1505.04597](https://arxiv.org/abs/1505.04597)"
SEGNET = "[arXiv:1511.00561](https://arxiv.org/abs/1511.00561)"
SCENES = f"{TESTED} held-out scenes of {BASE.size} × {BASE.size} pixels"
NET = f"width {BASE.width}, depth {BASE.depth}, batches of {BASE.batch}"


def _study(name: str, title: str, question: str, known: str, trained: str, length: str, **more: Any) -> Study:
    data = f"{trained} Measured on {SCENES}."
    return Study(name, title, question, known, data, length, command=f"python -m seglab.bench.experiments {name}", **more)


SKIPS = Experiment(
    _study(
        "skips",
        "Skips",
        "What do skip connections do for borders and for what is thin?",
        f"Known: they bring back where things are, which pooling has lost ({UNET}). Concatenation is not a residual connection: "
        "it adds nothing, the next convolution weighs both halves.",
        "512 generated retinas.",
        f"U-Net of {NET}, 200 steps.",
        arms={"none": "no skips", "add": "addition", "concat": "concatenation"},
        measures=(IOU, BOUNDARY, THIN),
    ),
    replace(VESSELS, steps=200),
    {name: {"skip": name} for name in ("none", "add", "concat")},
    found="*Tried beforehand, seeds 100 and 101:* recall of thin vessels 0.58 and 0.60 without skips, 0.94 to 0.95 with either. On cells, "
    "which are wide, mean IoU rose from 0.77 to 0.87 (seed 100).",
    told=(
        "what joins",
        {"none": "the decoder’s map alone", "add": "both maps, cell by cell", "concat": "both maps, one behind the other"},
    ),
)

DECODERS = Experiment(
    _study(
        "decoders",
        "Decoders",
        "Does it matter how a decoder doubles its maps?",
        f"Known: unpooling puts values back where the maxima were (SegNet, {SEGNET}); a transposed convolution learns its kernel, "
        "nearest and bilinear have none to learn.",
        "512 generated images of cells.",
        f"Encoder and decoder without skips, so that all detail has to come this way; {NET}, 200 steps.",
        arms={"nearest": "nearest", "bilinear": "bilinear", "unpool": "max unpooling", "transposed": "transposed convolution"},
        measures=(IOU, BOUNDARY, SEPARATED),
    ),
    replace(CELLS, skip="none", steps=200),
    {name: {"upsampling": name} for name in ("nearest", "bilinear", "unpool", "transposed")},
    found="Unpooling remembers where each maximum was, and so brings back edges that the others have to guess. What is learnable is not "
    "therefore better. *Tried beforehand, seed 100:* with skips by concatenation the four lie close together, boundary F 0.952 (nearest), "
    "0.950 (bilinear), 0.941 (unpooling) and 0.945 (transposed): what the decoder loses comes back beside it.",
    told=(
        "learnable?",
        {
            "nearest": "no; a 1 × 1 convolution after it is",
            "bilinear": "no; a 1 × 1 convolution after it is",
            "unpool": "no: it remembers places; a 1 × 1 convolution before it is",
            "transposed": "yes: a 2 × 2 kernel from every channel to every channel",
        },
    ),
)

ALL: dict[str, Any] = {"flips": True, "rotation": 180.0, "scale": 0.2, "elastic": 3.0, "brightness": 0.3, "noise": 0.1}
AUGMENTATION = Experiment(
    _study(
        "augmentation",
        "Augmentation",
        "How far do eight training images reach, with and without augmentation?",
        f"Known: a network learns a few images by heart; transformed again and again, they teach it more ({UNET}).",
        "8 generated images of cells, the same 8 for all seeds.",
        f"U-Net of {NET}, 300 steps.",
        arms={"none": "as they are", "flips": "flipped and turned by quarters", "all": "also rotated, scaled, bent, spoilt"},
        measures=(IOU, KNOWN, LOSS, BOUNDARY),
    ),
    replace(CELLS, images=8, steps=300),
    {"none": {"flips": False}, "flips": {"flips": True}, "all": ALL},
    found="As they are, the eight images are learned by heart: mean IoU 0.996 on them, 0.672 on others. That gap is overfitting. "
    "Flips close most of it; all transformations together bring no more here, and 300 steps are short for them: the network does not fit "
    "its own eight images yet (0.872, training loss 0.20). *Tried beforehand, seed 100:* on 8 retinas flips raise mean IoU from 0.847 to "
    "0.907, and all together to 0.905.",
    told=(
        "what changes",
        {
            "none": "nothing but the sign of the grey values, as always here",
            "flips": "8 orientations of each image",
            "all": "besides, up to 180° of rotation, 20 % of scale, 3 pixels of bending, light and noise",
        },
    ),
)

WEIGHTS = Experiment(
    _study(
        "weights",
        "Weight map",
        "Does the weight map of the U-Net paper keep touching cells apart?",
        f"Known: w₀ = 10 and σ = 5 raise the loss in narrow gaps, so that networks learn to leave them free ({UNET}).",
        "512 generated images of cells, which touch in clumps.",
        f"U-Net of {NET}, 250 steps.",
        arms={"plain": "cross-entropy", "weighted": "with the weight map"},
        measures=(SEPARATED, MERGED, IOU, BOUNDARY),
    ),
    replace(CELLS, steps=250),
    {"plain": {"loss": "cross-entropy"}, "weighted": {"loss": "weighted"}},
    found="Mean IoU says the opposite, and is right, too: the gaps are drawn too wide. Of seed 0’s cell pixels 82 % are found with the map "
    "and 91 % without, of its background 98 % and 95 %. *Tried beforehand, seeds 100 and 101:* on easier images (difficulty 0.25) 45 % and "
    "63 % of the cells are separated without the map, 87 % and 90 % with it.",
    told=("loss", {"plain": "each pixel counts 1", "weighted": "each pixel counts 1 to 11"}),
)

REGISTRATION = Experiment(
    _study(
        "registration",
        "Registration",
        "What does it cost if training masks lie beside their images?",
        "Known: image and mask have to lie on each other; a network learns their offset as if it were true.",
        "512 generated images of cells, each mask shifted to the right and down by so many pixels; not flipped, so always the same way.",
        f"U-Net of {NET}, 200 steps.",
        arms={"unet": "U-Net"},
        measures=(BOUNDARY, IOU, LOSS),
        axis="pixels of shift",
        xs=(0, 1, 2, 4),
    ),
    replace(CELLS, flips=False, steps=200),
    {"unet": {}},
    setting="shift",
    found="One pixel costs boundary F little because it forgives two; mean IoU forgives nothing. The training loss hardly notices: masks "
    "that always lie to the same side are learned as well as true ones, and only true masks show the harm. *Tried beforehand, seed 100:* "
    "with flips the offset points elsewhere each time and cannot be learned. Boundary F then is 0.945, 0.914, 0.857, 0.636 at 0, 1, 2, 4 "
    "pixels, and the loss tells: 0.16, 0.23, 0.31, 0.44.",
)

DEPTH = Experiment(
    _study(
        "depth",
        "Depth",
        "How many halvings does the encoder need?",
        "Known: each doubles the field that an output cell sees, and the channels of the next level; parameters grow about fourfold.",
        "512 generated satellite images (land cover).",
        f"U-Net of width {BASE.width}, batches of {BASE.batch}, 200 steps.",
        arms={"unet": "U-Net"},
        measures=(IOU, BOUNDARY),
        axis="levels of depth",
        xs=(1, 2, 3, 4),
    ),
    replace(BASE, data="landcover", steps=200),
    {"unet": {}},
    setting="depth",
    found="Seeds differ more than depths here. Towns and roads are 7 % and 3 % of the pixels: after 200 steps a network has found them or "
    "not, and that moves the mean of five classes. At seed 0, depth 1 has an IoU of 0.01 for towns, depths 2 to 4 of 0.69 to 0.78; for "
    "roads all have 0. On cells, of two large classes, the same question has an answer: see *Depth, on cells*.",
)

DEPTH_CELLS = Experiment(
    _study(
        "depth-cells",
        "Depth, on cells",
        "How many halvings does the encoder need where both classes are large?",
        "Known: each doubles the field that an output cell sees; the middle one of these cells is 16 pixels wide.",
        "512 generated images of cells.",
        f"U-Net of width {BASE.width}, batches of {BASE.batch}, 200 steps.",
        arms={"unet": "U-Net"},
        measures=(IOU, BOUNDARY, SEPARATED),
        axis="levels of depth",
        xs=(1, 2, 3, 4),
    ),
    replace(CELLS, steps=200),
    {"unet": {}},
    setting="depth",
    found="*Tried beforehand, seed 100:* mean IoU 0.708, 0.857, 0.867, 0.857 and boundary F 0.793, 0.938, 0.945, 0.941 for depth 1 to 4.",
)

BORDERS = Experiment(
    _study(
        "borders",
        "Borders",
        "The same network asked for the borders instead of the regions: who draws the better line?",
        "Known: few pixels are border, so a network of borders sees a rarer class.",
        "512 generated images of cells.",
        f"U-Net of {NET}, 250 steps.",
        arms={"regions": "regions, their borders drawn after", "borders": "borders at once"},
        measures=(LINE, SEPARATED, MERGED),
    ),
    replace(CELLS, steps=250),
    {"regions": {"target": "regions"}, "borders": {"target": "borders"}},
    told=("its mask", {"regions": "background or cell", "borders": "region or border, 2 pixels wide"}),
)

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment for experiment in (SKIPS, DECODERS, AUGMENTATION, WEIGHTS, REGISTRATION, DEPTH, DEPTH_CELLS, BORDERS)
}
