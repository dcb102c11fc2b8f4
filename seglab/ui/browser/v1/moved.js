// Who moves along: an image that is moved or shuffled, and what three networks make of it. A worker has looked at it in all its places;
// here one of its answers is picked, so that dragging, sliders and keys wait for nobody.

import { isDark } from "./diagram.js";

const SIDE = 96, REST = 400;
const KEYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const WRONG = [[213, 94, 0], [255, 255, 255]];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (share) => (share > 0.995 && share < 1 ? `${Math.min(100 * share, 99.9).toFixed(1)} %` : `${(100 * share).toFixed(0)} %`);
const signed = (value) => (value < 0 ? `−${-value}` : String(value));

function make(tag, className, parent, text = "") {
  const made = Object.assign(document.createElement(tag), { className, textContent: text });
  parent.append(made);
  return made;
}

/** The bytes of a picture, four a pixel. */
async function pixels(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  return pen.getImageData(0, 0, picture.width, picture.height).data;
}

/** For every pixel of the moved image the pixel that comes there. */
function sources({ dx, dy, grid, shuffle }, orders, around) {
  const found = new Int32Array(SIDE * SIDE), size = SIDE / grid;
  const from = (at) => (around ? (at + SIDE) % SIDE : clamp(at, 0, SIDE - 1));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let row = from(y - dy), column = from(x - dx);
      if (grid > 1) {
        const patch = orders[grid][shuffle][Math.floor(y / size) * grid + Math.floor(x / size)];
        row = Math.floor(patch / grid) * size + (y % size);
        column = (patch % grid) * size + (x % size);
      }
      found[y * SIDE + x] = row * SIDE + column;
    }
  }
  return found;
}

class Moved {
  constructor(host) {
    this.box = make("div", "moved", host);
    this.row = make("div", "pictures", this.box);
    this.canvases = {};
    for (const name of ["image", "mask", "along"]) {
      const figure = make("figure", name, this.row);
      const head = make("div", "head", figure);
      this.canvases[name] = Object.assign(make("canvas", "", figure), { width: SIDE, height: SIDE });
      this.canvases[name].setAttribute("role", "img");
      figure.head = head;
      figure.told = make("figcaption", "", figure);
      this[name] = figure;
    }
    this.image.head.textContent = "The image: drag it";
    this.mask.head.textContent = "The segmenter’s mask";
    this.along.head.textContent = "Its first mask, moved along";
    const grip = this.canvases.image;
    grip.tabIndex = 0;
    grip.setAttribute("role", "application");
    grip.setAttribute("aria-label", "The image. Arrow keys move it by 4 pixels, Home brings it back.");
    grip.addEventListener("keydown", (event) => this.key(event));
    grip.addEventListener("pointerdown", (event) => this.grab(event));
    grip.addEventListener("pointermove", (event) => this.drag(event));
    grip.addEventListener("pointerup", () => (this.held = null));
    this.voters = make("div", "voters", this.row);
    this.pooled = this.voter("Classifier, global pooling");
    this.flat = this.voter("Classifier, fully connected");
    this.changed = make("div", "changed", this.voters, "← what it said at first");
    this.controls = make("div", "controls", this.box);
    this.sliders = { dx: this.slider("right", "dx"), dy: this.slider("down", "dy") };
    this.cuts = make("div", "cuts", this.controls);
    this.cuts.setAttribute("role", "group");
    this.cuts.setAttribute("aria-label", "Patches");
    this.told = make("p", "told", this.box);
    this.told.setAttribute("role", "status");
    this.echoes = new Set();
  }

  voter(title) {
    const box = make("div", "voter", this.voters);
    make("div", "head", box, title);
    return make("div", "bars", box);
  }

  slider(title, name) {
    const label = make("label", "slide", this.controls), told = make("span", "", label);
    const input = Object.assign(make("input", "", label), { type: "range" });
    input.addEventListener("input", () => this.change({ grid: 1, shuffle: 0, [name]: Number(input.value) }));
    return { input, told, title };
  }

  async show(data, send) {
    this.send = send;
    this.box.classList.toggle("lecture", data.lecture);
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    const before = this.data;
    this.data = data;
    const text = JSON.stringify(data.state), echo = this.echoes.delete(text);
    if (text !== this.known && !echo) this.state = data.state; // neither what is known nor the answer to a move of this hand
    this.known = text;
    if (before?.masks !== data.masks || before?.image !== data.image) {
      const [image, masks] = await Promise.all([pixels(data.image), pixels(data.masks)]);
      if (this.data.masks !== data.masks || this.data.image !== data.image) return;
      this.photograph = image;
      this.masks = masks;
    }
    if (!this.cutButtons) this.drawCuts();
    for (const { input } of Object.values(this.sliders)) {
      Object.assign(input, { min: data.shifts[0], max: data.shifts.at(-1), step: data.shifts[1] - data.shifts[0] });
    }
    if (this.photograph) this.paint();
  }

  drawCuts() {
    const press = (text, act) => {
      const button = make("button", "", this.cuts, text);
      button.addEventListener("click", act);
      return button;
    };
    this.cutButtons = new Map([1, ...this.data.grids].map((grid) => [
      grid,
      press(grid === 1 ? "whole" : `${grid} × ${grid} patches`, () => this.change({ dx: 0, dy: 0, grid, shuffle: 0 })),
    ]));
    this.again = press("Shuffle again", () => this.change({ shuffle: (this.state.shuffle + 1) % this.data.shuffles }));
  }

