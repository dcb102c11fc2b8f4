"""The command `seglab`: open the app, train, predict, export, measure."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import seglab
from seglab.cli_runs import DeclinedError, add_runs

if TYPE_CHECKING:
    from seglab.data.pet import Progress as Fetched
    from seglab.train.loop import Event
    from seglab.train.store import Run, Store

Result = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 2 for what cannot be, said in one sentence, 1 where whoever was asked said no."""
    given = parser().parse_args(arguments)
    try:
        result = given.act(given)
    except BrokenPipeError:  # whoever read this has enough, as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, RuntimeError, LookupError) as error:
        print(f"seglab: {error}", file=sys.stderr)
        return 2
    except DeclinedError as error:
        print(f"seglab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if result is not None and given.json:
        print(json.dumps(result))
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    from seglab.data.domains import DOMAINS

    top = argparse.ArgumentParser(prog="seglab", description="An interactive explainer of segmentation networks. Alone it opens the app.")
    top.add_argument("--version", action="version", version=f"seglab {seglab.__version__}")
    top.set_defaults(act=_app, port=None, headless=False, json=False, jobs=None, jobs_per_visitor=None, job_memory=None, keeping=[])
    commands = top.add_subparsers(title="commands", metavar="")

    app = commands.add_parser("app", help="open the app in a browser")
    app.add_argument("--port", type=int, help="port to serve at (8501)")
    app.add_argument("--headless", action="store_true", help="do not open a browser")
    app.set_defaults(act=_app)

    hall = commands.add_parser("serve", help="serve the app to a hall (SERVING.md)")
    hall.add_argument("--host", default="127.0.0.1", help="address to listen at; 0.0.0.0 for all of the machine's (127.0.0.1)")
    hall.add_argument("--port", type=int, default=8501, help="port to serve at, 0 for a free one (8501)")
    hall.add_argument("--sessions", type=int, metavar="N", default=500, help="visitors at a time (500)")
    hall.add_argument("--sessions-per-address", type=int, metavar="N", default=400, help="of these, from one network address (400)")
    hall.add_argument("--upload-memory", type=int, metavar="MB", default=512, help="memory for all files that visitors have brought (512)")
    hall.add_argument(
        "--frame-ancestors",
        nargs="+",
        metavar="ORIGIN",
        default=["self"],
        help="who may show pages in a frame: self, none, https://… (self)",
    )
    hall.add_argument(
        "--proxy", nargs="+", metavar="ADDRESS", default=["127.0.0.1"], help="proxies whose X-Forwarded-For is believed (127.0.0.1)"
    )
    hall.set_defaults(act=_serve)
    for served in (app, hall):
        served.add_argument("--jobs", type=int, metavar="N", help="trainings at a time (as many as there are cores, at most 4)")
        served.add_argument("--jobs-per-visitor", type=int, metavar="N", help="of these, one visitor's (1)")
        served.add_argument(
            "--job-memory", type=int, metavar="MIB", help="memory of a training (60 %% of the machine's, divided by their number)"
        )
        told = "how long and how much is kept: run_days=7 uploads=20; `seglab runs clean --help` lists the names"
        served.add_argument("--keep", dest="keeping", metavar="NAME=NUMBER", nargs="+", action="extend", default=[], help=told)

    train = commands.add_parser("train", help="train a U-Net on a generated set or on a folder")
    train.add_argument("data", metavar="DATA", help=f"a generated domain ({', '.join(DOMAINS)}), or a folder with images/ and masks/")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, help="train for so long")
    length.add_argument("--steps", type=int, help="train for so many steps (300)")
    for setting in _settings():
        option, told = f"--{setting.name.replace('_', '-')}", f"{setting.metadata['meaning']} ({setting.default})"
        if isinstance(setting.default, bool):
            train.add_argument(option, action=argparse.BooleanOptionalAction, default=setting.default, help=told)
        else:
            kind = {"choices": setting.metadata["choices"]} if setting.metadata["choices"] else {"metavar": setting.name.upper()}
            train.add_argument(option, type=type(setting.default), default=setting.default, help=told, **kind)
    train.add_argument("--out", type=Path, metavar="FOLDER", help="also write weights, configuration and metrics here")
    train.set_defaults(act=_train)

    resume = commands.add_parser("resume", help="go on with a run of this command line from its last checkpoint")
    resume.add_argument("run", metavar="RUN", help="a run's id")
    resume.add_argument("--out", type=Path, metavar="FOLDER", help="also write weights, configuration and metrics here")
    resume.set_defaults(act=_resume)

    predict = commands.add_parser("predict", help="segment an image of up to 67 megapixels with a trained run")
    predict.add_argument("run", metavar="RUN", help="a run's id, or a folder that `train --out` wrote")
    predict.add_argument("image", metavar="IMAGE", type=Path)
    predict.add_argument("--out", metavar="MASK.png", type=Path, required=True, help="where the mask goes")
    predict.add_argument("--shrink", type=int, choices=(1, 2, 3, 4), help="look at the image at 1/2, 1/3, … of its size (chosen by itself)")
    predict.set_defaults(act=_predict)

    data = commands.add_parser("data", help="fetch a data set of photographs")
    data.add_argument("set", metavar="SET", choices=("pet",), help="pet: cats and dogs of the Oxford-IIIT Pet data set, 811 MB to fetch")
    data.add_argument("--keep", action="store_true", help="keep the archives once the small pictures are made of them")
    data.set_defaults(act=_data)

    export = commands.add_parser("export", help="write a lesson's stage as GIF, PNG, SVG, HTML or JSON")
    export.add_argument("lesson", metavar="LESSON", help="a lesson's name (convolution), or a link to it with its setting")
    export.add_argument(
        "--set", metavar="NAME=VALUE", nargs="+", action="extend", default=[], help="settings as in a link: stride=2 stop=3 x=0_1~2_3"
    )
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="the suffix says what is written; a folder gets a name that tells the setting"
    )
    export.add_argument("--format", choices=("gif", "html", "json", "png", "svg"), help="what is written where --out does not say it (png)")
    export.add_argument("--dark", action="store_true", help="pictures for a dark page")
    export.add_argument("--width", type=int, default=960, help="how wide a picture may become, before it is doubled for sharpness (960)")
    export.set_defaults(act=_export)

    bench = commands.add_parser(
        "bench",
        help="measure the stage in a browser, training against plain PyTorch, the pages about networks, and the memory of large pictures",
    )
    bench.add_argument(
        "what",
        nargs="?",
        choices=("stage", "train", "networks", "tiles", "serve"),
        help="one of the first four (all of them), or a hall of visitors",
    )
    bench.add_argument("--sessions", type=int, default=300, metavar="N", help="visitors of `bench serve` (300)")
    bench.set_defaults(act=_bench)

    for command in (train, resume, predict, data, export, bench, *add_runs(commands)):
        command.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return top


