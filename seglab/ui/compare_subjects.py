"""The runs that the page Compare lays over each other: those of the store, and those that are shipped with the experiments."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from seglab.data.sets import classes_of
from seglab.data.targets import target_classes
from seglab.nets.describe import describe
from seglab.train.config import TrainConfig
from seglab.train.experiments import EXPERIMENTS
from seglab.train.shipped_runs import Shipped, read_shipped, thinned
from seglab.train.store import NotFoundError, Point, Run, Snapshot, Store
from seglab.ui.addressed import given
from seglab.ui.files import assets
from seglab.ui.plain import plain
from seglab.ui.runs import STATUS, known_classes, refusal
from seglab.ui.seen import Classes

MOST = 5  # runs at a time: so many looks there are
LETTERS = "ABCDE"
_LINK = re.compile(r"[?&]run=([A-Za-z0-9_.]{1,40})")


@dataclass(frozen=True, eq=False)
class Subject:
    """A run that is compared: what it is called here, and all that is known of it."""

    key: str  # in the address
    title: str
    config: TrainConfig
    status: str
    step: int
    seconds: float
    points: tuple[Point, ...]
    results: dict[str, Any]
    snapshot: Snapshot | None
    classes: Classes
    channels: int
    weights: Path | None  # None for one that is shipped: its weights are not
    open: bool = False
    belongs: str = ""  # to whom, where that is not the visitor

    @property
    def parameters(self) -> int:
        """Of its network, by arithmetic."""
        net = self.config.architecture(self.channels, len(self.classes[0]))
        return sum(block.parameters for block in describe(net, (self.config.size, self.config.size)))


def wanted() -> list[str]:
    """The keys that the address names, each once, `MOST` at most."""
    return keys_of(given("runs").split(","))


def keys_of(texts: Sequence[str]) -> list[str]:
    """What was typed as keys: of a link the run that it names.

    >>> keys_of(["abc", "http://host/train?run=x_1&v=1", " abc ", ""])
    ['abc', 'x_1']
    """
    found = [match[1] if (match := _LINK.search(text)) else text.strip()[:40] for text in texts]
    return list(dict.fromkeys(key for key in found if key))[:MOST]


def shipped_keys(experiment: str) -> list[str]:
    """The shipped runs of an experiment, as far as they are there."""
    return [f"{experiment}.{name}" for name in EXPERIMENTS[experiment].shown if _place(f"{experiment}.{name}").exists()][:MOST]


def _place(key: str) -> Path:
    return assets() / "studies" / "runs" / f"{key}.npz"


def read_subjects(store: Store, keys: Sequence[str], token: str | None) -> tuple[list[Subject], list[str]]:
    """The runs that can be compared, and a sentence for each that cannot."""
    found, said = [], []
    for key in keys:
        try:
            found.append(shipped_subject(key) if "." in key else store_subject(store, store.run(key), token))
        except NotFoundError as error:
            said.append(plain(refusal(error)))
    return found, said


def shipped_subject(key: str) -> Subject:
    """A run that is shipped. Raises NotFoundError."""
    experiment, _, name = key.partition(".")
    if experiment not in EXPERIMENTS or name not in EXPERIMENTS[experiment].shown or not _place(key).exists():
        raise NotFoundError(f"run {key!r} is none of those that are shipped")
    run, plan = _shipped(_place(key)), EXPERIMENTS[experiment]
    title, config = plan.title(*plan.shown[name]), run.config
    classes = target_classes(classes_of(config.data), config.target)
    channels = 1 if run.snapshot.images.ndim == 3 else 3
    seconds = run.points[-1].seconds
    return Subject(key, title, config, "finished", config.steps, seconds, run.points, run.results, run.snapshot, classes, channels, None)


@lru_cache(64)
def _shipped(path: Path) -> Shipped:
    return read_shipped(path)


def store_subject(store: Store, run: Run, token: str | None) -> Subject:
    """A run of the store."""
    try:
        snapshot = store.snapshot(run.id)
    except (ValueError, KeyError, TypeError, zlib.error):  # damaged, or of another version: its numbers still stand
        snapshot = None
    classes = known_classes(run)
    channels = int(run.results.get("options", {}).get("in_channels", 1 if snapshot is None or snapshot.images.ndim == 3 else 3))
    belongs = "" if store.owns(run.id, token) else "somebody else’s"
    points = thinned(store.points(run.id))
    name = plain(run.name)
    weights = store.weights(run.id)
    return Subject(
        run.id,
        name,
        run.config,
        run.status,
        run.step,
        run.seconds,
        points,
        run.results,
        snapshot,
        classes,
        channels,
        weights,
        run.open,
        belongs,
    )


def named(subjects: Sequence[Subject]) -> list[str]:
    """A letter and a name for each, different from each other: what differs between them where their names do not."""
    titles = [subject.title for subject in subjects]
    if len(set(titles)) < len(titles):
        settings = differing([subject.config for subject in subjects])
        short = [", ".join(f"{name} {told(values[place])}" for name, values in settings.items()) for place in range(len(subjects))]
        titles = [f"{title}, {more}" if more and len(settings) < 3 else title for title, more in zip(titles, short, strict=True)]
    return [f"{letter} {title}" for letter, title in zip(LETTERS, titles, strict=False)]


def differing(configs: Sequence[TrainConfig]) -> dict[str, list[Any]]:
    """The settings in which configurations differ, by name, each with its values in their order; what they run on is left out.

    >>> differing([TrainConfig(skip="add", threads=1), TrainConfig(depth=2, skip="add")])
    {'depth': [3, 2]}
    """
    names = {name for config in configs for name in config.changed()}
    spec = TrainConfig.__dataclass_fields__
    ordered = [name for name in spec if name in names and spec[name].metadata["group"] != "machine"]
    found = {name: [getattr(config, name) for config in configs] for name in ordered}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def told(value: object) -> str:
    """A setting's value in a table.

    >>> told(True), told(0.25), told(None), told("add")
    ('yes', '0.25', '–', 'add')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def offered(store: Store, token: str | None, keys: Sequence[str]) -> dict[str, str]:
    """What can be chosen, in words: the visitor's runs, what the address names, and what is shipped."""
    own = store.runs(token)[:20] if token else []
    words = {run.id: f"{run.name} · {STATUS[run.status][0]} · {run.id[:4]}" for run in own}
    for name, experiment in EXPERIMENTS.items():
        words |= {key: f"{experiment.study.title}: {_title(key)} (shipped)" for key in shipped_keys(name)}
    return {**words, **{key: _linked(store, key) for key in keys if key not in words}}


def _linked(store: Store, key: str) -> str:
    """A run that only the address names, in words; the key itself where it is not there."""
    try:
        return f"{store.run(key).name} · {key[:4]}"
    except NotFoundError:
        return key


def _title(key: str) -> str:
    experiment, _, name = key.partition(".")
    return EXPERIMENTS[experiment].title(*EXPERIMENTS[experiment].shown[name])


def first_keys(store: Store, token: str | None) -> list[str]:
    """What is shown before anything is chosen: the visitor's latest runs, or without any the runs of the first shipped experiment."""
    own = [run.id for run in (store.runs(token) if token else []) if run.step][:3]
    return own if len(own) > 1 else [*own, *shipped_keys("skips")][:MOST]


def refused(said: Sequence[str], others: bool) -> None:
    """Say what cannot be compared, and that the others are, where there are some."""
    for sentence in said:
        st.warning(f"{sentence}{' The others are compared all the same.' if others else ''}", icon=":material/link_off:")
