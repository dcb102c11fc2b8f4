// A run while it is under way: its numbers, curves and pictures, told by the server as they come (server-sent events), with nothing asked of
// the script. Python hears two things only: that the run's stage has changed, and that this browser hears nothing.
import { Curves } from "./curve.js";

const DEAF = 12000; // milliseconds without a first word, after which the page asks for itself: a server that is only busy gets its time
const MISSES = 2; // lines that broke off before a first word, likewise
const SILENT = 40000; // without a sign of life, after which the line is opened anew
const CALM = 2000; // between two pictures, for who asked for less motion

class Live {
  constructor(host) {
    this.box = Object.assign(document.createElement("div"), { className: "live" });
    this.facts = Object.assign(document.createElement("p"), { className: "facts" });
    this.trouble = Object.assign(document.createElement("p"), { className: "trouble", hidden: true });
    this.trouble.setAttribute("role", "alert");
    const columns = Object.assign(document.createElement("div"), { className: "columns" });
    const left = document.createElement("div");
    this.pictures = Object.assign(document.createElement("div"), { className: "pictures" });
    columns.append(left, this.pictures);
    this.box.append(this.facts, this.trouble, columns);
    host.append(this.box);
    this.curves = new Curves(left);
    this.hold = Object.assign(document.createElement("button"), { type: "button", textContent: "Hold still", className: "hold" });
    this.hold.setAttribute("aria-pressed", "false");
    this.hold.addEventListener("click", () => this.turn());
    this.curves.tools.prepend(this.hold);
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.shown = () => (document.hidden ? this.close() : this.open());
    document.addEventListener("visibilitychange", this.shown);
    this.forget();
  }

  forget() {
    Object.assign(this, { points: [], news: {}, last: "", told: null, drawn: 0, ended: false, deaf: false });
    this.pictures.replaceChildren(Object.assign(document.createElement("p"), { className: "caption", textContent: "The first pictures come with the first steps." }));
    this.waiting = new Map();
  }

  show(data, send) {
    const { run, view, block } = data, other = this.data?.run !== run;
    const turned = other || this.data.view !== view || this.data.block !== block;
    this.data = data;
    this.send = send;
    this.box.classList.toggle("lecture", data.frame.lecture);
    if (other) {
      this.forget();
      this.points = data.points;
    }
    if (turned) {
      this.last = other ? "" : this.last;
      this.seen = null;
      this.close();
      this.open();
    }
    if (this.news.stage === data.stage) this.told = null;
    this.draw();
    this.tell();
  }

  // -- the line ----------------------------------------------------------------------------------------------------------------------

  open() {
    if (this.source || this.ended || this.deaf || document.hidden) return;
    const { run, view, block } = this.data;
    const asked = new URLSearchParams({ view, block, ...(this.last && { after: this.last }) });
    this.source = new EventSource(new URL(`./live/${encodeURIComponent(run)}?${asked}`, document.baseURI));
    this.box.dataset.line = "opening";
    this.heard = false;
    this.misses = 0;
    this.source.onmessage = (event) => this.hear(event);
    this.source.addEventListener("beat", () => this.listen());
    this.source.addEventListener("end", () => this.end());
    this.source.onerror = () => this.missed();
    this.listen();
  }

