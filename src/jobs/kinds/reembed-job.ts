/** Moves a collection to another encoder. Finished embeddings are in the store, so a killed job continues. */
import type { KindWork } from '../job-context.js';

export const reembedJob: KindWork<'reembed'> = (
  { engine, indexRoots },
  { collection, encoder, previews, dropMissing },
  { signal, onProgress },
) =>
  engine.reembed(collection, {
    encoder,
    previews,
    dropMissing,
    signal,
    onProgress,
    photos: [...indexRoots],
  });
