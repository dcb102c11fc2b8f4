"""Output size: one formula for each operator, and the question turned around."""

from seglab.lessons import LESSONS
from seglab.lessons.output_size import setting, size_code
from seglab.ui.lesson import Scenario, Snippet, lesson_page

SCENARIOS = [
    Scenario(
        "A 3 × 3 convolution with stride 2 and no padding reads 7 cells, then 8 cells a side. How large are the outputs?",
        ["3 and 3", "3 and 4", "4 and 4"],
        "3 and 3",
        "The formula rounds down: ⌊4 / 2⌋ + 1 and ⌊5 / 2⌋ + 1 are both 3. The eighth cell is never read.",
        {"stop": 3, **setting("conv", 8, 3, 2, at=9)},
    ),
    Scenario(
        "How many settings with stride 2 and kernel up to 7 take 7 cells to 14 in a transposed convolution?",
        ["1", "3", "7", "12"],
        "7",
        "One for each kernel size from 1 to 7: even kernels need no output padding, odd ones need 1.",
        {"stop": 8, **setting("conv_transpose", 7, 4, 2, 1, at=1)},
    ),
    Scenario(
        "Max pooling 2 × 2 with stride 2 on 5 cells, with ceil_mode. How many windows?",
        ["2", "3"],
        "3",
        "Rounded up: ⌈3 / 2⌉ + 1 = 3. The last window ends outside the image and takes the maximum of what it has.",
        {"stop": 6, **setting("max_pool", 5, 2, 2, ceil_mode=True, at=9)},
    ),
]

FORMULA = """
<p>Convolution and pooling:</p>
<p class="formula">⌊(<i>n</i> + 2<i>p</i> − <i>d</i> (<i>k</i> − 1) − 1) / <i>s</i>⌋ + 1</p>
<p>rounded up for pooling with <code>ceil_mode</code>, less one where the last window would start in the far padding. Transposed
convolution:</p>
<p class="formula">(<i>n</i> − 1) <i>s</i> − 2<i>p</i> + <i>d</i> (<i>k</i> − 1) + output padding + 1</p>
<p>with <i>n</i> cells in, kernel <i>k</i>, stride <i>s</i>, padding <i>p</i> and dilation <i>d</i>. The named settings under Examples are
those of Dumoulin and Visin, <i>A guide to convolution arithmetic for deep learning</i> (arXiv:1603.07285).</p>
"""

TEXT = """
## Why output padding exists
Rounding down forgets: with stride 2, seven and eight cells both become three. A transposed convolution that goes back from three has to be
told which of the two is meant. `output_padding` is that choice, and it must be smaller than the stride (or the dilation).
"""

lesson_page(
    LESSONS["output_size"],
    FORMULA,
    SCENARIOS,
    TEXT,
    lambda state, pipeline: Snippet(size_code(state), list(pipeline.output.shape)),
)
