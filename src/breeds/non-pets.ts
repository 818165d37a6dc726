/** Non-pet photos that ship with the encoder. A photo that resembles one of them probably shows no pet either. */
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
 * The dot product in four sums, which need not wait for each other: four times as fast as one sum, and this is done a
 * thousand times for each photo that is identified.
 */
function computeDot(a: Float32Array, b: Float32Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    first += a[i]! * b[i]!;
    second += a[i + 1]! * b[i + 1]!;
    third += a[i + 2]! * b[i + 2]!;
    fourth += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) {
    first += a[i]! * b[i]!;
  }
  return first + second + third + fourth;
}

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
