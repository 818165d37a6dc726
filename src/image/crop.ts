/** Crops a photo to a region. */
import { PawdexError } from '../errors.js';
import { type DecodeLimits, openPhoto, renderPrepared } from './decode.js';
import type { Rectangle } from './heat-colours.js';
import { type Sharp, sharp } from './libvips.js';

/** Longest side of a crop in pixels: larger than the input of any encoder. */
const LONGEST = 1024;
/** Shortest side of a crop in pixels. */
const SHORTEST = 16;

/**
 * Cuts a region out of a photo, as a photo of its own.
 *
 * @param region in fractions of the upright photo
 * @returns a PNG, upright, at most {@link LONGEST} pixels on the longer side
 * @throws PawdexError region_invalid if the region is not inside the photo or is too small; image_*
 */
export async function cropPhoto(
  bytes: Uint8Array,
  region: Rectangle,
  limits: DecodeLimits,
): Promise<Uint8Array> {
  const photo = await openPhoto(bytes, limits);
  const left = Math.round(region.left * photo.width);
  const top = Math.round(region.top * photo.height);
  const width = Math.round((region.left + region.width) * photo.width) - left;
  const height = Math.round((region.top + region.height) * photo.height) - top;
  const isInside =
    region.left >= 0 && region.top >= 0 && left + width <= photo.width && top + height <= photo.height;
  if (!isInside || width < SHORTEST || height < SHORTEST) {
    throw new PawdexError('region_invalid', {
      detail: `The region is ${width} x ${height} pixels at ${left}, ${top} of a photo of ${photo.width} x ${photo.height}.`,
    });
  }
  const part = await renderPrepared(photo, (of: Sharp) =>
    of
      .autoOrient()
      .extract({ left, top, width, height })
      .resize({ width: LONGEST, height: LONGEST, fit: 'inside', withoutEnlargement: true }),
  );
  return sharp(part.data, { raw: { width: part.width, height: part.height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Maps a rectangle inside a part of a photo to fractions of the whole photo. */
export function mapToPhoto(inner: Rectangle, part: Rectangle): Rectangle {
  return {
    left: part.left + inner.left * part.width,
    top: part.top + inner.top * part.height,
    width: inner.width * part.width,
    height: inner.height * part.height,
  };
}
