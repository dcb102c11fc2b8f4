"""Lessons as data: every stop, preset and view can be built, and links hold every state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab.lessons import LESSONS
from seglab.stage.fields import VERSION, Field
from seglab.stage.lesson import Lesson, build

NAMED_STATES = [
    pytest.param(lesson, changes, id=f"{lesson.name}: {title}")
    for lesson in LESSONS.values()
    for title, changes in [*((stop.title, stop.state) for stop in lesson.stops), *lesson.presets]
]


@pytest.mark.parametrize(("lesson", "changes"), NAMED_STATES)
def test_every_stop_and_preset_can_be_built_and_linked(lesson: Lesson, changes: dict) -> None:
    state = lesson.state(**changes)
    pipeline = build(lesson, state)
    assert pipeline.check() <= 1e-9
    again, problems = lesson.read(lesson.link(state))
    assert problems == []
    assert lesson.link(again) == lesson.link(state)
    np.testing.assert_array_equal(build(lesson, again).output, pipeline.output)


@pytest.mark.parametrize("name", ["convolution", "channels", "transposed_convolution", "output_size"])
def test_every_view_of_one_operator_shows_the_same_output_where_it_can_be_built(name: str) -> None:
    lesson, outputs = LESSONS[name], []
    views = [view for view in lesson.views if view.follows == "y"]  # what follows another grid shows another operator
    for view in views:
        state = lesson.state(view=view.name)
        try:
            outputs.append(build(lesson, state).values("y"))
        except ValueError:
            continue
    same = [output for output in outputs if output.shape == outputs[0].shape]
    assert len(same) >= min(5, len(views))
    for output in same:
        np.testing.assert_allclose(output, outputs[0])


def values(field: Field) -> st.SearchStrategy:
    if field.kind == "int":
        return st.integers(field.low, field.high)
    if field.kind == "number":
        return st.integers(field.low * 1000, field.high * 1000).map(lambda n: n / 1000)
    if field.kind == "pair":
        return st.lists(st.integers(field.low, field.high), min_size=2, max_size=2)
    if field.kind == "choice":
        return st.sampled_from(field.options)
    if field.kind == "flag":
        return st.booleans()
    cell = st.integers(-999_999_999, 999_999_999).map(lambda n: n / 1000)
    if field.planes:
        few = st.tuples(*[st.integers(field.low, field.high)] * 2, st.lists(cell, min_size=5, max_size=5))
        return few.map(lambda drawn: np.resize(drawn[2], (*field.planes, *drawn[:2])).tolist())
    literal = st.tuples(*[st.integers(field.low, min(8, field.high))] * 2).flatmap(
        lambda size: st.lists(st.lists(cell, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
    )
    if field.high < 8:  # a grid of one size takes no pattern of another
        return literal
    pattern = st.builds(
        lambda name, n, h, w: f"{name}{n}.{h}x{w}",
        st.sampled_from(["random", "ones", "disc"]),
        st.integers(0, 999),
        *[st.integers(1, 64)] * 2,
    )
    photo = st.builds(lambda n, h, w: f"photo{n}.{h}x{w}", st.integers(0, 1), *[st.integers(1, 64)] * 2)
    scene = st.builds(lambda n, h, w: f"scene{n}.{h}x{w}", st.integers(0, 999), *[st.integers(1, 128)] * 2)
    return st.one_of(literal, pattern, photo, scene)


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_links_hold_every_state(lesson: Lesson) -> None:
    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.fixed_dictionaries({field.name: values(field) for field in lesson.fields}))
    def holds(state: dict) -> None:
        link = lesson.link(state)
        assert all(set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789._~-") for text in link.values())
        again, problems = lesson.read(link)
        assert problems == []
        assert again == state

    holds()


def test_defaults_are_left_out() -> None:
    for lesson in LESSONS.values():
        assert lesson.link(lesson.defaults) == {}, "the first stop is what the lesson opens with"
        assert lesson.link(lesson.state(at=7))["v"] == VERSION


def test_a_stops_number_alone_is_a_link_to_it() -> None:
    for lesson in LESSONS.values():
        for number, stop in enumerate(lesson.stops[1:], start=2):
            state = lesson.state(stop=number, **stop.state)
            assert lesson.link(state) == {"v": VERSION, "stop": str(number)}
            assert lesson.read({"stop": str(number)}) == (state, [])
            changed = lesson.state(stop=number, at=7)
            assert lesson.read(lesson.link(changed)) == (changed, []), "the lesson's own values are written where the stop has others"


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"stride": "9"}, "stride=9 is out of range (1 to 4): the lesson starts with 1."),
        ({"stride": "two"}, "stride=two is not a whole number: the lesson starts with 1."),
        ({"stride": ""}, "stride= is not a whole number: the lesson starts with 1."),
        ({"x": "1_2~3"}, "x=1_2~3 is not a grid: its rows have different lengths: the lesson starts with its own."),
        ({"x": "1_nan"}, "x=1_nan is not a grid of numbers (at most six decimals): the lesson starts with its own."),
        ({"x": "_".join("1" * 9)}, "x=1_1_1_1_1_1_1_1_1 is out of range (1 to 8 cells a side): the lesson starts with its own."),
        ({"x": "random1.99x2"}, "x=random1.99x2 is out of range (1 to 64 cells a side): the lesson starts with its own."),
        ({"x": "scene1.129x2"}, "x=scene1.129x2 is out of range (1 to 128 cells a side): the lesson starts with its own."),
        (
            {"view": "<script>"},
            "view=<script> is not one of stamp, slide, shift, zeros, matrix, bilinear, return: the lesson starts with stamp.",
        ),
        ({"count": "yes"}, "count=yes is neither 0 nor 1: the lesson starts with 0."),
        ({"v": "7", "at": "1"}, "This link is from version 7 of the lesson: this is version 1, what it knows is used."),
        ({"x": "9" * 5000}, "x=999999999999999999999999… is not a grid of numbers (at most six decimals): the lesson starts with its own."),
    ],
)
def test_nonsense_in_a_link_is_answered_in_a_sentence(link: dict, sentence: str) -> None:
    state, problems = LESSONS["transposed_convolution"].read(link)
    assert problems == [sentence]
    assert state == LESSONS["transposed_convolution"].state(**({"at": 1} if "at" in link else {}))


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"b": "1~~2"}, "b=1~~2 is not 4 grids of numbers with ~~ between them: the lesson starts with its own."),
        ({"b": "1~~2~~3~~4_5"}, "b=1~~2~~3~~4_5 is out of range (1 to 1 cells a side): the lesson starts with its own."),
        (
            {"b": "1~~2~~3~~disc1.1x1"},
            "b=1~~2~~3~~disc1.1x1 is not a grid of numbers (at most six decimals): the lesson starts with its own.",
        ),
        ({"x": "1~~2~~3~~4_5"}, "x=1~~2~~3~~4_5 is not a stack of grids of one size: the lesson starts with its own."),
    ],
)
def test_nonsense_for_several_planes_is_answered_in_a_sentence(link: dict, sentence: str) -> None:
    assert LESSONS["channels"].read(link) == (LESSONS["channels"].defaults, [sentence])


def test_a_pair_is_a_number_or_two() -> None:
    lesson = LESSONS["output_size"]
    assert lesson.read({"kernel": "3x5"})[0]["kernel"] == [3, 5]
    assert lesson.read({"kernel": "5"})[0]["kernel"] == [5, 5]
    assert lesson.read({"kernel": "1x2x3"})[1]
    assert lesson.link(lesson.state(kernel=[5, 5]))["kernel"] == "5"
