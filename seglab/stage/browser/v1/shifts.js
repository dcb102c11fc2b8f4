// Shifts: how far f(T x) is from T f(x), for the shift that is shown in words and for the first few as a small chart.

import { h } from "./dom.js";
import { write } from "./fields.js";
import { exact, short } from "./numbers.js";
import { build, valueOf } from "./recipe.js";
import { makeSaving } from "./saving.js";

const MOST = 8; // cells that the chart goes
const REST = 120; // milliseconds without a change of the settings before it is worked out
const NOISE = 1e-12; // of the largest value: what the rounding of the computer's numbers may make
const SIZE = { width: 340, height: 140, left: 52, right: 12, top: 12, bottom: 38 };

export function largest(values) {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** The largest difference of a made view, 0 where it is only rounding. */
function apart(made) {
  const most = largest(made.grids.get("d").data);
  return most <= NOISE * Math.max(largest(made.grids.get("y").data), 1) ? 0 : most;
}

/** What the view says of the shift that it shows. */
export function shiftLines({ made, state, view }) {
  const { dy, dx, head } = state, most = apart(made), rounding = most === 0 && largest(made.grids.get("d").data) > 0;
  const scale = largest(made.grids.get("y").data);
  const told = most === 0 ? `0${rounding ? ", up to rounding" : ""}. Both orders give the same.` : `${exact(Number(most.toPrecision(4)))}, where A goes up to ${exact(Number(scale.toPrecision(4)))}.`;
  return [`Largest difference |f(T x) − T f(x)|: ${told}`, placesLine(made, { dy, dx, head }, view, state)];
}

/** How far T moves the output: its cells lie as far apart as all strides together. */
function placesLine(made, { dy, dx, head }, view, state) {
  if (head !== "none") return "One number has no place that could move: here f(T x) is compared with f(x) itself.";
  const { options } = view.steps.find(({ grid }) => grid === "tf"), by = [valueOf(options.dy, state), valueOf(options.dx, state)];
  const stride = [...made.traces].filter(([name]) => name.startsWith("fx")).reduce((all, [, { used }]) => all * (used?.stride[0] ?? 1), 1);
  if (stride === 1) return "Stride 1 in all: T moves the output as far as the image.";
  const whole = dy % stride === 0 && dx % stride === 0;
  const told = `T moves the output by ${exact(by[0])} down, ${exact(by[1])} to the right`;
  return `Stride ${stride} in all: ${told}${whole ? "." : `, since ${[dy, dx].filter((n) => n % stride).map((n) => `${exact(n)} / ${stride}`).join(" and ")} is rounded down.`}`;
}

/** The largest difference for shifts to the right by 0 to 8 cells. It follows the settings once they rest; the shift shown is marked. */
export class ShiftChart {
  constructor(stage) {
    this.figure = h("div", {});
    this.saving = makeSaving(stage, "shifts", this);
    this.box = h("figure", { class: "shifts", hidden: true }, this.figure, this.saving);
    Object.assign(this, { key: null, values: [], waiting: null });
  }

  get element() {
    return this.figure.firstChild;
  }

  get numbers() {
    return { values: this.values };
  }

  show(scene) {
    this.box.hidden = scene.view.remark !== "shifts";
    if (this.box.hidden) return this.stop();
    const { lesson, state } = scene, free = new Set(["stop", "at", "dy", "dx"]);
    const key = lesson.fields.filter(({ name }) => !free.has(name)).map((field) => [write(field, state[field.name]), state[field.name]?.own]).join();
    const picture = state[scene.view.inputs.x];
    this.scene = scene;
    if (key !== this.key || picture !== this.picture) {
      Object.assign(this, { key, picture, values: [] });
      this.stop();
      this.waiting = setTimeout(() => this.work(), REST);
    }
    this.draw();
    return undefined;
  }

  stop() {
    clearTimeout(this.waiting);
    cancelAnimationFrame(this.frame);
  }

  /** One shift a frame, so that nothing stutters meanwhile. */
  work() {
    const { lesson, view, state } = this.scene;
    if (!this.box.isConnected || this.values.length > MOST) return;
    this.values.push(apart(build(lesson, { ...state, dy: 0, dx: this.values.length }, view)));
    if (this.values.length > MOST) this.draw();
    else this.frame = requestAnimationFrame(() => this.work());
  }

  draw() {
    const { dy, dx } = this.scene.state, { values } = this, marked = dy === 0 && dx >= 0 && dx < values.length ? dx : null;
    const drawn = values.length > MOST ? `${values.join()}|${marked}` : "";
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.figure.innerHTML = drawn ? picture(values, marked) : picture([], null);
    this.saving.classList.toggle("waiting", !drawn);
  }
}

/** The chart as SVG; its label says the values. */
function picture(values, marked) {
  const { width, height, left, right, top, bottom } = SIZE, most = Math.max(...values, 0);
  const x = (shift) => left + (shift * (width - left - right)) / MOST, y = (value) => height - bottom - (most ? value / most : 0) * (height - top - bottom);
  const told = values.length ? `Largest difference when the image moves to the right by 0 to ${MOST} cells: ${values.map((value) => short(value)).join(", ")}` : "Largest difference by shift: being worked out";
  const ticks = Array.from({ length: MOST + 1 }, (_, shift) => `<text x="${x(shift)}" y="${height - bottom + 15}" text-anchor="middle">${shift}</text>`).join("");
  const levels = (most ? [0, most] : [0]).map((value) => `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${short(value)}</text>`).join("");
  const line = values.length ? `<polyline points="${values.map((value, shift) => `${x(shift)},${y(value)}`).join(" ")}"/>` : "";
  const dots = values.map((value, shift) => `<circle cx="${x(shift)}" cy="${y(value)}" r="${shift === marked ? 6 : 3}"/>`).join("");
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${told}">`
    + `<path d="M${left} ${top}V${height - bottom}H${width - right}"/>${ticks}${levels}`
    + `<text x="${(left + width - right) / 2}" y="${height - 5}" text-anchor="middle">image moved to the right, cells</text>`
    + `<text transform="translate(12 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">largest |A − B|</text>${line}${dots}</svg>`;
}
