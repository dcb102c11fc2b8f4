// Remarks: what a view says under its ledger about the whole setting.

import { binaryCrossEntropy, maskScores } from "./losses.js";
import { exact } from "./numbers.js";
import { setting, substituted } from "./sizes.js";

const RULES = { conv1d: "conv", conv2d: "conv", conv_transpose1d: "conv_transpose", conv_transpose2d: "conv_transpose", max_pool2d: "max_pool", min_pool2d: "max_pool", avg_pool2d: "avg_pool" };

const GENERAL = {
  down: "⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1",
  pool: "⌈(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌉ + 1, less one where the last window would start in the far padding",
  up: "(size − 1)·stride − 2·padding + dilation·(kernel − 1) + output padding + 1",
};

/** The rule in words, for lessons that are about it. */
export function generalSize(scene) {
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
export function maskLine(scene) {
  const { made, lesson: { trains }, slopes } = scene, given = made.grids.get(trains.output).data, truth = made.grids.get(trains.truth).data;
  const { loss } = binaryCrossEntropy(given, truth), { both, either, right } = maskScores(given, truth), count = given.length;
  const told = `Loss L = ${exact(Number(loss.toFixed(3)))}, that is ${exact(Number((loss / count).toFixed(3)))} a cell. ${right} of ${count} cells are right; IoU ${both}/${either}.`;
  const biases = slopes && trains.biases.filter((name) => slopes.fields.has(name)).map((name) => `${brief(slopes.fields.get(name)[0])} (${label(scene, name)})`);
  return [told, ...(biases ? [`∂L by the biases: ${biases.join(", ")}.`] : [])];
}

const brief = (value) => exact(Number(value.toPrecision(4)));
const label = ({ lesson }, name) => lesson.fields.find((field) => field.name === name).label.toLowerCase();

/** <C y, x> = <y, C' x> for this x and a picture y that counts 0 to 9. */
export function adjoint(scene) {
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
