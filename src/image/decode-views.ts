/** Decodes several views of one photo, for an embedding that averages them. */
import { decodePrepared, type PreparedImage, type ResizeRule, renderPrepared, type Size } from './decode.js';
import type { Rectangle } from './heat-colours.js';
import type { Sharp } from './libvips.js';

/**
 * `1`: the centre square of the photo; `flip`: also its mirror image; `5`: also the squares at both ends of the longer
 * side, and the whole photo squeezed into a square. Close-ups of the corners made answers worse (docs/evaluation.md).
 */
export const VIEWS = ['1', 'flip', '5'] as const;
export type Views = (typeof VIEWS)[number];

/** Number of images for the encoder. */
export const VIEW_COUNT: Record<Views, number> = { '1': 1, flip: 2, '5': 5 };

const OTHERS = [
  { fit: 'cover', position: 'left top' },
  { fit: 'cover', position: 'right bottom' },
  { fit: 'fill' },
] as const;

/** Swaps left and right. @param pixels uint8 [size, size, 3] */
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
 * Decodes the requested views, the photo itself first. Only that one is judged; if it is accepted, the others are
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
  const both = [photo, mirror(photo, size)];
  if (views === 'flip') {
    return both;
  }
  const others = OTHERS.map((framing) =>
    renderPrepared(image, (of: Sharp) => of.resize(size, size, { kernel: rule.kernel, ...framing })),
  );
  return [...both, ...(await Promise.all(others)).map(({ data }) => data)];
}

/** Aspect ratio from which the ends of a photo show enough that the middle does not. */
const WIDE = 1.1;

/** A part of a photo, decoded for the encoder. */
export interface Look {
  /** In fractions of the upright photo. */
  region: Rectangle;
  /** uint8 [size, size, 3] */
  pixels: Uint8Array;
}

/** Whether a photo is long enough for its ends to show what its middle does not. */
export function hasEnds({ width, height }: Size): boolean {
  return Math.max(width, height) >= WIDE * Math.min(width, height);
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
