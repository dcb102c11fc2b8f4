// The inverse question: which settings take this size to that one? A list to pick from, for each axis that asks differently.

import { h, setText } from "./dom.js";
import { solve } from "./sizes.js";

const MOST = 40;
const upTo = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => low + i);

/** {element, show(state)}; `pick(patch)` takes an answer, `change(patch)` another wanted size. */
export function makeSolver(field, { change, pick }) {
  const lists = h("div", { class: "answers" });
  const any = h("input", { type: "checkbox", onchange: () => render() });
  const goal = h("input", { type: "number", min: field.low, max: field.high, step: 1, "aria-label": "Wanted size", onchange: () => wish() });
  const said = h("span", { role: "alert" });
  let state = null;
  const wish = () => {
    const value = Math.round(Number(goal.value));
    const possible = goal.value !== "" && value >= field.low && value <= field.high;
    setText(said, possible ? "" : ` A size is a whole number from ${field.low} to ${field.high}.`);
    if (possible) change({ target: [value, value] });
    render();
  };
  const element = h("section", { class: "solver", "aria-label": "The question turned around" },
    h("p", { class: "ask" }, h("b", {}, "Turned around: "), h("span", {}, "which settings give "), goal, h("span", { class: "from" }),
      h("label", {}, any, " any stride"), said), lists);

  function answersOf(axis) {
    const transposed = state.op === "conv_transpose", stride = state.stride[axis];
    return solve(state.op, state.size[axis], state.target[axis], {
      kernel_size: upTo(1, 7), stride: any.checked ? upTo(1, 4) : [stride], padding: upTo(0, 6), dilation: [state.dilation[axis]],
      output_padding: transposed ? upTo(0, 3) : [0], ceil_mode: [state.ceil_mode],
    });
  }

  function list(axes, label) {
    const axis = axes[0], found = answersOf(axis);
    const told = (a) => `kernel ${a.kernel_size}${any.checked ? `, stride ${a.stride}` : ""}, padding ${a.padding}${state.op === "conv_transpose" ? `, output padding ${a.output_padding}` : ""}`;
    const chosen = (a) => axes.every((i) => a.kernel_size === state.kernel[i] && a.padding === state.padding[i] && a.output_padding === state.output_padding[i] && a.stride === state.stride[i]);
    const take = (a) => {
      const put = (name, value) => ({ [name]: state[name].map((old, i) => (axes.includes(i) ? value : old)) });
      const short = { ...put("kernel", a.kernel_size), ...put("padding", a.padding), ...put("output_padding", a.output_padding), ...put("stride", a.stride) };
      pick(short);
    };
    const head = `${label}${state.size[axis]} to ${state.target[axis]}${any.checked ? "" : ` with stride ${state.stride[axis]}`}, kernel up to 7: `;
    const count = found.length === 1 ? "1 answer" : `${found.length || "no"} answers`;
    return h("div", {}, h("p", {}, head, h("b", {}, count), found.length > MOST ? `, the first ${MOST} shown` : ""),
      h("ul", {}, found.slice(0, MOST).map((a) => h("li", {}, h("button", { type: "button", "aria-pressed": String(chosen(a)), onclick: () => take(a) }, told(a))))));
  }

  function render() {
    if (!state) return;
    goal.value = state.target[0];
    const alike = ["size", "target", "stride", "dilation"].every((name) => state[name][0] === state[name][1]);
    element.querySelector(".from").textContent = ` cells from ${state.size[0] === state.size[1] ? state.size[0] : state.size.join(" × ")}? `;
    lists.replaceChildren(...(alike ? [list([0, 1], "")] : [list([0], "Height: "), list([1], "Width: ")]));
  }

  return {
    element,
    show(next) {
      state = next;
      render();
    },
  };
}
