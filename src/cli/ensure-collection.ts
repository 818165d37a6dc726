/** Creates the collection to index into, if needed. */
import type { Engine } from '../engine/engine.js';
import { catchAsNull, PawdexError } from '../errors.js';

/**
 * Creates a collection if it does not exist, even if another process does so at the same moment.
 *
 * @throws PawdexError model_mismatch if it was embedded with another encoder
 */
export async function ensureCollection(engine: Engine, name: string): Promise<void> {
  const found = await catchAsNull(engine.store.getCollection(name), 'collection_not_found');
  if (found === null) {
    await catchAsNull(engine.createCollection(name), 'collection_exists');
  } else if (found.fingerprint !== engine.encoder.fingerprint) {
    throw new PawdexError('model_mismatch', {
      detail: `The collection ${name} was embedded with ${found.model}, but this encoder is ${engine.encoder.name}.`,
    });
  }
}
