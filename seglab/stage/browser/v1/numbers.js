// Numbers as people read them: three digits in a cell, all of them in the ledger, and a true minus sign.

const minus = (text) => text.replace("-", "−");

/** At most three significant digits (or as many as given), one less below a tenth; "−0" is 0. */
export function short(value, digits = 3) {
  if (value === Infinity) return "∞";
  if (value === -Infinity) return "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1000) return minus(String(value + 0));
  const size = Math.abs(value);
  if (size >= 1000) return minus(size >= 999500 ? `${trimmed(value / 1e6, digits)}M` : `${trimmed(value / 1e3, digits)}k`);
  if (size < 0.0005) return size === 0 ? "0" : minus(value.toExponential(0).replace("e-", "e−"));
  return minus(trimmed(value, digits));
}

function trimmed(value, digits) {
  const text = value.toPrecision(Math.abs(value) < 0.1 ? digits - 1 : digits);
  const plain = text.includes("e") ? String(Number(text)) : text;
  return plain.includes(".") ? plain.replace(/\.?0+$/, "").replace(/^(-?)0\./, "$1.") : plain;
}

/** The exact value, without the noise of the last binary digits. */
export function exact(value) {
  if (!Number.isFinite(value)) return short(value);
  const text = String(Number(value.toPrecision(12)));
  return minus(text === "-0" ? "0" : text);
}

/** A text with its long decimals in four digits: for numbers that were measured, of which nobody reads the rest. */
export const measured = (text) => text.replace(/\d*\.\d{4,}(e[−-]?\d+)?/g, (number) => exact(Number(Number(number.replace("−", "-")).toPrecision(4))));
