// Elements, made in one line.

/** An element: `on…` attributes are listeners, false and null ones are left out, true ones are empty. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const ICONS = {
  first: "M5 5v14M19 5 9 12l10 7z",
  back: "M17 5 7 12l10 7z",
  play: "M7 4.5v15L20 12z",
  pause: "M7 5h4v14H7zM14 5h4v14h-4z",
  forward: "m7 5 10 7-10 7z",
  last: "M19 5v14M5 5l10 7-10 7z",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2",
  present: "M3 4h18v12H3zM12 16v4M8 20h8",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  unlock: "M7 11V8a5 5 0 0 1 9.6-2M5 11h14v9H5z",
  brush: "M4 20c3 0 4-1 4-3.5A2.5 2.5 0 0 1 12.5 16C12.5 19 9 21 4 20zM11 14 19.5 4.5l1.5 1.5L13 15.500",
};

/** A small drawing in the colour of the text around it; the words beside it say what it is. */
export const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));

/** Put `text` into an element only where it differs, which spares the layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
