/**
 * Fills a collection from files. It reads ahead, looks up which contents are known, and sends the rest in batches. Known
 * photos are neither decoded nor encoded. So a killed job continues by skipping what is already stored.
 */
import type { AddResult, Engine } from '../engine/engine.js';
import { asPawdexError, type PawdexError } from '../errors.js';
import { keepTrying } from '../threads/keep-trying.js';
import { type PhotoToIndex, toItemFields } from './photo-to-index.js';
import { type ReadPhoto, readAhead, type Settle } from './read-ahead.js';

/** Batches in progress: while one is being stored, the next keeps the encoder busy. */
const BATCHES_IN_FLIGHT = 2;
/** How long to retry while the engine is overloaded, in milliseconds. */
const PATIENCE_MS = 120_000;

/** Progress so far. */
export interface IndexProgress {
  total: number;
  /** Photos added, skipped or failed. Equals `total` at the end unless the job stops early. */
  done: number;
  created: number;
  /** Photos whose content the collection already had. */
  skipped: number;
  failed: number;
}

/** A photo that was not indexed, and why. */
export interface FileFailure {
  file: string;
  code: string;
  detail: string;
  hint: string;
}

export interface IndexSummary extends IndexProgress {
  failures: FileFailure[];
  /** Skipped photos that have another label in the collection than in the set. */
  otherLabel: number;
  /** The error that stopped the job early, or null. */
  stoppedBy: PawdexError | null;
}

/** Settings of {@link indexPhotos}. */
export interface IndexOptions {
  /** Must exist. */
  collection: string;
  /** Larger files fail without being read. */
  maxFileBytes: number;
  /** When aborted, no new batch starts; those in progress finish. */
  signal?: AbortSignal;
  /** Called with the same object after each change. */
  onProgress?: (progress: Readonly<IndexProgress>) => void;
  /** Called once for each processed photo. Created items are durable by then. */
  onSettled?: Settle;
}

/**
 * Indexes photos into a collection. Photos that cannot be read or decoded are listed in `failures` and do not stop the
 * others. An error that affects all photos (collection_not_found, model_mismatch, storage_full, ...) ends the job and is
 * reported in `stoppedBy`. Photos stored before it are kept.
 */
export async function indexPhotos(
  engine: Engine,
  photos: PhotoToIndex[],
  options: IndexOptions,
): Promise<IndexSummary> {
  const summary = createIndexSummary(photos.length);
  const settle: Settle = (photo, result, sha256) => {
    countOutcome(summary, photo, result);
    options.onSettled?.(photo, result, sha256);
    options.onProgress?.(summary);
  };
  const inFlight = new Set<Promise<void>>();
  const begin = (batch: ReadPhoto[]) => {
    const work: Promise<void> = store(engine, batch, options, settle)
      .catch((error) => {
        summary.stoppedBy ??= asPawdexError(error);
      })
      .finally(() => inFlight.delete(work));
    inFlight.add(work);
  };
  try {
    for await (const batch of readAhead(engine, photos, options, settle)) {
      if (summary.stoppedBy !== null || options.signal?.aborted) {
        break;
      }
      begin(batch);
      if (inFlight.size >= BATCHES_IN_FLIGHT) {
        await Promise.race(inFlight);
      }
    }
  } catch (error) {
    summary.stoppedBy ??= asPawdexError(error);
  }
  await Promise.all(inFlight);
  return summary;
}

async function store(
  engine: Engine,
  batch: ReadPhoto[],
  options: IndexOptions,
  settle: Settle,
): Promise<void> {
  const inputs = batch.map(({ photo, bytes }) => ({ image: bytes, ...toItemFields(photo) }));
  // Interactive requests go first.
  const patience = { codes: ['overloaded'], patienceMs: PATIENCE_MS, signal: options.signal } as const;
  const newHashes = batch.map(({ sha256 }) => sha256);
  const add = () => engine.addItems(options.collection, inputs, { newHashes });
  const results = await keepTrying(add, patience);
  batch.forEach(({ photo, sha256 }, i) => {
    settle(photo, results[i]!, sha256);
  });
}

/** Creates the summary of a run that has not processed any of its `total` photos. */
export function createIndexSummary(total: number): IndexSummary {
  return {
    total,
    done: 0,
    created: 0,
    skipped: 0,
    failed: 0,
    failures: [],
    otherLabel: 0,
    stoppedBy: null,
  };
}

function countOutcome(summary: IndexSummary, photo: PhotoToIndex, result: AddResult): void {
  summary.done++;
  if (result.status === 'failed') {
    summary.failed++;
    summary.failures.push({ file: photo.name, ...result.error });
  } else if (result.status === 'created') {
    summary.created++;
  } else {
    summary.skipped++;
    summary.otherLabel += result.label === photo.label ? 0 : 1;
  }
}
