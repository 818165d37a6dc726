/**
 * Decodes and resizes images to upright sRGB pixels. Trainer, gallery builder, command line and server all use this
 * code, so that the same bytes always give the same embedding, and are accepted either everywhere or nowhere.
 */
import { PawdexError } from '../errors.js';
import { checkSize, type DecodeLimits, splitMemoryBudget } from './decode-limits.js';
import { countWaitingImages, downscaleInProcess } from './downscale-in-process.js';
import { enlarge } from './enlarge.js';
import { toDecodeError } from './image-errors.js';
import { checkKind, type ImageHeader, readHeader } from './image-header.js';
import { type FailOnOptions, type Sharp, sharp } from './libvips.js';
import { checkRows } from './open-ended-jpeg.js';
import type { Size } from './regions.js';
import { WeightedSemaphore } from './weighted-semaphore.js';

/** How an image is resized to a square (`cover` is the centre crop). Part of the model card and the fingerprint. */
export interface ResizeRule {
  /** Side of the square in pixels. */
  size: number;
  fit: 'cover';
  kernel: 'lanczos3' | 'cubic' | 'linear' | 'mitchell';
}

/** Images that need more memory or more pixel operations are decoded in a separate process. */
const LARGE_BYTES = 32 * 2 ** 20;
const LARGE_WORK = 150e6;

/** Time limit of one decode in this process; ordinary photos take milliseconds. */
const TIME_LIMIT_SECONDS = 20;

/** An image whose header was checked, ready to be decoded in several ways. */
export interface PreparedImage {
  /** The file, or pixels if `raw` is set. */
  readonly input: Uint8Array;
  readonly raw?: { width: number; height: number; channels: 3 };
  /** Of `input`, before it is turned upright. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  readonly kind: ImageHeader['kind'];
  /** Whether `input` is known to be upright. */
  readonly isUpright: boolean;
  /** Bytes that one decode takes. */
  readonly memory: number;
  readonly limits: DecodeLimits;
  /** Whether it was decoded completely before, and found intact. */
  readonly isVerified: boolean;
}

export interface Photo extends PreparedImage, Size {}

const ordinaryDecodes = new WeightedSemaphore();

const isLarge = ({ kind, memory, work }: ImageHeader) =>
  kind === 'heic' || kind === 'bmp' || memory > LARGE_BYTES || work > LARGE_WORK;

/** Prepares pixels that were decoded from an intact image. They replace its file. */
export function preparePixels(
  { data, width, height }: Size & { data: Uint8Array },
  { kind, limits }: Pick<PreparedImage, 'kind' | 'limits'>,
): PreparedImage {
  return {
    input: data,
    raw: { width, height, channels: 3 },
    storedWidth: width,
    storedHeight: height,
    kind,
    isUpright: true,
    memory: data.length,
    limits,
    isVerified: true,
  };
}

async function prepareLargeImage(
  bytes: Uint8Array,
  { kind, memory, openEnd }: ImageHeader,
  limits: DecodeLimits,
): Promise<PreparedImage> {
  const { maxPixels, maxLargeWaiting = Number.POSITIVE_INFINITY } = limits;
  if (countWaitingImages() >= maxLargeWaiting) {
    throw new PawdexError('overloaded', { retryAfter: maxLargeWaiting });
  }
  const task = { bytes, kind, maxPixels, openEnd };
  const { large } = splitMemoryBudget(limits);
  return preparePixels(await downscaleInProcess(task, memory, large), { kind, limits });
}

/**
 * Reads and checks an image's header. An image that needs much memory or time is decoded here once, to a smaller
 * picture that replaces the file.
 *
 * @param bytes the file: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP
 * @throws PawdexError image_empty, image_unsupported, image_heic, image_too_small, image_too_large, image_too_slow,
 *   image_corrupt
 */
export async function prepareImage(bytes: Uint8Array, limits: DecodeLimits): Promise<PreparedImage> {
  try {
    const header = await readHeader(bytes);
    checkSize(header, limits);
    const { kind, width, height, memory, isUpright = false, corrected: input = bytes, openEnd } = header;
    if (isLarge(header)) {
      return await prepareLargeImage(input, header, limits);
    }
    if (openEnd !== undefined) {
      await ordinaryDecodes.run(memory, splitMemoryBudget(limits).ordinary, () =>
        checkRows(openEnd, limits.maxPixels, TIME_LIMIT_SECONDS),
      );
    }
    const isVerified = openEnd !== undefined;
    return { input, storedWidth: width, storedHeight: height, kind, isUpright, memory, limits, isVerified };
  } catch (error) {
    throw error instanceof PawdexError ? error : await explainHeaderError(bytes, limits);
  }
}

/** Finds out what is wrong with a file whose header libvips cannot read, like {@link decodeUncertain}. */
async function explainHeaderError(bytes: Uint8Array, limits: DecodeLimits): Promise<PawdexError> {
  const kind = checkKind(bytes);
  const task = { bytes, kind, maxPixels: limits.maxPixels };
  return downscaleInProcess(task, LARGE_BYTES, splitMemoryBudget(limits).large).then(
    () => new PawdexError('image_corrupt'),
    toDecodeError,
  );
}

