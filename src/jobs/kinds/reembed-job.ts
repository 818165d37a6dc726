/** Moves a collection to another encoder. Finished embeddings are in the store, so a killed job continues. */
import { IndexRoots } from '../index-roots.js';
import type { KindWork } from '../job-context.js';

export const reembedJob: KindWork<'reembed'> = async (
  { engine, indexRoots },
  { collection, encoder, previews, dropMissing, photos },
  { signal, onProgress },
) => {
  const roots = await IndexRoots.open(indexRoots);
  return engine.reembed(collection, {
    encoder,
    previews,
    dropMissing,
    signal,
    onProgress,
    photos: await roots.resolveFolders(photos),
  });
};
