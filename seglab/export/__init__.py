"""Exports: a trace, a pipeline or a lesson's state as a file."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from seglab.export.html import standalone
from seglab.export.lesson_of import lesson_of
from seglab.export.marks import Look
from seglab.pipeline import Pipeline
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson, build
from seglab.stored import as_json
from seglab.trace import Trace

SUFFIXES = (".gif", ".html", ".json", ".png", ".svg")
LONGEST_NAME, LONGEST_VALUE = 80, 16


def save(made: Trace | Pipeline, path: str | Path) -> Path:
    """Write `made` to `path`, in the kind of file that its suffix says.

    .json holds the call and its output, .html is the stage in one file, working without a network; .png and .svg show the finished walk,
    .gif plays it. Returns the path. Raises ValueError for another suffix and for what cannot be drawn, OSError where the file cannot be
    written.
    """
    target = Path(path)
    refuse_suffix(target)
    if target.suffix == ".json":
        return _write(target, json.dumps(as_json(made)).encode())
    lesson = lesson_of(made)
    return save_lesson(lesson, lesson.defaults, target)


def save_lesson(lesson: Lesson, state: State, path: str | Path, look: Look | None = None) -> Path:
    """Write a lesson's state to `path`, likewise. Returns the path."""
    target = Path(path)
    return _write(target, exported(lesson, state, refuse_suffix(target), look))


def exported(lesson: Lesson, state: State, suffix: str, look: Look | None = None) -> bytes:
    """The content of a file of a lesson's state. Raises ValueError with a sentence where it cannot be made."""
    if suffix == ".json":
        return _json(lesson, state)
    if suffix == ".html":
        build(lesson, state)
        return standalone(lesson, state).encode()
    from seglab.export.pictures import picture

    return picture(lesson, state, suffix, look)


def refused(lesson: Lesson, state: State, pipeline: Pipeline | None = None) -> dict[str, str]:
    """Which files of a state cannot be made: by suffix, a sentence that says why. Quick, more so with the state's `pipeline`."""
    from seglab.export.pictures import refusals
    from seglab.export.scene import make_scene

    try:
        return refusals(make_scene(lesson, state, pipeline))
    except ValueError as error:
        return dict.fromkeys(SUFFIXES, str(error))


def refuse_suffix(target: Path) -> str:
    """The suffix of a file that can be written. Raises ValueError for another."""
    if target.suffix not in SUFFIXES:
        raise ValueError(f"{target.name} has no suffix that can be written: choose one of {', '.join(SUFFIXES)}")
    return target.suffix


def file_name(lesson: Lesson, state: State, suffix: str) -> str:
    """A name that tells the setting, as its link does; a long value is told by a few letters of its fingerprint.

    >>> from seglab.lessons import LESSONS
    >>> lesson = LESSONS["transposed_convolution"]
    >>> file_name(lesson, lesson.state(stop=3, stride=4, at=2), ".gif")
    'transposed_convolution-stop3-stride4-at2.gif'
    """
    parts = [
        f"{name}{value if len(value) <= LONGEST_VALUE else _fingerprint(value)}"
        for name, value in lesson.link(state).items()
        if name != "v"
    ]
    name = "-".join([lesson.name, *parts])
    return (name if len(name) <= LONGEST_NAME else f"{lesson.name}-{_fingerprint(name)}") + suffix


def _fingerprint(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _json(lesson: Lesson, state: State) -> bytes:
    """The pipeline of a state as `seglab.load` reads it, with the lesson, the link and the state beside it."""
    from seglab.export.pictures import link

    return json.dumps({**as_json(build(lesson, state)), "lesson": lesson.name, "link": link(lesson, state), "state": state}).encode()


def _write(target: Path, data: bytes) -> Path:
    try:
        target.write_bytes(data)
    except OSError as error:
        raise OSError(f"{target} cannot be written: {error.strerror or error}") from None
    return target
