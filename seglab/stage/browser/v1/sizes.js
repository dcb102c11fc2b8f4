// Output sizes: the formula of every operator, and the inverse question. The twin of seglab/sizes.py.

const ENLARGING = new Set(["conv_transpose", "max_unpool"]);
export const setting = (kernel_size, stride, padding = 0, dilation = 1, output_padding = 0, ceil_mode = false) => ({
  kernel_size, stride, padding, dilation, output_padding, ceil_mode,
});

/** Output size along one axis; throws a sentence where the setting is impossible. */
export function axisSize(op, size, s) {
  refuseSetting(op, size, s);
  const extent = s.dilation * (s.kernel_size - 1) + 1;
  if (ENLARGING.has(op)) {
    const stamped = (size - 1) * s.stride + extent + s.output_padding;
    if (stamped - 2 * s.padding < 1) {
      const most = Math.floor((stamped - 1) / 2);
      throw new Error(`padding=${s.padding} leaves no output: ${stamped} - ${2 * s.padding} < 1; at most ${most} here`);
    }
    return stamped - 2 * s.padding;
  }
  const span = size + 2 * s.padding - extent;
  let out = (s.ceil_mode ? Math.ceil(span / s.stride) : Math.floor(span / s.stride)) + 1;
  if (s.ceil_mode && (out - 1) * s.stride >= size + s.padding) out -= 1;
  if (out < 1) {
    const room = size + 2 * s.padding + (s.ceil_mode ? s.stride - 1 : 0);
    const most = Math.floor((room - 1) / s.dilation) + 1;
    throw new Error(`kernel_size=${s.kernel_size} leaves no output: it spans ${extent} of ${room} cells; at most ${most} here`);
  }
  return out;
}

function refuseSetting(op, size, s) {
  const least = { size: 1, kernel_size: 1, stride: 1, padding: 0, dilation: 1, output_padding: 0 };
  for (const [name, value] of Object.entries({ size, ...s })) {
    if (name in least && value < least[name]) throw new Error(`${name}=${value} is too small: at least ${least[name]}`);
  }
  if (s.output_padding && op !== "conv_transpose") {
    throw new Error(`output_padding=${s.output_padding} belongs to conv_transpose, not to ${op}: leave it at 0`);
  }
  const limit = Math.max(s.stride, s.dilation);
  if (s.output_padding && s.output_padding >= limit) {
    throw new Error(`output_padding=${s.output_padding} must be smaller than stride or dilation: at most ${limit - 1} here`);
  }
  if (s.dilation > 1 && (op === "avg_pool" || op === "max_unpool")) {
    throw new Error(`dilation=${s.dilation} is not defined for ${op}: leave it at 1`);
  }
  const pooling = op === "max_pool" || op === "avg_pool";
  if (s.ceil_mode && !pooling) throw new Error(`ceil_mode belongs to pooling, not to ${op}: leave it off`);
  const half = Math.floor(s.kernel_size / 2);
  if (pooling && s.padding > half) throw new Error(`padding=${s.padding} is more than half the pooling kernel: at most ${half} here`);
}

/** Every setting within `ranges` that takes `size` to `target` along one axis, sorted as Python sorts them. */
export function solve(op, size, target, ranges) {
  const found = [];
  for (const kernel of ranges.kernel_size) for (const stride of ranges.stride) for (const padding of ranges.padding) {
    for (const dilation of ranges.dilation) for (const extra of ranges.output_padding) for (const ceil of ranges.ceil_mode) {
      const candidate = setting(kernel, stride, padding, dilation, extra, ceil);
      try {
        if (axisSize(op, size, candidate) === target) found.push(candidate);
      } catch { /* an impossible setting is no answer */ }
    }
  }
  return found;
}

/** Input cells along one axis that no window reads. */
export function unread(op, size, s) {
  if (ENLARGING.has(op)) return [];
  const read = new Set();
  for (let y = axisSize(op, size, s) - 1; y >= 0; y--) {
    for (let tap = 0; tap < s.kernel_size; tap++) read.add(s.stride * y + s.dilation * tap - s.padding);
  }
  return [...Array(size).keys()].filter((cell) => !read.has(cell));
}

/**
 * The formula of one axis with this setting's numbers, as text: "⌊(7 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = 3". Padding that differs before and
 * after is given as `sides` and written as a sum.
 */
export function substituted(op, size, s, sides = null) {
  const extent = `${s.dilation}·(${s.kernel_size} − 1)`;
  if (ENLARGING.has(op)) {
    const extra = op === "conv_transpose" ? ` + ${s.output_padding}` : "";
    return `(${size} − 1)·${s.stride} − 2·${s.padding} + ${extent}${extra} + 1 = ${axisSize(op, size, s)}`;
  }
  const [open, close] = s.ceil_mode ? ["⌈", "⌉"] : ["⌊", "⌋"];
  if (sides) {
    const whole = substituted(op, size + sides[0] + sides[1], s);
    return whole.replace(`(${size + sides[0] + sides[1]} + 2·0`, `(${size} + ${sides[0]} + ${sides[1]}`);
  }
  const top = size + 2 * s.padding - s.dilation * (s.kernel_size - 1) - 1;
  const told = `${open}(${size} + 2·${s.padding} − ${extent} − 1) / ${s.stride}${close} + 1 = ${open}${top} / ${s.stride}${close} + 1`;
  const dropped = s.ceil_mode && Math.ceil(top / s.stride) + 1 > axisSize(op, size, s);
  return `${told}${dropped ? " − 1 (no window starts in the far padding)" : ""} = ${axisSize(op, size, s)}`;
}
