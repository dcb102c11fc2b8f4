// What the pictures of the page Use share: their pixels, and small helpers for elements.

const SVG = "http://www.w3.org/2000/svg";

export const count = (n) => n.toLocaleString("en-GB");

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function svg(tag, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** A picture's width, height and bytes, four a pixel. */
export async function pixels(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  const pen = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  pen.drawImage(picture, 0, 0);
  return { width: picture.width, height: picture.height, data: pen.getImageData(0, 0, picture.width, picture.height).data };
}

/** One byte of every pixel: what a grey picture holds. */
export function bytes({ width, height, data }) {
  const found = new Uint8Array(width * height);
  for (let i = 0; i < found.length; i += 1) found[i] = data[4 * i];
  return found;
}