def _settings() -> list[Field[Any]]:
    """What of a training has an option of its own: all but the data, which stands first, and how long it takes."""
    from seglab.train.config import TrainConfig

    return [setting for setting in fields(TrainConfig) if setting.name not in ("data", "steps", "seconds")]


def _app(given: argparse.Namespace) -> None:
    from seglab.data.keeping import settle_keeping
    from seglab.train.limits import settle
    from seglab.ui.server import serve

    settle_keeping(given.keeping)
    settle(jobs=given.jobs, jobs_per_visitor=given.jobs_per_visitor, job_memory=given.job_memory)
    if given.port is not None and not 1 <= given.port <= 65535:
        raise ValueError(f"port={given.port} is out of range: 1 to 65535")
    serve(given.port, given.headless)


def _serve(given: argparse.Namespace) -> None:
    from seglab.data.keeping import settle_keeping
    from seglab.train.limits import settle
    from seglab.ui.hall import Hall, serve_hall

    per_address, uploads = given.sessions_per_address, given.upload_memory
    hall = Hall(given.host, given.port, given.sessions, per_address, uploads, given.frame_ancestors, given.proxy)
    settle_keeping(given.keeping)
    settle(jobs=given.jobs, jobs_per_visitor=given.jobs_per_visitor, job_memory=given.job_memory)
    serve_hall(hall)


def _train(given: argparse.Namespace) -> Result:
    from seglab.train.config import TrainConfig
    from seglab.train.housekeeping import clean
    from seglab.train.store import Store

    others = {setting.name: getattr(given, setting.name) for setting in _settings()}
    length = {"seconds": given.seconds} if given.seconds is not None else {"steps": given.steps if given.steps is not None else 300}
    data, notes = _looked_at(given.data)
    config = TrainConfig(data=data, **others, **length)
    if not given.json:
        print("".join(f"{note}\n" for note in notes), end="")
    store = Store()
    clean(store)
    run = store.create(config, _own_token(store), status="starting")
    return {**_work(store, run, given), "notes": notes}


