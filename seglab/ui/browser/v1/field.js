// The traced stack: a row of cells for each map, the image at the bottom. Point at a cell, or walk to it with the arrow keys, and all that
// it depends on lights up, down to the image. Pointing and focus share one path: there is a current cell, and the rest follows from it.
import { isDark } from "./diagram.js";
import { element, ends, runs, taps, toldRange, together, trace } from "./paths.js";

const APART = 4; // pixels from which on cells are drawn one by one
const LINES = 900; // at most, between two rows
const BARS = 64;

/** "2 · conv 3 × 3" in a sentence. */
const called = (name) => name.replace(/^(\d+) · .*/, "layer $1");

class Field {
  constructor(host) {
    this.box = Object.assign(document.createElement("div"), { className: "field" });
    this.window = Object.assign(document.createElement("div"), { className: "window" });
    this.told = Object.assign(document.createElement("p"), { className: "told" });
    this.told.setAttribute("role", "status");
    this.box.append(this.window, this.told);
    host.append(this.box);
    this.box.field = this;
    this.window.addEventListener("pointermove", (event) => this.point(event));
    this.window.addEventListener("pointerdown", (event) => this.point(event));
    this.window.addEventListener("pointerleave", () => this.at(...this.rest()));
    this.window.addEventListener("focusin", ({ target }) => this.arrive(Number(target.closest("[role=slider]")?.dataset.map ?? -1)));
    this.window.addEventListener("keydown", (event) => this.key(event));
    this.window.addEventListener("click", () => this.pin());
    this.seen = new ResizeObserver(() => this.data && this.draw());
    this.seen.observe(this.box);
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["field", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    const text = JSON.stringify(data);
    if (text === this.text) return;
    const other = this.data && JSON.stringify(this.data.maps) !== JSON.stringify(data.maps);
    this.text = text;
    this.data = data;
    this.shown = data.maps.map((map, number) => (map.shown ? number : -1)).filter((number) => number >= 0);
    if (other || !this.pinned || data.at) this.pinned = this.valid(data.at) ?? this.middle(this.shown.at(-1));
    this.places = new Map(this.shown.map((number) => [number, this.middle(number)[1]]));
    this.places.set(...this.pinned);
    this.wide = 0;
    this.draw();
  }

  valid(at) {
    return at && this.data.maps[at[0]]?.shown && at[1] >= 0 && at[1] < this.data.maps[at[0]].size ? at : null;
  }

  middle(number) {
    return [number, Math.floor((this.data.maps[number].size - 1) / 2)];
  }

  /** Where the picture comes back to: the cell under the keyboard's focus, else the one that was pressed last. */
  rest() {
    const focused = this.window.querySelector("[role=slider]:focus");
    return focused ? [Number(focused.dataset.map), this.places.get(Number(focused.dataset.map))] : this.pinned;
  }

  // -- the picture -------------------------------------------------------------------------------------------------------------------

  draw() {
    const wide = Math.floor(this.box.clientWidth);
    if (!wide || wide === this.wide) return;
    this.wide = wide;
    const { maps } = this.data, rem = parseFloat(getComputedStyle(this.box).fontSize), narrow = wide < 620;
    const held = document.activeElement && this.window.getRootNode().activeElement?.dataset?.map;
    const arcs = this.data.roads ? (narrow ? 34 : 78) : 6;
    this.rem = rem;
    this.left = narrow ? 2 : Math.round(rem * (this.data.roads ? 16 : 14.5));
    // As far to the sides as the field of the last map's ends, and as the widest padding.
    const last = this.shown.at(-1), sides = [[0, 0], [last, 0], [last, maps[last].size - 1]].map(([m, c]) => ends(together(trace(maps, m, c)[0])));
    const low = Math.min(0, ...sides.map(([first]) => first)), high = Math.max(maps[0].size - 1, ...sides.map(([, end]) => end));
    const room = wide - this.left - arcs, most = this.data.lecture ? 72 : 54;
    this.unit = Math.min(most, room / (high - low + 1));
    this.origin = this.left + (narrow ? (room - this.unit * (high - low + 1)) / 2 : 0) - (low - 0.5) * this.unit;
    const rows = this.shown.length, tall = Math.min(40, Math.max(14, this.unit * 0.82, rows > 12 ? 14 : 20));
    const label = narrow ? rem * 1.35 : 0, gap = Math.max(narrow ? 6 : 11, Math.min(46, (this.data.lecture ? 600 : 500) / rows - tall));
    this.tall = tall;
    this.bottom = label + (rows - 1) * (tall + gap + label) + 4;
    this.tops = new Map(this.shown.map((number, at) => [number, this.bottom - at * (tall + gap + label)]));
    this.under = this.bottom + tall;
    const height = this.under + (this.data.roads ? this.data.roads.length * rem * 1.5 + rem * 0.8 : BARS + rem * 2.6);
    this.picture = element("svg", { width: wide, height, viewBox: `0 0 ${wide} ${height}`, role: "group", "aria-label": this.data.label });
    this.picture.append(this.hatching());
    this.arcs = new Map();
    this.bands = element("g", { class: "bands" });
    this.picture.append(this.bands);
    this.rows = new Map(this.shown.map((number) => [number, this.row(number, narrow)]));
    this.lit = element("g", { class: "overlay" });
    for (const { road, from, to } of this.data.roads ?? []) if (from !== to) this.arc(road, from, to, wide);
    this.picture.append(...this.rows.values(), this.lit);
    this.window.replaceChildren(this.picture);
    if (held) this.rows.get(Number(held))?.focus({ preventScroll: true });
    this.at(...this.rest());
  }

  hatching() {
    const made = element("defs"), pattern = element("pattern", { id: "outside", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(element("rect", { width: 6, height: 6, class: "ground" }), element("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "hatch" }));
    made.append(pattern);
    return made;
  }

  /** Left edge and width of a cell in pixels. */
  span(number, first, last = first) {
    const { step, start } = this.data.maps[number], gap = step * this.unit > 7 ? 1.5 : 0;
    return [this.origin + (start + step * (first - 0.5)) * this.unit + gap / 2, step * (last - first + 1) * this.unit - gap];
  }

  row(number, narrow) {
    const map = this.data.maps[number], top = this.tops.get(number), apart = map.step * this.unit >= APART;
    const made = element("g", { class: "row", role: "slider", tabindex: number === this.pinned[0] ? 0 : -1, "aria-orientation": "horizontal" });
    made.dataset.map = number;
    made.setAttribute("aria-label", `${map.name}, ${map.size} cells`);
    made.setAttribute("aria-valuemin", 0);
    made.setAttribute("aria-valuemax", map.size - 1);
    const [x, wide] = this.span(number, 0, map.size - 1);
    made.append(element("rect", { class: "touch", x: x - 4, y: top - 4, width: wide + 8, height: this.tall + 8, rx: 5 }));
    if (apart) {
      for (let cell = -map.padding; cell < map.size + map.padding; cell++) made.append(this.cell(number, cell, cell, cell < 0 || cell >= map.size ? "outside" : "cell"));
    } else {
      made.append(this.cell(number, 0, map.size - 1, "cell"));
      if (map.padding) made.append(this.cell(number, -map.padding, -1, "outside"), this.cell(number, map.size, map.size + map.padding - 1, "outside"));
    }
    const words = element("text", narrow ? { x: 2, y: top - 5, class: "name" } : { x: 2, y: top + this.tall / 2 + this.rem * 0.33, class: "name" }, map.name);
    const size = element("tspan", { class: "size", dx: 8 }, map.note);
    words.append(size);
    made.append(words);
    return made;
  }

  cell(number, first, last, kind) {
    const [x, width] = this.span(number, first, last), top = this.tops.get(number);
    return element("rect", { class: kind, x, y: top, width: Math.max(width, 0.5), height: this.tall, rx: Math.min(3, width / 4) });
  }

  /** A skip, at the right side: from the decoder's row down to the encoder's. */
  arc(road, from, to, wide) {
    const order = this.data.roads.findIndex((one) => one.road === road), out = wide - 4 - order * (this.left > 2 ? 15 : 6);
    const ys = [from, to].map((number) => this.tops.get(number) + this.tall / 2);
    if (ys.some((y) => y === undefined || Number.isNaN(y))) return;
    const xs = [from, to].map((number) => { const [x, width] = this.span(number, 0, this.data.maps[number].size - 1); return x + width + 4; });
    const line = element("path", { class: "arc", d: `M${xs[0]},${ys[0]} H${out - 6} Q${out},${ys[0]} ${out},${ys[0] + 6} V${ys[1] - 6} Q${out},${ys[1]} ${out - 6},${ys[1]} H${xs[1]} m6,-4 l-6,4 l6,4` });
    this.arcs.set(road, line);
    this.picture.append(line);
  }

  // -- the current cell --------------------------------------------------------------------------------------------------------------

  at(number, cell) {
    this.current = [number, cell];
    this.places.set(number, cell);
    const { maps } = this.data, seen = trace(maps, number, cell);
    this.found = seen;
    this.lit.replaceChildren();
    this.bands.replaceChildren();
    for (const one of this.shown) {
      if (one > number) continue;
      this.light(one, seen[one], one === number);
    }
    this.join(number, seen);
    for (const [road, line] of this.arcs) line.classList.toggle("on", seen[0].has(road));
    if (this.data.roads) this.brackets(seen[0]);
    else this.bars(together(seen[0]));
    for (const [one, row] of this.rows) {
      row.setAttribute("aria-valuenow", this.places.get(one));
      row.setAttribute("aria-valuetext", one === number ? `cell ${cell}` : `cell ${this.places.get(one)}`);
      row.classList.toggle("current", one === number);
    }
    const told = this.tell(number, cell, seen);
    if (this.told.textContent !== told) this.told.textContent = told;
  }

  /** Light a row's cells: what comes by a skip of this level above, what comes from deeper below, where both do. */
  light(number, roads, own) {
    const map = this.data.maps[number], skip = map.road;
    const parts = skip && roads.has(skip) && roads.size > 1 ? [[together(roads, (road) => road === skip), "skip", 0, 0.5], [together(roads, (road) => road !== skip), "", 0.5, 0.5]]
      : [[together(roads), own ? "own" : skip && roads.has(skip) ? "skip" : "", 0, 1]];
    for (const [cells, role, from, share] of parts) this.fill(number, cells, role, from, share, parts.length === 1);
  }

  fill(number, cells, role, from, share, words) {
    const map = this.data.maps[number], top = this.tops.get(number) + from * this.tall, high = this.tall * share, wide = map.step * this.unit;
    const kinds = { lit: [], unseen: [], outside: [] };
    for (const [place, ways] of cells) kinds[place < 0 || place >= map.size ? "outside" : ways ? "lit" : "unseen"].push(place);
    for (const [kind, found] of Object.entries(kinds)) {
      const spans = wide >= APART ? found.map((place) => [place, place]) : runs(found);
      for (const [first, last] of spans) {
        const [x, width] = this.span(number, first, last);
        this.lit.append(element("rect", { class: `${kind} ${role} on`, x, y: top, width: Math.max(width, 1.5), height: high, rx: Math.min(3, width / 4) }));
      }
    }
    const size = Math.min(this.rem * 0.86, this.tall * 0.62);
    if (!words || this.data.roads || role === "own") return;
    for (const place of kinds.lit) {
      const ways = String(cells.get(place)), [x, width] = this.span(number, place);
      if (size >= 9 && width > ways.length * size * 0.62 + 3) this.lit.append(element("text", { class: "ways", x: x + width / 2, y: top + high / 2 + size * 0.36, "font-size": size }, ways));
    }
  }

  /** Bands between rows, and lines between cells where there is room for them. */
  join(number, seen) {
    const { maps } = this.data, rows = this.shown.filter((one) => one <= number);
    for (let at = 1; at < rows.length; at++) {
      const [upper, lower] = [rows[at], rows[at - 1]];
      const joins = maps[lower].road ? (road) => road !== maps[lower].road : null;
      const above = ends(together(seen[upper], maps[upper].road ? (road) => road !== maps[upper].road || !maps[lower].road : null)) ?? ends(together(seen[upper]));
      const below = ends(together(seen[lower], joins)) ?? (lower === 0 ? ends(together(seen[0])) : null);
      if (!above || !below) continue;
      const [x0, w0] = this.span(upper, ...above), [x1, w1] = this.span(lower, ...below);
      const y0 = this.tops.get(upper) + this.tall, y1 = this.tops.get(lower);
      this.bands.append(element("polygon", { class: "band", points: `${x0},${y0} ${x0 + w0},${y0} ${x1 + w1},${y1} ${x1},${y1}` }));
      if (this.data.roads || maps[lower].step * this.unit < 9) continue;
      const from = together(seen[upper]), lines = [];
      for (const place of from.keys()) {
        if (place < 0 || place >= maps[upper].size) continue;
        const [x, w] = this.span(upper, place);
        for (const link of maps[upper].links) {
          for (const source of taps(link, place)) {
            const [u, v] = this.span(lower, source);
            lines.push(element("line", { x1: x + w / 2, y1: y0, x2: u + v / 2, y2: y1 }));
          }
        }
      }
      if (lines.length <= LINES) this.bands.append(...lines);
    }
  }

  /** How often each image cell is reached, under the image. */
  bars(cells) {
    const most = Math.max(1, ...cells.values()), top = this.under + 8, wide = this.unit, map = this.data.maps[0];
    const size = this.rem * 0.82;
    for (const [place, ways] of cells) {
      if (!ways) continue;
      const [x, width] = this.span(0, place), high = Math.max(1.5, (ways / most) * (BARS - 8));
      this.lit.append(element("rect", { class: "bar", x, y: top, width: Math.max(width, 0.8), height: high }));
    }
    const numbers = wide >= 22 ? 1 : 0, axis = top + BARS + size * 0.6;
    for (let place = 0; numbers && place < map.size; place++) {
      const [x, width] = this.span(0, place);
      this.lit.append(element("text", { class: "index", x: x + width / 2, y: axis, "font-size": Math.min(size, this.rem * 0.78) }, place));
    }
    const words = this.left > 2 ? [["ways from that cell", top + size], ["to each image cell", top + size * 2.3], ...(numbers ? [["image cell", axis]] : [])] : [["ways to each image cell", axis + (numbers ? size * 1.4 : 0)]];
    for (const [text, y] of words) this.lit.append(element("text", { class: "note", x: 2, y, "font-size": this.rem * 0.85 }, text));
  }

  /** By which road how much of the image is seen. */
  brackets(roads) {
    const line = this.rem * 1.5;
    this.data.roads.forEach(({ road, name }, at) => {
      const cells = roads.get(road), y = this.under + line * (at + 0.75), kind = road === "bottleneck" ? "deep" : "skip";
      const words = this.left > 2 ? name : name.replace("through ", "");
      this.lit.append(element("text", { class: "note", x: 2, y: y + this.rem * 0.33, "font-size": this.rem * 0.88 }, words));
      const found = ends(cells);
      if (!found) return;
      const [x, width] = this.span(0, ...found), count = found[1] - found[0] + 1;
      this.lit.append(element("path", { class: `bracket ${kind}`, d: `M${x},${y - 4} v8 M${x},${y} H${x + width} M${x + width},${y - 4} v8` }));
      const right = x + width + 6, space = right + this.rem * 2 < this.wide;
      this.lit.append(element("text", { class: "count", x: space ? right : x - 6, y: y + this.rem * 0.33, "text-anchor": space ? "start" : "end", "font-size": this.rem * 0.88 }, count));
    });
  }

  tell(number, cell, seen) {
    const { maps } = this.data, map = maps[number];
    if (number === 0) {
      const last = this.shown.at(-1), above = maps[last];
      let count = 0;
      for (let place = 0; place < above.size && above.size <= 64 && last; place++) count += (together(trace(maps, last, place)[0]).get(cell) ?? 0) > 0 ? 1 : 0;
      return above.size <= 64 && last ? `Image cell ${cell} is seen by ${count} of the ${above.size} cells of ${called(above.name)}.` : `Image cell ${cell}.`;
    }
    const cells = together(seen[0]), found = ends(cells);
    const who = `Cell ${cell} of ${called(map.name)}`;
    if (!found) return `${who} sees nothing of the image: no stamp reaches it.`;
    let told = `${who} sees image ${toldRange(found, maps[0].size)}.`;
    const ways = [...cells].filter(([place, n]) => n && place >= 0);
    const inside = Math.min(found[1], maps[0].size - 1) - Math.max(found[0], 0) + 1;
    if (!this.data.roads) {
      if (ways.length && ways.length < inside) told += ` It reaches ${ways.length} of the ${inside} inside.`;
      const best = ways.reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]), worst = ways.reduce((a, b) => (b[1] < a[1] ? b : a), [0, Infinity]);
      if (ways.length > 1) told += best[1] === worst[1] ? ` Each in ${best[1] === 1 ? "one way" : `${best[1]} ways`}.` : ` Cell ${best[0]} in ${best[1].toLocaleString("en-GB")} ways, cell ${worst[0]} in ${worst[1].toLocaleString("en-GB")}.`;
    } else {
      const parts = this.data.roads.filter(({ road }) => seen[0].has(road)).map(({ road, name }) => { const [a, b] = ends(seen[0].get(road)); return `${b - a + 1} ${name}`; });
      if (parts.length) told += ` Of these, ${parts.join(", ")}.`;
    }
    return told;
  }

  // -- hands -------------------------------------------------------------------------------------------------------------------------

  point(event) {
    if (!this.picture) return;
    const box = this.picture.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    if (y > this.under + 6) return;
    const near = this.shown.reduce((best, one) => (Math.abs(this.tops.get(one) + this.tall / 2 - y) < Math.abs(this.tops.get(best) + this.tall / 2 - y) ? one : best));
    const { step, start, size } = this.data.maps[near];
    const cell = Math.min(size - 1, Math.max(0, Math.round(((x - this.origin) / this.unit - start) / step)));
    if (this.current[0] !== near || this.current[1] !== cell) this.at(near, cell);
  }

  pin() {
    this.pinned = this.current;
    for (const [one, row] of this.rows) row.setAttribute("tabindex", one === this.pinned[0] ? 0 : -1);
    this.send("pinned", `${this.pinned[0]}.${this.pinned[1]}`);
  }

  arrive(number) {
    if (number < 0) return;
    for (const [one, row] of this.rows) row.setAttribute("tabindex", one === number ? 0 : -1);
    this.at(number, this.places.get(number));
  }

  key(event) {
    const number = Number(event.target.closest("[role=slider]")?.dataset.map ?? -1);
    if (number < 0) return;
    const { maps } = this.data, order = this.shown.indexOf(number), cell = this.places.get(number), page = Math.max(1, Math.round(maps[number].size / 10));
    const across = { ArrowLeft: cell - 1, ArrowRight: cell + 1, Home: 0, End: maps[number].size - 1, PageUp: cell + page, PageDown: cell - page }[event.key];
    const row = { ArrowUp: this.shown[order + 1], ArrowDown: this.shown[order - 1] };
    if (across !== undefined) this.at(number, Math.min(maps[number].size - 1, Math.max(0, across)));
    else if (event.key in row) this.walk(number, row[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.pin();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** To the cell of another row that lies over or under this one. */
  walk(number, other) {
    if (other === undefined) return;
    const { maps } = this.data, x = maps[number].start + maps[number].step * this.places.get(number);
    const cell = Math.min(maps[other].size - 1, Math.max(0, Math.round((x - maps[other].start) / maps[other].step)));
    this.places.set(other, cell);
    this.rows.get(other).focus();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.field ??= new Field(parentElement);
  parentElement.field.show(data, setTriggerValue);
  return () => {
    parentElement.field?.seen.disconnect();
    parentElement.field?.box.remove();
    delete parentElement.field;
  };
}
