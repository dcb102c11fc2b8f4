// Layout: where each panel stands on the board. The largest cell that fits wins, over all ways to break the panels into rows.

const TITLE = 26; // height of a panel's title
const GAP = 36, LINE_GAP = 14, CHANNEL_GAP = 0.6; // between panels, between lines, between channels (in cells)
const LATTICE_GAP = 34, SMALLEST = 15; // between the lines of a lattice, where arrows run; and the smallest cells it is drawn with
const LABEL = 17; // height of the names above the planes of a panel of several channels
const SMALL = 12; // beside a grid of more cells a side than this,
const NARROW = 560; // boards that have no room for the size of a panel's padding
const READABLE = 26; // small grids keep cells of this size where there is room

/** Panels' places on a board of `width` x `height`: [{x, y, cell, width, height, size}], by panel index; hidden panels have none. */
export function arrange(panels, width, height, { largest, unit }) {
  const mixed = panels.some((panel) => !panel.hidden && Math.max(panel.rows, panel.columns) > SMALL);
  const sizeOf = (panel) => (width < NARROW ? panel.size.split(",")[0] : panel.size);
  const shown = panels.filter((panel) => !panel.hidden).map((panel) => ({ ...panel, small: mixed && isSmall(panel), size: sizeOf(panel) }));
  if (shown.every((panel) => panel.at)) return lattice(shown, width, height, largest, unit) ?? flow(shown, width, height, largest, unit);
  const main = shown.reduce((most, panel) => (panel.rows > most.rows ? panel : most));
  const pixels = Math.max(1, main.rows / 16); // the cells of pictures are small, and still count
  let best = null;
  for (const folded of foldings(shown)) {
    for (let breaks = 0; breaks < 1 << Math.max(shown.length - 1, 0); breaks++) {
      const lines = [[folded[0]]];
      folded.slice(1).forEach((panel, i) => (breaks & (1 << i) ? lines.push([panel]) : lines.at(-1).push(panel)));
      const cell = fit(lines, width, height, largest, unit), kernel = folded.find((panel) => panel.role === "kernel");
      // The first kernel stays beside what it is applied to, what leads begins a line, and outputs that are compared stand in one;
      // where it makes no difference, few lines and a full first one.
      const parted = lines.slice(1).some(([first]) => first === kernel) || (breaks > 0 && lines.some((line) => line.slice(1).some(({ leads }) => leads)));
      const split = lines.slice(1).some(([first]) => first.beside && panels[first.index - 1].beside);
      const worth = cellOf(main, cell) * pixels * (parted ? 0.8 : split ? 0.9 : 1) - 0.5 * lines.length + (0.6 * lines[0].length) / shown.length;
      if (!best || worth > best.worth + 0.05) best = { lines, cell, worth };
    }
  }
  return placed(best.lines, best.cell, width, height, unit);
}

/** Panels where their lesson puts them, `joined` by arrows; null where the cells would be too small for that. */
function lattice(panels, width, height, largest, unit) {
  const lines = [];
  for (const panel of panels) (lines[panel.at[0]] ??= []).push(panel);
  const tallest = lines.map((line) => Math.max(...line.map((panel) => panel.rows))), wide = Math.max(...panels.map((panel) => panel.at[1] + columnsOf(panel)));
  const room = height - lines.length * TITLE * unit - (lines.length - 1) * LATTICE_GAP;
  const cell = Math.floor(Math.min(width / wide, room / tallest.reduce((sum, rows) => sum + rows, 0), largest));
  if (cell < SMALLEST) return null;
  const places = [], left = (width - wide * cell) / 2;
  let y = (room - tallest.reduce((sum, rows) => sum + rows, 0) * cell) / 2;
  lines.forEach((line, i) => {
    y += TITLE * unit;
    for (const panel of line) {
      const top = y + ((tallest[i] - panel.rows) * cell) / 2;
      places[panel.index] = { x: Math.round(left + panel.at[1] * cell), y: Math.round(top), cell, width: columnsOf(panel) * cell, height: panel.rows * cell, unit, strip: 0, across: panel.across, size: panel.size };
    }
    y += tallest[i] * cell + LATTICE_GAP;
  });
  for (const place of places) if (place) place.room = roomOf(place, places) - place.x;
  places.joined = true;
  return places;
}

/** Where the next thing stands on the right of a panel's title. */
function roomOf({ x, y, unit }, places) {
  const beside = places.filter((other) => other && other.x > x && other.y - TITLE * unit < y && other.y + other.height > y - TITLE * unit);
  return Math.min(...beside.map((other) => other.x));
}

/** Many panels line by line, as words are set, with the largest cell that leaves them room. */
function flow(panels, width, height, largest, unit) {
  const broken = (cell) => panels.reduce((lines, panel) => {
    const fits = measure([[...lines.at(-1), panel]], cell, unit).width <= width;
    return lines.at(-1).length && !fits ? [...lines, [panel]] : [...lines.slice(0, -1), [...lines.at(-1), panel]];
  }, [[]]);
  let cell = largest;
  const fits = () => {
    const size = measure(broken(cell), cell, unit);
    return size.width <= width && size.height <= height;
  };
  while (cell > 4 && !fits()) cell--;
  return placed(broken(cell), cell, width, height, unit);
}

