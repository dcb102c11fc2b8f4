"""The figures of the README, measured and written into it: ``python -m seglab.bench.readme [stage train networks tiles serve]``."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from seglab.bench import networks, serve, stage, tiles, train
from seglab.train.device import choose, told

README = Path(__file__).parents[2] / "README.md"
Found = dict[str, Any]
Rows = list[tuple[str, str]]


class Part(NamedTuple):
    """What is measured together: its title, the measurement, which is given something to speak with, and the rows of its table."""

    title: str
    measure: Callable[[Callable[[str], None]], Found]
    rows: Callable[[Found], Rows]


def main() -> None:
    """Measure all parts, or those named, and put the table of each between its marks in the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar=" ".join(PARTS))
    for name in parser.parse_args().parts or PARTS:
        figures = table(PARTS[name], PARTS[name].measure(print))
        README.write_text(placed(README.read_text(encoding="utf-8"), name, figures), encoding="utf-8")


def placed(page: str, name: str, figures: str) -> str:
    """`page` with the `figures` of a part between its marks. Raises ValueError where the marks are missing.

    >>> begin, end = marks("stage")
    >>> placed(f"a {begin} old {end} z", "stage", "new") == f"a {begin}\\nnew\\n{end} z"
    True
    """
    begin, end = marks(name)
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the README needs the marks {begin} and {end} once each")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{figures}\n{end}", page, flags=re.DOTALL)


def marks(name: str) -> tuple[str, str]:
    """The comments in the README between which the table of a part stands."""
    return f"<!-- figures: {name}, written by `make bench` -->", f"<!-- end of {name} -->"


def table(part: Part, found: Found) -> str:
    """The results of a part as Markdown, with the machine and the month."""
    machine = f"{told(choose('auto'))}; Python {platform.python_version()}, {os.cpu_count()} cores, {datetime.date.today():%B %Y}"
    rows = [f"| {what} | {figure} |" for what, figure in part.rows(found)]
    return "\n".join([f"**{part.title}**, measured on {machine}.", "", "| what | figure |", "|---|---|", *rows])


def stage_rows(found: Found) -> Rows:
    files = ", ".join(f"{size:.0f} KB" for size in found["standalone_html_kb"].values())
    return [
        (
            "rows and output of a 5 × 5 convolution, 16 × 16 and 64 × 64 input",
            f"{found['rows_16x16']:.2f} and {found['rows_64x64']:.2f} ms",
        ),
        ("frames of the idle page, 95 % within", f"{found['idle_frame_p95']:.1f} ms"),
        (
            "… playing, pointing, dragging the stride (16 × 16 output, 5 × 5 kernel)",
            " / ".join(f"{found[f'{name}_frame_p95']:.1f}" for name in ("playing", "pointing", "dragging")) + " ms",
        ),
        (
            "… 64 × 64 cells as pixels, playing and pointing",
            " / ".join(f"{found[f'pixels_{name}_frame_p95']:.1f}" for name in ("playing", "pointing")) + " ms",
        ),
        ("… dragging a 128 × 128 picture through convolution, pooling, convolution", f"{found['picture_dragging_frame_p95']:.1f} ms"),
        (
            f"… all {len(found['lessons'])} lessons as they open, playing and pointing: the slowest",
            " / ".join(f"{stage.slowest(found['lessons'])[f'{what}_frame'][0]:.1f}" for what in ("playing", "pointing")) + " ms",
        ),
        (
            "event to end of layout, pointing and dragging, 95 % within",
            f"{found['pointing_event_p95']:.1f} and {found['dragging_event_p95']:.1f} ms",
        ),
        ("… pointing, the slowest of all lessons", f"{stage.slowest(found['lessons'])['pointing_event'][0]:.1f} ms"),
        ("an edit in U-Net by hand until all that follows is drawn, 95 % within", f"{found['edit_p95']:.1f} ms"),
        ("messages to the server meanwhile", f"{found['messages']}"),
        ("settled first page, against a one-line Streamlit app in the same run", f"{found['first_page_ratio']:.2f} ×"),
        ("the lessons as standalone HTML", files),
    ]


