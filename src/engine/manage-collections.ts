/** Creates, deletes, calibrates and evaluates collections. */
import { PawdexError } from '../errors.js';
import { type CalibrationOutcome, calibrateCollection } from '../evaluation/calibrate-collection.js';
import { sampleVectors, type WorkOptions } from '../evaluation/collection-queries.js';
import { type CollectionEvaluation, evaluateCollection } from '../evaluation/evaluate-collection.js';
import { findCollectionLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import type { CollectionInfo, CollectionPatch, Store } from '../store/store.js';
import type { CreateOptions, LabelCheckOptions, NonPets, ServedCollection } from './engine.js';
import type { CollectionSpace, EngineContext, Spaces } from './spaces.js';

/** Creates an empty collection for the engine's encoder or for another one. */
export async function createCollection(
  { store, encoders }: EngineContext,
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
async function addProblem(spaces: Spaces, info: CollectionInfo): Promise<ServedCollection> {
  return { ...info, problem: await spaces.findProblem(info) };
}

export async function listCollections({ store, spaces }: EngineContext): Promise<ServedCollection[]> {
  const collections = await store.listCollections();
  return Promise.all(collections.map((info) => addProblem(spaces, info)));
}

export async function getCollection(
  { store, spaces }: EngineContext,
  name: string,
): Promise<ServedCollection> {
  return addProblem(spaces, await store.getCollection(name));
}

export async function updateCollection(
  { store, spaces }: EngineContext,
  name: string,
  patch: Pick<CollectionPatch, 'name' | 'aliases' | 'description' | 'originals'>,
): Promise<ServedCollection> {
  const info = await store.updateCollection(name, patch);
  spaces.forget();
  return addProblem(spaces, info);
}

/** Deletes a collection with all its items. */
export async function deleteCollection({ store, spaces }: EngineContext, name: string): Promise<void> {
  await store.deleteCollection(name);
  spaces.forget();
}

/** @throws PawdexError item_not_found */
export async function deleteItem({ store }: EngineContext, collection: string, id: string): Promise<void> {
  if ((await store.delete(collection, [id])) === 0) {
    throw new PawdexError('item_not_found');
  }
}

export function calibrate(
  { store, spaces }: EngineContext,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CalibrationOutcome> {
  return spaces.run(collection, async (space) => {
    const { encoder, statistics } = space.runtime;
    const outcome = await calibrateCollection(store, collection, {
      ...options,
      vote: { fingerprint: space.fingerprint, ...encoder.card.vote },
      references: statistics?.nonPets ?? null,
      nonPets: options.nonPets === undefined ? undefined : await loadNonPets(store, spaces, space, options),
    });
    spaces.forget();
    return outcome;
  });
}

export function evaluate(
  { store, spaces }: EngineContext,
  collection: string,
  options: WorkOptions & { nonPets?: NonPets } = {},
): Promise<CollectionEvaluation> {
  return spaces.run(collection, async (space) => {
    const { calibration, runtime } = space;
    const { k, temperature } = runtime.encoder.card.vote;
    return evaluateCollection(store, collection, {
      ...options,
      k: calibration?.k ?? k,
      answering: { temperature, calibration, statistics: runtime.statistics?.answer ?? null },
      references: runtime.statistics?.nonPets ?? null,
      nonPets: await loadNonPets(store, spaces, space, options),
    });
  });
}

export function findLabelTrouble(
  { store, spaces }: EngineContext,
  collection: string,
  { threshold, ...options }: LabelCheckOptions,
): Promise<LabelTrouble> {
  return spaces.run(collection, ({ runtime: { encoder } }) =>
    findCollectionLabelTrouble(store, collection, { ...encoder.card.vote, ...options, sameFrom: threshold }),
  );
}

/** @throws PawdexError collection_not_found, model_mismatch, vector_invalid */
async function loadNonPets(
  store: Store,
  spaces: Spaces,
  { fingerprint, model, dimension }: CollectionSpace,
  { nonPets, signal }: WorkOptions & { nonPets?: NonPets },
): Promise<Float32Array[]> {
  if (nonPets === undefined) {
    return [];
  }
  if ('collection' in nonPets) {
    const other = await spaces.require(nonPets.collection);
    if (other.fingerprint !== fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${nonPets.collection} was embedded with ${other.model}, the other one with ${model}.`,
      });
    }
    return sampleVectors(store, nonPets.collection, signal);
  }
  if (nonPets.embeddings.some(({ length }) => length !== dimension)) {
    throw new PawdexError('vector_invalid', {
      detail: `Embeddings of this encoder have ${dimension} numbers.`,
    });
  }
  return nonPets.embeddings;
}
