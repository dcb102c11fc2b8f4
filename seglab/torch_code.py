"""Traces and pipelines as PyTorch source. The snippet that is shown is the one that `check` runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seglab.activations import ACTIVATIONS, threshold_at
from seglab.trace import Call, Trace

if TYPE_CHECKING:
    from seglab.pipeline import Pipeline

HEAD = "import torch\nimport torch.nn.functional as F\n"


def torch_code(trace: Trace) -> str:
    """A snippet that prints the trace's output.

    >>> import seglab as sl
    >>> print(torch_code(sl.relu([[-1, 2]])))
    import torch
    import torch.nn.functional as F
    <BLANKLINE>
    input = torch.tensor([[-1., 2.]], dtype=torch.float64)
    output = torch.relu(input)
    print(output.tolist())
    """
    names = {name: name for name in trace.call.operands}
    lines = [declare(name, values) for name, values in trace.call.operands.items()]
    lines += statement("output", trace.call, names)
    return HEAD + "\n" + "\n".join([*lines, "print(output.tolist())"])


def declare(name: str, values: Any) -> str:
    """One line that makes a tensor of `values`, in float64 (indices in int64)."""
    given = np.asarray(values)
    dtype = "torch.int64" if given.dtype.kind in "iu" else "torch.float64"
    told = f"{name} = torch.tensor({literal(given)}, dtype={dtype})"
    if given.ndim < 2 or len(told) <= 88:
        return told
    return f"{name} = torch.tensor(\n    {_rows(given, 4)},\n    dtype={dtype})"


def _rows(values: Any, indent: int) -> str:
    """An array with one row a line, as one reads a matrix."""
    if values.ndim < 2:
        return literal(values)
    return "[" + (",\n" + " " * (indent + 1)).join(_rows(part, indent + 1) for part in values) + "]"


def literal(values: Any) -> str:
    """Numbers as Python source, whole floats as ``2.``."""
    if isinstance(values, np.ndarray) and values.ndim:
        return "[" + ", ".join(literal(v) for v in values) + "]"
    if isinstance(values, (int, np.integer)):
        return str(int(values))
    number = float(values)
    return f"{int(number)}." if number.is_integer() and abs(number) < 1e15 else repr(number)


def statement(target: str, call: Call, names: Mapping[str, str]) -> list[str]:
    """The lines that compute `target` from operands that stand in the variables `names`."""
    if call.op == "transpose":
        return _transposed(target, call, names)
    operands = {name: _Operand(names[name], np.ndim(values)) for name, values in call.operands.items()}
    expression = _EXPRESSIONS[call.op](operands, call.options)
    if call.options.get("activation"):
        expression = ACTIVATIONS[call.options["activation"]].torch.format(x=expression)
    return [f"{target} = {expression}"]


class _Operand:
    """A variable that holds a tensor of `rank` axes, written with a batch axis (and a channel axis) in front where needed."""

    def __init__(self, name: str, rank: int) -> None:
        self.name, self.rank = name, rank

    def __str__(self) -> str:
        return self.name

    def lifted(self, rank: int) -> str:
        missing = rank - self.rank
        return self.name if missing == 0 else f"{self.name}[{', '.join(['None'] * missing)}]"


_Expression = Callable[[dict[str, _Operand], Mapping[str, Any]], str]


def _number(value: Any) -> str:
    """A pair as one number where both are equal."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return repr(value[0])
    return repr(value)


