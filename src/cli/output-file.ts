/** Output files that users name. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';

/**
 * The path of a file to write, which may be there already.
 *
 * @throws PawdexError file_unreadable if there is no folder for it; usage if it is a folder, or beside the database: a
 *   slip of the keyboard must not replace that
 */
export async function resolveOutputFile(file: string, dataDir: string): Promise<string> {
  const resolved = path.resolve(file);
  const folder = await realpath(path.dirname(resolved)).catch((cause) => {
    throw new PawdexError('file_unreadable', {
      detail: `There is no folder ${path.dirname(resolved)}.`,
      cause,
    });
  });
  if (folder === (await realpath(dataDir).catch(() => null))) {
    throw new PawdexError('usage', {
      detail: `${file} is in the data directory, whose files are not to be replaced.`,
      hint: 'Name a file in another folder.',
    });
  }
  if (
    await stat(resolved).then(
      (found) => found.isDirectory(),
      () => false,
    )
  ) {
    throw new PawdexError('usage', { detail: `${file} is a folder.`, hint: 'Name a file in it.' });
  }
  return path.join(folder, path.basename(resolved));
}