/** Ways to lay out the channels of panels: all of them side by side, or in a few lines. */
function foldings(panels) {
  const found = [panels], several = panels.filter((panel) => panel.folds);
  const fold = (which) => panels.map((panel) => (which.includes(panel) ? { ...panel, across: rootOf(panel.channels) } : panel));
  if (several.length) found.push(fold(several));
  if (several.length > 1 && several.length < 4) found.push(...several.map((panel) => fold([panel])));
  return found;
}

/** The largest divisor up to the root. */
const rootOf = (count) => {
  for (let side = Math.floor(Math.sqrt(count)); ; side--) if (count % side === 0) return side;
};

// A panel's channels lie side by side, `across` of them to a line; each line has its channels' names above it.
const linesOf = (panel) => Math.ceil(panel.channels / panel.across);
const columnsOf = (panel) => panel.columns * panel.across + CHANNEL_GAP * (panel.across - 1);
const stripOf = (panel, unit) => (panel.labels ? LABEL * unit : 0);
const heightOf = (panel, cell, unit) => linesOf(panel) * panel.rows * cell + (linesOf(panel) - 1) * stripOf(panel, unit);
const headOf = (line, unit) => TITLE * unit + Math.max(...line.map((panel) => stripOf(panel, unit)));
const isSmall = (panel) => Math.max(panel.rows * linesOf(panel), columnsOf(panel)) <= SMALL;
const cellOf = (panel, cell) => (!panel.plain && panel.small && cell < READABLE ? Math.min(READABLE, Math.max(cell * 8, 8)) : cell);

function measure(lines, cell, unit) {
  const sized = lines.map((line) => ({
    width: line.reduce((sum, panel) => sum + Math.max(columnsOf(panel) * cellOf(panel, cell), titleWidth(panel) * unit), (line.length - 1) * GAP),
    height: Math.max(...line.map((panel) => heightOf(panel, cellOf(panel, cell), unit))) + headOf(line, unit),
  }));
  return { sized, width: Math.max(...sized.map((s) => s.width)), height: sized.reduce((sum, s) => sum + s.height, (lines.length - 1) * LINE_GAP) };
}

/** Room for the title of a panel, so that titles of narrow panels do not run into each other. */
const titleWidth = (panel) => 7 * (panel.title.length + panel.size.length + 1) + 16;

function fit(lines, width, height, largest, unit) {
  let low = 0, high = largest;
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2, size = measure(lines, middle, unit);
    if (size.width <= width && size.height <= height) low = middle;
    else high = middle;
  }
  return low;
}

function placed(lines, found, width, height, unit) {
  const cell = found >= 6 ? Math.floor(found) : found;
  const { sized, height: used } = measure(lines, cell, unit);
  const places = [];
  let y = Math.max((height - used) / 2, 0);
  lines.forEach((line, i) => {
    let x = Math.max((width - sized[i].width) / 2, 0);
    for (const panel of line) {
      const size = cellOf(panel, cell), wide = columnsOf(panel) * size, room = Math.max(wide, titleWidth(panel) * unit);
      const head = headOf(line, unit), high = heightOf(panel, size, unit), top = y + head + (sized[i].height - head - high) / 2;
      places[panel.index] = { x: Math.round(x), y: Math.round(top), cell: size, width: wide, height: high, unit, strip: stripOf(panel, unit), across: panel.across, size: panel.size };
      x += room + GAP;
    }
    y += sized[i].height + LINE_GAP;
  });
  return places;
}

/** Corner of a panel's cell on the board: [x, y]. */
export function corner(panel, place, cell) {
  const plane = panel.rows * panel.columns, channel = Math.floor(cell / plane), at = cell % plane;
  const column = at % panel.columns, row = Math.floor(at / panel.columns), line = Math.floor(channel / panel.across);
  const x = place.x + (column + (channel % panel.across) * (panel.columns + CHANNEL_GAP)) * place.cell;
  return [x, place.y + (row + line * panel.rows) * place.cell + line * place.strip];
}

/** Where a cell lies on the sheet that a panel's channels make together: [row, column]. */
export function onSheet(panel, cell) {
  const plane = panel.rows * panel.columns, channel = Math.floor(cell / plane), at = cell % plane;
  const row = Math.floor(channel / panel.across) * panel.rows + Math.floor(at / panel.columns);
  return [row, (channel % panel.across) * panel.columns + (at % panel.columns)];
}

/** The cell at a place of that sheet. */
export function fromSheet(panel, row, column) {
  const channel = Math.floor(row / panel.rows) * panel.across + Math.floor(column / panel.columns);
  return (channel * panel.rows + (row % panel.rows)) * panel.columns + (column % panel.columns);
}

/** Rows and columns of that sheet. */
export const sheetOf = (panel) => [linesOf(panel) * panel.rows, panel.across * panel.columns];

/** The panel and cell under a point of the board, or null. */
export function hit(panels, places, x, y) {
  for (const panel of panels) {
    const place = places[panel.index];
    if (!place || panel.veiled) continue;
    const pitch = panel.rows * place.cell + place.strip, line = Math.floor((y - place.y) / pitch), row = Math.floor((y - place.y - line * pitch) / place.cell);
    const along = (x - place.x) / place.cell, at = Math.floor(along / (panel.columns + CHANNEL_GAP)), column = Math.floor(along - at * (panel.columns + CHANNEL_GAP));
    const channel = line * panel.across + at;
    if (line < 0 || at < 0 || at >= panel.across || channel >= panel.channels || row >= panel.rows || column >= panel.columns) continue;
    return { panel: panel.index, cell: (channel * panel.rows + row) * panel.columns + column };
  }
  return null;
}
