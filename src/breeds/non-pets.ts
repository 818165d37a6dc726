/** Non-pet photos that ship with the encoder. A photo that resembles one of them probably shows no pet either. */
import { TopK } from '../math/top-k.js';
import { createDotProducts, LANES } from '../wasm/dot-products.js';
import { PAGE_BYTES } from '../wasm/load-wasm.js';
import { REENCODED_PICTURE } from './same-picture.js';

/** Embeddings of photos without pets. */
export interface NonPetPhotos {
  /** float32 [dimension] each, L2 norm 1. */
  vectors: Float32Array[];
  /** The subject of each photo, as a number. */
  groups: number[];
}

/** Compares an embedding with all photos. The result is valid until the next call. */
type Comparer = (embedding: Float32Array) => Float32Array;

const comparers = new WeakMap<NonPetPhotos, Comparer>();

/** In WebAssembly, because each identified photo is compared on the main thread. */
function getComparer(photos: NonPetPhotos): Comparer {
  const comparer = comparers.get(photos) ?? createComparer(photos.vectors);
  comparers.set(photos, comparer);
  return comparer;
}

function createComparer(vectors: readonly Float32Array[]): Comparer {
  if (vectors.length === 0) {
    return () => new Float32Array(0);
  }
  const width = Math.ceil(vectors[0]!.length / LANES) * LANES;
  const [queryAt, outAt] = [vectors.length * width, (vectors.length + 1) * width];
  const pages = Math.ceil(((outAt + vectors.length) * 4) / PAGE_BYTES);
  const { memory, dotProducts } = createDotProducts(pages, pages);
  const floats = new Float32Array(memory.buffer);
  for (const [i, vector] of vectors.entries()) {
    floats.set(vector, i * width);
  }
  return (embedding) => {
    floats.set(embedding, queryAt);
    dotProducts(0, vectors.length, width * 4, queryAt * 4, outAt * 4);
    return floats.subarray(outAt, outAt + vectors.length);
  };
}

/**
 * Finds the photos most similar to an embedding, nearest first.
 *
 * @param count maximum number of photos
 */
export function findNearestNonPets(
  embedding: Float32Array,
  photos: NonPetPhotos,
  count: number,
): Float32Array[] {
  const nearest = new TopK(count);
  for (const [i, similarity] of getComparer(photos)(embedding).entries()) {
    if (similarity >= nearest.threshold) {
      nearest.push(i, similarity);
    }
  }
  return nearest.rank().map(({ id }) => photos.vectors[id]!);
}

/**
 * Measures how similar a photo is to the nearest non-pet photo, other than itself.
 *
 * @param embedding float32 [dimension], L2 norm 1
 * @param exceptGroup subject to leave out, so that its photos can be judged by the others
 * @returns cosine similarity, -1..1; -1 without other photos; null if the encoder comes without such photos
 */
export function measureNonPetSimilarity(
  embedding: Float32Array,
  photos: NonPetPhotos | null | undefined,
  exceptGroup?: number,
): number | null {
  if (!photos) {
    return null;
  }
  const similarities = getComparer(photos)(embedding);
  let nearest = -1;
  // Iterating over `entries()` would leave 100 kB of garbage for each photo that is identified.
  for (let i = 0; i < similarities.length; i++) {
    const similarity = similarities[i]!;
    if (photos.groups[i] !== exceptGroup && similarity > nearest && similarity < REENCODED_PICTURE) {
      nearest = similarity;
    }
  }
  return nearest;
}
