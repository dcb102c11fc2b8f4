// What the threshold and the flood have in common: elements, bytes, and a canvas of pixels.

export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const SVG = new Set(["svg", "path", "line", "rect", "g", "text", "circle", "polygon"]);

export function h(tag, attributes = {}, ...children) {
  const made = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Put pixels (height * width, three bytes each, from `colour(index)`) on a canvas. */
export function paint(canvas, height, width, colour) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d"), made = pen.createImageData(width, height);
  for (let at = 0; at < height * width; at += 1) {
    const [red, green, blue] = colour(at);
    made.data.set([red, green, blue, 255], 4 * at);
  }
  pen.putImageData(made, 0, 0);
}

/** A figure: words above a canvas that says what it shows. */
export function figure(title) {
  const canvas = h("canvas", { role: "img" }), head = h("b", {}, title), note = h("figcaption");
  return { box: h("figure", {}, head, canvas, note), canvas, head, note };
}

/** Calls `after` once nothing has happened for `rest` milliseconds. */
export function settling(after, rest = 400) {
  let waiting = 0;
  return (...told) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => after(...told), rest);
  };
}
