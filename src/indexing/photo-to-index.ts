/** Builds the label, source and metadata that are stored with a photo, including the folder it came from. */
import { realpath } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import { computeSha256 } from '../files/sha256.js';
import type { Item, Metadata } from '../store/store.js';

/** Metadata key that records the folder of an item. */
const ORIGIN_KEY = 'indexedFrom';

/** A photo to add to a collection. */
export interface PhotoToIndex extends LabelledPhoto {
  /** See {@link computeFolderId}. Absent if the photo does not come from a folder. */
  folder?: string | undefined;
}

/**
 * The record of an item's folder. Syncing a folder only changes items that name it. The label is the one that the folder
 * gave, to distinguish later changes there from changes made in the collection.
 */
export interface Origin {
  folder: string;
  label: string | null;
}

/** The metadata filter for all items of a folder. */
export const createOriginFilter = (folder: string) => ({ metadata: { [`${ORIGIN_KEY}.folder`]: folder } });

/** The metadata to merge into an item when a folder gives it a label. */
export const createOriginMetadata = (folder: string, label: string | null): Metadata => ({
  [ORIGIN_KEY]: { folder, label } satisfies Origin,
});

/** Returns the folder that an item came from, or null. */
export function readOrigin({ metadata }: Item): Origin | null {
  const value = metadata[ORIGIN_KEY] as Partial<Origin> | undefined;
  return typeof value === 'object' && value !== null && typeof value.folder === 'string'
    ? { folder: value.folder, label: value.label ?? null }
    : null;
}

/** Returns the label, source and metadata to store with a photo. */
export function toItemFields({ name, label, metadata, folder }: PhotoToIndex): {
  label: string | null;
  source: string;
  metadata: Metadata;
} {
  const note = folder === undefined ? {} : createOriginMetadata(folder, label);
  return { label, source: name, metadata: { ...metadata, ...note } };
}

/**
 * Computes a name for a folder that is unique across machines: `photos-3fa9c1d2`. It does not contain the path, because
 * everyone who can use the collection sees it.
 *
 * @param spec folder or archive, with `:split` for a single split
 */
export async function computeFolderId(root: string, spec: string): Promise<string> {
  const split = spec.slice(root.length);
  const place = await realpath(root);
  const digest = computeSha256([os.hostname(), place, split].join('\0')).slice(0, 8);
  return `${path.basename(place)}${split.replace(':', '-')}-${digest}`;
}
