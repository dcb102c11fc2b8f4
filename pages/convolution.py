"""Convolution: many cells become one, in eleven stops."""

from seglab.lessons import LESSONS
from seglab.lessons.convolution import FLAT, HAND, LAPLACIAN
from seglab.ui.lesson import Scenario, lesson_page

SCENARIOS = [
    Scenario(
        "A 3 × 3 layer looks at an image of 100 × 100 pixels, without padding. In how many places does its kernel stand?",
        ["1", "100", "9,604", "10,000"],
        "9,604",
        "98 × 98 places, each an example to learn from: the gradient of a weight adds up over all of them. On 5 × 5 cells it is 9.",
        {"x": [[1] * 5] * 5, "w": [[1] * 3] * 3, "at": 9},
    ),
    Scenario(
        "An image has the same value everywhere. The Laplacian's weights add up to 0. With zeros as padding, where does it answer?",
        ["Nowhere", "Along the border", "Everywhere"],
        "Along the border",
        "Inside, the weights cancel. At the border some of them meet padding instead of image: a false edge.",
        {"stop": 5, "x": FLAT, "w": LAPLACIAN, "padding": 1, "at": 25},
    ),
    Scenario(
        "Is the kernel flipped before it slides, as in the mathematical convolution?",
        ["Yes", "No"],
        "No",
        "The first cell is 0·1.45 + 0.4·0.31 + 0·0.54 + 0.4·(−0.04) − 0.11 = −0.002. Flipped it would be 0.686.",
        {"stop": 10, **HAND, "view": "flipped", "at": 1},
    ),
]

FORMULA = """
<p class="formula"><i>O</i>(<i>x</i>, <i>y</i>) = <i>b</i> + Σ<sub><i>i</i>, <i>j</i></sub> <i>I</i>(<i>s x</i> + <i>d i</i> − <i>p</i>,
<i>s y</i> + <i>d j</i> − <i>p</i>) · <i>K</i>(<i>i</i>, <i>j</i>)</p>
<p>with stride <i>s</i>, dilation <i>d</i>, padding <i>p</i> and bias <i>b</i>; <i>x</i> counts rows. The mathematical convolution has
<i>K</i>(−<i>i</i>, −<i>j</i>): what networks call convolution is its cross-correlation.</p>
"""

TEXT = """
## Words that confuse
- **Padding** adds cells to a convolution's input. To a transposed convolution's output it does the opposite: it crops.
- **Same** padding keeps the size. With a kernel of even size it adds one more row below and one more column on the right.
- **Filter, kernel, weights** are the same thing here.
"""

lesson_page(LESSONS["convolution"], FORMULA, SCENARIOS, TEXT)
