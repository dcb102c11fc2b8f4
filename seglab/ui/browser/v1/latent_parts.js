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

/** Numbers in rows. */
export function rows(values, count, width) {
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** Latent values by how much the codes vary in them, the most first. */
export function ordered(means) {
  const spread = (j) => {
    const mean = means.reduce((sum, z) => sum + z[j], 0) / means.length;
    return means.reduce((sum, z) => sum + (z[j] - mean) ** 2, 0);
  };
  return Array.from(means[0], (_, j) => [spread(j), j]).sort((a, b) => b[0] - a[0]).map(([, j]) => j);
}

/** A little more than what the codes cover, and at least two deviations of the prior. */
export function bounds(values) {
  const low = Math.min(-2.2, ...values), high = Math.max(2.2, ...values), more = 0.08 * (high - low);
  return [Math.floor((low - more) * 10) / 10, Math.ceil((high + more) * 10) / 10];
}

/** A difference as a colour: white nothing, black too bright, red too dark; in dark mode from the dark ground. */
export function signed(value, dark) {
  const share = Math.min(1, Math.abs(value)), ground = dark ? 24 : 255, ink = value < 0 ? [213, 60, 40] : dark ? [235, 235, 235] : [20, 20, 20];
  return ink.map((part) => Math.round(ground + (part - ground) * share));
}

/** Pictures side by side, `across` in a line. */
export function mosaic(canvas, pictures, size, across) {
  const gap = 2, down = Math.ceil(pictures.length / across);
  Object.assign(canvas, { width: across * (size + gap) - gap, height: down * (size + gap) - gap });
  const context = canvas.getContext("2d"), tile = new ImageData(size, size);
  pictures.forEach((made, number) => {
    for (let i = 0; i < size * size; i += 1) tile.data.set([255 * made[i], 255 * made[i], 255 * made[i], 255], 4 * i);
    context.putImageData(tile, (number % across) * (size + gap), Math.floor(number / across) * (size + gap));
  });
}
