/** Finds rows whose checksum is wrong. Findings are sentences, one per collection and kind. */
import { countBy } from '../../../math/group-by.js';
import { type CollectionRow, SELECT_COLLECTIONS } from './collection-row.js';
import { ITEM_COLUMNS, type ItemRow } from './item-row.js';
import { listStoredValues } from './item-values.js';
import {
  computeCollectionChecksum,
  hasValidChecksum,
  type ImageRow,
  isImageIntact,
} from './row-checksums.js';
import { type Db, hasTable } from './sqlite.js';
import { type Identity, unpackVector } from './stored-vector.js';

/** `quick` does not read vectors, and does not compare indexes with their tables. */
export type Thoroughness = 'quick' | 'full';

/** Formats the number of items with each kind of damage. */
const formatDamage = (kinds: Iterable<string>) =>
  Array.from(
    countBy(kinds, (kind) => kind),
    ([kind, items]) => `${kind} of ${items} ${items === 1 ? 'item' : 'items'} are damaged.`,
  );

/** Whether rows have checksums. An older format, as in a snapshot, lacks the columns. */
const hasChecksums = (db: Db) =>
  db.prepare("SELECT 1 FROM pragma_table_info('items') WHERE name = 'checksum'").get() !== undefined;

/** Lists the columns of an {@link ItemRow} in a database of any format. */
export const listItemColumns = (db: Db) =>
  hasChecksums(db) ? ITEM_COLUMNS : ITEM_COLUMNS.replace('items.checksum', 'NULL AS checksum');

/** Lists the collections of a database of any format. */
function listCollections(db: Db): CollectionRow[] {
  const sql = hasTable(db, 'collection_settings')
    ? SELECT_COLLECTIONS
    : "SELECT *, 1 AS vector_sign, 'off' AS originals FROM collections";
  return db.prepare<[], CollectionRow>(sql).all();
}

/** Finds damaged rows. Vectors and the index of values are only checked thoroughly. Returns sentences. */
export function findDamagedRows(db: Db, thoroughness: Thoroughness): string[] {
  const isFull = thoroughness === 'full';
  return [
    ...formatDamagedCollections(findDamagedCollections(db)),
    ...formatDamage(checkItems(db, isFull)),
    ...(isFull && isIndexComplete(db) ? compareValues(db) : []),
  ];
}

/** Finds damaged pictures. Everything else can be used without them. Returns sentences. */
export const findDamagedPictures = (db: Db) => (hasChecksums(db) ? formatDamage(checkImages(db)) : []);

/** Finds collections whose own row, settings or aliases are damaged. */
export function findDamagedCollections(db: Db): CollectionRow[] {
  if (!hasChecksums(db)) {
    return [];
  }
  const aliases = db.prepare<[number], string>('SELECT name FROM aliases WHERE collection = ?').pluck();
  return listCollections(db)
    .filter((row) => (row.checksum ?? null) !== null)
    .filter((row) => row.checksum !== computeCollectionChecksum(row, aliases.all(row.id)));
}

/** Describes the findings of {@link findDamagedCollections}. */
export const formatDamagedCollections = (rows: readonly CollectionRow[]) =>
  rows.map(({ name }) => `Collection ${name}: its name, model, calibration or settings are damaged.`);

type CheckedRow = ItemRow & { vector: Uint8Array | null };

/** Yields the kind of damage for each damaged item. */
function* checkItems(db: Db, withVectors: boolean): Generator<string> {
  const columns = listItemColumns(db);
  const sql = withVectors
    ? `SELECT ${columns}, vector FROM items LEFT JOIN vectors ON vectors.seq = @sign * items.seq WHERE collection = @id`
    : `SELECT ${columns} FROM items WHERE collection = @id`;
  const rows = db.prepare<[{ id: number; sign: number }], CheckedRow>(sql);
  for (const { id, name, dimension, vector_sign: sign } of listCollections(db)) {
    for (const row of rows.iterate({ id, sign })) {
      if (!hasValidChecksum(row)) {
        yield `Collection ${name}: the labels, sources or metadata`;
      }
      if (withVectors && !hasVector(row, dimension)) {
        yield `Collection ${name}: the vectors`;
      }
    }
  }
}

const hasVector = ({ vector, ...identity }: Identity & { vector: Uint8Array | null }, dimension: number) =>
  vector !== null && unpackVector(vector, dimension, identity) !== null;

/** Yields the kind of damage for each damaged picture. */
function* checkImages(db: Db): Generator<string> {
  for (const table of ['thumbnails', 'originals']) {
    const rows = db.prepare<[number], ImageRow & { seq: number }>(
      `SELECT ${table}.seq, image, ${table}.checksum FROM items JOIN ${table} ON ${table}.seq = items.seq
       WHERE collection = ?`,
    );
    for (const { id, name } of listCollections(db)) {
      for (const row of rows.iterate(id)) {
        if (!isImageIntact(row.seq, row)) {
          yield `Collection ${name}: the ${table}`;
        }
      }
    }
  }
}

const isIndexComplete = (db: Db) =>
  hasTable(db, 'values_progress') && db.prepare('SELECT after FROM values_progress').pluck().get() === null;

/** Compares the index of values with the metadata. */
function compareValues(db: Db): string[] {
  const findValue = db.prepare(
    'SELECT 1 FROM item_values WHERE collection = ? AND path = ? AND value = ? AND seq = ?',
  );
  const rows = db.prepare<[], { collection: number; seq: number; metadata: string }>(
    'SELECT collection, seq, metadata FROM items',
  );
  let [expected, indexed] = [0, 0];
  for (const { collection, seq, metadata } of rows.iterate()) {
    for (const [path, value] of listStoredValues(metadata)) {
      expected++;
      indexed += findValue.get(collection, path, value, seq) === undefined ? 0 : 1;
    }
  }
  const all = db.prepare<[], number>('SELECT count(*) FROM item_values').pluck().get() ?? 0;
  return indexed === expected && all === expected
    ? []
    : ['The index of values in the metadata does not match the items.'];
}
