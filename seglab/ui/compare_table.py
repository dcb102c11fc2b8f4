"""The final numbers of several runs, and in which settings they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from seglab.train.config import TrainConfig
from seglab.train.metrics import Scores
from seglab.ui.compare_subjects import Subject, differing, told
from seglab.ui.measures import percent
from seglab.ui.runs import STATUS
from seglab.ui.table import table

MEASURED = ("mean IoU", "Dice", "boundary F", "accuracy")


def numbers_panel(subjects: Sequence[Subject], names: Sequence[str]) -> None:
    """A table of all runs, and below it what is to be said of them."""
    settings = differing([subject.config for subject in subjects])
    labels = [TrainConfig.__dataclass_fields__[name].metadata["label"].lower() for name in settings]
    head = ["run", *labels, *MEASURED, "parameters", "steps", "seconds"]
    lines = [
        [name, *(told(values[place]) for values in settings.values()), *_measures(subject), *_length(subject)]
        for place, (name, subject) in enumerate(zip(names, subjects, strict=True))
    ]
    constant = _constant(subjects)
    if constant:
        word, accuracy, iou = constant
        lines.append([f"every pixel {word}", *[""] * len(settings), _number(iou), "", "", percent(accuracy), "0", "", ""])
    table(head, lines, "Final numbers of the runs")
    for said in _said(subjects, names, settings):
        st.caption(said)


def _measures(subject: Subject) -> list[str]:
    scores = subject.results.get("scores")
    if not scores:
        latest = next((point.mean_iou for point in reversed(subject.points) if point.mean_iou is not None), None)
        return [f"{latest:.3f} so far" if latest is not None else "–", "–", "–", "–"]
    found = Scores.from_json(scores)
    return [*(_number(value) for value in (found.mean_iou, found.mean_dice, found.mean_boundary)), percent(found.accuracy)]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _length(subject: Subject) -> list[str]:
    return [f"{subject.parameters:,}", str(subject.step), f"{subject.seconds:.0f}"]


def _constant(subjects: Sequence[Subject]) -> tuple[str, float, float] | None:
    """What calling every pixel the same would reach, where all runs were measured on the same pixels."""
    scores = [Scores.from_json(subject.results["scores"]) for subject in subjects if subject.results.get("scores")]
    truths = [one.confusion.sum(1).tolist() for one in scores]
    if not truths or any(truth != truths[0] for truth in truths):
        return None
    best, accuracy, iou = scores[0].constant
    return subjects[0].classes[0][best], accuracy, iou


def _said(subjects: Sequence[Subject], names: Sequence[str], settings: dict[str, list[object]]) -> list[str]:
    """What the table cannot say in its cells."""
    said = []
    if len(subjects) > 1:
        what = "Only the settings in which they differ have a column." if settings else "They are configured alike, down to the seed."
        alone = " The seed differs, too: what one pair of runs shows may be chance." if "seed" in settings else ""
        said.append(f"{what}{alone} One run of each can mislead: the experiments have five.")
    under_way = [
        f"{name}: {STATUS[subject.status][0]}" for name, subject in zip(names, subjects, strict=True) if subject.status != "finished"
    ]
    if under_way:
        said.append(f"{'; '.join(under_way)}. Final numbers come with the end of a run.")
    watched = [name for name, subject in zip(names, subjects, strict=True) if subject.belongs]
    if watched:
        said.append(f"{', '.join(watched)}: somebody else’s; you are watching.")
    return said
