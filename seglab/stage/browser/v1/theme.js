// Theme: the palette of the stage for light and dark, from the page's own variables. Roles are Okabe and Ito's colours.

const ROLES = {
  light: { input: "#0072B2", kernel: "#E69F00", output: "#009E73", skip: "#CC79A7", difference: "#D55E00" },
  dark: { input: "#58ACE4", kernel: "#F2B742", output: "#35C79B", skip: "#DE9CC0", difference: "#F0824D" },
};
const NEGATIVE = { light: "#B3142C", dark: "#E0455C" };

/** The palette for the element that the stage stands in. */
export function readTheme(host) {
  const style = getComputedStyle(host), variable = (name, usual) => style.getPropertyValue(name).trim() || usual;
  const paper = variable("--st-background-color", "#ffffff"), ink = variable("--st-text-color", "#1b1f24");
  const mode = luminance(rgb(paper)) < 0.4 ? "dark" : "light";
  return {
    mode, paper, ink, roles: ROLES[mode],
    font: variable("--st-font", "system-ui, sans-serif"),
    mono: variable("--st-code-font", "ui-monospace, monospace"),
    line: mix(rgb(paper), rgb(ink), 0.22),
    faint: mix(rgb(paper), rgb(ink), 0.1),
    muted: mix(rgb(paper), rgb(ink), 0.62),
    up: ramp(rgb(paper), rgb(ink), 0.72),
    down: ramp(rgb(paper), rgb(NEGATIVE[mode]), 0.88),
    hatch: null,
  };
}

const STEPS = 64;

/** Fills from paper to the end of the scale, each with the ink that is readable on it. */
function ramp(from, to, most) {
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const colour = blend(from, to, (most * i) / STEPS);
    return { fill: css(colour), rgb: colour, word: wordOf(colour), ink: luminance(colour) > 0.2 ? "#16191d" : "#ffffff" };
  });
}

/** A colour as the four bytes of a canvas pixel, in the order of this machine. */
export function wordOf(colour) {
  return new Uint32Array(new Uint8ClampedArray([...colour, 255]).buffer)[0];
}

/** The fill of a value on the scale of a grid whose largest magnitude is `largest`. */
export function fillOf(theme, value, largest) {
  const share = largest > 0 ? Math.min(Math.abs(value) / largest, 1) : 0;
  return (value < 0 ? theme.down : theme.up)[Math.round(share * STEPS)];
}

/** Black or white, whichever is readable on a role's colour. */
export const inkOn = (colour) => (luminance(rgb(colour)) > 0.2 ? "#16191d" : "#ffffff");

/** A colour with an opacity. */
export const veil = (colour, alpha) => `rgba(${rgb(colour).join(", ")}, ${alpha})`;

function rgb(colour) {
  if (colour.startsWith("#")) {
    const hex = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }
  return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
}

const blend = (a, b, share) => a.map((part, i) => Math.round(part + (b[i] - part) * share));
const css = (colour) => `rgb(${colour.join(", ")})`;
const mix = (a, b, share) => css(blend(a, b, share));

function luminance(colour) {
  const [r, g, b] = colour.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const GREYS = ramp([0, 0, 0], [255, 255, 255], 1);

/** The fill of a photograph's value: 0 black, 1 white, in light and dark alike. */
export const greyOf = (value) => GREYS[Math.round(Math.min(Math.max(value, 0), 1) * STEPS)];
