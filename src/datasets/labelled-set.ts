/**
 * Reads a labelled set, the one form in which photos with labels come to pawdex: a folder with one sub-folder
 * per label, or a folder with a manifest.csv. What indexes, evaluates and trains reads its photos through here.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { photosInFolders } from './labelled-folders.js';
import { photosInManifest } from './labelled-manifest.js';
import type { LabelledPhoto } from './labelled-photo.js';

/** Settings of {@link readLabelledSet}. */
export interface LabelledSetOptions {
  /** A manifest to read instead of the folder's own manifest.csv; its files are relative to the folder. */
  manifest?: string;
  /** Whether photos without a label are refused, as evaluation and training must. */
  labelsRequired?: boolean;
}

/** Name of the manifest that makes a folder a set by itself. */
const MANIFEST = 'manifest.csv';

/**
 * Reads the names and labels of a set's photos; the photos themselves are not opened.
 *
 * @param spec `DIR`, or `DIR:split` for the manifest's rows whose column `split` says so
 * @returns at least one photo, sorted by name
 * @throws PawdexError set_invalid with the manifest's line where there is one
 * @example await readLabelledSet('photos:train') // [{ file: 'photos/cat/1.jpg', label: 'cat', ... }]
 */
export async function readLabelledSet(
  spec: string,
  options: LabelledSetOptions = {},
): Promise<LabelledPhoto[]> {
  const { root, split } = await parseSpec(spec);
  const manifest = options.manifest ?? (await ownManifest(root));
  if (manifest === null && split !== null) {
    throw new PawdexError('set_invalid', {
      detail: `${root} has no ${MANIFEST}, so it has no split "${split}".`,
    });
  }
  const photos =
    manifest === null ? await photosInFolders(root) : await photosInManifest(manifest, root, split);
  if (photos.length === 0) {
    throw new PawdexError('set_invalid', { detail: `There is no photo in ${spec}.` });
  }
  const unlabelled = options.labelsRequired ? photos.find((photo) => photo.label === null) : undefined;
  if (unlabelled !== undefined) {
    throw new PawdexError('set_invalid', { detail: `${unlabelled.name} in ${spec} has no label.` });
  }
  return photos.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A folder whose own name holds a colon wins over a split; `C:\photos` is no split either. */
async function parseSpec(spec: string): Promise<{ root: string; split: string | null }> {
  if (await isFolder(spec)) {
    return { root: spec, split: null };
  }
  const colon = spec.lastIndexOf(':');
  const root = spec.slice(0, colon);
  const split = spec.slice(colon + 1);
  if (colon > 1 && split !== '' && (await isFolder(root))) {
    return { root, split };
  }
  throw new PawdexError('set_invalid', { detail: `There is no folder ${colon > 1 ? root : spec}.` });
}

async function ownManifest(root: string): Promise<string | null> {
  const file = path.join(root, MANIFEST);
  return stat(file).then(
    () => file,
    () => null,
  );
}
