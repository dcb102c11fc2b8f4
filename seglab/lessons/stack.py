"""Two small kernels or one large: what a stack of convolutions sees, and what it costs (curriculum B21)."""

from dataclasses import replace

from seglab.lessons.asking import choices, pick
from seglab.stage.fields import Field
from seglab.stage.lesson import Asked, Lesson, Panel, Ref, Step, Stop, View, fields_of

FIRST = Step("a", "conv2d", ("x",), weight="w", options={"dilation": Ref("dilation")})
SECOND = Step("y", "conv2d", ("a",), weight="u", options={"dilation": Ref("dilation")})
IMAGE, OUTPUT = Panel("x", "input", "Input", "I", edits="x"), Panel("y", "output", "Output", "O")
FIRST_KERNEL = Panel("kernel:a", "kernel", "First kernel", "K", edits="w")
KERNEL = Panel("kernel:y", "kernel", "Second kernel", "L", edits="u")
PANELS = (IMAGE, FIRST_KERNEL, Panel("a", "output", "Between", "B"), KERNEL, OUTPUT)
TWO = View("two", "Two layers", (FIRST, SECOND), PANELS, follows="y", reading="output", inputs={"x": "x"})
LARGE = Step("y", "conv2d", ("x",), weight="l")
ONE = replace(TWO, name="one", label="One layer", steps=(LARGE,), panels=(IMAGE, replace(KERNEL, title="Kernel", edits="l"), OUTPUT))
KERNELS = (("w", "First", 3), ("u", "Second", 3), ("l", "Large", 5))
FIELDS = (
    Field("x", "grid", "random3.9x9", "Input", "the input's cells", 1, 16),
    *(Field(name, "grid", [[1] * side] * side, f"{label} kernel", "the weights", 1, 9) for name, label, side in KERNELS),
    Field("dilation", "int", 1, "Dilation", "spacing of the weights in both layers", 1, 3),
)
STOPS = (
    Stop("Two layers see 5 × 5", "Point at the output: through two 3 × 3 kernels one cell sees 5 × 5 cells of the input.", {}),
    Stop("One layer sees as much", "A 5 × 5 kernel sees the same, with 26 parameters in place of 2 · (9 + 1) = 20.", {"view": "one"}),
    Stop("With dilation", "Two dilated kernels see 9 × 9 cells with the same 20 parameters: the whole input.", {"dilation": 2, "at": 1}),
)


def ask_field(turn: int) -> Asked:
    layers = pick(turn, 2, range(3, 12))
    field, question = 2 * layers + 1, "convolutions of 3 × 3 in a row, stride 1. How many cells a side does one output cell see?"
    told = tuple(str(count) for count in choices(field, 3 * layers, field - 2, field + 2))
    return Asked(f"{layers} {question}", told, str(field), f"3, and 2 more with each further layer: {field}.", {"at": 1})


def ask_cost(turn: int) -> Asked:
    field = pick(turn, 5, range(7, 20, 2))
    one, many = field**2 + 1, 10 * (field - 1) // 2
    question = f"One {field} × {field} kernel and its bias are {one} numbers. How many do 3 × 3 layers take that see as much?"
    told = tuple(str(count) for count in choices(many, one, many - 10, many + 10))
    return Asked(question, told, str(many), f"{(field - 1) // 2} layers of 9 + 1: {many}.", {"stop": 2, "view": "one"})


STACK = Lesson(
    name="stack",
    title="Two small or one large",
    sentence="What one cell sees grows from layer to layer.",
    fields=fields_of((TWO, ONE), STOPS, *FIELDS),
    views=(TWO, ONE),
    stops=STOPS,
    controls=("x", "w", "u", "l", "dilation"),
    icon="filter_none",
    minutes=5,
    card="Through two 3 × 3 kernels a cell sees as much as through one of 5 × 5, for fewer parameters.",
    formula="<p class='formula'>field = 1 + Σ <i>d</i> (<i>k</i> − 1)</p><p>over layers with kernel <i>k</i>, dilation <i>d</i>.</p>",
    text="## Words that confuse\n- **Receptive field**: the input cells that can change an output cell. “Effective” on a slide means this.",
    questions=(ask_field, ask_cost),
)
