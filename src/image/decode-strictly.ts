/** Decodes with the strictness that tells damaged images from merely untidy ones. */
import type { OpenEnd } from './image-header.js';
import { sharp } from './libvips.js';
import type { ImageKind } from './sniff.js';

/** What libvips treats as a failure. */
export type FailOn = 'none' | 'truncated' | 'error' | 'warning';

/** What fails a decode that was not verified before; for a JPEG also the warnings of libjpeg. */
export const getStrictest = (kind: ImageKind): FailOn => (kind === 'jpeg' ? 'warning' : 'error');

/** Warnings of libjpeg about pixels that it had to invent; others are harmless. */
const LOST_PIXELS = /premature end|bad huffman|corrupt jpeg data: bad/i;

/**
 * Runs a decode that fails if pixels had to be invented. Warnings are distinguished by their text, which libvips shares
 * among all threads, so only a process that decodes nothing else can rely on this.
 *
 * @param decode decodes the same file each time
 */
export async function decodeStrictly<T>(kind: ImageKind, decode: (failOn: FailOn) => Promise<T>): Promise<T> {
  return decode(getStrictest(kind)).catch((error: Error) => {
    if (kind !== 'jpeg' || LOST_PIXELS.test(error.message)) {
      throw error;
    }
    return decode('error');
  });
}

/**
 * Decodes all rows of a JPEG without its end marker.
 *
 * @throws the error of libvips if more is missing
 */
export async function checkRows(
  { probe, failOn }: OpenEnd,
  maxPixels: number,
  seconds: number,
): Promise<void> {
  await sharp(probe, { failOn, limitInputPixels: maxPixels })
    .resize(16, 16, { fit: 'fill' })
    .timeout({ seconds })
    .raw()
    .toBuffer();
}
