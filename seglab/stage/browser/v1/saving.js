// Charts as files: SVG with its colours written out, PNG at twice the size, or the numbers as JSON. Each says what it shows, by which setting.

import { h, s } from "./dom.js";

const SCALE = 2; // pixels of a PNG for each of the chart's
const EDGE = 8; // room around it
const LONGEST = 80; // letters of a file's name
const SHORT = 16; // and of a value in it
const WRITTEN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size"];

/** The buttons that save a chart {element, numbers}; `kind` is its name in the file's. */
export function makeSaving(stage, kind, chart) {
  const save = async (suffix) => {
    const told = about(stage, kind, chart);
    download(await FILES[suffix](chart.element, told, stage.element), `${told.name}.${suffix}`);
  };
  const buttons = Object.keys(FILES).map((suffix) => h("button", { type: "button", "aria-label": `Save this chart as ${suffix.toUpperCase()}`, onclick: () => save(suffix) }, suffix.toUpperCase()));
  return h("div", { class: "saving" }, h("span", {}, "Save:"), buttons);
}

/** What travels with a file: what the chart shows, its numbers, and the setting. */
function about(stage, kind, { element, numbers }) {
  const { lesson, state } = stage, link = stage.linked(), parts = [...new URLSearchParams(link)].filter(([key, value]) => key !== "v" && value.length <= SHORT);
  const name = [lesson.name, kind, ...parts.map(([key, value]) => `${key}${value}`)].join("-");
  return {
    name: name.length <= LONGEST ? name : `${lesson.name}-${kind}-stop${state.stop}`,
    told: { seglab: "1", lesson: lesson.name, link: `${lesson.name}${link && "?"}${link}`, title: element.getAttribute("aria-label"), numbers },
  };
}

const FILES = {
  svg: async (element, { told }, stage) => new Blob([written(element, told, stage)], { type: "image/svg+xml" }),
  png: async (element, { told }, stage) => {
    const { width, height } = sizeOf(element), image = new Image(), canvas = h("canvas", { width: width * SCALE, height: height * SCALE });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(written(element, told, stage))}`;
    await image.decode();
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    return new Blob([withText(new Uint8Array(await blob.arrayBuffer()), "seglab", JSON.stringify(told))], { type: "image/png" });
  },
  json: async (element, { told }) => new Blob([JSON.stringify(told)], { type: "application/json" }),
};

function sizeOf(element) {
  const { width, height } = element.viewBox.baseVal;
  return { width: width + 2 * EDGE, height: height + 2 * EDGE };
}

/** A copy of an SVG element that needs no style sheet, as text. */
function written(element, told, stage) {
  const copy = element.cloneNode(true), size = sizeOf(element), own = element.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((part, i) => {
    const style = getComputedStyle(own[i]);
    for (const name of WRITTEN) part.style.setProperty(name, style.getPropertyValue(name));
    part.removeAttribute("class");
  });
  copy.removeAttribute("class");
  const frame = { ...size, viewBox: `${-EDGE} ${-EDGE} ${size.width} ${size.height}` };
  for (const [name, value] of Object.entries(frame)) copy.setAttribute(name, value);
  const paper = s("rect", { x: -EDGE, y: -EDGE, ...size, fill: getComputedStyle(stage).backgroundColor });
  copy.prepend(s("title", {}, told.title), s("metadata", {}, JSON.stringify(told)), paper);
  return new XMLSerializer().serializeToString(copy);
}

/** A PNG with a text in front of its pixels (an uncompressed iTXt chunk). */
function withText(png, keyword, text) {
  const body = new TextEncoder().encode(`iTXt${keyword}\0\0\0\0\0${text}`), chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc(body));
  const head = 8 + 25; // the signature and the header chunk, which must come first
  return new Blob([png.subarray(0, head), chunk, png.subarray(head)]);
}

/** The check sum of a PNG's chunk. */
function crc(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