  key(event) {
    const step = KEYS[event.key], { dx, dy } = this.state, { shifts } = this.data, width = shifts[1] - shifts[0];
    if (step) this.to(dx + step[0] * width, dy + step[1] * width);
    else if (event.key === "Home" || event.key === "Escape") this.to(0, 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  grab(event) {
    this.held = [event.clientX, event.clientY, this.state.dx, this.state.dy];
    this.canvases.image.setPointerCapture?.(event.pointerId);
  }

  drag(event) {
    if (!this.held) return;
    const [x, y, dx, dy] = this.held, scale = SIDE / this.canvases.image.clientWidth;
    this.to(dx + (event.clientX - x) * scale, dy + (event.clientY - y) * scale);
  }

  to(dx, dy) {
    const { shifts } = this.data, width = shifts[1] - shifts[0];
    const fit = (value) => clamp(Math.round(value / width) * width, shifts[0], shifts.at(-1)) || 0;
    this.change({ grid: 1, shuffle: 0, dx: fit(dx), dy: fit(dy) });
  }

  change(changes) {
    const next = { ...this.state, ...changes };
    if (JSON.stringify(next) === JSON.stringify(this.state)) return;
    this.state = next;
    this.paint();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.echoes.add(JSON.stringify(this.state));
      this.send("settled", { ...this.state });
    }, REST);
  }

  /** Which of the worker's answers is shown: all shifts row by row, then for each grid its shuffles. */
  index({ dx, dy, grid, shuffle } = this.state) {
    const { shifts, grids, shuffles } = this.data;
    if (grid > 1) return shifts.length ** 2 + grids.indexOf(grid) * shuffles + shuffle;
    return shifts.indexOf(dy) * shifts.length + shifts.indexOf(dx);
  }

  /** The class numbers of one mask. */
  labels(index) {
    const found = new Uint8Array(SIDE * SIDE), first = index * SIDE * SIDE;
    for (let i = 0; i < found.length; i++) found[i] = this.masks[4 * (first + i)];
    return found;
  }

  paint() {
    const { orders, around, colours, names, told } = this.data, at = this.index(), home = this.index({ dx: 0, dy: 0, grid: 1 });
    const from = sources(this.state, orders, around), mask = this.labels(at), first = this.labels(home);
    this.draw("image", (i) => this.photograph.subarray(4 * from[i], 4 * from[i] + 3));
    this.draw("mask", (i) => colours[mask[i]]);
    this.draw("along", (i) => (mask[i] === first[from[i]] ? colours[first[from[i]]] : WRONG[(i + Math.floor(i / SIDE)) & 1]));
    const [same, objects] = told.alike[at];
    this.mask.told.textContent = this.found(mask);
    this.along.told.textContent = `${percent(same)} of all pixels are the same, of the shape’s ${percent(objects)}. Chequered: not the same.`;
    this.image.told.textContent = this.words();
    this.canvases.mask.setAttribute("aria-label", `The segmenter’s mask: ${this.found(mask)}`);
    this.canvases.along.setAttribute("aria-label", `Its first mask, moved along: ${percent(same)} of the pixels are the same`);
    const verdicts = [["pooled", "global pooling"], ["flat", "fully connected"]].map(([end, name]) => {
      const chances = told[end][at], best = chances.indexOf(Math.max(...chances)), was = told[end][home].indexOf(Math.max(...told[end][home]));
      this.bars(this[end], chances, was);
      return `${name} says ${names[best + 1]}, ${percent(chances[best])}${best === was ? "" : ` (it was ${names[was + 1]})`}`;
    });
    this.changed.style.visibility = verdicts.some((verdict) => verdict.includes("(it was")) ? "visible" : "hidden";
    this.tell(`${this.words()}: ${verdicts.join("; ")}; of the mask, ${percent(same)} went along.`);
    for (const [name, { input, told: text, title }] of Object.entries(this.sliders)) {
      input.value = this.state[name];
      text.textContent = `${title} ${signed(this.state[name])}`;
    }
    for (const [grid, button] of this.cutButtons) button.setAttribute("aria-pressed", String(grid === this.state.grid));
    this.again.hidden = this.state.grid === 1;
  }

  words() {
    const { dx, dy, grid, shuffle } = this.state;
    if (grid > 1) return `${grid} × ${grid} patches shuffled, way ${shuffle + 1} of ${this.data.shuffles}`;
    return dx || dy ? `Moved right ${signed(dx)}, down ${signed(dy)} pixels` : "As it was taken";
  }

  /** The classes of a mask with their pixels. */
  found(mask) {
    const counts = new Array(this.data.names.length).fill(0);
    for (const label of mask) counts[label]++;
    const there = counts.map((count, label) => [count, label]).filter(([count, label]) => label && count).sort((a, b) => b[0] - a[0]);
    return there.length ? there.map(([count, label]) => `${this.data.names[label]} ${count} pixels`).join(", ") : "nothing but background";
  }

  bars(box, chances, was) {
    const { names, colours } = this.data, best = Math.max(...chances);
    box.innerHTML = chances.map((chance, i) =>
      `<div class="bar${chance === best ? " best" : ""}"><span>${names[i + 1]}${i === was && chance !== best ? " ←" : ""}</span>` +
      `<i style="--share:${chance};background:rgb(${colours[i + 1].join(" ")})"></i><b>${percent(chance)}</b></div>`).join("");
  }

  draw(name, colour) {
    const pen = this.canvases[name].getContext("2d"), sheet = pen.createImageData(SIDE, SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const [red, green, blue] = colour(i);
      sheet.data.set([red, green, blue, 255], 4 * i);
    }
    pen.putImageData(sheet, 0, 0);
  }

  tell(said) {
    if (this.told.textContent !== said) this.told.textContent = said;
  }

  end() {
    clearTimeout(this.timer);
    this.box.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.moved ??= new Moved(parentElement);
  parentElement.moved.show(data, setTriggerValue);
  return () => {
    parentElement.moved?.end();
    delete parentElement.moved;
  };
}
