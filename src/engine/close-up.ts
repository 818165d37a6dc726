/**
 * Takes a close-up of the part of a photo where a small animal may be: where the photo resembles its nearest neighbours most
 * and the nearest photos without pets least. This is a class activation map (Zhou et al. 2016, arXiv 1512.04150), with the
 * difference of two means as the class.
 */
import { catchAsNull } from '../errors.js';
import { decodePrepared, type PreparedImage, type ResizeRule } from '../image/decode.js';
import { decodeSquare } from '../image/decode-views.js';
import type { ShareMap } from '../image/heat-colours.js';
import { computeCentreSquare, type Rectangle, type Size } from '../image/regions.js';
import { normalise } from '../math/vectors.js';
import type { Explain } from './compute-explanation.js';
import type { Embedded, EmbeddedRegion, ImageEmbedder } from './image-embedder.js';

/** Side of a close-up, relative to the shorter side of the photo. Chosen with `second-look.mjs --small`. */
const SIDE = 0.4;
/** Positions tried per cell of the map, along each side. */
const STEPS_PER_CELL = 2;

/**
 * Computes the mean direction of vectors.
 *
 * @param vectors float32 [dimension] each; at least one
 */
function computeMeanDirection(vectors: readonly Float32Array[]): Float32Array {
  const mean = vectors[0]!.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0));
  normalise(mean);
  return mean;
}

/**
 * Computes the direction that tells what the collection shows from what it does not.
 *
 * @param neighbours vectors of the nearest items, float32 [dimension] each; at least one
 * @param nonPets vectors of the nearest photos without pets; may be empty
 * @returns float32 [dimension], of any length
 */
export function computeContrast(
  neighbours: readonly Float32Array[],
  nonPets: readonly Float32Array[],
): Float32Array {
  const towards = computeMeanDirection(neighbours);
  if (nonPets.length === 0) {
    return towards;
  }
  const away = computeMeanDirection(nonPets);
  return towards.map((value, i) => value - away[i]!);
}

/** A range along one side of a photo, in fractions of that side. */
interface Range {
  start: number;
  length: number;
}

/**
 * Lists the positions of a close-up along one side, each with the part of every cell that it covers, 0..1. Half of the
 * close-up may lie outside the cells, since an animal may be cut off there.
 *
 * @param cells the range that the cells divide into `count` equal parts
 * @param length of the close-up, in fractions of the side
 */
function listPositions(cells: Range, count: number, length: number): { start: number; covered: number[] }[] {
  const cell = cells.length / count;
  const first = Math.max(0, cells.start - length / 2);
  const last = Math.min(cells.start + cells.length - length / 2, 1 - length);
  const steps = Math.ceil(((last - first) / cell) * STEPS_PER_CELL);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const start = first + (steps === 0 ? 0 : ((last - first) * step) / steps);
    const covered = Array.from({ length: count }, (_, i) => {
      const from = cells.start + i * cell;
      return Math.max(0, Math.min(from + cell, start + length) - Math.max(from, start)) / cell;
    });
    return { start, covered };
  });
}

/**
 * Finds the square with the largest sum of shares.
 *
 * @param photo upright, in pixels
 * @returns inside the photo, in fractions of it
 */
export function findCloseUp({ rows, columns, region, shares }: ShareMap, photo: Size): Rectangle {
  const side = SIDE * Math.min(photo.width, photo.height);
  const [width, height] = [side / photo.width, side / photo.height];
  const across = listPositions({ start: region.left, length: region.width }, columns, width);
  const down = listPositions({ start: region.top, length: region.height }, rows, height);
  let best = { left: 0, top: 0, sum: Number.NEGATIVE_INFINITY };
  for (const { start: top, covered: inRow } of down) {
    for (const { start: left, covered: inColumn } of across) {
      const sum = shares.reduce(
        (total, share, cell) =>
          total + share * inRow[Math.floor(cell / columns)]! * inColumn[cell % columns]!,
        0,
      );
      best = sum > best.sum ? { left, top, sum } : best;
    }
  }
  return { left: best.left, top: best.top, width, height };
}

/**
 * Embeds a close-up of the part of a photo that is most similar to a direction.
 *
 * @param photo its image, and how to explain it; if that is null, the photo is embedded again to find the part
 * @param size of the upright photo, in pixels
 * @param towards float32 [dimension]
 * @returns null if this encoder cannot say which part that is
 * @throws PawdexError image_corrupt, shutting_down
 */
export async function embedCloseUp(
  embedder: ImageEmbedder,
  { image, explain }: Pick<Embedded, 'image' | 'explain'>,
  size: Size,
  towards: Float32Array,
): Promise<EmbeddedRegion | null> {
  const explainPhoto = explain ?? (await explainMiddle(embedder, image, size));
  if (explainPhoto === null) {
    return null;
  }
  const region = findCloseUp(explainPhoto(towards), size);
  const decode = async (rule: ResizeRule) => [
    { region, pixels: await decodeSquare(image, region, size, rule) },
  ];
  const [closeUp] = await embedder.embedParts(1, decode, explain !== null);
  return closeUp!;
}

/** Embeds the middle of a photo again, now with an explanation; null if this encoder has none. */
async function explainMiddle(
  embedder: ImageEmbedder,
  image: PreparedImage,
  size: Size,
): Promise<Explain | null> {
  const region = computeCentreSquare(size);
  const decode = async (rule: ResizeRule) => [{ region, pixels: await decodePrepared(image, rule) }];
  const embedded = await catchAsNull(embedder.embedParts(1, decode, true), 'explain_unavailable');
  return embedded === null ? null : embedded[0]!.explain;
}
