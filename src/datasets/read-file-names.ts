/** Reads lists of photos, such as dropped.csv of `pawdex clean-labels`. */
import { readFile } from 'node:fs/promises';
import { createManifestError, nameInErrors } from './manifest-rows.js';
import { readManifestTable } from './manifest-table.js';
import { createReadError } from './walk-folder.js';

/** Reads the column `file` of a list, which is a table like a manifest. @throws PawdexError set_invalid */
export async function readFileNames(list: string): Promise<string[]> {
  const bytes = await readFile(list).catch((cause) => {
    throw createReadError(list, cause);
  });
  return nameInErrors(list, async () => {
    const { columns, rows } = await readManifestTable(list, bytes);
    if (!columns.includes('file')) {
      throw createManifestError('it has no column `file`.');
    }
    return rows.flatMap(({ values }) => values.get('file') ?? []);
  });
}
