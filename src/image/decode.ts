/**
 * Bytes -> upright sRGB pixels: the one decode-and-resize path. Trainer, gallery builder, command line and
 * server all come through here, so that the same bytes always give the same embedding.
 */
import sharp, { type Sharp } from 'sharp';
import { PawdexError } from '../errors.js';
import { sniff } from './sniff.js';

// One libvips thread per image: the parallelism is across images, and memory stays flat under load.
// The operation cache only helps when the same file is opened twice; uploads never are.
sharp.concurrency(1);
sharp.cache(false);

/** How an image becomes a square: `cover` is the centre crop; part of the model card and the fingerprint. */
export interface ResizeRule {
  /** Side of the square in pixels. */
  size: number;
  fit: 'cover';
  kernel: 'lanczos3' | 'cubic' | 'linear' | 'mitchell';
}

/** Limits that hold before a pixel is decoded. */
export interface DecodeLimits {
  /** Largest width x height that is decoded. */
  maxPixels: number;
}

/** Smallest side, in pixels, of an image that is worth an answer. */
export const MIN_SIDE = 16;

/** A decoded image: interleaved RGB, 8 bit, sRGB, upright by EXIF, transparent parts over white. */
export interface DecodedImage {
  /** uint8 [size, size, 3] */
  pixels: Uint8Array;
  /** Width and height of the original after turning it upright, in pixels. */
  width: number;
  height: number;
}

/** Opens bytes with every limit set; shared by decoding and thumbnails. */
export function open(bytes: Uint8Array, limits: DecodeLimits): Sharp {
  // `pages: 1` (the default) takes the first frame of an animation.
  return sharp(bytes, { failOn: 'error', limitInputPixels: limits.maxPixels, autoOrient: true });
}

/** Throws the coded error for bytes that no decoder should see. */
function refuse(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new PawdexError('image_empty');
  const kind = sniff(bytes);
  if (kind === 'heic') throw new PawdexError('image_heic');
  if (kind === null) throw new PawdexError('image_unsupported');
}

/** libvips' message as a coded error. */
export function decodeError(error: unknown): PawdexError {
  if (error instanceof PawdexError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/exceeds pixel limit/i.test(message)) return new PawdexError('image_too_large', { cause: error });
  return new PawdexError('image_corrupt', { cause: error });
}

/**
 * Decodes and resizes one image.
 *
 * @param bytes the file: JPEG, PNG, WebP, GIF, AVIF or TIFF, of any bit depth and colour space
 * @param rule how it becomes a square
 * @param limits what is refused unread
 * @returns uint8 [size, size, 3] and the original's upright size
 * @throws PawdexError image_empty, image_unsupported, image_heic, image_too_small, image_too_large,
 *   image_corrupt
 */
export async function decode(
  bytes: Uint8Array,
  rule: ResizeRule,
  limits: DecodeLimits,
): Promise<DecodedImage> {
  refuse(bytes);
  try {
    const image = open(bytes, limits);
    const meta = await image.metadata();
    const { width, height } = meta.autoOrient;
    if (width < MIN_SIDE || height < MIN_SIDE)
      throw new PawdexError('image_too_small', { detail: `The image is ${width} x ${height} pixels.` });
    const pixels = await image
      .resize(rule.size, rule.size, { fit: rule.fit, kernel: rule.kernel })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer();
    if (pixels.length !== rule.size * rule.size * 3)
      throw new PawdexError('image_corrupt', {
        detail: 'The image did not decode to three colour channels.',
      });
    return { pixels, width, height };
  } catch (error) {
    throw decodeError(error);
  }
}
