// What the bottleneck's pictures are made of: elements, canvases with a caption, sliders with their value beside them.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A number with two digits and the sign of minus. */
export function minus(value, digits = 2) {
  return value.toFixed(digits).replace("-", "−");
}

/** A canvas of `size` pixels a side under a caption. */
export function figure(title, size, role = "") {
  const canvas = h("canvas", { width: size, height: size, role: "img", "aria-label": title });
  return { canvas, element: h("figure", { class: role }, h("figcaption", {}, title), canvas) };
}

/** Draw grey values in 0 to 1. */
export function paint(canvas, size, at) {
  board(canvas, size, (i) => Array(3).fill(255 * at(i)));
}

/** Draw colours. */
export function board(canvas, size, at) {
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i += 1) image.data.set([...at(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A slider in a label with its value: its element, and what sets it. Keys stay here. */
export function range(name, low, high, step, moved) {
  const input = h("input", { type: "range", min: low, max: high, step, oninput: () => moved(Number(input.value)), onkeydown: (event) => event.stopPropagation() });
  const output = h("output"), words = h("span", {}, name), digits = step < 1 ? 2 : 0;
  const set = (value) => {
    if (Number(input.value) !== value) input.value = value;
    output.textContent = minus(value, digits);
  };
  input.addEventListener("input", () => (output.textContent = minus(Number(input.value), digits)));
  return { element: h("label", {}, words, input, output), set };
}
