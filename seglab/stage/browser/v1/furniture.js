// Furniture: what stands around the board. Stops with their text, views, tools, controls; all of it follows the state and asks the stage to change it.

import { makeControl } from "./controls.js";
import { h, icon, setText } from "./dom.js";
import { typed, usual, write } from "./fields.js";
import { helpFor, makeHelp } from "./keys.js";
import { readPicture } from "./pictures.js";
import { makeSolver } from "./solver.js";
import { Trainer } from "./trainer.js";

const FREE = new Set(["stop", "view", "at", "target", "letters", "count", "dy", "dx"]); // what may differ while a stop is still itself
const FEW = 3; // views in sight before the rest is unfolded

/** The fields whose controls do something in a view: those that it names, else those that its recipe reads. */
function fieldsOf({ steps, inputs, panels, controls }) {
  if (controls?.length) return new Set(controls);
  const found = new Set(panels.flatMap((panel) => panel.edits)), walk = (value) => {
    if (value === null || typeof value !== "object") return;
    found.add(value.field);
    Object.values(value).forEach(walk);
  };
  walk([steps, inputs]);
  const layers = steps.flatMap((step) => step.layers ?? []), single = [...steps, ...layers.flatMap(([, chosen]) => Object.values(chosen))];
  for (const name of [...layers.map(([field]) => field), ...single.flatMap((step) => step.weight), ...Object.values(inputs)]) found.add(name);
  return found;
}

export class Furniture {
  constructor(stage) {
    Object.assign(this, { stage, lesson: null, told: null, unfolded: false });
    this.stops = h("nav", { class: "stops", "aria-label": "Stops" });
    this.saying = h("p", { class: "saying" });
    this.changed = h("button", { type: "button", class: "changed", title: "Put this stop back (r)", onclick: () => this.stage.reset() }, "Changed: put back");
    this.views = h("div", { class: "views", role: "group", "aria-label": "View" });
    this.tools = h("div", { class: "tools" });
    this.controls = h("div", { class: "controls" });
    this.solverBox = h("div", {});
    this.top = h("div", { class: "top" }, h("div", { class: "bar" }, this.stops, this.tools), this.saying, this.views);
  }

  /** Take the pieces of another lesson. */
  furnish(lesson) {
    const { stage } = this, field = (name) => lesson.fields.find((one) => one.name === name);
    Object.assign(this, { lesson, told: null, unfolded: false });
    // A control that asked for the impossible goes back to what is.
    const attempt = (patch) => {
      const taken = stage.change(patch);
      if (!taken) this.made.forEach((control) => control.show(stage.state));
      return taken;
    };
    this.made = lesson.controls.map((name) => makeControl(field(name), attempt));
    this.controls.replaceChildren(...this.made.map((control) => control.element));
    this.solver = lesson.solves
      ? makeSolver(field("target"), { change: (patch) => stage.change(patch), pick: (patch) => stage.change(patch, { push: true }) }) : null;
    this.trainer?.pause();
    this.trainer = lesson.trains ? new Trainer(stage) : null;
    this.solverBox.replaceChildren(...[this.solver, this.trainer].filter(Boolean).map(({ element }) => element));
    this.recipes = new Set(lesson.views.flatMap((view) => [...fieldsOf(view)]));
    this.furnishStops();
    this.furnishViews();
    this.furnishTools();
  }

  furnishStops() {
    const { stops } = this.lesson, { stage } = this;
    const button = (text, label, act) => h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.stopButtons = stops.map((stop, i) => button(String(i + 1), `Stop ${i + 1}: ${stop.title}`, () => stage.goStop(i + 1)));
    this.before = button("‹", "Stop before", () => stage.goStop(stage.state.stop - 1));
    this.after = button("Next ›", "Next stop", () => stage.goStop(stage.state.stop + 1));
    this.after.classList.add("after");
    this.before.classList.add("before");
    this.count = h("span", { class: "count" });
    this.stops.replaceChildren(this.before, h("ol", {}, this.stopButtons.map((one) => h("li", {}, one))), this.count, this.after);
    this.stops.hidden = this.saying.hidden = !stops.length;
  }

