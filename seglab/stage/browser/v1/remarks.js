// Remarks: what a view says under its ledger about the whole setting.

import { binaryCrossEntropy, maskScores } from "./losses.js";
import { exact } from "./numbers.js";
import { OPERATORS } from "./operators.js";
import { psnr } from "./psnr.js";
import { shiftLines } from "./shifts.js";
import { setting, substituted } from "./sizes.js";
import { WAYS, wayBack } from "./ways.js";

const RULES = { conv1d: "conv", conv2d: "conv", conv_transpose1d: "conv_transpose", conv_transpose2d: "conv_transpose", max_pool2d: "max_pool", min_pool2d: "max_pool", avg_pool2d: "avg_pool" };

const GENERAL = {
  down: "⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1",
  pool: "⌈(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌉ + 1, less one where the last window would start in the far padding",
  up: "(size − 1)·stride − 2·padding + dilation·(kernel − 1) + output padding + 1",
};

/** The rule in words, for lessons that are about it. */
function generalSize(scene) {
  const { trace } = scene.followed;
  return trace.op.startsWith("conv_transpose") ? GENERAL.up : trace.used.ceil_mode ? GENERAL.pool : GENERAL.down;
}

/** The size formula of the followed operator with this setting's numbers: one line, or one an axis where they differ. */
export function sizeLines(scene) {
  const { trace } = scene.followed, pictured = scene.made.pictured.get(scene.followed.name), { op, used } = pictured ?? trace;
  if (!RULES[op]) return [];
  const image = (pictured ?? trace).inputs[0];
  const told = [0, 1].map((axis) => {
    const [before, after] = used.padding[axis], even = before === after;
    const one = setting(trace.kernelSize[axis], used.stride[axis], even ? before : 0, used.dilation[axis], used.output_padding?.[axis], used.ceil_mode);
    return substituted(RULES[op], image.shape[axis + 1], one, even ? null : [before, after]);
  });
  if (trace.dims === 1 || image.shape[1] === 1 && trace.kernelSize[0] === 1 && trace.outGrid.shape[1] === 1) return [`Output length: ${told[1]}`];
  if (told[0] === told[1]) return [`Output height and width: ${told[0]}`];
  return [`Output height: ${told[0]}`, `Output width: ${told[1]}`];
}

/** How well a network's mask fits, and in gradients those of the biases, which have no cell of their own. */
function maskLine(scene) {
  const { made, lesson: { trains }, slopes } = scene, given = made.grids.get(trains.output).data, truth = made.grids.get(trains.truth).data;
  const { loss } = binaryCrossEntropy(given, truth), { both, either, right } = maskScores(given, truth), count = given.length;
  const told = `Loss L = ${exact(Number(loss.toFixed(3)))}, that is ${exact(Number((loss / count).toFixed(3)))} a cell. ${right} of ${count} cells are right; IoU ${both}/${either}.`;
  const biases = slopes && trains.biases.filter((name) => slopes.fields.has(name)).map((name) => `${brief(slopes.fields.get(name)[0])} (${label(scene, name)})`);
  return [told, ...(biases ? [`∂L by the biases: ${biases.join(", ")}.`] : [])];
}

const brief = (value) => exact(Number(value.toPrecision(4)));
const label = ({ lesson }, name) => lesson.fields.find((field) => field.name === name).label.toLowerCase();

/** <C y, x> = <y, C' x> for this x and a picture y that counts 0 to 9. */
function adjoint(scene) {
  const { trace } = scene.followed, x = trace.inputs[0].data, y = Float64Array.from(trace.output, (_, i) => i % 10);
  let left = 0, right = 0;
  const cy = new Float64Array(x.length);
  for (let row = 0; row < trace.rows.length; row++) {
    const out = trace.outGrid.source[trace.rows.out[row]], inp = trace.grids[0].source[trace.rows.inp[row]];
    if (out >= 0 && inp >= 0) cy[inp] += trace.weight.data[trace.rows.weight[row]] * y[out];
  }
  x.forEach((value, i) => (left += value * cy[i]));
  y.forEach((value, i) => (right += value * trace.output[i]));
  return `What makes Cᵀ the transpose: for any picture y of the output's size, here 0, 1, 2, …, ⟨C y, x⟩ = ${exact(left)} and ⟨y, Cᵀ x⟩ = ${exact(right)} are equal.`;
}

const product = (...factors) => factors.join("·");

/** Parameters of a convolution written out: [text, count]. */
function parametersOf(trace) {
  const [cOut, cGroup, height, width] = trace.weight.shape, count = cOut * (cGroup * height * width + 1);
  return [`(${product(height, width, cGroup)} + 1)·${cOut} = ${count.toLocaleString("en-US")}`, count];
}

