// An autoencoder's bottleneck to play with: a plane of latent values as a map of decoded pictures, values as sliders, draws from the prior, and
// the way from one picture to another. Everything is decoded here; the server hears only where it came to rest.
import { isDark } from "./diagram.js";
import { decode, divergence, errorTerm, halves, normals, readDecoder } from "./decoder.js";
import { board, bounds, figure, h, minus, mosaic, ordered, paint, range, rows, signed } from "./latent_parts.js";
import { LatentPlane } from "./latent_plane.js";

const REST = 400; // milliseconds after which the state goes into the address
const ANSWERED = 3000; // milliseconds in which the server says back what it was told
const SHOWN = 8; // sliders at most
const ROW = 9; // pictures on the way from one to the other
const DRAWN = 20; // pictures drawn from a distribution

class Latent {
  constructor(host) {
    this.element = h("div", { class: "latent" });
    this.mine = new Map(); // states that were told, and when
    host.append(this.element);
  }

  show(data, send) {
    this.send = send;
    this.element.classList.toggle("lecture", data.lecture);
    this.element.dataset.mode = isDark(this.element) ? "dark" : "light";
    const made = JSON.stringify({ ...data, state: 0, lecture: 0 }), state = JSON.stringify(data.state);
    if (made !== this.made) {
      this.made = made;
      this.begin(data);
    } else if (state !== this.sent && performance.now() - (this.mine.get(state) ?? -Infinity) > ANSWERED) this.take(data.state);
    this.sent = state;
  }

  begin(data) {
    const { latent } = data.decoder, count = data.kinds.length;
    this.plane?.stop();
    Object.assign(this, { data, plane: null, hands: {} });
    this.net = readDecoder(data.decoder);
    this.plain = data.plain && { ...data.plain, net: readDecoder(data.plain.decoder) };
    this.means = rows(halves(data.means), count, latent);
    this.spreads = data.spreads ? rows(halves(data.spreads), count, latent) : null; // log-variances
    const bytes = Uint8Array.from(atob(data.pictures), (letter) => letter.charCodeAt(0)), area = this.net.size ** 2;
    this.pictures = data.kinds.map((_, i) => Float32Array.from(bytes.subarray(i * area, (i + 1) * area), (value) => value / 255));
    this.order = ordered(this.means);
    this.bounds = Array.from({ length: latent }, (_, j) => bounds(this.means.map((z) => z[j])));
    ({ walk: () => this.walk(), sample: () => this.sample(), between: () => this.between() })[data.look]();
    this.take(data.state);
  }

