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
  const place = (index: number) => GAP + index * (size + GAP);
  const width = place(Math.max(...rows.map((row) => row.length)));
  const height = place(rows.length);
  const pictures = rows.flatMap((row, r) =>
    row.map((picture, c) => ({
      input: Buffer.from(picture),
      raw: { width: size, height: size, channels: 3 as const },
      left: place(c),
      top: place(r),
    })),
  );
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite(pictures)
    .removeAlpha()
    .png()
    .toBuffer();
}
