/**
 * Index of the values in the metadata of items, by path, for filters and facets. It is a table next to the items,
 * changed in the same transaction. Items of an older format are added to it gradually.
 */
import { createHash } from 'node:crypto';
import type { Facet, Metadata } from '../../store.js';
import { OlderItems } from './older-items.js';
import type { Db } from './sqlite.js';

/** Longer texts are compared by their SHA-256. */
const MAX_CHARACTERS = 128;

/** A value as stored: numbers and short texts unchanged, booleans as one byte, long texts as a sha256 of 32 bytes. */
export type StoredValue = string | number | Uint8Array;

type Scalar = string | number | boolean;

/** A value with the keys that lead to it, joined by dots. */
type ValueAt = readonly [path: string, value: Scalar];

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

/** Converts a value to its stored form, which is equal only for equal values of one type. */
export function toStoredValue(value: Scalar): StoredValue {
  if (typeof value === 'boolean') {
    return Uint8Array.of(value ? 1 : 0);
  }
  if (typeof value === 'number' || value.length <= MAX_CHARACTERS) {
    return value;
  }
  return new Uint8Array(createHash('sha256').update(value).digest());
}

/**
 * Lists the texts, numbers and booleans in metadata. Elements of an array have the path of the array; nested keys are
 * joined by dots.
 */
function listValues(value: unknown, path = '', found: ValueAt[] = []): ValueAt[] {
  if (isScalar(value)) {
    found.push([path, value]);
  } else if (Array.isArray(value)) {
    for (const element of value) {
      listValues(element, path, found);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const key in value) {
      listValues((value as Metadata)[key], path === '' ? key : `${path}.${key}`, found);
    }
  }
  return found;
}

/** Whether all values are scalars, so that the object is equal to its parsed JSON. Parsing would make puts 3 % slower. */
function isFlat(metadata: Metadata): boolean {
  for (const key in metadata) {
    if (!isScalar(metadata[key])) {
      return false;
    }
  }
  return true;
}

const areEqual = (a: StoredValue, b: StoredValue) =>
  typeof a === 'object' && typeof b === 'object' ? Buffer.compare(a, b) === 0 : a === b;

/** Checks one item without the table, for items that are not in it yet. */
function hasMetadataValue(json: string, path: string, ...wanted: StoredValue[]): number {
  for (const [at, value] of listValues(JSON.parse(json))) {
    if (at === path && wanted.some((each) => areEqual(each, toStoredValue(value)))) {
      return 1;
    }
  }
  return 0;
}

/** Lists the distinct rows of an item with this stored metadata. */
export function listStoredValues(json: string): (readonly [path: string, value: StoredValue])[] {
  const rows = new Map<string, readonly [string, StoredValue]>();
  for (const [path, value] of listValues(JSON.parse(json))) {
    const stored = toStoredValue(value);
    const text = typeof stored === 'object' ? Buffer.from(stored).toString('hex') : String(stored);
    rows.set(`${path} ${typeof stored} ${text}`, [path, stored]);
  }
  return [...rows.values()];
}

/** Ignores case, how accents are encoded, and whether words are separated by `_` or a space. */
export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase().replaceAll('_', ' ');
}

function holdsText(wanted: string, ...texts: (string | null)[]): number {
  return texts.some((text) => text !== null && foldText(text).includes(wanted)) ? 1 : 0;
}

export class ItemValues {
  readonly #db: Db;
  readonly #insert;
  readonly #remove;
  readonly #older: OlderItems<{ seq: number; collection: number; metadata: string }>;

  constructor(db: Db) {
    this.#db = db;
    this.#insert = db.prepare(
      'INSERT OR IGNORE INTO item_values (collection, path, value, seq) VALUES (?, ?, ?, ?)',
    );
    this.#remove = db.prepare(
      'DELETE FROM item_values WHERE collection = ? AND path = ? AND value = ? AND seq = ?',
    );
    this.#older = new OlderItems(db, 'values_progress', 'seq, collection, metadata');
    db.function('metadata_holds', { varargs: true, deterministic: true }, hasMetadataValue);
    db.function('holds_text', { varargs: true, deterministic: true }, holdsText);
  }

  /** Whether the table has the values of all items. If not, filters read the metadata itself. */
  get isComplete(): boolean {
    return this.#older.isComplete;
  }

  /**
   * Adds the values of an item, inside the transaction that stores it.
   *
   * @param json the metadata as stored
   * @param metadata the object that `json` was made from, if known
   */
  add(collection: number, seq: number, json: string, metadata?: Metadata): void {
    const parsed = metadata !== undefined && isFlat(metadata) ? metadata : JSON.parse(json);
    for (const [path, value] of listValues(parsed)) {
      this.#insert.run(collection, path, toStoredValue(value), seq);
    }
  }

  /**
   * Removes the values of an item, inside the transaction that changes it.
   *
   * @param json the metadata as stored before
   */
  remove(collection: number, seq: number, json: string): void {
    for (const [path, value] of listValues(JSON.parse(json))) {
      this.#remove.run(collection, path, toStoredValue(value), seq);
    }
  }

  /** Removes the values of an item whose metadata is damaged; slow, since the whole collection is searched for them. */
  removeAll(collection: number, seq: number): void {
    this.#db.prepare('DELETE FROM item_values WHERE collection = ? AND seq = ?').run(collection, seq);
  }

  /** Adds some items of an older format, durably. Returns whether there are more. */
  addOlderItems(): boolean {
    return this.#older.step(
      ({ collection, seq, metadata }) => this.add(collection, seq, metadata),
      // From now on, species are looked up like all other values.
      () => this.#db.exec('DROP INDEX IF EXISTS items_species'),
    );
  }

  /** Counts the items per value at a path, most frequent first. */
  listFacets(collection: number, path: string, limit: number): Facet[] {
    const rows = this.#db
      .prepare<[number, string, number], { value: StoredValue; count: number; seq: number }>(
        `SELECT value, count(*) AS count, min(seq) AS seq FROM item_values WHERE collection = ? AND path = ?
         GROUP BY value ORDER BY count DESC, value LIMIT ?`,
      )
      .all(collection, path, limit);
    return rows.map(({ value, count, seq }) => ({ value: this.#toValue(seq, path, value), count }));
  }

  /** Converts a stored value back; long texts are read from the metadata. */
  #toValue(seq: number, path: string, stored: StoredValue): Scalar {
    if (typeof stored !== 'object') {
      return stored;
    }
    if (stored.length === 1) {
      return stored[0] === 1;
    }
    const json = this.#db
      .prepare<[number], string>('SELECT metadata FROM items WHERE seq = ?')
      .pluck()
      .get(seq);
    for (const [at, value] of listValues(JSON.parse(json ?? '{}') as Metadata)) {
      if (at === path && areEqual(toStoredValue(value), stored)) {
        return value;
      }
    }
    throw new Error(`item ${seq} has no such value at ${path}`);
  }
}
