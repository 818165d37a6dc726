/**
 * Reduces a large image. It runs in a separate process (reducer.ts), so that a file that harms the decoder cannot
 * harm the server.
 */
import { decodeBitmap } from './bitmap.js';
import { decodeHeic } from './heic.js';
import type { OpenEnd } from './image-header.js';
import { checkRows, decodeStrictly, type FailOn } from './judge-pixels.js';
import { type Sharp, sharp } from './libvips.js';
import type { ImageKind } from './sniff.js';

/** An image to reduce. */
export interface ReductionTask {
  bytes: Uint8Array;
  kind: ImageKind;
  maxPixels: number;
  openEnd?: OpenEnd | undefined;
}

/** The picture that replaces a large image: uint8 [height, width, 3], sRGB, upright, on white. */
export interface Reduced {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3;
}

/** Longest side of the reduced picture: several times what encoders and heat maps need. */
const SIDE = 2048;

const shrink = (image: Sharp) =>
  image.resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true });

/** Longer than the lifetime of the process. */
const NO_TIME_LIMIT = 3600;

/** Decodes and reduces an image. @throws the error of the decoder */
export async function reduce({ bytes, kind, maxPixels, openEnd }: ReductionTask): Promise<Reduced> {
  if (openEnd !== undefined) {
    await checkRows(openEnd, maxPixels, NO_TIME_LIMIT);
  }
  if (kind === 'heic') {
    return finish(await decodeHeic(bytes, shrink));
  }
  if (kind === 'bmp') {
    const { data, width, height } = decodeBitmap(bytes);
    return finish(shrink(sharp(data, { raw: { width, height, channels: 4 } })));
  }
  const decode = (failOn: FailOn) =>
    finish(shrink(sharp(bytes, { failOn, limitInputPixels: maxPixels })).autoOrient());
  return openEnd === undefined ? decodeStrictly(kind, decode) : decode('none');
}

async function finish(image: Sharp): Promise<Reduced> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}
