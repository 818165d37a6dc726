/** The work of each kind of job, done by the engine. */
import path from 'node:path';
import type { Engine } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { JobKind } from './job.js';
import type { JobSettings, JobWork, KindWork } from './job-context.js';
import { exportJob } from './kinds/export-job.js';
import { importJob } from './kinds/import-job.js';
import { indexFolderJob } from './kinds/index-folder-job.js';
import { calibrateJob, checkLabelsJob, evaluateJob } from './kinds/judge-jobs.js';
import { reembedJob } from './kinds/reembed-job.js';
import { snapshotJob } from './kinds/snapshot-job.js';

const KINDS: { [K in JobKind]: KindWork<K> } = {
  calibrate: calibrateJob,
  evaluate: evaluateJob,
  'check-labels': checkLabelsJob,
  index: indexFolderJob,
  snapshot: snapshotJob,
  export: exportJob,
  import: importJob,
  reembed: reembedJob,
};

/** Creates the work of all kinds of jobs for an engine. */
export function jobWork(engine: Engine, settings: JobSettings): JobWork {
  const parts = { engine, ...settings };
  return (request, context) =>
    (KINDS[request.kind] as KindWork<JobKind>)(parts, request, context).catch((error: unknown) => {
      throw hideFolder(error, context.folder);
    });
}

/** Names an uploaded file without its folder: clients need not know where the server keeps its files. */
function hideFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof PawdexError) || !error.message.includes(folder)) {
    return error;
  }
  const detail = error.message.replaceAll(folder + path.sep, '');
  return new PawdexError(error.code, { detail, hint: error.hint, cause: error });
}
