// The curves of a training: loss, mean IoU and learning rate over its steps. They can be read at any step, by pointing or with the arrow
// keys, and saved as a picture. `live.js` draws with the same class.
import { isDark } from "./diagram.js";

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = {
  light: { loss: "#d55e00", iou: "#009e73", rate: "#0072b2", ink: "#3d444c", grid: "#e3e6ea", baseline: "#6b737d", paper: "#ffffff" },
  dark: { loss: "#ff8a3d", iou: "#35c79b", rate: "#58ace4", ink: "#d5dbe1", grid: "#333a43", baseline: "#98a1ab", paper: "#12151a" },
};
const ROWS = [["loss", 1, 0.4], ["iou", 2, 0.42], ["rate", 3, 0.18]]; // name, place in a point, share of the height
const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const REST = "Point at the curves, or walk with the arrow keys, to read them.";

function element(tag, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== "") made.textContent = text;
  return made;
}

/** 0, 1, 2 or 5 times a power of ten, and so on up to `most`: about `count` of them. */
export function ticks(most, count) {
  const raw = most / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** A number as short as it can be: 0.0004 as 4·10⁻⁴. */
export function short(value) {
  if (value === 0 || Math.abs(value) >= 0.001) return Number(value.toPrecision(3)).toLocaleString("en-GB", { maximumSignificantDigits: 3 });
  const power = Math.floor(Math.log10(value)), digits = Number((value / 10 ** power).toPrecision(2));
  return `${digits === 1 ? "" : `${digits}·`}10⁻${[...String(-power)].map((digit) => POWERS[digit]).join("")}`;
}

/** At most two points for each pixel: the lowest and the highest there. */
export function thinned(points, wide) {
  if (points.length < 3 * wide) return points;
  const kept = [], share = points.length / wide;
  for (let at = 0; at < wide; at++) {
    const part = points.slice(Math.floor(at * share), Math.floor((at + 1) * share));
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a)), high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
  }
  return kept[kept.length - 1] === points[points.length - 1] ? kept : [...kept, points[points.length - 1]];
}

export class Curves {
  constructor(host) {
    this.box = Object.assign(document.createElement("div"), { className: "curves" });
    this.window = Object.assign(document.createElement("div"), { className: "window", tabIndex: 0 });
    this.told = Object.assign(document.createElement("p"), { className: "told", textContent: REST });
    this.tools = Object.assign(document.createElement("div"), { className: "tools" });
    this.save = Object.assign(document.createElement("button"), { type: "button", textContent: "Save as PNG" });
    this.tools.append(this.save);
    this.box.append(this.window, this.told, this.tools);
    host.append(this.box);
    this.points = [];
    this.at = null; // the step that is read
    this.window.addEventListener("pointermove", (event) => this.point(event));
    this.window.addEventListener("pointerdown", (event) => this.point(event));
    this.window.addEventListener("pointerleave", () => this.read(null));
    this.window.addEventListener("blur", () => this.read(null));
    this.window.addEventListener("keydown", (event) => this.key(event));
    this.save.addEventListener("click", () => this.keep());
    this.seen = new ResizeObserver(() => this.frame && this.window.clientWidth !== this.wide && this.draw());
    this.seen.observe(this.window);
  }

  /** Points as [step, loss, mean IoU, learning rate], in order; `frame` is what Python says of the chart. */
  show(points, frame) {
    this.points = points;
    this.frame = frame;
    this.box.classList.toggle("lecture", frame.lecture);
    this.draw();
  }

  draw() {
    const { frame, points } = this, wide = (this.wide = this.window.clientWidth);
    if (!wide) return;
    const mode = isDark(this.box) ? "dark" : "light", font = getComputedStyle(this.box).fontFamily;
    this.colours = COLOURS[mode];
    this.box.dataset.mode = mode;
    this.box.dataset.points = points.length;
    this.size = frame.lecture ? 20 : 14;
    this.lines = ROWS.map(([, place]) => points.filter((point) => point[place] !== null && point[place] !== undefined).map((point) => [point[0], point[place]]));
    this.most = Math.max(frame.steps ?? 1, points.length ? points[points.length - 1][0] : 1, 1);
    const picture = element("svg", { width: wide, "font-family": font, "font-size": this.size, "aria-hidden": "true", style: "font-variant-numeric: tabular-nums" });
    const top = this.legend(picture, wide) + this.size;
    this.left = this.size * 5.6;
    this.right = wide - this.size * 1.4;
    const high = frame.lecture ? 640 : 480, gap = this.size * 1.9;
    let y = top;
    this.places = ROWS.map(([name, , share], at) => {
      const place = { name, top: y, high: (high - 2 * gap) * share, most: this.reach(at) };
      y += place.high + gap;
      return place;
    });
    this.under = y - gap;
    this.places.forEach((place, at) => this.row(picture, place, this.lines[at]));
    this.steps(picture);
    if (frame.marked !== null && frame.marked !== undefined) this.upright(picture, frame.marked, "2 4");
    this.cross = element("g");
    picture.append(this.cross);
    picture.setAttribute("height", Math.ceil(this.under + this.size * 3.6));
    this.picture = picture;
    this.window.replaceChildren(picture);
    this.tell();
  }

