// A threshold that is moved by hand: what is called an object, which of it is right, and precision and recall as they follow. The numbers
// come from how many pixels have each of 201 levels, so they count every pixel of the picture; what is painted may leave some out.

import { bytes, count, h, pixels, svg } from "./canvases.js";
import { isDark } from "./diagram.js";

const LEVELS = 200, REST = 400, LARGE = 768;
const TN = 0, FP = 1, FN = 2, TP = 3; // guessed + 2 * true, but for the second and third
const LOOKS = { tp: [0, 158, 115], fp: [213, 94, 0], fn: [0, 114, 178] };

/** TP, FP, FN and TN for every threshold, from how many pixels have each level: those that are true, and all. */
export function outcomes(all, trues) {
  const found = new Array(LEVELS + 1), total = all.reduce((a, b) => a + b, 0), positive = trues.reduce((a, b) => a + b, 0);
  let guessed = 0, right = 0;
  for (let level = LEVELS; level >= 0; level -= 1) {
    guessed += all[level];
    right += trues[level];
    found[level] = { tp: right, fp: guessed - right, fn: positive - right, tn: total - positive - guessed + right };
  }
  return found;
}

const ratio = (part, whole) => (whole ? part / whole : null);

export const scores = ({ tp, fp, fn }) => ({ precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn), dice: ratio(2 * tp, 2 * tp + fp + fn), iou: ratio(tp, tp + fp + fn) });

/** The sum over thresholds, falling, of the recall that each adds times its precision. */
export function averagePrecision(found) {
  let before = 0, sum = 0;
  for (let level = LEVELS; level >= 0; level -= 1) {
    const { precision, recall } = scores(found[level]);
    if (recall === null) return null;
    sum += (recall - before) * (precision ?? 0);
    before = recall;
  }
  return sum;
}

const told = (value) => (value === null ? "–" : value.toFixed(3));
const sharing = (part) => `${(100 * part).toFixed(part > 0 && part < 0.1 ? 2 : 1)} %`;

class Threshold {
  constructor(host) {
    const figure = (name, title, ...inside) => h("figure", { class: name }, h("figcaption", {}, title), ...inside);
    this.canvas = h("canvas", { role: "img" });
    this.map = h("canvas", { role: "img" });
    this.curve = h("div", { class: "curve" });
    this.heads = { outcome: h("span"), map: h("span"), curve: h("span") };
    this.slider = h("input", { type: "range", min: 0, max: LEVELS, step: 1, id: "threshold-slider" });
    this.value = h("output", { for: "threshold-slider" });
    this.label = h("label", { for: "threshold-slider" }, "Threshold");
    this.best = h("button", { type: "button", class: "best" });
    this.numbers = h("div", { class: "numbers" });
    this.legend = h("ul", { class: "legend" });
    this.panes = h("div", { class: "panes" }, figure("outcome", this.heads.outcome, this.canvas), figure("map", this.heads.map, this.map), figure("side", this.heads.curve, this.curve));
    this.element = h("div", { class: "threshold" }, this.panes, h("div", { class: "hand" }, this.label, this.slider, this.value, this.best), this.legend, this.numbers);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.slider.addEventListener("change", () => this.settle());
    this.slider.addEventListener("keydown", (event) => event.stopPropagation());
    host.append(this.element);
  }

  async show(data, send) {
    this.send = send;
    this.element.classList.toggle("lecture", data.lecture);
    this.element.dataset.mode = isDark(this.element) ? "dark" : "light";
    const text = JSON.stringify({ ...data, level: 0, lecture: 0 });
    if (text !== this.text) {
      this.text = text;
      const [image, level, truth] = await Promise.all([pixels(data.image), pixels(data.levels), data.truth ? pixels(data.truth) : null]);
      if (text === this.text && this.element.isConnected) this.begin(data, image, bytes(level), truth && bytes(truth));
    } else if (this.found && data.level !== this.sent && data.level !== this.at) this.go(data.level, false);
  }

  begin(data, image, level, truth) {
    Object.assign(this, { data, image, level, truth: truth && truth.map((label) => Number(label === data.number)) });
    this.found = outcomes(data.all, data.trues ?? data.all.map(() => 0));
    this.total = data.all.reduce((a, b) => a + b, 0);
    this.sent = data.level;
    this.heads.outcome.textContent = truth ? "Right and wrong" : `Called ${data.name}`;
    this.heads.map.textContent = `Probability of ${data.name}`;
    this.heads.curve.textContent = truth ? "Precision over recall" : "Area over threshold";
    this.element.style.setProperty("--shape", image.width / image.height);
    this.order();
    this.paintMap();
    this.drawCurve();
    this.suggest();
    this.painted = null;
    this.go(data.level, false);
    this.element.dataset.ready = "1";
  }

