/** Reads lists of photos, such as dropped.csv of `pawdex clean-labels`. */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { PawdexError } from '../errors.js';

/** Reads the column `file` of a CSV list. @throws PawdexError set_invalid if there is none */
export async function readFileNames(file: string): Promise<string[]> {
  try {
    const rows: Record<string, string>[] = parse(await readFile(file), { columns: true, bom: true });
    return rows.map((row) => {
      if (row.file === undefined) {
        throw new Error('it has no column "file"');
      }
      return row.file;
    });
  } catch (error) {
    throw new PawdexError('set_invalid', {
      detail: `The list ${file} cannot be read: ${(error as Error).message}.`,
    });
  }
}
