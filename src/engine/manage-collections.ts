/** Creates, deletes, calibrates and evaluates collections. */
import type { EncoderInfo } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import { type CalibrationOutcome, calibrateCollection } from '../evaluation/calibrate-collection.js';
import { sampleVectors } from '../evaluation/collection-queries.js';
import { type CollectionEvaluation, evaluateCollection } from '../evaluation/evaluate-collection.js';
import { findCollectionLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import type { CollectionInfo, CollectionPatch } from '../store/store.js';
import type { CalibrateOptions, CreateOptions, LabelCheckOptions, ServedCollection } from './engine.js';
import type { EngineContext, Spaces } from './spaces.js';

/** Creates an empty collection for the engine's encoder or for another one. */
export async function createCollection(
  { store, encoders }: EngineContext,
  name: string,
  description?: string,
  { encoder, originals }: CreateOptions = {},
): Promise<ServedCollection> {
  const runtime = await encoders.findNamed(encoder);
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
  if ((await store.deleteItems(collection, { ids: [id] })) === 0) {
    throw new PawdexError('item_not_found');
  }
}

export function calibrate(
  context: EngineContext,
  collection: string,
  options: CalibrateOptions = {},
): Promise<CalibrationOutcome> {
  const { store, spaces } = context;
  return spaces.run(collection, async ({ runtime: { encoder, statistics } }) => {
    const outcome = await calibrateCollection(store, collection, {
      ...options,
      vote: { fingerprint: encoder.info.fingerprint, ...encoder.card.vote },
      references: statistics?.nonPets,
      // Without any, the references are the non-pets.
      nonPets: options.nonPets && (await loadNonPets(context, encoder.info, options)),
    });
    spaces.forget();
    return outcome;
  });
}

export function evaluate(
  context: EngineContext,
  collection: string,
  options: CalibrateOptions = {},
): Promise<CollectionEvaluation> {
  const { store, spaces } = context;
  return spaces.run(collection, async ({ calibration, runtime: { encoder, statistics } }) => {
    const { k, temperature } = encoder.card.vote;
    return evaluateCollection(store, collection, {
      ...options,
      k: calibration?.k ?? k,
      answering: { temperature, calibration, statistics: statistics?.answer },
      references: statistics?.nonPets,
      nonPets: await loadNonPets(context, encoder.info, options),
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

/**
 * Reads the embeddings of the non-pets; without any, an empty array.
 *
 * @param info the encoder of the collection that they are for
 * @throws PawdexError collection_not_found, model_mismatch, vector_invalid
 */
async function loadNonPets(
  { store, spaces }: EngineContext,
  { fingerprint, name, dimension }: EncoderInfo,
  { nonPets, signal }: CalibrateOptions,
): Promise<Float32Array[]> {
  if (nonPets === undefined) {
    return [];
  }
  if ('collection' in nonPets) {
    const other = (await spaces.require(nonPets.collection)).runtime.encoder.info;
    if (other.fingerprint !== fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${nonPets.collection} was embedded with ${other.name}, the other one with ${name}.`,
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
