// The loss of a predicted mask, and how well it fits. The twin of seglab/losses.py.

const SMALLEST = 1e-12;

/** The summed binary cross-entropy and its gradient by the probabilities: {loss, gradient}. */
export function binaryCrossEntropy(probabilities, truth) {
  let loss = 0;
  const gradient = Float64Array.from(probabilities, (p, cell) => {
    loss -= Math.log(Math.max(truth[cell] > 0.5 ? p : 1 - p, SMALLEST));
    return (p - truth[cell]) / Math.max(p * (1 - p), SMALLEST);
  });
  return { loss, gradient };
}

/** Cells in both masks, in either, and cells that are right. */
export function maskScores(probabilities, truth, threshold = 0.5) {
  let both = 0, either = 0, right = 0;
  probabilities.forEach((p, cell) => {
    const found = p > threshold, real = truth[cell] > 0.5;
    both += found && real;
    either += found || real;
    right += found === real;
  });
  return { both, either, right };
}
