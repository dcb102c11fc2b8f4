// A diagram: marks that Python has placed, some of them together an item that can be pointed at, walked to with the arrow keys, and chosen.
// Pointing, focus and touch share one path: there is a current item, and what is lit and told follows from it.

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = { rect: "rect", line: "polyline", poly: "polygon", text: "text", image: "image" };
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function element(tag, attributes = {}) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Whether the page's ground is dark, from its own variable. */
export function isDark(host) {
  const probe = Object.assign(document.createElement("i"), { style: "color: var(--st-background-color, #fff)" });
  host.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 110;
}

function drawn({ kind, text, classes, ...attributes }) {
  const made = element(SHAPES[kind], { ...attributes, class: ["mark", ...(classes ?? [])].join(" ") });
  if (kind === "text") made.textContent = text;
  return made;
}

class Diagram {
  constructor(host) {
    this.box = document.createElement("div");
    this.window = Object.assign(document.createElement("div"), { className: "window" });
    this.told = Object.assign(document.createElement("p"), { className: "told" });
    this.told.setAttribute("role", "status");
    this.box.append(this.window, this.told);
    host.append(this.box);
    this.current = null;
    this.window.addEventListener("pointerover", ({ target }) => this.at(target.closest(".item")?.dataset.item ?? this.focused()));
    this.window.addEventListener("pointerleave", () => this.at(this.focused()));
    this.window.addEventListener("focusin", ({ target }) => this.at(target.closest(".item")?.dataset.item ?? null));
    this.window.addEventListener("focusout", () => this.at(null));
    this.window.addEventListener("click", ({ target }) => this.choose(target.closest(".item")?.dataset.item));
    this.window.addEventListener("keydown", (event) => this.key(event));
  }

  focused() {
    return this.window.querySelector(".item:focus")?.dataset.item ?? null;
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["diagram", data.chooses && "chooses", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    this.told.style.setProperty("--lines", data.lines);
    this.told.hidden = !data.items.length;
    const text = JSON.stringify([data.marks, data.items, data.width, data.height, data.label, data.least]);
    this.data = data;
    if (text !== this.text) {
      this.text = text;
      this.draw(data);
    }
    for (const [name, group] of this.groups) {
      if (data.chooses) group.setAttribute("aria-pressed", String(name === data.chosen));
    }
    if (!this.groups.has(this.current)) this.current = null;
    this.at(this.current);
  }

  draw({ width, height, least, label, marks, items }) {
    const held = this.focused();
    const picture = element("svg", { viewBox: `0 0 ${width} ${height}`, role: items.length ? "group" : "img", "aria-label": label });
    picture.style.minWidth = `${least}px`;
    this.groups = new Map(items.map((item, at) => [item.name, this.group(item, at)]));
    for (const { item, ...mark } of marks) {
      const group = this.groups.get(item), made = drawn(mark);
      if (!group) made.classList.add("loose");
      else if (!group.isConnected && !group.parentNode) picture.append(group);
      (group ?? picture).append(made);
    }
    this.window.replaceChildren(picture);
    for (const group of this.groups.values()) {
      const { x, y, width: wide, height: high } = group.getBBox();
      group.prepend(element("rect", { class: "touch", x: x - 3, y: y - 3, width: wide + 6, height: high + 6, rx: 4 }));
    }
    if (held && this.groups.has(held)) this.groups.get(held).focus({ preventScroll: true });
    this.window.tabIndex = items.length ? -1 : 0; // a drawing without items is scrolled by its window
  }

  group({ name, says }, at) {
    const made = element("g", { class: "item", tabindex: at ? -1 : 0, role: this.data.chooses ? "button" : "img", "aria-label": says });
    made.dataset.item = name;
    return made;
  }

  at(name) {
    this.current = name;
    const item = this.data.items.find((one) => one.name === name), lit = new Set(item ? [name, ...item.lights] : []);
    this.window.firstChild.classList.toggle("pointed", lit.size > 1);
    for (const [one, group] of this.groups) group.classList.toggle("lit", lit.has(one));
    const told = item ? item.tells : this.data.told;
    if (this.told.textContent !== told) this.told.textContent = told;
  }

  choose(name) {
    if (name && this.data.chooses) this.send("chosen", name);
  }

  key(event) {
    const name = this.focused(), names = [...this.groups.keys()], here = names.indexOf(name);
    if (here < 0) return;
    const there = event.key === "Home" ? 0 : event.key === "End" ? names.length - 1 : here + (STEPS[event.key] ?? 0);
    if (event.key === "Enter" || event.key === " ") this.choose(name);
    else if (!(event.key in STEPS) && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    event.stopPropagation();
    const next = this.groups.get(names[there]);
    if (!next || there === here) return;
    this.groups.get(name).setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.diagram ??= new Diagram(parentElement);
  parentElement.diagram.show(data, setTriggerValue);
  return () => {
    parentElement.diagram?.box.remove();
    delete parentElement.diagram;
  };
}
