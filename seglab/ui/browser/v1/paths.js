// What a cell of a network depends on, along one axis: the twin of nets/graph.py. Maps are listed from the image on; each has links, which
// are layers on earlier maps.

/** The cells of a link's map that one cell depends on, those in padding too. */
export function taps({ kernel, stride, padding, dilation, enlarges, inside }, cell) {
  const found = [];
  for (let tap = 0; tap < kernel; tap++) {
    if (!enlarges) found.push(cell * stride - padding + dilation * tap + inside);
    else if ((cell + padding - dilation * tap) % stride === 0) found.push((cell + padding - dilation * tap) / stride + inside);
  }
  return found;
}

/** For each map, by road, the cells that a cell of map `number` depends on, each with the number of ways; 0 only through padding. */
export function trace(maps, number, cell) {
  const seen = maps.map(() => new Map());
  const within = (at, place) => place >= 0 && place < maps[at].size;
  seen[number].set("", new Map([[cell, within(number, cell) ? 1 : 0]]));
  for (let at = number; at > 0; at--) {
    for (const link of maps[at].links) {
      for (const [road, cells] of [...seen[at]]) {
        const name = link.road || road, below = seen[link.source];
        if (!below.has(name)) below.set(name, new Map());
        const found = below.get(name);
        for (const [place, ways] of cells) {
          for (const source of taps(link, place)) found.set(source, (found.get(source) ?? 0) + (within(link.source, source) ? ways : 0));
        }
      }
    }
  }
  return seen;
}

/** All roads together: cell to ways. */
export function together(roads, only = null) {
  const all = new Map();
  for (const [road, cells] of roads) {
    if (only && !only(road)) continue;
    for (const [place, ways] of cells) all.set(place, (all.get(place) ?? 0) + ways);
  }
  return all;
}

/** First and last cell of a set, null where it is empty. */
export function ends(cells) {
  if (!cells || !cells.size) return null;
  let first = Infinity, last = -Infinity;
  for (const place of cells.keys()) {
    if (place < first) first = place;
    if (place > last) last = place;
  }
  return [first, last];
}

/** Cells in order, those beside each other as one run. */
export function runs(cells) {
  const found = [];
  for (const place of [...cells].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && last[1] === place - 1) last[1] = place;
    else found.push([place, place]);
  }
  return found;
}

/** "cells 3 to 7: 5 cells", with those outside the image named. */
export function toldRange([first, last], size) {
  const outside = Math.max(0, -first) + Math.max(0, last - size + 1), count = last - first + 1;
  if (first === last) return `cell ${minus(first)}${outside ? ", which is padding" : ""}`;
  return `cells ${minus(first)} to ${minus(last)}: ${count} cells${outside ? `, ${outside} of them padding` : ""}`;
}

export const minus = (number) => String(number).replace("-", "−");

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, text = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}
