/** Crops a photo to a region. */
import { PawdexError } from '../errors.js';
import {
  decodePrepared,
  type PreparedImage,
  preparePixels,
  type ResizeRule,
  readUprightSize,
  renderPrepared,
} from './decode.js';
import { checkSize } from './decode-limits.js';
import type { Rectangle } from './regions.js';

/** Longest side of a crop in pixels: larger than the input of any encoder. */
const MAX_CROP_SIDE = 1024;
/** Shortest side of a crop in pixels. */
const MIN_CROP_SIDE = 16;

/**
 * Cuts a region out of a photo, as a photo of its own: at most {@link MAX_CROP_SIDE} pixels on the longer side.
 *
 * @param region in fractions of the upright photo
 * @param rule how the whole photo would be decoded. One that is refused as a whole is refused in parts, too.
 * @throws PawdexError region_invalid if the region is not inside the photo or is too small; image_*
 */
export async function cropPhoto(
  photo: PreparedImage,
  region: Rectangle,
  rule: ResizeRule,
): Promise<PreparedImage> {
  const whole = await readUprightSize(photo);
  const left = Math.round(region.left * whole.width);
  const top = Math.round(region.top * whole.height);
  const width = Math.round((region.left + region.width) * whole.width) - left;
  const height = Math.round((region.top + region.height) * whole.height) - top;
  const isInside =
    region.left >= 0 && region.top >= 0 && left + width <= whole.width && top + height <= whole.height;
  if (!isInside || width < MIN_CROP_SIDE || height < MIN_CROP_SIDE) {
    throw new PawdexError('region_invalid', {
      detail: `The region is ${width} x ${height} pixels at ${left}, ${top} of a photo of ${whole.width} x ${whole.height}.`,
    });
  }
  if (!photo.isVerified) {
    await decodePrepared(photo, rule);
  }
  const cut = await renderPrepared(photo, (picture) =>
    picture
      .autoOrient()
      .extract({ left, top, width, height })
      .resize({ width: MAX_CROP_SIDE, height: MAX_CROP_SIDE, fit: 'inside', withoutEnlargement: true }),
  );
  checkSize({ ...cut, memory: cut.data.length }, photo.limits);
  return preparePixels(cut, photo);
}
