// The decoder of an autoencoder, from latent values to a picture: a linear layer, transposed convolutions of kernel 4 and stride 2 between
// ReLUs, a sigmoid at the end. `nets/autoencoder.py` is the same in PyTorch.

const KERNEL = 4;

/** The number that 16 bits of IEEE 754 stand for. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, power = (bits >> 10) & 31, rest = bits & 1023;
  if (power === 0) return sign * rest * 2 ** -24;
  if (power === 31) return rest ? NaN : sign * Infinity;
  return sign * (1 + rest / 1024) * 2 ** (power - 15);
}

/** Half-precision numbers, little-endian, in base64. */
export function halves(text) {
  const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), values = new Float32Array(raw.length / 2);
  for (let i = 0; i < values.length; i += 1) values[i] = half(raw[2 * i] | (raw[2 * i + 1] << 8));
  return values;
}

/** A decoder as Python sends it, its weights read: {latent, size, begin: {weight, bias}, up: [{weight, bias, from, to}]}. */
export function readDecoder({ latent, size, begin, up }) {
  const read = ({ weight, bias, ...more }) => ({ ...more, weight: halves(weight), bias: halves(bias) });
  return { latent, size, begin: read(begin), up: up.map(read) };
}

/** The picture, size x size values in 0 to 1, of latent values. */
export function decode({ latent, size, begin, up }, z) {
  let side = 4, maps = Float32Array.from(begin.bias);
  for (let i = 0; i < maps.length; i += 1) for (let j = 0; j < latent; j += 1) maps[i] += begin.weight[i * latent + j] * z[j];
  for (const layer of up) {
    maps = stamped(maps, side, layer);
    side *= 2;
  }
  if (side !== size) throw new Error(`the decoder makes ${side} pixels a side, not ${size}`);
  for (let i = 0; i < maps.length; i += 1) maps[i] = 1 / (1 + Math.exp(-maps[i]));
  return maps;
}

/** ReLU, then a transposed convolution of kernel 4, stride 2, padding 1: maps (from, side, side) to (to, 2 side, 2 side). Every value that is
 * not zero stamps its kernel; what falls into the padding is dropped. */
function stamped(maps, side, { weight, bias, from, to }) {
  const wide = 2 * side, made = new Float32Array(to * wide * wide), taps = KERNEL * KERNEL;
  for (let c = 0; c < to; c += 1) made.fill(bias[c], c * wide * wide, (c + 1) * wide * wide);
  for (let c = 0; c < from; c += 1) {
    for (let i = 0; i < side * side; i += 1) {
      const value = maps[c * side * side + i];
      if (value <= 0) continue;
      const top = 2 * Math.floor(i / side) - 1, left = 2 * (i % side) - 1;
      const first = Math.max(0, -left), last = Math.min(KERNEL, wide - left);
      for (let row = Math.max(0, -top); row < Math.min(KERNEL, wide - top); row += 1) {
        for (let o = 0; o < to; o += 1) {
          const place = (o * wide + top + row) * wide + left, at = (c * to + o) * taps + row * KERNEL;
          for (let column = first; column < last; column += 1) made[place + column] += value * weight[at + column];
        }
      }
    }
  }
  return made;
}

/** How far a normal distribution of that mean and log-variance is from the standard one, in nats. */
export function divergence(mean, logVariance) {
  return 0.5 * (mean ** 2 + Math.exp(logVariance) - 1 - logVariance);
}

/** The sum over pixels of (x - made)^2 / (2 noise^2). */
export function errorTerm(x, made, noise) {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += (x[i] - made[i]) ** 2;
  return sum / (2 * noise ** 2);
}

/** Standard normal numbers from a whole number, always the same ones (mulberry32 and Box and Muller). */
export function normals(seed, count) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}