  furnishViews() {
    const { views } = this.lesson, { stage } = this;
    // A view that cannot show this setting says what it needs.
    const go = (name) => {
      if (stage.change({ view: name }, { push: true })) return true;
      const { label, needs } = views.find((view) => view.name === name);
      stage.say(needs ? `“${label}” ${needs}.` : `“${label}” cannot show this setting: ${stage.message.textContent}`);
      return false;
    };
    this.viewButtons = views.map((view) => h("button", { type: "button", onclick: () => go(view.name) }, view.label));
    this.more = h("button", { type: "button", class: "more", onclick: () => {
      this.unfolded = true;
      this.show();
      this.viewButtons[FEW].focus();
    } }, "More views…");
    this.viewList = h("select", { "aria-label": "View", onchange: () => go(this.viewList.value) || (this.viewList.value = stage.state.view) },
      views.map((view) => h("option", { value: view.name }, view.label)));
    this.fileInput = h("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "A picture of your own", onchange: () => this.takePicture() });
    const own = h("button", { type: "button", class: "own", title: "It stays in this browser", onclick: () => this.fileInput.click() }, "Your picture…");
    this.views.replaceChildren(...this.viewButtons, this.more, this.viewList, ...(this.lesson.pictures ? [own, this.fileInput] : []));
    this.views.hidden = views.length < 2;
  }

  furnishTools() {
    const { lesson, stage } = this, { host } = stage;
    const examples = h("select", { class: "examples", "aria-label": "Examples", onchange: () => {
      stage.goExample(lesson.presets[Number(examples.value)][1]);
      examples.value = "";
    } }, h("option", { value: "" }, "Examples…"), lesson.presets.map(([title], i) => h("option", { value: i }, title)));
    const tool = (name, label, act) => h("button", { type: "button", class: "icon", title: label, "aria-label": label, onclick: act }, icon(name));
    const paints = lesson.views.some((view) => view.panels.some((panel) => panel.edits));
    this.brushButton = paints ? tool("brush", "Paint cells (b)", () => this.toggleBrush()) : null;
    this.brushValue = h("input", { type: "number", class: "brush", step: "any", value: "1", "aria-label": "Value to paint", hidden: true, onchange: () => this.readBrush() });
    this.tools.replaceChildren(...[
      lesson.presets.length ? examples : null, this.brushButton, paints ? this.brushValue : null,
      host.copy ? tool("link", "Copy a link to this setting", () => this.copy()) : null,
      host.present ? tool("present", "Lecture mode on or off", () => host.present()) : null,
      h("button", { type: "button", class: "icon", title: "Keys (?)", "aria-label": "Keys", onclick: () => this.help() }, "?"),
    ].filter(Boolean));
  }

  show() {
    const { lesson, stage: { state } } = this, stop = lesson.stops[state.stop - 1];
    const read = fieldsOf(lesson.views.find((view) => view.name === state.view));
    this.made.forEach((control, i) => {
      control.show(state);
      control.element.classList.toggle("idle", this.recipes.has(lesson.controls[i]) && !read.has(lesson.controls[i]));
    });
    const current = lesson.views.findIndex((view) => view.name === state.view);
    this.viewButtons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(i === current));
      button.hidden = !this.unfolded && i >= FEW && i !== current;
    });
    this.more.hidden = this.unfolded || lesson.views.length <= FEW;
    this.viewList.value = state.view;
    if (this.solver) this.solveSoon(state);
    this.trainer?.show(state);
    this.showChanged(state);
    if (!stop || this.told === stop) return;
    this.told = stop;
    this.stopButtons.forEach((button, i) => (i + 1 === state.stop ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current")));
    this.saying.replaceChildren(h("b", {}, stop.title), h("span", {}, stop.text), this.changed);
    setText(this.count, `${state.stop} of ${lesson.stops.length}`);
    this.before.disabled = state.stop === 1;
    this.after.disabled = state.stop === lesson.stops.length;
    const next = lesson.stops[state.stop];
    for (const name of ["aria-label", "title"]) this.after.setAttribute(name, next ? `Next stop: ${next.title}` : "Next stop");
  }

  /** Put away the parts and controls that the link hides. */
  hide(names) {
    const { stage } = this, away = new Set(names), put = (hidden, ...elements) => elements.forEach((one) => one?.classList.toggle("away", hidden));
    this.made.forEach((control, i) => put(away.has(this.lesson.controls[i]), control.element));
    put(away.has("stops"), this.stops, this.saying);
    put(away.has("views"), this.views);
    put(away.has("examples"), this.tools.querySelector(".examples"));
    put(away.has("brush"), this.brushButton, this.brushValue);
    put(away.has("timeline"), stage.timeline.element);
    put(away.has("arithmetic"), stage.ledger);
    put(away.has("remarks"), stage.remark.parentElement, stage.chart.box, stage.facts);
    put(away.has("solver"), this.solver?.element);
    put(away.has("trainer"), this.trainer?.element);
  }

  /** Whether a stop's words are still about what is seen. */
  showChanged(state) {
    const { fields, stops } = this.lesson, own = stops.length ? usual(this.lesson, state.stop) : state;
    const changed = fields.some((field) => !FREE.has(field.name) && write(field, state[field.name]) !== write(field, own[field.name]));
    this.saying.classList.toggle("past", changed);
  }

  /** The list of answers follows once a drag has paused. */
  solveSoon(state) {
    clearTimeout(this.solving);
    this.solving = setTimeout(() => this.solver.show(state), 100);
  }

  /** A picture of a person's own, in the view that shows pictures. */
  async takePicture() {
    const { stage, lesson, fileInput } = this, [file] = fileInput.files, name = lesson.pictures;
    fileInput.value = "";
    if (!file) return;
    let rows;
    try {
      rows = await readPicture(file);
    } catch (error) {
      stage.say(`${error.message}.`);
      return;
    }
    if (this.lesson !== lesson || !stage.element.isConnected) return;
    const sample = lesson.fields.find((field) => field.name === name).default;
    stage.change({ [name]: { pattern: sample, rows, own: true }, view: name }, { push: true });
  }

  copy() {
    const { stage } = this;
    stage.settle(false);
    stage.host.copy().then(
      () => stage.say("The link is copied."),
      () => stage.say("The browser keeps the clipboard closed: copy the address from its address bar."),
    );
  }

  toggleBrush() {
    const { hands } = this.stage;
    if (!this.brushButton) return;
    hands.setBrush(hands.brush === null ? 1 : null);
    this.brushValue.hidden = hands.brush === null;
    this.brushButton.setAttribute("aria-pressed", String(hands.brush !== null));
    if (hands.brush !== null) this.readBrush();
    this.stage.say(hands.brush === null ? "" : "Drag over the input or the kernel to paint.");
  }

  readBrush() {
    const { hands } = this.stage;
    try {
      hands.setBrush(typed(this.brushValue.value));
    } catch (error) {
      this.brushValue.value = String(hands.brush);
      this.stage.say(`${error.message}: painting goes on with ${hands.brush}.`);
    }
  }

  keys() {
    const movable = this.lesson.views.some((view) => view.panels.some((panel) => panel.moves));
    return helpFor({ editable: this.brushButton !== null, movable, numbered: this.lesson.stops.length + this.lesson.presets.length > 0 });
  }

  /** The keys; a page that has some of its own shows them all. */
  help() {
    if (!window.dispatchEvent(new CustomEvent("seglab-help", { cancelable: true }))) return;
    this.helper ??= makeHelp(this.keys());
    this.stage.element.append(this.helper);
    this.helper.showModal();
  }
}
