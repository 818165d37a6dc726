/** Computes where in a photo its similarity to a vector comes from. */
import type { CellEmbedding } from '../encoder/encoder.js';
import { mapToPhoto, type Rectangle } from '../image/regions.js';
import type { Explanation } from './engine.js';

/** Explains the similarity of an embedded image to a unit vector, float32 [dimension]. */
export type Explain = (vector: Float32Array) => Explanation;

/**
 * Computes each cell's share of the similarity to a vector. The embedding is the sum of the cells' parts, so its dot
 * product with a unit vector is the sum of theirs: the shares are exact, not an estimate.
 *
 * @param seen the square that the encoder saw, in fractions of the upright photo
 * @param vector float32 [dimension], L2 norm 1
 */
export function computeExplanation(
  { cells, grid }: CellEmbedding,
  seen: Rectangle,
  vector: Float32Array,
): Explanation {
  const { rows, columns, extent } = grid;
  const { length } = vector;
  const shares = Array.from({ length: rows * columns }, (_, cell) => {
    let share = 0;
    for (let i = 0; i < length; i++) {
      share += cells[cell * length + i]! * vector[i]!;
    }
    return share;
  });
  return { rows, columns, region: mapToPhoto(extent, seen), shares };
}
