// A photo as it goes out: small, upright, and nothing of where and with what it was taken.

const SIDE = 1280;
const ENOUGH_BYTES = 200_000; // some seconds on a poor line
const QUALITIES = [0.75, 0.6, 0.45, 0.3];

/** The picture drawn anew, and its JPEG. Fails where it is no picture. */
export async function shrunk(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  let blob = null;
  for (const quality of QUALITIES) {
    blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && blob.size <= ENOUGH_BYTES) break;
  }
  if (!blob) throw new Error("no picture");
  return { canvas, blob };
}
