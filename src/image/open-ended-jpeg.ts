/** Accepts a JPEG that lacks only its end marker, and refuses one that lacks more. */
import { sharp } from './libvips.js';

/** How to find out whether more than the end marker of a JPEG is missing. */
export interface OpenEnd {
  /** Bytes to decode instead of the file, which fails if rows are missing. */
  probe: Uint8Array;
  /** What counts as a failure. */
  failOn: 'truncated' | 'warning';
}

/** How far a decoder may read ahead of the last pixel. */
const READ_AHEAD = new Uint8Array(16);
const END_MARKER = Uint8Array.of(0xff, 0xd9);

/**
 * Appends the end marker to a JPEG without one, and describes how to find out whether more is missing. libvips treats a
 * truncated file as a failure, but checks warnings only before the next lines, so it misses those of the last ones. A
 * decoder that buffers the whole image reads all of it before the first line.
 */
export function completeJpeg(
  bytes: Uint8Array,
  isBuffered: boolean,
): { corrected: Uint8Array; openEnd: OpenEnd } {
  // A single FF at the end is the first half of the marker.
  const complete = bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes;
  const corrected = Buffer.concat([complete, END_MARKER]);
  if (isBuffered) {
    return { corrected, openEnd: { probe: corrected, failOn: 'warning' } };
  }
  return { corrected, openEnd: { probe: Buffer.concat([complete, READ_AHEAD]), failOn: 'truncated' } };
}

/**
 * Decodes all rows.
 *
 * @throws the error of libvips if more than the end marker is missing
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