  /** Somebody spoke, or is to speak. */
  listen() {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => (this.heard ? (this.close(), this.open()) : this.fail()), this.heard ? SILENT : DEAF);
  }

  close() {
    clearTimeout(this.patience);
    this.source?.close();
    this.source = null;
  }

  end() {
    this.ended = true;
    this.close();
    this.box.dataset.line = "ended";
  }

  /** The line broke; the browser opens it anew by itself, unless it was refused. */
  missed() {
    this.misses += 1;
    if (this.source?.readyState === EventSource.CLOSED || (!this.heard && this.misses >= MISSES)) this.fail();
  }

  /** This browser hears nothing: the page has to look for itself. */
  fail() {
    this.close();
    this.deaf = true;
    this.box.dataset.line = "deaf";
    this.send("deaf", true);
  }

  hear({ data, lastEventId }) {
    const { points, all, ...news } = JSON.parse(data);
    this.heard = true;
    this.box.dataset.line = "open";
    this.last = lastEventId;
    this.listen();
    if (all) this.points = [];
    while (points.length && this.points.length && this.points[this.points.length - 1][0] >= points[0][0]) this.points.pop();
    for (const point of points) this.points.push(point);
    Object.assign(this.news, news);
    this.box.dataset.heard = this.points.length;
    this.soon();
    this.tell();
  }

  /** Let the script run again where the run's stage is another one than it knows; once for each. */
  tell() {
    const { stage } = this.news;
    if (stage === undefined || stage === this.data.stage || stage === this.told) return;
    this.told = stage;
    this.send("stage", stage);
  }

  // -- drawing -----------------------------------------------------------------------------------------------------------------------

  get held() {
    return this.hold.getAttribute("aria-pressed") === "true";
  }

  turn() {
    this.hold.setAttribute("aria-pressed", String(!this.held));
    this.draw();
  }

  soon() {
    if (this.frame) return;
    const rest = this.motion.matches ? Math.max(0, this.drawn + CALM - performance.now()) : 0;
    this.frame = setTimeout(() => requestAnimationFrame(() => ((this.frame = 0), this.draw())), rest);
  }

  draw() {
    if (this.held && this.drawn) return;
    this.drawn = performance.now();
    const { facts = " ", trouble = "", pictures } = this.news;
    this.facts.textContent = facts;
    this.trouble.textContent = trouble;
    this.trouble.hidden = !trouble;
    this.curves.show(this.points, this.data.frame);
    if (pictures && pictures !== this.seen) this.look((this.seen = pictures));
  }

  /** Put pictures in place of those before, each at a moment of its own within some seconds, so that a hall does not ask all at once. */
  look({ within, shown }) {
    const figures = [...this.pictures.querySelectorAll("figure")];
    if (figures.length !== shown.length) {
      this.pictures.replaceChildren(...(shown.length ? shown.map(() => this.frameOf()) : [this.caption("This run was made before seglab kept what is seen inside.")]), ...this.squares());
    }
    const wait = figures.length === shown.length ? 1000 * within * Math.random() : 0;
    [...this.pictures.querySelectorAll("figure")].forEach((figure, at) => {
      clearTimeout(this.waiting.get(at));
      this.waiting.set(at, setTimeout(() => this.put(figure, shown[at]), wait));
    });
  }

  async put(figure, { src, caption, alt, wide }) {
    const address = new URL(`./${src}`, document.baseURI).href, [image, told] = figure.children;
    figure.wanted = address;
    if (image.src !== address) {
      const next = new Image();
      next.src = address;
      try {
        await next.decode();
      } catch {
        return; // newer ones have come
      }
      if (figure.wanted !== address) return;
      image.src = address;
    }
    Object.assign(image, { alt, hidden: false });
    figure.classList.toggle("wide", wide);
    told.textContent = caption;
  }

  frameOf() {
    const figure = document.createElement("figure"), image = Object.assign(document.createElement("img"), { hidden: true, alt: "" });
    figure.append(image, document.createElement("figcaption"));
    return figure;
  }

  caption(text) {
    return Object.assign(document.createElement("p"), { className: "caption", textContent: text });
  }

  /** Which colour is which class. */
  squares() {
    if (!this.data.classes.length || this.data.view !== "Predictions") return [];
    const list = Object.assign(document.createElement("ul"), { className: "classes" });
    for (const [name, colour] of this.data.classes) {
      const item = Object.assign(document.createElement("li"), { textContent: name }), chip = document.createElement("i");
      chip.style.background = `rgb(${colour.join(",")})`;
      item.prepend(chip);
      list.append(item);
    }
    return [list];
  }

  stop() {
    this.close();
    clearTimeout(this.frame);
    for (const timer of this.waiting.values()) clearTimeout(timer);
    document.removeEventListener("visibilitychange", this.shown);
    this.curves.seen.disconnect();
    this.box.remove();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  parentElement.live ??= new Live(parentElement);
  parentElement.live.show(data, setStateValue);
  return () => {
    parentElement.live?.stop();
    delete parentElement.live;
  };
}
