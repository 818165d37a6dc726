/** Draws a photo with the heat map of an explanation. */
import { type PreparedImage, renderPrepared } from './decode.js';
import { computeHeatColours, type ShareMap } from './heat-colours.js';
import { type OverlayOptions, sharp } from './libvips.js';
import { computeCentreSquare, type Rectangle } from './regions.js';

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
    .composite([await drawOverlay(map, width, height), ...createVeils(width, height)])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Converts a rectangle of fractions to whole pixels. */
function toPixels(
  { left, top, width, height }: Rectangle,
  photoWidth: number,
  photoHeight: number,
): Rectangle {
  const x = Math.round(left * photoWidth);
  const y = Math.round(top * photoHeight);
  return {
    left: x,
    top: y,
    width: Math.max(1, Math.round((left + width) * photoWidth) - x),
    height: Math.max(1, Math.round((top + height) * photoHeight) - y),
  };
}

async function drawOverlay(map: ShareMap, width: number, height: number): Promise<OverlayOptions> {
  const seen = computeCentreSquare({ width, height });
  const colours = computeHeatColours(map, seen);
  const square = toPixels(seen, width, height);
  // Do not pass on sharp's description of its raw pixels: it wrongly calls them premultiplied.
  const input = await sharp(colours.data, {
    raw: { width: colours.width, height: colours.height, channels: 4 },
  })
    .resize(square.width, square.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  const raw = { width: square.width, height: square.height, channels: 4 } as const;
  return { input, raw, left: square.left, top: square.top };
}

/** Creates the grey areas on both sides of the centre square. */
function createVeils(width: number, height: number): OverlayOptions[] {
  const square = toPixels(computeCentreSquare({ width, height }), width, height);
  const right = square.left + square.width;
  const bottom = square.top + square.height;
  const boxes: Rectangle[] = [
    { left: 0, top: 0, width: square.left, height },
    { left: right, top: 0, width: width - right, height },
    { left: 0, top: 0, width, height: square.top },
    { left: 0, top: bottom, width, height: height - bottom },
  ];
  return boxes
    .filter((box) => box.width > 0 && box.height > 0)
    .map(({ left, top, width: w, height: h }) => ({
      input: {
        create: { width: w, height: h, channels: 4, background: { r: 128, g: 128, b: 128, alpha: 0.6 } },
      },
      left,
      top,
    }));
}
