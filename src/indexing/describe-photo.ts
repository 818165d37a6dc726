/** What is stored with a photo of a set: label, source and metadata, with a note of the folder that it is from. */

import { realpath } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import { computeSha256 } from '../files/sha256.js';
import type { Item, Metadata } from '../store/store.js';

/** Key of the metadata under which an item says which folder it is from. */
const ORIGIN_KEY = 'indexedFrom';

/** A photo on its way into a collection. */
export interface PhotoToIndex extends LabelledPhoto {
  /** See {@link computeFolderId}; absent for a photo that is from no folder in particular. */
  folder?: string | undefined;
}

/**
 * What an item says of the folder that it is from. Syncing a folder changes no item that does not name it. The label is
 * the one that the folder gave, which tells a later change there from one that was made in the collection.
 */
export interface Origin {
  folder: string;
  label: string | null;
}

/** The metadata key and value of a filter for all items of a folder. */
export const originFilter = (folder: string) => ({ metadata: { [`${ORIGIN_KEY}.folder`]: folder } });

/** The metadata to merge into an item that a folder gives a label. */
export const originNote = (folder: string, label: string | null): Metadata => ({
  [ORIGIN_KEY]: { folder, label } satisfies Origin,
});

/** The folder that an item is from, or null. */
export function readOrigin({ metadata }: Item): Origin | null {
  const value = metadata[ORIGIN_KEY] as Partial<Origin> | undefined;
  return typeof value === 'object' && value !== null && typeof value.folder === 'string'
    ? { folder: value.folder, label: value.label ?? null }
    : null;
}

/** Label, source and metadata to store with a photo. */
export function describePhoto({ name, label, metadata, folder }: PhotoToIndex): {
  label: string | null;
  source: string;
  metadata: Metadata;
} {
  const note = folder === undefined ? {} : originNote(folder, label);
  return { label, source: name, metadata: { ...metadata, ...note } };
}

/**
 * A name for a folder that no other has, on this machine or another: `photos-3fa9c1d2`. It tells no path, because
 * everybody who may ask the collection sees it.
 *
 * @param spec folder or archive, with `:split` where only a split of it is meant
 */
export async function computeFolderId(root: string, spec: string): Promise<string> {
  const split = spec.slice(root.length);
  const place = await realpath(root);
  const digest = computeSha256([os.hostname(), place, split].join('\0')).slice(0, 8);
  return `${path.basename(place)}${split.replace(':', '-')}-${digest}`;
}
