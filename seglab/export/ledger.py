"""The ledger: the arithmetic of the step's cell, as pieces in the colours of the grids. The twin of the first line of ``ledger.js``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from seglab.export.numbers import brief, exact, measured
from seglab.export.readings import Progress
from seglab.export.scene import EACH_CHANNEL, Link, Mask, Scene, Sheet, variances
from seglab.pipeline import PipelineGradients
from seglab.rows import IntArray
from seglab.trace import Trace

MOST = 12  # terms written out
FEW = 9  # and of what an input cell or a weight does
NOTHING = {  # why a cell is 0 that no row reaches
    "max_unpool2d": "nothing was put here",
    "bed_of_nails": "nothing was put here",
    "transpose": "this cell won no window, so no gradient comes back to it",
}


class Piece(NamedTuple):
    """Some words, the part whose colour they have, and whether they are still to come."""

    text: str
    role: str | None = None
    dim: bool = False


def plain(pieces: Iterable[Piece]) -> str:
    """The pieces as one text."""
    return "".join(piece.text for piece in pieces)


def describe(scene: Scene, sheet: Sheet, cell: int, so_far: Progress) -> list[Piece]:
    """What made a cell, or what it takes part in."""
    told = _described(scene, sheet, cell, so_far)
    return [piece._replace(text=measured(piece.text)) for piece in told] if scene.lesson.measured else told


def _described(scene: Scene, sheet: Sheet, cell: int, so_far: Progress) -> list[Piece]:
    if sheet.spec.plain:
        return _place_only(scene, sheet, cell)
    if scene.slopes:
        return _slope(scene, scene.slopes, sheet, cell)
    if sheet.kind == "switches":
        return _remembered(scene, sheet, cell)
    maker = next((link for link in scene.links if link.out is sheet or (sheet.kind == "column" and link.name == sheet.of)), None)
    if maker:
        return _made(scene, maker, sheet, cell, so_far if maker is scene.followed else so_far.beside.get(maker.name))
    return _used(scene, next(link for link in scene.links if sheet.index in link.columns), sheet, cell)


def name_of(scene: Scene, sheet: Sheet, cell: int) -> str:
    """The name of a cell: O(1,1); with a channel in front where there are several; one coordinate on a line."""
    if sheet.kind == "column":
        shape = _sizes(scene, sheet.of)
        row, column = divmod(cell, shape[2])
        return f"{sheet.spec.symbol}({column if scene.line else f'{row},{column}'})"
    channel, row, column = sheet.coordinates(cell)
    if sheet.kind in EACH_CHANNEL:
        return f"{sheet.spec.symbol}({sheet.labels[channel] if sheet.labels else channel})"
    names = sheet.spec.names if sheet.kind == "grid" else ()
    letter = names[channel] if channel < len(names) else ""
    planes = divmod(channel, sheet.second) if sheet.second else (channel,)
    place = [*(planes if sheet.channels > 1 and not letter else ()), *([] if scene.line else [row]), column]
    return f"{letter or sheet.spec.symbol}({','.join(map(str, place)).replace('-', '−')})"


def _sizes(scene: Scene, name: str) -> tuple[int, ...]:
    for link in scene.links:
        if link.name == name:
            return link.trace.out_grid.shape
        if name in link.reads:
            return link.trace.grids[link.reads.index(name)].shape
    raise KeyError(name)


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def _join(groups: Iterable[list[Piece]], between: str) -> list[Piece]:
    joined: list[Piece] = []
    for group in groups:
        joined += ([Piece(between)] if joined else []) + group
    return joined


def _made(scene: Scene, link: Link, sheet: Sheet, cell: int, so_far: Progress | None) -> list[Piece]:
    trace, rows = link.trace, link.rows_of(sheet.index, cell)
    role, real, name = sheet.role, int(sheet.grid.source[cell]), name_of(scene, sheet, cell)
    if trace.op == "batch_norm" and scene.counts is None:
        return _normalised(trace, sheet, cell, name, so_far)
    if trace.reduce == "pick" and not trace.activation:
        return _copied(scene, link, rows, name, sheet)
    if not len(rows):
        return [Piece(name, role), Piece(f" = 0: {NOTHING.get(trace.op, 'no stamp reaches this cell')}")]
    if scene.counts is not None and link is scene.followed:
        stamps = len(rows) if real < 0 else int(scene.counts[real])
        name = f"{'1 stamp reaches' if stamps == 1 else f'{stamps} stamps reach'} {name}"
    done = so_far.done[rows] if so_far and so_far.done is not None else np.ones(len(rows), bool)
    compares = link.won is not None
    shown = zip(rows[:MOST], done, strict=False)
    terms = _join(
        ([piece._replace(dim=not ready) for piece in _coloured(scene, link, row, role)] for row, ready in shown),
        ", " if compares else " + ",
    )
    if trace.reduce == "pick":
        terms = [Piece(exact(trace.products[rows[0]]), terms[-1].role)]
    if len(rows) > MOST:
        terms.append(Piece(f" … {len(rows) - MOST} more"))
    terms = _sums(link, rows, done) or terms
    if compares:
        terms = [Piece(f"{trace.reduce}("), *terms]
    if trace.bias is not None and real >= 0:
        terms += [Piece(" + "), Piece(_signed(exact(trace.bias[real // (trace.output.size // len(trace.bias))])), "kernel")]
    if compares:
        terms.append(Piece(")"))
    if trace.activation:
        terms = [Piece(f"{trace.call.options.get('activation') or trace.op}("), *terms, Piece(")")]
    if not done.any():
        result = [Piece(" : not reached yet")]
    elif scene.state.get("letters"):
        result = []
    else:
        result = [Piece(" = "), Piece(exact(_value(trace, so_far, cell, real)), role)]
    told = ", then cropped by the padding" if real < 0 else " so far" if done.any() and not done.all() else ""
    winner = _came_from(scene, link, rows) if compares and done.any() else []
    return [Piece(name, role), Piece(" = "), *terms, *result, *([Piece(told)] if told else []), *winner]


def _coloured(scene: Scene, link: Link, row: int, role: str | None) -> list[Piece]:
    """A term; the one that won in the colour of the switches."""
    pieces = _term(scene, link, row, role)
    return [piece._replace(role="skip") for piece in pieces] if link.won is not None and link.won[row] else pieces


def _came_from(scene: Scene, link: Link, rows: IntArray) -> list[Piece]:
    """Which cell of a window won it."""
    won = next((row for row in rows.tolist() if link.won is not None and link.won[row]), None)
    if won is None or not link.inps or link.inps[0].hidden:
        return []
    source, products = link.inps[0], link.trace.products
    equals = int((products[rows] == products[won]).sum())
    first = [Piece(f", the first of {equals} equal cells")] if equals > 1 else []
    return [Piece(", from "), Piece(name_of(scene, source, int(link.columns[source.index][won])), "skip"), *first]


def _remembered(scene: Scene, sheet: Sheet, cell: int) -> list[Piece]:
    """Where a switch points: the winner's place in its plane, counted row by row."""
    link = next(link for link in scene.links if link.name == sheet.of)
    trace, source, out, real = link.trace, link.inps[0], link.out, int(sheet.grid.source[cell])
    size = "largest" if trace.reduce == "max" else "smallest"
    told = [
        Piece(name_of(scene, sheet, cell), "skip"),
        Piece(f" = {exact(sheet.values[real])}: counted row by row from 0, the cell of the {size} value"),
    ]
    if not source.hidden:
        name = name_of(scene, source, int(link.columns[source.index][trace.winners[real]]))
        told += [Piece(", "), Piece(name, source.role), Piece(f" = {exact(trace.output.ravel()[real])}")]
    if out and not out.hidden:
        told += [Piece(", is in "), Piece(name_of(scene, out, int(out.grid.places[real])), out.role)]
    return told


