"""Questions: the lecture's numbers first and new ones after, answers that differ, and a picture that shows the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seglab.lessons import LESSONS
from seglab.lessons.asking import choices, pick
from seglab.pipeline import Pipeline
from seglab.sizes import output_size, solve_output_size
from seglab.stage.lesson import Asked, Lesson, Question, build

TURNS = 80
State = dict[str, Any]
QUESTIONS = [
    pytest.param(lesson, question, id=f"{lesson.name} {number}")
    for lesson in LESSONS.values()
    for number, question in enumerate(lesson.questions, start=1)
]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_every_lesson_asks(lesson: Lesson) -> None:
    assert 2 <= len(lesson.questions) <= 4


@pytest.mark.parametrize(("lesson", "question"), QUESTIONS)
def test_the_right_answer_is_among_choices_that_differ_and_the_picture_can_be_built(lesson: Lesson, question: Question) -> None:
    before = None
    for turn in range(TURNS):
        asked = question(turn)
        assert asked == question(turn), "a turn is always the same question"
        assert asked.choices.count(asked.right) == 1
        assert len(set(asked.choices)) == len(asked.choices)
        assert 2 <= len(asked.choices) <= 5
        assert asked.because
        assert (before is None) or (asked.question, asked.shows) != before, "new numbers each time"
        before = asked.question, asked.shows
        state = lesson.state(**asked.shows)
        build(lesson, state)
        assert lesson.read(lesson.link(state)) == (lesson.read(lesson.link(state))[0], []), "a link leads to the picture"


@pytest.mark.parametrize(("lesson", "question"), QUESTIONS)
def test_there_are_many_different_questions(lesson: Lesson, question: Question) -> None:
    assert len({str((question(turn).question, question(turn).shows)) for turn in range(TURNS)}) >= 5


def stamps(state: State) -> np.ndarray:
    """How often each output cell is stamped, one stamp at a time."""
    n, k, s = len(state["x"]), len(state["w"]), state["stride"]
    counts = np.zeros(((n - 1) * s + k,) * 2, int)
    for row in range(n):
        for column in range(n):
            counts[row * s : row * s + k, column * s : column * s + k] += 1
    return counts


def places(asked: Asked, state: State, picture: Pipeline) -> str:
    return f"{picture.output.size:,}"


def border(asked: Asked, state: State, picture: Pipeline) -> str:
    answers = picture.output != 0
    if not answers.any():
        return "Nowhere"
    if answers[1:-1, 1:-1].any():
        assert answers.all()
        return "Everywhere"
    assert answers.sum() == answers.size - answers[1:-1, 1:-1].size
    return "Along the border"


def first_cell(asked: Asked, state: State, picture: Pipeline) -> str:
    assert not np.allclose(picture.values("f"), picture.values("y")), "the flipped one differs"
    return f"{picture.values('y')[0, 0]:g}"


def overlap(asked: Asked, state: State, picture: Pipeline) -> str:
    counts = stamps(state)
    assert counts.shape == picture.output.shape
    shared = int((counts > 1).sum())
    return {0: "None", counts.size: f"All {counts.size}"}.get(shared, str(shared))


def size(asked: Asked, state: State, picture: Pipeline) -> str:
    return " × ".join(str(side) for side in picture.output.shape)


def last_row(asked: Asked, state: State, picture: Pipeline) -> str:
    return " ".join(f"{value:g}" for value in picture.output[-1])


def even(asked: Asked, state: State, picture: Pipeline) -> str:
    stride, inside = state["stride"], slice(7, -7)
    smooth = []
    for choice in asked.choices:
        counts = stamps({**state, "x": [[1] * 9] * 9, "w": [[1] * int(choice.split()[0])] * int(choice.split()[0])})
        if len(set(counts[inside, inside].flat)) == 1:
            smooth.append(choice)
    assert len(smooth) == 1
    assert len(state["w"]) % stride == 0
    return smooth[0]


def floors(asked: Asked, state: State, picture: Pipeline) -> str:
    less = output_size("conv", state["size"][0] - 1, state["kernel"][0], state["stride"][0])
    return f"{less} and {picture.output.shape[0]}"


def inverse(asked: Asked, state: State, picture: Pipeline) -> str:
    assert list(picture.output.shape) == state["target"], "the picture is one of the answers"
    return str(len(solve_output_size("conv_transpose", state["size"][0], state["target"][0], stride=state["stride"][0])))


def windows(asked: Asked, state: State, picture: Pipeline) -> str:
    return str(len(range(0, state["size"][0] - state["kernel"][0] + state["stride"][0], state["stride"][0])))


def cells_right(asked: Asked, state: State, picture: Pipeline) -> str:
    return str(int(((picture.values("y")[0] > 0.5) == (picture.values("t") > 0.5)).sum()))


def foreground(asked: Asked, state: State, picture: Pipeline) -> str:
    return str(int((picture.values("y") > 0.5).sum()))


def apart(state: State) -> float:
    return float(abs(build(LESSONS["translation"], state).values("d")).max())


def spikes(asked: Asked, state: State, picture: Pipeline) -> str:
    assert apart(state) > 0, "the picture shows the one that moves"
    column = int(np.argmax(np.max(state["x"], axis=0)))
    return f"Only the one at {column} moves"


def strides(asked: Asked, state: State, picture: Pipeline) -> str:
    assert apart(state) == 0
    assert all(apart({**state, "dx": dx}) > 0 for dx in range(1, state["dx"]))
    return str(state["dx"])


def around(asked: Asked, state: State, picture: Pipeline) -> str:
    assert apart(state) > 0, "the picture shows one that fails"
    exact = [mode for mode in asked.choices if apart({**state, "padding_mode": mode}) == 0]
    assert len(exact) == 1
    return exact[0]


def halves(asked: Asked, state: State, picture: Pipeline) -> str:
    assert apart(state) > 0
    assert "with a global mean 100% and 100%" in asked.because
    return "About 50%"


def winners(asked: Asked, state: State, picture: Pipeline) -> str:
    cells = int((picture.output != 0).sum())
    return "1 cell" if cells == 1 else f"{cells} cells"


def unpooled(asked: Asked, state: State, picture: Pipeline) -> str:
    return "Bed of nails" if (picture.values("u") == picture.values("b")).all() else "The same everywhere, as before"


def pooled(asked: Asked, state: State, picture: Pipeline) -> str:
    assert picture.output.shape == (2, 2)
    return f"{picture.output.flat[state['at'] - 1]:g}"


def learned(asked: Asked, state: State, picture: Pipeline) -> str:
    if "Which" in asked.question:
        return next(name for name, told in LESSONS["pooling"].view(state).facts if "yes, its kernel" in told)
    channels = int(asked.question.split(" channels")[0].split()[-1])
    return f"{channels**2 * np.size(state['w']):,}"


READ: dict[str, tuple[Callable[[Asked, State, Pipeline], str], ...]] = {
    "convolution": (places, border, first_cell),
    "pooling": (winners, unpooled, pooled, learned),
    "translation": (spikes, strides, around, halves),
    "transposed_convolution": (overlap, size, last_row, even),
    "output_size": (floors, inverse, windows),
    "unet_by_hand": (cells_right, foreground),
}


@pytest.mark.parametrize(
    ("name", "number", "read"), [(name, number, read) for name, readers in READ.items() for number, read in enumerate(readers)]
)
def test_the_picture_shows_the_right_answer(name: str, number: int, read: Callable[[Asked, State, Pipeline], str]) -> None:
    lesson = LESSONS[name]
    for turn in range(TURNS):
        asked = lesson.questions[number](turn)
        if asked.choices == ("Yes", "No") or asked.right == "9,604":
            continue  # asked in words, or of more pixels than the stage draws
        state = lesson.state(**asked.shows)
        assert read(asked, state, build(lesson, state)) == asked.right, asked


def test_the_lectures_own_numbers_come_first() -> None:
    right = {name: [question(0).right for question in lesson.questions] for name, lesson in LESSONS.items()}
    assert right["convolution"] == ["9,604", "Along the border", "No"]
    assert right["pooling"] == ["1 cell", "Bed of nails", "8", "Transposed convolution"]
    assert right["translation"] == ["Only the one at 3 moves", "4", "circular", "About 50%"]
    assert right["transposed_convolution"] == ["None", "3 × 3", "No", "4 × 4"]
    assert right["output_size"] == ["3 and 3", "7", "3"]


def test_pick_takes_every_setting_once_before_one_comes_again() -> None:
    drawn = [pick(turn, 4, range(10)) for turn in range(19)]
    assert drawn[0] == 4
    assert sorted(drawn[1:10]) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert drawn[10:] == drawn[1:10]


def test_choices_never_repeat_the_right_one() -> None:
    assert choices(3, 3, 3, 5, 5, 1) == [1, 3, 5]
    assert choices((1, 2), (2, 1), (1, 2), (0, 9)) == [(0, 9), (1, 2), (2, 1)]