  /** Pixels sorted by their level, so that a move paints only those between the old threshold and the new one. */
  order() {
    const starts = new Uint32Array(LEVELS + 2), sorted = new Uint32Array(this.level.length);
    for (const level of this.level) starts[level + 1] += 1;
    for (let level = 0; level <= LEVELS; level += 1) starts[level + 1] += starts[level];
    const next = starts.slice();
    this.level.forEach((level, at) => (sorted[next[level]++] = at));
    Object.assign(this, { starts, sorted });
  }

  /** The picture in each of the four ways that a pixel may look, as pixels of the canvas. */
  prepare() {
    const { width, height, data } = this.image, scale = Math.max(1, Math.floor(LARGE / Math.max(width, height)));
    const across = width * scale, down = height * scale, period = Math.max(6, Math.round(across / 56));
    this.scale = scale;
    Object.assign(this.canvas, { width: across, height: down });
    this.looks = [TN, FP, FN, TP].map(() => new Uint32Array(across * down));
    const tint = (r, g, b, colour, share) => (255 << 24) | ((b + (colour[2] - b) * share) << 16) | ((g + (colour[1] - g) * share) << 8) | (r + (colour[0] - r) * share);
    for (let y = 0; y < down; y += 1) {
      for (let x = 0; x < across; x += 1) {
        const at = y * across + x, from = 4 * (Math.floor(y / scale) * width + Math.floor(x / scale));
        const r = data[from], g = data[from + 1], b = data[from + 2];
        this.looks[TN][at] = tint(r, g, b, [0, 0, 0], 0);
        this.looks[TP][at] = tint(r, g, b, LOOKS.tp, 0.5);
        this.looks[FP][at] = tint(r, g, b, (x + y) % period < period / 2 ? LOOKS.fp : [255, 214, 180], 0.92);
        this.looks[FN][at] = tint(r, g, b, (x - y + down * period) % period < period / 2 ? LOOKS.fn : [200, 228, 250], 0.92);
      }
    }
    this.picture = this.canvas.getContext("2d").createImageData(across, down);
    this.words = new Uint32Array(this.picture.data.buffer);
  }

  paint(level) {
    if (this.painted === null) this.prepare();
    const from = this.painted === null ? 0 : Math.min(this.painted, level), to = this.painted === null ? LEVELS + 1 : Math.max(this.painted, level);
    const { width } = this.image, { scale, words, truth } = this, across = width * scale;
    for (let i = this.starts[from]; i < this.starts[to]; i += 1) {
      const at = this.sorted[i], guessed = this.level[at] >= level, real = truth ? truth[at] : guessed;
      const look = this.looks[guessed ? (real ? TP : FP) : real ? FN : TN], first = Math.floor(at / width) * scale * across + (at % width) * scale;
      for (let row = first; row < first + scale * across; row += across) for (let word = row; word < row + scale; word += 1) words[word] = look[word];
    }
    this.painted = level;
    this.canvas.getContext("2d").putImageData(this.picture, 0, 0);
  }

  paintMap() {
    const { width, height } = this.image, drawn = new ImageData(width, height);
    this.level.forEach((level, at) => drawn.data.set([level * 1.275, level * 1.275, level * 1.275, 255], 4 * at));
    Object.assign(this.map, { width, height });
    this.map.getContext("2d").putImageData(drawn, 0, 0);
    this.map.setAttribute("aria-label", `The probability of ${this.data.name}: black 0, white 1.`);
  }