def _looked_at(data: str) -> tuple[str, list[str]]:
    """The name of a data set that holds wherever it is read, and what is worth knowing of it. Raises ValueError with all that is wrong."""
    from seglab.data.domains import DOMAINS
    from seglab.data.remembered import summary_of
    from seglab.data.uploads import folder_of, in_home

    if data in DOMAINS:
        return data, []
    summary = summary_of(folder_of(data))
    summary.refuse(data)
    return data if in_home(data) else str(Path(data).resolve()), list(summary.notes)


def _resume(given: argparse.Namespace) -> Result:
    from seglab.train.store import Store

    store = Store()
    run = store.run(given.run)
    store.refuse_others(run.id, _own_token(store))
    with store.starting():  # nobody else may begin with it
        if store.alive(run.id):
            raise ValueError(f"run {run.id} is under way: it can be resumed once it has ended")
        if run.status == "finished":
            raise ValueError(f"run {run.id} is finished: there is nothing left to do")
        store.update(run.id, status="starting", wish="run")
    return _work(store, run, given)


def _work(store: Store, run: Run, given: argparse.Namespace) -> Result:
    """Train a run in this process until its end; Ctrl+C stops it, and it can be resumed."""
    from seglab.train.job import Job

    length = {"seconds": run.config.seconds} if run.config.seconds is not None else {"steps": run.config.steps}
    before = signal.signal(signal.SIGINT, lambda *_: store.wish(run.id, "stop", _own_token(store)))
    try:
        Job(store, run.id, lambda: False, Progress(given.json, length)).run()
    finally:
        signal.signal(signal.SIGINT, before)
    run = store.run(run.id)
    if given.out:
        _write_out(store, run, given.out)
    if not given.json:
        more = "" if run.status == "finished" else f", `seglab resume {run.id}` goes on with it"
        print(f"{run.status}: `seglab predict {run.id} IMAGE --out MASK.png` uses it{more}")
    return {
        "run": run.id,
        "status": run.status,
        "steps": run.step,
        "seconds": round(run.seconds, 3),
        "device": run.device,
        "mean_iou": run.results.get("mean_iou"),
        "images_per_second": run.results.get("images_per_second"),
        "out": str(given.out) if given.out else None,
    }


class Progress:
    """What a training says of itself: one line that is written over on a terminal, now and then a line elsewhere."""

    def __init__(self, quiet: bool, length: dict[str, Any]) -> None:
        self.quiet, self.length, self.last, self.iou = quiet, length, 0.0, float("nan")

    def __call__(self, event: Event) -> None:
        if self.quiet:
            return
        if event.kind == "start":
            print(f"training on {event.data['device']}, {event.data['parameters']:,} parameters")
        elif event.kind == "snapshot":
            self.iou = event.data["mean_iou"]
        terminal = sys.stdout.isatty()
        if event.kind == "step" and time.monotonic() - self.last > (0.1 if terminal else 5):
            self.last = time.monotonic()
            done = (
                f"{event.seconds:.0f} of {self.length['seconds']:g} s"
                if "seconds" in self.length
                else f"step {event.step} of {self.length['steps']}"
            )
            told = f"{done}  loss {event.data['loss']:.4f}  mean IoU {self.iou:.4f}  {event.data['images_per_second']:.0f} images/s"
            print(f"\r{told:<78}" if terminal else told, end="" if terminal else "\n", flush=True)
        if event.kind == "end":
            told = f"{event.step} steps in {event.seconds:.1f} s, mean IoU {event.data['mean_iou']:.4f} on held-out images"
            print(f"\r{told:<78}" if terminal else told)


def _own_token(store: Store) -> str:
    """The owner token of this account's command line."""
    import secrets

    file = store.folder / "owner-token"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(18), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


def _write_out(store: Store, run: Run, folder: Path) -> None:
    from seglab.train.tables import curve_csv

    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(store.weights(run.id), folder / "checkpoint.safetensors")
    (folder / "config.json").write_text(json.dumps(run.config.as_json(), indent=2) + "\n", encoding="utf-8")
    (folder / "metrics.csv").write_bytes(curve_csv(store.points(run.id)))


