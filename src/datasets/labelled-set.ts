/**
 * Reads a labelled set: a folder or archive with one sub-folder per label, or with a manifest. Indexing, evaluation and
 * training all read their photos through this module.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { hasArchiveName, readFileFacts, readWholeFile } from '../files/open-file.js';
import { FileFinder } from './find-files.js';
import { labelByName, unifyLabels } from './label-rule.js';
import { type ManifestFiles, readManifestPhotos } from './labelled-manifest.js';
import type { LabelledPhoto } from './labelled-photo.js';
import { ArchiveListing } from './list-archive.js';
import { nameInErrors } from './manifest-rows.js';
import { readManifestTable } from './manifest-table.js';
import { type NameFilters, PhotoNameFilter } from './photo-names.js';
import { MANIFESTS } from './set-names.js';
import { type SetReport, SetReporter } from './set-report.js';
import { createReadError, walkFolder } from './walk-folder.js';

export interface LabelledSetOptions extends NameFilters {
  /** A manifest to use instead of the folder's own. Its files are relative to the folder. */
  manifest?: string | undefined;
  /** Where labels come from without a manifest, see `parseLabelRule`. Default: `folder`. */
  label?: string | undefined;
  /** Whether to refuse photos without a label, as evaluation and training do. */
  labelsRequired?: boolean | undefined;
  /** Whether to accept a set without photos. */
  mayBeEmpty?: boolean | undefined;
}

export interface LabelledSet extends SetReport {
  /** Path of the folder or archive. */
  root: string;
  /** Sorted by name, or in the order of a tar archive, which is fastest to read. */
  photos: LabelledPhoto[];
}

/**
 * Reads the names and labels of a set's photos. Files are opened only if their names do not say what they are.
 *
 * @param spec a folder or archive, or with `:split` only one split of it
 * @returns the photos, and a report of what could not be read
 * @throws PawdexError set_invalid, with the line of the manifest if there is one
 * @example const { photos } = await scanLabelledSet('photos:train') // [{ file: '/photos/cat/1.jpg', label: 'cat', ... }]
 */
