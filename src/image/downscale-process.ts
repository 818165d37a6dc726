/**
 * The process that downscales large images, one at a time, so that a file that harms the decoder cannot harm the server.
 * downscale-in-process.ts starts it, talks to it and ends it.
 */
import { asPawdexError, type WireError } from '../errors.js';
import { decodeBitmap } from './bitmap.js';
import { decodeHeic } from './heic.js';
import { toDecodeError } from './image-errors.js';
import { type FailOnOptions, type Sharp, sharp } from './libvips.js';
import { checkRows, type OpenEnd } from './open-ended-jpeg.js';
import type { ImageKind } from './sniff.js';

export interface DownscaleTask {
  bytes: Uint8Array;
  kind: ImageKind;
  maxPixels: number;
  openEnd?: OpenEnd | undefined;
}

/** The picture that replaces a large image: uint8 [height, width, 3], sRGB, upright, on white. */
export interface DownscaledImage {
  data: Uint8Array;
  width: number;
  height: number;
}

/** The reply of the process. */
export type DownscaleReply = { image: DownscaledImage } | { error: WireError };

/** Longest side of the result: several times what encoders and heat maps need. */
const MAX_SIDE = 2048;

const fitInside = (image: Sharp) =>
  image.resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true });

/** Longer than the lifetime of the process. */
const NO_TIME_LIMIT = 3600;

/** Warnings of libjpeg about pixels that it had to invent; others are harmless. */
const LOST_PIXELS = /premature end|bad huffman|corrupt jpeg data: bad/i;

/**
 * Runs a decode that fails if pixels had to be invented. Warnings are distinguished by their text, which libvips shares
 * among all threads, so only a process that decodes nothing else can rely on this.
 *
 * @param decode decodes the same file each time
 */
async function decodeStrictly<T>(kind: ImageKind, decode: (failOn: FailOnOptions) => Promise<T>): Promise<T> {
  if (kind !== 'jpeg') {
    return decode('error');
  }
  return decode('warning').catch((error: Error) => {
    if (LOST_PIXELS.test(error.message)) {
      throw error;
    }
    return decode('error');
  });
}

/** Decodes and downscales an image. @throws the error of the decoder */
async function downscale({ bytes, kind, maxPixels, openEnd }: DownscaleTask): Promise<DownscaledImage> {
  if (openEnd !== undefined) {
    await checkRows(openEnd, maxPixels, NO_TIME_LIMIT);
  }
  if (kind === 'heic') {
    return toRgb(await decodeHeic(bytes, fitInside));
  }
  if (kind === 'bmp') {
    const { data, width, height } = decodeBitmap(bytes);
    return toRgb(fitInside(sharp(data, { raw: { width, height, channels: 4 } })));
  }
  const decode = (failOn: FailOnOptions) =>
    toRgb(fitInside(sharp(bytes, { failOn, limitInputPixels: maxPixels })).autoOrient());
  return openEnd === undefined ? decodeStrictly(kind, decode) : decode('none');
}

async function toRgb(image: Sharp): Promise<DownscaledImage> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const send = (reply: DownscaleReply) => process.send!(reply);

process.on('message', (task: DownscaleTask) => {
  downscale(task).then(
    (image) => send({ image }),
    (error) => send({ error: asPawdexError(toDecodeError(error)).toWire() }),
  );
});
// The server is gone. Kill the process, since a decode in progress would delay an ordinary exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
