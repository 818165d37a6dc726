/** Several views of one photo, for an embedding that averages them. */
import { decodePrepared, type PreparedImage, type ResizeRule, renderPrepared, type Size } from './decode.js';
import type { Rectangle } from './heat-colours.js';
import type { Sharp } from './libvips.js';

/**
 * `1`: the photo, which is its centre square; `flip`: and its mirror image; `5`: and the squares at both ends of the
 * longer side, and the whole photo squeezed into a square. Closer views of the corners made answers worse
 * (docs/evaluation.md).
 */
export const VIEWS = ['1', 'flip', '5'] as const;
export type Views = (typeof VIEWS)[number];

/** How many images the encoder is given. */
export const VIEW_COUNT: Record<Views, number> = { '1': 1, flip: 2, '5': 5 };

const OTHERS = [
  { fit: 'cover', position: 'left top' },
  { fit: 'cover', position: 'right bottom' },
  { fit: 'fill' },
] as const;

/** Exchanges left and right. @param pixels uint8 [size, size, 3] */
function mirror(pixels: Uint8Array, size: number): Uint8Array {
  const mirror = new Uint8Array(pixels.length);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const from = (row * size + column) * 3;
      const to = (row * size + size - 1 - column) * 3;
      mirror[to] = pixels[from]!;
      mirror[to + 1] = pixels[from + 1]!;
      mirror[to + 2] = pixels[from + 2]!;
    }
  }
  return mirror;
}

/**
 * Decodes an image into the views asked for, the photo itself first. That one alone is judged: the other views of an
 * image that it accepts are drawn from whatever the file holds.
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
  const both = [photo, mirror(photo, size)];
  if (views === 'flip') {
    return both;
  }
  const others = OTHERS.map((framing) =>
    renderPrepared(image, (of: Sharp) => of.resize(size, size, { kernel: rule.kernel, ...framing })),
  );
  return [...both, ...(await Promise.all(others)).map(({ data }) => data)];
}

/** Longer side of a photo, in shorter ones, from which its ends show enough that the middle does not. */
const WIDE = 1.1;

/** A part of a photo as the encoder is given it. */
export interface Look {
  /** In fractions of the upright photo. */
  region: Rectangle;
  /** uint8 [size, size, 3] */
  pixels: Uint8Array;
}

/** Whether the ends of a photo show what its middle does not. */
export function hasEnds({ width, height }: Size): boolean {
  return Math.max(width, height) >= WIDE * Math.min(width, height);
}

/**
 * The squares at both ends of a photo's longer side.
 *
 * @param photo the photo's size when upright, in pixels
 * @throws PawdexError image_corrupt
 */
export async function decodeEnds(
  image: PreparedImage,
  { width, height }: Size,
  rule: ResizeRule,
): Promise<Look[]> {
  const side = Math.min(width, height);
  const size = { width: side / width, height: side / height };
  const { fit, kernel } = rule;
  const looks = [
    { region: { left: 0, top: 0, ...size }, position: 'left top' },
    { region: { left: 1 - size.width, top: 1 - size.height, ...size }, position: 'right bottom' },
  ];
  return Promise.all(
    looks.map(async ({ region, position }) => {
      const square = await renderPrepared(image, (of: Sharp) =>
        of.resize(rule.size, rule.size, { fit, kernel, position }),
      );
      return { region, pixels: square.data };
    }),
  );
}
