// Painting: grids on one canvas, what is pointed at on a second one above it. Both are functions of what they are given; nothing is remembered.

import { corner } from "./layout.js";
import { short } from "./numbers.js";
import { fillOf, greyOf, inkOn, veil, wordOf } from "./theme.js";

const NUMBERS = 17; // cells of this many pixels and more show their numbers
const LINES = 5; // and of this many their borders
const TITLE_ROOM = 24; // above a panel
const LEGIBLE = 10; // numbers that would be smaller than this are written with two digits
const PICTURE = 2048; // grids of more cells are pictures: borders without numbers would only disturb
const NOTES = 52; // and of this many have room for a note below their number

/** Paint every panel. `shown(panel)` gives {values, canvas, touched, reached, largest, labels, unread}. */
export function paintBase(context, scene, places, theme, shown) {
  for (const panel of scene.panels) {
    const place = places[panel.index];
    if (!place) continue;
    paintTitle(context, panel, place, theme, scene.slopes !== null);
    if (panel.veiled) {
      paintVeil(context, place, theme);
      continue;
    }
    const content = shown(panel);
    const picture = panel.photo || panel.grid_.size > PICTURE;
    if (place.cell < (picture ? NUMBERS : LINES)) paintPixels(context, panel, place, theme, content);
    else paintCells(context, panel, place, theme, content);
    paintFrame(context, panel, place, theme);
  }
  if (places.joined) paintJoints(context, scene, places, theme);
  else paintArrows(context, scene, places, theme);
}

/** An empty frame: what is still to come. */
function paintVeil(context, place, theme) {
  context.save();
  context.setLineDash([3, 5]);
  context.lineWidth = 1.5;
  context.strokeStyle = theme.line;
  context.strokeRect(place.x, place.y, place.width, place.height);
  context.restore();
}

function paintTitle(context, panel, place, theme, slopes) {
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = panel.veiled ? theme.line : theme.roles[panel.role];
  const unit = place.unit, line = place.y - place.strip - 9 * unit, title = slopes && !panel.plain ? `∂L/∂${panel.symbol}` : panel.title;
  context.fillRect(place.x, line - 9 * unit, 9 * unit, 9 * unit);
  context.fillStyle = panel.veiled ? theme.muted : theme.ink;
  context.font = `600 ${13 * unit}px ${theme.font}`;
  context.fillText(title, place.x + 14 * unit, line);
  const after = place.x + 20 * unit + context.measureText(title).width;
  context.font = `${13 * unit}px ${theme.font}`;
  context.fillStyle = theme.muted;
  const fits = (words) => after + context.measureText(words).width < place.x + (place.room ?? Infinity);
  context.fillText([place.size, place.size.split(",")[0]].find(fits) ?? "", after, line);
  context.font = `${12 * unit}px ${theme.font}`;
  for (const [channel, label] of (place.strip && panel.labels?.entries()) || []) {
    const [x, y] = corner(panel, place, channel * panel.rows * panel.columns);
    context.fillText(label, x, y - 4 * unit);
  }
}

/** The value, kind and opacity of a canvas cell: real, margin, or not reached yet. */
function cellValue(panel, content, cell) {
  const real = panel.grid_.source[cell], inside = real >= 0 && isInside(panel, cell);
  if (inside) return { value: content.values[real], blank: content.reached !== null && !content.reached[real], margin: false };
  if (panel.margin === "cropped") return { value: content.canvas?.[cell] ?? 0, blank: !content.touched?.[cell], margin: true };
  return { value: real >= 0 ? content.values[real] : content.fill ?? panel.fill, blank: false, margin: true };
}

function isInside(panel, cell) {
  const [[top, bottom], [left, right]] = panel.grid_.margins;
  const row = Math.floor(cell / panel.columns) % panel.rows, column = cell % panel.columns;
  return row >= top && row < panel.rows - bottom && column >= left && column < panel.columns - right;
}

/** The fill of a value on its grid's scale, a photograph's or a signed one; null is no value. */
const toneOf = (theme, content, value) => (content.photo && value !== null ? greyOf(value) : fillOf(theme, value ?? 0, content.largest));

