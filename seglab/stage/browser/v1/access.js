// Access: every panel is an ARIA grid over its drawing, moved through by keyboard, with a live region that reads out the arithmetic.

import { h } from "./dom.js";
import { fromSheet, onSheet, sheetOf } from "./layout.js";
import { exact } from "./numbers.js";
import { coordinates, realCell } from "./scene.js";

const WHOLE = 400; // grids up to this many cells are there cell by cell, larger ones row by row

export const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** The cell that a key leads to from `cell`, or null for another key. Stays inside the sheet that the channels make together. */
export function moved(panel, cell, event) {
  const [row, column] = onSheet(panel, cell), [rows, columns] = sheetOf(panel);
  const to = (r, c) => fromSheet(panel, Math.min(Math.max(r, 0), rows - 1), Math.min(Math.max(c, 0), columns - 1));
  if (event.key in MOVES) return to(row + MOVES[event.key][0], column + MOVES[event.key][1]);
  if (event.key === "Home") return to(event.ctrlKey ? 0 : row, 0);
  if (event.key === "End") return to(event.ctrlKey ? rows - 1 : row, columns - 1);
  return null;
}

/** A transparent grid for a panel. `build(cell)` fills in the rows around a cell. */
export function makeGridElement(panel, id) {
  const named = `${panel.title}, ${panel.size.replaceAll("×", "by")}${panel.field ? ", editable" : ""}${panel.moves ? ", movable" : ""}`;
  const element = h("div", {
    class: panel.moves ? "cells moves" : "cells", role: "grid", tabindex: "0", "aria-label": named, "aria-readonly": String(!panel.field),
  });
  element.dataset.panel = panel.index;
  return { element, id, key: null };
}

/** Say how many rows and columns a panel's cells make as they stand. */
export function sizeGrid({ element }, panel) {
  const [rows, columns] = sheetOf(panel);
  element.setAttribute("aria-rowcount", rows);
  element.setAttribute("aria-colcount", columns);
}

/** Fill a grid's rows with the values that `valueOf(cell)` names: all of them, or the row of `current` where the grid is large. */
export function fillGrid(grid, panel, current, valueOf) {
  const [high, wide] = sheetOf(panel), lines = high * wide <= WHOLE ? [...Array(high).keys()] : [onSheet(panel, current ?? 0)[0]];
  const rows = lines.map((row) => {
    const cells = Array.from({ length: wide }, (_, column) => {
      const cell = fromSheet(panel, row, column);
      return `<span role="gridcell" id="${grid.id}-${cell}" aria-colindex="${column + 1}">${valueOf(cell)}</span>`;
    });
    return `<div role="row" aria-rowindex="${row + 1}">${cells.join("")}</div>`;
  });
  const key = rows.join("");
  if (key !== grid.key) {
    grid.key = key;
    grid.element.innerHTML = key;
  }
}

/** What a screen reader says of a cell. */
export function spoken(panel, content, cell) {
  const real = realCell(panel, cell), [channel, row, column] = coordinates(panel, cell);
  const place = `${panel.labels ? `channel ${panel.labels[channel].replace("→", " to ")}, ` : ""}row ${row}, column ${column}`;
  if (panel.plain) return place;
  if (real < 0) return `${place}: ${panel.margin === "cropped" ? "cropped" : "padding"}`;
  if (content.reached && !content.reached[real]) return `${place}: not reached`;
  return `${place}: ${exact(content.values[real])}`;
}
