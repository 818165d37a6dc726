/** Decodes several views of one photo, for an embedding that averages them. */
import {
  computeSide,
  decodePrepared,
  type PreparedImage,
  type RenderedImage,
  type ResizeRule,
  renderPrepared,
} from './decode.js';
import { enlarge } from './enlarge.js';
import type { Rectangle, Size } from './regions.js';

/**
 * `1`: the centre square of the photo; `flip`: also its mirror image; `5`: also the squares at both ends of the longer
 * side, and the whole photo squeezed into a square. Close-ups of the corners made answers worse (docs/evaluation.md).
 */
export const VIEWS = ['1', 'flip', '5'] as const;
export type Views = (typeof VIEWS)[number];

/** Number of images for the encoder. */
export const VIEW_COUNT: Record<Views, number> = { '1': 1, flip: 2, '5': 5 };

/** Swaps left and right. @param pixels uint8 [size, size, 3] */
function mirrorPixels(pixels: Uint8Array, size: number): Uint8Array {
  const mirrored = new Uint8Array(pixels.length);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const from = (row * size + column) * 3;
      const to = (row * size + size - 1 - column) * 3;
      mirrored[to] = pixels[from]!;
      mirrored[to + 1] = pixels[from + 1]!;
      mirrored[to + 2] = pixels[from + 2]!;
    }
  }
  return mirrored;
}

/**
 * Decodes the requested views, the photo itself first. Only that one is verified; if it is accepted, the others are
 * decoded leniently.
 *
 * @returns uint8 [size, size, 3] each
 * @throws PawdexError as `decodePrepared`
 */
export async function decodeViews(
  image: PreparedImage,
  views: Views,
  rule: ResizeRule,
): Promise<Uint8Array[]> {
  const { size } = rule;
  const photo = await decodePrepared(image, rule);
  if (views === '1') {
    return [photo];
  }
  const both = [photo, mirrorPixels(photo, size)];
  if (views === 'flip') {
    return both;
  }
  const [ends, squeezed] = await Promise.all([
    cutEnds(image, rule),
    renderPrepared(image, (picture) => picture.resize(size, size, { kernel: rule.kernel, fit: 'fill' })),
  ]);
  return [...both, ...ends, squeezed.data];
}

/** Aspect ratio from which the ends of a photo show enough that the middle does not. */
const MIN_ASPECT = 1.1;

/** A part of a photo, decoded for the encoder. */
export interface DecodedRegion {
  /** In fractions of the upright photo. */
  region: Rectangle;
  /** uint8 [size, size, 3] */
  pixels: Uint8Array;
}

/** Whether a photo is long enough for its ends to show what its middle does not. */
export function hasEnds({ width, height }: Size): boolean {
  return Math.max(width, height) >= MIN_ASPECT * Math.min(width, height);
}

/**
 * Decodes a square part of a photo.
 *
 * @param size of the upright photo
 * @returns uint8 [size, size, 3]
 * @throws PawdexError image_corrupt
 */
export async function decodeSquare(
  image: PreparedImage,
  { left, top, width }: Rectangle,
  size: Size,
  rule: ResizeRule,
): Promise<Uint8Array> {
  const side = Math.max(1, Math.floor(width * size.width));
  const square = {
    left: Math.min(Math.round(left * size.width), size.width - side),
    top: Math.min(Math.round(top * size.height), size.height - side),
    width: side,
    height: side,
  };
  const { data } = await renderPrepared(image, (picture) =>
    picture.autoOrient().extract(square).resize(rule.size, rule.size, { fit: rule.fit, kernel: rule.kernel }),
  );
  return data;
}

/**
 * Decodes the squares at both ends of a photo's longer side.
 *
 * @param photo size of the upright photo
 * @throws PawdexError image_corrupt
 */
export async function decodeEnds(
  image: PreparedImage,
  { width, height }: Size,
  rule: ResizeRule,
): Promise<DecodedRegion[]> {
  const side = Math.min(width, height);
  const size = { width: side / width, height: side / height };
  const [first, last] = await cutEnds(image, rule);
  return [
    { region: { left: 0, top: 0, ...size }, pixels: first },
    { region: { left: 1 - size.width, top: 1 - size.height, ...size }, pixels: last },
  ];
}

/** The squares at both ends, from a single decode. */
async function cutEnds(image: PreparedImage, rule: ResizeRule): Promise<[Uint8Array, Uint8Array]> {
  const { size, kernel } = rule;
  const side = computeSide(rule, image);
  const whole = await renderPrepared(image, (picture) =>
    picture.resize(side, side, { fit: 'outside', kernel }),
  );
  const cut = (left: number, top: number) => {
    const square = cutSquare(whole, left, top, side);
    return side < size ? enlarge(square, side, size) : square;
  };
  return [cut(0, 0), cut(whole.width - side, whole.height - side)];
}

/** Cuts a square out of pixels. @returns uint8 [side, side, 3] */
function cutSquare({ data, width }: RenderedImage, left: number, top: number, side: number): Uint8Array {
  const row = side * 3;
  const square = new Uint8Array(side * row);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    square.set(data.subarray(from, from + row), y * row);
  }
  return square;
}