def _sums(link: Link, rows: IntArray, done: Mask) -> list[Piece]:
    """What each channel brings to a cell that reads several cells of several channels; nothing for other cells."""
    trace = link.trace
    if trace.reduce != "sum" or trace.weight is None or len(trace.grids) > 1:
        return []
    channels = trace.rows.inp[rows] // (trace.grids[0].canvas[1] * trace.grids[0].canvas[2])
    found = list(dict.fromkeys(channels.tolist()))
    if not 1 < len(found) < len(rows):
        return []
    names = link.inps[0].spec.names if link.inps else ()
    told = []
    for channel in found:
        here = (channels == channel) & done
        amount = _signed(exact(sum(trace.products[rows[here]].tolist())))
        name = names[channel] if channel < len(names) else f"channel {channel}"
        told.append([Piece(amount, "input", dim=not here.any()), Piece(f" from {name}")])
    return _join(told, " + ")


def _normalised(trace: Trace, sheet: Sheet, cell: int, name: str, so_far: Progress | None) -> list[Piece]:
    """Batch normalisation as it is written: gamma · (x − mean) / √(variance + eps) + beta."""
    channel = sheet.coordinates(cell)[0]
    gamma = [] if trace.weight is None else [Piece(_signed(exact(trace.weight[channel])), "kernel"), Piece("·")]
    beta = [] if trace.bias is None else [Piece(" + "), Piece(_signed(exact(trace.bias[channel])), "kernel")]
    mean, variance = trace.inputs[1].ravel()[channel], variances(trace)[channel]
    under = f" − {_signed(exact(mean))}) / √({exact(variance)} + {exact(trace.call.options['eps'])})"
    ready = so_far is None or so_far.reached is None or bool(so_far.reached[cell])
    result = [Piece(" = "), Piece(exact(trace.output.ravel()[cell]), sheet.role)] if ready else [Piece(" : not reached yet")]
    value = Piece(exact(trace.inputs[0].ravel()[cell]), "input")
    return [Piece(name, sheet.role), Piece(" = "), *gamma, Piece("("), value, Piece(under), *beta, *result]


