// Layout: where each panel stands on the board. The largest cell that fits wins, over all ways to break the panels into rows.

const TITLE = 26; // height of a panel's title
const GAP = 36, LINE_GAP = 14, CHANNEL_GAP = 0.6; // between panels, between lines, between channels (in cells)
const LATTICE_GAP = 34, SMALLEST = 15; // between the lines of a lattice, where arrows run; and the smallest cells it is drawn with
const READABLE = 26; // small grids keep cells of this size where there is room

/** Panels' places on a board of `width` x `height`: [{x, y, cell, width, height}], by panel index; hidden panels have none. */
export function arrange(panels, width, height, { largest, unit }) {
  const shown = panels.filter((panel) => !panel.hidden);
  if (shown.every((panel) => panel.at)) return lattice(shown, width, height, largest, unit) ?? flow(shown, width, height, largest, unit);
  let best = null;
  for (let breaks = 0; breaks < 1 << Math.max(shown.length - 1, 0); breaks++) {
    const lines = [[shown[0]]];
    shown.slice(1).forEach((panel, i) => (breaks & (1 << i) ? lines.push([panel]) : lines.at(-1).push(panel)));
    const cell = fit(lines, width, height, largest, unit), kernel = shown.find((panel) => panel.role === "kernel");
    const parted = lines.slice(1).some(([first]) => first === kernel);
    // The first kernel stays beside what it is applied to; where it makes no difference, few lines and a full first one.
    const worth = cell * (parted ? 0.8 : 1) - 0.5 * lines.length + (0.6 * lines[0].length) / shown.length;
    if (!best || worth > best.worth + 0.05) best = { lines, cell, worth };
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
      places[panel.index] = { x: Math.round(left + panel.at[1] * cell), y: Math.round(top), cell, width: columnsOf(panel) * cell, height: panel.rows * cell, unit };
    }
    y += tallest[i] * cell + LATTICE_GAP;
  });
  places.joined = true;
  return places;
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

const columnsOf = (panel) => panel.columns * panel.channels + CHANNEL_GAP * (panel.channels - 1);
const isSmall = (panel) => Math.max(panel.rows, columnsOf(panel)) <= 12;
const cellOf = (panel, cell) => (!panel.plain && isSmall(panel) && cell < READABLE ? Math.min(READABLE, Math.max(cell * 8, 8)) : cell);

function measure(lines, cell, unit) {
  const sized = lines.map((line) => ({
    width: line.reduce((sum, panel) => sum + Math.max(columnsOf(panel) * cellOf(panel, cell), titleWidth(panel) * unit), (line.length - 1) * GAP),
    height: Math.max(...line.map((panel) => panel.rows * cellOf(panel, cell))) + TITLE * unit,
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
      const title = TITLE * unit, top = y + title + (sized[i].height - title - panel.rows * size) / 2;
      places[panel.index] = { x: Math.round(x), y: Math.round(top), cell: size, width: wide, height: panel.rows * size, unit };
      x += room + GAP;
    }
    y += sized[i].height + LINE_GAP;
  });
  return places;
}

/** Corner of a panel's cell on the board: [x, y]. */
export function corner(panel, place, cell) {
  const plane = panel.rows * panel.columns, channel = Math.floor(cell / plane), at = cell % plane;
  const column = at % panel.columns, row = Math.floor(at / panel.columns);
  return [place.x + (column + channel * (panel.columns + CHANNEL_GAP)) * place.cell, place.y + row * place.cell];
}

/** The panel and cell under a point of the board, or null. */
export function hit(panels, places, x, y) {
  for (const panel of panels) {
    const place = places[panel.index];
    if (!place || panel.veiled) continue;
    const row = Math.floor((y - place.y) / place.cell), across = (x - place.x) / place.cell;
    const channel = Math.floor(across / (panel.columns + CHANNEL_GAP)), column = Math.floor(across - channel * (panel.columns + CHANNEL_GAP));
    if (row < 0 || row >= panel.rows || channel < 0 || channel >= panel.channels || column < 0 || column >= panel.columns) continue;
    return { panel: panel.index, cell: (channel * panel.rows + row) * panel.columns + column };
  }
  return null;
}
