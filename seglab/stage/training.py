"""Gradient descent on a lesson's own network, as the stage does it in the browser. The twin of ``training.js``."""

from __future__ import annotations

from typing import Any

import numpy as np

from seglab.losses import binary_cross_entropy
from seglab.pipeline import Pipeline, PipelineGradients
from seglab.stage.fields import State, cells, mixed
from seglab.stage.lesson import Lesson, Ref, Training, build


def trained_fields(lesson: Lesson, state: State) -> list[str]:
    """The fields of the lesson's training that the open view uses, weights before biases."""
    training, view = _training(lesson), lesson.view(state)
    used: set[str] = set()
    for step in view.steps_in(state):
        used |= set(step.weight) if isinstance(step.weight, tuple) else {str(step.weight)}
        used |= {value.field for value in step.operands.values() if isinstance(value, Ref)}
    return [name for name in (*training.weights, *training.biases) if name in used]


def drawn(lesson: Lesson, state: State, seed: int) -> State:
    """`state` with random weights, evenly between -1 and 1 and the same in Python and in the browser, and with biases of 0."""
    training, names = _training(lesson), trained_fields(lesson, state)
    sizes = {name: cells(state[name]).size for name in names if name in training.weights}
    draws = iter((mixed(seed, sum(sizes.values())) * 2 - 1).tolist())
    fresh: dict[str, Any] = {}
    for name in names:
        shape = cells(state[name]).shape if name in sizes else ()
        fresh[name] = np.array([round(next(draws), 6) for _ in range(sizes[name])]).reshape(shape).tolist() if shape else 0
    return {**state, **fresh}


def gradients(lesson: Lesson, state: State, pipeline: Pipeline | None = None) -> tuple[float, PipelineGradients, dict[str, Any]]:
    """The summed loss of a state, its gradients by every grid, and by every field that is trained."""
    training = _training(lesson)
    made = pipeline or build(lesson, state)
    probabilities = made.values(training.output)
    loss, slope = binary_cross_entropy(probabilities, made.values(training.truth).reshape(probabilities.shape))
    found = made.backward(slope, training.output)
    return loss, found, _by_field(lesson, state, made, found)


def descended(lesson: Lesson, state: State, rate: float) -> tuple[State, float]:
    """One step of gradient descent: the state after it, and the summed loss before it."""
    loss, _, slopes = gradients(lesson, state)
    after: dict[str, Any] = {}
    for name in trained_fields(lesson, state):
        before = cells(state[name]) if isinstance(state[name], (list, str)) else np.float64(state[name])
        after[name] = (before - rate * slopes[name]).tolist()
    return {**state, **after}, loss


def _training(lesson: Lesson) -> Training:
    if lesson.trains is None:
        raise ValueError(f"{lesson.name} has nothing to train: choose a lesson with a network")
    return lesson.trains


def _by_field(lesson: Lesson, state: State, made: Pipeline, found: PipelineGradients) -> dict[str, Any]:
    slopes: dict[str, Any] = {}
    for step in lesson.view(state).steps_in(state):
        trace, weight = made[step.grid], found.steps[step.grid].weight
        if isinstance(step.weight, tuple) and weight is not None:
            slopes |= {name: weight[0, plane] for plane, name in enumerate(step.weight)}
        elif isinstance(step.weight, str) and weight is not None:
            slopes[step.weight] = weight[0, 0]
        bias = step.operands.get("bias")
        if isinstance(bias, Ref):  # also where it is 0 and so left out of the operator
            arriving = found.grids[step.grid].ravel()
            slopes[bias.field] = np.float64(
                (arriving if trace.activation is None else arriving * trace.activation.slope(trace.linear)).sum()
            )
    return slopes