def _weights(run: str) -> Path:
    """The weights of a run's id, a folder, or a file. Raises ValueError where there are none."""
    from seglab.train.store import Store

    path = Path(run)
    if path.is_file():
        return path
    return path / "checkpoint.safetensors" if path.is_dir() else Store().weights(Store().run(run).id)


def _predict(given: argparse.Namespace) -> Result:
    from seglab.data.decode import decode_bytes
    from seglab.data.sets import classes_for
    from seglab.infer.pictures import mask_file
    from seglab.infer.predict import classify
    from seglab.infer.tiles import Picture
    from seglab.infer.used import MOST_PIXELS
    from seglab.train.metrics import shares
    from seglab.train.weights import load_model

    model, config = load_model(_weights(given.run))
    classes, colours = classes_for(config.data, model.classes)
    try:
        image = decode_bytes(given.image.read_bytes(), model.channels == 3, MOST_PIXELS)
    except ValueError as error:
        raise ValueError(f"{given.image}: {error}") from None
    mask, shrink = classify(model, Picture.of(image), given.shrink)
    given.out.write_bytes(mask_file(mask, colours))
    found = dict(zip(classes, shares(mask, model.classes), strict=True))
    height, width = image.shape[:2]
    if not given.json:
        told = ", ".join(f"{share:.1%} {name}" for name, share in found.items())
        print(f"{given.out}: of {width} x {height} pixels, {told} (seen at 1/{shrink} of its size)")
    return {"out": str(given.out), "shares": found, "shrink": shrink, "height": height, "width": width}


def _data(given: argparse.Namespace) -> Result:
    """Fetch a data set in this process; Ctrl+C keeps what has come, and the next call goes on from there."""
    from threading import Event as Flag

    from seglab.data import pet
    from seglab.data.download import StoppedError

    interrupted = Flag()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    pet.wish(stop=False)
    try:
        folder = pet.fetch(FetchProgress(given.json), interrupted.is_set, keep=given.keep)
    except StoppedError as stopped:
        print(f"\nseglab: {stopped}", file=sys.stderr)
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)
    pictures = len(list((folder / "images").iterdir()))
    if not given.json:
        print(f"{folder}: {pictures} pictures, `seglab train {folder}` trains on them")
    return {"folder": str(folder), "pictures": pictures, "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())}


class FetchProgress:
    """What a fetching says of itself: one line that is written over on a terminal, now and then a line elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.last, self.phase = quiet, 0.0, ""

    def __call__(self, progress: Fetched) -> None:
        terminal = sys.stdout.isatty()
        due = time.monotonic() - self.last > (0.1 if terminal else 5) or progress.phase != self.phase
        if self.quiet or not due or progress.phase in ("stopped", "failed"):
            return
        self.last, self.phase = time.monotonic(), progress.phase
        told = f"{progress.message if progress.phase == 'ready' else progress.told():<78}"
        print(f"\r{told}" if terminal else told.rstrip(), end="" if terminal and progress.phase != "ready" else "\n", flush=True)


def _export(given: argparse.Namespace) -> Result:
    from seglab.export import file_name, save_lesson
    from seglab.export.asked import asked
    from seglab.export.marks import Look

    lesson, state = asked(given.lesson, given.set)
    if not 240 <= given.width <= 3840:
        raise ValueError(f"width={given.width} is out of range: 240 to 3840")
    out: Path = given.out or Path()
    if out.is_dir():
        out = out / file_name(lesson, state, f".{given.format or 'png'}")
    elif given.format and out.suffix != f".{given.format}":
        raise ValueError(f"--out {out} and --format {given.format} differ: give one of them")
    save_lesson(lesson, state, out, Look(given.dark, given.width))
    if not given.json:
        print(f"{out}: {out.stat().st_size / 1000:.0f} KB")
    return {"out": str(out), "bytes": out.stat().st_size, "lesson": lesson.name, "link": lesson.link(state)}


def _bench(given: argparse.Namespace) -> Result:
    from seglab.bench.readme import PARTS

    tell = (lambda text: None) if given.json else print
    if given.what == "serve":
        from seglab.bench import serve

        return {"serve": serve.measure(tell, given.sessions)}
    return {name: part.measure(tell) for name, part in PARTS.items() if given.what in (None, name)}


if __name__ == "__main__":
    sys.exit(main())
