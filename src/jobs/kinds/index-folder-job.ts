/**
 * Indexes a folder of the server's machine into a collection. A journal says which photos were dealt with, and the
 * collection knows its photos by their content, so that a job that was killed goes on without storing, encoding or
 * counting a photo twice.
 */
import type { LabelledPhoto } from '../../datasets/labelled-photo.js';
import { scanLabelledSet } from '../../datasets/labelled-set.js';
import type { AddResult } from '../../engine/engine.js';
import { describeFailure, PawdexError } from '../../errors.js';
import { computeFolderId } from '../../indexing/describe-photo.js';
import { indexPhotos } from '../../indexing/index-folder.js';
import { IndexRoots } from '../index-roots.js';
import type { IndexOutcome } from '../job.js';
import type { KindWork } from '../job-context.js';
import { type FileFailure, JobJournal, readFailures } from '../job-journal.js';

/** Failures that the result names; `GET /v1/jobs/{id}/failures` has more. */
const LISTED_FAILURES = 20;

const settledAs = ({ name }: LabelledPhoto, result: AddResult) =>
  result.status === 'failed'
    ? { file: name, status: 'failed' as const, ...result.error }
    : { file: name, status: result.status };

/** Journals the photos that links lead out of the roots, and returns the others. */
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
      const error = new PawdexError('path_not_allowed', { detail: 'A link leads out of the index roots.' });
      journal.note(settledAs(photo, { status: 'failed', error: describeFailure(error) }));
    }
  }
  return kept;
}

export const indexFolderJob: KindWork<'index'> = async (
  { engine, indexRoots, maxFileBytes },
  { collection, path },
  { signal, onProgress, folder },
): Promise<IndexOutcome> => {
  onProgress({ phase: 'listing', done: 0, total: 1 });
  const roots = await IndexRoots.open(indexRoots);
  const root = await roots.resolveFolder(path);
  const { photos, problems } = await scanLabelledSet(root);
  const journal = await JobJournal.open(folder);
  for (const { file, detail } of problems) {
    const error = new PawdexError('file_unreadable', { detail });
    journal.note({ file, status: 'failed', ...describeFailure(error) });
  }
  const left = await keepAllowed(
    photos.filter(({ name }) => !journal.has(name)),
    roots,
    journal,
  );
  const total = photos.length + problems.length;
  const indexedFrom = await computeFolderId(root, root);
  const report = () => {
    const counts = { ...journal.counts };
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    onProgress({ phase: 'indexing', done, total: Math.max(total, done), counts });
  };
  report();
  let stoppedBy: PawdexError | null = null;
  do {
    const remaining = left
      .filter(({ name }) => !journal.has(name))
      .map((photo) => ({ ...photo, folder: indexedFrom }));
    ({ stoppedBy } = await indexPhotos(engine, remaining, {
      collection,
      maxFileBytes,
      signal,
      onSettled: (photo, result) => {
        journal.note(settledAs(photo, result));
        report();
      },
    }));
    // People who wait for an answer go first, for as long as they keep the server busy.
  } while (stoppedBy?.code === 'overloaded' && !signal.aborted);
  await journal.flush();
  if (stoppedBy !== null) {
    throw stoppedBy;
  }
  signal.throwIfAborted();
  await journal.finish();
  const failures: FileFailure[] = [];
  for await (const failure of readFailures(folder)) {
    if (failures.push(failure) === LISTED_FAILURES) {
      break;
    }
  }
  const { created = 0, exists = 0, failed = 0 } = journal.counts;
  return { total, created, exists, failed, failures };
};
