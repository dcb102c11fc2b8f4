"""Exports: a trace, a pipeline or a lesson as a file."""

from __future__ import annotations

import json
from pathlib import Path

from seglab.export.html import standalone
from seglab.export.lesson_of import lesson_of
from seglab.pipeline import Pipeline
from seglab.stored import as_json
from seglab.trace import Trace

SUFFIXES = (".html", ".json")


def save(made: Trace | Pipeline, path: str | Path) -> Path:
    """Write `made` to `path`: .json holds the call and its output, .html is the stage in one file, working without a network.

    Returns the path. Raises ValueError for another suffix.
    """
    target = Path(path)
    if target.suffix == ".json":
        text = json.dumps(as_json(made))
    elif target.suffix == ".html":
        lesson = lesson_of(made)
        text = standalone(lesson, lesson.defaults)
    else:
        raise ValueError(f"{target.name} has no suffix that can be written: choose one of {', '.join(SUFFIXES)}")
    target.write_text(text, encoding="utf-8")
    return target