  x(step) {
    return this.left + ((this.right - this.left) * step) / this.most;
  }

  y(place, value) {
    return place.top + place.high * (1 - Math.min(value / place.most, 1));
  }

  /** The highest value that a row shows. */
  reach(at) {
    const { frame } = this, highest = this.lines[at].reduce((most, [, value]) => Math.max(most, value), 0);
    if (at === 0) return frame.guess ?? (highest * 1.05 || 1);
    return at === 1 ? 1 : 1.15 * Math.max(frame.rate, highest);
  }

  legend(picture, wide) {
    const { colours, frame, size } = this;
    const items = [["training loss", colours.loss, ""], ["mean IoU, held-out images", colours.iou, ""], ["learning rate", colours.rate, ""]];
    if (frame.baseline !== null) items.push(["Otsu’s threshold and a watershed", colours.baseline, "6 4"]);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${size}px ${getComputedStyle(this.box).fontFamily}`;
    let x = 0, y = size;
    for (const [name, colour, dash] of items) {
      const long = size * 2.2 + pen.measureText(name).width;
      if (x && x + long > wide) [x, y] = [0, y + size * 1.5];
      picture.append(element("line", { x1: x, x2: x + size * 1.7, y1: y - size * 0.33, y2: y - size * 0.33, stroke: colour, "stroke-width": 3, "stroke-dasharray": dash }));
      picture.append(element("text", { x: x + size * 2.2, y, fill: colours.ink }, name));
      x += long + size * 1.4;
    }
    return y;
  }

  row(picture, place, line) {
    const { colours, frame, size } = this, colour = colours[place.name];
    const count = place.name === "rate" ? 3 : Math.max(3, Math.round(place.high / (size * 2.4)));
    for (const value of ticks(place.most, count)) {
      const y = this.y(place, value);
      picture.append(element("line", { x1: this.left, x2: this.right, y1: y, y2: y, stroke: colours.grid }));
      picture.append(element("text", { x: this.left - size * 0.5, y: y + size * 0.35, "text-anchor": "end", fill: colours.ink }, short(value)));
    }
    const middle = place.top + place.high / 2, words = { loss: [frame.loss], iou: ["mean IoU"], rate: ["learning", "rate"] }[place.name];
    words.forEach((word, at) => {
      const x = size * (words.length > 1 ? 0.9 + 1.15 * at : 1);
      picture.append(element("text", { transform: `translate(${x} ${middle}) rotate(-90)`, "text-anchor": "middle", fill: colours.ink }, word));
    });
    if (place.name === "iou" && frame.baseline !== null) {
      const y = this.y(place, frame.baseline);
      picture.append(element("line", { x1: this.left, x2: this.right, y1: y, y2: y, stroke: colours.baseline, "stroke-width": 2, "stroke-dasharray": "8 5" }));
    }
    const shown = thinned(line, Math.max(1, Math.round(this.right - this.left)));
    const path = shown.map(([step, value]) => `${this.x(step).toFixed(1)},${this.y(place, value).toFixed(1)}`).join(" ");
    picture.append(element("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2.25, "stroke-linejoin": "round" }));
    if (place.name === "iou") for (const [step, value] of shown) picture.append(element("circle", { cx: this.x(step).toFixed(1), cy: this.y(place, value).toFixed(1), r: size / 5, fill: colour }));
  }

  steps(picture) {
    const { colours, size, under } = this;
    for (const step of ticks(this.most, Math.max(2, Math.min(8, Math.floor((this.right - this.left) / (size * 5)))))) {
      picture.append(element("text", { x: this.x(step), y: under + size * 1.5, "text-anchor": "middle", fill: colours.ink }, step.toLocaleString("en-GB")));
    }
    picture.append(element("text", { x: (this.left + this.right) / 2, y: under + size * 3, "text-anchor": "middle", fill: colours.ink }, "optimiser steps"));
  }

  upright(group, step, dash) {
    const x = this.x(step);
    group.append(element("line", { x1: x, x2: x, y1: this.places[0].top, y2: this.under, stroke: this.colours.ink, "stroke-width": 1.5, "stroke-dasharray": dash }));
  }

  // -- reading -----------------------------------------------------------------------------------------------------------------------

  /** The last value up to a step, of a row. */
  value(at, step) {
    const line = this.lines[at];
    let low = 0, high = line.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (line[middle][0] <= step) low = middle + 1;
      else high = middle;
    }
    return low ? line[low - 1] : null;
  }

  words(step) {
    const names = [this.frame.loss, "mean IoU", "learning rate"];
    const told = names.map((name, at) => [name, this.value(at, step)]).filter(([, found]) => found);
    return `Step ${step}: ${told.map(([name, [, value]]) => `${name} ${value < 0.001 ? short(value) : value.toPrecision(3)}`).join(" · ")}`;
  }

  read(step) {
    this.at = step;
    this.tell();
  }

  /** What is read, or what the whole says to a reader who does not see it. */
  tell() {
    const { points, at } = this, last = points.length ? points[points.length - 1][0] : 0;
    this.cross?.replaceChildren();
    const step = at === null ? null : Math.min(at, last);
    if (step !== null && points.length) {
      this.upright(this.cross, step, "");
      this.places.forEach((place, row) => {
        const found = this.value(row, step);
        if (found) this.cross.append(element("circle", { cx: this.x(found[0]), cy: this.y(place, found[1]), r: this.size / 3, fill: this.colours[place.name], stroke: this.colours.paper, "stroke-width": 2 }));
      });
    }
    const reads = step !== null && points.length, told = reads ? this.words(step) : REST;
    if (this.told.textContent !== told) this.told.textContent = points.length ? told : "";
    this.describe(step ?? last, last, reads);
  }

  describe(step, last, reads) {
    const { points, window } = this;
    if (!points.length) {
      for (const name of ["role", "aria-valuenow", "aria-valuemin", "aria-valuemax", "aria-valuetext"]) window.removeAttribute(name);
      window.removeAttribute("tabindex");
      window.setAttribute("role", "img");
      window.setAttribute("aria-label", "Empty curves: the training has not begun");
      return;
    }
    const first = points.find((point) => point[1] !== null && point[1] !== undefined);
    const begun = !reads && first ? `; it began with a loss of ${first[1].toPrecision(3)}` : "";
    const told = { role: "slider", "aria-label": "Read the curves", "aria-valuemin": points[0][0], "aria-valuemax": last, "aria-valuenow": step, "aria-valuetext": this.words(step) + begun };
    for (const [name, value] of Object.entries(told)) window.setAttribute(name, value);
    window.tabIndex = 0;
  }

  point(event) {
    if (!this.points.length) return;
    const x = event.clientX - this.window.getBoundingClientRect().left, step = (this.most * (x - this.left)) / (this.right - this.left);
    this.read(this.nearest(step));
  }

  nearest(step) {
    return this.points.reduce((best, [one]) => (Math.abs(one - step) < Math.abs(best - step) ? one : best), this.points[0][0]);
  }

  key(event) {
    const steps = this.points.map(([step]) => step);
    if (!steps.length) return;
    const now = this.at === null ? steps.length - 1 : Math.max(0, steps.indexOf(this.at)), page = Math.max(1, Math.round(steps.length / 10));
    const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, PageDown: now - page, PageUp: now + page, Home: 0, End: steps.length - 1 }[event.key];
    if (event.key === "Escape") this.read(null);
    else if (to === undefined) return;
    else this.read(steps[Math.min(steps.length - 1, Math.max(0, to))]);
    event.preventDefault();
    event.stopPropagation();
  }

  /** The picture as a file, twice as sharp as the screen needs. */
  async keep() {
    const copy = this.picture.cloneNode(true), wide = this.wide, high = Number(copy.getAttribute("height"));
    copy.insertBefore(element("rect", { width: wide, height: high, fill: this.colours.paper }), copy.firstChild);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * wide, height: 2 * high });
    canvas.getContext("2d").drawImage(image, 0, 0, 2 * wide, 2 * high);
    const link = Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${this.frame.file}.png` });
    link.click();
  }
}

export default function ({ data, parentElement }) {
  parentElement.curves ??= new Curves(parentElement);
  parentElement.curves.show(data.points, data.frame);
  return () => {
    parentElement.curves?.seen.disconnect();
    parentElement.curves?.box.remove();
    delete parentElement.curves;
  };
}
