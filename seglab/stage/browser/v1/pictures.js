// A picture of a person's own, read in the browser and sent nowhere: grey, its middle square, 128 x 128 pixels.

const SIDE = 128;
const LARGEST_FILE = 50_000_000; // bytes

/** Rows of grey values from 0 to 1 in hundredths; throws a sentence for what is no picture. */
export async function readPicture(file) {
  const name = `“${file.name.slice(0, 40)}”`;
  if (file.size > LARGEST_FILE) throw new Error(`${name} has ${Math.round(file.size / 1e6)} MB: take a picture of up to ${LARGEST_FILE / 1e6} MB`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${name} is no picture that this browser can read: take a PNG, JPEG or WebP file`);
  }
  const side = Math.min(bitmap.width, bitmap.height), context = new OffscreenCanvas(SIDE, SIDE).getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  const { data } = context.getImageData(0, 0, SIDE, SIDE), grey = (at) => 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  return Array.from({ length: SIDE }, (_, y) => Array.from({ length: SIDE }, (_, x) => Math.round((100 * grey(4 * (y * SIDE + x))) / 255) / 100));
}
