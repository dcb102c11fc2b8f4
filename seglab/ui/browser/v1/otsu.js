// A threshold that is moved by hand: the histogram with the line in it, the variance between its halves, and the mask that follows. The
// numbers of every level have come along, so nothing waits for the server.
import { bytes, figure, h, paint, settling } from "./byhand.js";
import { isDark } from "./diagram.js";

const WIDE = 512, HIGH = 190, FOOT = 22, TOP = 14;
const RIGHT = [235, 235, 235], MISSED = [213, 94, 0], INVENTED = [0, 114, 178], NOTHING = [0, 0, 0];
const x = (level) => (level + 0.5) * (WIDE / 256);

class Otsu {
  constructor(host) {
    this.image = figure("Feature");
    this.mask = figure("Mask");
    this.chart = h("svg", { viewBox: `0 0 ${WIDE} ${HIGH + FOOT + TOP}`, role: "img" });
    this.input = h("input", { type: "range", min: 0, max: 255, step: 1, id: "threshold-level", oninput: () => this.at(Number(this.input.value)) });
    this.input.addEventListener("keydown", (event) => event.stopPropagation());
    this.output = h("output", { for: "threshold-level" });
    this.back = h("button", { type: "button", onclick: () => this.at(this.data.optimum) });
    this.best = h("button", { type: "button", onclick: () => this.at(this.data.best) });
    this.told = h("p", { class: "told", role: "status" });
    this.legend = h("div", { class: "legend" });
    const slide = h("div", { class: "slide" }, h("label", { for: "threshold-level" }, "Threshold"), this.input, this.output);
    const chart = h("div", { class: "chart" }, this.chart, this.legend, slide, h("div", { class: "buttons" }, this.back, this.best), this.told);
    this.box = h("div", {}, this.image.box, this.mask.box, chart);
    host.append(this.box);
    this.box.otsu = this;
    this.chart.addEventListener("pointerdown", (event) => {
      this.chart.setPointerCapture(event.pointerId);
      this.held = true;
      this.point(event);
    });
    this.chart.addEventListener("pointermove", (event) => this.held && this.point(event));
    this.chart.addEventListener("pointerup", () => (this.held = false));
    this.settle = settling((level) => this.send("settled", level));
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["byhand", "otsu", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    const text = JSON.stringify({ ...data, level: 0 });
    if (text !== this.text) {
      this.text = text;
      this.data = data;
      this.draw();
      this.at(data.level, false);
    } else if (data.level !== this.data.level && data.level !== this.sent) this.at(data.level, false);
    this.data = data;
  }

  draw() {
    const { data } = this, { height, width } = data;
    this.picture = bytes(data.picture);
    this.truth = data.truth && bytes(data.truth);
    paint(this.image.canvas, height, width, (at) => Array(3).fill(this.picture[at]));
    this.image.head.textContent = data.feature;
    this.image.canvas.setAttribute("aria-label", `${data.feature} of every pixel, black the least, white the most`);
    this.back.textContent = `Otsu’s: ${data.optimum}`;
    this.best.hidden = data.best === null;
    this.best.textContent = `Most IoU: ${data.best}`;
    const most = Math.max(...data.counts.slice(1, -1)), peak = Math.max(...data.between);
    const bars = data.counts.map((count, level) => h("rect", { class: "bar", x: (level * WIDE) / 256, width: WIDE / 256 + 0.1, y: TOP + HIGH * (1 - Math.min(count / most, 1)), height: HIGH * Math.min(count / most, 1) }));
    const line = (values, top) => "M" + values.map((value, level) => `${x(level).toFixed(1)},${(TOP + HIGH * (1 - (0.94 * value) / top)).toFixed(1)}`).join("L");
    this.bars = h("g", {}, ...bars);
    this.mark = h("line", { class: "mark", y1: TOP - 8, y2: TOP + HIGH });
    this.grip = h("circle", { class: "grip", cy: TOP - 4, r: 7 });
    const optimum = h("line", { class: "optimum", x1: x(data.optimum), x2: x(data.optimum), y1: TOP, y2: TOP + HIGH });
    const ends = [0, 64, 128, 192, 255].map((level) => h("text", { x: x(level), y: TOP + HIGH + 17, "text-anchor": level === 0 ? "start" : level === 255 ? "end" : "middle" }, String(level)));
    const curves = [h("path", { class: "between", d: line(data.between, peak) })];
    if (data.iou) curves.push(h("path", { class: "iou", d: line(data.iou, 1) }));
    this.chart.replaceChildren(this.bars, h("line", { class: "floor", x1: 0, x2: WIDE, y1: TOP + HIGH, y2: TOP + HIGH }), ...curves, optimum, this.mark, this.grip, ...ends);
    const key = (name, words) => h("span", { class: name }, h("i"), words);
    this.legend.replaceChildren(key("bar", "pixels of a level"), key("between", "variance between the halves"), ...(data.iou ? [key("iou", "mean IoU with the truth")] : []));
    const words = this.truth ? [["right", "found and true"], ["missed", "true, not found"], ["invented", "found, not true"]] : [["right", data.above ? "above the threshold" : "up to the threshold"]];
    this.mask.note.replaceChildren(...words.map(([name, told]) => h("span", { class: `key ${name}` }, h("i"), told)));
  }

  at(level, tells = true) {
    const { data } = this, { height, width } = data;
    this.level = level;
    paint(this.mask.canvas, height, width, (at) => {
      const found = this.picture[at] > level === data.above;
      if (!this.truth) return found ? RIGHT : NOTHING;
      return found ? (this.truth[at] ? RIGHT : INVENTED) : this.truth[at] ? MISSED : NOTHING;
    });
    for (const [name, value] of [["x1", x(level)], ["x2", x(level)]]) this.mark.setAttribute(name, value);
    this.grip.setAttribute("cx", x(level));
    [...this.bars.children].forEach((bar, at) => bar.classList.toggle("over", at > level));
    this.input.value = level;
    this.input.setAttribute("aria-valuetext", `level ${level}`);
    this.output.textContent = level;
    this.back.setAttribute("aria-pressed", String(level === data.optimum));
    this.best.setAttribute("aria-pressed", String(level === data.best));
    const all = data.counts.reduce((sum, count) => sum + count, 0), over = data.counts.slice(level + 1).reduce((sum, count) => sum + count, 0);
    const share = ((100 * (data.above ? over : all - over)) / all).toFixed(1), part = (100 * data.between[level]) / Math.max(...data.between, 1e-9);
    const lines = [`${share} % of the pixels are ${data.above ? `above ${level}` : `at ${level} or below`}. Variance between the halves: ${data.between[level].toFixed(0)}, ${part.toFixed(0)} % of the most.`];
    if (data.iou) lines.push(`Mean IoU ${data.iou[level].toFixed(3)} · mean Dice ${data.dice[level].toFixed(3)} · boundary F ${data.boundary[level].toFixed(3)}`);
    this.told.textContent = lines.join("\n");
    this.mask.canvas.setAttribute("aria-label", `The mask at level ${level}. ${lines.join(" ")}`);
    this.chart.setAttribute("aria-label", `Histogram of 256 levels, threshold at ${level}, Otsu’s at ${data.optimum}`);
    if (tells) {
      this.sent = level;
      this.settle(level);
    }
  }

  point(event) {
    const box = this.chart.getBoundingClientRect();
    this.at(Math.max(0, Math.min(255, Math.floor(((event.clientX - box.left) / box.width) * 256))));
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.otsu ??= new Otsu(parentElement);
  parentElement.otsu.show(data, setTriggerValue);
  return () => {
    parentElement.otsu?.box.remove();
    delete parentElement.otsu;
  };
}
