// Scenes: a lesson's state worked out for drawing. Panels (grids as they are drawn), links (rows between panels), and the order of steps.

import { cells } from "./fields.js";
import { makeGrid, places } from "./grid.js";
import { idOf, keptWith } from "./memory.js";
import { build } from "./recipe.js";
import { group } from "./rows.js";
import { NEUTRAL } from "./trace.js";
import { gradients } from "./training.js";

/** Work out the scene of a state; throws a sentence where its settings are impossible. */
export function makeScene(lesson, state) {
  const view = lesson.views.find((one) => one.name === state.view);
  const made = build(lesson, state, view);
  const drawn = view.panels.map((spec) => ({ ...spec, grid: present(spec, made, state), several: spec.grid.includes("|") })).filter(({ grid }) => grid);
  const shown = new Set(drawn.filter(({ grid }) => !grid.startsWith("switches:")).map(({ grid }) => grid.split(":").at(-1)));
  const hidden = [...made.grids.keys()].filter((grid) => !shown.has(grid)).map((grid) => ({ grid, hidden: true }));
  const namesOf = (grid) => view.panels.find((panel) => panel.grid === grid)?.names ?? [];
  const panels = [...drawn, ...hidden].map((spec, index) => makePanel(spec, index, made, namesOf));
  const weightGrid = (name) => /^grid:(.*)/.exec(view.steps.find((step) => step.grid === name)?.weight)?.[1];
  const links = [...made.traces.keys()].map((name) => makeLink(name, made, panels, weightGrid(name)));
  const followed = links.find((link) => link.name === view.follows);
  const together = links.filter((link) => link === followed || view.together?.includes(link.name));
  if (together.length > 1) for (const { out } of together) if (out) out.beside = true;
  if (state.count && followed.out) followed.out.title = "Stamps per cell";
  // On a line a cell has one coordinate.
  const line = panels.every((panel) => panel.kind !== "grid" || panel.grid_.shape[1] === 1) && followed.trace.kernelSize[0] === 1;
  if (line) for (const panel of panels) panel.size = panel.size.replaceAll(/\b1 × /g, "");
  const counts = state.count ? overlap(made.pictured.get(followed.name) ?? followed.trace) : null;
  const slopes = state.gradients ? gradients(lesson, state, made) : null;
  return { lesson, view, state, made, panels, links, followed, together, line, counts, slopes, order: stepOrder(view, followed, panels) };
}

/** The letter that stands for a real input cell, and for a weight, where letters take the place of numbers. */
export const inputLetter = (cell) => "abcdefgh"[cell];
export const weightLetter = (trace, weight) => (trace.weight.data.length <= 3 ? "xyz" : "pqrstuvwz")[weight];

/** A panel's grid as it is there, or null: a chain may leave it out, or the layer whose kernel it would be. */
function present({ grid, edits }, { grids, traces }, state) {
  const [kind, of] = grid.split(":");
  if (!of?.includes("|")) return kind === "kernel" || grids.has(of ?? kind) ? grid : null;
  const found = of.split("|").find((step) => traces.get(step)?.weight?.data === cells(state[edits]).data);
  return found ? `${kind}:${found}` : null;
}

