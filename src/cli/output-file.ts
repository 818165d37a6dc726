/** Files and folders that users name. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { failUsage } from './exit-codes.js';

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
    failUsage(
      `${file} is in the data directory, whose files are not to be replaced.`,
      'Name a file in another folder.',
    );
  }
  const found = await stat(resolved).catch(() => null);
  if (found?.isDirectory()) {
    failUsage(`${file} is a folder.`, 'Name a file in it.');
  }
  return path.join(folder, path.basename(resolved));
}

/** Makes the folders of `--photos` absolute: a server has another working directory. */
export function resolveFolders(folders: string[] | true | undefined): string[] | undefined {
  return folders === true ? undefined : folders?.map((folder) => path.resolve(folder));
}
