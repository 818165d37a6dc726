/** Searches a collection by an image, an item, a vector, or a combination of examples. */
import { PawdexError } from '../errors.js';
import { normalise } from '../math/vectors.js';
import type { Store } from '../store/store.js';
import { describeModel, type EncoderRuntime } from './encoders.js';
import type { Example, Examples, Query, SearchAnswer, SearchOptions } from './engine.js';
import { addExplanations } from './explain-neighbours.js';
import type { Embedded, EmbedOptions } from './image-embedder.js';
import type { EngineContext } from './spaces.js';

/**
 * Weight of the mean of the negatives relative to that of the positives. 0.25 to 0.75 works best according to Salton
 * and Buckley ("Improving retrieval performance by relevance feedback", 1990).
 */
const NEGATIVE_WEIGHT = 1 / 3;

/** See `Engine.search`. */
export function searchItems(
  { store, spaces }: EngineContext,
  collection: string,
  query: Query,
  { views, region: part, explain: explained, ...options }: SearchOptions,
): Promise<SearchAnswer> {
  return spaces.run(collection, async ({ runtime }) => {
    const started = performance.now();
    const look = { views, region: part, explained };
    const { embedding, exclude, explain, decodeMs, embedMs } = await resolveQuery(
      { store, collection, runtime },
      query,
      look,
    );
    const searchStarted = performance.now();
    const space = runtime.encoder.info.fingerprint;
    const hits = await store.search(collection, embedding, { ...options, exclude, space });
    const searchMs = performance.now() - searchStarted;
    const neighbours = hits.map(({ item, similarity }) => ({ ...item, similarity }));
    return {
      neighbours: await addExplanations(neighbours, { store, collection, explain, part }),
      model: describeModel(runtime),
      timing: { decodeMs, embedMs, searchMs, totalMs: performance.now() - started },
    };
  });
}

/** A query vector, the time spent on it, and the items to exclude from its results. */
interface ResolvedQuery extends Omit<Embedded, 'image'> {
  exclude: string[];
}

const toResolved = (embedding: Float32Array, exclude: string[]): ResolvedQuery => ({
  embedding,
  exclude,
  explain: null,
  decodeMs: 0,
  embedMs: 0,
});

/** @throws PawdexError vector_invalid if the vector has another dimension */
function checkVector(vector: number[] | Float32Array, dimension: number): Float32Array {
  if (vector.length !== dimension) {
    throw new PawdexError('vector_invalid', {
      detail: `The vector has ${vector.length} numbers; the collection has ${dimension} dimensions.`,
    });
  }
  return Float32Array.from(vector);
}

/** @throws PawdexError vector_invalid */
function readDirection(vector: number[] | Float32Array, dimension: number): Float32Array {
  const direction = checkVector(vector, dimension);
  const length = normalise(direction);
  if (length === 0 || !Number.isFinite(length)) {
    throw new PawdexError('vector_invalid', {
      detail: 'An example is all zeros, or has a number that is not finite.',
    });
  }
  return direction;
}

/** Where to look up the vectors of examples. */
interface Source {
  store: Store;
  collection: string;
  dimension: number;
}

/** Adds `weight` times the mean of the examples' directions to `sum`. */
async function addMean(
  { store, collection, dimension }: Source,
  examples: Example[],
  weight: number,
  sum: Float64Array,
): Promise<void> {
  const vectors = await Promise.all(
    examples.map((example) =>
      typeof example === 'string' ? store.getVector(collection, example) : readDirection(example, dimension),
    ),
  );
  for (const vector of vectors) {
    for (let i = 0; i < sum.length; i++) {
      sum[i]! += (weight / examples.length) * vector[i]!;
    }
  }
}

/**
 * Computes the mean of the positives minus a fraction of the mean of the negatives: Rocchio's relevance feedback (J. J.
 * Rocchio, "Relevance feedback in information retrieval", 1971). The store scales it to unit length.
 *
 * @throws PawdexError item_not_found, vector_invalid, invalid_request
 */
async function combineExamples(
  { positives, negatives, negativeWeight = NEGATIVE_WEIGHT }: Examples,
  source: Source,
): Promise<Float32Array> {
  if (positives.length + negatives.length === 0) {
    throw new PawdexError('invalid_request', { detail: 'Send at least one positive or negative example.' });
  }
  const sum = new Float64Array(source.dimension);
  await addMean(source, positives, 1, sum);
  // Without positives only the direction matters, so the weight must not be 0.
  await addMean(source, negatives, positives.length === 0 ? -1 : -negativeWeight, sum);
  return Float32Array.from(sum);
}

/**
 * Resolves a query to an image's embedding, an item's vector, a given vector, or a combination of examples. Items
 * named in the query are excluded from its results.
 *
 * @param runtime the encoder that the collection was embedded with
 * @param look how to embed an image
 * @throws PawdexError item_not_found, vector_invalid, invalid_request, and those of embedding an image
 */
async function resolveQuery(
  { store, collection, runtime }: { store: Store; collection: string; runtime: EncoderRuntime },
  query: Query,
  look: EmbedOptions,
): Promise<ResolvedQuery> {
  if ('image' in query) {
    return { ...(await runtime.embedder.embed(query.image, look)), exclude: [] };
  }
  if (look.explained || (look.views ?? '1') !== '1') {
    throw new PawdexError('invalid_request', {
      detail: '`explain` and `views` need a photo, and this search has none.',
      hint: 'Send the photo itself: only the vectors of indexed items are stored.',
    });
  }
  const { dimension } = runtime.encoder.info;
  if ('id' in query) {
    return toResolved(await store.getVector(collection, query.id), [query.id]);
  }
  if ('vector' in query) {
    return toResolved(checkVector(query.vector, dimension), []);
  }
  const named = [...query.positives, ...query.negatives].filter((example) => typeof example === 'string');
  return toResolved(await combineExamples(query, { store, collection, dimension }), named);
}
