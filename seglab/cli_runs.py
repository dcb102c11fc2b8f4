"""`seglab runs`: the runs of this machine as its owner sees them, to list, look at, delete, and clean up, whoever trained them."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seglab.train.store import Point, Run, Store

Result = dict[str, Any]
SPANS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
PATIENCE = 60.0  # seconds in which a run that is stopped has to end
COLUMNS = ("id", "name", "data", "steps", "mean IoU", "status", "age", "size")
WIDEST = 28  # characters of a name


class DeclinedError(Exception):
    """Whoever was asked said no."""


def add_runs(commands: Any) -> list[argparse.ArgumentParser]:
    """Add the command with its own commands; returns those that print a result."""
    from seglab.data.keeping import NAMES, Keeping

    runs = commands.add_parser("runs", help="list, show, delete and clean up what was trained on this machine")
    runs.set_defaults(act=_list, status=None)
    each = runs.add_subparsers(title="commands", metavar="")

    listed = each.add_parser("list", help="a line for each run, the newest first")
    listed.add_argument("--status", help="only those that are queued, running, finished, …")
    listed.set_defaults(act=_list)

    show = each.add_parser("show", help="a run's settings, results and curve")
    show.add_argument("run", metavar="RUN", help="a run's id")
    show.set_defaults(act=_show)

    delete = each.add_parser("delete", help="delete runs with their curves, pictures and weights")
    delete.add_argument("runs", metavar="RUN", nargs="*", help="ids of runs")
    delete.add_argument("--all-ended", action="store_true", help="all that nobody is at")
    delete.add_argument("--older-than", metavar="AGE", help="of these, those last changed so long ago: 7d, 12h, 2w")
    delete.add_argument("--stop", action="store_true", help="stop those that are under way first")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(act=_delete)

    names = "".join(f"\n  {name + '=' + str(getattr(Keeping(), name)):<26}{meaning}" for name, meaning in NAMES.items())
    clean = each.add_parser(
        "clean",
        help="delete what is past its age or over its quota, as a server does by itself",
        epilog=f"What is kept unless --keep says otherwise:{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    clean.add_argument("--keep", dest="keeping", metavar="NAME=NUMBER", nargs="+", action="extend", default=[], help="other limits")
    clean.set_defaults(act=_clean)
    return [runs, listed, show, delete, clean]


def age_of(text: str) -> float:
    """Seconds of an age such as 7d.

    >>> age_of("7d"), age_of("90m"), age_of("1.5h")
    (604800.0, 5400.0, 5400.0)
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([mhdw])", text)
    if not found:
        raise ValueError(f"--older-than {text[:20]!r} is no age: a number with m, h, d or w, such as 7d")
    return float(found[1]) * SPANS[found[2]]


def told_age(seconds: float) -> str:
    """How long ago something was, roughly.

    >>> told_age(20), told_age(600), told_age(3 * 3600), told_age(40 * 86_400)
    ('now', '10 min', '3 h', '40 d')
    """
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    return f"{seconds // 3600:.0f} h" if seconds < 86_400 else f"{seconds // 86_400:.0f} d"


def printed(text: str, most: int = 10**6) -> str:
    """Text that somebody typed, without what a terminal would obey.

    >>> printed("a\\x1b[31mb\\nc"), printed("a long name", 6)
    ('a[31mbc', 'a lon…')
    """
    plain = "".join(character for character in text if character.isprintable())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _list(given: argparse.Namespace) -> Result:
    from seglab.train.store import STATUSES, Store

    store = Store()
    if given.status is not None and given.status not in STATUSES:
        raise ValueError(f"--status {given.status[:20]!r} is unknown: {', '.join(STATUSES)}")
    found = [_row(store, run) for run in store.runs() if given.status in (None, run.status)]
    if not given.json:
        lines = [[row["id"], printed(row["name"], WIDEST), printed(row["data"], WIDEST), *_numbers(row)] for row in found]
        _print_table([list(COLUMNS), *lines] if lines else [["no runs are here"]])
    return {"runs": found}


def _row(store: Store, run: Run) -> Result:
    """A run in numbers and words."""
    from seglab.data.keeping import taken
    from seglab.data.uploads import title_of

    return {
        "id": run.id,
        "name": run.name,
        "data": run.config.data,
        "title": title_of(run.config.data),
        "status": run.status,
        "under_way": store.in_use(run),
        "steps": run.step,
        "of_steps": run.config.steps if run.config.seconds is None else None,
        "mean_iou": run.results.get("mean_iou"),
        "created": run.created,
        "updated": run.updated,
        "bytes": taken(store.run_folder(run.id)) + store.snapshot_bytes().get(run.id, 0),
    }


def _numbers(row: Result) -> list[str]:
    steps = f"{row['steps']}/{row['of_steps']}" if row["of_steps"] else str(row["steps"])
    score = "" if row["mean_iou"] is None else f"{row['mean_iou']:.3f}"
    return [steps, score, row["status"], told_age(time.time() - row["updated"]), f"{row['bytes'] / 1e6:.1f} MB"]


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = ("steps", "mean IoU", "age", "size")
    aligned = [str.rjust if title in right else str.ljust for title in rows[0]]
    for row in rows:
        print("  ".join(align(cell, width) for align, cell, width in zip(aligned, row, widths, strict=True)).rstrip())


