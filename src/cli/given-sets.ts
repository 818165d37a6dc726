/** The photos that `pawdex index` is to index: labelled sets and single photos. */
import { stat } from 'node:fs/promises';
import { findImages } from '../datasets/find-images.js';
import { parseLabelRule } from '../datasets/label-rule.js';
import { scanLabelledSet } from '../datasets/labelled-set.js';
import type { SetReport } from '../datasets/set-report.js';
import { hasArchiveName } from '../files/open-file.js';
import { computeFolderId, type PhotoToIndex } from '../indexing/photo-to-index.js';
import { failUsage } from './exit-codes.js';
import { readPathList } from './image-arguments.js';
import { noteReport, type SetFlags } from './set-options.js';

export interface GivenSets extends SetReport {
  photos: PhotoToIndex[];
}

interface GivenFlags extends SetFlags {
  manifest?: string;
  filesFrom?: string;
  quiet?: boolean;
}

/**
 * Reads what the command line and `--files-from` list, and reports what was skipped.
 *
 * @throws PawdexError usage if nothing is given; set_invalid
 */
export async function readGivenSets(specs: readonly string[], flags: GivenFlags): Promise<GivenSets> {
  const given: GivenSets = { photos: [], problems: [], warnings: [], skipped: [] };
  const single: string[] = [];
  for (const spec of specs) {
    const found = await stat(spec).catch(() => null);
    const isPhoto = found?.isFile() && !hasArchiveName(spec);
    if (isPhoto || (found === null && /[*?{[]/.test(spec))) {
      single.push(spec);
    } else {
      const set = await scanLabelledSet(spec, flags);
      const folder = await computeFolderId(set.root, spec);
      add(given, spec, { ...set, photos: set.photos.map((photo) => ({ ...photo, folder })) }, flags);
    }
  }
  single.push(...(flags.filesFrom === undefined ? [] : await readPathList(flags.filesFrom)));
  if (single.length > 0) {
    add(given, 'the given paths', await findSinglePhotos(single, flags), flags);
  }
  if (given.photos.length === 0) {
    failUsage('Specify at least one folder, archive or photo.');
  }
  return given;
}

function add(given: GivenSets, spec: string, found: GivenSets, flags: GivenFlags): void {
  noteReport(spec, found, flags.quiet === true);
  for (const key of ['photos', 'problems', 'warnings', 'skipped'] as const) {
    // One by one: spreading hundreds of thousands of arguments overflows the stack.
    for (const each of found[key]) {
      (given[key] as unknown[]).push(each);
    }
  }
}

/** Single photos get the name of their folder as label, unless `--label` says otherwise. */
async function findSinglePhotos(
  paths: readonly string[],
  { include, exclude, label = 'parent' }: GivenFlags,
): Promise<GivenSets> {
  const found = await findImages(paths, { include, exclude });
  const labels = parseLabelRule(label)(found.photos.map(({ name }) => name));
  const photos = found.photos.map((photo, i) => ({ ...photo, label: labels[i]!, metadata: {} }));
  return { ...found, photos };
}
