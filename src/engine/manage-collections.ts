/** Creates, deletes, calibrates and evaluates collections. */
import { PawdexError } from '../errors.js';
import { type CalibrationOutcome, calibrateCollection } from '../evaluation/calibrate-collection.js';
import { sampleVectors, type WorkOptions } from '../evaluation/collection-queries.js';
import { type CollectionEvaluation, evaluateCollection } from '../evaluation/evaluate-collection.js';
import { findCollectionLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import type { CollectionInfo, CollectionPatch } from '../store/store.js';
import type { CreateOptions, LabelCheckOptions, NonPets, ServedCollection } from './engine.js';
import { type EngineParts, runInSpace } from './spaces.js';

/** Creates an empty collection for the engine's encoder or for another one. */
export async function createCollection(
  { store, encoders }: EngineParts,
  name: string,
  description?: string,
  { encoder, originals }: CreateOptions = {},
): Promise<ServedCollection> {
  const runtime = encoder === undefined ? encoders.primary : await encoders.findNamed(encoder);
  const { dimension, fingerprint, name: model } = runtime.encoder.info;
  const spec = { name, dimension, fingerprint, model, description, originals };
  return { ...(await store.createCollection(spec)), problem: null };
}

/** Adds to a collection the reason why this process cannot search it, if there is one. */
async function describeServed({ spaces }: EngineParts, info: CollectionInfo): Promise<ServedCollection> {
  return { ...info, problem: await spaces.findProblem(info) };
}

export async function listCollections(parts: EngineParts): Promise<ServedCollection[]> {
  const found = await parts.store.listCollections();
  return Promise.all(found.map((info) => describeServed(parts, info)));
}

export async function getCollection(parts: EngineParts, name: string): Promise<ServedCollection> {
  return describeServed(parts, await parts.store.getCollection(name));
}

export async function updateCollection(
  parts: EngineParts,
  name: string,
  patch: Pick<CollectionPatch, 'name' | 'aliases' | 'description' | 'originals'>,
): Promise<ServedCollection> {
  const info = await parts.store.updateCollection(name, patch);
  parts.spaces.forget();
  return describeServed(parts, info);
}

/** Deletes a collection with all its items. */
export async function deleteCollection({ store, spaces }: EngineParts, name: string): Promise<void> {
  await store.deleteCollection(name);
  spaces.forget();
}

/** @throws PawdexError item_not_found */
export async function deleteItem({ store }: EngineParts, collection: string, id: string): Promise<void> {
  if ((await store.delete(collection, [id])) === 0) {
    throw new PawdexError('item_not_found');
  }
}

export function calibrate(
  parts: EngineParts,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CalibrationOutcome> {
  return runInSpace(parts, collection, async (spaceParts, { fingerprint }) => {
    const { store, encoder, spaces, statistics } = spaceParts;
    const outcome = await calibrateCollection(store, collection, {
      ...options,
      vote: { fingerprint, ...encoder.card.vote },
      references: statistics?.nonPets ?? null,
      nonPets: options.nonPets === undefined ? undefined : await loadNonPets(spaceParts, options),
    });
    spaces.forget();
    return outcome;
  });
}

export function evaluate(
  parts: EngineParts,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CollectionEvaluation> {
  return runInSpace(parts, collection, async (spaceParts, { calibration }) => {
    const { k, temperature } = spaceParts.encoder.card.vote;
    return evaluateCollection(spaceParts.store, collection, {
      ...options,
      k: calibration?.k ?? k,
      answering: { temperature, calibration, statistics: spaceParts.statistics?.answer ?? null },
      references: spaceParts.statistics?.nonPets ?? null,
      nonPets: await loadNonPets(spaceParts, options),
    });
  });
}

export function findLabelTrouble(
  parts: EngineParts,
  collection: string,
  { threshold, ...options }: LabelCheckOptions,
): Promise<LabelTrouble> {
  return runInSpace(parts, collection, ({ store, encoder }) =>
    findCollectionLabelTrouble(store, collection, { ...encoder.card.vote, ...options, sameFrom: threshold }),
  );
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
    const { fingerprint, model } = await spaces.require(nonPets.collection);
    if (fingerprint !== encoder.info.fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${nonPets.collection} was embedded with ${model}, the other one with ${encoder.info.name}.`,
      });
    }
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
