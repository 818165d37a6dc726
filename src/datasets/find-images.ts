/** Finds the photos that are named on a command line: files, folders, archives and globs. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { PawdexError } from '../errors.js';
import { hasArchiveName } from '../files/open-file.js';
import type { FoundPhoto } from './labelled-photo.js';
import { ArchiveListing } from './list-archive.js';
import { type NameFilters, PhotoNameFilter } from './photo-names.js';
import { type SetReport, SetReporter } from './set-report.js';
import { createReadError, walkFolder } from './walk-folder.js';

/** The photos in the order given. Those of a folder are sorted by name. */
export interface FoundImages extends SetReport {
  photos: FoundPhoto[];
}

/**
 * Finds photos. A missing path is returned unchanged, unless it is a glob, so that only reading this file fails.
 *
 * @param paths files, folders (recursively), archives, and globs
 * @throws PawdexError set_invalid if a folder or archive cannot be read or a glob matches nothing
 */
export async function findImages(paths: readonly string[], filters: NameFilters = {}): Promise<FoundImages> {
  const report = new SetReporter();
  const found: FoundPhoto[][] = [];
  for (const name of paths) {
    const facts = await stat(name).catch(() => null);
    if (facts?.isDirectory() || (facts?.isFile() && hasArchiveName(name))) {
      found.push(await findBelow(name, '', filters, report));
    } else if (facts === null && picomatch.scan(name).isGlob) {
      const { base, glob } = picomatch.scan(name);
      const matched = await findBelow(base === '' ? '.' : base, glob, filters, report);
      if (matched.length === 0) {
        throw new PawdexError('set_invalid', {
          detail: `No photo matches ${name}.`,
          hint: 'Quote globs, so that the shell does not expand them; ** matches any folders.',
        });
      }
      found.push(matched);
    } else {
      found.push([{ file: name, name }]);
    }
  }
  return { photos: found.flat(), ...report.toReport() };
}

async function findBelow(
  root: string,
  glob: string,
  filters: NameFilters,
  report: SetReporter,
): Promise<FoundPhoto[]> {
  const filter = new PhotoNameFilter(filters);
  const matches = glob === '' ? () => true : picomatch(glob);
  const list = async () =>
    (await stat(root)).isFile()
      ? (await ArchiveListing.open(root)).listPhotos(filter, report)
      : walkFolder(root, filter, report);
  const photos = await list().catch((cause) => {
    throw createReadError(root, cause);
  });
  return photos
    .filter(({ name }) => matches(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ file, name }) => ({ file, name: path.posix.join(root, name) }));
}
