// Gradient descent on a lesson's own network. The twin of seglab/stage/training.py.

import { cells, mixed } from "./fields.js";
import { backThrough } from "./gradients.js";
import { binaryCrossEntropy } from "./losses.js";

/** The fields of the lesson's training that the open view uses, weights before biases. */
export function trainedFields(lesson, state) {
  const used = new Set(), { weights, biases } = lesson.trains;
  for (const step of viewOf(lesson, state).steps) {
    for (const name of [step.weight].flat()) used.add(name);
    for (const value of Object.values(step.operands)) if (value?.field) used.add(value.field);
  }
  return [...weights, ...biases].filter((name) => used.has(name));
}

const viewOf = (lesson, state) => lesson.views.find((view) => view.name === state.view);
const isGrid = (value) => typeof value !== "number";

/** Random weights, evenly between -1 and 1, and biases of 0, as a change of the state. */
export function drawn(lesson, state, seed) {
  const names = trainedFields(lesson, state), total = names.reduce((sum, name) => sum + (isGrid(state[name]) ? cells(state[name]).data.length : 0), 0);
  const draws = mixed(seed, total), next = draws.values();
  const draw = () => Number((next.next().value * 2 - 1).toFixed(6));
  return Object.fromEntries(names.map((name) => [name, isGrid(state[name]) ? rowsOf(cells(state[name]), draw) : 0]));
}

const rowsOf = ({ shape: [height, width] }, value) => Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => value(y * width + x)));

/** The summed loss of a built state, and its gradients by every grid, every step, and every field that is trained. */
export function gradients(lesson, state, made) {
  const { output, truth } = lesson.trains;
  const { loss, gradient } = binaryCrossEntropy(made.grids.get(output).data, made.grids.get(truth).data);
  const found = backThrough(made, output, gradient), fields = new Map();
  for (const step of viewOf(lesson, state).steps) {
    const { weight, arriving } = found.steps.get(step.grid), planes = [step.weight].flat();
    if (weight) planes.forEach((name, i) => fields.set(name, weight.subarray((i * weight.length) / planes.length, ((i + 1) * weight.length) / planes.length)));
    if (step.operands.bias?.field) fields.set(step.operands.bias.field, [arriving.reduce((sum, value) => sum + value, 0)]);
  }
  return { loss, ...found, fields };
}

/** One step of gradient descent, as a change of the state. */
export function descent(lesson, state, fields, rate) {
  return Object.fromEntries(trainedFields(lesson, state).map((name) => {
    const slope = fields.get(name);
    if (!isGrid(state[name])) return [name, state[name] - rate * slope[0]];
    const before = cells(state[name]);
    return [name, rowsOf(before, (cell) => before.data[cell] - rate * slope[cell])];
  }));
}
