"""What a command line asks for: a lesson by name or link, and settings as ``name=value``, written as in a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from urllib.parse import parse_qsl

from seglab.lessons import LESSONS
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson, build

PAGE = ("v", "lecture", "embed", "hide")  # parameters of a link that are not the lesson's


def asked(lesson: str, settings: Sequence[str] = ()) -> tuple[Lesson, State]:
    """The lesson and its state.

    `lesson` is a name, or a link with parameters. Raises ValueError with a sentence for an unknown lesson, field or value, and for settings
    that are impossible together.

    >>> lesson, state = asked("transposed_convolution?stop=4", ["stride=1"])
    >>> state["stop"], state["stride"], state["padding"]
    (4, 1, 1)
    """
    name, _, parameters = lesson.rpartition("/")[2].partition("?")
    if name not in LESSONS:
        raise ValueError(f"lesson {name!r} is unknown: {_nearest(name, list(LESSONS))}")
    found = LESSONS[name]
    given = {key: value for key, value in parse_qsl(parameters, keep_blank_values=True) if key not in PAGE}
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign:
            raise ValueError(f"setting {setting!r} is not name=value, as in stride=2")
        given[key] = value
    state = _read(found, given)
    build(found, state)
    return found, state


def _read(lesson: Lesson, given: Mapping[str, str]) -> State:
    fields = {field.name: field for field in lesson.fields}
    values = {}
    for name, text in given.items():
        if name not in fields:
            raise ValueError(f"{name!r} is not a field of {lesson.name}: {_nearest(name, list(fields))}")
        try:
            values[name] = fields[name].read(text)
        except ValueError as error:
            raise ValueError(f"{name}={text} is {error}") from None
    return {**lesson.usual(values.get("stop", 1)), **values}


def _nearest(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, 1)
    return f"is {close[0]} meant?" if close else f"choose from {', '.join(names)}"
