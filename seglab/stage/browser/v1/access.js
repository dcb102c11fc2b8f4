// Access: every panel is an ARIA grid over its drawing, moved through by keyboard, with a live region that reads out the arithmetic.

import { h } from "./dom.js";
import { exact } from "./numbers.js";
import { coordinates, realCell } from "./scene.js";

const WHOLE = 400; // grids up to this many cells are there cell by cell, larger ones row by row

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** The cell that a key leads to from `cell`, or null for another key. Stays inside the canvas; channels lie side by side. */
export function moved(panel, cell, event) {
  const plane = panel.rows * panel.columns, channel = Math.floor(cell / plane);
  const row = Math.floor((cell % plane) / panel.columns), across = channel * panel.columns + (cell % panel.columns);
  const last = panel.channels * panel.columns - 1;
  const to = (r, x) => {
    const line = Math.min(Math.max(r, 0), panel.rows - 1), place = Math.min(Math.max(x, 0), last);
    return (Math.floor(place / panel.columns) * panel.rows + line) * panel.columns + (place % panel.columns);
  };
  if (event.key in MOVES) return to(row + MOVES[event.key][0], across + MOVES[event.key][1]);
  if (event.key === "Home") return to(event.ctrlKey ? 0 : row, 0);
  if (event.key === "End") return to(event.ctrlKey ? panel.rows - 1 : row, last);
  return null;
}

/** A transparent grid for a panel. `build(cell)` fills in the rows around a cell. */
export function makeGridElement(panel, id) {
  const named = `${panel.title}, ${panel.size.replaceAll("×", "by")}${panel.field ? ", editable" : ""}`;
  const element = h("div", {
    class: "cells", role: "grid", tabindex: "0", "aria-label": named, "aria-readonly": String(!panel.field),
    "aria-rowcount": panel.rows, "aria-colcount": panel.columns * panel.channels,
  });
  element.dataset.panel = panel.index;
  return { element, id, key: null };
}

/** Fill a grid's rows with the values that `valueOf(cell)` names: all of them, or the row of `current` where the grid is large. */
export function fillGrid(grid, panel, current, valueOf) {
  const plane = panel.rows * panel.columns, all = plane * panel.channels <= WHOLE;
  const line = Math.floor(((current ?? 0) % plane) / panel.columns);
  const lines = all ? [...Array(panel.rows).keys()] : [line];
  const rows = lines.map((row) => {
    const cells = [];
    for (let channel = 0; channel < panel.channels; channel++) {
      for (let column = 0; column < panel.columns; column++) {
        const cell = channel * plane + row * panel.columns + column;
        const across = channel * panel.columns + column + 1;
        cells.push(`<span role="gridcell" id="${grid.id}-${cell}" aria-colindex="${across}">${valueOf(cell)}</span>`);
      }
    }
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
  const real = realCell(panel, cell), [, row, column] = coordinates(panel, cell);
  const place = `row ${row}, column ${column}`;
  if (panel.plain) return place;
  if (real < 0) return `${place}: ${panel.margin === "cropped" ? "cropped" : "padding"}`;
  if (content.reached && !content.reached[real]) return `${place}: not reached`;
  return `${place}: ${exact(content.values[real])}`;
}
