/** The work of each kind of job, done by the engine. */
import path from 'node:path';
import type { ReembedState } from '../engine/engine.js';
import { hideFolder } from '../files/hide-folder.js';
import { readJsonFile } from '../files/read-json-file.js';
import { replaceFile } from '../files/replace-file.js';
import { keepTrying } from '../threads/keep-trying.js';
import { IndexRoots } from './index-roots.js';
import type { JobKind } from './job.js';
import type { JobParts, JobWork, KindWork } from './job-context.js';
import { importFile } from './kinds/import-job.js';
import { indexFolder } from './kinds/index-folder-job.js';

/** The file of an export job, in its folder. */
export const EXPORTED = 'export.parquet';

/**
 * Each kind with its work. `index` and `import` record their progress in the job's folder, and the embeddings of a `reembed`
 * are in the store, so that these continue after an interruption. The others change nothing before they are done, and start
 * over.
 */
const KINDS: { [K in JobKind]: KindWork<K> } = {
  calibrate: ({ engine }, { collection, nonPets }, { signal, onProgress }) =>
    engine.calibrate(collection, { signal, onProgress, nonPets }),

  evaluate: ({ engine }, { collection, nonPets }, { signal, onProgress }) =>
    engine.evaluate(collection, { signal, onProgress, nonPets }),

  'check-labels': ({ engine }, { collection, threshold, limit }, { signal, onProgress }) =>
    engine.findLabelTrouble(collection, { signal, onProgress, threshold, limit }),

  index: indexFolder,

  async snapshot({ engine }, _request, { signal, onProgress }) {
    onProgress({ phase: 'writing', done: 0, total: 1 });
    const snapshot = await engine.store.createSnapshot(signal);
    onProgress({ phase: 'writing', done: 1, total: 1 });
    return snapshot;
  },

  export: ({ engine }, { collection }, { signal, onProgress, folder }) =>
    engine.exportCollection(collection, path.join(folder, EXPORTED), { signal, onProgress }),

  import: importFile,

  async reembed({ engine, indexRoots }, { kind: _, collection, ...request }, { signal, onProgress, folder }) {
    const roots = await IndexRoots.open(indexRoots);
    const photos = await roots.resolveFolders(request.photos);
    const stateFile = path.join(folder, 'reembed.json');
    return engine.reembed(collection, {
      ...request,
      photos,
      signal,
      onProgress,
      resumeFrom: (await readJsonFile(stateFile, 'storage_failed')) as ReembedState | undefined,
      onBatch: (state) => replaceFile(stateFile, JSON.stringify(state), { isPrivate: true }),
    });
  },
};

/** How long a job is retried after a worker thread died, in milliseconds: one or two attempts. */
const RETRY_MS = 5_000;

/** Creates the work of all kinds of jobs. A job continues if a thread dies that is restarted. */
export function createJobWork(parts: JobParts): JobWork {
  return (request, context) => {
    const work = () => (KINDS[request.kind] as KindWork<JobKind>)(parts, request, context);
    const patience = { codes: ['worker_failed'], patienceMs: RETRY_MS, signal: context.signal } as const;
    return keepTrying(work, patience).catch((error: unknown) => {
      // Clients need not know where the server keeps uploaded files.
      throw hideFolder(error, context.folder);
    });
  };
}
