// Keys: inside a grid they move from cell to cell, elsewhere they drive the timeline. Sliders, buttons and lists keep those that are theirs.

import { moved, MOVES } from "./access.js";
import { h } from "./dom.js";

const HELP = [
  ["Space", "play or pause"], ["← →", "step back, step forward"], ["Home, End", "to the beginning, to the end"], ["r", "put this stop back"],
  ["1 … 9, 0", "to this stop, to the 10th"], ["Tab", "to the next grid; arrows then move from cell to cell"],
  ["Enter, digits", "in a grid: type into the cell"], [", .", "step while in a grid"],
  ["Shift with arrows", "move the image of the grid"],
  ["b", "paint cells with the pointer"], ["Escape", "let go of the cell, leave lecture mode"], ["?", "these keys"],
];

/** Answer a key pressed anywhere in the stage. A bare letter never reaches the page, where `r` would run it again. */
export function answerKey(stage, event, outside = false) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const target = event.composedPath()[0], panel = target.dataset?.panel;
  const kind = target.tagName === "INPUT" ? target.type : target.tagName.toLowerCase();
  if (kind === "number" || kind === "text" || target.closest("dialog")) return void event.stopPropagation();
  if (outside && ["Home", "End"].includes(event.key)) return undefined; // these scroll the page
  const done = panel === undefined ? stageKey(stage, event, kind) : gridKey(stage, event, Number(panel)) || stageKey(stage, event, "grid");
  if (done) event.preventDefault();
  if (done || event.key.length === 1) event.stopPropagation();
  return done;
}

function gridKey({ board, hands }, event, index) {
  const panel = board.scene.panels[index], cell = board.pinned?.panel === index ? board.pinned.cell : panel.place[0];
  if (event.shiftKey && panel.moves && event.key in MOVES) {
    const { dy, dx } = hands.stage.state, [down, right] = MOVES[event.key];
    hands.shift(dy + down, dx + right);
    return true;
  }
  const next = moved(panel, cell, event), here = { panel: index, cell };
  if (next !== null) board.pin({ panel: index, cell: next });
  else if (event.key === "Enter" || event.key === "F2") hands.edit(here);
  else if (panel.field && /^[-0-9]$/.test(event.key)) hands.edit(here, event.key);
  else if (panel.field && (event.key === "Delete" || event.key === "Backspace")) hands.setCell(panel, cell, 0);
  else return false;
  return true;
}

function stageKey(stage, event, kind) {
  const { timeline, board } = stage, steps = { ArrowLeft: -1, ArrowRight: 1, ",": -1, ".": 1 };
  const own = kind === "range" || kind === "select"; // these use arrows, Home and End themselves
  if (event.key === " " && !["button", "checkbox", "select"].includes(kind)) timeline.toggle();
  else if (event.key in steps && !(event.key.startsWith("Arrow") && (own || kind === "grid"))) timeline.step(steps[event.key]);
  else if (event.key === "Home" && !own && kind !== "grid") timeline.go(0);
  else if (event.key === "End" && !own && kind !== "grid") timeline.go(timeline.count);
  else if (/^[0-9]$/.test(event.key)) return stage.goNumber(Number(event.key) || 10);
  else if (event.key === "r") stage.reset();
  else if (event.key === "b") stage.furniture.toggleBrush();
  else if (event.key === "?") stage.furniture.help();
  else if (event.key === "Escape" && board.pinned) board.pin(null);
  else if (event.key === "Escape" && stage.element.classList.contains("lecture")) stage.host.present?.();
  else return false;
  return true;
}

/** Keys and what they do; those that type and paint only where cells can be edited, those that move an image where one can be. */
export function helpFor({ editable, movable, numbered }) {
  const without = [...(editable ? [] : ["Enter, digits", "b"]), ...(movable ? [] : ["Shift with arrows"]), ...(numbered ? [] : ["1 … 9, 0"])];
  return HELP.filter(([key]) => !without.includes(key));
}

/** The dialog that lists keys. */
export function makeHelp(keys) {
  const dialog = h("dialog", { "aria-label": "Keys" },
    h("dl", {}, keys.flatMap(([key, what]) => [h("dt", {}, key), h("dd", {}, what)])),
    h("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  return dialog;
}