def _value(trace: Trace, so_far: Progress | None, cell: int, real: int) -> float:
    if real >= 0:
        return float(so_far.values[real] if so_far else trace.output.ravel()[real])
    return float(so_far.canvas[cell]) if so_far else float(trace.products[trace.rows.out == cell].sum())


def _term(scene: Scene, link: Link, row: int, out_role: str | None) -> list[Piece]:
    """The factors of one row: value · weight, or coefficient · value."""
    trace, rows, letters = link.trace, link.trace.rows, scene.state.get("letters")
    number = exact(trace.canvas[rows.inp[row]])
    value = input_letter(int(trace.input_cells[row])) if letters else number if link.won is not None else _signed(number)
    source = next((sheet for sheet in link.inps if link.columns[sheet.index][row] >= 0), None)
    role = (source.role if source else None) or (None if out_role == "input" else "input")
    factor = [] if rows.coef is None or rows.coef[row] == 1 else [Piece(_signed(exact(rows.coef[row]))), Piece("·")]
    if trace.weight is None:
        return [*factor, Piece(value, role)]
    weight = int(rows.weight[row])
    scale = weight_letter(trace, weight) if letters else _signed(exact(trace.weight.ravel()[weight]))
    return [*factor, Piece(value, role), Piece("·"), Piece(scale, "kernel")]


def input_letter(cell: int) -> str:
    """The letter that stands for a real input cell; padding has none."""
    return "abcdefgh"[cell] if cell >= 0 else "0"


def weight_letter(trace: Trace, weight: int) -> str:
    """The letter that stands for a weight."""
    assert trace.weight is not None
    return ("xyz" if trace.weight.size <= 3 else "pqrstuvwz")[weight]


def _copied(scene: Scene, link: Link, rows: np.typing.NDArray[np.int64], name: str, sheet: Sheet) -> list[Piece]:
    if not len(rows):
        return [Piece(name, sheet.role), Piece(f" = 0: {NOTHING.get(link.trace.op, 'nothing is copied here')}")]
    source = next((one for one in link.inps if link.columns[one.index][rows[0]] >= 0), None)
    told = []
    if source and not source.hidden:
        told = [Piece(name_of(scene, source, int(link.columns[source.index][rows[0]])), source.role), Piece(" = ")]
    value = Piece(exact(link.trace.products[rows[0]]), sheet.role)
    return [Piece(name, sheet.role), Piece(" = "), *told, value, *_because(scene, link, int(rows[0]))]


def _because(scene: Scene, link: Link, row: int) -> list[Piece]:
    """The switch that put a value where it is."""
    switches = next((one for one in scene.sheets if one.kind == "switches" and one.index in link.columns), None)
    if switches is None or link.trace.op != "max_unpool2d":
        return []
    return [Piece(": "), Piece(name_of(scene, switches, int(link.columns[switches.index][row])), "skip"), Piece(" says here")]


def _slope(scene: Scene, slopes: PipelineGradients, sheet: Sheet, cell: int) -> list[Piece]:
    """By how much the loss changes with a cell or a weight: where it is read more than once, the branches add."""
    training, real, name = scene.lesson.trains, int(sheet.grid.source[cell]), Piece(f"∂L/∂{name_of(scene, sheet, cell)}", sheet.role)
    assert training is not None
    if real < 0:
        return [name, Piece(": nothing but padding, it has no gradient")]
    if sheet.kind == "kernel":
        return _kernel_slope(scene, slopes, sheet, cell, name)
    value = Piece(brief(slopes.grids[sheet.of].ravel()[real]), sheet.role)
    if sheet.of == training.output:
        return [name, Piece(" = (p − t) / (p·(1 − p)) = "), value]
    parts = []
    for link in scene.links:
        if sheet.index in link.columns and link.out is not sheet:
            found = slopes.steps[link.name].input
            part = (found if isinstance(found, tuple) else (found,))[link.reads.index(sheet.of)].ravel()[real]
            parts.append([Piece(_signed(brief(part))), Piece(f" through “{link.out.title if link.out and link.out.title else link.name}”")])
    if sheet.of == training.truth or not parts:
        return [name, Piece(": the loss is worked out from the probabilities before this")]
    return [name, Piece(" = "), *_join(parts, " + "), *([Piece(" = "), value] if len(parts) > 1 else [])]


