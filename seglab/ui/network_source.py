"""The network that a page looks at: one that came along, or a run; from the address, so that a link brings it along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from seglab.data.domains import DOMAINS, Colour
from seglab.data.sets import classes_for
from seglab.train.config import TrainConfig
from seglab.train.failure import sentence
from seglab.train.header import LAST, class_names, configuration, opened
from seglab.train.store import NotFoundError, Run, Store
from seglab.ui.addressed import choice, given
from seglab.ui.files import assets
from seglab.ui.owner import owner_token
from seglab.ui.plain import plain
from seglab.ui.runs import STATUS, known_classes, open_store

SHOWN_RUNS = 6


@dataclass(frozen=True)
class Source:
    """A trained network: where its weights are, how it was trained, the names and colours of its classes."""

    name: str  # in the address
    title: str
    weights: Path
    config: TrainConfig
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    run: Run | None = None  # None for one that came along

    @property
    def version(self) -> tuple[str, int]:
        """What changes whenever the weights do."""
        return str(self.weights), self.weights.stat().st_mtime_ns


def shipped() -> dict[str, Path]:
    """The U-Nets that came along, by the domain that they know."""
    there = {name: assets() / "networks" / f"{name}.safetensors" for name in DOMAINS}
    return {name: path for name, path in there.items() if path.exists()}


def chosen_network(
    allow: Callable[[Source], bool] = lambda source: True, default: str = "cells", drops: Sequence[str] = ()
) -> Source | None:
    """The control "Network", and what it chooses among those that `allow` takes; choosing another drops the parameters `drops`.

    None where a run cannot be used, which is said with what can still be done.
    """
    store = open_store()
    token = owner_token()
    own = [run for run in (store.runs(token) if token else []) if store.weights(run.id).exists()][: 2 * SHOWN_RUNS]
    offered = {name: source for name, path in shipped().items() if allow(source := _shipped(name, path))}
    names = {name: source.title for name, source in offered.items()}
    names |= {run.id: plain(run.name) for run in own if _usable(store, run, allow)}
    names = dict(list(names.items())[: len(offered) + SHOWN_RUNS])
    wanted = given("source", default)
    linked = wanted not in names and wanted not in offered
    if linked:
        names |= _linked(store, wanted)
    chosen = choice("Network", "source", names, default if default in names else next(iter(names)), pills=True, drops=drops)
    if chosen in offered:
        return offered[chosen]
    return _of_run(store, chosen, allow)


def _linked(store: Store, wanted: str) -> dict[str, str]:
    """A run that somebody's link names; a sentence where it is not there."""
    try:
        return {wanted: plain(store.run(wanted).name)}
    except NotFoundError as error:
        st.warning(f"{plain(sentence(str(error)))} The networks that came along are here all the same.", icon=":material/link_off:")
        return {}


def _shipped(name: str, path: Path) -> Source:
    config, classes = _told(path, path.stat().st_mtime_ns)
    return Source(name, DOMAINS[name].title, path, config, classes, tuple(classes_for(name, len(classes))[1]))


@lru_cache(64)
def _told(path: Path, written: int) -> tuple[TrainConfig, tuple[str, ...]]:
    """What a weights file says of itself. Raises ValueError for one that is damaged, of another version, or no network of ours."""
    with opened(path) as file:
        told = file.metadata() or {}
        config = configuration(path, told)
        if LAST not in file.keys():  # noqa: SIM118
            raise ValueError(f"{path} holds another network: its last convolution, {LAST.removeprefix('model.')}, is missing")
        count = file.get_slice(LAST).get_shape()[0]
        names = class_names(path, told)
    return config, names or tuple(f"class {number}" for number in range(count))


def _usable(store: Store, run: Run, allow: Callable[[Source], bool]) -> bool:
    """Whether a run is offered: one whose file is damaged is, so that the page can say so."""
    try:
        return allow(_run(store, run))
    except (ValueError, OSError):
        return True


def _run(store: Store, run: Run) -> Source:
    weights = store.weights(run.id)
    config, _ = _told(weights, weights.stat().st_mtime_ns if weights.exists() else 0)
    refuse_another(config, run.config)
    classes, colours = known_classes(run)
    return Source(run.id, plain(run.name), weights, config, tuple(classes), tuple(colours), run)


def refuse_another(found: TrainConfig, wanted: TrainConfig) -> None:
    """Raise ValueError where a file holds another network than its run trained.

    >>> refuse_another(TrainConfig(depth=2), TrainConfig())
    Traceback (most recent call last):
    ValueError: the file holds another network, with depth=2: its run trained one with depth=3
    """
    one, other = (asdict(config.architecture(1, 2)) for config in (found, wanted))
    wrong = [name for name in one if one[name] != other[name]]
    if wrong:
        said, right = (", ".join(f"{name}={net[name]}" for name in wrong) for net in (one, other))
        raise ValueError(f"the file holds another network, with {said}: its run trained one with {right}")


def _of_run(store: Store, identity: str, allow: Callable[[Source], bool]) -> Source | None:
    try:
        run = store.run(identity)
    except NotFoundError as error:  # deleted meanwhile
        st.warning(plain(sentence(str(error))), icon=":material/link_off:")
        return None
    if not store.weights(identity).exists():
        st.info(
            f"This run is {STATUS[run.status][0]} and has no weights yet: it can be used as soon as it has saved its first.",
            icon=":material/hourglass_top:",
        )
        return None
    try:
        source = _run(store, run)
    except (ValueError, OSError) as error:
        why = str(error).replace(str(store.weights(identity)), "Its file of weights")
        broken(run, why)
        return None
    if not allow(source):
        st.info("This page cannot use this run's network: choose another one.", icon=":material/block:")
        return None
    return source


def broken(run: Run, why: str) -> None:
    """Say what is wrong with a run's weights, and what can still be done."""
    st.error(
        f"{plain(sentence(why))} So *{plain(run.name)}* can neither be used nor resumed. Its curve, pictures and measures are still on its"
        " own page, from where the same training can be started again; here another network can be chosen.",
        icon=":material/broken_image:",
    )
    st.page_link("pages/train.py", label="To the run’s own page", icon=":material/model_training:", query_params={"run": run.id})