def train_rows(found: Found) -> Rows:
    return [
        *(
            (
                f"training against the plainest loop, same run: {name}",
                f"{loop['images_per_second']:.0f} images/s, {loop['times_plain']:.2f} ×, {loop['peak_memory_mb']:.0f} MB",
            )
            for name, loop in found["loops"].items()
        ),
        ("… share of what the machine's matrix product does", f"{found['share_of_matrix_rate']:.0%}"),
        (
            "… mean IoU on held-out cells after as many steps",
            ", ".join(f"{name} {score:.3f}" for name, score in found["mean_iou_after_equal_steps"].items()),
        ),
        (
            "mean IoU on held-out cells (Otsu's threshold with a watershed: " + f"{found['otsu_and_watershed_mean_iou']:.2f})",
            f"0.85 after {found['seconds_to_mean_iou_0.85']:.1f} s, 0.90 after {found['seconds_to_mean_iou_0.90']:.1f} s,"
            f" {found['mean_iou_after_20_seconds']:.2f} after 20 s",
        ),
        (
            "mean IoU on held-out shapes, five classes",
            f"0.80 after {found['shapes_seconds_to_mean_iou_0.80']:.0f} s, {found['shapes_mean_iou_after_60_seconds']:.2f} after 60 s",
        ),
        (
            "click on Train to the first point of the curve, median and most",
            f"{found['click_to_first_point']:.2f} and {found['click_to_first_point_most']:.2f} s",
        ),
        (
            "click on Stop until the worker's process is gone, median and most",
            f"{found['stop_to_gone']:.2f} and {found['stop_to_gone_most']:.2f} s",
        ),
        (
            "another visitor's slider, 95 % within: nobody trains, two train",
            f"{found['slider_idle_p95']:.0f} and {found['slider_loaded_p95']:.0f} ms, {found['slider_ratio']:.2f} ×",
        ),
        ("between two moves of the curve, at most", f"{found['between_moves_most']:.2f} s"),
    ]


def network_rows(found: Found) -> Rows:
    return [
        (
            "the network builder's answer to a change, on the server, median and 95 % within",
            f"{found['builder_median']:.0f} and {found['builder_p95']:.0f} ms",
        ),
        (
            "one pass over 96 × 96 pixels against 17 × 17 patches one at a time, and in batches of 256",
            f"{found['one_pass_times']:.0f} × and {found['one_pass_times_batches']:.0f} ×, the same to {found['one_pass_difference']:.0e}",
        ),
    ]


def tile_rows(found: Found) -> Rows:
    tiled, once = found["tiled"], found["once"]
    return [
        *(
            (
                f"{side} × {side} pixels in tiles: what the network's passes add, and with the mask and all files",
                f"{took['passes']:.0f} and {took['with_files']:.0f} MiB",
            )
            for side, took in tiled.items()
        ),
        *(
            (
                f"{side} × {side} in one pass, and how far the tiles are from it away from the border",
                f"{took['peak']:.0f} MiB, {took['difference']:.0e}",
            )
            for side, took in once.items()
        ),
    ]


def serve_rows(found: Found) -> Rows:
    join, active, training, waves, viewers = (found[name] for name in ("join", "active", "training", "waves", "viewers"))
    more = ", ".join(f"{count} {what}" for what, count in waves["more"].items())
    return [
        (
            f"{found['sessions']} visitors come to lessons within {serve.WITHIN:.0f} s: page painted, 95 % within; how many were served",
            f"{join['p95']:.0f} ms; {join['joined']}",
        ),
        (
            f"… each moves the stage every {serve.EVERY:.0f} s: answered, 95 and 99 % within; processor of the server for a move",
            f"{active['p95']:.0f} and {active['p99']:.0f} ms; {active['cpu_ms']:.1f} ms",
        ),
        (
            "… while two networks train on the same machine",
            f"{training['p95']:.0f} and {training['p99']:.0f} ms, {training['ratio']:.2f} ×",
        ),
        ("… memory of the web process, now and at most", f"{found['memory']['rss']:.0f} and {found['memory']['peak']:.0f} MB"),
        (
            f"{waves['waves']} waves of {waves['visitors']} visitors: growth of its memory after the third, and what else is left",
            f"{100 * waves['growth']:.1f} %; {more}",
        ),
        (
            f"{viewers['viewers']} viewers of a live run: its figures arrive, half and 99 % within",
            f"{viewers['p50']:.0f} and {viewers['p99']:.0f} ms",
        ),
    ]


PARTS = {
    "stage": Part("Stage", stage.measure, stage_rows),
    "train": Part("Training", train.measure, train_rows),
    "networks": Part("Pages about networks", networks.measure, network_rows),
    "tiles": Part("Memory of large pictures", tiles.measure, tile_rows),
    "serve": Part("A hall, its visitors on the same machine", serve.measure, serve_rows),
}


if __name__ == "__main__":
    main()
