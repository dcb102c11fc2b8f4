// Recipes: a lesson's view followed step by step from its state. The twin of `build` in seglab/stage/lesson.py.

import { cells, scrambled } from "./fields.js";
import { idOf, keptWith, remembering } from "./memory.js";
import { OPERATORS, planes } from "./operators.js";
import { backward, fitted, wayBack } from "./ways.js";

export const LAYERS = {
  conv: ["conv2d", ["stride", "padding", "dilation"]],
  conv_transpose: ["conv_transpose2d", ["stride", "padding", "dilation", "output_padding"]],
  max_pool: ["max_pool2d", ["stride", "padding", "dilation", "ceil_mode"]],
  avg_pool: ["avg_pool2d", ["stride", "padding", "ceil_mode"]],
  min_pool: ["min_pool2d", ["stride", "padding", "dilation", "ceil_mode"]],
};
export const USUAL = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], output_padding: [0, 0], ceil_mode: false };

/**
 * {grids: name -> {data, shape}, traces: name -> Trace, reads: name -> [names], pictured: name -> Trace that a step stands for,
 * winners: name -> pooling step whose winners it follows}; throws a sentence where the settings are impossible.
 */
export function build(lesson, state, view) {
  const made = { grids: new Map(), traces: new Map(), reads: new Map(), pictured: new Map(), winners: new Map() };
  for (const [name, source] of Object.entries(view.inputs)) {
    const values = source.counts ? valueOf(source, state) : source.field ? blank(state[source.field], 0) : typeof source === "string" ? cells(state[source]) : source;
    made.grids.set(name, planes(values));
  }
  for (const step of view.steps) for (const one of step.layers ? chained(step, state) : [step]) follow(made, one, state);
  refuseToShow(view, made.traces, state);
  return made;
}

const LARGEST_MATRIX = 64 * 64;

/** Throws a sentence for what can be computed but not drawn. */
function refuseToShow(view, traces, state) {
  const { inputs, output, weight } = traces.get(view.follows);
  for (const [kind, step] of view.panels.map(({ grid }) => grid.split(":"))) if (kind === "switches") traces.get(step).refuseIndices();
  const cells_ = inputs.reduce((sum, { data }) => sum + data.length, 0);
  if (view.panels.some(({ grid }) => grid.startsWith("matrix:")) && output.length * cells_ > LARGEST_MATRIX) {
    throw new Error(`the matrix would be ${output.length} × ${cells_}: this view shows up to ${LARGEST_MATRIX.toLocaleString("en-US")} entries`);
  }
  if (!state.letters) return;
  const weights = weight?.data.length ?? 0;
  if (cells_ > 8 || weights > 9) throw new Error(`letters are for up to 8 input cells and 9 weights: here are ${cells_} and ${weights}`);
  if (view.steps.some(({ op }) => op === "zero_insertion")) throw new Error("letters have no meaning for inserted zeros: switch them off for this view");
}

/** What a literal, a Ref or a Part of a step stands for. */
export function valueOf(value, state) {
  if (!value?.field) return value;
  if (value.counts) return part(value, state);
  const own = state[value.field], key = typeof own === "boolean" ? String(Number(own)) : own;
  const found = value.cases && key in value.cases ? valueOf(value.cases[key], state) : own;
  return (value.over ?? []).reduce((left, by) => Math.floor(left / valueOf(by, state)), found);
}

/** The steps of a chain of layers that fields choose. */
function chained({ grid, reads, layers }, state) {
  const chosen = layers.map(([field, steps], i) => ({ step: steps[state[field]], name: `${grid}${i + 1}` })).filter(({ step }) => step);
  if (!chosen.length) throw new Error("every layer is left out: choose at least one");
  chosen.at(-1).name = grid;
  return chosen.map(({ step, name }, i) => ({ ...step, grid: name, reads: [i ? chosen[i - 1].name : reads] }));
}

/** A grid field's cells; a pair stands for a kernel of ones. */
const kernelOf = (value) => (Array.isArray(value) && !Array.isArray(value[0]) ? blank(value, 1) : cells(value));

/** Planes of equal size as the kernel of one output channel. */
function stacked(planes_) {
  const [height, width] = planes_[0].shape;
  return { data: Float64Array.from(planes_.flatMap(({ data }) => [...data])), shape: [1, planes_.length, height, width] };
}

