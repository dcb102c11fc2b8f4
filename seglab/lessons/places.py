"""Places in the app, as the glossary and the decks' index name them: ``convolution``, or ``convolution: Stride`` for one of its stops."""

from __future__ import annotations

from urllib.parse import urlencode

from seglab.lessons import LESSONS
from seglab.lessons.labs import LABS

ELSEWHERE = {"train": "A U-Net, live", **{name: lab.title for name, lab in LABS.items()}}  # pages that are no lessons


def address(place: str) -> tuple[str, str]:
    """The words for a place and the relative link to it. Raises ValueError for a place that is not there.

    >>> address("convolution: Stride")
    ('Convolution, 7. Stride', './convolution?v=1&stop=7')
    """
    name, _, title = place.partition(": ")
    if name in ELSEWHERE:
        return ELSEWHERE[name], f"./{name}"
    if name not in LESSONS:
        raise ValueError(f"{name!r} is no lesson: choose one of {', '.join([*LESSONS, *ELSEWHERE])}")
    lesson = LESSONS[name]
    if not title:
        return lesson.title, f"./{name}"
    titles = [stop.title for stop in lesson.stops]
    if title not in titles:
        raise ValueError(f"{title!r} is no stop of {name}: choose one of {', '.join(titles)}")
    number = titles.index(title) + 1
    link = urlencode(lesson.link(lesson.state(stop=number, **lesson.stops[number - 1].state)))
    return f"{lesson.title}, {number}. {title}", f"./{name}?{link}" if link else f"./{name}"


def told(place: str) -> str:
    """A place as a link in Markdown.

    >>> told("output_size")
    '[Output size](./output_size)'
    """
    words, link = address(place)
    return f"[{words}]({link})"