  /** What the address says. */
  take(state) {
    this.state = { ...state };
    this.z = state.z ? Float32Array.from(state.z) : this.means[state.picture].slice();
    this.eps = null;
    for (const [name, slider] of Object.entries(this.hands)) if (name in state) slider.set(state[name]);
    this.draw();
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const own = this.means[this.state.picture], moved = this.z.some((value, j) => Math.abs(value - own[j]) > 0.005);
      const state = { ...this.state, z: moved ? [...this.z].map((value) => Math.round(value * 100) / 100) : null };
      this.sent = JSON.stringify(state);
      this.mine.set(this.sent, performance.now());
      this.send("settled", this.sent);
    }, REST);
  }

  draw() {
    ({ walk: () => this.drawWalk(), sample: () => this.drawSample(), between: () => this.drawBetween() })[this.data.look]();
  }

  // -- walking the plane -------------------------------------------------------------------------------------------------------------------

  walk() {
    const { names, colours, noise } = this.data, { size } = this.net;
    const one = figure("picture, x", size), two = figure("decoded, x̂", size, "made"), three = figure("x̂ − x", size);
    this.panes = { own: one.canvas, made: two.canvas, apart: three.canvas };
    const dims = this.order.slice(0, SHOWN), rest = this.order.length - dims.length;
    this.sliders = dims.map((j) => range(`z${j + 1}`, ...this.bounds[j], 0.01, (value) => this.set(j, value)));
    this.hands = { picture: range("Test picture", 0, this.pictures.length - 1, 1, (value) => this.choose(value)) };
    const back = h("button", { type: "button", onclick: () => this.choose(this.state.picture) }, "Back to its code");
    const noisy = h("button", { type: "button", onclick: () => this.noisy() }, "Draw z = μ + σ · ε");
    this.told = h("p", { class: "told" });
    this.sums = h("div", { class: "sums" });
    this.live = h("p", { class: "unseen", role: "status" });
    this.plane = new LatentPlane({
      net: this.net, means: this.means, kinds: this.data.kinds, names, colours, axes: this.order.slice(0, 2), bounds: this.bounds,
      prior: Boolean(this.spreads), point: (x, y) => this.point(x, y), pin: (x, y) => this.pin(x, y), leave: () => this.leave(), choose: (i) => this.choose(i),
    });
    const sliders = h("div", { class: "sliders" }, ...this.sliders.map(({ element }) => element));
    const side = h("div", { class: "side" }, h("div", { class: "trio" }, one.element, two.element, three.element), sliders,
      rest > 0 ? h("p", { class: "note" }, `The ${rest} values that vary less keep what the picture's code has.`) : "",
      h("div", { class: "hands" }, this.hands.picture.element, back, this.spreads ? noisy : ""), this.sums, h("p", { class: "note" }, "x̂ − x: red where x̂ is too dark, grey where it is too bright."));
    this.noise = noise;
    this.element.replaceChildren(h("div", { class: "walk" }, this.plane.element, side), this.live);
  }

  point(x, y) {
    this.kept ??= this.z.slice();
    [this.z[this.order[0]], this.z[this.order[1]]] = [x, y];
    this.eps = null;
    this.drawWalk();
  }

  leave() {
    if (!this.kept) return;
    this.z = this.kept;
    this.kept = null;
    this.drawWalk();
  }

  pin(x, y) {
    this.kept = null;
    [this.z[this.order[0]], this.z[this.order[1]]] = [x, y];
    this.eps = null;
    this.drawWalk();
    this.settle();
  }

  set(j, value) {
    this.kept = null;
    this.z[j] = value;
    this.eps = null;
    this.drawWalk();
    this.settle();
  }

  choose(picture) {
    this.kept = null;
    this.state.picture = picture;
    this.hands.picture.set(picture);
    this.z = this.means[picture].slice();
    this.eps = null;
    this.drawWalk();
    this.settle();
  }

  noisy() {
    const { picture } = this.state;
    this.drawnTimes = (this.drawnTimes ?? 0) + 1;
    this.eps = normals(1000 * picture + this.drawnTimes, this.net.latent);
    this.kept = null;
    this.z = this.means[picture].map((mean, j) => mean + Math.exp(0.5 * this.spreads[picture][j]) * this.eps[j]);
    this.drawWalk();
    this.settle();
  }

  drawWalk() {
    const { size } = this.net, x = this.pictures[this.state.picture], made = decode(this.net, this.z);
    paint(this.panes.own, size, (i) => x[i]);
    paint(this.panes.made, size, (i) => made[i]);
    board(this.panes.apart, size, (i) => signed(made[i] - x[i], this.element.dataset.mode === "dark"));
    this.sliders.forEach(({ set }, at) => set(this.z[this.order[at]]));
    this.plane.show(this.z, this.state.picture);
    this.sums.replaceChildren(...this.terms(x, made).map((line) => h("p", {}, line)));
    clearTimeout(this.said);
    this.said = setTimeout(() => (this.live.textContent = this.sums.textContent), 2 * REST);
  }

  /** The loss of the chosen picture at this z, with its numbers. */
  terms(x, made) {
    const { beta, kinds, names } = this.data, { picture } = this.state, error = errorTerm(x, made, this.noise);
    const told = [`Test picture ${picture}, a ${names[kinds[picture]]}. Reconstruction: Σ (x − x̂)² / (2 · ${this.noise}²) = ${error.toFixed(1)}`];
    if (!this.spreads) return [...told, "The loss of the plain form is this alone: where codes lie is left to chance."];
    const parts = this.means[picture].map((mean, j) => divergence(mean, this.spreads[picture][j])), sum = parts.reduce((a, b) => a + b, 0);
    const lines = this.order.slice(0, 2).map((j) => {
      const mean = this.means[picture][j], deviation = Math.exp(0.5 * this.spreads[picture][j]);
      const noise = this.eps ? `; ε = ${minus(this.eps[j])}, z = ${minus(this.z[j])}` : "";
      return `z${j + 1}: μ = ${minus(mean)}, σ = ${deviation.toFixed(3)}, KL = ½ (μ² + σ² − 1 − ln σ²) = ${parts[j].toFixed(2)}${noise}`;
    });
    const more = parts.length > 2 ? `, with the other ${parts.length - 2} values` : "";
    return [...told, ...lines, `KL${more} = ${sum.toFixed(2)}. Loss = ${error.toFixed(1)} + β · KL = ${error.toFixed(1)} + ${beta} · ${sum.toFixed(2)} = ${(error + beta * sum).toFixed(1)}`];
  }

  // -- drawing from the prior --------------------------------------------------------------------------------------------------------------

  sample() {
    const again = h("button", { type: "button", class: "main", onclick: () => this.again() }, "Draw again");
    this.rows = ["Variational, z from N(0, 1)", "Plain, z from N(0, 1)", "Plain, z spread as its codes are"].map((title, i) => figure(title, 1, i ? "" : "made"));
    const notes = [
      "The divergence has drawn the codes towards this very distribution.",
      "Nothing has told the codes to lie here: some draws land where the decoder has never been.",
      "A normal distribution with the codes' own means and deviations: nearer, but it still covers the holes between them.",
    ];
    this.rows.forEach(({ element }, i) => element.append(h("p", { class: "note" }, notes[i])));
    this.element.replaceChildren(h("div", { class: "hands" }, again), h("div", { class: "rows" }, ...this.rows.map(({ element }) => element)));
  }

  again() {
    this.state.draw += 1;
    this.drawSample();
    this.settle();
  }

  drawSample() {
    const { latent } = this.net, noise = rows(normals(this.state.draw, DRAWN * latent), DRAWN, latent), { centre, spread, net } = this.plain;
    const sets = [
      [this.net, noise],
      [net, noise],
      [net, noise.map((one) => one.map((value, j) => centre[j] + spread[j] * value))],
    ];
    sets.forEach(([decoder, values], i) => mosaic(this.rows[i].canvas, values.map((z) => decode(decoder, z)), decoder.size, DRAWN / 2));
  }

  // -- from one picture to another ---------------------------------------------------------------------------------------------------------

  between() {
    const most = this.pictures.length - 1, { size } = this.net;
    const change = (name) => (value) => {
      this.state[name] = value;
      this.drawBetween();
      this.settle();
    };
    this.hands = { from: range("From picture", 0, most, 1, change("from")), to: range("To picture", 0, most, 1, change("to")), way: range("Way, in %", 0, 100, 1, change("way")) };
    this.ends = [figure("from", size), figure("decoded on the way", size, "made"), figure("pixels blended", size), figure("to", size)];
    this.rows = [figure("Decoded: the codes blended", 1, "made"), figure("The pixels blended", 1)];
    this.live = h("p", { class: "told" });
    this.element.replaceChildren(
      h("div", { class: "ends" }, ...this.ends.map(({ element }) => element)), h("div", { class: "sliders wide" }, ...Object.values(this.hands).map(({ element }) => element)),
      this.live, h("div", { class: "rows" }, ...this.rows.map(({ element }) => element)));
  }

  drawBetween() {
    const { from, to, way } = this.state, { size } = this.net, share = way / 100;
    const blend = (one, other, t) => one.map((value, i) => (1 - t) * value + t * other[i]);
    const code = (t) => decode(this.net, blend(this.means[from], this.means[to], t)), pixels = (t) => blend(this.pictures[from], this.pictures[to], t);
    [pixels(0), code(share), pixels(share), pixels(1)].forEach((made, i) => paint(this.ends[i].canvas, size, (at) => made[at]));
    const steps = Array.from({ length: ROW }, (_, i) => i / (ROW - 1));
    [code, pixels].forEach((at, i) => mosaic(this.rows[i].canvas, steps.map(at), size, ROW));
    const { names, kinds } = this.data;
    this.live.textContent = `z = ${(1 - share).toFixed(2)} · z of picture ${from} (${names[kinds[from]]}) + ${share.toFixed(2)} · z of picture ${to} (${names[kinds[to]]})`;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.latent ??= new Latent(parentElement);
  parentElement.latent.show(data, setTriggerValue);
  return () => {
    clearTimeout(parentElement.latent?.timer);
    clearTimeout(parentElement.latent?.said);
    parentElement.latent?.plane?.stop();
    parentElement.latent?.element.remove();
    delete parentElement.latent;
  };
}
