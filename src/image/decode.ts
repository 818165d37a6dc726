/**
 * Bytes -> upright sRGB pixels: the one decode-and-resize path. Trainer, gallery builder, command line and
 * server all come through here, so that the same bytes always give the same embedding.
 */
import { imageSize } from 'image-size';
import sharp from 'sharp';
import { PawdexError } from '../errors.js';
import { type ImageKind, sniff } from './sniff.js';

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
const MIN_SIDE = 16;

/** Throws the coded error for bytes that no decoder should see. */
function refuse(bytes: Uint8Array): ImageKind {
  if (bytes.length === 0) throw new PawdexError('image_empty');
  const kind = sniff(bytes);
  if (kind === 'heic') throw new PawdexError('image_heic');
  if (kind === null) throw new PawdexError('image_unsupported');
  return kind;
}

/** Kinds whose header `image-size` reads in microseconds; asking libvips costs a fifth of a small decode. */
const QUICK_HEADER: ReadonlySet<ImageKind> = new Set<ImageKind>(['jpeg', 'png', 'gif', 'webp']);

/** Width and height as stored, in pixels. */
async function sizeOf(bytes: Uint8Array, kind: ImageKind): Promise<{ width: number; height: number }> {
  if (QUICK_HEADER.has(kind)) {
    try {
      return imageSize(bytes);
    } catch {
      // An unusual header is libvips' to judge, below.
    }
  }
  return sharp(bytes, { limitInputPixels: false }).metadata();
}

/** libvips' message as a coded error. */
function decodeError(error: unknown): PawdexError {
  if (error instanceof PawdexError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/exceeds pixel limit/i.test(message)) return new PawdexError('image_too_large', { cause: error });
  return new PawdexError('image_corrupt', { cause: error });
}

/**
 * Decodes and resizes one image: 8 bit, sRGB, upright by EXIF, transparent parts over white, the first frame of
 * an animation.
 *
 * @param bytes the file: JPEG, PNG, WebP, GIF, AVIF or TIFF, of any bit depth and colour space
 * @param rule how it becomes a square
 * @param limits what is refused unread
 * @returns uint8 [size, size, 3], interleaved RGB
 * @throws PawdexError image_empty, image_unsupported, image_heic, image_too_small, image_too_large,
 *   image_corrupt
 */
export async function decode(bytes: Uint8Array, rule: ResizeRule, limits: DecodeLimits): Promise<Uint8Array> {
  const kind = refuse(bytes);
  try {
    const { width, height } = await sizeOf(bytes, kind);
    if (width < MIN_SIDE || height < MIN_SIDE)
      throw new PawdexError('image_too_small', { detail: `The image is ${width} x ${height} pixels.` });
    if (width * height > limits.maxPixels)
      throw new PawdexError('image_too_large', { detail: `The image is ${width} x ${height} pixels.` });
    const pixels = await sharp(bytes, {
      failOn: 'error',
      limitInputPixels: limits.maxPixels,
      autoOrient: true,
    })
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
    return pixels;
  } catch (error) {
    throw decodeError(error);
  }
}
