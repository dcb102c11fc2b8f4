"""The figures of the README, measured and written into it: ``python -m seglab.bench.readme``."""

from __future__ import annotations

import datetime
import os
import platform
import re
from pathlib import Path
from typing import Any

from seglab.bench import networks, stage, train
from seglab.train.device import choose, told

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def main() -> None:
    """Measure stage, training and the pages about networks, and put the table between the marks of the README."""
    page = README.read_text(encoding="utf-8")
    README.write_text(placed(page, table(stage.measure(print), train.measure(print), networks.measure(print))), encoding="utf-8")


def placed(page: str, figures: str) -> str:
    """`page` with `figures` between its marks. Raises ValueError where the marks are missing.

    >>> placed(f"a {BEGIN} old {END} z", "new") == f"a {BEGIN}\\nnew\\n{END} z"
    True
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the README needs the marks {BEGIN} and {END} once each")
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{figures}\n{END}", page, flags=re.DOTALL)


def table(drawn: dict[str, Any], trained: dict[str, Any], built: dict[str, Any]) -> str:
    """All results as Markdown."""
    files = ", ".join(f"{size:.0f} KB" for size in drawn["standalone_html_kb"].values())
    rows = [
        (
            "rows and output of a 5 × 5 convolution, 16 × 16 and 64 × 64 input",
            f"{drawn['rows_16x16']:.2f} and {drawn['rows_64x64']:.2f} ms",
        ),
        ("frames of the idle page, 95 % within", f"{drawn['idle_frame_p95']:.1f} ms"),
        (
            "… playing, pointing, dragging the stride (16 × 16 output, 5 × 5 kernel)",
            " / ".join(f"{drawn[f'{name}_frame_p95']:.1f}" for name in ("playing", "pointing", "dragging")) + " ms",
        ),
        (
            "… 64 × 64 cells as pixels, playing and pointing",
            " / ".join(f"{drawn[f'pixels_{name}_frame_p95']:.1f}" for name in ("playing", "pointing")) + " ms",
        ),
        ("… dragging a 128 × 128 picture through convolution, pooling, convolution", f"{drawn['picture_dragging_frame_p95']:.1f} ms"),
        (
            f"… all {len(drawn['lessons'])} lessons as they open, playing and pointing: the slowest",
            " / ".join(f"{stage.slowest(drawn['lessons'])[f'{what}_frame'][0]:.1f}" for what in ("playing", "pointing")) + " ms",
        ),
        (
            "event to end of layout, pointing and dragging, 95 % within",
            f"{drawn['pointing_event_p95']:.1f} and {drawn['dragging_event_p95']:.1f} ms",
        ),
        ("… pointing, the slowest of all lessons", f"{stage.slowest(drawn['lessons'])['pointing_event'][0]:.1f} ms"),
        ("an edit in U-Net by hand until all that follows is drawn, 95 % within", f"{drawn['edit_p95']:.1f} ms"),
        ("messages to the server meanwhile", f"{drawn['messages']}"),
        ("settled first page, against a one-line Streamlit app in the same run", f"{drawn['first_page_ratio']:.2f} ×"),
        ("the lessons as standalone HTML", files),
        *(
            (
                f"training against the plainest loop, same run: {name}",
                f"{found['images_per_second']:.0f} images/s, {found['times_plain']:.2f} ×, {found['peak_memory_mb']:.0f} MB",
            )
            for name, found in trained["loops"].items()
        ),
        ("… share of what the machine's matrix product does", f"{trained['share_of_matrix_rate']:.0%}"),
        (
            "… mean IoU on held-out cells after as many steps",
            ", ".join(f"{name} {score:.3f}" for name, score in trained["mean_iou_after_equal_steps"].items()),
        ),
        (
            "mean IoU on held-out cells (Otsu's threshold with a watershed: " + f"{trained['otsu_and_watershed_mean_iou']:.2f})",
            f"0.85 after {trained['seconds_to_mean_iou_0.85']:.1f} s, 0.90 after {trained['seconds_to_mean_iou_0.90']:.1f} s,"
            f" {trained['mean_iou_after_20_seconds']:.2f} after 20 s",
        ),
        (
            "mean IoU on held-out shapes, five classes",
            f"0.80 after {trained['shapes_seconds_to_mean_iou_0.80']:.0f} s, {trained['shapes_mean_iou_after_60_seconds']:.2f} after 60 s",
        ),
        (
            "click on Train to the first point of the curve, median and most",
            f"{trained['click_to_first_point']:.2f} and {trained['click_to_first_point_most']:.2f} s",
        ),
        (
            "click on Stop until the worker's process is gone, median and most",
            f"{trained['stop_to_gone']:.2f} and {trained['stop_to_gone_most']:.2f} s",
        ),
        (
            "another visitor's slider, 95 % within: nobody trains, two train",
            f"{trained['slider_idle_p95']:.0f} and {trained['slider_loaded_p95']:.0f} ms, {trained['slider_ratio']:.2f} ×",
        ),
        ("between two moves of the curve, at most", f"{trained['between_moves_most']:.2f} s"),
        (
            "the network builder's answer to a change, on the server, median and 95 % within",
            f"{built['builder_median']:.0f} and {built['builder_p95']:.0f} ms",
        ),
        (
            "one pass over 96 × 96 pixels against 17 × 17 patches one at a time, and in batches of 256",
            f"{built['one_pass_times']:.0f} × and {built['one_pass_times_batches']:.0f} ×, the same to {built['one_pass_difference']:.0e}",
        ),
    ]
    machine = f"{told(choose('auto'))}; Python {platform.python_version()}, {os.cpu_count()} cores, {datetime.date.today():%B %Y}"
    return "\n".join(
        [f"Measured on {machine}.", "", "| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)]
    )


if __name__ == "__main__":
    main()
