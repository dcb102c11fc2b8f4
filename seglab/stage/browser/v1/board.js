// The board: the panels on two canvases, with a transparent ARIA grid over each. What it shows is a function of the scene, the number of
// steps done and the cell in focus.

import { fillGrid, makeGridElement, sizeGrid, spoken } from "./access.js";
import { h } from "./dom.js";
import { arrange, corner, hit } from "./layout.js";
import { short } from "./numbers.js";
import { paintBase, paintFocus, paintTokens } from "./paint.js";
import { connected, EACH_CHANNEL, inputLetter, neverRead, progress, weightLetter, winning } from "./scene.js";
import { readTheme } from "./theme.js";

export class Board {
  /** `painted()` is called after the focus or the values changed on the canvas. */
  constructor(id, painted) {
    Object.assign(this, { id, painted, scene: null, places: [], grids: [], hovered: null, pinned: null, tween: null, size: [0, 0], large: false });
    this.dirty = { base: true, focus: true };
    this.base = h("canvas", { "aria-hidden": "true" });
    this.over = h("canvas", { "aria-hidden": "true" });
    this.gridBox = h("div", { class: "grids" });
    this.element = h("div", { class: "board" }, this.base, this.over, this.gridBox);
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.element);
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** Show a scene with `at` of its steps done. */
  show(scene, at) {
    const reshaped = !this.scene || shapeOf(scene) !== shapeOf(this.scene);
    Object.assign(this, { scene, at, tween: null });
    this.progress = progress(scene, at);
    if (reshaped) this.reshape();
    else this.fold();
    this.draw({ base: true, focus: true });
  }

  /** Go to another number of steps, with the products of a single step forward flying to their cells during `length` milliseconds. */
  moveTo(at, length) {
    this.finishTween();
    const forward = length > 0 && at === this.at + 1;
    this.at = at;
    this.hovered = this.pinned = null;
    this.tween = forward ? this.flight(length) : null;
    if (!this.tween) this.progress = progress(this.scene, at);
    this.draw({ base: true, focus: true });
  }

  /** The cell in focus: under the pointer, else the chosen one, else the timeline's last. */
  get focus() {
    if (this.hovered ?? this.pinned) return this.hovered ?? this.pinned;
    const { panel, cells } = this.scene.order;
    return this.at > 0 ? { panel: panel.index, cell: cells[this.at - 1] } : null;
  }

  hover(found) {
    if (found?.panel === this.hovered?.panel && found?.cell === this.hovered?.cell) return;
    this.hovered = found;
    this.finishTween();
    this.draw({ focus: true });
  }

  pin(found) {
    this.hovered = null;
    this.pinned = found;
    this.finishTween();
    this.draw({ focus: true });
    if (found) this.describeGrid(found.panel);
  }

  under(event) {
    const box = this.element.getBoundingClientRect();
    return hit(this.scene.panels, this.places, event.clientX - box.left, event.clientY - box.top);
  }

  // -- places --------------------------------------------------------------------------------------------------------

  measure() {
    const size = [this.element.clientWidth, this.element.clientHeight];
    if (String(size) === String(this.size)) return;
    this.size = size;
    this.fit();
  }

  /** New panels: new ARIA grids, and a new arrangement. */
  reshape() {
    const focused = this.gridBox.getRootNode().activeElement?.dataset?.panel;
    this.grids = this.scene.panels.map((panel) => (panel.hidden || panel.veiled ? null : makeGridElement(panel, `${this.id}p${panel.index}`)));
    this.gridBox.replaceChildren(...this.grids.filter(Boolean).map((grid) => grid.element));
    this.element.style.setProperty("--planes", planesOf(this.scene));
    this.hovered = null;
    if (this.pinned && this.pinned.cell >= (this.scene.panels[this.pinned.panel]?.grid_.size ?? 0)) this.pinned = null;
    this.fit();
    if (focused !== undefined) this.grids[focused]?.element.focus({ preventScroll: true });
  }

  /** The panels of a scene take over how many of their channels stand side by side. */
  fold() {
    for (const panel of this.scene.panels) panel.across = this.places[panel.index]?.across ?? panel.across;
  }

  fit() {
    const [width, height] = this.size;
    if (!this.scene || !width || !height) return;
    this.places = arrange(this.scene.panels, width - 4, height - 4, this.large ? hallSizes() : { largest: 68, unit: 1 });
    this.scale = Math.min(window.devicePixelRatio || 1, 2);
    for (const canvas of [this.base, this.over]) {
      const size = [Math.round(width * this.scale), Math.round(height * this.scale)];
      if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    }
    this.fold();
    this.scene.panels.forEach((panel, i) => {
      const place = this.places[i];
      if (!place || !this.grids[i]) return;
      sizeGrid(this.grids[i], panel);
      this.grids[i].element.style.cssText = `left:${place.x}px;top:${place.y}px;width:${place.width}px;height:${place.height}px`;
    });
    this.draw({ base: true, focus: true });
  }

