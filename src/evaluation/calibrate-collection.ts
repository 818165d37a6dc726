/** Fits a calibration to a live collection, by asking it for its own photos. */
import type { Calibration } from '../breeds/calibration.js';
import { type AnsweredQuery, type CalibrationData, FEWEST_QUERIES, fitCalibration } from '../breeds/fit.js';
import type { Voter } from '../breeds/vote.js';
import type { Store } from '../store/store.js';

/** Photos asked at most; more would fit the same handful of coefficients no better. */
const MOST_QUERIES = 2000;
/** Queries handed to the store at once: few, so that other people's searches come in between. */
const AT_ONCE = 16;

/** Settings of {@link calibrateCollection}. */
export interface CalibrateOptions {
  /** The vote to calibrate, and the model that answers. */
  vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>;
  /** Embeddings of photos of something else, float32 [dimension] each, if there are any. */
  nonPets?: Float32Array[];
  /** Stops between two searches; what was stored stays as it was. */
  signal?: AbortSignal;
  /** Called as photos are asked. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** What {@link calibrateCollection} did. */
export interface CalibrationOutcome {
  /** What was fitted and stored, or null when the collection holds too little to fit on. */
  calibration: Calibration | null;
  /** Photos asked. */
  queries: number;
  /** Labelled photos that a calibration needs at least. */
  needed: number;
}

interface Query {
  id: string;
  label: string;
  vector: Float32Array;
}

/** Every n-th photo whose label has another photo in the collection, so that there is a right answer to find. */
async function sample(store: Store, name: string, counts: Map<string, number>): Promise<Query[]> {
  const eligible = [...counts.values()].reduce((sum, count) => sum + (count > 1 ? count : 0), 0);
  const stride = Math.max(1, Math.ceil(eligible / MOST_QUERIES));
  const queries: Query[] = [];
  let seen = 0;
  for await (const { id, label, vector } of store.iterate(name)) {
    if (label === null || (counts.get(label) ?? 0) < 2) continue;
    if (seen++ % stride === 0) queries.push({ id, label, vector });
  }
  return queries;
}

/**
 * Asks the collection for a sample of its photos, each without itself and once more without its label, fits a
 * calibration and stores it with the collection.
 *
 * Leaving one out is as honest as the photos are independent: near-duplicates of one photo under one label make
 * the answers look surer than they will be on new photos, and so do photos that the encoder was trained on.
 *
 * @throws PawdexError collection_not_found, storage_failed; the signal's reason when it was raised
 */
export async function calibrateCollection(
  store: Store,
  name: string,
  { vote, nonPets = [], signal, onProgress }: CalibrateOptions,
): Promise<CalibrationOutcome> {
  const counts = new Map<string, number>();
  for (const { label, count } of await store.labels(name)) if (label !== null) counts.set(label, count);
  const labels = [...counts.keys()];
  const queries = await sample(store, name, counts);
  const outcome = { queries: queries.length, needed: FEWEST_QUERIES };
  // With one label only there is nothing else a photo could be taken for.
  if (queries.length < FEWEST_QUERIES || labels.length < 2) return { ...outcome, calibration: null };

  const data: CalibrationData = { ...vote, queries: [], labelsHeldOut: [], nonPets: [] };
  const total = queries.length;
  let done = 0;
  for (const label of labels) {
    const others = labels.filter((other) => other !== label);
    const group = queries.filter((query) => query.label === label);
    for (let at = 0; at < group.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      const asked = group.slice(at, at + AT_ONCE);
      const vectors = asked.map(({ vector }) => vector);
      const found = await store.searchMany(name, vectors, { k: vote.k + 1 });
      const without = await store.searchMany(name, vectors, { k: vote.k, filter: { label: others } });
      asked.forEach(({ id }, i) => {
        const neighbours = found[i]!.filter((hit) => hit.id !== id).slice(0, vote.k);
        data.queries.push({ neighbours, label });
        data.labelsHeldOut.push({ neighbours: without[i]!, label });
      });
      done += asked.length;
      onProgress?.({ done, total });
    }
  }
  for (let at = 0; at < nonPets.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const found: Voter[][] = await store.searchMany(name, nonPets.slice(at, at + AT_ONCE), { k: vote.k });
    data.nonPets.push(...found.map((neighbours): AnsweredQuery => ({ neighbours, label: '' })));
  }
  const calibration = fitCalibration(data);
  if (calibration !== null) await store.updateCollection(name, { calibration });
  return { ...outcome, calibration };
}
