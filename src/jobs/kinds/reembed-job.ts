/** Moves a collection to another encoder. What has been embedded is in the store, so that a job that was killed goes on. */
import type { KindWork } from '../job-context.js';

export const reembedJob: KindWork<'reembed'> = (
  { engine, indexRoots },
  { collection, encoder, previews, dropMissing },
  { signal, onProgress },
) =>
  engine.reembed(collection, {
    ...{ encoder, previews, dropMissing, signal, onProgress },
    photos: [...indexRoots],
  });
