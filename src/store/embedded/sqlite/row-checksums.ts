/**
 * Checksums of rows, each in a column of its row. They reveal flipped bits in texts, numbers and pictures, which SQLite
 * itself takes for data. Rows of an earlier format get theirs gradually; pictures of an earlier format have none.
 */
import { crc32 } from 'node:zlib';
import type { CollectionRow } from './collection-row.js';
import type { ItemRow } from './item-row.js';
import type { Db } from './sqlite.js';
import { createDamagedError } from './storage-error.js';

/** Whether the tables have the columns. They lack them where a full disk had no room to add them. */
export function hasChecksums(db: Db): boolean {
  const sql = "SELECT 1 FROM pragma_table_info('items') WHERE name = 'checksum'";
  return db.prepare(sql).get() !== undefined;
}

/** The columns of an {@link ItemRow}, to select. */
export const listItemColumns = (db: Db) =>
  `items.seq, id, sha256, label, source, size, metadata, has_thumbnail, created_at, ${hasChecksums(db) ? 'items.checksum' : 'NULL AS checksum'}`;

/** Checksum of an item's fields. Its vector has one that includes the identity of the item. */
export function computeItemChecksum(row: Omit<ItemRow, 'seq' | 'checksum'>): number {
  const { id, sha256, label, source, size, metadata, has_thumbnail, created_at } = row;
  return crc32(
    `${id} ${sha256} ${label === null ? 0 : 1}${label} ${source === null ? 0 : 1}${source} ${size} ${has_thumbnail} ${created_at} ${metadata}`,
  );
}

/** Checksum of a picture that belongs to item `seq`. */
export const computeImageChecksum = (seq: number, image: Uint8Array) => crc32(image, seq % 2 ** 32);

/** Checksum of what is stored of a collection. */
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

/** Whether a row is as it was written. A row without a checksum cannot be checked. */
export const isSound = (row: ItemRow) => row.checksum === null || row.checksum === computeItemChecksum(row);

/** @returns the row @throws PawdexError `data_damaged` */
export function requireSound<R extends ItemRow>(row: R): R {
  if (!isSound(row)) {
    throw createDamagedError([`The label, source or metadata of item ${row.id} is damaged.`]);
  }
  return row;
}
