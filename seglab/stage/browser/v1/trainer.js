// The trainer: random weights, gradient descent a step a frame, its loss as a curve, and which seeds reach the mask.

import { makeCurve, makePlane } from "./chart.js";
import { h, setText } from "./dom.js";
import { END } from "./fields.js";
import { maskScores } from "./losses.js";
import { exact } from "./numbers.js";
import { build } from "./recipe.js";
import { makeSaving } from "./saving.js";
import { descent, drawn, gradients, trainedFields } from "./training.js";

const MOST = 2000; // steps of one run
const STILL = 1e-7; // a step that changes the loss of a cell by less than this moves nothing any more
const SEEDS = 10, SLICE = 10; // seeds that are tried together; milliseconds of each frame for it
const RATES = [0.005, 0.01, 0.02, 0.05, 0.1];

export class Trainer {
  constructor(stage) {
    Object.assign(this, { stage, seed: 0, losses: [], running: false, rate: 0.02, expected: null });
    const button = (text, title, act) => h("button", { type: "button", title, onclick: act }, text);
    this.drawButton = button("Random weights", "Start again from the next seed's random weights", () => this.draw(this.seed + 1));
    this.runButton = button("Train", "A step of gradient descent in every frame", () => (this.running ? this.pause() : this.run()));
    this.stepButton = button("One step", "A single step of gradient descent", () => this.once());
    this.tryButton = button(`Try seeds 1 to ${SEEDS}`, "Train from ten random starts, without showing each step", () => this.trySeeds());
    const rates = h("select", { "aria-label": "Learning rate", onchange: () => (this.rate = Number(rates.value)) },
      RATES.map((rate) => h("option", { value: rate, selected: rate === this.rate }, `rate ${rate}`)));
    this.curve = makeCurve({ x: "steps", y: "loss a cell", label: "Loss over steps" });
    this.plane = makePlane({ x: "skip", y: "upsampled", label: "Every cell as a point: the skip's value across, the upsampled value up" });
    const key = h("p", { class: "key" }, h("b", {}, "Every cell as a point. "), "Full: should be 1, hollow: should be 0, thick: wrong. The line is where the score is 0; on the shaded side cells become 1.");
    this.losing = h("div", {}, this.curve.element, makeSaving(stage, "loss", this.curve));
    this.status = h("p", { class: "status", role: "status" });
    this.results = h("ul", { class: "seeds", hidden: true });
    this.element = h("section", { class: "trainer", "aria-label": "Train it" },
      h("div", { class: "bar" }, h("strong", {}, "Train it"), this.drawButton, this.runButton, this.stepButton, rates, this.tryButton),
      this.status, this.results, h("div", { class: "told" }, h("div", {}, this.plane.element, key, makeSaving(stage, "cells", this.plane)), this.losing));
  }

  /** The state changed; where not by the trainer, its curve is over. */
  show(state) {
    const weights = this.weights(state);
    if (weights === this.expected) return;
    this.pause();
    this.expected = weights;
    this.losses = [];
    this.results.hidden = true;
    this.tell();
  }

  weights(state) {
    return JSON.stringify([state.view, ...trainedFields(this.stage.lesson, state).map((name) => state[name]), state.x, state[this.stage.lesson.trains.truth]]);
  }

  /** Change weights without ending the curve. */
  put(patch) {
    const { stage } = this;
    this.expected = this.weights({ ...stage.state, ...patch });
    stage.change(patch);
  }

  draw(seed) {
    const { stage } = this;
    this.pause();
    Object.assign(this, { seed, losses: [] });
    this.put({ ...drawn(stage.lesson, stage.state, seed), at: END });
    this.tell();
  }

  /** One step: returns whether another one would change anything, and says how things stand. */
  step() {
    const { stage } = this, found = assess(stage.lesson, stage.state);
    if (!this.losses.length) this.losses.push(found.cost);
    this.put(descent(stage.lesson, stage.state, found.fields, this.rate));
    const after = assess(stage.lesson, stage.state);
    this.losses.push(after.cost);
    this.tell();
    if (after.reached && !found.reached) this.say(`The mask is reached after ${steps(this.losses)}. Press Train again to go on.`);
    return !(after.reached && !found.reached) && Math.abs(found.cost - after.cost) > STILL && this.losses.length <= MOST;
  }

  once() {
    this.pause();
    this.step();
  }

  run() {
    this.running = true;
    this.showRunning();
    const frame = () => {
      if (!this.running) return;
      if (this.step()) this.frame = requestAnimationFrame(frame);
      else this.pause();
    };
    this.frame = requestAnimationFrame(frame);
  }

  pause() {
    if (!this.running && !this.trying) return;
    cancelAnimationFrame(this.frame);
    this.running = this.trying = false;
    this.showRunning();
    this.stage.rest();
  }