/** The first planes of a field that holds several: `counts` of them along each axis, the last one shared out among `groups`. */
function part({ field, counts, groups }, state) {
  const wanted = counts.map((count) => valueOf(count, state));
  wanted.push(Math.max(1, Math.floor(wanted.pop() / valueOf(groups, state))));
  const first = (planes_, [count, ...rest]) => planes_.slice(0, count).map((plane) => (rest.length ? first(plane, rest) : plane));
  return cells(first(state[field], wanted));
}

/** A step's kernel: of a field, of a part of one, or a grid that an earlier step made. */
function weightOf(weight, made, state) {
  if (Array.isArray(weight)) return stacked(weight.map((name) => cells(state[name])));
  if (weight === null || weight.counts) return weight && valueOf(weight, state);
  if (weight.startsWith("grid:")) {
    const { data, shape } = made.grids.get(weight.slice(5));
    return { data, shape: shape.slice(-2) };
  }
  return kernelOf(state[weight]);
}

/** A kernel turned by half a turn. */
const turned = ({ data, shape }) => ({ data: Float64Array.from(data).reverse(), shape });

const blank = ([height, width], fill) => ({ data: new Float64Array(height * width).fill(fill), shape: [height, width] });

function add(made, name, op, reads, operands, options) {
  const names = op === "concat" ? reads.map((_, i) => `input${i}`) : ["input", op === "max_unpool2d" ? "indices" : "other"];
  const read = (grid) => (grid.endsWith(".indices") ? switches(made.traces.get(grid.split(".")[0])) : made.grids.get(grid));
  const given = Object.fromEntries(reads.map((grid, i) => [names[i], read(grid)]));
  const remembered = reads.find((grid) => grid.endsWith(".indices"));
  if (remembered) made.winners.set(name, remembered.split(".")[0]);
  keep(made, name, traced(given[names[0]].data, op, { ...given, ...operands }, options), reads.filter((grid) => grid !== remembered));
}

function keep(made, name, trace, reads) {
  made.traces.set(name, trace);
  made.reads.set(name, reads);
  made.grids.set(name, { data: trace.output, shape: trace.outGrid.shape });
}

/** A step with the same operands and options as lately is taken as it was: the branch of a view that a drag leaves alone costs nothing. */
const traced = keptWith((_, op, operands, options) => OPERATORS[op](operands, options), (op, operands, options) => {
  const told = Object.entries(operands).map(([name, value]) => [name, value?.data ? [idOf(value.data), value.shape] : value]);
  return JSON.stringify([op, told, options]);
});

const switches = (pooled) => ({ data: Float64Array.from(pooled.indices), shape: pooled.outGrid.shape });

function follow(made, step, state) {
  const resolved = (given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, valueOf(value, state)]));
  const options = resolved(step.options), fixed = resolved(step.operands);
  if (fixed.bias === 0) delete fixed.bias;
  const upright = weightOf(step.weight, made, state);
  const weight = step.flipped ? turned(upright) : upright;
  const operands = { ...fixed, ...(weight && { weight: step.op.endsWith("1d") ? { data: weight.data, shape: [weight.shape[1]] } : weight }) };
  if (["global_pool", "dense", "untied"].includes(step.op)) return wholeImage(made, step, upright, options);
  if (step.op === "fit") return void made.grids.set(step.grid, fitted(weight, made.grids.get(step.reads[0]).shape));
  if (step.op === "back") return back(made, step, weight, options);
  if (step.op === "backward") return carryBack(made, step);
  if (step.op === "layer") return layer(made, step, weight, options);
  if (!["conv", "conv_transpose", "zero_insertion"].includes(step.op)) return add(made, step.grid, step.op, step.reads, operands, options);
  const image = made.grids.get(step.reads[0]), line = image.shape[1] === 1 && weight.shape[0] === 1;
  if (line) operands.weight = { data: weight.data, shape: [weight.shape[1]] };
  if (step.op === "zero_insertion") return insertZeros(made, step, weight, options, line);
  const op = `${step.op}${line ? 1 : 2}d`;
  return line ? addLine(made, step.grid, op, step.reads, operands, options) : add(made, step.grid, op, step.reads, operands, options);
}

/** On a line the single row of an image is its only channel. */
function addLine(made, name, op, reads, operands, options) {
  const { data, shape } = made.grids.get(reads[0]);
  keep(made, name, OPERATORS[op]({ input: { data, shape: [shape[2]] }, ...operands }, options), reads);
}

