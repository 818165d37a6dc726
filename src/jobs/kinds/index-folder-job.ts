/**
 * Indexes a folder or archive on the server's machine into a collection, or syncs the collection with it. A journal records
 * the processed photos, and the collection recognises photos by content, so a killed job continues without storing,
 * encoding or counting a photo twice.
 */
import path from 'node:path';
import type { LabelledPhoto } from '../../datasets/labelled-photo.js';
import { scanLabelledSet } from '../../datasets/labelled-set.js';
import type { SetProblem } from '../../datasets/set-report.js';
import type { AddResult } from '../../engine/engine.js';
import { describeFailure, PawdexError } from '../../errors.js';
import { type FileFailure, type IndexOptions, indexPhotos } from '../../indexing/index-folder.js';
import { computeFolderId, type PhotoToIndex } from '../../indexing/photo-to-index.js';
import type { SyncSummary } from '../../indexing/sync/apply-sync.js';
import { nameHashCache } from '../../indexing/sync/hash-cache.js';
import { prepareSync } from '../../indexing/sync/prepare-sync.js';
import { keepTrying } from '../../threads/keep-trying.js';
import { IndexRoots } from '../index-roots.js';
import type { IndexOutcome } from '../job.js';
import type { JobContext, JobParts, KindWork } from '../job-context.js';
import { JobJournal, readFailures } from '../job-journal.js';
import { UPLOAD } from '../job-records.js';
import type { IndexRequest } from '../job-request.js';

/** Number of failures in the result; `GET /v1/jobs/{id}/failures` has more. */
const LISTED_FAILURES = 20;

const toFileOutcome = ({ name }: LabelledPhoto, result: AddResult) =>
  result.status === 'failed'
    ? { file: name, status: 'failed' as const, ...result.error }
    : { file: name, status: result.status };

/** Records photos outside of the index roots as failures, and returns the others. */
async function keepAllowed(
  photos: LabelledPhoto[],
  roots: IndexRoots,
  journal: JobJournal,
): Promise<LabelledPhoto[]> {
  const kept: LabelledPhoto[] = [];
  for (const photo of photos) {
    if (await roots.allows(photo.file)) {
      kept.push(photo);
    } else {
      const error = new PawdexError('path_not_allowed', {
        detail: 'It is a link to a file outside the index roots.',
      });
      journal.record(toFileOutcome(photo, { status: 'failed', error: describeFailure(error) }));
    }
  }
  return kept;
}

/** The set to index, without photos that must not be read or were already processed. */
interface SetToIndex {
  photos: PhotoToIndex[];
  problems: readonly SetProblem[];
  folder: string | undefined;
  total: number;
}

async function readSet(
  { indexRoots }: JobParts,
  request: IndexRequest,
  journal: JobJournal,
  jobFolder: string,
): Promise<SetToIndex> {
  const roots = await IndexRoots.open(indexRoots);
  const root =
    request.path === undefined
      ? path.join(jobFolder, `${UPLOAD}.${request.archive}`)
      : await roots.resolveSet(request.path);
  const { photos, problems } = await scanLabelledSet(root, { label: request.label, mayBeEmpty: request.yes });
  for (const { file, detail } of problems) {
    const error = new PawdexError('file_unreadable', { detail });
    journal.record({ file, status: 'failed', ...describeFailure(error) });
  }
  // Uploaded photos do not belong to a folder that could be synced.
  const folder = request.path === undefined ? undefined : await computeFolderId(root, root);
  const allowed = await keepAllowed(photos, roots, journal);
  const total = photos.length + problems.length;
  return { photos: allowed.map((photo) => ({ ...photo, folder })), problems, folder, total };
}

/** Makes the collection equal to the folder. What an earlier run of the job has done is found unchanged. */
async function syncPhotos(
  { engine, syncDir }: JobParts,
  set: SetToIndex,
  { keepMissing, yes }: IndexRequest,
  { collection, maxFileBytes, signal, onSettled }: IndexOptions,
  onKnown: (photos: number) => void,
): Promise<SyncSummary> {
  const { photos, folder = '' } = set;
  const cacheFile = nameHashCache(syncDir, folder, collection);
  const options = { collection, maxFileBytes, signal, keepMissing, yes, cacheFile };
  const { plan, apply } = await prepareSync(engine, { ...set, folder }, options);
  onKnown(photos.length - plan.added.length - plan.changed.length);
  // If the hashes could not be cached, only the next sync takes longer.
  return apply({ onSettled });
}

/** Creates the function that reports a job's progress, and may tell it how many photos of the folder need no work. */
function createReporter(journal: JobJournal, total: number, onProgress: JobContext['onProgress']) {
  let known = 0;
  return (photos = known): void => {
    known = photos;
    // The journal has the photos that were added before an interruption, which are known by now.
    const { exists = 0, ...others } = journal.counts;
    const counts = { ...others, exists: Math.max(exists, known - (others.created ?? 0)) };
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    onProgress({ phase: 'indexing', done, total: Math.max(total, done), counts });
  };
}

export const indexFolder: KindWork<'index'> = async (
  parts,
  request,
  { signal, onProgress, folder },
): Promise<IndexOutcome> => {
  onProgress({ phase: 'listing', done: 0, total: 1 });
  const journal = await JobJournal.open(folder);
  const set = await readSet(parts, request, journal, folder);
  const report = createReporter(journal, set.total, onProgress);
  report();
  const options: IndexOptions = {
    collection: request.collection,
    maxFileBytes: parts.maxFileBytes,
    signal,
    onSettled: (photo, result) => {
      journal.record(toFileOutcome(photo, result));
      report();
    },
  };
  const work = async (): Promise<Partial<SyncSummary>> => {
    const remaining = set.photos.filter(({ name }) => !journal.has(name));
    const summary = request.sync
      ? await syncPhotos(parts, set, request, options, report)
      : await indexPhotos(parts.engine, remaining, options);
    if (summary.stoppedBy !== null) {
      throw summary.stoppedBy;
    }
    return summary;
  };
  // Without a limit, because interactive requests go first. Adding has already waited.
  const patience = {
    codes: ['overloaded'],
    patienceMs: Number.POSITIVE_INFINITY,
    waitMs: () => 1000,
    signal,
  } as const;
  const { updated = 0, removed = 0 } = await keepTrying(work, patience).finally(() => journal.flush());
  signal.throwIfAborted();
  await journal.finish();
  const { created = 0, failed = 0 } = journal.counts;
  const exists = set.total - created - failed;
  const failures = await listFailures(folder);
  return { total: set.total, created, exists, failed, updated, removed, failures };
};

async function listFailures(folder: string): Promise<FileFailure[]> {
  const failures: FileFailure[] = [];
  for await (const failure of readFailures(folder)) {
    if (failures.push(failure) === LISTED_FAILURES) {
      break;
    }
  }
  return failures;
}
