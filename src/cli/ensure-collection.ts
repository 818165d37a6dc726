/** Creates the collection to index into, if needed. */
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';

/**
 * Creates a collection if it does not exist, even if another process does so at the same moment.
 *
 * @throws PawdexError model_mismatch if it was embedded with another encoder
 */
export async function ensureCollection(engine: Engine, name: string): Promise<void> {
  try {
    const { fingerprint, model } = await engine.store.getCollection(name);
    if (fingerprint !== engine.encoder.fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${name} was embedded with ${model}, but this encoder is ${engine.encoder.name}.`,
      });
    }
  } catch (error) {
    if (asPawdexError(error).code !== 'collection_not_found') {
      throw error;
    }
    await engine.createCollection(name).catch((failure) => {
      if (asPawdexError(failure).code !== 'collection_exists') {
        throw failure;
      }
    });
  }
}
