// Memory: rows, grids and traces that were worked out lately are taken as they are. While a picture is dragged only what follows from the
// shift is new; sizes and settings stay, and so do the rows and links that they make.

/**
 * `make`, with its latest results kept by its arguments (plain data): as many as hold `most` numbers in all, by `sizeOf`. Nobody may change
 * what it returns.
 */
export function remembering(make, sizeOf, most) {
  const known = new Map();
  let held = 0;
  return (...given) => {
    const key = JSON.stringify(given);
    let found = known.get(key);
    if (found === undefined) held += sizeOf((found = make(...given)));
    else known.delete(key);
    known.set(key, found); // the latest stands last
    for (const [old, value] of known) {
      if (held <= most || old === key) break;
      known.delete(old);
      held -= sizeOf(value);
    }
    return found;
  };
}

/** `make(object, ...rest)`, its last `most` results for one object kept as long as the object lives, by `keyOf(...rest)`. */
export function keptWith(make, keyOf = () => "", most = 4) {
  const known = new WeakMap();
  return (object, ...rest) => {
    if (!known.has(object)) known.set(object, new Map());
    const kept = known.get(object), key = keyOf(...rest);
    const found = kept.has(key) ? kept.get(key) : make(object, ...rest);
    kept.delete(key);
    kept.set(key, found); // the latest stands last
    if (kept.size > most) kept.delete(kept.keys().next().value);
    return found;
  };
}

const numbers = new WeakMap();
let last = 0;

/** A number of its own for every object. */
export function idOf(object) {
  if (!numbers.has(object)) numbers.set(object, ++last);
  return numbers.get(object);
}
