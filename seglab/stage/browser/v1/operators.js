// Operators: the JavaScript twins of seglab/operators.py and seglab/rearranging.py. Each takes (operands, options) as a stored call holds them.

import { makeGrid, PADDING_MODES } from "./grid.js";
import { remembering } from "./memory.js";
import { counting, exchange, gather, makeRows, oneToOne, resample, window_ } from "./rows.js";
import { axisSize, setting } from "./sizes.js";
import { activation, Trace } from "./trace.js";

/** Nested arrays as {data, shape}. A tensor passes through. */
export function tensor(values) {
  if (values.data) return values;
  const shape = [];
  for (let level = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  return { data: Float64Array.from(values.flat(Infinity)), shape };
}

/** As (C, H, W): (H, W) and (C, H, W), on a line (L,) and (C, L). */
export function planes(values, dims = 2) {
  const { data, shape } = tensor(values);
  const channels = shape.length > dims ? shape[0] : 1;
  return { data, shape: dims === 1 ? [channels, 1, shape.at(-1)] : [channels, ...shape.slice(-2)] };
}

function kernels(values, dims) {
  const { data, shape } = tensor(values);
  const lifted = shape.length === dims ? [1, 1, ...shape] : shape;
  return { data, shape: dims === 1 ? [lifted[0], lifted[1], 1, lifted[2]] : lifted };
}

const whole = (value) => Array.isArray(value) ? value : [value, value];
const pair = (value, dims, unit = 1) => (dims === 1 ? [unit, [value].flat()[0]] : whole(value));

function margins(padding, kernel, stride, dilation, dims) {
  if (padding === "valid") return [[0, 0], [0, 0]];
  if (padding === "same") {
    const told = dims === 1 ? `(${stride[1]},)` : `(${stride.join(", ")})`;
    if (stride[0] !== 1 || stride[1] !== 1) throw new Error(`padding="same" needs stride 1, here ${told}: give the padding as a number`);
    return dilation.map((d, axis) => {
      const total = d * (kernel[axis] - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
  }
  if (Array.isArray(padding) && Array.isArray(padding[0])) return dims === 1 ? [[0, 0], padding[0]] : padding;
  return pair(padding, dims, 0).map((p) => [p, p]);
}

function refuseGroups(groups, cIn, cOut) {
  if (cIn % groups || cOut % groups) throw new Error(`groups=${groups} must divide input and output channels: here ${cIn} and ${cOut}`);
}

const chosen = (name) => (name ? activation(name) : null);
const biasOf = (values) => (values == null ? null : values.data ?? Float64Array.from([values].flat()));

const convolution = (dims) => ({ input, weight, bias }, options) => {
  const { stride: s = 1, padding = 0, dilation: d = 1, groups = 1, padding_mode: mode = "zeros" } = options;
  const image = planes(input, dims), kernel = kernels(weight, dims);
  const [cOut, cGroup, ...taps] = kernel.shape;
  refuseGroups(groups, image.shape[0], cOut);
  if (cGroup * groups !== image.shape[0]) {
    throw new Error(`weight reads ${cGroup} x ${groups} groups = ${cGroup * groups} channels: the input has ${image.shape[0]}`);
  }
  if (!PADDING_MODES.includes(mode)) throw new Error(`padding_mode='${mode}' is unknown: choose one of ${PADDING_MODES.join(", ")}`);
  const stride = pair(s, dims), dilation = pair(d, dims);
  const around = margins(padding, taps, stride, dilation, dims);
  const out = around.map(([before, after], axis) => {
    const even = before === after, size = image.shape[axis + 1];
    return axisSize("conv", even ? size : size + before + after, setting(taps[axis], stride[axis], even ? before : 0, dilation[axis]));
  });
  const grid = makeGrid(image.shape, around, mode);
  return new Trace({
    op: `conv${dims}d`, dims, inputs: [image], grids: [grid],
    rows: window_([cOut, image.shape[0]], groups, out, grid.canvas.slice(1), taps, stride, dilation),
    used: { stride, padding: around, dilation }, outGrid: makeGrid([cOut, ...out]),
    weight: kernel, kernelSize: taps, bias: biasOf(bias), activation: chosen(options.activation),
  });
};

/** A convolution whose rows each have a weight of their own; `weight` is [h, w, kH, kW]. */
function locallyConnected({ input, weight }, options) {
  const image = planes(input), own = tensor(weight), [high, wide, ...taps] = own.shape;
  if (image.shape[0] !== 1) throw new Error(`locally_connected2d reads one channel: the input has ${image.shape[0]}`);
  const one = convolution(2)({ input: image, weight: { data: own.data.subarray(0, taps[0] * taps[1]), shape: taps } }, options), { out, inp } = one.rows;
  const [, height, width] = one.outGrid.shape;
  if (high !== height || wide !== width) throw new Error(`weight has kernels for ${high} x ${wide} output cells: here are ${height} x ${width}`);
  return new Trace({ ...one, op: "locally_connected2d", rows: makeRows(out, inp, counting(own.data.length)), weight: own });
}

const transposed = (dims) => ({ input, weight, bias }, options) => {
  const { stride: s = 1, padding = 0, output_padding = 0, dilation: d = 1, groups = 1 } = options;
  const image = planes(input, dims), kernel = kernels(weight, dims);
  const [cIn, cGroup, ...taps] = kernel.shape;
  if (cIn !== image.shape[0]) throw new Error(`weight stamps ${cIn} channels: the input has ${image.shape[0]}`);
  refuseGroups(groups, cIn, cGroup * groups);
  const stride = pair(s, dims), dilation = pair(d, dims), cut = pair(padding, dims, 0), extra = pair(output_padding, dims, 0);
  const out = cut.map((p, axis) =>
    axisSize("conv_transpose", image.shape[axis + 1], setting(taps[axis], stride[axis], p, dilation[axis], extra[axis])));
  const grid = makeGrid([cGroup * groups, ...out], cut.map((p, axis) => [p, Math.max(0, p - extra[axis])]));
  return new Trace({
    op: `conv_transpose${dims}d`, dims, inputs: [image], grids: [makeGrid(image.shape)],
    extra, used: { stride, padding: cut.map((p) => [p, p]), dilation, output_padding: extra },
    rows: exchange(window_([cIn, cGroup * groups], groups, image.shape.slice(1), grid.canvas.slice(1), taps, stride, dilation)),
    outGrid: grid, weight: kernel, kernelSize: taps, bias: biasOf(bias), activation: chosen(options.activation),
  });
};

const pooling = (reduce, rule) => ({ input }, options) => {
  const { kernel_size, padding = 0, dilation = 1, ceil_mode = false, count_include_pad = true } = options;
  const image = planes(input), kernel = whole(kernel_size), pad = whole(padding), spread = whole(dilation);
  const stride = options.stride == null ? kernel : whole(options.stride);
  const settings = [0, 1].map((i) => setting(kernel[i], stride[i], pad[i], spread[i], 0, ceil_mode));
  const out = settings.map((one, i) => axisSize(rule, image.shape[i + 1], one));
  const sides = settings.map((one, i) => {
    const reach = (out[i] - 1) * one.stride + one.dilation * (one.kernel_size - 1) + 1;
    return [pad[i], Math.max(pad[i], reach - pad[i] - image.shape[i + 1])];
  });
  const grid = makeGrid(image.shape, sides), channels = image.shape[0];
  let rows = window_([channels, channels], channels, out, grid.canvas.slice(1), kernel, stride, spread);
  const real = new Uint8Array(channels * out[0] * out[1]);
  for (let row = 0; row < rows.length; row++) if (grid.source[rows.inp[row]] >= 0) real[rows.out[row]] = 1;
  if (real.includes(0)) {
    throw new Error(`padding=${pad[0]} with dilation=${spread[0]} leaves a window that reads padding only: take a smaller padding`);
  }
  if (rule === "avg_pool") {
    const counts = settings.map((one, i) => counted(out[i], image.shape[i + 1], one, count_include_pad));
    const share = Float64Array.from(rows.out, (cell) => 1 / (counts[0][Math.floor(cell / out[1]) % out[0]] * counts[1][cell % out[1]]));
    rows = makeRows(rows.out, rows.inp, rows.weight, share);
  }
  const op = { max: "max_pool2d", min: "min_pool2d", sum: "avg_pool2d" }[reduce];
  const used = { stride, padding: pad.map((p) => [p, p]), dilation: spread, ceil_mode };
  return new Trace({ op, used, inputs: [image], grids: [grid], rows, outGrid: makeGrid([channels, ...out]), kernelSize: kernel, reduce });
};

function counted(out, size, one, includePad) {
  return Array.from({ length: out }, (_, y) => {
    const start = y * one.stride - one.padding, end = Math.min(start + one.kernel_size, size + one.padding);
    return includePad ? end - start : Math.min(end, size) - Math.max(start, 0);
  });
}

function maxUnpool({ input, indices }, { kernel_size, stride: s, padding = 0, output_size = null }) {
  const image = planes(input), at = tensor(indices).data;
  const kernel = whole(kernel_size), stride = s == null ? kernel : whole(s), pad = whole(padding);
  const usual = kernel.map((k, i) => axisSize("max_unpool", image.shape[i + 1], setting(k, stride[i], pad[i])));
  const [height, width] = output_size ?? usual;
  ["height", "width"].forEach((name, i) => {
    const got = [height, width][i], low = usual[i] - stride[i] + 1, high = usual[i] + stride[i] - 1;
    if (got < low || got > high) throw new Error(`output_size ${name} ${got} does not belong here: between ${low} and ${high}`);
  });
  const plane = image.shape[1] * image.shape[2], seen = new Map();
  const target = Array.from(at, (index, cell) => Math.floor(cell / plane) * height * width + index);
  target.forEach((cell, i) => {
    if (at[i] < 0 || at[i] >= height * width) throw new Error(`indices holds ${at[i]}: the output has cells 0 to ${height * width - 1}`);
    if (seen.has(cell) && seen.get(cell) !== image.data[i]) {
      throw new Error(`indices holds ${at[i]} twice, for unequal values: torch leaves the result undefined`);
    }
    seen.set(cell, image.data[i]);
  });
  return copied("max_unpool2d", image, [image.shape[0], height, width], gather([...image.data.keys()], target));
}

function interpolate({ input }, { scale_factor, mode = "nearest", align_corners = null }) {
  const image = planes(input), scale = whole(scale_factor), [channels, ...size] = image.shape;
  const out = size.map((n, i) => Math.floor(n * scale[i]));
  if (Math.min(...out) < 1) throw new Error(`scale_factor=${scale_factor} leaves no output: ${size.join(" x ")} to ${out.join(" x ")}`);
  if (mode === "bilinear") {
    const [vertical, horizontal] = size.map((n, i) => between(n, out[i], scale[i], Boolean(align_corners)));
    return new Trace({
      op: "interpolate", inputs: [image], grids: [makeGrid(image.shape)], rows: resample(channels, size, vertical, horizontal),
      outGrid: makeGrid([channels, ...out]), kernelSize: [2, 2],
    });
  }
  const [row, column] = size.map((n, i) => nearest(n, out[i], scale[i])), from = [];
  for (let c = 0; c < channels; c++) for (const y of row) for (const x of column) from.push((c * size[0] + y) * size[1] + x);
  return copied("interpolate", image, [channels, ...out], gather(from));
}

function nearest(size, out, scale) {
  const back = Math.fround(1 / scale); // torch multiplies in single precision, which decides ties
  return Array.from({ length: out }, (_, at) => {
    if (out === size) return at;
    if (out === 2 * size) return at >> 1;
    return Math.min(Math.floor(Math.fround(at * back)), size - 1);
  });
}

function between(size, out, scale, alignCorners) {
  const axis = { low: [], high: [], share: [] };
  for (let at = 0; at < out; at++) {
    const place = alignCorners ? at * (out > 1 ? (size - 1) / (out - 1) : 0) : Math.max((at + 0.5) * (1 / scale) - 0.5, 0);
    const low = Math.min(Math.floor(place), size - 1);
    axis.low.push(low);
    axis.high.push(Math.min(low + 1, size - 1));
    axis.share.push(Math.min(Math.max(place - low, 0), 1));
  }
  return axis;
}

function bedOfNails({ input }, { scale }) {
  const image = planes(input), [down, right] = whole(scale), [channels, height, width] = image.shape, to = [];
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    to.push((c * height * down + y * down) * width * right + x * right);
  }
  return copied("bed_of_nails", image, [channels, height * down, width * right], gather([...image.data.keys()], to));
}

function crop({ input }, { top, left, height, width }) {
  const image = planes(input), [channels, h, w] = image.shape, from = [];
  for (const [name, start, length, limit] of [["height", top, height, h], ["width", left, width, w]]) {
    if (start + length > limit) {
      throw new Error(`${name}=${length} from ${start} on ends outside the input: at most ${Math.max(limit - start, 0)} of ${limit} here`);
    }
  }
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    from.push((c * h + top + y) * w + left + x);
  }
  return copied("crop", image, [channels, height, width], gather(from));
}

function pixelShuffle({ input }, { r }) {
  const image = planes(input), [channels, h, w] = image.shape, from = [];
  if (channels % (r * r)) throw new Error(`r=${r} needs a multiple of ${r * r} channels: the input has ${channels}`);
  for (let c = 0; c < channels / (r * r); c++) for (let y = 0; y < h * r; y++) for (let x = 0; x < w * r; x++) {
    from.push(((c * r * r + (y % r) * r + (x % r)) * h + Math.floor(y / r)) * w + Math.floor(x / r));
  }
  return copied("pixel_shuffle", image, [channels / (r * r), h * r, w * r], gather(from));
}

/** The twin of seglab/normalisation.py; `statistics` keeps the mean and variance of each channel. */
function batchNorm(operands, { training = false, eps = 1e-5 }) {
  const image = planes(operands.input), [channels, height, width] = image.shape, plane = height * width;
  const told = (name) => oneEach(name, operands[name], channels);
  const [mean, variance, weight, bias] = ["running_mean", "running_var", "weight", "bias"].map(told);
  if (!Number.isFinite(eps) || eps < 0 || (training && eps === 0)) {
    throw new Error(`eps=${eps} should be ${training ? "a number above 0" : "at least 0"}: it keeps the division from 0`);
  }
  if (training && plane < 2) throw new Error("training=True needs at least 2 cells a channel: a single one has no spread");
  if (!training && !(mean && variance)) throw new Error("evaluation needs running_mean and running_var: give both, or training=True");
  if (!training && Math.min(...variance) < 0) throw new Error(`running_var holds ${Math.min(...variance)}: a variance is at least 0`);
  const found = training ? ownStatistics(image.data, channels, plane) : { mean, variance };
  const flat = found.variance.findIndex((one) => one + eps <= 0);
  if (flat >= 0) throw new Error(`channel ${flat} has variance ${found.variance[flat]}: with eps=${eps} it cannot be divided by`);
  const scale = found.variance.map((one) => 1 / Math.sqrt(one + eps)), count = image.data.length;
  const rows = { out: new Int32Array(2 * count), inp: new Int32Array(2 * count), weight: new Int32Array(2 * count), coef: new Float64Array(2 * count) };
  for (let row = 0; row < 2 * count; row++) {
    const cell = row % count, channel = Math.floor(cell / plane), centre = row >= count;
    rows.out[row] = cell;
    rows.inp[row] = centre ? count + channel : cell;
    rows.weight[row] = weight ? channel : 0;
    rows.coef[row] = centre ? -scale[channel] : scale[channel];
  }
  const means = { data: found.mean, shape: [channels, 1, 1] };
  return new Trace({
    op: "batch_norm", inputs: [image, means], grids: [makeGrid(image.shape), makeGrid(means.shape)], outGrid: makeGrid(image.shape), bias,
    rows: makeRows(rows.out, rows.inp, rows.weight, rows.coef), weight: weight && { data: weight, shape: [channels] },
    statistics: { ...found, eps, training },
  });
}

function ownStatistics(data, channels, plane) {
  const mean = new Float64Array(channels), variance = new Float64Array(channels);
  data.forEach((value, cell) => (mean[Math.floor(cell / plane)] += value));
  mean.forEach((sum, channel) => (mean[channel] = sum / plane));
  data.forEach((value, cell) => (variance[Math.floor(cell / plane)] += (value - mean[Math.floor(cell / plane)]) ** 2));
  return { mean, variance: variance.map((sum) => sum / plane) };
}

/** One number for each channel, or null. */
function oneEach(name, values, channels) {
  const numbers = biasOf(values);
  if (numbers && numbers.length !== channels) {
    throw new Error(`${name} has ${numbers.length} numbers: one for each of the ${channels} output channels is needed`);
  }
  return numbers;
}

function together(op, operands) {
  const inputs = Object.values(operands).map((values) => planes(values));
  const sizes = [...new Set(inputs.map(({ shape }) => `${shape[1]} x ${shape[2]}`))];
  if (sizes.length > 1) throw new Error(`${op} needs inputs of one height and width, not ${sizes.join(" and ")}: crop or pad one of them`);
  return inputs;
}

function concat(operands) {
  const inputs = together("concat", operands), [, height, width] = inputs[0].shape;
  const channels = inputs.reduce((sum, { shape }) => sum + shape[0], 0);
  return new Trace({
    op: "concat", inputs, grids: inputs.map(({ shape }) => makeGrid(shape)), reduce: "pick",
    rows: oneToOne(channels * height * width), outGrid: makeGrid([channels, height, width]),
  });
}

function subtract(operands) {
  const inputs = together("subtract", operands), rows = differences(inputs[0].data.length);
  return new Trace({ op: "subtract", inputs, grids: inputs.map(({ shape }) => makeGrid(shape)), rows, outGrid: makeGrid(inputs[0].shape) });
}

/** Every cell of the first input with 1, then every cell of the second with -1. */
const differences = remembering((count) => {
  const cells = counting(2 * count);
  return makeRows(cells.map((cell) => cell % count), cells, new Int32Array(2 * count), Float64Array.from(cells, (cell) => (cell < count ? 1 : -1)));
}, ({ length }) => length, 1_000_000);

/** Rolled around, or filled with zeros. */
function shift({ input }, { dy, dx, mode = "roll" }) {
  const image = planes(input), [channels, height, width] = image.shape, count = image.data.length;
  const from = new Int32Array(count), to = new Int32Array(count), around = (at, size) => ((at % size) + size) % size;
  let rows = 0;
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) {
    const row = y - dy, line = (c * height + around(row, height)) * width;
    if (mode === "fill" && (row < 0 || row >= height)) continue;
    for (let x = 0; x < width; x++) {
      const column = x - dx;
      if (mode === "fill" && (column < 0 || column >= width)) continue;
      from[rows] = line + around(column, width);
      to[rows++] = (c * height + y) * width + x;
    }
  }
  return copied("shift", image, image.shape, gather(from.subarray(0, rows), to.subarray(0, rows)));
}

const cellByCell = (op, choose) => ({ input }, options) => {
  const image = planes(input, tensor(input).shape.length === 1 ? 1 : 2), grid = makeGrid(image.shape);
  return new Trace({ op, inputs: [image], grids: [grid], rows: oneToOne(image.data.length), outGrid: grid, reduce: "pick", activation: choose(options) });
};

const copied = (op, image, shape, rows) =>
  new Trace({ op, inputs: [image], grids: [makeGrid(image.shape)], rows, outGrid: makeGrid(shape), reduce: "pick" });

/** Above `limit` or not: 1 and 0 without `value`; with it the cell itself and `value`. */
function thresholdAt(limit, value) {
  const threshold = (x) => (x > limit ? (value === null ? 1 : x) : (value ?? 0));
  threshold.slope = (x) => (value !== null && x > limit ? 1 : 0);
  return threshold;
}

export const OPERATORS = {
  conv1d: convolution(1),
  conv2d: convolution(2),
  locally_connected2d: locallyConnected,
  conv_transpose1d: transposed(1),
  conv_transpose2d: transposed(2),
  max_pool2d: pooling("max", "max_pool"),
  min_pool2d: pooling("min", "max_pool"),
  avg_pool2d: pooling("sum", "avg_pool"),
  batch_norm: batchNorm,
  max_unpool2d: maxUnpool,
  interpolate,
  bed_of_nails: bedOfNails,
  crop,
  pixel_shuffle: pixelShuffle,
  shift,
  concat,
  subtract,
  relu: cellByCell("relu", () => activation("relu")),
  sigmoid: cellByCell("sigmoid", () => activation("sigmoid")),
  tanh: cellByCell("tanh", () => activation("tanh")),
  threshold: cellByCell("threshold", ({ threshold = 0.5, value = null }) => thresholdAt(threshold, value)),
};

/** Run a call {op, operands, options}, as Python stores it. */
export function run({ op, operands, options = {} }) {
  if (!(op in OPERATORS)) throw new Error(`operator '${op}' is unknown`);
  return OPERATORS[op](operands, options);
}
