"""What is read off a scene, as in ``scene.js``: how far a walk has come, what is connected with a cell, which cells won."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from seglab.export.scene import Link, Mask, Scene, Sheet
from seglab.rows import FloatArray, IntArray, add_up
from seglab.trace import reduce_rows


@dataclass(eq=False)
class Progress:
    """The followed output so far: `values` of real cells, the `canvas` with the border that padding crops, and which rows are done."""

    values: FloatArray
    canvas: FloatArray
    touched: FloatArray
    reached: Mask | None = None  # None: all of them
    done: Mask | None = None
    beside: dict[str, Progress] = field(default_factory=dict)  # of what is walked through together with it, by step


def progress(scene: Scene, at: int) -> Progress:
    """What `at` steps have made: of the followed output, and of those that are walked through together with it."""
    others = [link for link in scene.together if link is not scene.followed]
    return replace(_followed(scene, at), beside={link.name: _so_far(scene, link, at) for link in others})


def _so_far(scene: Scene, link: Link, at: int) -> Progress:
    """The output of a link that is walked through beside the followed one."""
    if at >= len(scene.cells):
        return everything(link)
    # Outputs are walked through place by place, each its own; inputs are walked through for all steps that read them.
    sheet = link.out if scene.view.reading == "output" and link.out else scene.walked
    walked = np.zeros(sheet.grid.size, bool)
    walked[(sheet.grid.places if sheet is link.out else scene.cells)[:at]] = True
    done = _rows_from(scene, link, sheet, walked)
    return _after(link, np.flatnonzero(done), done)


def _rows_from(scene: Scene, link: Link, sheet: Sheet, cells: Mask) -> Mask:
    """The rows of a link that cells of a panel lead to, through the steps between where the link does not touch the panel itself."""
    if sheet.index in link.columns:
        column = link.columns[sheet.index]
        return np.asarray((column >= 0) & cells[column])
    source = link.inps[0]
    maker = next(one for one in scene.links if one.out is source)
    made = maker.columns[source.index][_rows_from(scene, maker, sheet, cells)]
    reached = np.zeros(source.grid.size, bool)
    reached[made[made >= 0]] = True
    return _rows_from(scene, link, source, reached)


def _followed(scene: Scene, at: int) -> Progress:
    """The followed output after `at` steps, in the order in which the steps come."""
    column = scene.followed.columns[scene.walked.index]
    rank = np.full(scene.walked.grid.size + 1, len(scene.cells))
    rank[scene.cells] = np.arange(len(scene.cells))
    turn = rank[column]
    if at >= len(scene.cells):
        return everything(scene.followed)
    done = turn < at
    return _after(scene.followed, np.argsort(turn, kind="stable")[: np.count_nonzero(done)], done)


def _after(link: Link, rows: IntArray, done: Mask) -> Progress:
    """What some rows of a step's trace make, in the order given."""
    trace = link.trace
    values, out = trace.after(rows).ravel(), trace.rows.out[rows]
    canvas = reduce_rows(trace.reduce, out, trace.products[rows], trace.out_grid.size)
    return Progress(values, canvas, add_up(out, np.ones(len(out)), trace.out_grid.size), ~np.isnan(values), done)


def everything(link: Link) -> Progress:
    """What all rows of a step's trace make."""
    trace = link.trace
    canvas = reduce_rows(trace.reduce, trace.rows.out, trace.products, trace.out_grid.size)
    return Progress(trace.output.ravel(), canvas, add_up(trace.rows.out, np.ones(len(trace.rows)), trace.out_grid.size))


def connected(scene: Scene, panel: int, cell: int) -> list[Mask]:
    """Every cell connected to a cell, by panel: the rows it takes part in, the way back to the inputs, the way on to the last output."""
    marked, back, on = ([np.zeros(sheet.grid.size, bool) for sheet in scene.sheets] for _ in range(3))
    for masks in (marked, back, on):
        masks[panel][cell] = True
    for link in scene.links:
        if panel not in link.columns:
            continue
        rows, inps = link.rows_of(panel, cell), [sheet.index for sheet in link.inps]
        out = link.out.index if link.out else None
        aside = panel not in inps and panel != out
        for target, column in link.columns.items():
            if target == panel:
                continue
            cells = column[rows][column[rows] >= 0]
            marked[target][cells] = True
            if aside and target == out:
                on[target][cells] = True
            if aside and target in inps:
                back[target][cells] = True
    for link in reversed(scene.links):
        _spread(link, back, [link.out] if link.out else [], link.inps)
    for link in scene.links:
        _spread(link, on, link.inps, [link.out] if link.out else [])
    for sheet, same in alike(scene, panel, cell):
        marked[sheet.index][same] = True
    return [a | b | c for a, b, c in zip(marked, back, on, strict=True)]


def alike(scene: Scene, panel: int, cell: int) -> list[tuple[Sheet, int]]:
    """The cells at the same place in the outputs that are walked through together with the one that a cell is of."""
    outs = [link.out for link in scene.together if link.out and not link.out.hidden]
    own = next((sheet for sheet in outs if sheet.index == panel), None)
    real = int(own.grid.source[cell]) if own else -1
    if own is None or real < 0:
        return []
    return [(sheet, int(sheet.grid.places[real])) for sheet in outs if sheet is not own and sheet.grid.shape == own.grid.shape]


def winning(scene: Scene, marked: list[Mask]) -> dict[int, dict[int, str]]:
    """Of the marked cells those that won, by panel, each with "max" or "min": where a marked output of pooling got its value from."""
    found: dict[int, dict[int, str]] = {}
    for link in scene.links:
        if link.won is None or link.out is None or not link.inps:
            continue
        out, inp = link.columns[link.out.index], link.columns[link.inps[0].index]
        rows = link.won & (out >= 0) & marked[link.out.index][out] & (inp >= 0) & marked[link.inps[0].index][inp]
        if rows.any():
            found.setdefault(link.inps[0].index, {}).update(dict.fromkeys(inp[rows].tolist(), link.trace.reduce))
    return found


def _spread(link: Link, masks: list[Mask], sources: list[Sheet], targets: list[Sheet]) -> None:
    """Carry the marked cells over one link, from its panels `sources` to its panels `targets`."""
    for source in sources:
        column = link.columns[source.index]
        rows = (column >= 0) & masks[source.index][column]
        for target in targets:
            cells = link.columns[target.index][rows]
            masks[target.index][cells[cells >= 0]] = True


def never_read(scene: Scene) -> Mask:
    """Real input cells that no window reads."""
    sheet, trace = scene.followed.inps[0], scene.followed.trace
    read = np.zeros(sheet.grid.size, bool)
    column = scene.followed.columns[sheet.index]
    read[column[column >= 0]] = True
    return ~read & (sheet.grid.source >= 0) & (not trace.op.startswith("conv_transpose"))
