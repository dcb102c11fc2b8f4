// A label matrix: the class of every pixel, or class and id, as colours and as the numbers that they are. A large one has a window of
// numbers that follows the pointer and the arrow keys; a small one is all numbers, and may be painted over and scored as one paints.

import { isDark } from "./diagram.js";

const ACROSS = 15, DOWN = 11; // cells in the window of numbers
const SMALL = 40; // columns up to which all numbers are shown
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
const REST = 500; // milliseconds without a stroke after which the server is told

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const css = (colour) => `rgb(${colour.join(" ")})`;
const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 128 ? "#000" : "#fff");

function make(tag, className, parent, text = "") {
  const made = Object.assign(document.createElement(tag), { className, textContent: text });
  parent.append(made);
  return made;
}

/** Right pixels of all, and of every class from 1 its pixels in the truth and in the guess, and intersection over union. */
export function scores(guess, truth, count) {
  const rows = [];
  for (let label = 1; label < count; label++) {
    let real = 0, given = 0, both = 0;
    for (let i = 0; i < truth.length; i++) {
      real += truth[i] === label;
      given += guess[i] === label;
      both += truth[i] === label && guess[i] === label;
    }
    rows.push({ label, real, given, both, iou: real + given ? both / (real + given - both) : NaN });
  }
  const there = rows.filter(({ iou }) => !Number.isNaN(iou));
  const right = truth.reduce((sum, label, i) => sum + (label === guess[i]), 0);
  return { rows, right, accuracy: right / truth.length, mean: there.reduce((sum, { iou }) => sum + iou, 0) / there.length };
}

