/**
 * Configures sharp for untrusted files. Import sharp only from here, so that no image is read before the loaders are
 * restricted.
 */
import sharp from 'sharp';

// One libvips thread per image: the parallelism is across images, and memory stays flat under load.
// The operation cache only helps when the same file is opened twice; uploads never are.
sharp.concurrency(1);
sharp.cache(false);

const SVG_LOADER = 'VipsForeignLoadSvgBuffer';

// Some builds of libvips also read SVG, PDF, CSV and its own formats. It reads UltraHDR with a gain map that is not
// needed here, and cannot shrink it on load. Block all loaders except these.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].flatMap((format) => [
    `VipsForeignLoad${format}Buffer`,
    `VipsForeignLoad${format}File`,
  ]),
});

/**
 * Renders an SVG that pawdex created. Never pass one from elsewhere.
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

export type { FailOnOptions, Metadata, OverlayOptions, Sharp } from 'sharp';
export { sharp };
