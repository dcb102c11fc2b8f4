"""A lab: a page where whole networks are built, run or compared, with the same words and questions around it as a lesson."""

from __future__ import annotations

from dataclasses import dataclass

from seglab.stage.lesson import Question


@dataclass(frozen=True)
class Lab:
    """The words of a lab's page. What a question `shows` are parameters of the page's address."""

    name: str
    title: str
    sentence: str
    icon: str  # of Google's Material Symbols
    minutes: int  # how long it takes a student alone
    card: str  # what the start page says of it
    text: str = ""  # Markdown
    questions: tuple[Question, ...] = ()
    stops: tuple[()] = ()  # a lab has none; whoever counts a lesson's asks a lab too
