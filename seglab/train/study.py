"""A study: one question put to several ways of doing the same thing, each trained from several seeds.

What it compares, on what data, for how long and from which seeds stands in the study, before anything is measured. Rows are what was
measured: plain dictionaries with ``arm``, ``seed``, where there is an axis ``x``, and a number for each measure.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

Row = dict[str, Any]
LEAST_SEEDS = 5
SURE = 0.95  # of an interval


class Interval(NamedTuple):
    """A mean, and how far its 95 % interval reaches to either side."""

    mean: float
    reach: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.reach:.3f}"

    @property
    def sign(self) -> int:
        """1 or -1 where the interval lies on one side of 0, else 0.

        >>> Interval(0.2, 0.1).sign, Interval(-0.2, 0.1).sign, Interval(0.2, 0.3).sign
        (1, -1, 0)
        """
        return int(np.sign(self.mean)) if abs(self.mean) > self.reach else 0


def interval(values: Sequence[float]) -> Interval:
    """Student's 95 % interval of the mean over seeds; of a single one it has no end, and of none it is NaN.

    >>> str(interval([0.5, 0.6, 0.7])), interval([0.5])
    ('0.600 ± 0.248', Interval(mean=0.5, reach=inf))
    """
    count = len(values)
    if not count:
        return Interval(float("nan"), float("nan"))
    reach = float(student.ppf((1 + SURE) / 2, count - 1) * np.std(values, ddof=1) / count**0.5) if count > 1 else float("inf")
    return Interval(float(np.mean(values)), reach)


@dataclass(frozen=True)
class Measure:
    """Something that is measured of every trained network; `better` says which way is good."""

    name: str
    title: str
    better: str = "higher"
    digits: int = 3
    range: tuple[float, float] | None = None  # of the figure's axis, where it should not follow the numbers

    def told(self, value: float) -> str:
        """A value as pages print it, with the sign of minus.

        >>> Measure("iou", "IoU").told(-0.1234), Measure("count", "Cells", digits=0).told(12.0)
        ('−0.123', '12')
        """
        return f"{value:.{self.digits}f}".replace("-", "−")

    def spread(self, found: Interval) -> str:
        """A mean with its interval, as pages print it.

        >>> [Measure("iou", "IoU", digits=2).spread(Interval(0.5, reach)) for reach in (0.1, float("inf"))]
        ['0.50 ± 0.10', '0.50, one seed']
        """
        if np.isinf(found.reach):
            return f"{self.told(found.mean)}, one seed"
        return f"{self.told(found.mean)} ± {self.told(found.reach)}"


@dataclass(frozen=True)
class Study:
    """The plan. `arms` are the ways by key, in words; `axis` names what `x` counts, where every way is tried at several `xs`.

    Raises ValueError for a plan of fewer than 5 seeds, without a measure, or with a reference that is none of its arms.
    """

    name: str
    title: str
    question: str
    known: str  # what is known elsewhere, with its source
    data: str  # on what is trained, and on what measured
    length: str  # how long, with what network
    arms: dict[str, str]
    measures: tuple[Measure, ...]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    axis: str = ""
    xs: tuple[float, ...] = ()
    reference: str = ""  # the arm that others are compared with; the first where it is left out
    command: str = ""  # how to measure again

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < LEAST_SEEDS:
            raise ValueError(f"{len(set(self.seeds))} seeds are too few for {self.name}: {LEAST_SEEDS} at least")
        if not self.measures:
            raise ValueError(f"{self.name} has no measure: one at least")
        if not self.reference:
            object.__setattr__(self, "reference", next(iter(self.arms)))
        if self.reference not in self.arms:
            raise ValueError(f"reference={self.reference!r} is unknown: {', '.join(self.arms)}")
        if bool(self.axis) != bool(self.xs):
            raise ValueError(f"{self.name} has {'an axis without places' if self.axis else 'places without an axis'}: both or neither")

    @property
    def cases(self) -> list[tuple[str, float | None, int]]:
        """All that is to be trained: arm, place on the axis, seed; every seed is done before the next begins."""
        return [(arm, x, seed) for seed in self.seeds for x in (self.xs or (None,)) for arm in self.arms]

    def place(self, x: float | None) -> str:
        """A place on the axis in words, as it follows an arm's; nothing where there is no axis."""
        return "" if x is None else f" at {x:g} {self.axis}"

    def measure(self, name: str) -> Measure:
        """A measure by its name. Raises KeyError."""
        return {measure.name: measure for measure in self.measures}[name]


