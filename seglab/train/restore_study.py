"""The plans of the page Other pictures out: for each task, the network beside filters at every level of harm."""

from __future__ import annotations

from seglab.data.degraded import TASKS
from seglab.train.study import Measure, Study

TESTED = 8  # scenes for every seed, that nothing was trained or tuned on
NETWORK = "network"
FIRST_TESTED, FIRST_TUNED, TUNED = 100, 5000, 6  # numbers of those scenes, and of the ones that filters are tuned on
LENGTH = (2400, 8, 36)  # steps, crops a step, pixels a side

QUESTIONS = {
    "denoise": ("Does a network take away noise better than a filter, and what becomes of it at a noise that it has not met?", "noise σ"),
    "sharpen": ("Does a network undo a blur better than what is told the blur, and what becomes of it at another one?", "blur σ in pixels"),
    "enlarge": ("Does a network draw what a small image has lost better than interpolation?", "times smaller"),
    "inpaint": ("Does a network fill holes better than smooth continuation?", "pixels a side of a hole"),
    "colourise": ("Does a network know colours that a grey picture does not have?", "haze"),
}
KNOWN = {
    "denoise": "On photographs, networks have overtaken filters ([Zhang et al. 2017](https://arxiv.org/abs/1608.03981)).",
    "sharpen": "On photographs, networks have overtaken filters ([Nah et al. 2017](https://arxiv.org/abs/1612.02177)).",
    "enlarge": "On photographs, three layers were enough to beat it ([Dong et al. 2014](https://arxiv.org/abs/1501.00092)).",
    "inpaint": "On photographs, with holes that continuation cannot bridge ([Pathak et al. 2016](https://arxiv.org/abs/1604.07379)).",
    "colourise": "On photographs, as far as things have usual colours ([Zhang et al. 2016](https://arxiv.org/abs/1603.08511)).",
}


def study_of(task: str, filters: dict[str, str]) -> Study:
    """The plan of a task, for `filters` by name in words, the strongest first.

    >>> study_of("enlarge", {"bicubic": "Bicubic interpolation"}).xs
    (2, 3, 4, 6)
    """
    told, (question, axis) = TASKS[task], QUESTIONS[task]
    what = "land cover" if told.data == "landcover" else told.data
    steps, batch, crop = LENGTH
    where = " PSNR is measured in the holes only." if task == "inpaint" else ""
    return Study(
        name=f"restore-{task}",
        title=told.title,
        question=question,
        known=KNOWN[task],
        data=f"generated {what}; the network is trained at {told.told(told.trained)} only, filters are tuned for every level on {TUNED} "
        f"other scenes; each seed is judged on {TESTED} scenes of its own.{where}",
        length=f"A U-Net of depth 2 and width 8, {steps:,} steps of {batch} crops of {crop} pixels, mean squared difference.",
        arms={NETWORK: "Network", **filters},
        measures=(Measure("psnr", "PSNR in dB", digits=1), Measure("ssim", "SSIM", digits=3)),
        axis=axis,
        xs=told.levels,
        reference=next(iter(filters)),
        command="python -m seglab.bench.restore",
    )