function paintCells(context, panel, place, theme, content) {
  const size = place.cell, count = panel.channels * panel.rows * panel.columns;
  context.fillStyle = theme.paper;
  for (let channel = 0; channel < panel.channels; channel++) {
    const [x, y] = corner(panel, place, channel * panel.rows * panel.columns);
    context.fillRect(x, y, panel.columns * size, panel.rows * size);
  }
  const margins = [], texts = [];
  for (let cell = 0; cell < count; cell++) {
    const [x, y] = corner(panel, place, cell), { value, blank, margin } = cellValue(panel, content, cell);
    if (margin) margins.push([x, y]);
    if (panel.plain) {
      if (!margin && content.unread?.has(cell)) texts.push(["cross", x, y]);
      continue;
    }
    const tone = toneOf(theme, content, margin || blank ? null : value);
    if (!margin && !blank && (value !== 0 || content.photo)) {
      context.fillStyle = tone.fill;
      context.fillRect(x, y, size, size);
    }
    if (blank) texts.push(["dot", x, y]);
    else texts.push([content.labels ? content.labels[panel.grid_.source[cell]] ?? "" : value, x, y, margin ? theme.muted : value === 0 && !content.photo ? theme.ink : tone.ink]);
  }
  paintHatch(context, margins, size, theme);
  paintWinners(context, panel, place, theme, content.winners);
  paintLines(context, panel, place, theme);
  paintTexts(context, texts, size, theme);
}

/** A corner in the colour of the switches on every cell that won a window. */
function paintWinners(context, panel, place, theme, cells) {
  if (!cells?.size) return;
  const side = Math.max(place.cell * 0.2, 4);
  context.fillStyle = theme.roles.skip;
  for (const cell of cells) {
    const [x, y] = corner(panel, place, cell);
    context.fillRect(x + place.cell - side, y, side, side);
  }
}

function paintLines(context, panel, place, theme) {
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let channel = 0; channel < panel.channels; channel++) {
    const [left, top] = corner(panel, place, channel * panel.rows * panel.columns);
    const right = left + panel.columns * place.cell, bottom = top + panel.rows * place.cell;
    for (let row = 0; row <= panel.rows; row++) {
      const y = Math.round(top + row * place.cell) + 0.5;
      context.moveTo(left, y);
      context.lineTo(right, y);
    }
    for (let column = 0; column <= panel.columns; column++) {
      const x = Math.round(left + column * place.cell) + 0.5;
      context.moveTo(x, top);
      context.lineTo(x, bottom);
    }
  }
  context.stroke();
}

function paintTexts(context, texts, size, theme) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  // One size for all numbers of a grid, and none where the longest does not fit.
  let { font, written } = setIn(texts, size, 3);
  if (font < LEGIBLE) ({ font, written } = setIn(texts, size, 2, 0.75));
  context.font = `${font}px ${theme.mono}`;
  for (const [i, [, x, y, ink]] of texts.entries()) {
    const text = written[i];
    if (text === "cross") paintCross(context, x, y, size, theme);
    else if (text === "dot") {
      context.fillStyle = theme.line;
      context.fillRect(x + size / 2 - 1, y + size / 2 - 1, 2, 2);
    } else if (size >= NUMBERS && font >= 7) {
      context.fillStyle = ink;
      context.fillText(text, x + size / 2, y + size / 2 + 0.5, size - 3);
    }
  }
}

/** Numbers with so many digits, and the size of type that leaves the longest of them room, if need be narrower than the type is. */
function setIn(texts, size, digits, narrow = 1) {
  const written = texts.map(([text]) => (typeof text === "number" ? short(text, digits) : text));
  const longest = written.reduce((most, text) => (text === "cross" || text === "dot" ? most : Math.max(most, text.length)), 2);
  return { written, font: Math.floor(Math.min(size * 0.42, 26, (size - 3) / (0.61 * narrow * longest))) };
}

function paintCross(context, x, y, size, theme) {
  const inset = size * 0.28;
  context.strokeStyle = theme.roles.difference;
  context.lineWidth = Math.max(1.5, size * 0.06);
  context.beginPath();
  context.moveTo(x + inset, y + inset);
  context.lineTo(x + size - inset, y + size - inset);
  context.moveTo(x + size - inset, y + inset);
  context.lineTo(x + inset, y + size - inset);
  context.stroke();
}

/** Slanted lines over the given cells, as one path clipped to them. */
function paintHatch(context, cells, size, theme) {
  if (!cells.length) return;
  context.save();
  context.beginPath();
  for (const [x, y] of cells) context.rect(x, y, size, size);
  context.clip();
  const left = Math.min(...cells.map(([x]) => x)), right = Math.max(...cells.map(([x]) => x)) + size;
  const top = Math.min(...cells.map(([, y]) => y)), bottom = Math.max(...cells.map(([, y]) => y)) + size;
  context.fillStyle = theme.faint;
  context.fillRect(left, top, right - left, bottom - top);
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = left - (bottom - top); x < right; x += 7) {
    context.moveTo(x, bottom);
    context.lineTo(x + bottom - top, top);
  }
  context.stroke();
  context.restore();
}

/** A colour as the four bytes of a pixel. */
const word = (rgb, dim) => wordOf(rgb.map((part) => part * dim));