  showRunning() {
    setText(this.runButton, this.running ? "Pause" : "Train");
    setText(this.tryButton, this.trying ? "Stop trying" : `Try seeds 1 to ${SEEDS}`);
  }

  /** Where the run stands, and why it stands still if it does. */
  tell() {
    const { stage } = this, found = assess(stage.lesson, stage.state);
    this.losing.hidden = !this.losses.length;
    this.curve.draw(this.losses.length ? this.losses : [found.cost], { value: found.chance, words: "one answer for all cells" });
    this.plane.draw(found.points, found.line);
    const start = this.losses.length ? `After ${steps(this.losses)}` : this.seed ? `Seed ${this.seed}` : "These weights";
    this.say(`${start}: loss ${exact(Number(found.cost.toFixed(3)))} a cell, ${found.right} of ${found.count} cells right. ${found.why}`);
  }

  say(text) {
    setText(this.status, text.trim());
  }

  // -- many seeds ------------------------------------------------------------------------------------------------------

  trySeeds() {
    if (this.trying) return this.pause();
    this.pause();
    const { lesson, state } = this.stage, items = [];
    let seed = 0, run = null;
    this.trying = true;
    this.showRunning();
    this.results.hidden = false;
    this.results.replaceChildren();
    const next = () => {
      seed++;
      run = seed <= SEEDS ? { state: { ...state, ...drawn(lesson, state, seed) }, steps: 0, cost: Infinity } : null;
      return run;
    };
    const work = () => {
      if (!this.trying) return;
      const until = performance.now() + SLICE;
      while (run && performance.now() < until) {
        const found = assess(lesson, run.state), still = Math.abs(found.cost - run.cost) <= STILL;
        if (!found.reached && !still && run.steps < MOST) {
          run = { state: { ...run.state, ...descent(lesson, run.state, found.fields, this.rate) }, steps: run.steps + 1, cost: found.cost };
          continue;
        }
        items.push(this.result(seed, run.steps, found));
        this.results.replaceChildren(...items);
        next();
      }
      if (run) this.frame = requestAnimationFrame(work);
      else {
        const reached = items.filter((item) => item.className === "reached").length;
        this.pause();
        this.say(`${reached} of ${SEEDS} seeds reach the mask. Press a seed to watch it.`);
      }
    };
    next();
    this.frame = requestAnimationFrame(work);
  }

  result(seed, count, found) {
    const text = found.reached ? `Seed ${seed}: mask after ${count} steps` : `Seed ${seed}: stays at ${exact(Number(found.cost.toFixed(3)))}${found.dead ? ", dead ReLU" : ""}`;
    return h("li", { class: found.reached ? "reached" : "stalled" }, h("button", { type: "button", onclick: () => this.draw(seed) }, text));
  }
}

const steps = (losses) => (losses.length === 2 ? "1 step" : `${losses.length - 1} steps`);

/** A state's cost a cell, its gradients, whether its mask is right, and whether its ReLU is dead. */
function assess(lesson, state) {
  const made = build(lesson, state, lesson.views.find((view) => view.name === state.view)), { loss, fields } = gradients(lesson, state, made);
  const { output, truth, weights } = lesson.trains, real = made.grids.get(truth).data, count = real.length;
  const { right } = maskScores(made.grids.get(output).data, real), share = real.reduce((sum, value) => sum + (value > 0.5), 0) / count;
  const chance = share > 0 && share < 1 ? -share * Math.log(share) - (1 - share) * Math.log(1 - share) : 0;
  const dead = [...made.traces.values()].some((trace) => trace.op === "relu" && trace.output.every((value) => value === 0));
  const stuck = dead && weights.every((name) => !fields.has(name) || fields.get(name).every((slope) => slope === 0));
  const why = stuck
    ? `ReLU is 0 in every cell, so no gradient reaches a weight and only the last bias can move: at best every cell gets ${exact(Number(share.toFixed(3)))}, which costs ${exact(Number(chance.toFixed(3)))}.`
    : right === count ? "The mask is reached." : "";
  return { ...pointsOf(made, lesson.trains), cost: loss / count, fields, right, count, reached: right === count, dead, chance, why };
}

/** The cells as points in the plane of the last layer's two inputs, and the line where its score is 0. */
function pointsOf(made, { output, truth, plane }) {
  const { inputs, weight, bias } = made.traces.get(plane), given = made.grids.get(output).data, real = made.grids.get(truth).data, count = real.length;
  const points = Array.from(real, (value, cell) => ({
    x: inputs[0].data[cell], y: inputs[0].data[count + cell], real: value > 0.5, right: given[cell] > 0.5 === value > 0.5,
  }));
  return { points, line: [...weight.data, bias?.[0] ?? 0] };
}
