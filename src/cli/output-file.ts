/** Files and folders that users pass to commands. */
import { realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError, toFileError } from '../errors.js';
import { failUsage } from './exit-codes.js';
import { OutputError } from './print.js';

/**
 * Resolves the path of a file to write, which may exist.
 *
 * @throws PawdexError file_unreadable if its folder does not exist; usage if it is a folder, or in the data directory,
 *   where a typo could replace the database
 */
export async function resolveOutputFile(file: string, dataDir: string): Promise<string> {
  const resolved = path.resolve(file);
  const folder = await realpath(path.dirname(resolved)).catch((cause) => {
    throw new PawdexError('file_unreadable', {
      detail: `There is no folder ${path.dirname(resolved)}.`,
      hint: 'Create it, or choose another folder.',
      cause,
    });
  });
  if (folder === (await realpath(dataDir).catch(() => null))) {
    failUsage(
      `${file} is in the data directory, where pawdex keeps its own files.`,
      'Choose a file in another folder.',
    );
  }
  const stats = await stat(resolved).catch(() => null);
  if (stats?.isDirectory()) {
    failUsage(`${file} is a folder.`, 'Choose a file in it.');
  }
  return path.join(folder, path.basename(resolved));
}

/**
 * Throws the error of writing results, so that the exit code says what failed.
 *
 * @throws OutputError if it is an error of the file system; otherwise the error itself
 */
export function failOutput(error: unknown): never {
  throw toFileError(error) === null ? error : new OutputError(error as NodeJS.ErrnoException);
}

/** Writes a file with results. @throws OutputError */
export async function writeOutput(file: string, content: Uint8Array): Promise<void> {
  await writeFile(file, content).catch(failOutput);
}

/** Makes the folders of `--photos` absolute: a server has another working directory. */
export function resolveFolders(folders: string[] | true | undefined): string[] | undefined {
  return folders === true ? undefined : folders?.map((folder) => path.resolve(folder));
}
