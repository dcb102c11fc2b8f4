// Traces: operands, rows and output of one operator. The twin of seglab/trace.py.

import { fold, layOut, picked } from "./grid.js";
import { group } from "./rows.js";

export const NEUTRAL = { sum: 0, max: -Infinity, min: Infinity, pick: 0 };

const relu = (x) => (x > 0 ? x : 0);
const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const tanh = (x) => Math.tanh(x);
relu.slope = (x) => (x > 0 ? 1 : 0);
sigmoid.slope = (x) => sigmoid(x) * sigmoid(-x);
tanh.slope = (x) => 1 - Math.tanh(x) ** 2;

const ACTIVATIONS = { relu, sigmoid, tanh };

export function activation(name) {
  if (!(name in ACTIVATIONS)) {
    throw new Error(`activation='${name}' is unknown: choose one of ${Object.keys(ACTIVATIONS).join(", ")}, or None`);
  }
  return ACTIVATIONS[name];
}

export class Trace {
  /**
   * parts: op, inputs [{data, shape}], grids, rows, outGrid, and optionally weight, kernelSize, bias, reduce, activation (a function with its `slope`),
   * `used`: the pairs stride, dilation, output_padding and padding ([before, after] an axis) that the operator was called with, and for
   * batch normalisation `statistics`.
   */
  constructor(parts) {
    Object.assign(this, { weight: null, kernelSize: [1, 1], bias: null, reduce: "sum", activation: null, dims: 2, used: null, statistics: null }, parts);
    this.offsets = [0];
    for (const grid of this.grids) this.offsets.push(this.offsets.at(-1) + grid.size);
    this.groups = {};
  }

  /** All inputs on their canvases, one after the other. */
  get canvas() {
    if (!this.canvas_) {
      this.canvas_ = new Float64Array(this.offsets.at(-1));
      this.grids.forEach((grid, i) => this.canvas_.set(layOut(grid, this.inputs[i].data, NEUTRAL[this.reduce]), this.offsets[i]));
    }
    return this.canvas_;
  }

  /** What row `row` brings to its output cell. */
  product(row) {
    const { inp, weight, coef } = this.rows;
    let value = this.canvas[inp[row]];
    if (this.weight) value *= this.weight.data[weight[row]];
    return coef ? value * coef[row] : value;
  }

  /** `after` of all rows. */
  get full() {
    this.full_ ??= this.after(null);
    return this.full_;
  }

  get output() {
    return this.full.values;
  }

  /** The output before the activation. */
  get linear() {
    this.linear_ ??= this.activation ? new Trace({ ...this, activation: null, full_: undefined }).output : this.output;
    return this.linear_;
  }

  /**
   * The output that `rows` (null: all of them) make: `values` and `reached` (how many rows) over real cells; `canvas` and `touched` the same
   * over the canvas, before bias and activation, with the border that padding crops.
   */
  after(which) {
    // A picture has 100,000 rows and more: no calls in this loop.
    const { out, inp, weight, coef } = this.rows, { canvas: from, reduce } = this, weights = this.weight?.data;
    const count = which ? which.length : out.length;
    const canvas = new Float64Array(this.outGrid.size).fill(NEUTRAL[reduce]);
    const touched = new Float64Array(this.outGrid.size);
    for (let i = 0; i < count; i++) {
      const row = which ? which[i] : i, cell = out[row];
      let value = from[inp[row]];
      if (weights) value *= weights[weight[row]];
      if (coef) value *= coef[row];
      touched[cell]++;
      if (reduce === "sum") canvas[cell] += value;
      else if (reduce === "pick") canvas[cell] = value;
      else if (reduce === "max" ? value > canvas[cell] : value < canvas[cell]) canvas[cell] = value;
    }
    const reached = fold(this.outGrid, touched);
    const values = reduce === "sum" ? fold(this.outGrid, canvas) : picked(this.outGrid, canvas);
    const plane = values.length / this.outGrid.shape[0];
    for (let cell = 0; cell < values.length; cell++) {
      if (this.bias) values[cell] += this.bias[Math.floor(cell / plane)];
      if (this.activation) values[cell] = this.activation(values[cell]);
    }
    return { values, reached, canvas, touched };
  }

  /** For max, min and pick the row that made each output canvas cell, -1 for none; ties go to the first. */
  get winners() {
    if (!this.winners_) {
      const best = new Float64Array(this.outGrid.size).fill(NEUTRAL[this.reduce]);
      this.winners_ = new Int32Array(this.outGrid.size).fill(-1);
      for (let row = 0; row < this.rows.length; row++) {
        const cell = this.rows.out[row], value = this.product(row);
        const better = this.reduce === "max" ? value > best[cell] : this.reduce === "min" ? value < best[cell] : true;
        if (this.winners_[cell] < 0 || better) {
          best[cell] = value;
          this.winners_[cell] = row;
        }
      }
    }
    return this.winners_;
  }

  /** A mark for each row: whether it won its output cell; null where every row takes part. */
  get won() {
    if (this.reduce !== "max" && this.reduce !== "min") return null;
    if (!this.won_) {
      this.won_ = new Uint8Array(this.rows.length);
      for (const row of this.winners) if (row >= 0) this.won_[row] = 1;
    }
    return this.won_;
  }

  /** Where in its plane each winner stood, as torch returns it. */
  get indices() {
    this.refuseIndices();
    const plane = this.inputs[0].shape[1] * this.inputs[0].shape[2];
    return Int32Array.from(this.winners, (row) => this.grids[0].source[this.rows.inp[row]] % plane);
  }

  /** Throws a sentence for an operator without indices. */
  refuseIndices() {
    if (this.reduce === "max" || this.reduce === "min") return;
    throw new Error(`${this.op} has no indices: only max_pool2d and min_pool2d remember their winners`);
  }

  /** Rows grouped by canvas cell of the output ("out") or of all inputs ("inp"), by kernel weight ("weight") or by tap ("tap"). */
  by(column) {
    if (!this.groups[column]) {
      const taps = this.kernelSize[0] * this.kernelSize[1];
      const last = this.rows.weight.reduce((most, n) => Math.max(most, n), 0) + 1;
      const sizes = { out: this.outGrid.size, inp: this.offsets.at(-1), weight: this.weight ? this.weight.data.length : last, tap: taps };
      const values = column === "tap" ? this.rows.weight.map((n) => n % taps) : this.rows[column];
      this.groups[column] = group(values, sizes[column]);
    }
    return this.groups[column];
  }
}