def _arguments(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Keyword arguments that differ from torch's defaults."""
    given = []
    for name, default in defaults.items():
        value = options[name]
        if set(value if isinstance(value, tuple) else (value,)) != set(default if isinstance(default, tuple) else (default,)):
            given.append(f", {name}={_number(value)}")
    return "".join(given)


def _conv(dims: int) -> _Expression:
    def expression(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
        source, weight = operands["input"], operands["weight"]
        image, around = source.lifted(dims + 2), options["padding"]
        even = all(before == after for before, after in around)
        call = dict(options, padding=tuple(before for before, _ in around))
        if options["padding_mode"] != "zeros" or not even:
            image, call["padding"] = _padded(image, options), 0
        bias = f", {operands['bias']}" if "bias" in operands else ""
        rest = _arguments(call, {"stride": 1, "padding": 0, "dilation": 1, "groups": 1})
        return f"F.conv{dims}d({image}, {weight.lifted(dims + 2)}{bias}{rest})" + _lowered(source, weight, dims)

    return expression


def _padded(image: str, options: Mapping[str, Any]) -> str:
    sides = tuple(side for pair in reversed(options["padding"]) for side in pair)
    mode = options["padding_mode"]
    told = "" if mode == "zeros" else f', mode="{mode}"'
    return f"F.pad({image}, {sides}{told})" if any(sides) else image


def _locally_connected(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    """Torch has no such layer: its windows, each times the kernel of its place."""
    source, weight = operands["input"], operands["weight"]
    windows = f"F.unfold({_padded(source.lifted(4), options)}, {weight}.shape[2:], stride={_number(options['stride'])})"
    lift = "[None]" if source.rank == 3 else ""
    return f"({windows}[0].T.reshape({weight}.flatten(2).shape) * {weight}.flatten(2)).sum(2){lift}"


def _conv_transpose(dims: int) -> _Expression:
    def expression(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
        source, weight = operands["input"], operands["weight"]
        bias = f", {operands['bias']}" if "bias" in operands else ""
        rest = _arguments(options, {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1})
        return f"F.conv_transpose{dims}d({source.lifted(dims + 2)}, {weight.lifted(dims + 2)}{bias}{rest})" + _lowered(source, weight, dims)

    return expression


def _lowered(source: _Operand, weight: _Operand, dims: int) -> str:
    return "[0, 0]" if source.rank == dims and weight.rank == dims else "[0]"


def _pool(function: str, sign: str = "") -> _Expression:
    def expression(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
        source = operands["input"]
        rest = f", {_number(options['kernel_size'])}"
        if options["stride"] != options["kernel_size"]:
            rest += f", stride={_number(options['stride'])}"
        others = {"padding": 0, "dilation": 1, "ceil_mode": False, "count_include_pad": True}
        rest += _arguments(options, {name: default for name, default in others.items() if name in options})
        lower = "[0]" if source.rank == 2 else ""
        return f"{sign}{function}({sign}{source.lifted(3)}{rest}){lower}"

    return expression


def _max_unpool(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    source, indices = operands["input"], operands["indices"]
    rest = "" if options["stride"] == options["kernel_size"] else f", stride={_number(options['stride'])}"
    rest += _arguments(options, {"padding": 0})
    lower = "[0]" if source.rank == 2 else ""
    size = tuple(options["output_size"])
    return f"F.max_unpool2d({source.lifted(3)}, {indices.lifted(3)}, {_number(options['kernel_size'])}{rest}, output_size={size}){lower}"


def _interpolate(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    source = operands["input"]
    corners = options["align_corners"]
    rest = f', mode="{options["mode"]}"' + ("" if corners is None else f", align_corners={corners}")
    lower = "[0, 0]" if source.rank == 2 else "[0]"
    return f"F.interpolate({source.lifted(4)}, scale_factor={_number(options['scale_factor'])}{rest}){lower}"


def _nails(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    down, right = options["scale"]
    nail = f"torch.eye({down * right}, dtype=torch.float64)[0].reshape({down}, {right})"
    return f"torch.kron({operands['input']}, {nail})"


def _crop(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    top, left, height, width = (options[name] for name in ("top", "left", "height", "width"))
    return f"{operands['input']}[..., {top}:{top + height}, {left}:{left + width}]"


def _shift(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    source, (dy, dx) = operands["input"], (options["dy"], options["dx"])
    if options["mode"] == "roll":
        return f"torch.roll({source}, ({dy}, {dx}), (-2, -1))"
    sides = tuple(side for by in (dx, dy) for side in (max(by, 0), max(-by, 0)))
    kept = ", ".join(f":{source}.shape[{axis}]" if by >= 0 else f"{-by}:" for axis, by in ((-2, dy), (-1, dx)))
    return f"F.pad({source}, {sides})[..., {kept}]"


def _concat(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    return f"torch.cat([{', '.join(operand.lifted(3) for operand in operands.values())}])"


def _batch_norm(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    source = operands["input"]
    mean, var = (operands.get(name, "None") for name in ("running_mean", "running_var"))
    if options["training"]:  # torch would write its running statistics into what it is given
        mean = var = "None"
    rest = "".join(f", {name}={operands[name]}" for name in ("weight", "bias") if name in operands)
    rest += ", training=True" if options["training"] else ""
    rest += "" if options["eps"] == 1e-5 else f", eps={options['eps']!r}"
    lower = "[0, 0]" if source.rank == 2 else "[0]"
    return f"F.batch_norm({source.lifted(4)}, {mean}, {var}{rest}){lower}"


def _cell_by_cell(name: str) -> _Expression:
    return lambda operands, _: ACTIVATIONS[name].torch.format(x=operands["input"])


def _threshold(operands: dict[str, _Operand], options: Mapping[str, Any]) -> str:
    return threshold_at(options["threshold"], options["value"]).torch.format(x=operands["input"])


_EXPRESSIONS: dict[str, _Expression] = {
    "batch_norm": _batch_norm,
    "conv1d": _conv(1),
    "conv2d": _conv(2),
    "locally_connected2d": _locally_connected,
    "conv_transpose1d": _conv_transpose(1),
    "conv_transpose2d": _conv_transpose(2),
    "max_pool2d": _pool("F.max_pool2d"),
    "min_pool2d": _pool("F.max_pool2d", sign="-"),
    "avg_pool2d": _pool("F.avg_pool2d"),
    "max_unpool2d": _max_unpool,
    "interpolate": _interpolate,
    "bed_of_nails": _nails,
    "crop": _crop,
    "shift": _shift,
    "concat": _concat,
    "subtract": lambda operands, _: f"{operands['input']} - {operands['other']}",
    "relu": _cell_by_cell("relu"),
    "sigmoid": _cell_by_cell("sigmoid"),
    "tanh": _cell_by_cell("tanh"),
    "threshold": _threshold,
    "pixel_shuffle": lambda operands, options: f"F.pixel_shuffle({operands['input'].lifted(3)}, {options['r']})",
}


def _transposed(target: str, call: Call, names: Mapping[str, str]) -> list[str]:
    """Differentiating a linear operator is its transpose; torch does it for any of them."""
    inner: Call = call.options["of"]
    plain = Call(inner.op, {n: v for n, v in inner.operands.items() if n != "bias"}, {**inner.options, "activation": None})
    inside = {name: f"{target}_{name}" for name in plain.operands}
    lines = [declare(inside[name], values) for name, values in plain.operands.items()]
    lines += [f"{inside['input']}.requires_grad_()"]
    lines += statement(f"{target}_forward", plain, inside)
    grad = f"torch.autograd.grad(({target}_forward * {names['input']}).sum(), {inside['input']}, create_graph=True)[0]"
    return [*lines, f"{target} = {grad}"]


def pipeline_code(pipeline: Pipeline) -> str:
    """A snippet that runs all steps of a pipeline and prints the last grid.

    >>> import seglab as sl
    >>> net = sl.Pipeline(x=[[1.0]]).then("y", sl.relu, "x").then("z", sl.concat, "x", "y")
    >>> print("\\n".join(pipeline_code(net).splitlines()[3:]))
    x = torch.tensor([[1.]], dtype=torch.float64)
    y = torch.relu(x)
    z = torch.cat([x[None], y[None]])
    output = z
    print(output.tolist())
    """
    lines = [declare(name, values) for name, values in pipeline.inputs.items()]
    last, taken = list(pipeline.inputs)[-1], {*pipeline.inputs, *pipeline.steps}

    def free(name: str) -> str:
        """`name`, lengthened until no grid has it."""
        while name in taken:
            name += "_"
        return name

    for last, reads, call in pipeline.calls():
        variables = (free(n.replace(".", "_")) if "." in n else n for n in reads)
        names = dict(zip(call.operands, variables, strict=False))
        for operand, values in list(call.operands.items())[len(reads) :]:
            names[operand] = free(f"{last}_{operand}")
            lines.append(declare(names[operand], values))
        lines += statement(last, call, names)
        if any(given == f"{last}.indices" for _, others, _ in pipeline.calls() for given in others):
            lines += [f"{free(f'{last}_indices')} = {_indices(call, names)}"]
    return HEAD + "\n" + "\n".join([*lines, f"output = {last}", "print(output.tolist())"])


def _indices(call: Call, names: Mapping[str, str]) -> str:
    operands = {name: _Operand(names[name], np.ndim(values)) for name, values in call.operands.items()}
    expression = _EXPRESSIONS[call.op](operands, call.options).removeprefix("-")
    lower = "[0]" if expression.endswith("[0]") else ""
    return expression.removesuffix("[0]")[:-1] + ", return_indices=True)[1]" + lower
