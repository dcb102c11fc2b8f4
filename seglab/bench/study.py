"""Measure the cases of a study one after the other, on one core, going on where an earlier measurement stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from seglab.train.study import Row, Study, read_rows, write_rows

STUDIES = Path(__file__).parents[2] / "assets" / "studies"
MeasureOne = Callable[[str, float | None, int], dict[str, float]]


def run_study(study: Study, measure_one: MeasureOne, path: Path | None = None, anew: bool = False) -> list[Row]:
    """Call `measure_one` (arm, x, seed) for every case that has no row yet, and write each row as it comes, by default beside the other
    shipped studies. Numbers are kept to four decimals."""
    place = path or STUDIES / f"{study.name}.json"
    rows = [] if anew else read_rows(place, study)
    there = {(row["arm"], row.get("x"), row["seed"]) for row in rows}
    for arm, x, seed in study.cases:
        if (arm, x, seed) in there:
            continue
        begun = time.perf_counter()
        found = {name: round(float(value), 4) for name, value in measure_one(arm, x, seed).items()}
        rows.append({"arm": arm, **({} if x is None else {"x": x}), "seed": seed, **found})
        write_rows(place, study, rows)
        print(f"{study.name}: {rows[-1]}, {time.perf_counter() - begun:.0f} s", flush=True)
    return rows
