"""The stage in a notebook cell: the standalone page in a frame."""

from __future__ import annotations

import html

from seglab.export.asked import asked
from seglab.export.html import standalone
from seglab.export.lesson_of import lesson_of
from seglab.pipeline import Pipeline
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson
from seglab.trace import Trace

HEIGHT = 720


class Shown:
    """A lesson's stage as a notebook's cell shows it: leave `show(...)` as the last line of the cell."""

    def __init__(self, lesson: Lesson, state: State) -> None:
        self.lesson, self.state = lesson, state

    def _repr_html_(self) -> str:
        return lesson_frame(self.lesson, self.state)


def show(lesson: str, **settings: object) -> Shown:
    """The stage of a lesson, as in its page: ``show("convolution", stop=3, stride=2)``, values as they are written in a link.

    Raises ValueError with a sentence for an unknown lesson, field or value.
    """
    return Shown(*asked(lesson, [f"{name}={value}" for name, value in settings.items()]))


def lesson_frame(lesson: Lesson, state: State) -> str:
    """An iframe with a lesson's stage inside."""
    page = html.escape(standalone(lesson, state), quote=True)
    return f'<iframe title="{html.escape(lesson.title)}" srcdoc="{page}" style="width:100%;height:{HEIGHT}px;border:0"></iframe>'


def frame(made: Trace | Pipeline) -> str:
    """An iframe with the stage inside; where the trace has no stage, its output as text."""
    try:
        lesson = lesson_of(made)
    except ValueError as error:
        return f"<pre>{html.escape(str(error))}\n{html.escape(str(made.output))}</pre>"
    return lesson_frame(lesson, lesson.defaults)
