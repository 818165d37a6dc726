/** Pictures of no pet that ship with the encoder: a photo that resembles one of them is probably of no pet either. */
import { computeDot } from '../math/vectors.js';

/** Embeddings of pictures that show no pet. */
export interface NonPetPhotos {
  /** float32 [dimension] each, L2 norm 1. */
  vectors: Float32Array[];
  /** What each shows, as a number: pictures of one subject have the same. */
  groups: number[];
}

/** A photo this similar to a picture is that very picture, which says nothing of photos that nobody has seen. */
const SAME_PICTURE = 0.99;

/**
 * Measures how similar a photo is to the nearest picture of no pet, other than itself.
 *
 * @param embedding float32 [dimension], L2 norm 1
 * @param exceptGroup leaves out the pictures of this subject, so that those of another one can be judged fairly
 * @returns cosine similarity, -1..1; -1 where there is no other picture
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
