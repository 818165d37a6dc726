/** When an image that libvips decodes counts as damaged. */
import type { OpenEnd } from './image-header.js';
import { sharp } from './libvips.js';
import type { ImageKind } from './sniff.js';

/** What libvips takes for a failure. */
export type FailOn = 'none' | 'truncated' | 'error' | 'warning';

/** What fails a decode that nobody has judged yet: in a JPEG also what libjpeg only warns of. */
export const getStrictest = (kind: ImageKind): FailOn => (kind === 'jpeg' ? 'warning' : 'error');

/** libjpeg's warnings about pixels that it had to make up; others are about harmless disorder. */
const LOST_PIXELS = /premature end|bad huffman|corrupt jpeg data: bad/i;

/**
 * Runs a decode that fails if any pixel it reads was made up. Warnings are told apart by their text, which libvips
 * keeps in one place for all threads: only a process that decodes nothing else can rely on it.
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
 * @throws libvips' error if it lacks more than that
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
