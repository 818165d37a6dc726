/**
 * Decodes and downscales a large image. It runs in a separate process (downscale-in-process.ts), so that a file that harms
 * the decoder cannot harm the server.
 */
import { decodeBitmap } from './bitmap.js';
import { checkRows, decodeStrictly, type FailOn } from './decode-strictly.js';
import { decodeHeic } from './heic.js';
import type { OpenEnd } from './image-header.js';
import { type Sharp, sharp } from './libvips.js';
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
  channels: 3;
}

/** Longest side of the result: several times what encoders and heat maps need. */
const MAX_SIDE = 2048;

const fitInside = (image: Sharp) =>
  image.resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true });

/** Longer than the lifetime of the process. */
const NO_TIME_LIMIT = 3600;

/** Decodes and downscales an image. @throws the error of the decoder */
export async function downscale({
  bytes,
  kind,
  maxPixels,
  openEnd,
}: DownscaleTask): Promise<DownscaledImage> {
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
  const decode = (failOn: FailOn) =>
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
  return { data, width: info.width, height: info.height, channels: 3 };
}