def _show(given: argparse.Namespace) -> Result:
    from seglab.train.store import Store

    store = Store()
    run = store.run(given.run)
    points, weights = store.points(run.id), store.weights(run.id)
    told = {
        **_row(store, run),
        "message": run.message,
        "device": run.device,
        "seconds": run.seconds,
        "config": run.config.as_json(),
        "results": run.results,
        "curve": curve(points),
        "snapshots": len(store.snapshot_steps(run.id)),
        "weights": str(weights) if weights.exists() else None,
    }
    if not given.json:
        _print_run(told)
    return told


def curve(points: Sequence[Point]) -> Result:
    """A run's curve in a few numbers: how many points, the loss first, last and lowest, and the mean IoU last and highest."""
    losses = [point.loss for point in points if point.loss is not None]
    scores = [point.mean_iou for point in points if point.mean_iou is not None]
    return {
        "points": len(points),
        "loss": {"first": losses[0], "last": losses[-1], "lowest": min(losses)} if losses else None,
        "mean_iou": {"last": scores[-1], "highest": max(scores)} if scores else None,
    }


def _print_run(told: Result) -> None:
    score = "" if told["mean_iou"] is None else f", mean IoU {told['mean_iou']:.4f}"
    print(f"{told['id']}  {printed(told['name'])}\n{told['status']} after {told['steps']} steps, {told['seconds']:.1f} s{score}")
    if told["message"]:
        print(printed(told["message"]))
    found = told["curve"]
    if found["loss"]:
        loss = found["loss"]
        print(f"loss      {loss['first']:.4f} at first, {loss['last']:.4f} at last, {loss['lowest']:.4f} at its lowest")
    if found["mean_iou"]:
        print(f"mean IoU  {found['mean_iou']['last']:.4f} at last, {found['mean_iou']['highest']:.4f} at its highest")
    print(f"weights   {told['weights'] or 'none were saved'}")
    print(f"on disk   {told['bytes'] / 1e6:.1f} MB, {told['snapshots']} pictures of the training")
    print("settings  " + printed(", ".join(f"{name}={value}" for name, value in told["config"].items())))


def _delete(given: argparse.Namespace) -> Result:
    from seglab.train.store import Store

    store = Store()
    chosen = _chosen(store, given)
    open_ones = [run for run in chosen if store.in_use(run)]
    if open_ones and not given.stop:
        first = open_ones[0]
        raise ValueError(f"run {first.id} is {first.status}: --stop stops it first")
    size = sum(_row(store, run)["bytes"] for run in chosen)
    if chosen and not given.yes:
        _ask(chosen, size)
    for run in open_ones:
        _stop(store, run)
    for run in chosen:
        store.remove(run.id)
    if not given.json:
        print(f"{len(chosen)} {'run' if len(chosen) == 1 else 'runs'} deleted, {size / 1e6:.1f} MB freed")
    return {"deleted": [run.id for run in chosen], "bytes": size}


def _chosen(store: Store, given: argparse.Namespace) -> list[Run]:
    """The runs to delete. Raises LookupError where one is not there, ValueError where it is not said which."""
    several = given.all_ended or given.older_than is not None
    if given.runs and several:
        raise ValueError("give either ids of runs, or --all-ended and --older-than")
    if not given.runs and not several:
        raise ValueError("say which runs: ids, --all-ended, or --older-than 7d")
    if given.runs:
        return [store.run(identity) for identity in dict.fromkeys(given.runs)]
    age = age_of(given.older_than) if given.older_than is not None else 0.0
    return [run for run in store.runs() if not store.in_use(run) and time.time() - run.updated >= age]


def _ask(chosen: Sequence[Run], size: int) -> None:
    """Raise DeclinedError unless the person at the terminal agrees, ValueError where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise ValueError("there is no terminal to ask at: --yes deletes without asking")
    for run in chosen[:20]:
        print(f"{run.id}  {printed(run.name, WIDEST)}", file=sys.stderr)
    if len(chosen) > 20:
        print(f"and {len(chosen) - 20} more", file=sys.stderr)
    print(f"Delete {len(chosen)} with curves, pictures and weights ({size / 1e6:.1f} MB)? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeclinedError("nothing was deleted")


def _stop(store: Store, run: Run) -> None:
    """Stop a run, whoever owns it, and wait until nobody is at it. Raises ValueError where it does not end."""
    if not store.change(run.id, {"status": "queued"}, status="stopped", wish="stop"):
        store.update(run.id, wish="stop")
    until = time.monotonic() + PATIENCE
    while store.in_use(store.run(run.id)) or store.alive(run.id):
        if time.monotonic() > until:
            raise ValueError(f"run {run.id} did not end within {PATIENCE:g} seconds: try again once it has")
        time.sleep(0.1)


def _clean(given: argparse.Namespace) -> Result:
    from dataclasses import asdict

    from seglab.data.keeping import settle_keeping
    from seglab.train.housekeeper import told
    from seglab.train.housekeeping import clean
    from seglab.train.store import Store

    settle_keeping(given.keeping)
    store = Store()
    went = clean(store)
    store.compact()
    if not given.json:
        print(told(went))
    return {"went": [asdict(each) for each in went], "bytes": sum(each.bytes for each in went)}
