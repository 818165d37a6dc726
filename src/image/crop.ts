/** A part of a photo as a photo of its own. */
import { PawdexError } from '../errors.js';
import { type DecodeLimits, openPhoto, renderPrepared } from './decode.js';
import type { Rectangle } from './heat-colours.js';
import { type Sharp, sharp } from './libvips.js';

/** Longer side of a part in pixels at most: more than any encoder looks at. */
const LONGEST = 1024;
/** Shorter side of a part in pixels at least. */
const SHORTEST = 16;

/**
 * Cuts a region out of a photo. Everything that is asked of a photo can then be asked of the part.
 *
 * @param region in fractions of the upright photo, within it
 * @returns a PNG, upright, at most {@link LONGEST} pixels on the longer side
 * @throws PawdexError region_invalid when the region reaches out of the photo or is too small; image_*
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

/** A rectangle of a part of a photo, in fractions of the whole photo. */
export function mapToPhoto(inner: Rectangle, part: Rectangle): Rectangle {
  return {
    left: part.left + inner.left * part.width,
    top: part.top + inner.top * part.height,
    width: inner.width * part.width,
    height: inner.height * part.height,
  };
}
