// Anomalies by the error of reconstruction: an image, what was expected of it, how far that is, what lies above a threshold, and the curve of all
// thresholds over the held-out images. The threshold is the browser's; the server hears where it came to rest.
import { isDark } from "./diagram.js";
import { board, figure, h, paint } from "./latent_parts.js";
import { element } from "./paths.js";

const REST = 400, SIDE = 320, EDGE = 66; // milliseconds; units of the curve, and of the room for its words
const FOUND = [0, 158, 115], ALARM = [213, 94, 0], MISSED = [86, 180, 233];

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** The point of a curve at a threshold: the last one whose own threshold is not below it. */
export function pointAt({ thresholds, found, alarms }, threshold) {
  let at = 0;
  while (at + 1 < thresholds.length && thresholds[at + 1] >= threshold) at += 1;
  return [alarms[at], found[at]];
}

/** What becomes of every pixel: 0 nothing, 1 found, 2 false alarm, 3 missed. */
export function outcome(errors, truth, threshold) {
  return Array.from(errors, (error, i) => (error >= threshold ? (truth[i] ? 1 : 2) : truth[i] ? 3 : 0));
}

class Errors {
  constructor(host) {
    this.element = h("div", { class: "errors" });
    const titles = ["X-ray", "as expected", "error", "above the threshold"];
    this.panes = titles.map((title, i) => figure(title, 64, ["input", "output", "difference", "verdict"][i]));
    this.input = h("input", { type: "range", min: 0, max: 255, step: 1, oninput: () => this.go(Number(this.input.value)), onkeydown: (event) => event.stopPropagation() });
    this.output = h("output");
    this.told = h("p", { class: "told", role: "status" });
    this.curve = element("svg", { viewBox: `0 0 ${SIDE + EDGE + 24} ${SIDE + EDGE + 8}`, role: "img" });
    this.legend = h("div", { class: "curves" });
    const key = h("div", { class: "key" }, sign(1, "lesion found"), sign(2, "false alarm"), sign(3, "lesion missed"));
    const hand = h("label", { class: "hand" }, h("span", {}, "Threshold"), this.input, this.output);
    const left = h("div", { class: "left" }, h("div", { class: "panes" }, ...this.panes.map(({ element }) => element)), hand, key, this.told);
    this.element.append(left, h("div", { class: "right" }, this.curve, this.legend));
    host.append(this.element);
  }

  show(data, send) {
    this.send = send;
    this.element.classList.toggle("lecture", data.lecture);
    this.element.dataset.mode = isDark(this.element) ? "dark" : "light";
    this.data = { ...data, image: bytes(data.image), made: bytes(data.made), error: bytes(data.error), lesion: bytes(data.lesion) };
    const { size } = data, { image, made, error } = this.data, most = Math.max(...error);
    this.panes.forEach(({ canvas }) => Object.assign(canvas, { width: size, height: size }));
    paint(this.panes[0].canvas, size, (i) => image[i] / 255);
    paint(this.panes[1].canvas, size, (i) => made[i] / 255);
    const dark = this.element.dataset.mode === "dark";
    board(this.panes[2].canvas, size, (i) => Array(3).fill(dark ? (255 * error[i]) / data.full : 255 - (255 * error[i]) / data.full));
    this.input.max = Math.max(most, data.full);
    if (data.threshold !== this.sent || this.place === undefined) this.place = data.threshold;
    this.sent = data.threshold;
    this.draw();
  }