/** Up again from where a pooling step went down; a pixel shuffle makes a channel for each cell of its kernel first. */
function back(made, { grid, reads: [values, pooled], inserted }, weight, { op: way }) {
  if (way === "pixel_shuffle") {
    add(made, inserted, "conv2d", [values], { weight: { data: weight.data, shape: [weight.data.length, 1, 1, 1] } }, {});
    return add(made, grid, "pixel_shuffle", [inserted], {}, { r: weight.shape[0] });
  }
  const [op, options] = wayBack(way, made.traces.get(pooled)), more = way === "max_unpool" ? [`${pooled}.indices`] : [];
  add(made, grid, op, [values, ...more], way === "conv_transpose" ? { weight } : {}, options);
}

function carryBack(made, { grid, reads: [gradient, step] }) {
  keep(made, grid, backward(made.traces.get(step), made.grids.get(gradient)), [gradient]);
  made.winners.set(grid, step);
}

/** Steps that depend on the image's size. */
function wholeImage(made, step, weight, options) {
  const input = made.grids.get(step.reads[0]), size = input.shape.slice(1);
  if (step.op === "global_pool") return add(made, step.grid, "avg_pool2d", step.reads, {}, { kernel_size: size });
  if (step.op === "dense") return add(made, step.grid, "conv2d", step.reads, { weight: denseWeights(...size) }, {});
  const { activation, ...settings } = options, places = OPERATORS.conv2d({ input, weight }, settings).outGrid.shape.slice(1);
  return add(made, step.grid, "locally_connected2d", step.reads, { weight: untied(weight, places) }, options);
}

const signs = (seed, count) => scrambled(seed, count).map((digit) => (digit % 3) - 1);
const denseWeights = remembering((height, width) => ({ data: signs(2, height * width), shape: [height, width] }), ({ data }) => data.length, 200_000);

/** For every place the kernel with numbers of its own added. */
const untied = keptWith(({ data, shape }, places) => {
  const taps = data.length, own = signs(1, places[0] * places[1] * taps).map((part, i) => part + data[i % taps]);
  return { data: own, shape: [...places, ...shape] };
}, String);

function layer(made, step, weight, { op, ...options }) {
  const [operator, known] = LAYERS[op];
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name) && String(value) !== String(USUAL[name])) {
      const told = value === true ? "on" : [...new Set(value)].join("x");
      throw new Error(`${name}=${told} is not defined for ${op}: leave it at ${name === "ceil_mode" ? "off" : USUAL[name][0]}`);
    }
  }
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => known.includes(name)));
  if (operator.endsWith("pool2d")) add(made, step.grid, operator, step.reads, {}, { kernel_size: weight.shape, ...kept });
  else add(made, step.grid, operator, step.reads, { weight }, kept);
}

/** The twin of seglab/zero_insertion.py, for one channel. */
function insertZeros(made, step, weight, options, line) {
  const image = made.grids.get(step.reads[0]).shape.slice(1);
  const of = (name, usual) => (line ? [usual, options[name]] : [options[name], options[name]]);
  const stride = of("stride", 1), padding = of("padding", 0), dilation = of("dilation", 1), extra = of("output_padding", 0);
  // The settings themselves are judged by the operator that this view pictures.
  made.pictured.set(step.grid, OPERATORS.conv_transpose2d({ input: made.grids.get(step.reads[0]), weight }, { stride, padding, dilation, output_padding: extra }));
  const axes = image.map((size, i) => axis(size, weight.shape[i], stride[i], padding[i], dilation[i], extra[i]));
  const nails = `${step.grid}_nails`;
  add(made, nails, "bed_of_nails", step.reads, {}, { scale: stride });
  const [down, right] = axes;
  add(made, step.inserted, "crop", [nails], {}, {
    top: down.start, left: right.start, height: down.end - down.start, width: right.end - right.start,
  });
  add(made, step.grid, "conv2d", [step.inserted], { weight: turned(weight) }, { padding: axes.map((one) => one.padding), dilation });
}

function axis(size, kernel, stride, padding, dilation, extra) {
  const length = (size - 1) * stride + 1, before = dilation * (kernel - 1) - padding;
  const start = Math.max(0, -before), reach = length + before + extra;
  let end = Math.min(length, reach);
  if (end <= start) end = Math.min(reach, size * stride);
  if (end <= start) throw new Error(`padding=${padding} crops the whole input: this setting has no zero-insertion view`);
  return { start, end, padding: [Math.max(0, before), reach - end] };
}