class Labels {
  constructor(host) {
    this.box = make("div", "labels", host);
    this.tools = make("div", "tools", this.box);
    this.boards = make("div", "boards", this.box);
    this.boards.tabIndex = 0;
    this.boards.setAttribute("role", "application");
    this.whole = make("canvas", "whole", this.boards);
    this.lens = make("canvas", "lens", this.boards);
    this.verdict = make("div", "verdict", this.box);
    this.told = make("p", "told", this.box);
    this.told.setAttribute("role", "status");
    this.table = make("div", "scores", this.box);
    this.echoes = new Set();
    this.at = null;
    this.watcher = new ResizeObserver(() => this.data && this.paint());
    this.watcher.observe(this.boards);
    for (const [board, place] of [[this.whole, (event) => this.onWhole(event)], [this.lens, (event) => this.onLens(event)]]) {
      board.addEventListener("pointermove", (event) => this.move(place(event), this.stroke));
      board.addEventListener("pointerdown", (event) => this.down(event, place(event)));
    }
    this.release = () => (this.stroke = false);
    window.addEventListener("pointerup", this.release);
    this.boards.addEventListener("keydown", (event) => this.key(event));
    this.boards.addEventListener("focus", () => this.paint());
    this.boards.addEventListener("blur", () => this.paint());
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["labels", data.truth && "paints", data.columns <= SMALL && "small", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    this.boards.setAttribute("aria-label", data.label);
    const text = JSON.stringify([data.cells, data.ids, data.names, data.truth]);
    const echo = data.truth && this.echoes.delete(data.guess);
    this.data = data;
    const news = text !== this.text && !echo; // neither what is known nor the answer to a stroke of this hand
    this.text = text;
    if (news) {
      this.cells = [...data.cells].map((digit) => parseInt(digit, 36));
      this.at ??= data.at;
      this.at = this.at.map((value, axis) => clamp(value, 0, [data.rows, data.columns][axis] - 1));
      if (data.truth) this.truth = [...data.truth].map((digit) => parseInt(digit, 36));
      this.guess = data.guess;
    }
    if (data.truth) this.drawTools();
    this.paint();
  }

  get all() {
    return this.data.columns <= SMALL;
  }

  drawTools() {
    const { names, colours } = this.data;
    this.brush ??= this.data.brush;
    if (!this.tools.childElementCount) {
      const brushes = make("div", "brushes", this.tools);
      brushes.setAttribute("role", "group");
      brushes.setAttribute("aria-label", "Class to paint with");
      this.brushes = names.slice(1).map((name, i) => {
        const button = make("button", "brush", brushes);
        const chip = make("span", "chip", button, String(i + 1));
        chip.style.background = css(colours[i + 1]);
        chip.style.color = inkOn(colours[i + 1]);
        button.append(name);
        button.addEventListener("click", () => this.choose(i + 1));
        return button;
      });
      const deeds = make("div", "deeds", this.tools);
      this.deeds = {};
      for (const name of ["all", "lose", "aside", "truth"]) {
        this.deeds[name] = make("button", "deed", deeds);
        this.deeds[name].addEventListener("click", () => this.take(["all", "lose"].includes(name) ? name + this.brush : name));
      }
    }
    const name = names[this.brush];
    this.brushes.forEach((button, i) => button.setAttribute("aria-pressed", String(i + 1 === this.brush)));
    this.deeds.all.textContent = `“${name}” everywhere`;
    this.deeds.lose.textContent = `Lose “${name}”`;
    this.deeds.aside.textContent = "Move by one pixel";
    this.deeds.truth.textContent = "Back to the truth";
  }

  choose(label) {
    this.brush = label;
    this.drawTools();
  }

  take(name) {
    this.guess = name;
    this.cells = [...this.data.presets[name]].map(Number);
    this.paint();
    this.settle(0);
  }

  settle(wait = REST) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.echoes.add(this.guess);
      this.send("settled", this.guess);
    }, wait);
  }

  onWhole(event) {
    const { left, top, width, height } = this.whole.getBoundingClientRect();
    const { rows, columns } = this.data;
    return [Math.floor(((event.clientY - top) / height) * rows), Math.floor(((event.clientX - left) / width) * columns)];
  }

  onLens(event) {
    const { left, top, width, height } = this.lens.getBoundingClientRect(), [row, column] = this.corner();
    return [row + Math.floor(((event.clientY - top) / height) * DOWN), column + Math.floor(((event.clientX - left) / width) * ACROSS)];
  }

  /** The window's first row and column; it stays where it is while the pointer is in it. */
  corner() {
    const { rows, columns } = this.data, [row, column] = this.at;
    if (!this.held) this.first = [clamp(row - (DOWN >> 1), 0, rows - DOWN), clamp(column - (ACROSS >> 1), 0, columns - ACROSS)];
    return this.first;
  }

  down(event, place) {
    this.boards.focus({ preventScroll: true });
    this.stroke = true;
    if (event.target === this.whole && this.data.truth) event.preventDefault();
    this.move(place, true);
  }

  move([row, column], painting) {
    const { rows, columns, truth } = this.data;
    const at = [clamp(row, 0, rows - 1), clamp(column, 0, columns - 1)];
    const moved = String(at) !== String(this.at);
    this.held = this.lens.matches(":hover");
    this.at = at;
    if (painting && truth) this.mark();
    else if (moved) this.paint();
  }

  mark() {
    const index = this.at[0] * this.data.columns + this.at[1];
    if (this.cells[index] !== this.brush) {
      this.cells[index] = this.brush;
      const text = this.cells.join("");
      this.guess = Object.keys(this.data.presets).find((name) => this.data.presets[name] === text) ?? this.written();
      this.settle();
    }
    this.paint();
  }

  /** Two cells a character, as the address holds them. */
  written() {
    let text = "";
    for (let i = 0; i < this.cells.length; i += 2) text += (6 * this.cells[i] + (this.cells[i + 1] ?? 0)).toString(36);
    return text;
  }

  key(event) {
    const { rows, columns, truth, names } = this.data, step = STEPS[event.key];
    const far = event.shiftKey ? 5 : 1;
    this.held = false;
    if (step) this.move([this.at[0] + far * step[0], this.at[1] + far * step[1]], false);
    else if (event.key === "Home") this.move([this.at[0], 0], false);
    else if (event.key === "End") this.move([this.at[0], columns - 1], false);
    else if (event.key === "PageUp") this.move([0, this.at[1]], false);
    else if (event.key === "PageDown") this.move([rows - 1, this.at[1]], false);
    else if (truth && (event.key === " " || event.key === "Enter")) this.mark();
    else if (truth && Number(event.key) >= 1 && Number(event.key) < names.length) {
      this.choose(Number(event.key));
      this.mark();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A canvas of so many pixels of the page, sharp on this screen. */
  sized(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  paint() {
    const { rows, columns } = this.data, room = this.boards.clientWidth;
    if (!room || !this.cells) return;
    this.lens.hidden = this.all;
    if (this.all) {
      const side = clamp(Math.floor(room / columns), 13, this.data.lecture ? 46 : 40);
      this.numbers(this.whole, [0, 0], rows, columns, side);
    } else {
      const narrow = room < 640;
      const whole = narrow ? Math.min(room, 320) : Math.min(440, Math.floor(room * 0.36));
      this.overview(Math.floor(whole / columns) * columns);
      const left = narrow ? room : room - this.whole.clientWidth - 24;
      const side = Math.floor(Math.min(left / ACROSS, narrow ? 60 : (this.whole.clientHeight / DOWN) * 1.15));
      this.numbers(this.lens, this.corner(), DOWN, ACROSS, side);
    }
    this.tell();
    if (this.truth) this.drawScores();
  }

  overview(width) {
    const { rows, columns, colours } = this.data, side = width / columns, pen = this.sized(this.whole, width, side * rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        pen.fillStyle = this.fill(row * columns + column, colours);
        pen.fillRect(column * side, row * side, side + 0.5, side + 0.5);
      }
    }
    const [row, column] = this.corner();
    for (const [colour, width] of [["#000", 5], ["#fff", 2]]) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: width });
      pen.strokeRect(column * side, row * side, ACROSS * side, DOWN * side);
    }
  }

  /** The colour of a pixel: its class's, in shades by its id; the photograph's where there is no answer. */
  fill(index, colours) {
    const { ids, unanswered } = this.data, id = ids?.[index] ?? 0, label = this.cells[index];
    if (unanswered && !id) return css(unanswered[index]);
    const light = id ? (id % 3) * 0.22 : 0;
    return css(colours[label].map((part) => Math.round(part + (255 - part) * light)));
  }

  /** What a pixel holds, as text. */
  held_at(index) {
    const { ids, unanswered } = this.data;
    if (!ids) return String(this.cells[index]);
    return unanswered && !ids[index] ? "–" : `${this.cells[index]}·${ids[index]}`;
  }

  numbers(canvas, [top, left], tall, wide, side) {
    const { columns, colours } = this.data, pen = this.sized(canvas, wide * side, tall * side);
    const size = Math.max(9, Math.min(side * (this.data.ids ? 0.4 : 0.5), 24));
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", font: `${size}px system-ui, sans-serif` });
    for (let row = 0; row < tall; row++) {
      for (let column = 0; column < wide; column++) {
        const index = (top + row) * columns + left + column, x = column * side, y = row * side;
        const fill = this.fill(index, colours), wrong = this.truth && this.truth[index] !== this.cells[index];
        pen.fillStyle = fill;
        pen.fillRect(x, y, side - 1, side - 1);
        pen.fillStyle = inkOn(fill.match(/\d+/g).map(Number));
        pen.fillText(this.held_at(index), x + side / 2, y + side / 2 + 0.5);
        if (wrong) this.strike(pen, x, y, side, pen.fillStyle);
      }
    }
    if (this.boards.matches(":focus, :hover") || !this.all) this.ring(pen, this.at[0] - top, this.at[1] - left, side);
  }

  /** A wrong pixel has its upper right corner folded. */
  strike(pen, x, y, side, ink) {
    const fold = Math.max(5, side * 0.32), right = x + side - 1;
    pen.beginPath();
    pen.moveTo(right - fold, y);
    pen.lineTo(right, y);
    pen.lineTo(right, y + fold);
    pen.closePath();
    pen.fillStyle = ink;
    pen.fill();
  }

  ring(pen, row, column, side) {
    for (const [colour, width] of [["#fff", 5], ["#000", 2]]) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: width });
      pen.strokeRect(column * side + 1, row * side + 1, side - 3, side - 3);
    }
  }

  tell() {
    const { columns, names, ids, unanswered } = this.data, [row, column] = this.at, index = row * columns + column;
    const label = this.cells[index], id = ids?.[index] ?? 0;
    let said = `Row ${row}, column ${column}: class ${label}, ${names[label]}`;
    if (unanswered && !id) said = `Row ${row}, column ${column}: no object, so no answer`;
    else if (ids) said += id ? `; object ${id}` : "; stuff, which is not counted, has the id 0";
    if (this.truth) said += this.truth[index] === label ? "; right" : `; wrong: it is ${names[this.truth[index]]}`;
    if (this.told.textContent !== `${said}.`) this.told.textContent = `${said}.`;
  }

  drawScores() {
    const { names, colours } = this.data, found = scores(this.cells, this.truth, names.length);
    const row = ({ label, real, given, both, iou }) =>
      `<tr><th scope="row"><span class="chip" style="background:${css(colours[label])};color:${inkOn(colours[label])}">${label}</span>${names[label]}</th>` +
      `<td>${real}</td><td>${given}</td><td>${both}</td><td><span class="bar" style="--share:${iou || 0}"></span>${Number.isNaN(iou) ? "–" : iou.toFixed(3)}</td></tr>`;
    this.verdict.innerHTML =
      `<p><b class="accuracy">${(100 * found.accuracy).toFixed(1)} %</b> accuracy: ${found.right} of ${this.truth.length} pixels right</p>` +
      `<p><b class="mean">${found.mean.toFixed(3)}</b> mean IoU: every class counts the same</p>`;
    this.table.innerHTML =
      `<table aria-label="Scores by class"><thead><tr><th scope="col">class</th><th scope="col">truth</th><th scope="col">guessed</th><th scope="col">both</th><th scope="col">IoU</th></tr></thead>` +
      `<tbody>${found.rows.map(row).join("")}</tbody></table>`;
  }

  end() {
    clearTimeout(this.timer);
    this.watcher.disconnect();
    window.removeEventListener("pointerup", this.release);
    this.box.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.labels ??= new Labels(parentElement);
  parentElement.labels.show(data, setTriggerValue);
  return () => {
    parentElement.labels?.end();
    delete parentElement.labels;
  };
}
