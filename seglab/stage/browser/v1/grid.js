// Grids: the cells of a tensor on a canvas with margins. The twin of seglab/grid.py.

import { keptWith, remembering } from "./memory.js";

export const PADDING_MODES = ["zeros", "reflect", "replicate", "circular"];

/** Cells of `shape` [C, H, W] inside `margins` [[top, bottom], [left, right]]; `source` maps canvas cells to real cells or -1. */
export const makeGrid = (shape, margins = [[0, 0], [0, 0]], mode = "zeros") => newGrid(shape, margins, mode);

const newGrid = remembering((shape, margins, mode) => {
  refuseMargins(shape.slice(1), margins, mode);
  const [channels, height, width] = shape;
  const [[top, bottom], [left, right]] = margins;
  const canvas = [channels, top + height + bottom, left + width + right];
  const row = axisMap(height, margins[0], mode), column = axisMap(width, margins[1], mode);
  const source = new Int32Array(channels * canvas[1] * canvas[2]);
  let cell = 0;
  for (let c = 0; c < channels; c++) {
    for (const y of row) for (const x of column) source[cell++] = y < 0 || x < 0 ? -1 : (c * height + y) * width + x;
  }
  return { shape, margins, mode, canvas, source, size: source.length };
}, ({ size }) => size, 1_000_000);

/** For every canvas coordinate of one axis the real coordinate that it stands for, or -1. */
export function axisMap(size, [before, after], mode) {
  return Int32Array.from({ length: before + size + after }, (_, i) => {
    const at = i - before;
    if (mode === "replicate") return Math.min(Math.max(at, 0), size - 1);
    if (mode === "circular") return ((at % size) + size) % size;
    if (mode === "reflect") return size - 1 - Math.abs(size - 1 - Math.abs(at));
    return at < 0 || at >= size ? -1 : at;
  });
}

/** Real values spread over the canvas, with `fill` where a cell stands for nothing. */
export function layOut({ source }, values, fill = 0) {
  const canvas = new Float64Array(source.length);
  for (let cell = 0; cell < source.length; cell++) canvas[cell] = source[cell] < 0 ? fill : values[source[cell]];
  return canvas;
}

/** Canvas cells that stand for the same real cell, added up. */
export function fold(grid, canvas) {
  const real = new Float64Array(grid.shape[0] * grid.shape[1] * grid.shape[2]);
  for (let cell = 0; cell < canvas.length; cell++) if (grid.source[cell] >= 0) real[grid.source[cell]] += canvas[cell];
  return real;
}

/** The values of the canvas cells that are real ones, without the copies. */
export function picked(grid, canvas) {
  const at = places(grid), real = new Float64Array(at.length);
  for (let cell = 0; cell < at.length; cell++) real[cell] = canvas[at[cell]];
  return real;
}

/** For every real cell its own canvas cell, without the copies that a padding mode makes of it. */
export const places = keptWith((grid) => {
  const [channels, height, width] = grid.shape, [, high, wide] = grid.canvas;
  const found = new Int32Array(channels * height * width);
  let real = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const line = (c * high + y + grid.margins[0][0]) * wide + grid.margins[1][0];
      for (let x = 0; x < width; x++) found[real++] = line + x;
    }
  }
  return found;
});

function refuseMargins(size, margins, mode) {
  ["height", "width"].forEach((axis, i) => {
    const most = mode === "reflect" ? size[i] - 1 : mode === "circular" ? size[i] : Infinity;
    for (const amount of margins[i]) {
      if (amount < 0) throw new Error(`padding=${amount} is negative: padding starts at 0 (crop to remove cells)`);
      if (amount > most) throw new Error(`padding=${amount} is too much for ${mode} padding of ${axis} ${size[i]}: at most ${most} here`);
    }
  });
}