def _kernel_slope(scene: Scene, slopes: PipelineGradients, sheet: Sheet, cell: int, name: Piece) -> list[Piece]:
    """A weight's gradient is a sum over all the places where the weight stands."""
    link = next(link for link in scene.links if link.kernel is sheet)
    trace, arriving, weight = link.trace, slopes.grids[link.name].ravel(), slopes.steps[link.name].weight
    assert weight is not None
    if trace.activation:
        arriving = arriving * trace.activation.slope(trace.linear)
    outs = trace.out_grid.source[trace.rows.out]
    rows = [row for row in link.rows_of(sheet.index, cell).tolist() if outs[row] >= 0]
    terms = [
        [Piece(_signed(brief(arriving[outs[row]]))), Piece("·"), Piece(_signed(brief(trace.canvas[trace.rows.inp[row]])), "input")]
        for row in rows[:4]
    ]
    more = f" + … over {len(rows)} places = " if len(rows) > 4 else " = "
    return [name, Piece(" = "), *_join(terms, " + "), Piece(more), Piece(brief(weight.ravel()[cell]), "kernel")]


def _used(scene: Scene, link: Link, sheet: Sheet, cell: int) -> list[Piece]:
    """An input cell or a weight: everything that it adds to."""
    rows, trace, real = link.rows_of(sheet.index, cell), link.trace, int(sheet.grid.source[cell])
    kernel, out = sheet.kind == "kernel", link.out
    value = sheet.values[cell] if kernel else sheet.fill if real < 0 else sheet.values[real]
    letter = ""
    if scene.state.get("letters") and real >= 0:
        letter = weight_letter(trace, cell) if kernel else input_letter(real)
    head = [Piece(name_of(scene, sheet, cell), sheet.role), Piece(" = "), Piece(letter or exact(value), sheet.role)]
    if sheet.margin == "padding" and sheet.outside(cell):
        head.append(Piece(" (padding)"))
    if not len(rows):
        return [*head, Piece(": no output reads this cell")]
    verb = "meets" if kernel else "stamps" if trace.op.startswith("conv_transpose") else "is read by"
    told: list[Piece] = [Piece(f" {verb} {_cells(len(rows))}")]
    for i, row in enumerate(rows[:FEW]):
        told += [Piece(", " if i else ": "), *_term(scene, link, row, out.role if out else None)]
        if out and not out.hidden:
            told += [Piece(" → "), Piece(name_of(scene, out, int(link.columns[out.index][row])), out.role)]
    if len(rows) > FEW:
        told.append(Piece(f", … {len(rows) - FEW} more"))
    if link.won is not None:
        wins = int(link.won[rows].sum())
        told.append(Piece("; it wins nowhere" if wins == 0 else "; it wins" if wins == len(rows) else f"; it wins {wins} of them"))
    return [*head, *told]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _place_only(scene: Scene, sheet: Sheet, cell: int) -> list[Piece]:
    """Output-size lessons: only places matter."""
    link = scene.followed
    name, transposed, is_out = Piece(name_of(scene, sheet, cell), sheet.role), link.trace.op.startswith("conv_transpose"), sheet is link.out
    others = link.inps[0] if is_out or link.out is None else link.out
    found = dict.fromkeys(link.columns[others.index][link.rows_of(sheet.index, cell)].tolist())
    cells = [one for one in found if one >= 0 and not others.outside(one)]
    beyond = sum(one >= 0 for one in found) - len(cells)
    kind = ""
    if sheet.outside(cell):
        kind = ", cropped away by the padding," if sheet.margin == "cropped" else ", padding,"
    if not cells and not beyond:
        return [name, Piece(f"{kind} {'gets nothing' if is_out else 'is never read'}")]
    verb = ("is stamped by" if transposed else "reads") if is_out else "stamps" if transposed else "is read by"
    pools = "pool" in link.trace.op
    told = "in the cropped border" if others.margin == "cropped" else "outside, left out" if pools else "of padding, 0"
    named = _join(([Piece(name_of(scene, others, one), others.role)] for one in cells[:FEW]), ", ")
    rest = ([Piece(" …")] if len(cells) > FEW else []) + ([Piece(f"; {beyond} {told}")] if beyond else [])
    return [name, Piece(f"{kind} {verb} {_cells(len(cells))}{': ' if cells else ''}"), *named, *rest]
