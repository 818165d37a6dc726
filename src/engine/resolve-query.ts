/** Turns what a caller searches for into a query vector. */
import { PawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { Query } from './engine.js';
import type { Embedded, EmbedOptions, ImageEmbedder } from './image-embedder.js';

/** A query vector, the time spent on it, and the items that must not answer it. */
export interface ResolvedQuery extends Omit<Embedded, 'image'> {
  exclude: string[];
}

const still = (embedding: Float32Array, exclude: string[]): ResolvedQuery => ({
  embedding,
  exclude,
  explain: null,
  decodeMs: 0,
  embedMs: 0,
});

/** Adds `weight` times the mean of the items' vectors to `sum`. */
async function addMean(
  store: Store,
  collection: string,
  ids: string[],
  weight: number,
  sum: Float64Array,
): Promise<void> {
  const vectors = await Promise.all(ids.map((id) => store.getVector(collection, id)));
  for (const vector of vectors) {
    for (let i = 0; i < sum.length; i++) {
      sum[i] = sum[i]! + (weight / ids.length) * vector[i]!;
    }
  }
}

/**
 * The query vector: an image's embedding, an item's vector, a given vector, or, from examples, the mean of the
 * positives minus the mean of the negatives (Rocchio's relevance feedback with equal weights; Rocchio 1971).
 * Items named in the query are not among its answers.
 *
 * @param look how an image is embedded
 * @throws PawdexError item_not_found, vector_invalid, invalid_request, and those of embedding an image
 */
export async function resolveQuery(
  query: Query,
  collection: string,
  dimension: number,
  store: Store,
  embedder: ImageEmbedder,
  look: EmbedOptions,
): Promise<ResolvedQuery> {
  if ('image' in query) {
    return { ...(await embedder.embed(query.image, look)), exclude: [] };
  }
  if (look.explained || (look.views ?? '1') !== '1') {
    throw new PawdexError('invalid_request', {
      detail: '`explain` and `views` are about a photo, and this search has none.',
      hint: 'Send the photo: of an indexed item only the vector is kept.',
    });
  }
  if ('id' in query) {
    return still(await store.getVector(collection, query.id), [query.id]);
  }
  if ('vector' in query) {
    if (query.vector.length !== dimension) {
      throw new PawdexError('vector_invalid', {
        detail: `The vector has ${query.vector.length} numbers; the collection has ${dimension} dimensions.`,
      });
    }
    return still(Float32Array.from(query.vector), []);
  }
  const { positives, negatives } = query;
  if (positives.length + negatives.length === 0) {
    throw new PawdexError('invalid_request', { detail: 'Name at least one positive or negative item.' });
  }
  const sum = new Float64Array(dimension);
  if (positives.length > 0) {
    await addMean(store, collection, positives, 1, sum);
  }
  if (negatives.length > 0) {
    await addMean(store, collection, negatives, -1, sum);
  }
  return still(Float32Array.from(sum), [...positives, ...negatives]);
}
