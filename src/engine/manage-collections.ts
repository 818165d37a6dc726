/** Creates, deletes, calibrates and evaluates collections. */
import { PawdexError } from '../errors.js';
import { type CalibrationOutcome, calibrateCollection } from '../evaluation/calibrate-collection.js';
import { sampleVectors, type WorkOptions } from '../evaluation/collection-queries.js';
import { type CollectionEvaluation, evaluateCollection } from '../evaluation/evaluate-collection.js';
import { findCollectionLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import type { CollectionInfo } from '../store/store.js';
import type { NonPets } from './engine.js';
import type { EngineParts } from './use-cases.js';

/** Creates an empty collection for the current encoder. */
export function createCollection(
  { store, encoder }: EngineParts,
  name: string,
  description?: string,
): Promise<CollectionInfo> {
  const { dimension, fingerprint, name: model } = encoder.info;
  return store.createCollection({ name, dimension, fingerprint, model, description });
}

/** See `Engine.updateCollection`. */
export function updateCollection(
  { store }: EngineParts,
  name: string,
  { description }: { description?: string | undefined },
): Promise<CollectionInfo> {
  return store.updateCollection(name, description === undefined ? {} : { description });
}

/** Deletes a collection with all its items. */
export async function deleteCollection({ store, spaces }: EngineParts, name: string): Promise<void> {
  await store.deleteCollection(name);
  spaces.forget(name);
}

/** @throws PawdexError item_not_found */
export async function deleteItem({ store }: EngineParts, collection: string, id: string): Promise<void> {
  if ((await store.delete(collection, [id])) === 0) {
    throw new PawdexError('item_not_found');
  }
}

/** See `Engine.calibrate`. */
export async function calibrate(
  parts: EngineParts,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CalibrationOutcome> {
  const { store, encoder, spaces } = parts;
  const { fingerprint } = await spaces.require(collection);
  const vote = { fingerprint, ...encoder.card.vote };
  const outcome = await calibrateCollection(store, collection, {
    ...options,
    vote,
    references: parts.statistics?.nonPets ?? null,
    nonPets: options.nonPets === undefined ? undefined : await loadNonPets(parts, options),
  });
  spaces.forget(collection);
  return outcome;
}

/** See `Engine.evaluate`. */
export async function evaluate(
  parts: EngineParts,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CollectionEvaluation> {
  const { calibration } = await parts.spaces.require(collection);
  const { k, temperature } = parts.encoder.card.vote;
  return evaluateCollection(parts.store, collection, {
    ...options,
    k: calibration?.k ?? k,
    answering: { temperature, calibration, statistics: parts.statistics?.answer ?? null },
    references: parts.statistics?.nonPets ?? null,
    nonPets: await loadNonPets(parts, options),
  });
}

/** See `Engine.findLabelTrouble`. */
export async function findLabelTrouble(
  { store, encoder, spaces }: EngineParts,
  collection: string,
  { threshold, ...options }: WorkOptions & { threshold: number; limit: number },
): Promise<LabelTrouble> {
  await spaces.require(collection);
  return findCollectionLabelTrouble(store, collection, {
    ...encoder.card.vote,
    ...options,
    sameFrom: threshold,
  });
}

/** @throws PawdexError collection_not_found, model_mismatch, vector_invalid */
async function loadNonPets(
  { store, encoder, spaces }: EngineParts,
  { nonPets, signal }: WorkOptions & { nonPets?: NonPets },
): Promise<Float32Array[]> {
  if (nonPets === undefined) {
    return [];
  }
  if ('collection' in nonPets) {
    await spaces.require(nonPets.collection);
    return sampleVectors(store, nonPets.collection, signal);
  }
  const { dimension } = encoder.info;
  if (nonPets.embeddings.some(({ length }) => length !== dimension)) {
    throw new PawdexError('vector_invalid', {
      detail: `Embeddings of this model have ${dimension} numbers.`,
    });
  }
  return nonPets.embeddings;
}