def values(rows: Sequence[Row], measure: str, arm: str, x: float | None = None) -> dict[int, float]:
    """A measure of one arm at one place, by seed, in the order of the seeds; what was not measured is left out."""
    found = {row["seed"]: row[measure] for row in rows if row["arm"] == arm and row.get("x") == x and row.get(measure) is not None}
    return dict(sorted(found.items()))


def differences(
    rows: Sequence[Row], measure: str, arm: str, reference: str, x: float | None = None, reference_x: float | None = None
) -> Interval:
    """By how much an arm exceeds another one, or itself at another place `reference_x`, seed by seed.

    >>> rows = [{"arm": arm, "seed": seed, "iou": 0.5 + 0.1 * (arm == "add") + 0.01 * seed} for arm in ("none", "add") for seed in range(5)]
    >>> differences(rows, "iou", "add", "none").sign
    1
    """
    own, other = values(rows, measure, arm, x), values(rows, measure, reference, x if reference_x is None else reference_x)
    return interval([own[seed] - other[seed] for seed in own if seed in other])


def verdict(study: Study, rows: Sequence[Row], measure: str, arm: str, x: float | None = None, reference: str | None = None) -> str:
    """What the seeds can say of an arm beside another one, in a sentence of Markdown; of the reference itself, beside its first place."""
    against, told, place = reference or study.reference, study.measure(measure), study.place(x)
    if arm == against and x is not None:
        found = differences(rows, measure, arm, arm, x, study.xs[0])
        names = f"**{study.arms[arm]}{place}** against {study.xs[0]:g}"
    else:
        found = differences(rows, measure, arm, against, x)
        names = f"**{study.arms[arm]}** against {study.arms[against]}{place}"
    if np.isnan(found.mean):
        return f"{names}: not measured yet."
    if not found.sign:
        return f"{names}: no difference in {told.title} that these seeds can show ({told.spread(found)})."
    better = (found.sign > 0) == (told.better == "higher")
    way = "higher" if found.sign > 0 else "lower"
    return f"{names}: {told.title} {way} by {told.spread(Interval(abs(found.mean), found.reach))}, {'better' if better else 'worse'}."


def verdicts(study: Study, rows: Sequence[Row], measure: str) -> list[str]:
    """All that the plan compares: every arm with the reference, at every place; a single arm with itself at the first place."""
    others = [arm for arm in study.arms if arm != study.reference]
    if others or not study.xs:
        return [verdict(study, rows, measure, arm, x) for x in (study.xs or (None,)) for arm in others]
    return [verdict(study, rows, measure, study.reference, x) for x in study.xs[1:]]


def complete(study: Study, rows: Sequence[Row]) -> bool:
    """Whether everything of the plan has been measured."""
    done = {(row["arm"], row.get("x"), row["seed"]) for row in rows}
    return set(study.cases) <= done


def as_csv(study: Study, rows: Sequence[Row]) -> str:
    """The rows as a table, a line each.

    >>> study = Study("s", "S", "?", "", "", "", {"a": "A"}, (Measure("iou", "IoU"),))
    >>> as_csv(study, [{"arm": "a", "seed": 0, "iou": 0.5}]).split()
    ['arm,seed,iou', 'a,0,0.5']
    """
    names = ["arm", *(["x"] if study.axis else []), "seed", *(measure.name for measure in study.measures)]
    sheet = io.StringIO()
    written = csv.DictWriter(sheet, names, extrasaction="ignore", lineterminator="\n")
    written.writeheader()
    written.writerows(rows)
    return sheet.getvalue()


def read_rows(path: Path, study: Study) -> list[Row]:
    """The rows of a study that was measured; none where it was not. Those of another plan are left out."""
    if not path.exists():
        return []
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    planned = set(study.cases)
    return [row for row in rows if (row["arm"], row.get("x"), row["seed"]) in planned]


def write_rows(path: Path, study: Study, rows: Sequence[Row]) -> None:
    """Write rows with the plan that they were measured by, a line each so that changes can be read."""
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    plan = {"name": study.name, "data": study.data, "length": study.length}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{\n "plan": {json.dumps(plan, ensure_ascii=False)},\n "rows": [\n{lines}\n ]\n}}\n', encoding="utf-8")
