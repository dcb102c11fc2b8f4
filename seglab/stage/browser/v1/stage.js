// The stage: one lesson and its state. Play, step, pointer and keyboard all set the same two things, how many steps are done (`state.at`)
// and the cell in focus; every picture is a function of those and the state.

import { Board } from "./board.js";
import { h, setText } from "./dom.js";
import { defaults, END, query, usual } from "./fields.js";
import { Furniture } from "./furniture.js";
import { Hands } from "./hands.js";
import { answerKey } from "./keys.js";
import { describe, ledgerLines, plainText } from "./ledger.js";
import { REMARKS, sizeLines } from "./remarks.js";
import { makeScene } from "./scene.js";
import { ShiftChart } from "./shifts.js";
import { Timeline } from "./timeline.js";
import { Wall } from "./wall.js";

const REST = 300; // milliseconds of rest before the server is told
const READ_OUT = 250; // and before the live region speaks
const MANY = 6; // panels that make the board a higher one
const WORDS = { input: "stamp", output: "cell", tap: "tap" };

export class Stage {
  /** `host` may have settle(link, {push}), others() (parameters of the link that are not the lesson's), copy() and present(). */
  constructor(root, host = {}) {
    Object.assign(this, { root, host, lesson: null, state: null, scene: null });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.timeline = new Timeline({ moved: (at, animated) => this.moveTo(at, animated), paused: () => this.rest() });
    this.board = new Board(`s${Math.random().toString(36).slice(2, 8)}`, () => this.tell());
    this.furniture = new Furniture(this);
    this.hands = new Hands(this);
    this.first = h("div", { class: "first" });
    this.second = h("div", { class: "second" });
    this.live = h("div", { class: "aside", role: "status", "aria-live": "polite" });
    this.remark = h("div", { class: "remark" });
    this.chart = new ShiftChart(this);
    this.message = h("div", { class: "message", role: "alert" });
    this.ledger = h("div", { class: "ledger", tabindex: "0", role: "region", "aria-label": "Arithmetic" }, this.first, this.second);
    this.photoWords = h("span", {}, "; photographs: black 0, white 1");
    this.cornerWords = h("span", {}, h("i", { class: "corner", "aria-hidden": "true" }), " won a window");
    this.facts = h("dl", { class: "facts", hidden: true });
    this.legend = h("div", { class: "legend" }, h("i", { class: "scale", "aria-hidden": "true" }),
      h("span", {}, h("span", { class: "in-light" }, "red below 0, white 0, dark above"), h("span", { class: "in-dark" }, "red below 0, black 0, light above"), this.photoWords), this.cornerWords);
    this.board.element.append(this.message);
    this.element = h("div", { class: "stage", role: "region", "aria-label": "Stage", tabindex: "-1" },
      this.furniture.top, this.board.element,
      h("div", { class: "beside" }, this.ledger, this.live, h("div", { class: "under" }, this.remark, this.legend), this.chart.box),
      this.facts,
      this.timeline.element, this.furniture.controls, this.furniture.solverBox);
    this.element.addEventListener("keydown", (event) => answerKey(this, event));
    this.gone = new AbortController();
    this.watchSliders();
    this.watchPage();
    this.wall = new Wall(this);
    this.element.stage = this; // for measurements and tests
    root.append(this.element);
  }

