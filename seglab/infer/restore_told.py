"""The filters of each task and the plan of its study in words, without what they are made of: for pages, which load neither torch nor
filters."""

from __future__ import annotations

from seglab.train.restore_study import NETWORK, study_of
from seglab.train.study import Study

__all__ = ["NETWORK", "filters_of", "study_for"]

# The first of each task is the one that networks are compared with: the strongest at the level that they are trained with.
TITLES = {
    "denoise": {"means": "Non-local means", "gaussian": "Gaussian", "median": "Median"},
    "sharpen": {"richardson": "Richardson–Lucy", "unsharp": "Unsharp mask"},
    "enlarge": {"bicubic": "Bicubic"},
    "inpaint": {"biharmonic": "Biharmonic", "diffusion": "Diffusion"},
    "colourise": {"tint": "One tint", "grey": "Grey"},
}


def filters_of(task: str) -> dict[str, str]:
    """The filters of a task by name, in words.

    >>> list(filters_of("inpaint"))
    ['biharmonic', 'diffusion']
    """
    return TITLES[task]


def study_for(task: str) -> Study:
    """The plan of a task's study.

    >>> study_for("enlarge").reference
    'bicubic'
    """
    return study_of(task, filters_of(task))
