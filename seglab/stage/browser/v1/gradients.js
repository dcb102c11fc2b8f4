// Gradients: a trace's rows read from output to input, and a whole network's backwards. The twin of `backward` in seglab/jacobian.py and pipeline.py.

import { fold, layOut } from "./grid.js";

/** The gradient before the activation, over real output cells. */
export function beforeActivation(trace, gradient) {
  const slope = trace.activation?.slope;
  if (!slope) return gradient;
  return Float64Array.from(gradient, (value, cell) => value * slope(trace.linear[cell]));
}

/** Gradients of sum(gradient · output): {arriving, inputs: one Float64Array an input, weight or null}. */
export function backward(trace, gradient) {
  const arriving = beforeActivation(trace, gradient), spread = layOut(trace.outGrid, arriving), { out, inp, weight, coef } = trace.rows;
  const canvas = new Float64Array(trace.offsets.at(-1)), kernel = trace.weight && new Float64Array(trace.weight.data.length);
  const carry = (row) => {
    const value = spread[out[row]] * (coef ? coef[row] : 1);
    canvas[inp[row]] += value * (trace.weight ? trace.weight.data[weight[row]] : 1);
    if (kernel) kernel[weight[row]] += value * trace.canvas[inp[row]];
  };
  if (trace.reduce === "max" || trace.reduce === "min") for (const row of trace.winners) row >= 0 && carry(row);
  else for (let row = 0; row < out.length; row++) carry(row);
  const inputs = trace.grids.map((grid, i) => fold(grid, canvas.subarray(trace.offsets[i], trace.offsets[i + 1])));
  return { arriving, inputs, weight: kernel };
}

/** Gradients of sum(gradient · grid `of`): by every grid, and by every step {arriving, inputs, weight}. Where a grid is read twice, its branches add. */
export function backThrough(made, of, gradient) {
  const grids = new Map([...made.grids].map(([name, { data }]) => [name, new Float64Array(data.length)])), steps = new Map();
  grids.set(of, gradient);
  for (const [name, trace] of [...made.traces].reverse()) {
    const found = backward(trace, grids.get(name));
    steps.set(name, found);
    made.reads.get(name).forEach((source, i) => {
      const sum = grids.get(source), part = found.inputs[i];
      grids.set(source, sum.map((value, cell) => value + part[cell]));
    });
  }
  return { grids, steps };
}