/** Large grids: one pixel a cell, scaled up without smoothing. */
function paintPixels(context, panel, place, theme, content) {
  const image = new ImageData(panel.columns * panel.channels, panel.rows), pixels = new Uint32Array(image.data.buffer);
  const { rows, columns } = panel, plane = rows * columns, { source } = panel.grid_, { values, reached } = content;
  const [[top, bottom], [left, right]] = panel.grid_.margins, none = toneOf(theme, content, null).rgb;
  const empty = word(none, 1), outside = word(none, 0.86);
  for (let channel = 0, cell = 0; channel < panel.channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const inside = row >= top && row < rows - bottom, line = row * image.width + channel * columns;
      for (let column = 0; column < columns; column++, cell++) {
        const real = inside && column >= left && column < columns - right ? source[cell] : -1;
        if (real < 0) pixels[line + column] = outside;
        else if (panel.plain || (reached && !reached[real])) pixels[line + column] = empty;
        else pixels[line + column] = toneOf(theme, content, values[real]).word;
      }
    }
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  const wide = panel.columns * place.cell;
  for (let channel = 0; channel < panel.channels; channel++) {
    const [x, y] = corner(panel, place, channel * plane);
    context.drawImage(canvas, channel * panel.columns, 0, panel.columns, panel.rows, x, y, wide, panel.rows * place.cell);
  }
}

/** The frame in the colour of the panel's part, around its real cells. */
function paintFrame(context, panel, place, theme) {
  const [[top, bottom], [left, right]] = panel.grid_.margins, size = place.cell;
  context.strokeStyle = theme.roles[panel.role];
  context.lineWidth = 2;
  for (let channel = 0; channel < panel.channels; channel++) {
    const [x, y] = corner(panel, place, channel * panel.rows * panel.columns);
    context.strokeRect(x + left * size, y + top * size, (panel.columns - left - right) * size, (panel.rows - top - bottom) * size);
    if (panel.extra?.some(Boolean)) paintExtra(context, x + left * size, y + top * size, panel, size);
  }
}

/** A dashed line before the rows and columns that output padding gives back. */
function paintExtra(context, x, y, panel, size) {
  const [, height, width] = panel.grid_.shape, [down, right] = panel.extra;
  context.save();
  context.setLineDash([6, 4]);
  context.beginPath();
  if (down) line(context, x, y + (height - down) * size, x + width * size, y + (height - down) * size);
  if (right) line(context, x + (width - right) * size, y, x + (width - right) * size, y + height * size);
  context.stroke();
  context.restore();
}

/** Whether a panel was made from another one, or with it, perhaps through hidden ones. */
const leads = (scene, from, panel) => scene.links.some((link) =>
  link.out === panel && (link.columns.has(from.index) || link.inps.some((one) => one.hidden && leads(scene, from, one))));

/** A small arrow before every panel that was made from the one on its left. */
function paintArrows(context, scene, places, theme) {
  context.strokeStyle = theme.muted;
  context.lineWidth = 1.5;
  for (const panel of scene.panels) {
    const place = places[panel.index], before = places[panel.index - 1];
    if (!place || !before || before.x + before.width > place.x || !leads(scene, scene.panels[panel.index - 1], panel)) continue;
    const x = place.x - 11, y = place.y + place.height / 2;
    context.beginPath();
    context.moveTo(x - 12, y);
    context.lineTo(x, y);
    context.moveTo(x - 5, y - 5);
    context.lineTo(x, y);
    context.lineTo(x - 5, y + 5);
    context.stroke();
  }
}

/** Arrows between panels in a lattice: along a line from the neighbour, else up or down; one that stays on its line to what is joined is the skip. */
function paintJoints(context, scene, places, theme) {
  context.lineWidth = 1.5;
  for (const { inps, out } of scene.links) for (const from of inps) {
    const source = places[from.index], target = out && places[out.index];
    if (!source || !target) continue;
    const skip = from.at[0] === out.at[0] && out.role === "skip";
    context.strokeStyle = context.fillStyle = from.veiled || out.veiled ? theme.line : skip ? theme.roles.skip : theme.muted;
    if (from.at[0] !== out.at[0]) {
      const x = (Math.max(source.x, target.x) + Math.min(source.x + source.width, target.x + target.width)) / 2, down = target.y > source.y;
      const title = TITLE_ROOM * source.unit;
      arrow(context, x, down ? source.y + source.height + 5 : source.y - title, x, down ? target.y - title : target.y + target.height + 5);
      continue;
    }
    const before = scene.panels.filter((panel) => places[panel.index] && panel.at[0] === out.at[0] && panel.at[1] < out.at[1]);
    const last = places[before.reduce((best, panel) => (panel.at[1] > best.at[1] ? panel : best)).index], y = target.y + target.height / 2;
    arrow(context, last.x + last.width + 5, y, target.x - 5, y);
    if (!skip) continue;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.font = `600 ${13 * source.unit}px ${theme.font}`;
    context.fillText("skip", (last.x + last.width + target.x) / 2, y - 7);
  }
}