  // -- painting ------------------------------------------------------------------------------------------------------

  retheme() {
    this.theme = null;
    this.draw({ base: true, focus: true });
  }

  draw({ base = false, focus = false }) {
    this.dirty.base ||= base;
    this.dirty.focus ||= focus;
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  /** Paint what has changed, now. */
  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.scene || !this.places.length) return;
    if (!this.theme) {
      this.theme = readTheme(this.element);
      this.element.parentNode.dataset.mode = this.theme.mode;
      for (const [role, colour] of Object.entries(this.theme.roles)) this.element.parentNode.style.setProperty(`--${role}`, colour);
    }
    const { base, focus } = this.dirty, share = this.tween ? (performance.now() - this.tween.start) / this.tween.length : 1;
    this.dirty = { base: false, focus: false };
    if (this.tween && share >= 1) {
      this.finishTween();
      return this.paint();
    }
    if (base) this.clear(this.base, (context) => paintBase(context, this.scene, this.places, this.theme, (panel) => this.content(panel)));
    this.clear(this.over, (context) => this.paintOver(context, share));
    if (base || focus) this.painted();
  }

  clear(canvas, act) {
    const context = canvas.getContext("2d");
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    act(context);
  }

  paintOver(context, share) {
    const { focus, scene } = this;
    if (focus) {
      const marked = connected(scene, focus), won = winning(scene, marked);
      paintFocus(context, scene, this.places, this.theme, { focus, marked, won, notes: this.notes(focus, won) });
    }
    if (!this.tween) return;
    paintTokens(context, this.tween.tokens, share, this.tween.size, this.tween.role, this.theme);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  /** What a panel shows: values, how far they are reached, the scale of the fills, and labels in place of numbers. */
  content(panel) {
    const { scene } = this, { state, followed } = scene, isFollowed = panel.of === followed.name && ["grid", "column"].includes(panel.kind) && panel.values.length === followed.trace.output.length;
    const walked = ["grid", "column", "switches"].includes(panel.kind) ? this.walked(panel.of) : null;
    if (scene.slopes && !panel.plain) return this.slopes(panel);
    const maker = scene.links.find((link) => link.out === panel)?.trace, full = maker?.full;
    const photo = panel.photo && (!maker?.weight || maker.weight.data.reduce((sum, weight) => sum + weight, 0) > 0.5);
    const content = { photo, values: panel.values, reached: null, canvas: full?.canvas, touched: full?.touched, largest: largestOf(panel.values) };
    // A difference is large or small beside what is compared.
    if (panel.role === "difference" && scene.view.remark === "shifts") content.largest = largestOf(maker.canvas);
    if (panel.plain) return { ...content, unread: panel === followed.inps[0] ? neverRead(scene) : null };
    if (isFollowed && scene.counts) {
      const values = scene.counts;
      return { ...content, values, largest: largestOf(values), canvas: full?.touched };
    }
    if (walked && panel.kind === "switches") content.reached = walked.reached;
    else if (walked) Object.assign(content, walked, { largest: content.largest });
    if (panel.winners) content.winners = this.winners(panel);
    return state.letters ? { ...content, labels: this.labels(panel) } : content;
  }

  /** How far an output is walked through; null for one that is always there as a whole. */
  walked(name) {
    return name === this.scene.followed.name ? this.progress : this.progress.beside.get(name) ?? null;
  }

  /** The cells of a panel that won a window of the pooling step that it names, as far as that is walked through. */
  winners(panel) {
    const { trace, columns } = this.scene.links.find((link) => link.name === panel.winners), column = columns.get(panel.index);
    const done = this.walked(panel.winners)?.done, found = new Set();
    if (trace.won) for (const row of trace.winners) if (row >= 0 && (!done || done[row])) found.add(column[row]);
    return found;
  }

  /** Where gradients are shown: by how much the loss would change with each cell. */
  slopes(panel) {
    const { slopes } = this.scene, values = panel.kind === "kernel" ? slopes.steps.get(panel.of).weight : slopes.grids.get(panel.of);
    return { photo: false, values, reached: null, canvas: null, touched: null, largest: largestOf(values), fill: 0 };
  }

  /** Letters for small grids: a, b, … times x, y, z. */
  labels(panel) {
    const { followed } = this.scene, { trace } = followed;
    if (panel.kind === "kernel") return Array.from(trace.weight.data, (_, weight) => weightLetter(trace, weight));
    if (followed.inps.includes(panel)) return Array.from(panel.values, (_, cell) => inputLetter(cell));
    if (panel !== followed.out) return null;
    const labels = new Array(trace.output.length).fill("");
    for (let row = 0; row < trace.rows.length; row++) {
      const out = trace.outGrid.source[trace.rows.out[row]], inp = trace.grids[0].source[trace.rows.inp[row]];
      if (out < 0 || inp < 0 || (this.progress.done && !this.progress.done[row])) continue;
      labels[out] += `${labels[out] ? "+" : ""}${inputLetter(inp)}${weightLetter(trace, trace.rows.weight[row])}`;
    }
    return labels.map((label) => label || "0");
  }

  /** Small numbers in the corners of the cells that a cell is connected to: its products, or the weights that it is read through. */
  notes(focus, won) {
    const word = ([cell, text]) => [cell, { text, role: "skip" }];
    const found = new Map([...won].map(([index, cells]) => [index, new Map([...cells].map(word))])), { scene } = this, panel = scene.panels[focus.panel];
    if (panel.plain || scene.state.letters || scene.counts || scene.slopes) return found;
    for (const link of scene.links) {
      const rows = link.rowsOf(focus.panel, focus.cell), { trace } = link;
      const reading = link.out === panel, target = reading ? link.inps[0] : link.out;
      if (!rows || !trace.weight || trace.statistics || !target || target.hidden || target.veiled) continue;
      const column = link.columns.get(target.index), notes = new Map();
      for (const row of rows) {
        const product = trace.product(row), text = reading ? `×${short(trace.weight.data[trace.rows.weight[row]])}` : `${product < 0 ? "" : "+"}${short(product)}`;
        if (column[row] >= 0) notes.set(column[row], { text, role: reading ? "kernel" : panel.role });
      }
      found.set(target.index, notes);
    }
    return found;
  }

  // -- the step's products on their way -------------------------------------------------------------------------------

  flight(length) {
    const { scene, places } = this, { followed, order, view } = scene;
    const rows = followed.rowsOf(order.panel.index, order.cells[this.at - 1]);
    const fromKernel = view.reading === "input" && followed.kernel && !followed.kernel.hidden;
    const origin = fromKernel ? followed.kernel : followed.inps.find((panel) => !panel.hidden);
    const target = scene.panels.find((panel) => panel.of === followed.name && ["grid", "column"].includes(panel.kind));
    const size = places[target?.index]?.cell ?? 0;
    if (!origin || size < 10 || target.plain || rows.length > 64 || scene.state.letters || scene.state.count) return null;
    const centre = (panel, cell) => corner(panel, places[panel.index], cell).map((edge) => edge + places[panel.index].cell / 2);
    const tokens = scene.together.flatMap((link) => {
      const goal = link === followed ? target : link.out, from = link.columns.get(origin.index), to = link.columns.get(goal?.index);
      if (!from || !to || goal.hidden) return [];
      return Array.from(link.rowsOf(order.panel.index, order.cells[this.at - 1])).filter((row) => from[row] >= 0 && to[row] >= 0)
        .map((row) => ({ from: centre(origin, from[row]), to: centre(goal, to[row]), text: short(link.trace.product(row)) }));
    });
    return { start: performance.now(), length, tokens, size, role: origin.role };
  }

  finishTween() {
    if (!this.tween) return;
    this.tween = null;
    this.progress = progress(this.scene, this.at);
    this.dirty.base = this.dirty.focus = true;
  }

  // -- for those who do not see it -------------------------------------------------------------------------------------

  /** Bring a grid's hidden cells up to date and name the current one. */
  describeGrid(index) {
    const grid = this.grids[index], panel = this.scene.panels[index];
    if (!grid) return;
    const current = this.pinned?.panel === index ? this.pinned.cell : null, content = this.content(panel);
    fillGrid(grid, panel, current, (cell) => spoken(panel, content, cell));
    if (current === null) grid.element.removeAttribute("aria-activedescendant");
    else grid.element.setAttribute("aria-activedescendant", `${grid.id}-${current}`);
  }

  describeGrids() {
    this.grids.forEach((_, index) => this.describeGrid(index));
  }
}

/** In a lecture cells and words grow with the page's type, which follows the width of the wall. */
function hallSizes() {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { largest: 6.5 * rem, unit: rem / 15.4 };
}

function largestOf(values) {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest && Number.isFinite(value)) largest = Math.abs(value);
  return largest;
}

/** How much there is to lay out: what a narrow screen makes room for. A further channel asks for less than a further panel. */
const planesOf = ({ panels }) => panels.filter((panel) => !panel.hidden).reduce((sum, panel) => sum + (panel.kind in EACH_CHANNEL ? 0.5 : 0.75 + panel.channels / 4), 0);

const shapeOf = (scene) => scene.panels.map((panel) => `${panel.title}${panel.size}${panel.grid_.canvas}${panel.grid_.margins}${panel.hidden}${panel.veiled}`).join();
