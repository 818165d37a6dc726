/**
 * Bytes -> upright sRGB pixels: the one decode-and-resize path. Trainer, gallery builder, command line and
 * server all come through here, so that the same bytes always give the same embedding.
 */
import { imageSize } from 'image-size';
import sharp, { type Sharp } from 'sharp';
import { PawdexError } from '../errors.js';
import { enlarge } from './enlarge.js';
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

/** libvips enlarges by cubic interpolation for every kernel but `linear`; {@link enlarge} does the same in less time. */
const enlarges = ({ kernel }: ResizeRule) => kernel !== 'linear';

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

function checkSize(width: number, height: number, limits: DecodeLimits): void {
  const detail = `The image is ${width} x ${height} pixels.`;
  if (width < MIN_SIDE || height < MIN_SIDE) throw new PawdexError('image_too_small', { detail });
  if (width * height > limits.maxPixels) throw new PawdexError('image_too_large', { detail });
}

/**
 * Decodes an image and lets `frame` make a square of it: 8 bit, sRGB, upright by EXIF, transparent parts over white,
 * the first frame of an animation. The work begins before this returns and needs the caller's thread no more.
 *
 * @param frame resizes, and may change more; it sees the image upright
 * @param size side of the square that `frame` makes
 * @returns uint8 [size, size, 3], interleaved RGB
 * @throws PawdexError image_too_large, image_corrupt
 */
export async function decodeSquare(
  bytes: Uint8Array,
  frame: (image: Sharp) => Sharp,
  size: number,
  limits: DecodeLimits,
): Promise<Uint8Array> {
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: limits.maxPixels });
    const pixels = await frame(image)
      // Asked for after the frame: an extract that follows it would turn large JPEGs before they are shrunk.
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer();
    if (pixels.length !== size * size * 3)
      throw new PawdexError('image_corrupt', {
        detail: 'The image did not decode to three colour channels.',
      });
    return pixels;
  } catch (error) {
    throw decodeError(error);
  }
}

/**
 * Decodes and resizes one image, as {@link decodeSquare} says.
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
    checkSize(width, height, limits);
    // Of a photo smaller than the square, libvips cuts out the middle as it is.
    const side = enlarges(rule) ? Math.min(rule.size, width, height) : rule.size;
    const frame = (image: Sharp) => image.resize(side, side, { fit: rule.fit, kernel: rule.kernel });
    const pixels = await decodeSquare(bytes, frame, side, limits);
    return side < rule.size ? enlarge(pixels, side, rule.size) : pixels;
  } catch (error) {
    throw decodeError(error);
  }
}

/** A file whose header has been read: a decoder may see it. */
export interface Photo {
  bytes: Uint8Array;
  /** Size in pixels when upright. */
  width: number;
  height: number;
}

/**
 * Reads an image's header.
 *
 * @throws PawdexError what {@link decode} throws for a file that it refuses unread, or whose header is damaged
 */
export async function openPhoto(bytes: Uint8Array, limits: DecodeLimits): Promise<Photo> {
  refuse(bytes);
  try {
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
    checkSize(autoOrient.width, autoOrient.height, limits);
    return { bytes, width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw decodeError(error);
  }
}
