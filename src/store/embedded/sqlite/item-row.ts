/** Items as rows of the database, and their conversion. */
import { toUSVString } from 'node:util';
import type { BulkPatch, Item, PutResult } from '../../store.js';

export interface ItemRow {
  seq: number;
  id: string;
  sha256: string;
  label: string | null;
  source: string | null;
  size: number;
  metadata: string;
  has_thumbnail: number;
  created_at: string;
  /** See row-checksums.ts; null if none was stored. */
  checksum: number | null;
}

/** The columns of an {@link ItemRow}. */
export const ITEM_COLUMNS =
  'items.seq, id, sha256, label, source, size, metadata, has_thumbnail, created_at, items.checksum';

/** The fields of an item that are kept in memory, with the vector as stored. */
export interface LoadedRow {
  seq: number;
  id: string;
  sha256: string;
  label: string | null;
  vector: Uint8Array;
}

const toFields = (row: ItemRow): Omit<Item, 'metadata'> => ({
  id: row.id,
  label: row.label,
  source: row.source,
  sha256: row.sha256,
  size: row.size,
  hasThumbnail: row.has_thumbnail === 1,
  createdAt: row.created_at,
});

export function toItem(row: ItemRow): Item {
  return { ...toFields(row), metadata: JSON.parse(row.metadata) };
}

/** Formats an item as JSON. Its metadata is JSON already, and a text costs half as much to pass to another thread. */
export function toItemJson(row: ItemRow): string {
  return `${JSON.stringify(toFields(row)).slice(0, -1)},"metadata":${row.metadata}}`;
}

/** Applies a change to stored metadata. */
export function patchMetadata(json: string, { metadata, mergeMetadata }: BulkPatch): string {
  if (metadata === undefined && mergeMetadata === undefined) {
    return json;
  }
  const merged = { ...(metadata ?? JSON.parse(json)), ...mergeMetadata };
  for (const [key, value] of Object.entries(mergeMetadata ?? {})) {
    if (value === null) {
      delete merged[key];
    }
  }
  return JSON.stringify(merged);
}

/** Returns a text as SQLite will return it, with replacement characters for invalid Unicode. */
export const toStoredText = (text: string | null) => (text === null ? null : toUSVString(text));

/** The result of inserting an item. `seq` is null if it already existed. */
export type Inserted = PutResult & { seq: number | null };
