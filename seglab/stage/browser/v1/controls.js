// Controls: a slider or switch for every field that the lesson lets people change. They hold no values; they show the state's.

import { cells, resized } from "./fields.js";
import { h, icon, setText } from "./dom.js";
import { exact } from "./numbers.js";
import { LAYERS, USUAL } from "./recipe.js";
import { WAY_WORDS } from "./remarks.js";

/** One control for a field: {element, show(state)}. `change(patch)` returns whether the state took it. */
export function makeControl(field, change) {
  if (field.kind === "flag") return flagControl(field, change);
  if (field.kind === "choice") return choiceControl(field, change);
  return numberControl(field, change);
}

/** Whether the operator that a lesson's state names has this setting at all. */
const has = (state, name) => !(name in USUAL) || !(state.op in LAYERS) || LAYERS[state.op][1].includes(name);

function flagControl(field, change) {
  const box = h("input", { type: "checkbox", onchange: () => change({ [field.name]: box.checked }) });
  const element = h("label", { class: "control flag", title: field.meaning }, box, h("span", {}, field.label));
  return { element, show: (state) => {
    box.checked = state[field.name];
    element.hidden = !has(state, field.name);
  } };
}

const WORDS = {
  conv: "convolution", conv_transpose: "transposed convolution", max_pool: "max pooling", avg_pool: "average pooling", min_pool: "min pooling", untied: "untied weights",
  blur_pool: "blur pooling", stride_conv: "convolution, stride 2", global_pool: "global average", dense: "flattened, one unit",
  ...WAY_WORDS,
};

/** A choice; one of operator puts back what the new operator does not have. */
function choiceControl(field, change) {
  const options = field.options.map((value) => h("option", { value }, WORDS[value] ?? value));
  let current = {};
  const select = h("select", {
    "aria-label": field.label,
    onchange: () => {
      const chosen = { [field.name]: select.value }, layer = field.name === "op" && LAYERS[select.value];
      if (!layer) return void change(chosen);
      const own = Object.entries(USUAL).filter(([name]) => name in current), undone = own.filter(([name]) => !layer[1].includes(name));
      change({ ...chosen, ...Object.fromEntries(undone) }) || change({ ...chosen, ...Object.fromEntries(own) });
    },
  }, options);
  const element = h("label", { class: "control choice", title: field.meaning }, h("span", { class: "label" }, field.label), select);
  return { element, show: (state) => (select.value = (current = state)[field.name]) };
}

/** A number, or two (height and width) that go together until the lock is opened. */
function numberControl(field, change) {
  const pair = field.kind !== "int" && field.kind !== "number", grid = field.kind === "grid";
  const read = (state) => (grid ? cells(state[field.name]).shape.slice(-2) : [state[field.name]].flat());
  let shown = null, current = null, apart = false;

  const write = (values) => {
    if (grid) return change({ [field.name]: resized(current[field.name], values[0], values[1], field.name === "w" ? 1 : 0) });
    return change({ [field.name]: pair ? values : values[0] });
  };
  // Towards the wished value as far as the settings allow.
  const set = (axis, wished) => {
    const from = read(current), goal = Math.min(Math.max(wished, field.low), field.high);
    if (field.kind === "number") write([Math.round(goal / field.step) * field.step]);
    else for (let value = goal; value !== from[axis]; value += value > from[axis] ? -1 : 1) {
      if (write(apart ? from.map((other, i) => (i === axis ? value : other)) : from.map(() => value))) break;
    }
    api.show(current, true);
  };
  const lines = ["height", "width"].slice(0, pair ? 2 : 1).map((side, axis) => {
    const slider = h("input", { type: "range", min: field.low, max: field.high, step: field.step, oninput: () => set(axis, Number(slider.value)) });
    const button = (sign, by) => h("button", { type: "button", class: "small", onclick: () => set(axis, read(current)[axis] + by * field.step) }, sign);
    const minus = button("−", -1), plus = button("+", 1);
    const element = h("div", { class: "slide" }, minus, slider, plus);
    const name = (label) => {
      slider.setAttribute("aria-label", label);
      minus.setAttribute("aria-label", `${label} less`);
      plus.setAttribute("aria-label", `${label} more`);
    };
    return { side, slider, element, name };
  });
  const value = h("output", {});
  const lock = pair && h("button", { type: "button", class: "small lock", onclick: () => {
    apart = !apart;
    if (!apart && read(current)[0] !== read(current)[1]) write(read(current).map(() => read(current)[0]));
    api.show(current, true);
  } });
  const element = h("div", { class: "control", title: field.meaning, role: "group", "aria-label": field.label },
    h("div", { class: "head" }, h("span", { class: "label" }, field.label), value, lock || null), lines.map((line) => line.element));

  const api = {
    element,
    show(state, force = false) {
      current = state;
      element.hidden = !has(state, field.name);
      const values = read(state), key = values.join();
      if (key === shown && !force) return;
      shown = key;
      if (pair && values[0] !== values[1]) apart = true;
      lines.forEach((line, axis) => {
        line.slider.value = values[axis];
        line.name(pair && apart ? `${field.label}, ${line.side}` : field.label);
        line.element.hidden = axis === 1 && !apart;
      });
      setText(value, pair ? values.join(" × ") : exact(Number(values[0].toPrecision(6))));
      if (lock) {
        lock.replaceChildren(icon(apart ? "unlock" : "lock"));
        lock.setAttribute("aria-pressed", String(!apart));
        lock.setAttribute("aria-label", `${field.label}: height and width together`);
        lock.title = apart ? "Height and width apart: press to tie them" : "Height and width together: press to set them apart";
      }
    },
  };
  return api;
}