  go(threshold) {
    this.place = threshold;
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.sent = this.place;
      this.send("settled", this.place);
    }, REST);
  }

  draw() {
    const { image, error, lesion, size, step, curves, arm, kind } = this.data, here = outcome(error, lesion, this.place);
    board(this.panes[3].canvas, size, (i) => painted(here[i], image[i], i, size));
    if (Number(this.input.value) !== this.place) this.input.value = this.place;
    this.output.textContent = (this.place * step).toFixed(3);
    const { found, alarms } = this.point(curves[arm]);
    const count = [1, 2, 3].map((kind) => here.filter((one) => one === kind).length);
    const all = count[0] + count[2], words = kind === "pixels" ? ["lesion pixels", "other pixels"] : ["images with lesions", "images without"];
    const own = all ? `Here ${count[0]} of ${all} lesion pixels are above it` : "This image has no lesion";
    this.told.textContent = `${own}, and ${count[1]} others. Over all held-out images: ${percent(found)} of ${words[0]} found, ${percent(alarms)} of ${words[1]} raise a false alarm.`;
    this.chart();
  }

  point(curve) {
    const [alarms, found] = pointAt(curve, this.place * this.data.step);
    return { alarms, found };
  }

  /** The curves of all ways, the chosen one in front, and its point at the threshold. */
  chart() {
    const { curves, arm, names, colours, kind } = this.data, x = (share) => EDGE + share * SIDE, y = (share) => 4 + (1 - share) * SIDE, words = element;
    const line = (name, front) => element("path", {
      class: front ? "curve front" : "curve", stroke: colours[name][this.element.dataset.mode === "dark" ? 1 : 0], "stroke-dasharray": colours[name][2],
      d: `M${curves[name].alarms.map((share, i) => `${x(share).toFixed(1)},${y(curves[name].found[i]).toFixed(1)}`).join("L")}`,
    });
    const { alarms, found } = this.point(curves[arm]);
    const ticks = [0, 0.5, 1].flatMap((share) => [
      words("text", { x: x(share), y: SIDE + 22, class: "middle" }, percentWhole(share)), words("text", { x: EDGE - 6, y: y(share) + 5, class: "end" }, percentWhole(share)),
      element("path", { class: "grid", d: `M${x(share)},${y(0)}V${y(1)}M${x(0)},${y(share)}H${x(1)}` }),
    ]);
    const others = Object.keys(curves).filter((name) => name !== arm);
    this.curve.replaceChildren(...ticks, element("path", { class: "chance", d: `M${x(0)},${y(0)}L${x(1)},${y(1)}` }), ...others.map((name) => line(name, false)), line(arm, true),
      element("circle", { class: "at", cx: x(alarms), cy: y(found), r: 8 }),
      words("text", { x: x(0.5), y: SIDE + 46, class: "middle" }, kind === "pixels" ? "false alarms, of healthy pixels" : "false alarms, of healthy images"),
      words("text", { transform: `translate(14,${y(0.5)}) rotate(-90)`, class: "middle" }, "found"));
    this.curve.setAttribute("aria-label", `Curves of found over false alarms, by ${kind}. ${Object.keys(curves).map((name) => `${names[name]}: area ${this.data.areas[name].toFixed(3)}`).join("; ")}`);
    this.legend.replaceChildren(...Object.keys(curves).map((name) => {
      const svg = element("svg", { viewBox: "0 0 34 10", "aria-hidden": "true" });
      svg.append(element("path", { d: "M0,5H34", class: name === arm ? "curve front" : "curve", stroke: colours[name][this.element.dataset.mode === "dark" ? 1 : 0], "stroke-dasharray": colours[name][2] }));
      return h("span", name === arm ? { class: "own" } : {}, svg, `${names[name]}: AUC ${this.data.areas[name].toFixed(3)}`);
    }));
  }
}

const percentWhole = (share) => `${Math.round(100 * share)} %`;

/** A pixel's colour: what is found is full, a false alarm chequered, what is missed striped. */
function painted(kind, grey, i, size) {
  const row = Math.floor(i / size), column = i % size;
  if (kind === 1) return FOUND;
  if (kind === 2) return (row + column) % 2 ? ALARM : [255, 214, 170];
  if (kind === 3) return row % 2 ? MISSED : [0, 60, 110];
  return [grey, grey, grey];
}

function sign(kind, words) {
  const canvas = h("canvas", { width: 8, height: 8, "aria-hidden": "true" });
  board(canvas, 8, (i) => painted(kind, 0, i, 8));
  return h("span", {}, canvas, words);
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.errors ??= new Errors(parentElement);
  parentElement.errors.show(data, setTriggerValue);
  return () => {
    clearTimeout(parentElement.errors?.timer);
    parentElement.errors?.element.remove();
    delete parentElement.errors;
  };
}
