/**
 * Imports a Parquet file into a collection. The job's folder records the progress after each batch of rows, so a killed job
 * continues there. Rows of the interrupted batch that were already stored are skipped as existing.
 */
import path from 'node:path';
import type { ImportOutcome, ImportState } from '../../engine/engine.js';
import { describeFailure, PawdexError } from '../../errors.js';
import { readJsonFile } from '../../files/read-json-file.js';
import { replaceFile } from '../../files/replace-file.js';
import { IndexRoots } from '../index-roots.js';
import type { KindWork } from '../job-context.js';
import { JobJournal } from '../job-journal.js';
import { UPLOAD } from '../job-records.js';

export const importFile: KindWork<'import'> = async (
  { engine, indexRoots },
  { collection, path: requested, photos, reembed, previews },
  { signal, onProgress, folder },
) => {
  const roots = await IndexRoots.open(indexRoots);
  const file =
    requested === undefined ? path.join(folder, `${UPLOAD}.parquet`) : await roots.resolveFile(requested);
  const stateFile = path.join(folder, 'import.json');
  const journal = await JobJournal.open(folder);
  const recordFailures = ({ failures }: ImportOutcome) => {
    for (const { row, id, detail } of failures) {
      const error = describeFailure(new PawdexError('export_invalid', { detail }));
      journal.record({ file: `row ${row}${id === null ? '' : ` (${id})`}`, status: 'failed', ...error });
    }
  };
  const outcome = await engine.importCollection(collection, file, {
    reembed,
    previews,
    signal,
    onProgress,
    photos: await roots.resolveFolders(photos),
    resumeFrom: (await readJsonFile(stateFile, 'storage_failed')) as ImportState | undefined,
    async onBatch(state) {
      recordFailures(state.outcome);
      await replaceFile(stateFile, JSON.stringify(state), { isPrivate: true });
    },
  });
  recordFailures(outcome);
  await journal.finish();
  return outcome;
};
