/** The photos of a command: arguments, or a list of files if there are too many for a command line. */
import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Command, Option, type OptionValues } from '@commander-js/extra-typings';
import { findImages } from '../datasets/find-images.js';
import { PawdexError } from '../errors.js';
import { VIEWS, type Views } from '../image/decode-views.js';
import { collectValues } from './create-command.js';
import { failUsage } from './exit-codes.js';
import { printReport } from './set-options.js';

export const FILES_FROM = new Option(
  '--files-from <file>',
  'read more paths from this file (- for stdin), one per line or separated by zero bytes',
);

export function createViewsOption(description: string) {
  return new Option('--views <mode>', description).choices(VIEWS).default('1' satisfies Views);
}

/** Adds the argument `[image...]` and its flags. */
export function addImageArguments<A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) {
  return command
    .argument('[image...]', 'image files, folders, archives, or globs in quotes')
    .addOption(FILES_FROM)
    .option('--include <glob>', 'in folders, include only photos that match; may be repeated', collectValues)
    .option('--exclude <glob>', 'in folders, skip files that match; may be repeated', collectValues);
}

/**
 * Finds the images given on the command line.
 *
 * @returns their files
 * @throws PawdexError usage if none is given; set_invalid if folders contain none or cannot be read; file_unreadable
 */
export async function readImageArguments(
  paths: readonly string[],
  {
    filesFrom,
    include,
    exclude,
    quiet,
  }: { filesFrom?: string; include?: string[]; exclude?: string[]; quiet?: unknown },
): Promise<string[]> {
  const listed = filesFrom === undefined ? [] : await readPathList(filesFrom);
  if (paths.length + listed.length === 0) {
    failUsage(filesFrom === undefined ? 'Specify at least one image.' : `${filesFrom} lists no files.`);
  }
  const images = await findImages([...paths, ...listed], { include, exclude });
  printReport('the given paths', images, quiet === true);
  if (images.photos.length === 0) {
    throw new PawdexError('set_invalid', {
      detail: 'There is no photo in the given paths.',
      hint: 'Check the paths, and --include and --exclude.',
    });
  }
  return images.photos.map(({ file }) => file);
}

/** Reads a list of paths, one per line, or separated by zero bytes as from `find -print0`. */
export async function readPathList(file: string): Promise<string[]> {
  const list = await text(file === '-' ? process.stdin : createReadStream(file)).catch((cause: Error) => {
    throw new PawdexError('file_unreadable', {
      detail: `The list ${file} cannot be read: ${cause.message}.`,
      cause,
    });
  });
  return list.split(list.includes('\0') ? '\0' : /\r?\n/).filter((line) => line !== '');
}
