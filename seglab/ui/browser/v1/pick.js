// A picture on which a pixel is picked: by pointing and clicking, or with two sliders. A frame may go with the pixel, others stand still.
import { isDark } from "./diagram.js";
import { element, minus } from "./paths.js";

class Pick {
  constructor(host) {
    this.box = Object.assign(document.createElement("div"), { className: "field" });
    this.window = Object.assign(document.createElement("div"), { className: "window pick" });
    this.hands = Object.assign(document.createElement("div"), { className: "sliders" });
    this.told = Object.assign(document.createElement("p"), { className: "told" });
    this.told.setAttribute("role", "status");
    this.sliders = ["Row", "Column"].map((name) => this.slider(name));
    this.box.append(this.window, this.told, this.hands);
    host.append(this.box);
    this.box.pick = this;
    this.window.addEventListener("pointermove", (event) => this.point(event));
    this.window.addEventListener("pointerdown", (event) => this.point(event));
    this.window.addEventListener("pointerleave", () => this.at(...this.pinned));
    this.window.addEventListener("click", () => this.pin(this.current));
  }

  slider(name) {
    const label = document.createElement("label"), input = document.createElement("input"), output = document.createElement("output");
    Object.assign(input, { type: "range", min: 0, step: 1 });
    label.append(name, " ", input);
    input.addEventListener("input", () => this.at(...this.sliders.map(({ input: one }) => Number(one.value))));
    input.addEventListener("change", () => this.pin(this.current));
    input.addEventListener("keydown", (event) => event.stopPropagation());
    this.hands.append(label, output);
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
    this.sliders.forEach(({ input }, axis) => Object.assign(input, { max: data.size[axis] - 1 }));
    this.hands.hidden = !data.sliders;
    this.draw();
    this.pinned = data.at;
    this.at(...data.at);
  }

  /** The picture, which may reach beyond the pixels that can be picked: by `border` on every side. */
  draw() {
    const { image, size, border, label, frames, spare } = this.data, [high, wide] = size.map((side) => side + 2 * border);
    const picture = element("svg", { viewBox: `${-spare} ${-spare} ${wide + 2 * spare} ${high + 2 * spare}`, role: "img", "aria-label": label });
    picture.append(element("image", { href: image, x: 0, y: 0, width: wide, height: high, preserveAspectRatio: "none", class: "sharp" }));
    for (const { role, box, dashed } of frames) {
      const [y, x, height, width] = box;
      picture.append(element("rect", { class: ["frame", role, dashed && "dashed"].filter(Boolean).join(" "), x, y, width, height }));
    }
    this.overlay = element("g");
    picture.append(this.overlay);
    this.window.replaceChildren(picture);
    this.picture = picture;
  }

  at(row, column) {
    this.current = [row, column];
    const { size, border, patch, values, says } = this.data;
    this.sliders.forEach(({ input, output }, axis) => {
      if (Number(input.value) !== this.current[axis]) input.value = this.current[axis];
      output.textContent = this.current[axis];
    });
    const made = [], all = size[0] + 2 * border, dot = all < 45 ? 0.4 : Math.max(1, all / 90); // a large cell keeps its colour
    if (patch) {
      const [y, x] = this.current.map((place, axis) => Math.max(0, Math.min(place - Math.floor(patch[axis] / 2), size[axis] - patch[axis])));
      made.push(element("rect", { class: "frame kept", x: x + border, y: y + border, width: patch[1], height: patch[0] }));
    } else {
      made.push(element("rect", { class: "pixel", x: column + border + 0.5 - dot / 2, y: row + border + 0.5 - dot / 2, width: dot, height: dot }));
    }
    this.overlay.replaceChildren(...made);
    const value = values ? `: ${minus(values[row][column])}` : "";
    this.told.textContent = `Row ${row}, column ${column}${value}. ${says}`;
  }

  point(event) {
    const box = this.picture.getBoundingClientRect(), { size, border, spare } = this.data;
    const place = (share, axis) => Math.min(size[axis] - 1, Math.max(0, Math.floor(share * (size[axis] + 2 * border + 2 * spare) - spare - border)));
    const here = [place((event.clientY - box.top) / box.height, 0), place((event.clientX - box.left) / box.width, 1)];
    if (here.join() !== this.current.join()) this.at(...here);
  }

  pin(at) {
    this.pinned = at;
    this.send("picked", at.join("."));
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.pick ??= new Pick(parentElement);
  parentElement.pick.show(data, setTriggerValue);
  return () => {
    parentElement.pick?.box.remove();
    delete parentElement.pick;
  };
}
