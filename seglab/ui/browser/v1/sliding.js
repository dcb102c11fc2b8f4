// A window that slides over an image: the patch in it, the class of its middle pixel, the map of answers as it fills, and how often each
// pixel was read. Playing, stepping, dragging and the keyboard share one path: there is a number of places done, and all is drawn from it.

const SPEEDS = [[8, "8 a second"], [80, "80 a second"], [800, "800 a second"]];
const ICONS = { first: "M5 5v14M19 5 9 12l10 7z", back: "M17 5 7 12l10 7z", play: "M7 4.5v15L20 12z", pause: "M7 5h4v14H7zM14 5h4v14h-4z", forward: "m7 5 10 7-10 7z", last: "M19 5v14M5 5l10 7-10 7z" };
const REST = 400; // milliseconds after which the place goes into the address

const count = (n) => n.toLocaleString("en-GB");
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Whether the page's ground is dark, from its own variable. */
function isDark(host) {
  const probe = h("i", { style: "color: var(--st-background-color, #fff)" });
  host.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 110;
}

/** How many of the first `done` windows, row by row, cover each pixel of (height, width); `across` go in a row, `stride` apart. */
export function timesRead({ height, width, patch, stride, across }, done) {
  const rows = Math.floor(done / across), rest = done % across, along = (n, size) => {
    const covers = new Float64Array(size);
    for (let i = 0; i < n; i += 1) for (let j = 0; j < patch; j += 1) covers[i * stride + j] += 1;
    return covers;
  };
  const down = along(rows, height), whole = along(across, width), part = along(rest, width), read = new Float64Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const last = y >= rows * stride && y < rows * stride + patch;
    for (let x = 0; x < width; x += 1) read[y * width + x] = down[y] * whole[x] + (last ? part[x] : 0);
  }
  return read;
}

