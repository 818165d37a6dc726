/** Explains where in a photo its similarity to an item comes from. */
import type { CellEmbedding } from '../encoder/encoder.js';
import { catchAsNull } from '../errors.js';
import { mapToPhoto, type Rectangle } from '../image/regions.js';
import type { Store } from '../store/store.js';
import type { Explanation } from './engine.js';

/** Largest number of neighbours to explain. A hundred take two milliseconds of the main thread. */
const MAX_EXPLAINED = 100;

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

/** Reads the vector of an item, or null if it was deleted after it was listed. */
export function findVector(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  return catchAsNull(store.getVector(collection, id), 'item_not_found');
}

/** Settings of {@link addExplanations}. */
interface ExplainOptions {
  store: Store;
  collection: string;
  /** Explains the similarity to an item's vector; null if no explanation was requested. */
  explain: ((vector: Float32Array) => Explanation) | null;
}

/**
 * Adds an explanation to the first {@link MAX_EXPLAINED} neighbours if explanations were requested. An item that was
 * deleted after the search gets none.
 */
export async function addExplanations<N extends { id: string }>(
  neighbours: N[],
  { store, collection, explain }: ExplainOptions,
): Promise<(N & { explanation?: Explanation })[]> {
  if (explain === null) {
    return neighbours;
  }
  const add = async (neighbour: N): Promise<N & { explanation?: Explanation }> => {
    const vector = await findVector(store, collection, neighbour.id);
    return vector === null ? neighbour : { ...neighbour, explanation: explain(vector) };
  };
  const first = await Promise.all(neighbours.slice(0, MAX_EXPLAINED).map(add));
  return [...first, ...neighbours.slice(MAX_EXPLAINED)];
}