function makePanel(spec, index, made, namesOf) {
  const [kind, of] = spec.grid.includes(":") ? spec.grid.split(":") : ["grid", spec.grid];
  const panel = { ...spec, index, kind, of, margin: null, field: spec.edits ?? null, planeOf: (channel) => [channel] };
  if (kind === "grid") Object.assign(panel, gridPanel(of, made));
  const channelName = (grid, channel) => namesOf(grid)[channel] ?? String(channel);
  if (kind === "kernel") Object.assign(panel, kernelPanel(made.traces.get(of), made.reads.get(of)[0], of, channelName));
  if (kind in EACH_CHANNEL) Object.assign(panel, channelPanel(made.traces.get(of), EACH_CHANNEL[kind]));
  if (kind === "matrix" || kind === "transpose") Object.assign(panel, matrixPanel(made.traces.get(of), kind === "transpose"));
  if (kind === "column") Object.assign(panel, columnPanel(made.grids.get(of)));
  if (kind === "switches") Object.assign(panel, switchesPanel(made.traces.get(of)));
  [panel.channels, panel.rows, panel.columns] = panel.grid_.canvas;
  panel.folds = panel.channels > 1 && !panel.across; // its channels may stand in several lines
  panel.across ??= panel.channels; // channels that lie side by side
  panel.size ??= panel.grid_.shape.slice(panel.channels > 1 ? 0 : 1).join(" × ");
  panel.labels ??= panel.channels > 1 ? Array.from({ length: panel.channels }, (_, channel) => channelName(of, channel)) : null;
  if (panel.margin === "padding") panel.size += `, padded to ${panel.grid_.canvas.slice(1).join(" × ")}`;
  panel.place = places(panel.grid_);
  return panel;
}

/** The canvas of a grid is the cropped one that a step left it, else the padded one that the next step reads. */
function gridPanel(name, made) {
  const { data, shape } = made.grids.get(name), maker = made.traces.get(name);
  let grid = maker?.outGrid ?? makeGrid(shape), margin = "cropped", fill = 0;
  const hasMargins = (one) => one.margins.flat().some((side) => side > 0);
  if (!hasMargins(grid)) {
    margin = "padding";
    for (const [step, reads] of made.reads) {
      const at = reads.indexOf(name), reader = made.traces.get(step);
      if (at < 0 || !hasMargins(reader.grids[at])) continue;
      grid = reader.grids[at];
      fill = NEUTRAL[reader.reduce];
    }
  }
  return { grid_: grid, values: data, margin: hasMargins(grid) ? margin : null, fill, extra: maker?.extra ?? [0, 0] };
}

/** The planes of a kernel, laid out as a matrix: each is named after the channel that it reads and the one that it adds to. */
function kernelPanel(trace, source, made, nameOf) {
  const { shape, data } = trace.weight, [first, second, height, width] = shape, up = trace.op.startsWith("conv_transpose");
  const groups = (up ? trace.outGrid.shape[0] : trace.inputs[0].shape[0]) / second;
  const planeOf = (plane) => [Math.floor(plane / second), plane % second];
  const label = (plane) => {
    if (trace.op === "locally_connected2d") return planeOf(plane).join(","); // a kernel for each place of the output
    const [line, column] = planeOf(plane), other = Math.floor(line / (first / groups)) * second + column;
    const [from, to] = up ? [line, other] : [other, line];
    return `${nameOf(source, from)}→${nameOf(made, to)}`;
  };
  const planes = first * second;
  return {
    grid_: makeGrid([planes, height, width]), values: data, planeOf, single: first === 1 || second === 1, across: second > 1 ? second : first,
    size: (planes > 1 ? shape : shape.slice(2)).join(" × "), labels: planes > 1 ? Array.from({ length: planes }, (_, plane) => label(plane)) : null,
  };
}

/** What a trace has one number of for each output channel, by the kind of panel. */
export const EACH_CHANNEL = {
  bias: (trace) => trace.bias ?? new Float64Array(trace.outGrid.shape[0]),
  gamma: (trace) => trace.weight.data,
  mean: (trace) => trace.statistics.mean,
  variance: (trace) => trace.statistics.variance,
};

function channelPanel(trace, numbersOf) {
  const [channels] = trace.outGrid.shape;
  return { grid_: makeGrid([channels, 1, 1]), values: numbersOf(trace), across: 1, size: channels > 1 ? String(channels) : "" };
}