  drawCurve() {
    const box = svg("svg", { viewBox: "0 0 120 120", role: "img", "aria-label": this.truth ? "Precision over recall for all thresholds" : "Share of the image above each threshold" });
    const place = (x, y) => [24 + 90 * x, 100 - 90 * y];
    this.points = this.found.map((one, level) => {
      const { precision, recall } = scores(one);
      return this.truth ? (precision === null || recall === null ? null : place(recall, precision)) : place(level / LEVELS, (one.tp + one.fp) / this.total);
    });
    for (const [at, text] of [[0, "0"], [0.5, "0.5"], [1, "1"]]) {
      const [x, y] = place(at, at);
      box.append(svg("path", { class: "grid", d: `M24,${y}h90M${x},10v90` }), svg("text", { x: 21, y: y + 2.5, "text-anchor": "end" }, text), svg("text", { x, y: 108, "text-anchor": "middle" }, text));
    }
    const [across, up] = this.truth ? ["recall", "precision"] : ["threshold", "share of the image"];
    box.append(svg("text", { x: 69, y: 117, "text-anchor": "middle" }, across), svg("text", { x: 6, y: 55, "text-anchor": "middle", transform: "rotate(-90 6 55)" }, up));
    box.append(svg("polyline", { class: "line", points: this.points.filter(Boolean).map((point) => point.join(",")).join(" ") }));
    this.dot = svg("circle", { r: 3.6, class: "dot" });
    box.append(this.dot);
    this.curve.replaceChildren(box);
  }

  /** The threshold of the best Dice, on a button. */
  suggest() {
    this.best.hidden = !this.truth;
    if (!this.truth) return;
    const found = this.found.map((one) => scores(one).dice ?? 0), best = found.indexOf(Math.max(...found));
    this.best.textContent = `Best Dice: ${(best / LEVELS).toFixed(3)}`;
    this.best.onclick = () => (this.go(best), this.settle());
  }

  /** The threshold at a level; nothing is told to the server before it rests. */
  go(level, byHand = true) {
    this.at = Math.min(Math.max(level, 0), LEVELS);
    this.paint(this.at);
    this.say();
    clearTimeout(this.timer);
    if (byHand) this.timer = setTimeout(() => this.settle(), REST);
  }

  settle() {
    clearTimeout(this.timer);
    if (this.sent === this.at) return;
    this.sent = this.at;
    this.send("settled", this.at);
  }

  say() {
    const one = this.found[this.at], value = (this.at / LEVELS).toFixed(3), point = this.points[this.at], area = (one.tp + one.fp) / this.total;
    Object.assign(this.element.dataset, { ...one, level: this.at });
    if (Number(this.slider.value) !== this.at) this.slider.value = this.at;
    this.value.textContent = value;
    this.dot.style.display = point ? "" : "none";
    if (point) [this.dot.cx.baseVal.value, this.dot.cy.baseVal.value] = point;
    const found = this.truth ? this.judged(one) : [["Area", sharing(area), `${count(one.tp + one.fp)} of ${count(this.total)} pixels`]];
    this.numbers.replaceChildren(...found.map(([name, number, how]) => h("div", {}, h("span", {}, name), h("strong", {}, number), h("small", {}, how))));
    this.legend.replaceChildren(...this.kinds(one).map(([kind, name, number]) => h("li", {}, h("i", { class: `chip ${kind}` }), `${name} `, h("b", {}, count(number)))));
    this.slider.setAttribute("aria-valuetext", `${value}: ${found.map(([name, number]) => `${name} ${number}`).join(", ")}`);
    this.canvas.setAttribute("aria-label", `Above ${value} is called ${this.data.name}: ${this.kinds(one).map(([, name, number]) => `${name} ${number}`).join(", ")} pixels.`);
  }

  kinds({ tp, fp, fn, tn }) {
    const { name } = this.data;
    if (!this.truth) return [["tp", `called ${name}`, tp + fp], ["tn", "not", fn + tn]];
    return [["tp", `TP: ${name}, and found`, tp], ["fp", `FP: called ${name}, and is not`, fp], ["fn", `FN: ${name}, and missed`, fn], ["tn", "TN: neither", tn]];
  }

  judged(one) {
    const { precision, recall, dice, iou } = scores(one), { tp, fp, fn } = one;
    return [
      ["Precision", told(precision), `TP / (TP + FP) = ${count(tp)} / ${count(tp + fp)}`],
      ["Recall", told(recall), `TP / (TP + FN) = ${count(tp)} / ${count(tp + fn)}`],
      ["Dice, or F1", told(dice), `2 TP / (2 TP + FP + FN)`],
      ["IoU", told(iou), `TP / (TP + FP + FN)`],
      ["Average precision", told(averagePrecision(this.found)), "over all thresholds"],
    ];
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.threshold ??= new Threshold(parentElement);
  parentElement.threshold.show(data, setTriggerValue);
  return () => {
    clearTimeout(parentElement.threshold?.timer);
    parentElement.threshold?.element.remove();
    delete parentElement.threshold;
  };
}
