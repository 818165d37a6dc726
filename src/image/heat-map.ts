/** Draws a photo with the heat map of an explanation. */
import { type PreparedImage, renderPrepared } from './decode.js';
import { computeHeatColours, type ShareMap } from './heat-colours.js';
import { type OverlayOptions, sharp } from './libvips.js';
import { computeCentreSquare, type Size } from './regions.js';

/** Longest side of the picture in pixels; a smaller photo is not enlarged. */
export const HEAT_MAP_SIDE = 1024;

/**
 * Draws a map over its photo: dark for small shares, through red to yellow for the largest, blue for negative ones. The
 * area outside the centre square, which the encoder does not see, is covered in grey.
 *
 * @param image accepted by `decodePrepared` before
 * @returns a PNG, upright, at most {@link HEAT_MAP_SIDE} pixels on the longest side
 * @throws PawdexError image_corrupt
 */
export async function renderHeatMap(image: PreparedImage, map: ShareMap): Promise<Buffer> {
  const { data, width, height } = await renderPrepared(image, (photo) =>
    photo.resize({
      width: HEAT_MAP_SIDE,
      height: HEAT_MAP_SIDE,
      fit: 'inside',
      withoutEnlargement: true,
    }),
  );
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([await drawOverlay(map, { width, height })])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Draws the colours over the centre square, and grey over the rest. */
async function drawOverlay(map: ShareMap, photo: Size): Promise<OverlayOptions> {
  const seen = computeCentreSquare(photo);
  const { data, width, height } = computeHeatColours(map, seen);
  const left = Math.round(seen.left * photo.width);
  const top = Math.round(seen.top * photo.height);
  const right = Math.round((seen.left + seen.width) * photo.width);
  const bottom = Math.round((seen.top + seen.height) * photo.height);
  const square = { width: right - left, height: bottom - top, channels: 4 } as const;
  // Do not pass on sharp's description of its raw pixels: it wrongly calls them premultiplied.
  const coloured = await sharp(data, { raw: { width, height, channels: 4 } })
    .resize(square.width, square.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  const input = await sharp(coloured, { raw: square })
    .extend({
      left,
      top,
      right: photo.width - right,
      bottom: photo.height - bottom,
      background: { r: 128, g: 128, b: 128, alpha: 0.6 },
    })
    .raw()
    .toBuffer();
  return { input, raw: { ...photo, channels: 4 } };
}
