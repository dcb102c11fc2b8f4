// A picture with its classes: how strongly they lie over it, which of them, and what a pixel is; all without asking the server.

import { bytes, count, h, pixels } from "./canvases.js";
import { isDark } from "./diagram.js";

const LEVELS = 200;
const VIEWS = [["overlay", "Overlay"], ["image", "Image"], ["sure", "How sure"]];
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

class Overlay {
  constructor(host) {
    Object.assign(this, { view: "overlay", strength: 0.45, hidden: new Set(), at: null });
    this.canvas = h("canvas", { tabindex: 0, role: "application" });
    this.views = h("div", { class: "views", role: "group", "aria-label": "View" });
    this.opacity = h("input", { type: "range", min: 0, max: 100, step: 1, value: 45, id: "overlay-opacity" });
    this.hand = h("div", { class: "hand" }, h("label", { for: "overlay-opacity" }, "Opacity"), this.opacity);
    this.legend = h("div", { class: "legend", role: "group", "aria-label": "Classes that are shown" });
    this.told = h("p", { class: "told", role: "status" });
    this.note = h("p", { class: "note" });
    this.numbers = h("dl", { class: "numbers" });
    this.element = h("div", { class: "overlay" }, h("div", { class: "seen" }, this.canvas), h("div", { class: "beside" }, this.numbers, this.views, this.legend, this.hand, this.told, this.note));
    this.opacity.addEventListener("input", () => this.set({ strength: this.opacity.value / 100 }));
    this.opacity.addEventListener("keydown", (event) => event.stopPropagation());
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    host.append(this.element);
  }

  async show(data) {
    this.element.classList.toggle("lecture", data.lecture);
    this.element.dataset.mode = isDark(this.element) ? "dark" : "light";
    const text = JSON.stringify({ ...data, lecture: 0 });
    if (text === this.text) return;
    this.text = text;
    const [image, mask, sure] = await Promise.all([data.image, data.mask, data.sure].map(pixels));
    if (text !== this.text || !this.element.isConnected) return;
    Object.assign(this, { data, image, mask: bytes(mask), sure: bytes(sure), at: null });
    this.hidden = new Set([...this.hidden].filter((number) => number < data.classes.length));
    Object.assign(this.canvas, { width: image.width, height: image.height });
    this.element.style.setProperty("--shape", image.width / image.height);
    this.edges = this.edged();
    this.note.textContent = data.note;
    this.numbers.replaceChildren(...data.numbers.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    this.set({});
    this.element.dataset.ready = "1";
  }

  /** Pixels beside one of another class. */
  edged() {
    const { width, height } = this.image, found = new Uint8Array(width * height);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = y * width + x;
        if ((x + 1 < width && this.mask[at] !== this.mask[at + 1]) || (y + 1 < height && this.mask[at] !== this.mask[at + width]) || (x && this.mask[at] !== this.mask[at - 1]) || (y && this.mask[at] !== this.mask[at - width])) found[at] = 1;
      }
    }
    return found;
  }

  set(changes) {
    Object.assign(this, changes);
    this.paint();
    this.controls();
    this.say();
  }

  paint() {
    const { width, height, data } = this.image, drawn = new ImageData(width, height), { colours } = this.data, { strength } = this;
    for (let at = 0; at < width * height; at += 1) {
      const label = this.mask[at], colour = colours[label], to = 4 * at;
      const share = this.view !== "overlay" || this.hidden.has(label) || !colour ? 0 : this.edges[at] ? Math.min(1, 2 * strength) : strength;
      for (let c = 0; c < 3; c += 1) drawn.data[to + c] = this.view === "sure" ? this.sure[at] * 1.275 : data[to + c] + share * ((colour ? colour[c] : 0) - data[to + c]);
      drawn.data[to + 3] = 255;
    }
    this.canvas.getContext("2d").putImageData(drawn, 0, 0);
  }

  controls() {
    const press = (on, label, act) => h("button", { type: "button", "aria-pressed": String(on), onclick: act }, ...label);
    const focused = this.element.getRootNode().activeElement?.dataset?.name;
    this.views.replaceChildren(...VIEWS.map(([view, name]) => press(view === this.view, [name], () => this.set({ view }))));
    this.legend.replaceChildren(...this.data.classes.map((name, number) => {
      const colour = this.data.colours[number], style = colour ? `background: rgb(${colour})` : "", plain = colour ? "" : " plain";
      const label = [h("i", { class: `chip${plain}`, style }), `${name} `, h("b", {}, this.data.shares[number])];
      return colour ? press(!this.hidden.has(number), label, () => this.toggle(number)) : h("span", {}, ...label);
    }));
    [...this.views.children, ...this.legend.children].forEach((one, number) => {
      one.dataset.name = number;
      if (focused === String(number)) one.focus();
    });
    this.hand.hidden = this.view !== "overlay";
  }

  toggle(number) {
    if (!this.hidden.delete(number)) this.hidden.add(number);
    this.set({});
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect(), { width, height } = this.image ?? {};
    if (!width) return;
    const column = Math.floor(((event.clientX - box.left) / box.width) * width), row = Math.floor(((event.clientY - box.top) / box.height) * height);
    this.to(row, column);
  }

  key(event) {
    if (!(event.key in STEPS) || !this.image) return;
    const [down, right] = STEPS[event.key], far = event.shiftKey ? 10 : 1, [row, column] = this.at ?? [this.image.height >> 1, this.image.width >> 1];
    this.to(row + down * far, column + right * far);
    event.preventDefault();
    event.stopPropagation();
  }

  to(row, column) {
    const { width, height } = this.image;
    this.at = [Math.min(Math.max(row, 0), height - 1), Math.min(Math.max(column, 0), width - 1)];
    this.say();
  }

  say() {
    const { classes, size, step, label } = this.data;
    this.canvas.setAttribute("aria-label", `${label} Arrow keys move from pixel to pixel, with shift by ten.`);
    if (!this.at) return (this.told.textContent = this.view === "sure" ? "White: sure of the class. Black: it could be any." : "Point at a pixel.");
    const [row, column] = this.at, at = row * this.image.width + column, sure = this.sure[at] / LEVELS;
    const place = step > 1 ? `Row ${count(row * step)}, column ${count(column * step)} of ${count(size[0])} × ${count(size[1])}` : `Row ${row}, column ${column}`;
    this.told.textContent = `${place}: ${classes[this.mask[at]]}, ${sure < 1 ? sure.toFixed(2) : "1.00"} sure.`;
  }
}

export default function ({ data, parentElement }) {
  parentElement.overlay ??= new Overlay(parentElement);
  parentElement.overlay.show(data);
  return () => {
    parentElement.overlay?.element.remove();
    delete parentElement.overlay;
  };
}
