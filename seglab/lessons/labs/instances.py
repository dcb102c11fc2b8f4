"""The words of the lab Instances and panoptic (curriculum D10, of A1 the panoptic answer)."""

from __future__ import annotations

from itertools import product

import numpy as np

from seglab.infer.merging import Candidate, merge
from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked
from seglab.train.panoptic import Quality, matching


def ask_quality(turn: int) -> Asked:
    iou, tp, fp, fn = pick(turn, (0.8, 6, 2, 2), tuple(product((0.7, 0.8, 0.9), (4, 6, 9), (1, 2, 4), (0, 2, 3))))
    quality = Quality((iou,) * tp, fp, fn)
    mistakes = iou * tp / (tp + fp + fn), iou * tp / (tp + fp), quality.rq, iou
    told = dict.fromkeys(sorted(f"{value:.2f}" for value in (quality.pq, *mistakes)))
    right = f"{quality.pq:.2f}"
    answers = [right, *(one for one in told if one != right)][:4]
    question = (
        f"{tp} found cells match true ones, each with an IoU of {iou:g}. {fp} {'matches' if fp == 1 else 'match'} none, and {fn} true ones"
        " are missed. What is PQ?"
    )
    because = f"SQ is {iou:g}, RQ {tp} / ({tp} + {fp}/2 + {fn}/2) = {quality.rq:.3f}, and their product {quality.pq:.2f}."
    return Asked(question, tuple(sorted(answers)), right, because, {"part": "cells"})


def ask_match(turn: int) -> Asked:
    first, second, bridge = pick(turn, (60, 40, 2), tuple(product((30, 50, 60, 90), (20, 40, 45), (1, 2, 4))))
    truth = np.repeat([1, 0, 2], [first, bridge, second])
    found = np.ones_like(truth)
    paired = matching(found, truth)
    whole = first + second + bridge
    told = ("1 match, 0 missed", "1 match, 1 missed", "0 matches, 2 missed", "2 matches, 0 missed")
    right = told[1] if paired.matches else told[2]
    question = (
        f"Two true cells of {first} and {second} pixels are found as one of {whole}, bridge included. How many match at an IoU above ½, how"
        " many are missed?"
    )
    because = (
        f"The found one shares {first} of {whole} pixels with one cell, IoU {first / whole:.2f}, and {second} with the other,"
        f" {second / whole:.2f}. " + ("One is above ½." if paired.matches else "Neither is above ½: the found one is false besides.")
    )
    return Asked(question, told, right, because, {"part": "cells", "way": "components"})


def ask_merge(turn: int) -> Asked:
    person, purse, shared, sure = pick(turn, (40, 10, 8, 60), tuple(product((40, 50), (10, 16), (4, 6, 9), (60, 95))))
    row = np.arange(person + purse - shared)
    one = Candidate(1, (row < person)[None], 0.9)
    other = Candidate(2, (row >= person - shared)[None], sure / 100)
    _, taken = merge([one, other], np.zeros((1, len(row)), int), ())
    left = next(int(take.pixels.sum()) for take in taken if take.candidate.label == 2)
    told = {0: "none: it is dropped", purse: f"all {purse}", purse - shared: f"{purse - shared}", shared: f"{shared}"}
    question = (
        f"A person of {person} pixels, sure to 0.90, and a purse of {purse}, sure to {sure / 100:.2f}, both claim {shared} pixels. The"
        " surest goes first; who finds less than half of its pixels free is dropped. How many pixels has the purse in the end?"
    )
    because = (
        "The purse is surer and goes first."
        if sure > 90
        else f"The person goes first; {purse - shared} of {purse} are left for the purse, {'at least half' if left else 'less than half'}."
    )
    return Asked(question, tuple(told[key] for key in choices(left, *told)), told[left], because, {"part": "merge", "purse": sure})


INSTANCES = Lab(
    name="instances",
    title="Instances and panoptic",
    sentence="From the pixels of a class to its objects, one by one; then every pixel gets a class and things an id.",
    icon="bubble_chart",
    minutes=15,
    card="Five ways from a semantic mask to single cells, with every number of PQ in sight; then things and stuff merged.",
    text=(
        "## One mask, many objects\n"
        "- **Components** need no learning, but one bridge of a pixel makes two cells one: both may be lost, and mean IoU hardly moves.\n"
        "- **Border class.** The network itself says where an object ends. Its rim is two pixels wide, so interiors stay apart even"
        " where the gap is one pixel.\n"
        "- **Weight map.** Same network, same two classes; the loss counts gaps up to 11 times. What comes after stays simple.\n"
        "- **Watershed.** The mask stays as it is; where it has a waist it is cut. It knows nothing of cells but that they are round.\n"
        "## PQ\n"
        "- Two segments match if their IoU is above ½. Then no other can match either: segments do not overlap, so two IoUs above ½ with"
        " one segment would need more pixels than it has.\n"
        "- **SQ** is the mean IoU of matches, **RQ** the F of segments, **PQ** their product, for each class; then the mean over classes.\n"
        "- Of stuff, a class is one segment an image, so a class of stuff is right or wrong as a whole.\n"
        "## What this page leaves out\n"
        "Networks that find objects themselves, such as Mask R-CNN, and those that predict offsets to centres. The scenes have no pixels"
        " whose truth is unknown (void), which benchmarks leave out of the count."
    ),
    questions=(ask_quality, ask_match, ask_merge),
)