class Pane {
  constructor(name, title) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.frame = h("i", { class: "frame" });
    this.box = h("div", { class: "box" }, this.canvas, this.frame);
    this.size = h("b");
    this.note = h("p", { class: "note" });
    this.element = h("figure", { class: `pane ${name}` }, h("figcaption", {}, `${title} `, this.size), this.box, this.note);
  }

  /** Draw pixels of (height, width), each [grey, opaque] by its number. */
  paint(height, width, at) {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.box.style.aspectRatio = `${width} / ${height}`;
    const image = new ImageData(width, height);
    for (let i = 0; i < height * width; i += 1) {
      const [grey, opaque] = at(i);
      image.data.fill(grey, 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = opaque ? 255 : 0;
    }
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Put the frame around `side` pixels from (row, column) on, of an image of (height, width). */
  mark(row, column, side, height, width) {
    const part = { left: column / width, top: row / height, width: side / width, height: side / height };
    for (const [name, share] of Object.entries(part)) this.frame.style[name] = `${100 * share}%`;
  }
}

class Sliding {
  constructor(host) {
    Object.assign(this, { at: 0, sent: null, playing: false, speed: 80 });
    this.panes = { image: new Pane("image", "Image"), patch: new Pane("patch", "Patch"), answers: new Pane("answers", "Answers"), reads: new Pane("reads", "Times read") };
    this.told = h("p", { class: "told", role: "status" });
    this.element = h("div", { class: "sliding" }, h("div", { class: "panes" }, ...Object.values(this.panes).map((pane) => pane.element)), this.timeline(), this.told);
    const { box } = this.panes.image;
    box.tabIndex = 0;
    box.setAttribute("role", "application");
    box.addEventListener("pointerdown", (event) => this.grab(event));
    box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && this.drag(event));
    box.addEventListener("keydown", (event) => this.move(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    host.append(this.element);
  }

  timeline() {
    const button = (name, label, act) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, icon(name));
    this.play = button("play", "Play", () => this.toggle());
    this.play.classList.add("play");
    this.slider = h("input", { type: "range", min: 1, step: 1, "aria-label": "Place", oninput: () => this.go(Number(this.slider.value)) });
    this.select = h("select", { "aria-label": "Speed", onchange: () => (this.speed = Number(this.select.value)) },
      ...SPEEDS.map(([value, text]) => h("option", { value, ...(value === this.speed ? { selected: "" } : {}) }, text)));
    return h("div", { class: "timeline", role: "group", "aria-label": "Timeline" },
      button("first", "To the first place", () => this.go(1)), button("back", "One place back", () => this.go(this.at - 1)), this.play,
      button("forward", "One place forward", () => this.go(this.at + 1)), button("last", "To the last place", () => this.go(this.count)),
      this.slider, this.select);
  }

  show(data, send) {
    this.send = send;
    this.element.classList.toggle("lecture", data.lecture);
    this.element.dataset.mode = isDark(this.element) ? "dark" : "light";
    const text = JSON.stringify({ ...data, at: 0, lecture: 0 });
    if (text !== this.text) {
      this.text = text;
      this.begin(data);
    } else if (data.at && data.at !== this.sent && data.at !== this.at) this.go(data.at, false);
  }

  begin(data) {
    this.pause();
    const down = Math.floor((data.height - data.patch) / data.stride) + 1, across = Math.floor((data.width - data.patch) / data.stride) + 1;
    this.data = { ...data, image: bytes(data.image), chances: bytes(data.chances), across, every: data.width - data.patch + 1 };
    this.count = down * across;
    this.slider.max = this.count;
    this.sent = data.at;
    const { height, width, patch, image } = this.data;
    this.panes.image.paint(height, width, (i) => [image[i], true]);
    this.panes.image.size.textContent = `${height} × ${width}`;
    this.panes.patch.size.textContent = `${patch} × ${patch}`;
    this.panes.answers.size.textContent = `${down} × ${across}`;
    this.panes.reads.size.textContent = `up to ${count(Math.ceil(patch / data.stride) ** 2)} ×`;
    this.panes.patch.mark((patch - 1) / 2, (patch - 1) / 2, 1, patch, patch);
    this.panes.image.box.setAttribute("aria-label", "The image with the window on it. Arrow keys move the window, Home and End lead to the first and the last place, space plays.");
    this.go(data.at || Math.floor(0.45 * down) * across + Math.ceil(0.6 * across), false);
  }

  /** The window at place number `at`: the places before it are done. */
  go(at, byHand = true) {
    if (byHand) this.pause();
    this.at = Math.min(Math.max(at, 1), this.count);
    this.draw();
    clearTimeout(this.timer);
    if (byHand) this.timer = setTimeout(() => this.settle(), REST);
  }

  settle() {
    if (this.playing || this.sent === this.at) return;
    this.sent = this.at;
    this.send("settled", this.at);
  }

  corner(at) {
    const { across, stride } = this.data;
    return [Math.floor((at - 1) / across) * stride, ((at - 1) % across) * stride];
  }

  chance(row, column) {
    return this.data.chances[row * this.data.every + column] / 255;
  }

  draw() {
    const { height, width, patch, stride, image, classes, across } = this.data, half = (patch - 1) / 2, [row, column] = this.corner(this.at);
    const sure = this.chance(row, column), cell = sure > 0.5;
    this.panes.image.mark(row, column, patch, height, width);
    this.panes.patch.paint(patch, patch, (i) => [image[(row + Math.floor(i / patch)) * width + column + (i % patch)], true]);
    const shift = Math.floor(stride / 2);
    this.panes.answers.paint(height, width, (i) => {
      const y = Math.floor((Math.floor(i / width) - half + shift) / stride), x = Math.floor(((i % width) - half + shift) / stride);
      const done = y >= 0 && x >= 0 && x < across && y * across + x < this.at;
      return [done ? Math.round(255 * this.chance(y * stride, x * stride)) : 0, done];
    });
    this.panes.answers.mark(row + half - shift, column + half - shift, stride, height, width);
    const read = timesRead(this.data, this.at), most = (Math.ceil(patch / stride)) ** 2;
    this.panes.reads.paint(height, width, (i) => [read[i] ? Math.round(235 - (205 * read[i]) / most) : 255, true]);
    this.panes.reads.mark(row, column, patch, height, width);
    this.say(row, column, read, cell ? sure : 1 - sure, classes[Number(cell)], Number(cell));
  }

  say(row, column, read, sure, name, number) {
    const { height, width, patch, colours } = this.data, half = (patch - 1) / 2, pixels = height * width, total = this.at * patch ** 2;
    const middle = read[(row + half) * width + column + half];
    this.panes.image.note.textContent = `window at row ${row}, column ${column}`;
    this.panes.patch.note.replaceChildren(h("i", { class: "chip", style: `background: rgb(${colours[number]})` }), h("strong", {}, name), h("span", {}, `probability ${sure.toFixed(2)}`));
    this.panes.answers.note.textContent = `${count(this.at)} of ${count(this.count)}, white: cell`;
    this.panes.reads.note.textContent = `the window’s middle: ${count(middle)} ×`;
    this.slider.value = this.at;
    const told = `Place ${count(this.at)} of ${count(this.count)}: row ${row + half}, column ${column + half} is ${name} (${sure.toFixed(2)}).`;
    this.slider.setAttribute("aria-valuetext", told);
    this.told.setAttribute("aria-live", this.playing ? "off" : "polite");
    this.told.textContent = `${told} Pixels read so far: ${count(total)}, ${(total / pixels).toFixed(1)} times as many as the image has.`;
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.at >= this.count) this.go(1);
    this.playing = true;
    this.face();
    this.begun = [performance.now(), this.at];
    const tick = (now) => {
      if (!this.playing || !this.element.isConnected) return;
      const [since, from] = this.begun, next = from + Math.floor(((now - since) / 1000) * this.speed);
      if (this.before !== this.speed) Object.assign(this, { before: this.speed, begun: [now, this.at] });
      else if (next !== this.at) this.go(next, false);
      if (this.at >= this.count) this.pause();
      else this.frame = requestAnimationFrame(tick);
    };
    this.before = this.speed;
    this.frame = requestAnimationFrame(tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.face();
    this.draw();
    this.timer = setTimeout(() => this.settle(), REST);
  }

  face() {
    const label = this.playing ? "Pause" : "Play";
    this.play.replaceChildren(icon(this.playing ? "pause" : "play"));
    this.play.setAttribute("aria-label", label);
    this.play.title = label;
  }

  grab(event) {
    if (event.button) return;
    this.panes.image.box.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  /** The window's middle goes where the pointer is, as far as the window stays on the image. */
  drag({ clientX, clientY }) {
    const { left, top, width: wide, height: high } = this.panes.image.canvas.getBoundingClientRect(), { height, width, patch } = this.data;
    this.place(((clientY - top) / high) * height - patch / 2, ((clientX - left) / wide) * width - patch / 2);
  }

  place(row, column) {
    const { stride, across } = this.data, down = this.count / across, inside = (n, most) => Math.min(Math.max(Math.round(n / stride), 0), most - 1);
    this.go(inside(row, down) * across + inside(column, across) + 1);
  }

  /** Arrows on the image move the window. */
  move(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    const [row, column] = this.corner(this.at), by = this.data.stride * (event.shiftKey ? 8 : 1);
    this.place(row + step[0] * by, column + step[1] * by);
    event.preventDefault();
    event.stopPropagation();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { tagName } = event.target, own = tagName === "SELECT" || (tagName === "INPUT" && event.key !== " ");
    if (event.key === " " && tagName !== "BUTTON" && tagName !== "SELECT") this.toggle();
    else if (event.key === "Home" && !own) this.go(1);
    else if (event.key === "End" && !own) this.go(this.count);
    else if (event.key === "ArrowLeft" && !own) this.go(this.at - 1);
    else if (event.key === "ArrowRight" && !own) this.go(this.at + 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.sliding ??= new Sliding(parentElement);
  parentElement.sliding.show(data, setTriggerValue);
  return () => {
    parentElement.sliding?.pause();
    clearTimeout(parentElement.sliding?.timer);
    parentElement.sliding?.element.remove();
    delete parentElement.sliding;
  };
}
