// How close one image comes to another. The twin of seglab/psnr.py.

/** The peak signal-to-noise ratio of two arrays with values from 0 to `peak`, in decibels; Infinity where there is no difference. */
export function psnr(image, other, peak = 1) {
  let sum = 0;
  for (let i = 0; i < image.length; i++) sum += (image[i] - other[i]) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((peak ** 2 * image.length) / sum);
}
