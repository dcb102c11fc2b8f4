// Water that rises from markers: the picture as it fills, and one row of it as a landscape cut open. At what level each pixel is reached, and
// by which lake, has come along.
import { bytes, figure, h, paint, settling } from "./byhand.js";
import { isDark } from "./diagram.js";

const TOP = 254, NEVER = 255, WIDE = 480, HIGH = 220;

class Flood {
  constructor(host) {
    this.picture = figure("");
    this.cut = h("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", preserveAspectRatio: "none" });
    this.cutHead = h("b");
    this.sliders = { level: this.slider("Water", "level", TOP), row: this.slider("Row", "row", 1) };
    this.play = h("button", { type: "button", onclick: () => (this.timer ? this.stop() : this.run()) }, "Let it rise");
    this.told = h("p", { class: "told", role: "status" });
    const hands = h("div", { class: "hands" }, ...Object.values(this.sliders).flatMap(({ label, input, output }) => [label, input, output]));
    const side = h("div", { class: "chart" }, this.cutHead, this.cut, hands, h("div", { class: "buttons" }, this.play), this.told);
    this.box = h("div", {}, this.picture.box, side);
    host.append(this.box);
    this.box.flood = this;
    this.picture.canvas.addEventListener("click", (event) => {
      const box = this.picture.canvas.getBoundingClientRect();
      this.at({ row: Math.floor(((event.clientY - box.top) / box.height) * this.data.height) });
    });
    this.settle = settling((state) => this.send("settled", state));
  }

  slider(title, name, max) {
    const id = `flood-${name}`;
    const input = h("input", { type: "range", min: 0, max, step: 1, id, oninput: () => (this.stop(), this.at({ [name]: Number(input.value) })) });
    input.addEventListener("keydown", (event) => event.stopPropagation());
    return { label: h("label", { for: id }, title), input, output: h("output", { for: id }) };
  }

  show(data, send) {
    this.send = send;
    this.box.className = ["byhand", "flood", data.lecture && "lecture"].filter(Boolean).join(" ");
    this.box.dataset.mode = isDark(this.box) ? "dark" : "light";
    const text = JSON.stringify({ ...data, state: 0 }), asked = JSON.stringify(data.state);
    if (text === this.text && (asked === this.asked || asked === this.sent)) {
      this.asked = asked;
      return;
    }
    this.stop();
    this.text = text;
    this.asked = asked;
    this.data = data;
    for (const name of ["ground", "heights", "levels", "lakes"]) this[name] = bytes(data[name]);
    this.picture.head.textContent = data.title;
    this.sliders.row.input.max = data.height - 1;
    this.state = { ...data.state };
    this.at({}, false);
  }

  run() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let level = this.state.level >= TOP ? 0 : this.state.level;
    this.play.textContent = "Stop";
    this.timer = setInterval(() => {
      level = Math.min(TOP, level + (still ? 32 : 3));
      this.at({ level });
      if (level >= TOP) this.stop();
    }, still ? 600 : 40);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Let it rise";
  }

  lake(at) {
    return this.levels[at] <= this.state.level && this.levels[at] !== NEVER ? this.lakes[at] : 0;
  }

  at(changes, tells = true) {
    Object.assign(this.state, changes);
    const { data, state } = this, { height, width, colours } = data;
    paint(this.picture.canvas, height, width, (at) => {
      const grey = this.ground[at], lake = this.lake(at);
      if (lake) return colours[lake % colours.length].map((part) => 0.72 * part + 0.28 * grey);
      if (this.levels[at] <= state.level && this.levels[at] !== NEVER) return [255, 255, 255];
      return [grey, grey, grey];
    });
    this.picture.head.textContent = data.title;
    const reached = new Set();
    let wet = 0, dry = 0;
    for (let at = 0; at < height * width; at += 1) {
      if (this.levels[at] === NEVER) continue;
      if (this.levels[at] <= state.level) (wet += 1), this.lakes[at] && reached.add(this.lakes[at]);
      else dry += 1;
    }
    this.drawCut();
    for (const [name, { input, output }] of Object.entries(this.sliders)) {
      input.value = state[name];
      output.textContent = name === "level" ? data.words[state.level] : state[name];
    }
    this.sliders.level.input.setAttribute("aria-valuetext", `${data.what} ${data.words[state.level]}`);
    const told = `Water at ${data.what} ${data.words[state.level]}: ${reached.size} ${reached.size === 1 ? "lake" : "lakes"}, ${wet.toLocaleString("en-GB")} of ${(wet + dry).toLocaleString("en-GB")} pixels wet.${state.level >= TOP ? " Where two lakes met stands a white line." : ""}`;
    this.told.textContent = data.line ? told : told.replace(/ Where two.*$/, "");
    this.picture.canvas.setAttribute("aria-label", told);
    if (tells) {
      this.sent = JSON.stringify({ level: state.level, row: state.row });
      this.settle({ level: state.level, row: state.row });
    }
  }

  drawCut() {
    const { data, state } = this, { width, colours } = data, across = WIDE / width, y = (level) => 12 + (HIGH - 24) * (1 - level / NEVER);
    const made = [], first = state.row * width;
    for (let column = 0; column < width; column += 1) {
      const at = first + column, high = this.heights[at], lake = this.lake(at), left = column * across;
      if (this.levels[at] <= state.level && this.levels[at] !== NEVER && state.level > high) {
        const colour = lake ? `rgb(${colours[lake % colours.length].join()})` : "var(--paper)";
        made.push(h("rect", { class: "water", x: left, width: across + 0.3, y: y(state.level), height: y(high) - y(state.level), style: `fill: ${colour}` }));
      }
      made.push(h("rect", { class: high === NEVER ? "wall" : "ground", x: left, width: across + 0.3, y: y(high), height: HIGH - y(high) }));
    }
    made.push(h("line", { class: "surface", x1: 0, x2: WIDE, y1: y(state.level), y2: y(state.level) }));
    this.cut.replaceChildren(...made);
    this.cutHead.textContent = `Row ${state.row}, cut open`;
    this.cut.setAttribute("aria-label", `Row ${state.row} as a landscape: low where ${data.low}, with the water at ${data.what} ${data.words[state.level]}`);
    this.picture.canvas.style.setProperty("--row", (state.row + 0.5) / data.height);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.flood ??= new Flood(parentElement);
  parentElement.flood.show(data, setTriggerValue);
  return () => {
    parentElement.flood?.stop();
    parentElement.flood?.box.remove();
    delete parentElement.flood;
  };
}
