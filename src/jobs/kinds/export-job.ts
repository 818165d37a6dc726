/** Writes a collection to a Parquet file in the job's folder. An interrupted export starts over. */
import path from 'node:path';
import type { KindWork } from '../job-context.js';

/** The file of an export job, in its folder. */
export const EXPORTED = 'export.parquet';

export const exportJob: KindWork<'export'> = ({ engine }, { collection }, { signal, onProgress, folder }) =>
  engine.exportCollection(collection, path.join(folder, EXPORTED), { signal, onProgress });