  /** While a slider is held, nothing is told. */
  watchSliders() {
    const hold = (event) => (this.hands.sliding = event.composedPath()[0].type === "range");
    this.element.addEventListener("pointerdown", hold);
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => (this.hands.sliding = false), { signal: this.gone.signal });
  }

  /**
   * Keys work as soon as the page is there: while nothing on it has the focus they are the stage's. A button that was clicked with the
   * pointer gives the focus back, so that Space then plays and does not press it again.
   */
  watchPage() {
    const pageKey = (event) => {
      const box = this.board.element.getBoundingClientRect(), seen = box.bottom > 0 && box.top < window.innerHeight;
      if (event.target === document.body && seen) answerKey(this, event, true);
    };
    window.addEventListener("keydown", pageKey, { capture: true, signal: this.gone.signal });
    window.addEventListener("seglab-keys", ({ detail }) => detail.push(...this.furniture.keys()), { signal: this.gone.signal });
    this.element.addEventListener("click", (event) => {
      const button = event.composedPath()[0].closest?.("button");
      if (event.detail > 0 && button && !button.closest("dialog, .control, .solver")) this.element.focus({ preventScroll: true });
    });
  }

  /** Bring the board before a person's eyes. */
  comeIntoView() {
    const box = this.board.element.getBoundingClientRect();
    if (box.top >= 0 && box.bottom <= window.innerHeight) return;
    this.element.scrollIntoView({ block: "start", behavior: this.calm.matches ? "auto" : "smooth" });
  }

  destroy() {
    this.gone.abort();
    this.timeline.pause();
    this.furniture.trainer?.pause();
    this.board.destroy();
    this.wall.destroy();
    this.chart.stop();
    this.hands.destroy();
    clearTimeout(this.resting);
    clearTimeout(this.speaking);
    this.element.remove();
  }

  // -- state -------------------------------------------------------------------------------------------------------

  /** Take a lesson and a state from outside; whatever was going on stops. */
  adopt(lesson, state) {
    this.timeline.pause();
    this.hands.endEdit(false);
    if (lesson.name !== this.lesson?.name) {
      this.lesson = lesson;
      this.element.classList.toggle("tall", lesson.tall);
      this.furniture.furnish(lesson);
    }
    this.board.pinned = null;
    this.say("");
    if (!this.take(state)) this.take(defaults(lesson));
    clearTimeout(this.resting);
    this.link = this.written();
    this.readOut();
  }

  /** Larger type and cells, for a hall. */
  enlarge(lecture) {
    if (this.board.large === lecture) return;
    this.element.classList.toggle("lecture", lecture);
    this.board.large = lecture;
    this.board.fit();
    this.wall.fit();
  }

  /** Make `state` the state, or say why it cannot be and return false. */
  take(state) {
    let scene;
    try {
      scene = makeScene(this.lesson, state);
    } catch (error) {
      this.say(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
      return false;
    }
    this.state = scene.state = { ...state, at: Math.min(state.at, scene.order.cells.length) };
    this.scene = scene;
    this.element.classList.toggle("many", scene.panels.filter((panel) => !panel.hidden).length >= MANY);
    this.board.show(scene, this.state.at);
    this.furniture.show();
    this.showPosition();
    this.showRemark();
    return true;
  }

  /** A change by hand; returns whether the state took it. A finished walk stays finished when its length changes. */
  change(patch, { push = false } = {}) {
    this.timeline.pause();
    const finished = this.state.at >= this.scene.order.cells.length;
    if (!this.take({ ...this.state, ...patch, ...(finished && !("at" in patch) ? { at: END } : {}) })) return false;
    this.say(this.caveat());
    if (push) this.settle(true);
    else this.rest();
    return true;
  }

  goStop(number) {
    if (this.lesson.stops[number - 1]) this.change({ ...usual(this.lesson, number), stop: number }, { push: true });
  }

  /** The stop of this number; where a lesson has none, the named setting. Whether there is one. */
  goNumber(number) {
    const { stops, presets } = this.lesson;
    if (number > (stops.length || presets.length)) return false;
    if (stops.length) this.goStop(number);
    else this.goExample(presets[number - 1][1]);
    return true;
  }

  /** An example in the view that is open, or in the lesson's first where that view cannot show it. */
  goExample(changes) {
    const { stop, view } = this.state, from = { ...defaults(this.lesson), stop };
    return this.change({ ...from, view, ...changes }, { push: true }) || this.change({ ...from, ...changes }, { push: true });
  }

  reset() {
    if (this.lesson.stops.length) this.goStop(this.state.stop);
    else this.change(defaults(this.lesson), { push: true });
  }

  /** What a link cannot hold is said. */
  caveat() {
    const values = Object.values(this.state), edited = values.some((value) => value?.pattern && !value.own);
    if (!edited && values.some((value) => value?.own)) return "Your picture stays in this browser: elsewhere a link shows the sample in its place.";
    return edited ? "Edited by hand: a link holds up to 8 × 8 cells, so elsewhere this grid goes back to its pattern." : "";
  }

  written() {
    return this.linked(this.host.others?.() ?? {});
  }

  /** The link to what is shown, with `others` that are not the lesson's. */
  linked(others = {}) {
    // A walk that stands at its end where the stop shows the end, too, differs in nothing.
    const { lesson, state, scene } = this, count = scene.order.cells.length, { at } = usual(lesson, state.stop);
    return query(lesson, { ...state, at: state.at === count && at > count ? at : state.at }, others);
  }

  /** Tell the server once nothing has moved for a while. */
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => (this.timeline.playing || this.hands.busy || this.furniture.trainer?.running ? this.rest() : this.settle(false)), REST);
    this.readOut();
  }

  settle(push) {
    clearTimeout(this.resting);
    const link = this.written();
    if (link === this.link) return;
    this.link = link;
    this.host.settle?.(link, { push });
  }

  // -- what is shown around the board --------------------------------------------------------------------------------

  say(text) {
    setText(this.message, text);
  }

  moveTo(at, animated) {
    this.state.at = at;
    this.board.moveTo(at, animated && !this.calm.matches ? Math.min(520, this.timeline.pace * 0.6) : 0);
    this.showPosition();
    this.rest();
  }

  showPosition() {
    const { lesson, state, scene } = this, { reading } = scene.view, count = scene.order.cells.length;
    const word = reading === "input" && !scene.followed.trace.op.startsWith("conv_transpose") ? "input cell" : WORDS[reading];
    this.timeline.show(state.at, count, word, lesson.stops[state.stop - 1]?.pauses ?? []);
  }

  showRemark() {
    const { scene } = this, { remark } = scene.view;
    const lines = remark in REMARKS ? REMARKS[remark](scene) : sizeLines(scene);
    setText(this.remark, lines.join("\n"));
    this.chart.show(scene);
    this.remark.classList.toggle("main", remark === "sizes");
    this.ledger.style.setProperty("--lines", ledgerLines(scene));
    this.showFacts(scene.view.facts ?? []);
    this.cornerWords.hidden = !scene.panels.some((panel) => panel.winners && !panel.hidden && scene.made.traces.get(panel.winners).won);
    this.photoWords.hidden = !scene.panels.some((panel) => panel.photo);
    this.legend.hidden = scene.panels.every((panel) => panel.hidden || panel.plain);
  }

  /** What is to be known of each panel, as a list of names and words. */
  showFacts(facts) {
    if (this.facts.told === facts) return;
    this.facts.told = facts;
    this.facts.hidden = !facts.length;
    this.facts.replaceChildren(...facts.map(([name, words]) => h("div", {}, h("dt", {}, name), h("dd", {}, words))));
  }

  /** The arithmetic of the cell in focus. */
  tell() {
    const { focus, scene, progress } = this.board;
    const told = focus ? describe(scene, focus, progress) : { first: [{ text: "Press play, or point at any cell." }], second: null };
    fillLine(this.first, told.first);
    fillLine(this.second, told.second ?? []);
    this.spoken = plainText(told.first);
    this.readOut();
  }

  /** Once things have come to rest: hidden cells up to date, the arithmetic in the live region. */
  readOut() {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      if (!this.scene || !this.element.isConnected) return;
      this.board.describeGrids();
      setText(this.live, this.spoken ?? "");
    }, READ_OUT);
  }
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Pieces of text in the colours of the grids; only what changed touches the page. */
function fillLine(element, pieces) {
  const html = pieces.map(({ text, role, dim }) => {
    const kind = `${role ?? ""}${dim ? " dim" : ""}`.trim();
    const plain = text.replace(/[&<>]/g, (sign) => ESCAPES[sign]);
    return kind ? `<span class="${kind}">${plain}</span>` : plain;
  }).join("");
  if (element.written === html) return;
  element.written = html;
  element.innerHTML = html;
}