export async function scanLabelledSet(spec: string, options: LabelledSetOptions = {}): Promise<LabelledSet> {
  const { root, split } = await parseSpec(spec);
  const report = new SetReporter();
  const filter = new PhotoNameFilter(options);
  const photos = await readPhotos({ spec, root, split, filter, report }, options);
  if (photos.length === 0 && !options.mayBeEmpty) {
    throw new PawdexError('set_invalid', { detail: describeEmptySet(spec, report.toReport()) });
  }
  unifyLabels(photos, report);
  const unlabelled = options.labelsRequired ? photos.find((photo) => photo.label === null) : undefined;
  if (unlabelled !== undefined) {
    throw new PawdexError('set_invalid', { detail: `${unlabelled.name} in ${spec} has no label.` });
  }
  if (!/\.(tar|tar\.gz|tgz)$/i.test(root)) {
    photos.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
  return { root, photos, ...report.toReport() };
}

/** A set to read, and how. */
interface SetSource {
  spec: string;
  root: string;
  split: string | null;
  filter: PhotoNameFilter;
  report: SetReporter;
}

async function readPhotos(source: SetSource, options: LabelledSetOptions): Promise<LabelledPhoto[]> {
  const { spec, root, split, filter, report } = source;
  const archive = hasArchiveName(root) && !(await find(root))?.isDirectory() ? await openListing(root) : null;
  const manifest = options.manifest ?? (await findOwnManifest(root, archive));
  if (manifest !== null) {
    return readManifest(source, manifest, archive, options);
  }
  const listing = archive === null ? walkFolder(root, filter, report) : archive.listPhotos(filter, report);
  const found = await listing.catch((cause) => {
    throw createReadError(root, cause);
  });
  const photos = labelByName(found, { rule: options.label, split }, report);
  if (photos === null) {
    throw new PawdexError('set_invalid', {
      detail: `${spec.slice(0, -1 - split!.length)} has no ${MANIFESTS[0]} and no folders such as train, so it has no split "${split}".`,
    });
  }
  return photos;
}

/** Maximum size in bytes of the manifest in an archive. */
const MAX_BYTES = 64 * 1024 ** 2;

/** @throws Error */
async function readManifestFile(file: string, isForArchive: boolean): Promise<Buffer> {
  if (isForArchive && (await readFileFacts(file)).size > MAX_BYTES) {
    throw new Error(`a manifest for an archive has at most ${MAX_BYTES} bytes`);
  }
  return readWholeFile(file);
}

/**
 * Number of rows allowed for files that are not in the archive: a part of a set may come with the manifest of the whole
 * set.
 */
const SPARE_ROWS = 250_000;

async function readManifest(
  { root, split, filter, report }: SetSource,
  manifest: string,
  archive: ArchiveListing | null,
  options: LabelledSetOptions,
): Promise<LabelledPhoto[]> {
  if (options.label !== undefined) {
    throw new PawdexError('usage', {
      detail: `Labels come from ${manifest}, so --label cannot be used.`,
      hint: 'Omit --label, or rename the manifest.',
    });
  }
  const bytes = await readManifestFile(manifest, archive !== null).catch((cause) => {
    throw createReadError(manifest, cause);
  });
  const maxRows = archive === null ? undefined : archive.archive.entries.size + SPARE_ROWS;
  const finder = new FileFinder(root);
  const files: ManifestFiles =
    archive === null
      ? { root, find: (name) => finder.find(name) }
      : { root: archive.getPath(''), find: async (name) => (archive.has(name) ? name : null) };
  const photos = await nameInErrors(manifest, async () => {
    const table = await readManifestTable(manifest, bytes, maxRows);
    return readManifestPhotos(manifest, table, files, split, report);
  });
  return photos.filter(({ name }) => {
    const isExcluded = filter.classifyPath(name) === 'excluded';
    if (isExcluded) {
      report.skip('excluded', name);
    }
    return !isExcluded;
  });
}

async function openListing(file: string): Promise<ArchiveListing> {
  return ArchiveListing.open(file).catch((cause) => {
    throw createReadError(file, cause);
  });
}

function describeEmptySet(spec: string, { skipped, problems }: SetReport): string {
  const left = skipped.map(({ count, reason, example }) => `${count} ${reason} such as ${example}`);
  const [problem] = problems;
  if (problem !== undefined) {
    left.unshift(`${problems.length} unreadable such as ${problem.file} (${problem.detail})`);
  }
  return `There is no photo in ${spec}.${left.length === 0 ? '' : ` Left out: ${left.join('; ')}.`}`;
}

const find = (file: string) => stat(file).catch(() => null);

async function isSet(file: string): Promise<boolean> {
  const found = await find(file);
  return found !== null && (found.isDirectory() || (found.isFile() && hasArchiveName(file)));
}

/** A folder whose name contains a colon wins over a split, and `C:\photos` is not a split either. */
async function parseSpec(spec: string): Promise<{ root: string; split: string | null }> {
  if (await isSet(spec)) {
    return { root: spec, split: null };
  }
  const colon = spec.lastIndexOf(':');
  const root = spec.slice(0, colon);
  const split = spec.slice(colon + 1);
  if (colon > 1 && split !== '' && (await isSet(root))) {
    return { root, split };
  }
  throw new PawdexError('set_invalid', {
    detail: `There is no folder or archive at "${colon > 1 ? root : spec}".`,
    hint: 'Check the path.',
  });
}

async function findOwnManifest(root: string, archive: ArchiveListing | null): Promise<string | null> {
  for (const name of MANIFESTS) {
    const file = archive === null ? path.join(root, name) : archive.getPath(name);
    if (archive === null ? (await find(file)) !== null : archive.has(name)) {
      return file;
    }
  }
  return null;
}
