// The field of one pixel on the image: what it sees through each skip and through the bottleneck, as rectangles. Each axis is traced alone.
import { isDark } from "./diagram.js";
import { element, ends, minus, together, trace } from "./paths.js";

class Plane {
  constructor(host) {
    this.box = Object.assign(document.createElement("div"), { className: "field" });
    this.area = Object.assign(document.createElement("div"), { className: "plane" });
    this.window = Object.assign(document.createElement("div"), { className: "window" });
    this.hands = Object.assign(document.createElement("div"), { className: "sliders" });
    this.told = Object.assign(document.createElement("p"), { className: "told" });
    this.told.setAttribute("role", "status");
    this.sliders = ["Row", "Column"].map((name) => this.slider(name));
    const beside = Object.assign(document.createElement("div"), { className: "beside" });
    beside.append(this.told, this.hands);
    this.area.append(this.window, beside);
    this.box.append(this.area);
    host.append(this.box);
    this.box.plane = this;
    this.window.addEventListener("pointermove", (event) => this.point(event));
    this.window.addEventListener("pointerdown", (event) => this.point(event));
    this.window.addEventListener("pointerleave", () => this.at(...this.pinned));
    this.window.addEventListener("click", () => this.pin(this.current));
  }

  slider(name) {
    const label = document.createElement("label"), input = document.createElement("input"), output = document.createElement("output");
    Object.assign(input, { type: "range", min: 0, step: 1, id: `plane-${name.toLowerCase()}` });
    label.htmlFor = input.id;
    label.textContent = name;
    output.htmlFor = input.id;
    input.addEventListener("input", () => this.at(...this.sliders.map(({ input: one }) => Number(one.value))));
    input.addEventListener("change", () => this.pin(this.current));
    input.addEventListener("keydown", (event) => event.stopPropagation());
    this.hands.append(label, input, output);
    return { input, output };
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["field", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    const text = JSON.stringify(data);
    if (text === this.text) return;
    this.text = text;
    this.data = data;
    this.known = new Map();
    const size = data.maps.at(-1).size, middle = Math.floor(size / 2);
    this.pinned = data.at && data.at.every((place) => place >= 0 && place < size) ? data.at : [middle, middle];
    for (const { input } of this.sliders) input.max = size - 1;
    this.draw();
    this.at(...this.pinned);
  }

  draw() {
    const { maps, image, label, spare } = this.data, side = maps[0].size, all = side + 2 * spare, border = (side - maps.at(-1).size) / 2;
    const picture = element("svg", { viewBox: `${-spare} ${-spare} ${all} ${all}`, role: "img", "aria-label": label });
    const defs = element("defs"), pattern = element("pattern", { id: "outside", width: all / 60, height: all / 60, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(element("rect", { width: all / 60, height: all / 60, class: "ground" }), element("line", { x1: 0, y1: 0, x2: 0, y2: all / 60, class: "hatch", "stroke-width": all / 300 }));
    defs.append(pattern);
    this.border = border;
    this.overlay = element("g");
    picture.append(defs);
    if (spare) picture.append(element("rect", { x: -spare, y: -spare, width: all, height: all, fill: "url(#outside)" }));
    picture.append(element("image", { href: image, x: 0, y: 0, width: side, height: side, preserveAspectRatio: "none" }));
    picture.append(this.overlay);
    if (border) picture.append(element("rect", { class: "mask", x: border, y: border, width: side - 2 * border, height: side - 2 * border }));
    this.window.replaceChildren(picture);
    this.picture = picture;
  }

  /** The ends of one axis, by road and together. */
  axis(place) {
    if (!this.known.has(place)) {
      const roads = trace(this.data.maps, this.data.maps.length - 1, place)[0];
      this.known.set(place, { all: ends(together(roads)), roads: new Map([...roads].map(([road, cells]) => [road, ends(cells)])) });
    }
    return this.known.get(place);
  }

  at(row, column) {
    this.current = [row, column];
    const rows = this.axis(row), columns = this.axis(column), side = this.data.maps[0].size, { spare } = this.data;
    this.sliders.forEach(({ input, output }, axis) => {
      if (Number(input.value) !== [row, column][axis]) input.value = [row, column][axis];
      output.textContent = [row, column][axis];
    });
    const box = ([top, bottom], [left, right]) => ({ x: left, y: top, width: right - left + 1, height: bottom - top + 1 });
    const whole = box(rows.all, columns.all), out = `M${-spare},${-spare}h${side + 2 * spare}v${side + 2 * spare}h${-side - 2 * spare}z`;
    const made = [element("path", { class: "veil", "fill-rule": "evenodd", d: `${out}M${whole.x},${whole.y}h${whole.width}v${whole.height}h${-whole.width}z` })];
    if (!this.data.roads.length) made.push(element("rect", { class: "frame deep", ...whole })); // all comes one way
    for (const { road } of this.data.roads) {
      const [a, b] = [rows.roads.get(road), columns.roads.get(road)];
      if (a && b) made.push(element("rect", { class: `frame ${road === "bottleneck" ? "deep" : "skip"}`, ...box(a, b) }));
    }
    const dot = Math.max(1, (side + 2 * spare) / 130);
    made.push(element("rect", { class: "pixel", x: column + this.border + 0.5 - dot / 2, y: row + this.border + 0.5 - dot / 2, width: dot, height: dot }));
    this.overlay.replaceChildren(...made);
    const count = ([first, last]) => last - first + 1, span = ([first, last]) => `${minus(first)} to ${minus(last)}`;
    const skips = this.data.roads.filter(({ road }) => rows.roads.has(road)).map(({ road, name }) => `${name}: ${count(rows.roads.get(road))} × ${count(columns.roads.get(road))}`);
    const all = `Pixel (${row}, ${column}) of the mask sees ${count(rows.all)} × ${count(columns.all)} pixels: rows ${span(rows.all)}, columns ${span(columns.all)}.`;
    this.told.textContent = [all, ...skips].join("\n");
  }

  point(event) {
    const box = this.picture.getBoundingClientRect(), { spare, maps } = this.data, all = maps[0].size + 2 * spare, size = maps.at(-1).size;
    const place = (share) => Math.min(size - 1, Math.max(0, Math.floor(share * all - spare - this.border)));
    const here = [place((event.clientY - box.top) / box.height), place((event.clientX - box.left) / box.width)];
    if (here.join() !== this.current.join()) this.at(...here);
  }

  pin(at) {
    this.pinned = at;
    this.send("pinned", at.join("."));
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.plane ??= new Plane(parentElement);
  parentElement.plane.show(data, setTriggerValue);
  return () => {
    parentElement.plane?.box.remove();
    delete parentElement.plane;
  };
}
