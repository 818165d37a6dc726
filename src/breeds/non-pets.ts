/** Non-pet photos that ship with the encoder. A photo that resembles one of them probably shows no pet either. */
import { computeDot } from '../math/vectors.js';

/** Embeddings of photos without pets. */
export interface NonPetPhotos {
  /** float32 [dimension] each, L2 norm 1. */
  vectors: Float32Array[];
  /** The subject of each photo, as a number. */
  groups: number[];
}

/** A photo this similar to a non-pet photo is that photo itself, which says nothing about new photos. */
const SAME_PICTURE = 0.99;

/**
 * Measures how similar a photo is to the nearest non-pet photo, other than itself.
 *
 * @param embedding float32 [dimension], L2 norm 1
 * @param exceptGroup subject to leave out, so that its photos can be judged by the others
 * @returns cosine similarity, -1..1; -1 without other photos
 */
export function measureNonPetSimilarity(
  embedding: Float32Array,
  { vectors, groups }: NonPetPhotos,
  exceptGroup?: number,
): number {
  let nearest = -1;
  for (const [i, vector] of vectors.entries()) {
    if (groups[i] === exceptGroup) {
      continue;
    }
    const similarity = computeDot(embedding, vector);
    if (similarity > nearest && similarity < SAME_PICTURE) {
      nearest = similarity;
    }
  }
  return nearest;
}