function matrixPanel(trace, transposed) {
  const nOut = trace.output.length, nIn = trace.inputs.reduce((sum, { data }) => sum + data.length, 0);
  const values = new Float64Array(nOut * nIn), { rows } = trace;
  for (let row = 0; row < rows.length; row++) {
    const out = trace.outGrid.source[rows.out[row]], inp = trace.grids[0].source[rows.inp[row]];
    if (out >= 0 && inp >= 0) values[transposed ? inp * nOut + out : out * nIn + inp] += trace.weight.data[rows.weight[row]];
  }
  return { grid_: makeGrid(transposed ? [1, nIn, nOut] : [1, nOut, nIn]), values, width: transposed ? nOut : nIn };
}

const switchesPanel = ({ outGrid, indices }) => ({ grid_: makeGrid(outGrid.shape), values: Float64Array.from(indices) });

const columnPanel = ({ data }) => ({ grid_: makeGrid([1, data.length, 1]), values: data });

/**
 * The rows of one step as columns of panel cells; -1 where a row has no cell in a panel. A step that follows the winners of another,
 * `pooled`, goes from the cells of that step's output (and of its switches) to those of its input.
 */
function makeLink(name, made, panels, weightGrid) {
  const trace = made.traces.get(name), reads = made.reads.get(name), pooled = made.winners.get(name);
  const { rows } = trace, columns = new Map();
  const real = {
    out: (row) => trace.outGrid.source[rows.out[row]],
    inp: (row) => trace.grids[0].source[rows.inp[row]],
  };
  const fill = (panel, cell) => columns.set(panel.index, Int32Array.from({ length: rows.length }, (_, row) => cell(row)));
  for (const panel of panels) {
    if (panel.kind === "grid" && panel.of === name) columns.set(panel.index, remapped(rows.out, trace.outGrid, panel.grid_, 0, trace.outGrid.size));
    if (panel.kind === "grid" && reads.includes(panel.of)) {
      const at = reads.indexOf(panel.of), before = trace.offsets[at], end = trace.offsets[at + 1];
      columns.set(panel.index, remapped(rows.inp, trace.grids[at], panel.grid_, before, end));
    }
    if (panel.kind === "grid" && panel.of === weightGrid) columns.set(panel.index, rows.weight);
    if (pooled && panel.of === pooled && ["grid", "switches"].includes(panel.kind) && !columns.has(panel.index)) {
      columns.set(panel.index, remapped(rows.inp, trace.grids[0], panel.grid_, 0, trace.grids[0].size));
    }
    if (pooled && panel.kind === "grid" && panel.of === made.reads.get(pooled)[0]) columns.set(panel.index, remapped(rows.out, trace.outGrid, panel.grid_, 0, trace.outGrid.size));
    if (panel.kind === "kernel" && (panel.of === name || panel.several && panel.values === trace.weight?.data)) columns.set(panel.index, rows.weight);
    const entry = (line, column) => (line < 0 || column < 0 ? -1 : line * panel.width + column);
    if (panel.of === name && panel.kind === "matrix") fill(panel, (row) => entry(real.out(row), real.inp(row)));
    if (panel.of === name && panel.kind === "transpose") fill(panel, (row) => entry(real.inp(row), real.out(row)));
    const plane = trace.outGrid.canvas[1] * trace.outGrid.canvas[2];
    if (panel.of === name && panel.kind in EACH_CHANNEL) fill(panel, (row) => Math.floor(rows.out[row] / plane));
    if (panel.kind === "switches" && panel.of === name) fill(panel, (row) => (trace.won[row] ? real.out(row) : -1));
    if (panel.kind === "column" && panel.of === name) fill(panel, real.out);
    if (panel.kind === "column" && reads.includes(panel.of)) fill(panel, real.inp);
  }
  const outs = panels.filter((panel) => panel.of === name && ["grid", "column"].includes(panel.kind));
  const inps = panels.filter((panel) => reads.includes(panel.of) && ["grid", "column"].includes(panel.kind));
  const kernel = panels.find((panel) => panel.kind === "kernel" && columns.has(panel.index)) ?? null;
  const link = { name, trace, reads, columns, out: outs[0] ?? null, inps, kernel, groups: new Map() };
  link.rowsOf = (index, cell) => {
    if (!columns.has(index)) return null;
    if (!link.groups.has(index)) link.groups.set(index, group(columns.get(index), panels[index].grid_.size));
    return link.groups.get(index).of(cell);
  };
  return link;
}

