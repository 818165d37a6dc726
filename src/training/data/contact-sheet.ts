/** Draws pictures in rows and columns, for people to look at. */
import { sharp } from '../../image/libvips.js';

/** Pixels between the pictures and around them. */
const GAP = 6;

/**
 * Draws a sheet of pictures on white.
 *
 * @param rows pictures, each uint8 [size, size, 3]; rows may differ in length
 * @returns a PNG
 */
export async function drawContactSheet(
  rows: readonly (readonly Uint8Array[])[],
  size: number,
): Promise<Buffer> {
  const columns = Math.max(...rows.map((row) => row.length));
  const width = GAP + columns * (size + GAP);
  const height = GAP + rows.length * (size + GAP);
  const sheet = new Uint8Array(width * height * 3).fill(255);
  for (const [r, row] of rows.entries()) {
    for (const [c, picture] of row.entries()) {
      for (let y = 0; y < size; y++) {
        const line = GAP + r * (size + GAP) + y;
        const at = line * width + GAP + c * (size + GAP);
        sheet.set(picture.subarray(y * size * 3, (y + 1) * size * 3), at * 3);
      }
    }
  }
  return sharp(sheet, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