function arrow(context, x0, y0, x1, y1) {
  const angle = Math.atan2(y1 - y0, x1 - x0), wing = (turn) => context.lineTo(x1 - 7 * Math.cos(angle + turn), y1 - 7 * Math.sin(angle + turn));
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  wing(0.7);
  context.moveTo(x1, y1);
  wing(-0.7);
  context.stroke();
}

/** Paint what is pointed at: connected cells, those of them that won, the cell itself, and small notes in the corners of large cells. */
export function paintFocus(context, scene, places, theme, { focus, marked, won, notes }) {
  for (const panel of scene.panels) {
    const place = places[panel.index], cells = marked.get(panel.index);
    if (!place || !cells.size || panel.veiled) continue;
    const colour = theme.roles[panel.role], size = place.cell;
    context.fillStyle = veil(colour, size < LINES ? 0.55 : 0.13);
    for (const cell of cells) {
      const [x, y] = corner(panel, place, cell);
      context.fillRect(x, y, size, size);
    }
    outline(context, panel, place, cells, colour, Math.min(3, Math.max(1.5, size / 8)));
    for (const cell of won.get(panel.index)?.keys() ?? []) paintRing(context, panel, place, cell, theme);
    if (panel.index === focus.panel) {
      const [x, y] = corner(panel, place, focus.cell);
      context.lineWidth = Math.max(2, Math.min(4, size / 10));
      context.strokeStyle = theme.ink;
      context.strokeRect(x + 1, y + 1, Math.max(size - 2, 2), Math.max(size - 2, 2));
    }
    if (size >= NOTES * place.unit) paintNotes(context, panel, place, notes?.get(panel.index), theme);
  }
}

/** A winner among the marked cells: a ring inside it, or the whole cell where that is too small for one. */
function paintRing(context, panel, place, cell, theme) {
  const [x, y] = corner(panel, place, cell), size = place.cell, inset = Math.max(2, size * 0.09);
  if (size < 2 * LINES) {
    context.fillStyle = theme.roles.skip;
    context.fillRect(x, y, size, size);
    return;
  }
  context.strokeStyle = theme.roles.skip;
  context.lineWidth = Math.max(2, Math.min(5, size / 9));
  context.beginPath();
  context.roundRect(x + inset + 1, y + inset + 1, size - 2 * inset - 2, size - 2 * inset - 2, size * 0.3);
  context.stroke();
}

/** The border of a set of cells. */
function outline(context, panel, place, cells, colour, width) {
  const size = place.cell, wide = panel.columns, plane = panel.rows * wide;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const cell of cells) {
    const [x, y] = corner(panel, place, cell), column = cell % wide, row = Math.floor((cell % plane) / wide);
    if (row === 0 || !cells.has(cell - wide)) line(context, x, y, x + size, y);
    if (row === panel.rows - 1 || !cells.has(cell + wide)) line(context, x, y + size, x + size, y + size);
    if (column === 0 || !cells.has(cell - 1)) line(context, x, y, x, y + size);
    if (column === wide - 1 || !cells.has(cell + 1)) line(context, x + size, y, x + size, y + size);
  }
  context.stroke();
}

function line(context, x0, y0, x1, y1) {
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
}

function paintNotes(context, panel, place, notes, theme) {
  if (!notes) return;
  const { unit } = place, letter = 6.7 * unit;
  context.font = `600 ${11 * unit}px ${theme.mono}`;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  for (const [cell, { text, role }] of notes) {
    const [x, y] = corner(panel, place, cell), right = x + place.cell - 2, bottom = y + place.cell - 2;
    context.fillStyle = theme.roles[role];
    context.fillRect(right - letter * text.length - 5, bottom - 14 * unit, letter * text.length + 5, 14 * unit);
    context.fillStyle = inkOn(theme.roles[role]);
    context.fillText(text, right - 2.5, bottom - 1);
  }
}

/** Products on their way: `tokens` are {from, to, text} with centres on the board; `share` runs from 0 to 1. */
export function paintTokens(context, tokens, share, size, role, theme) {
  const eased = share < 0.5 ? 4 * share ** 3 : 1 - (-2 * share + 2) ** 3 / 2;
  const half = size / 2 - 2;
  context.font = `${Math.floor(Math.min(size * 0.4, 20))}px ${theme.mono}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { from, to, text } of tokens) {
    const x = from[0] + (to[0] - from[0]) * eased, y = from[1] + (to[1] - from[1]) * eased;
    context.fillStyle = theme.roles[role];
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, 4);
    context.fill();
    context.fillStyle = inkOn(theme.roles[role]);
    if (size >= NUMBERS) context.fillText(text, x, y);
  }
}