/** What a layer's weights and biases number, with the rule they follow. */
function parameters(scene) {
  const { trace } = scene.followed, [cOut, cGroup, height, width] = trace.weight.shape, cIn = trace.inputs[0].shape[0];
  const rule = "(kernel height · kernel width · channels read + 1) · channels made";
  const full = (cIn * height * width + 1) * cOut;
  const saved = cGroup < cIn ? `; without groups (${product(height, width, cIn)} + 1)·${cOut} = ${full}` : "";
  return [`Parameters: ${rule} = ${parametersOf(trace)[0]}${saved}`];
}

/** The same for a depthwise layer followed by a 1 × 1 one, against the layer that they stand for. */
function separable(scene) {
  const [depth, point] = ["d", "s"].map((name) => scene.made.traces.get(name)), [, , height, width] = depth.weight.shape;
  const [cOut, cIn] = point.weight.shape, [[first, a], [second, b]] = [depth, point].map(parametersOf);
  const full = (height * width * cIn + 1) * cOut;
  return [`Parameters: depthwise ${first}, 1 × 1 ${second}, together ${a + b}; one full layer (${product(height, width, cIn)} + 1)·${cOut} = ${full}`];
}

/** Mean and variance of what batch normalisation made. */
function spread(scene) {
  const { output, outGrid: { shape: [channels] } } = scene.followed.trace, count = output.length / channels, panel = scene.followed.out;
  return Array.from({ length: channels }, (_, channel) => {
    const cells = output.slice(channel * count, (channel + 1) * count), mean = cells.reduce((sum, cell) => sum + cell, 0) / count;
    const variance = cells.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / count, told = (value) => exact(Number(value.toFixed(4)));
    return `Output channel ${panel.names[channel] ?? channel}: mean ${told(mean)}, variance ${told(variance)}`;
  });
}

/** How far apart neighbours stand in the two orders. */
function offsets(scene) {
  const [channels, height, width] = scene.followed.trace.inputs[0].shape;
  return [`One channel, row or column further: ${height * width}, ${width}, 1 places in NCHW; 1, ${width * channels}, ${channels} in NHWC`];
}

/** How many places add to the gradient of each weight. */
function places(scene) {
  const [height, width] = scene.followed.trace.kernelSize, [, rows, columns] = scene.followed.trace.outGrid.shape, side = (taps) => 101 - taps;
  const many = (side(rows) * side(columns)).toLocaleString("en-US");
  return [`Each sum has ${height}·${width} = ${height * width} places; with this kernel on 100 × 100 pixels it has ${side(rows)}·${side(columns)} = ${many}`];
}

/** What two layers leave of each other's difference from one. */
function collapsed(scene) {
  const { output } = scene.made.traces.get("e"), largest = output.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return [`Largest difference between two layers and one: ${exact(Number(largest.toFixed(9)))}`];
}

export const WAY_WORDS = { nearest: "nearest", bed_of_nails: "bed of nails", max_unpool: "max unpooling", bilinear: "bilinear", align_corners: "bilinear with align_corners" };

/** How close each way back up from the followed pooling comes to what was pooled, the best first. */
function closeness(scene) {
  const { trace } = scene.followed, [image] = trace.inputs, pooled = { data: trace.output, shape: trace.outGrid.shape };
  const found = WAYS.filter((way) => way !== "max_unpool" || trace.won).map((way) => {
    const [op, options] = wayBack(way, trace);
    const made = OPERATORS[op]({ input: pooled, ...(way === "max_unpool" && { indices: { data: trace.indices, shape: pooled.shape } }) }, options);
    return { way, ratio: String(made.outGrid.shape) === String(image.shape) ? psnr(image.data, made.output) : null };
  }).filter(({ ratio }) => ratio !== null).sort((a, b) => b.ratio - a.ratio);
  const told = found.map(({ way, ratio }) => `${WAY_WORDS[way]} ${ratio === Infinity ? "no difference" : `${ratio.toFixed(2).replace("-", "−")} dB`}`);
  return `PSNR against the photograph, more is closer: ${told.join(", ")}.`;
}

/** What a view says under its ledger, by the word in its recipe. */
export const REMARKS = {
  adjoint: (scene) => [adjoint(scene)],
  sizes: (scene) => [`Output size: ${generalSize(scene)}`, ...sizeLines(scene)],
  parameters,
  separable,
  spread,
  collapsed,
  offsets,
  places,
  mask: maskLine,
  shifts: shiftLines,
  psnr: (scene) => [closeness(scene)],
};
