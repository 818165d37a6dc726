/** Fits a calibration to a live collection, by identifying its own photos. */
import type { Calibration } from '../breeds/calibration.js';
import { type CalibrationData, MIN_QUERIES } from '../breeds/fit-calibration.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import type { Store } from '../store/store.js';
import type { CalibrationQuality } from './assess-calibration.js';
import {
  BATCH_SIZE,
  batchNonPets,
  batchQueries,
  countLabels,
  type NonPetBatch,
  type QueryBatch,
  sampleQueries,
  searchQueryBatch,
} from './collection-queries.js';
import type { WorkOptions } from './collection-work.js';
import { withEvaluationThread } from './evaluation-thread.js';
import type { CalibrationPart } from './evaluation-worker.js';

export interface CalibrateOptions extends WorkOptions {
  /** The vote to calibrate, and the fingerprint of the encoder. */
  vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>;
  /** Non-pet photos that come with the encoder. The similarity of a photo to them is a feature. */
  references?: NonPetPhotos | null;
  /** Embeddings of photos of something else, float32 [dimension] each. Default: the references themselves. */
  nonPets?: Float32Array[];
}

/** The result of {@link calibrateCollection}. */
export interface CalibrationOutcome {
  /** The calibration that was stored, or null if the collection has too few photos. */
  calibration: Calibration | null;
  /** Its quality on photos that it was not fitted to; null if nothing was fitted. */
  worth: CalibrationQuality | null;
  queries: number;
  /** Labelled photos that a calibration needs. */
  needed: number;
}

/**
 * Identifies a sample of the collection's photos, each without itself and again without its label. Fits a calibration and
 * stores it with the collection.
 *
 * This assumes that the photos are independent. Near-duplicates under one label, and photos that the encoder was
 * trained on, make the answers look better than they will be on new photos.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason
 */
export async function calibrateCollection(
  store: Store,
  name: string,
  options: CalibrateOptions,
): Promise<CalibrationOutcome> {
  const { vote, signal, onProgress } = options;
  const counts = await countLabels(store, name);
  const labels = [...counts.keys()];
  const queries = await sampleQueries(store, name, counts, options);
  const outcome = { queries: queries.length, needed: MIN_QUERIES };
  // With a single label no answer can be wrong.
  if (queries.length < MIN_QUERIES || labels.length < 2) {
    return { ...outcome, calibration: null, worth: null };
  }
  const { calibration, worth } = await withEvaluationThread(signal, async (thread) => {
    for await (const batch of batchQueries(queries, labels, BATCH_SIZE, options)) {
      await thread.addQueries(await runQueryBatch(store, name, batch, options));
    }
    const nonPets = options.nonPets ?? options.references?.vectors ?? [];
    for await (const batch of batchNonPets(nonPets, BATCH_SIZE, options)) {
      await thread.addQueries(await runNonPetBatch(store, name, batch, options));
    }
    onProgress?.({ phase: 'computing', done: 0, total: 1 });
    return thread.fit(vote);
  });
  // If it was stopped during the fit, the previous calibration stays.
  signal?.throwIfAborted();
  if (calibration !== null) {
    await store.updateCollection(name, { calibration });
  }
  return { ...outcome, calibration, worth };
}

/** Searches with photos of the collection, each without itself and again without its label. */
async function runQueryBatch(
  store: Store,
  name: string,
  batch: QueryBatch,
  { vote, references }: CalibrateOptions,
): Promise<CalibrationPart> {
  const { label } = batch;
  const found = await searchQueryBatch(store, name, batch, { depth: vote.k, k: vote.k, references });
  return {
    queries: found.map(({ neighbours, nonPetSimilarity }) => ({ neighbours, label, nonPetSimilarity })),
    labelsHeldOut: found.map(({ withoutLabel, nonPetSimilarity }) => ({
      neighbours: withoutLabel,
      label,
      nonPetSimilarity,
    })),
    nonPets: [],
  };
}

/** Searches with photos of something else. A reference is compared with those of other subjects. */
async function runNonPetBatch(
  store: Store,
  name: string,
  { first, vectors }: NonPetBatch,
  { vote, references, nonPets: separate }: CalibrateOptions,
): Promise<CalibrationPart> {
  const found = await store.searchMany(name, vectors, { k: vote.k });
  const nonPets = found.map((neighbours, i) => {
    const group = separate === undefined ? references?.groups[first + i] : undefined;
    return {
      neighbours,
      label: '',
      nonPetSimilarity: measureNonPetSimilarity(vectors[i]!, references, group),
    };
  });
  return { queries: [], labelsHeldOut: [], nonPets };
}
