// Rows: which input cell, through which kernel weight, makes which output cell. The twin of seglab/rows.py.

import { keptWith, remembering } from "./memory.js";

export const MOST_ROWS = 1_000_000;

/** Connections of one operator: `out` and `inp` address canvases, `weight` counts through the kernel, `coef` (or null) are fixed weights. */
export function makeRows(out, inp, weight, coef = null) {
  return { out, inp, weight, coef, length: out.length };
}

export const exchange = (rows) => makeRows(rows.inp, rows.out, rows.weight, rows.coef);

export function refuseTooMany(count) {
  if (count > MOST_ROWS) {
    const told = (n) => n.toLocaleString("en-US");
    throw new Error(`this operator needs ${told(count)} rows, a trace holds at most ${told(MOST_ROWS)}: use a patch or fewer channels`);
  }
}

/** Cell y of the small grid reads cell stride * y + dilation * tap of the large one. */
export const window_ = remembering(newWindow, ({ length }) => length, 3 * MOST_ROWS);

function newWindow([cSmall, cLarge], groups, [h, w], large, [kh, kw], stride, dilation) {
  const cGroup = cLarge / groups;
  const perGroup = Math.max(Math.floor(cSmall / groups), 1);
  const count = cSmall * cGroup * h * w * kh * kw;
  refuseTooMany(count);
  const out = new Int32Array(count), inp = new Int32Array(count), weight = new Int32Array(count);
  let row = 0;
  for (let co = 0; co < cSmall; co++) {
    const first = Math.floor(co / perGroup) * cGroup;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const cell = (co * h + y) * w + x;
        for (let ci = 0; ci < cGroup; ci++) {
          for (let ky = 0; ky < kh; ky++) {
            const line = ((first + ci) * large[0] + stride[0] * y + dilation[0] * ky) * large[1] + stride[1] * x;
            const tap = ((co * cGroup + ci) * kh + ky) * kw;
            for (let kx = 0; kx < kw; kx++) {
              out[row] = cell;
              inp[row] = line + dilation[1] * kx;
              weight[row++] = tap + kx;
            }
          }
        }
      }
    }
  }
  return makeRows(out, inp, weight);
}

/** Each output cell between input rows (columns) `low` and `high`, the second with weight `share`. A neighbour of weight zero makes no row. */
export function resample(channels, inpSize, vertical, horizontal) {
  const h = vertical.low.length, w = horizontal.low.length;
  refuseTooMany(channels * h * w * 4);
  const out = [], inp = [], weight = [], coef = [];
  const ends = (axis, at, second) => [second ? axis.high[at] : axis.low[at], second ? axis.share[at] : 1 - axis.share[at]];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        for (let tap = 0; tap < 4; tap++) {
          const [iy, partY] = ends(vertical, y, tap >> 1), [ix, partX] = ends(horizontal, x, tap & 1);
          if (partY * partX === 0) continue;
          out.push((c * h + y) * w + x);
          inp.push((c * inpSize[0] + iy) * inpSize[1] + ix);
          weight.push(tap);
          coef.push(partY * partX);
        }
      }
    }
  }
  return makeRows(Int32Array.from(out), Int32Array.from(inp), Int32Array.from(weight), Float64Array.from(coef));
}

/** The numbers from 0 to `count` - 1. */
export function counting(count) {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/** Rows that copy input cells to output cells (in order, where `out` is left out). */
export function gather(inp, out = null) {
  refuseTooMany(inp.length);
  return makeRows(out ? new Int32Array(out) : counting(inp.length), new Int32Array(inp), new Int32Array(inp.length));
}

/** Rows that copy every one of `count` cells to its own place. */
export const oneToOne = remembering((count) => gather(counting(count)), ({ length }) => length, MOST_ROWS);

/** Row numbers sorted by `column`, so that the rows of one cell are order.subarray(start[cell], start[cell + 1]); -1 is no cell. */
export const group = keptWith(newGroups, (size) => size);

function newGroups(column, size) {
  const start = new Int32Array(size + 1);
  for (let row = 0; row < column.length; row++) if (column[row] >= 0) start[column[row] + 1]++;
  for (let cell = 0; cell < size; cell++) start[cell + 1] += start[cell];
  const next = start.slice(0, size), order = new Int32Array(start[size]);
  for (let row = 0; row < column.length; row++) if (column[row] >= 0) order[next[column[row]]++] = row;
  return { order, start, of: (cell) => order.subarray(start[cell], start[cell + 1]) };
}
