// Fields: the state of a lesson and the link that holds it. The twin of seglab/stage/fields.py; both must write the same link.

import { keptWith, remembering } from "./memory.js";
import { PHOTOGRAPHS } from "./photographs.js";

export const VERSION = "1";
export const LARGEST_LITERAL = 8;
export const LARGEST_VALUE = 999999;
export const END = 999_999; // as many steps as there are
const PATTERN = /^(random|ones|disc|photo|scene)(\d{1,4})\.(\d{1,3})x(\d{1,3})$/;

/** A cell as it stands in a link: at most six decimals, no exponent. */
export function number(value) {
  const text = value.toFixed(6).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

/** A grid's value as {data, shape}: rows of numbers, several such planes, a pattern worked out, or one edited by hand ({pattern, rows}). */
export function cells(value) {
  if (value.rows) return cells(value.rows);
  return typeof value === "string" ? patternCells(value) : listedCells(value);
}

const listedCells = keptWith((rows) => {
  const shape = [];
  for (let level = rows; Array.isArray(level); level = level[0]) shape.push(level.length);
  return { data: Float64Array.from(rows.flat(Infinity)), shape };
});

const patternCells = remembering((value) => {
  const [, name, argument, ...sides] = value.match(PATTERN);
  const [height, width] = sides.map(Number), given = Number(argument);
  if (name === "photo") return photograph(given, height, width);
  if (name === "random") return { data: scrambled(given, height * width), shape: [height, width] };
  if (name === "scene") return scene(given, height, width);
  const radius = (Math.min(height, width) * 2) / 3, limit = name === "ones" ? Infinity : radius ** 2;
  const inside = (cell) => {
    const y = Math.floor(cell / width), x = cell % width;
    return (2 * y - height + 1) ** 2 + (2 * x - width + 1) ** 2 <= limit;
  };
  return { data: Float64Array.from({ length: height * width }, (_, cell) => (inside(cell) ? given : 0)), shape: [height, width] };
}, ({ data }) => data.length, 200_000);

/** A sun, a house with a roof, and a fence before a field, in hundredths. */
function scene(number, height, width) {
  const move = scrambled(number, 4), data = new Float64Array(height * width);
  const left = 16 + 2 * move[1], top = 52 + move[2], part = (n, by) => Math.floor(n / by);
  const grey = (y, x) => {
    if (y >= 104 && y < 120 && x % 8 < 4) return 88 - move[3];
    const house = y >= top && y < 100 && x >= left && x < left + 44;
    if (house && part(y - top, 10) % 2 === 1 && part(x - left, 9) % 2 === 1 && y < 92) return 95;
    if (house) return 20;
    if (y >= top - 22 && y < top && Math.abs(x - left - 22) <= y - top + 22 + 3) return 8;
    if ((2 * y - 60) ** 2 + (2 * x - 180 - 4 * move[0]) ** 2 <= 44 ** 2) return 100;
    return y < 84 ? 62 + part(y, 4) : 34 + part(y - 84, 3);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[y * width + x] = grey(part(128 * y, height), part(128 * x, width)) / 100;
  }
  return { data, shape: [height, width] };
}

const hundredths = (byte) => Math.floor((byte * 100 + 127) / 255) / 100;

/** The upper left of a photograph of 64 x 64 pixels, 0 black to 1 white in hundredths. */
function photograph(number, height, width) {
  const bytes = atob(PHOTOGRAPHS[number]);
  const data = Float64Array.from({ length: height * width }, (_, i) => hundredths(bytes.charCodeAt(Math.floor(i / width) * 64 + (i % width))));
  return { data, shape: [height, width] };
}

/** Digits 0 to 9. */
export const scrambled = (seed, count) => hashes(seed, count).map((h) => h % 10);

/** Numbers from 0 up to 1, evenly spread. */
export const mixed = (seed, count) => hashes(seed, count).map((h) => h / 2 ** 32);

/** A counter mixed as by the MurmurHash3 finaliser. */
function hashes(seed, count) {
  const start = Math.imul(seed, 0x85ebca6b);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b1) + start) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return (h ^ (h >>> 16)) >>> 0;
  });
}

/** A field's value as it stands in a link. A pattern edited by hand goes by its pattern: a link holds 8 x 8 cells at most. */
export function write(field, value) {
  if (field.kind === "pair") return value[0] === value[1] ? String(value[0]) : value.join("x");
  if (field.kind === "number") return number(value);
  if (field.kind === "flag") return value ? "1" : "0";
  if (field.kind === "grid" && value.pattern) return value.pattern;
  if (field.kind === "grid" && typeof value !== "string") {
    const grids = field.planes.reduce((several) => several.flat(), [value]);
    return grids.map((grid) => grid.map((row) => row.map(number).join("_")).join("~")).join("~~");
  }
  return String(value);
}

/** What a link leaves out: the state of a stop, so that the stop's number alone is a link to it. */
export const usual = (lesson, stop = 1) => ({ ...defaults(lesson), ...lesson.stops[stop - 1]?.state });

/** What a lesson opens with. */
export const defaults = (lesson) => Object.fromEntries(lesson.fields.map((field) => [field.name, field.default]));

/** The link's query: a version, what differs from the usual in the order of the table, then `others` that are not the lesson's. */
export function query(lesson, state, others = {}) {
  const left = usual(lesson, state.stop);
  const changed = lesson.fields.filter((field) => write(field, state[field.name]) !== write(field, left[field.name]));
  const parts = changed.map((field) => `${field.name}=${write(field, state[field.name])}`);
  if (parts.length) parts.unshift(`v=${VERSION}`);
  return [...parts, ...Object.entries(others).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join("&");
}

/** What a person typed into a cell as a number; throws a sentence. Commas and the typographic minus are understood. */
export function typed(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  const value = Number(plain);
  if (plain === "" || !Number.isFinite(value)) throw new Error(`“${text.trim().slice(0, 20)}” is not a number`);
  if (Math.abs(value) > LARGEST_VALUE) throw new Error(`${plain.slice(0, 20)} is too large: at most ${LARGEST_VALUE} here`);
  return Number(number(value));
}

/** A grid with one cell changed; `plane` says in which of several planes, as one number for each of their axes. */
export function withCell(value, row, column, cell, [first, ...plane] = []) {
  if (first !== undefined) return value.map((one, i) => (i === first ? withCell(one, row, column, cell, plane) : one));
  const { data, shape: [, width] } = cells(value);
  const rows = Array.from({ length: data.length / width }, (_, y) => Array.from(data.subarray(y * width, (y + 1) * width)));
  rows[row][column] = cell;
  const large = rows.length > LARGEST_LITERAL || width > LARGEST_LITERAL;
  return large ? { pattern: value.pattern ?? value, rows } : rows;
}

/** A grid of another size, with each of its planes: what overlaps is kept, new cells count on. A grid that only counts goes on counting. */
export function resized(value, height, width, first) {
  if (Array.isArray(value[0]?.[0])) return value.map((plane) => resized(plane, height, width, first));
  const { data, shape: [h, w] } = cells(value);
  const counts = (rows, columns) => (cell) => (Math.floor(cell / columns) * columns + (cell % columns) + first) % 10;
  const before = counts(h, w), after = counts(height, width);
  const counting = data.every((cell, i) => cell === before(i)) && data.length > 1;
  const constant = data.length > 1 && data.every((cell) => cell === data[0]);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      if (constant) return data[0];
      return !counting && y < h && x < w ? data[y * w + x] : after(y * width + x);
    }));
}
