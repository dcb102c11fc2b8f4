"""The stage in a notebook cell: the standalone page in a frame."""

from __future__ import annotations

import html

from seglab.export.html import standalone
from seglab.export.lesson_of import lesson_of
from seglab.pipeline import Pipeline
from seglab.trace import Trace

HEIGHT = 720


def frame(made: Trace | Pipeline) -> str:
    """An iframe with the stage inside; where the trace has no stage, its output as text."""
    try:
        lesson = lesson_of(made)
    except ValueError as error:
        return f"<pre>{html.escape(str(error))}\n{html.escape(str(made.output))}</pre>"
    page = html.escape(standalone(lesson, lesson.defaults), quote=True)
    return f'<iframe title="{html.escape(lesson.title)}" srcdoc="{page}" style="width:100%;height:{HEIGHT}px;border:0"></iframe>'
