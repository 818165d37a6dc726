/**
 * sharp, set up for files from strangers. Everything in pawdex that reads an image imports sharp from here, so that no
 * process can read one before the loaders are limited.
 */
import sharp from 'sharp';

// One libvips thread per image: the parallelism is across images, and memory stays flat under load.
// The operation cache only helps when the same file is opened twice; uploads never are.
sharp.concurrency(1);
sharp.cache(false);

const SVG_LOADER = 'VipsForeignLoadSvgBuffer';

// libvips also reads SVG, PDF, CSV and its own formats where a build has them, and UltraHDR in a way that decodes a
// gain map nobody asked for and cannot shrink on load. Blocking all of them leaves what is named here.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].flatMap((format) => [
    `VipsForeignLoad${format}Buffer`,
    `VipsForeignLoad${format}File`,
  ]),
});

/**
 * Draws an SVG that pawdex made itself; never pass one that came from outside.
 *
 * @param density pixels per inch; drawings are made for 96
 * @returns a PNG with a palette
 */
export async function drawOwnSvg(svg: string, density: number): Promise<Buffer> {
  sharp.unblock({ operation: [SVG_LOADER] });
  try {
    return await sharp(Buffer.from(svg), { density }).png({ palette: true }).toBuffer();
  } finally {
    sharp.block({ operation: [SVG_LOADER] });
  }
}

export type { OverlayOptions, Sharp } from 'sharp';
export { sharp };
