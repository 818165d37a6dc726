/** Prepares `pawdex index`: reads the photos to index, and creates the collection. */
import { stat } from 'node:fs/promises';
import { findImages } from '../datasets/find-images.js';
import { parseLabelRule } from '../datasets/label-rule.js';
import { type LabelledSet, scanLabelledSet } from '../datasets/labelled-set.js';
import type { SetReport } from '../datasets/set-report.js';
import type { Engine } from '../engine/engine.js';
import { catchAsNull, PawdexError } from '../errors.js';
import { hasArchiveName } from '../files/open-file.js';
import { computeFolderId, type PhotoToIndex } from '../indexing/photo-to-index.js';
import { failUsage } from './exit-codes.js';
import { readPathList } from './image-arguments.js';
import type { IndexFlags } from './index-flags.js';
import { printReport, type SetFlags } from './set-options.js';

/** The photos to index, from labelled sets and single files. */
export interface ScannedSets extends SetReport {
  photos: PhotoToIndex[];
}

interface ScanFlags extends SetFlags {
  manifest?: string;
  filesFrom?: string;
  quiet?: boolean;
}

export interface ScannedFolder {
  set: LabelledSet;
  /** See `computeFolderId`. */
  folder: string;
  photos: PhotoToIndex[];
}

/**
 * Reads what the command line and `--files-from` list, and reports what was skipped.
 *
 * @throws PawdexError usage if nothing is given; set_invalid
 */
export async function scanSets(specs: readonly string[], flags: ScanFlags): Promise<ScannedSets> {
  const scan: ScannedSets = { photos: [], problems: [], warnings: [], skipped: [] };
  const single: string[] = [];
  for (const spec of specs) {
    const stats = await stat(spec).catch(() => null);
    const isPhoto = stats?.isFile() && !hasArchiveName(spec);
    if (isPhoto || (stats === null && /[*?{[]/.test(spec))) {
      single.push(spec);
    } else {
      const set = await scanLabelledSet(spec, flags);
      const folder = await computeFolderId(set.root, spec);
      addPhotos(scan, spec, { ...set, photos: set.photos.map((photo) => ({ ...photo, folder })) }, flags);
    }
  }
  single.push(...(flags.filesFrom === undefined ? [] : await readPathList(flags.filesFrom)));
  if (single.length > 0) {
    addPhotos(scan, 'the given paths', await findSinglePhotos(single, flags), flags);
  }
  if (scan.photos.length === 0) {
    failUsage('Specify at least one folder, archive or photo.');
  }
  return scan;
}

function addPhotos(scan: ScannedSets, spec: string, set: ScannedSets, flags: ScanFlags): void {
  printReport(spec, set, flags.quiet === true);
  for (const key of ['photos', 'problems', 'warnings', 'skipped'] as const) {
    // One by one: spreading hundreds of thousands of arguments overflows the stack.
    for (const entry of set[key]) {
      (scan[key] as unknown[]).push(entry);
    }
  }
}

/** Single photos get the name of their folder as label, unless `--label` says otherwise. */
async function findSinglePhotos(
  paths: readonly string[],
  { include, exclude, label = 'parent' }: ScanFlags,
): Promise<ScannedSets> {
  const images = await findImages(paths, { include, exclude });
  const labels = parseLabelRule(label)(images.photos.map(({ name }) => name));
  const photos = images.photos.map((photo, i) => ({ ...photo, label: labels[i]!, metadata: {} }));
  return { ...images, photos };
}

/**
 * Reads the folder for `--sync` or `--watch`.
 *
 * @throws PawdexError set_invalid, also if there are no photos, as when a disk is not mounted
 */
export async function scanFolder(spec: string, flags: IndexFlags): Promise<ScannedFolder> {
  const set = await scanLabelledSet(spec, { ...flags, mayBeEmpty: flags.yes });
  printReport(spec, set, flags.quiet === true);
  const folder = flags.origin ?? (await computeFolderId(set.root, spec));
  return { set, folder, photos: set.photos.map((photo) => ({ ...photo, folder })) };
}

/**
 * Creates a collection if it does not exist, even if another process does so at the same moment.
 *
 * @throws PawdexError model_mismatch if it was embedded with another encoder
 */
export async function ensureCollection(engine: Engine, name: string): Promise<void> {
  const existing = await catchAsNull(engine.store.getCollection(name), 'collection_not_found');
  if (existing === null) {
    await catchAsNull(engine.createCollection(name), 'collection_exists');
  } else if (existing.fingerprint !== engine.encoder.fingerprint) {
    throw new PawdexError('model_mismatch', {
      detail: `The collection ${name} was embedded with ${existing.model}, but this encoder is ${engine.encoder.name}.`,
    });
  }
}
