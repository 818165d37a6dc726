/**
 * Checksums of rows, stored in a column of each row. They reveal flipped bits in texts, numbers and pictures, which SQLite
 * itself does not notice. Rows of an earlier format get theirs gradually.
 */
import { crc32 } from 'node:zlib';
import type { Reembedding } from '../../store.js';
import type { CollectionRow } from './collection-row.js';
import type { ItemRow } from './item-row.js';
import { createDamagedError } from './storage-error.js';

/** Computes the checksum of an item's fields. The vector has its own, which includes the item's identity. */
export function computeItemChecksum(row: Omit<ItemRow, 'seq' | 'checksum'>): number {
  const { id, sha256, label, source, size, metadata, has_thumbnail, created_at } = row;
  return crc32(
    `${id} ${sha256} ${label === null ? 0 : 1}${label} ${source === null ? 0 : 1}${source} ${size} ${has_thumbnail} ${created_at} ${metadata}`,
  );
}

/** Computes the checksum of a picture of item `seq`. */
export const computeImageChecksum = (seq: number, image: Uint8Array) => crc32(image, seq % 2 ** 32);

/** A picture as stored. The checksum is null if none was stored, and absent in an older format. */
export interface ImageRow {
  image: Uint8Array;
  checksum?: number | null;
}

/** Whether the checksum of the picture of item `seq` is right. A picture without one cannot be checked. */
export const isImageIntact = (seq: number, { image, checksum = null }: ImageRow) =>
  checksum === null || checksum === computeImageChecksum(seq, image);

/** Computes the checksum of a collection's row, settings and aliases. */
export function computeCollectionChecksum(row: CollectionRow, aliases: readonly string[]): number {
  const { id, name, dimension, fingerprint, model, description, gallery, calibration, created_at } = row;
  const { vector_sign, originals } = row;
  const space = [dimension, fingerprint, model, vector_sign];
  return crc32(
    JSON.stringify([
      id,
      name,
      space,
      description,
      gallery,
      calibration,
      created_at,
      originals,
      [...aliases].sort(),
    ]),
  );
}

/** Computes the checksum of a move to another embedding space. */
export const computeReembeddingChecksum = (
  collection: number,
  { fingerprint, dimension, model, startedAt }: Reembedding,
) => crc32(JSON.stringify([collection, fingerprint, dimension, model, startedAt]));

/** Whether the checksum of a row is right. A row without one cannot be checked. */
export const hasValidChecksum = (row: ItemRow) =>
  row.checksum === null || row.checksum === computeItemChecksum(row);

/**
 * @returns the row
 * @throws PawdexError data_damaged
 */
export function requireValidChecksum<R extends ItemRow>(row: R): R {
  if (!hasValidChecksum(row)) {
    throw createDamagedError([`The label, source or metadata of item ${row.id} is damaged.`]);
  }
  return row;
}
