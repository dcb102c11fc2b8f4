// A small line chart: one curve with named axes, as SVG.

import { exact } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg", WIDTH = 360, HEIGHT = 120, LEFT = 44, BOTTOM = 30, TOP = 8;

function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A chart {element, draw(values)}: `values` over their count, from 0 up. `mark` is a level that is drawn as a dashed line. */
export function makeChart({ x, y, label }) {
  const curve = s("polyline", { class: "curve", points: "" }), level = s("line", { class: "level", x1: LEFT, x2: WIDTH });
  const top = s("text", { x: LEFT - 5, y: TOP + 9, "text-anchor": "end" }, ""), end = s("text", { x: WIDTH, y: HEIGHT - 15, "text-anchor": "end" }, "");
  const element = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    s("path", { class: "axes", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH}` }), level, curve, top, end,
    s("text", { x: LEFT - 5, y: HEIGHT - BOTTOM, "text-anchor": "end" }, "0"), s("text", { x: LEFT, y: HEIGHT - 15 }, "0"),
    s("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 2, "text-anchor": "middle" }, x),
    s("text", { transform: `translate(11 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, y));
  return {
    element,
    draw(values, mark = null) {
      const most = Math.max(...values, mark ?? 0, 1e-9), count = Math.max(values.length - 1, 10);
      const at = (value) => TOP + (HEIGHT - BOTTOM - TOP) * (1 - value / most);
      curve.setAttribute("points", values.map((value, i) => `${(LEFT + ((WIDTH - LEFT) * i) / count).toFixed(1)},${at(value).toFixed(1)}`).join(" "));
      for (const side of ["y1", "y2"]) level.setAttribute(side, at(mark ?? 0));
      level.setAttribute("visibility", mark === null ? "hidden" : "visible");
      top.textContent = exact(Number(most.toPrecision(2)));
      end.textContent = String(count);
    },
  };
}
