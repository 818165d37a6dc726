/** Limits on the size of images, and on the memory that decoding them takes. */
import { PawdexError } from '../errors.js';
import type { ImageHeader } from './image-header.js';

/** Limits that are checked before decoding. */
export interface DecodeLimits {
  /** Largest width x height that is decoded. */
  maxPixels: number;
  /** Bytes that all decodes together may use. Default: {@link DEFAULT_DECODE_BYTES}. */
  maxBytes?: number;
  /** Large images that may wait to be decoded. Default: no limit. */
  maxLargeWaiting?: number;
}

/** Three quarters are for large images, which are decoded in a separate process. The rest is for all others. */
const DEFAULT_DECODE_BYTES = 416 * 2 ** 20;
const LARGE_SHARE = 0.75;
/** Smallest accepted side of an image, in pixels. */
const MIN_SIDE = 16;

/** Splits the memory for decoding, in bytes. */
export const splitMemoryBudget = ({ maxBytes = DEFAULT_DECODE_BYTES }: DecodeLimits) => ({
  large: maxBytes * LARGE_SHARE,
  ordinary: maxBytes * (1 - LARGE_SHARE),
});

/** @throws PawdexError image_too_small, image_too_large */
export function checkSize(
  { width, height, memory }: Pick<ImageHeader, 'width' | 'height' | 'memory'>,
  limits: DecodeLimits,
): void {
  const detail = `The image is ${width} x ${height} pixels.`;
  if (width < MIN_SIDE || height < MIN_SIDE) {
    throw new PawdexError('image_too_small', { detail });
  }
  if (width * height > limits.maxPixels) {
    throw new PawdexError('image_too_large', { detail });
  }
  const { large } = splitMemoryBudget(limits);
  const formatMebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  if (memory > large) {
    throw new PawdexError('image_too_large', {
      detail: `Decoding this image of ${width} x ${height} pixels takes ${formatMebibytes(memory)}; the limit is ${formatMebibytes(large)}.`,
      hint: 'Send a smaller version, or save it as a JPEG that is not progressive, which takes little memory at any size.',
    });
  }
}
