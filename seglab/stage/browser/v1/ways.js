// Steps of a recipe that lean on a pooling step: ways back up, its gradient, grids of its output's size. The twin of seglab/stage/ways.py.

import { exchange, makeRows } from "./rows.js";
import { Trace } from "./trace.js";

export const WAYS = ["nearest", "bed_of_nails", "max_unpool", "bilinear", "align_corners"]; // those without a kernel

/** The operator of a way back up by the stride of `pooled`, and its options. Max unpooling also gives back the size that was pooled. */
export function wayBack(way, { used, kernelSize, inputs }) {
  const { stride } = used;
  if (way === "max_unpool") {
    return ["max_unpool2d", { kernel_size: kernelSize, stride, padding: used.padding.map(([before]) => before), output_size: inputs[0].shape.slice(1) }];
  }
  if (way === "bed_of_nails") return [way, { scale: stride }];
  if (way === "conv_transpose") return ["conv_transpose2d", { stride }];
  return ["interpolate", { scale_factor: stride, ...(way !== "nearest" && { mode: "bilinear", align_corners: way === "align_corners" }) }];
}

/** `trace` with its columns exchanged, applied to a gradient of its output; of max and min only the winning rows. The twin of `transpose`. */
export function backward(trace, gradient) {
  const { rows } = trace, winners = trace.reduce === "sum" ? null : Array.from(trace.winners).filter((row) => row >= 0);
  const chosen = (column) => (winners && column ? column.constructor.from(winners, (row) => column[row]) : column);
  const acting = makeRows(...["out", "inp", "weight", "coef"].map((name) => chosen(rows[name])));
  return new Trace({
    op: "transpose", dims: trace.dims, inputs: [gradient], grids: [trace.outGrid], rows: exchange(acting), outGrid: trace.grids[0],
    weight: trace.weight, kernelSize: trace.kernelSize,
  });
}

/** A grid {data, shape [H, W]} cut or repeated to the height and width of `shape`, as one channel. */
export function fitted({ data, shape: [h, w] }, shape) {
  const [height, width] = shape.slice(-2);
  return { data: Float64Array.from({ length: height * width }, (_, i) => data[(Math.floor(i / width) % h) * w + ((i % width) % w)]), shape: [1, height, width] };
}