/** Canvas addresses of a trace's grid, which stand from `before` to `end`, as cells of a panel, whose canvas may have other margins. */
const remapped = keptWith((addresses, grid, shown, before, end) => {
  const same = String(grid.canvas) === String(shown.canvas) && String(grid.margins) === String(shown.margins);
  const place = places(shown), { source } = grid, cells = new Int32Array(addresses.length);
  for (let row = 0; row < addresses.length; row++) {
    const at = addresses[row] - before;
    if (at < 0 || addresses[row] >= end) cells[row] = -1;
    else if (same) cells[row] = at;
    else cells[row] = source[at] < 0 ? -1 : place[source[at]];
  }
  return cells;
}, (grid, shown, before, end) => [idOf(grid), idOf(shown), before, end].join(), 8);

/** The cells that the timeline walks through: {panel, cells, rows(step)}. */
function stepOrder(view, link, panels) {
  const { trace } = link;
  if (view.reading === "tap") return { panel: link.kernel, cells: Int32Array.from({ length: trace.kernelSize[0] * trace.kernelSize[1] }, (_, i) => i) };
  const wanted = view.reading === "output" ? [link.name] : link.reads;
  const panel = panels.find((one) => wanted.includes(one.of) && one.kind === "column") ?? panels.find((one) => wanted.includes(one.of) && one.kind === "grid");
  return { panel, cells: panel.place };
}

/** The rows of a link done after `at` steps as row numbers, or null where all are. */
function rowsDone(scene, link, at) {
  // Outputs are walked through place by place, each its own; inputs are walked through for all steps that read them.
  const beside = scene.view.reading === "output" && link !== scene.followed;
  const { panel, cells } = beside ? { panel: link.out, cells: link.out.place } : scene.order;
  return at >= cells.length ? null : rowsFrom(scene, link, panel, cells.subarray(0, at));
}

/** The rows of a link that cells of a panel lead to, through the steps between where the link does not touch the panel itself. */
function rowsFrom(scene, link, panel, cells_) {
  if (link.columns.has(panel.index)) return [...cells_].flatMap((cell) => [...link.rowsOf(panel.index, cell)]);
  const [source] = link.inps, maker = scene.links.find((one) => one.out === source), column = maker.columns.get(source.index);
  return rowsFrom(scene, link, source, rowsFrom(scene, maker, panel, cells_).map((row) => column[row]));
}

/** What `at` steps have made: of the followed output, and `beside` it by their steps' names of those walked through together with it. */
export function progress(scene, at) {
  const others = scene.together.filter((link) => link !== scene.followed);
  return { ...soFar(scene, scene.followed, at), beside: new Map(others.map((link) => [link.name, soFar(scene, link, at)])) };
}

/** A link's output after `at` steps: {values, reached, done}; `reached` and `done` (a mark for each row) are null once all are. */
function soFar(scene, link, at) {
  const { trace } = link, rows = rowsDone(scene, link, at);
  if (rows === null) return { ...trace.full, reached: null, done: null };
  const done = new Uint8Array(trace.rows.length);
  for (const row of rows) done[row] = 1;
  return { ...trace.after(rows), done };
}

/** How many stamps reach each real output cell. */
function overlap(trace) {
  const counts = new Float64Array(trace.output.length);
  for (const cell of trace.rows.out) if (trace.outGrid.source[cell] >= 0) counts[trace.outGrid.source[cell]]++;
  return counts;
}

