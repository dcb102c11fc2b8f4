"""Transposed convolution: stamps that add, in eleven stops."""

from seglab.lessons import LESSONS
from seglab.lessons.transposed_convolution import DIGITS, ones
from seglab.ui.lesson import Scenario, lesson_page

SCENARIOS = [
    Scenario(
        "A 2 × 2 input is stamped with a 2 × 2 kernel and stride 2. How many output cells get more than one stamp?",
        ["None", "One", "Four", "All"],
        "None",
        "Stride and kernel size are equal, so the stamps lie side by side: 4 × 4 cells, one stamp each. The largest value is 3 · 4 = 12.",
        {"stop": 3, "stride": 2, "count": True, "at": 4},
    ),
    Scenario(
        "2 × 2 cells, kernel 3, stride 2, padding 1. How large is the output?",
        ["2 × 2", "3 × 3", "4 × 4", "5 × 5"],
        "3 × 3",
        "(2 − 1)·2 − 2·1 + 2 + 1 = 3. To get 4 × 4 the setting needs output_padding 1.",
        {"stop": 4, "x": [[1, 2], [3, 4]], "w": DIGITS, "stride": 2, "padding": 1, "at": 4},
    ),
    Scenario(
        "A single 1 goes through the kernel 1 to 9 with stride 2, padding 1 and output_padding 1. Is the last row zero?",
        ["Yes", "No"],
        "No",
        "The output is 5 6 / 8 9. Output padding does not add zeros, it crops less of what was stamped.",
        {"stop": 5, "x": [[1]], "w": DIGITS, "stride": 2, "padding": 1, "output_padding": 1, "at": 1},
    ),
    Scenario(
        "Which kernel gives an even overlap with stride 2?",
        ["3 × 3", "4 × 4", "5 × 5"],
        "4 × 4",
        "4 is divisible by 2, so away from the border every cell gets the same number of stamps. Uneven weights can still draw a pattern.",
        {"stop": 8, "x": ones(5, 5), "w": ones(4, 4), "stride": 2, "padding": 1, "count": True, "at": 25},
    ),
]

FORMULA = """
<p class="formula"><i>O</i>(<i>x</i>, <i>y</i>) = Σ<sub><i>i</i>, <i>j</i></sub> <i>I</i>(<i>i</i>, <i>j</i>) ·
<i>K</i>(<i>x</i> − <i>i s</i> + <i>p</i>, <i>y</i> − <i>j s</i> + <i>p</i>)</p>
<p>with stride <i>s</i> and padding <i>p</i>; <i>x</i> counts rows, and a weight outside the kernel is 0. The lecture’s formula leaves
<i>p</i> out. Along each axis, with <i>n</i> cells in, kernel <i>k</i> and dilation <i>d</i>, the output has</p>
<p class="formula">(<i>n</i> − 1) <i>s</i> − 2<i>p</i> + <i>d</i> (<i>k</i> − 1) + output padding + 1</p>
<p>cells.</p>
"""

TEXT = """
## Words that confuse
- **Padding** adds cells to a convolution's input. To a transposed convolution's output it does the opposite: it crops.
- **Flipped?** The stamp is the kernel as it is. Only the view with zeros inserted slides it flipped; both give the same output.
- **Transposed convolution, up-convolution, fractionally strided convolution, deconvolution** are one operator. The last name is wrong: in
  signal processing a deconvolution undoes a convolution, and this does not.
"""

lesson_page(LESSONS["transposed_convolution"], FORMULA, SCENARIOS, TEXT)
