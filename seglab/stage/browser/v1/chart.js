// Small charts as SVG, with named axes: a curve, and points in a plane with the line that parts them.

import { s } from "./dom.js";
import { exact } from "./numbers.js";

const WIDTH = 360, HEIGHT = 120, LEFT = 44, BOTTOM = 30, TOP = 8;
const brief = (value) => exact(Number(value.toPrecision(2)));

const text = (attributes, words = "") => s("text", attributes, words);

/** What both charts have: axes with names, and the words at their ends. */
function framed({ x, y, label }, height) {
  const bottom = height - BOTTOM, ends = { x: text({ x: WIDTH, y: bottom + 14, "text-anchor": "end" }), y: text({ x: LEFT - 5, y: TOP + 9, "text-anchor": "end" }) };
  const starts = { x: text({ x: LEFT, y: bottom + 14 }, "0"), y: text({ x: LEFT - 5, y: bottom, "text-anchor": "end" }, "0") };
  const element = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    s("path", { class: "axes", d: `M${LEFT} ${TOP}V${bottom}H${WIDTH}` }), ends.x, ends.y, starts.x, starts.y,
    text({ x: (LEFT + WIDTH) / 2, y: height - 2, "text-anchor": "middle" }, x),
    text({ transform: `translate(11 ${(TOP + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y));
  return { element, ends, starts, bottom };
}

/** A chart {element, numbers, draw(values, mark)}: `values` over their count, from 0 up; `mark` is a level {value, words} drawn as a dashed line. */
export function makeCurve(names) {
  const { element, ends, bottom } = framed(names, HEIGHT);
  const curve = s("polyline", { class: "curve", points: "" }), level = s("line", { class: "level", x1: LEFT, x2: WIDTH }), words = text({ x: WIDTH, "text-anchor": "end" });
  element.append(level, curve, words);
  return {
    element,
    draw(values, mark) {
      this.numbers = { values: [...values], [mark.words]: mark.value };
      const most = Math.max(...values, mark.value, 1e-9), count = Math.max(values.length - 1, 10), at = (value) => TOP + (bottom - TOP) * (1 - value / most);
      curve.setAttribute("points", values.map((value, i) => `${(LEFT + ((WIDTH - LEFT) * i) / count).toFixed(1)},${at(value).toFixed(1)}`).join(" "));
      for (const side of ["y1", "y2"]) level.setAttribute(side, at(mark.value));
      words.setAttribute("y", at(mark.value) + 12);
      words.textContent = mark.words;
      ends.y.textContent = brief(most);
      ends.x.textContent = String(count);
    },
  };
}

const TALL = 170;

/**
 * Points in a plane {element, numbers, draw(points, [a, b, c])}: each point is {x, y, real, right}; the line is a x + b y + c = 0, and the side where
 * that is above 0 is shaded.
 */
export function makePlane(names) {
  const { element, ends, starts, bottom } = framed(names, TALL);
  const side = s("polygon", { class: "side" }), line = s("line", { class: "level" }), marks = s("g", {});
  element.append(side, line, marks);
  return {
    element,
    draw(points, [a, b, c]) {
      this.numbers = { points, line: [a, b, c] };
      const range = (values) => {
        const low = Math.min(0, ...values), high = Math.max(1e-6, ...values), pad = (high - low) * 0.12;
        return [low - (low < 0 ? pad : 0), high + pad];
      };
      const [x0, x1] = range(points.map(({ x }) => x)), [y0, y1] = range(points.map(({ y }) => y));
      const across = (x) => LEFT + 8 + ((WIDTH - LEFT - 8) * (x - x0)) / (x1 - x0), up = (y) => bottom - 8 - ((bottom - 8 - TOP) * (y - y0)) / (y1 - y0);
      const corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], score = ([x, y]) => a * x + b * y + c;
      // The part of the frame where the score is above 0, and the two places where its edge crosses to below.
      const inside = [], crossings = [];
      corners.forEach((from, i) => {
        const to = corners[(i + 1) % 4], before = score(from), after = score(to);
        if (before > 0) inside.push(from);
        if (before > 0 === after > 0) return;
        const share = before / (before - after), cut = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
        inside.push(cut);
        crossings.push(cut);
      });
      side.setAttribute("points", inside.map(([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(" "));
      line.setAttribute("visibility", crossings.length === 2 ? "visible" : "hidden");
      crossings.forEach(([x, y], i) => {
        line.setAttribute(`x${i + 1}`, across(x).toFixed(1));
        line.setAttribute(`y${i + 1}`, up(y).toFixed(1));
      });
      marks.replaceChildren(...points.map(({ x, y, real, right }) =>
        s("circle", { class: `${real ? "real" : "other"} ${right ? "" : "wrong"}`, cx: across(x).toFixed(1), cy: up(y).toFixed(1), r: real ? 4.5 : 4 })));
      starts.x.textContent = brief(x0);
      starts.y.textContent = brief(y0);
      ends.x.textContent = brief(x1);
      ends.y.textContent = brief(y1);
    },
  };
}
