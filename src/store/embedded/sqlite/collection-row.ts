/** Collections as rows of the database. */
import type { Originals } from '../../store.js';

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
  /** 1 or -1: the factor from the number of an item to that of its vector. */
  vector_sign: number;
  originals: Originals;
  /** See row-checksums.ts. Null if none was stored; absent if there is no column for it. */
  checksum?: number | null;
}

/** Selects {@link CollectionRow}s. */
export const SELECT_COLLECTIONS = `SELECT collections.*, coalesce(vector_sign, 1) AS vector_sign, coalesce(originals, 'off') AS originals
  FROM collections LEFT JOIN collection_settings ON collection_settings.collection = collections.id`;
