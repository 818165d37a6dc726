/** A collection as a row of the database. */
import type { Originals } from '../../store.js';

/** A collection as a row of the database. */
export interface CollectionRow {
  id: number;
  name: string;
  dimension: number;
  fingerprint: string;
  model: string;
  description: string | null;
  gallery: string | null;
  calibration: string | null;
  created_at: string;
  /** What numbers of items are multiplied by to give those of their vectors: 1 or -1. */
  vector_sign: number;
  originals: Originals;
  /** See row-checksums.ts; null if none was stored, and left out where there is no column for it. */
  checksum?: number | null;
}

/** Selects {@link CollectionRow}s. */
export const SELECT_COLLECTIONS = `SELECT collections.*, coalesce(vector_sign, 1) AS vector_sign, coalesce(originals, 'off') AS originals
  FROM collections LEFT JOIN collection_settings ON collection_settings.collection = collections.id`;