/** Every cell connected to a cell, by panel: the rows it takes part in, the way back to the inputs, the way on to the last output. */
export function connected(scene, focus) {
  const marked = new Map(scene.panels.map((panel) => [panel.index, new Set()]));
  const back = new Map([[focus.panel, new Set([focus.cell])]]), on = new Map([[focus.panel, new Set([focus.cell])]]);
  const add = (map, panel, cell) => {
    if (cell < 0) return;
    if (!map.has(panel)) map.set(panel, new Set());
    map.get(panel).add(cell);
  };
  add(marked, focus.panel, focus.cell);
  for (const link of scene.links) {
    const rows = link.rowsOf(focus.panel, focus.cell);
    if (!rows) continue;
    const aside = !link.inps.concat(link.out).some((panel) => panel?.index === focus.panel);
    for (const [panel, column] of link.columns) {
      if (panel === focus.panel) continue;
      for (const row of rows) {
        add(marked, panel, column[row]);
        if (aside && panel === link.out?.index) add(on, panel, column[row]);
        if (aside && link.inps.some((inp) => inp.index === panel)) add(back, panel, column[row]);
      }
    }
  }
  for (const link of [...scene.links].reverse()) spread(link, back, link.out ? [link.out] : [], link.inps, add);
  for (const link of scene.links) spread(link, on, link.inps, link.out ? [link.out] : [], add);
  for (const map of [back, on]) for (const [panel, cells_] of map) for (const cell of cells_) add(marked, panel, cell);
  for (const { panel, cell } of alike(scene, focus)) add(marked, panel.index, cell);
  return marked;
}

/** The cells at the same place in the outputs that are walked through together with the one in focus. */
export function alike(scene, focus) {
  const outs = scene.together.map((link) => link.out).filter((panel) => panel && !panel.hidden);
  const own = outs.find((panel) => panel.index === focus.panel), real = own ? realCell(own, focus.cell) : -1;
  const fits = (panel) => panel !== own && String(panel.grid_.shape) === String(own.grid_.shape);
  return real < 0 ? [] : outs.filter(fits).map((panel) => ({ panel, cell: panel.place[real], value: panel.values[real] }));
}

/** Of the marked cells those that won, by panel: where a marked output of max or min pooling got its value from, as {cell, word}. */
export function winning(scene, marked) {
  const found = new Map();
  for (const { trace, out, inps: [inp], columns, rowsOf } of scene.links) {
    if (!trace.won || !out || !inp) continue;
    for (const cell of marked.get(out.index)) {
      const row = rowsOf(out.index, cell).find((one) => trace.won[one]), from = row === undefined ? -1 : columns.get(inp.index)[row];
      if (!marked.get(inp.index).has(from)) continue;
      if (!found.has(inp.index)) found.set(inp.index, new Map());
      found.get(inp.index).set(from, trace.reduce);
    }
  }
  return found;
}

/** Carry the cells of `map` over one link, from its panels `sources` to its panels `targets`. */
function spread(link, map, sources, targets, add) {
  for (const source of sources) {
    for (const cell of map.get(source.index) ?? []) {
      for (const row of link.rowsOf(source.index, cell)) for (const target of targets) add(map, target.index, link.columns.get(target.index)[row]);
    }
  }
}

/** The real coordinates (channel, row, column) of a panel's cell; below 0 or beyond the size in the margin. */
export function coordinates(panel, cell) {
  const [, high, wide] = panel.grid_.canvas, [[top], [left]] = panel.grid_.margins;
  return [Math.floor(cell / (high * wide)), (Math.floor(cell / wide) % high) - top, (cell % wide) - left];
}

/** The index of the real cell that a panel's cell stands for, or -1. */
export const realCell = (panel, cell) => panel.grid_.source[cell];

/** Input cells of an output-size view that no window reads. */
export function neverRead(scene) {
  const { trace } = scene.followed, panel = scene.followed.inps[0];
  const column = scene.followed.columns.get(panel.index), read = new Uint8Array(panel.grid_.size);
  if (trace.op.startsWith("conv_transpose")) return new Set();
  for (const cell of column) if (cell >= 0) read[cell] = 1;
  return new Set([...read.keys()].filter((cell) => !read[cell] && panel.grid_.source[cell] >= 0));
}
