// A plane of two latent values as a map: a lattice of decoded pictures, the codes of test pictures on it by class, and the place that is decoded.
import { decode } from "./decoder.js";
import { element } from "./paths.js";
import { h, minus } from "./latent_parts.js";

const CELLS = 15, SIDE = 480, NEAR = 12; // pictures a side; units of the picture; how near a code is pressed
const SIGNS = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
  (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (r) => `M0,${-1.25 * r}L${1.2 * r},${0.9 * r}H${-1.2 * r}z`,
  (r) => `M${Array.from({ length: 10 }, (_, i) => [(i % 2 ? 0.6 : 1.5) * r * Math.sin((Math.PI * i) / 5), -(i % 2 ? 0.6 : 1.5) * r * Math.cos((Math.PI * i) / 5)].map((n) => n.toFixed(2)).join()).join("L")}z`,
];

export class LatentPlane {
  constructor(told) {
    Object.assign(this, told);
    this.canvas = h("canvas", { width: CELLS * this.net.size, height: CELLS * this.net.size, "aria-hidden": "true" });
    this.over = element("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
    const [a, b] = this.axes, words = `Plane of z${a + 1} and z${b + 1} with decoded pictures and the codes of test pictures. Arrow keys walk, with shift further.`;
    this.board = h("div", { class: "board", tabindex: 0, role: "application", "aria-label": words }, this.canvas, this.over);
    this.codes = h("input", { type: "checkbox", checked: "", onchange: () => this.over.classList.toggle("bare", !this.codes.checked) });
    this.element = h("div", { class: "plane" }, this.ticks(a, b), this.legend());
    this.board.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.point(...this.at(event)));
    this.board.addEventListener("pointerleave", () => this.leave());
    this.board.addEventListener("click", (event) => this.press(...this.at(event)));
    this.board.addEventListener("keydown", (event) => this.key(event));
    this.draw();
  }

  ticks(a, b) {
    const [[low, high], [bottom, top]] = [this.bounds[a], this.bounds[b]];
    return h("div", { class: "axes" },
      h("div", { class: "down" }, h("span", {}, minus(top, 1)), h("b", {}, `z${b + 1}`), h("span", {}, minus(bottom, 1))), this.board,
      h("div", { class: "across" }, h("span", {}, minus(low, 1)), h("b", {}, `z${a + 1}`), h("span", {}, minus(high, 1))));
  }

  legend() {
    const signs = this.names.map((name, kind) => {
      const svg = element("svg", { viewBox: "-9 -9 18 18", class: "sign", "aria-hidden": "true" });
      svg.append(element("path", { d: SIGNS[kind](6), fill: this.colours[kind] }));
      return h("span", {}, svg, name);
    });
    const prior = this.prior ? [h("span", { class: "prior" }, "prior: 1 and 2 deviations")] : [];
    return h("div", { class: "legend" }, ...signs, ...prior, h("label", {}, this.codes, "codes of test pictures"));
  }

  /** A place of the map, in units of the picture, for two latent values. */
  place(x, y) {
    const [[low, high], [bottom, top]] = this.axes.map((j) => this.bounds[j]);
    return [((x - low) / (high - low)) * SIDE, ((top - y) / (top - bottom)) * SIDE];
  }

  /** The two latent values under a pointer. */
  at({ clientX, clientY }) {
    const { left, top: above, width, height } = this.board.getBoundingClientRect(), [[low, high], [bottom, top]] = this.axes.map((j) => this.bounds[j]);
    const share = (n) => Math.min(1, Math.max(0, n));
    return [low + share((clientX - left) / width) * (high - low), top - share((clientY - above) / height) * (top - bottom)];
  }

  draw() {
    const [a, b] = this.axes, marks = this.means.map((z, i) => {
      const [x, y] = this.place(z[a], z[b]);
      return element("path", { class: "code", transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`, d: SIGNS[this.kinds[i]](4.5), fill: this.colours[this.kinds[i]] });
    });
    const rings = this.prior ? [1, 2].map((radius) => {
      const [x, y] = this.place(0, 0), [right, above] = this.place(radius, radius);
      return element("ellipse", { class: "ring", cx: x, cy: y, rx: right - x, ry: y - above });
    }) : [];
    this.own = element("circle", { class: "own", r: 10 });
    this.cross = element("path", { class: "cross", d: "M-14,0H-5M5,0H14M0,-14V-5M0,5V14" });
    this.over.replaceChildren(...rings, ...marks, this.own, this.cross);
  }

  show(z, picture) {
    const [a, b] = this.axes, move = (mark, values) => mark.setAttribute("transform", `translate(${this.place(values[a], values[b]).map((n) => n.toFixed(1)).join()})`);
    this.z = z.slice();
    move(this.cross, z);
    move(this.own, this.means[picture]);
    const rest = z.filter((_, j) => j !== a && j !== b).join();
    if (rest !== this.rest) this.lattice(rest);
  }

  /** Decode the lattice, some pictures a frame, so that a hand never waits for it. */
  lattice(rest) {
    this.rest = rest;
    this.stop();
    const { size } = this.net, context = this.canvas.getContext("2d"), tile = new ImageData(size, size), z = this.z.slice(), [a, b] = this.axes;
    const [[low, high], [bottom, top]] = this.axes.map((j) => this.bounds[j]);
    let number = 0;
    const some = () => {
      const until = performance.now() + 8;
      while (number < CELLS * CELLS && performance.now() < until) {
        const row = Math.floor(number / CELLS), column = number % CELLS;
        z[a] = low + ((column + 0.5) / CELLS) * (high - low);
        z[b] = top - ((row + 0.5) / CELLS) * (top - bottom);
        const made = decode(this.net, z);
        for (let i = 0; i < made.length; i += 1) tile.data.set([255 * made[i], 255 * made[i], 255 * made[i], 255], 4 * i);
        context.putImageData(tile, column * size, row * size);
        number += 1;
      }
      this.frame = number < CELLS * CELLS ? requestAnimationFrame(some) : 0;
      if (!this.frame) this.board.dataset.done = "yes";
    };
    some();
  }

  stop() {
    cancelAnimationFrame(this.frame);
  }

  press(x, y) {
    const [a, b] = this.axes, [left, top] = this.place(x, y);
    const far = this.means.map((z) => Math.hypot(...this.place(z[a], z[b]).map((n, i) => n - [left, top][i]))), nearest = far.indexOf(Math.min(...far));
    if (this.codes.checked && far[nearest] < NEAR) this.choose(nearest);
    else this.pin(x, y);
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const moved = this.axes.map((j, i) => {
      const [low, high] = this.bounds[j];
      return Math.min(high, Math.max(low, this.z[j] + (step[i] * (high - low) * (event.shiftKey ? 4 : 1)) / 60));
    });
    this.pin(...moved);
    event.preventDefault();
    event.stopPropagation();
  }
}
