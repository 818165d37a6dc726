/** Reads JSON files that may be absent. */
import { readFile } from 'node:fs/promises';
import { type ErrorCode, PawdexError } from '../errors.js';

/**
 * Reads a JSON file.
 *
 * @param code code of the error if it cannot be read or is not valid JSON
 * @returns undefined if there is no such file
 * @throws PawdexError with `code`
 */
export async function readJsonFile(file: string, code: ErrorCode): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw new PawdexError(code, { detail: `Cannot read ${file}.`, cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PawdexError(code, { detail: `${file} is not valid JSON.`, cause });
  }
}