function render(image: PreparedImage, frame: (image: Sharp) => Sharp, failOn: FailOnOptions) {
  const { input, raw, memory, limits } = image;
  return ordinaryDecodes.run(memory, splitMemoryBudget(limits).ordinary, () =>
    frame(sharp(input, { failOn, limitInputPixels: limits.maxPixels, raw }))
      // After the frame: an extract that follows autoOrient would rotate large JPEGs before they are shrunk.
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .timeout({ seconds: TIME_LIMIT_SECONDS })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  );
}

/** A rendered image: 8 bit, sRGB, upright by EXIF, on a white background, the first frame of animations. */
export interface RenderedImage {
  /** uint8 [height, width, 3], interleaved RGB */
  data: Buffer;
  width: number;
  height: number;
}

/**
 * Decodes an image that was verified before, and lets `frame` resize it. Damaged parts stay as the decoder leaves them,
 * so that an image is never accepted for one purpose and refused for another.
 *
 * @param frame resizes the upright image, and may change more
 * @throws PawdexError image_corrupt
 */
export async function renderPrepared(
  image: PreparedImage,
  frame: (image: Sharp) => Sharp,
): Promise<RenderedImage> {
  return expectThreeChannels(render(image, frame, 'none'));
}

async function expectThreeChannels(rendering: ReturnType<typeof render>): Promise<RenderedImage> {
  try {
    const { data, info } = await rendering;
    if (info.channels !== 3) {
      throw new PawdexError('image_corrupt', {
        detail: 'The image did not decode to three colour channels.',
      });
    }
    return { data, width: info.width, height: info.height };
  } catch (error) {
    throw toDecodeError(error);
  }
}

/**
 * Decodes an image that failed to decode strictly. libvips shares its messages among all threads, so only a process that
 * decodes nothing else can tell harmless disorder, unsupported forms and damage apart.
 */
async function decodeUncertain(
  error: unknown,
  image: PreparedImage,
  frame: (image: Sharp) => Sharp,
): Promise<RenderedImage> {
  const { code } = toDecodeError(error);
  if (code !== 'image_corrupt' && code !== 'image_unsupported') {
    throw error;
  }
  const { input: bytes, kind, limits, memory } = image;
  await downscaleInProcess(
    { bytes, kind, maxPixels: limits.maxPixels },
    memory,
    splitMemoryBudget(limits).large,
  );
  return renderPrepared(image, frame);
}

/**
 * Computes the side of the square that libvips should make of an image. Where that is less than the rule's, {@link enlarge} does the
 * rest: libvips enlarges by cubic interpolation for every kernel except `linear`, which takes ten times as long.
 */
export function computeSide({ kernel, size }: ResizeRule, image: PreparedImage): number {
  return kernel === 'linear' ? size : Math.min(size, image.storedWidth, image.storedHeight);
}

/**
 * Decodes a prepared image to the encoder's square, and verifies it: an image accepted here is accepted everywhere.
 *
 * @param rule how to resize it
 * @returns uint8 [size, size, 3], interleaved RGB
 * @throws PawdexError image_unsupported, image_too_slow, image_corrupt
 */
export async function decodePrepared(image: PreparedImage, rule: ResizeRule): Promise<Uint8Array> {
  // libvips cuts the middle out of a photo smaller than the square, without enlarging it.
  const side = computeSide(rule, image);
  const frame = (photo: Sharp) => photo.resize(side, side, { fit: rule.fit, kernel: rule.kernel });
  const { data } = image.isVerified
    ? await renderPrepared(image, frame)
    : await expectThreeChannels(render(image, frame, image.kind === 'jpeg' ? 'warning' : 'error')).catch(
        (error) => decodeUncertain(error, image, frame),
      );
  return side < rule.size ? enlarge(data, side, rule.size) : data;
}

/**
 * Decodes and resizes one image: {@link prepareImage}, then {@link decodePrepared}.
 *
 * @returns uint8 [size, size, 3], interleaved RGB
 * @throws PawdexError as these do
 */
export async function decode(bytes: Uint8Array, rule: ResizeRule, limits: DecodeLimits): Promise<Uint8Array> {
  return decodePrepared(await prepareImage(bytes, limits), rule);
}

/**
 * Reads the width and height of the upright image, in pixels.
 *
 * @throws PawdexError image_corrupt
 */
export async function readUprightSize(image: PreparedImage): Promise<Size> {
  const { input, isUpright, storedWidth, storedHeight } = image;
  // Asking libvips takes a fifth of the time of a small decode.
  if (isUpright) {
    return { width: storedWidth, height: storedHeight };
  }
  try {
    return (await sharp(input, { limitInputPixels: false }).metadata()).autoOrient;
  } catch (error) {
    throw toDecodeError(error);
  }
}

/**
 * Prepares an image and reads its upright size.
 *
 * @throws PawdexError as {@link prepareImage}
 */
export async function openPhoto(bytes: Uint8Array, limits: DecodeLimits): Promise<Photo> {
  const image = await prepareImage(bytes, limits);
  return { ...image, ...(await readUprightSize(image)) };
}
