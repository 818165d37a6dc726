/** What the database of the first version looks like. */
import type { Db } from '../../src/store/embedded/sqlite/sqlite.js';

const LATER_TABLES = [
  ...['item_values', 'values_progress', 'ledger', 'identity', 'collection_settings', 'aliases'],
  ...['originals', 'reembeddings', 'dropped_vectors', 'checksum_progress', 'picture_progress'],
];

/** Takes away what later formats added. */
export function makeFirstFormat(db: Db): void {
  for (const table of LATER_TABLES) {
    db.exec(`DROP TABLE ${table}`);
  }
  for (const table of ['items', 'thumbnails', 'collections']) {
    db.exec(`ALTER TABLE ${table} DROP COLUMN checksum`);
  }
  db.exec('CREATE INDEX items_species ON items (collection, species, seq)');
  db.pragma('user_version = 1');
}
