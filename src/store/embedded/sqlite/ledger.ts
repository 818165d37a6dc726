/**
 * Keeps count of the changes and of the items in each collection, in the database and in a file next to it. If data is
 * lost or replaced by an older copy, the two differ.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { addChecksum, verifyChecksum } from '../../../files/checksummed-json.js';
import { replaceFile } from '../../../files/replace-file.js';
import { LEDGER_FILE } from './file-names.js';
import { type Db, isReadOnly } from './sqlite.js';

const schema = z.object({
  format: z.literal(1),
  /** Identifies the database. */
  store: z.string(),
  /** Number of changes so far. */
  revision: z.number(),
  /** File number of the database; a copy has a different one. */
  inode: z.string(),
  /** Whether the store was open when this was written. */
  open: z.boolean(),
  collections: z.array(z.object({ name: z.string(), items: z.number() })),
});

/** The last recorded state of a data directory. */
export type LastKnown = z.infer<typeof schema>;

/** Reads the last recorded state of a data directory. Returns null if it is missing or damaged. */
export function readLastKnown(dataDir: string): LastKnown | null {
  try {
    return schema.parse(JSON.parse(verifyChecksum(readFileSync(path.join(dataDir, LEDGER_FILE), 'utf8'))));
  } catch {
    return null; // Without a record the database is not compared with anything.
  }
}

/** Row 0 of the table `ledger` counts changes. The others count the items of the collection with that id. */
const REVISION = 0;

export class Ledger {
  readonly #db: Db;
  readonly #get;
  readonly #add;
  readonly #set;
  readonly #remove;
  /** Revision in the last file written. */
  #written = -1;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Db) {
    this.#db = db;
    this.#get = db.prepare<[number], number>('SELECT n FROM ledger WHERE id = ?').pluck();
    this.#add = db.prepare('UPDATE ledger SET n = n + ? WHERE id = ?');
    this.#set = db.prepare('INSERT OR REPLACE INTO ledger (id, n) VALUES (?, ?)');
    this.#remove = db.prepare('DELETE FROM ledger WHERE id = ?');
  }

  get revision(): number {
    return this.#get.get(REVISION) ?? 0;
  }

  /** Identifies the database. */
  get store(): string {
    return this.#db.prepare<[], string>('SELECT store FROM identity').pluck().get() ?? '';
  }

  /** The number of items that each collection should hold, by its id. */
  getCounts(): Map<number, number> {
    const rows = this.#db.prepare<[number], { id: number; n: number }>(
      'SELECT id, n FROM ledger WHERE id <> ?',
    );
    return new Map(rows.all(REVISION).map(({ id, n }) => [id, n]));
  }

  /** Records a change, inside its transaction. The collection grew by `items`. */
  recordChange(collection?: number, items = 0): void {
    this.#add.run(1, REVISION);
    if (collection !== undefined && items !== 0) {
      this.#add.run(items, collection);
    }
  }

  /** Records a new collection, or the number of its items. */
  addCollection(collection: number, items = 0): void {
    this.#set.run(collection, items);
  }

  removeCollection(collection: number): void {
    this.#remove.run(collection);
  }

  /**
   * Writes the file if something has changed, after writes in progress.
   *
   * @throws the file system's error; the old file stays
   */
  write(isOpen: boolean, collections: LastKnown['collections']): Promise<void> {
    const { revision, store } = this;
    if (isReadOnly(this.#db) || (isOpen && revision === this.#written)) {
      return this.#writing;
    }
    this.#written = revision;
    const file = this.#db.name;
    const inode = String(statSync(file, { bigint: true }).ino);
    const state: LastKnown = { format: 1, store, revision, inode, open: isOpen, collections };
    const written = this.#writing.then(() =>
      replaceFile(path.join(path.dirname(file), LEDGER_FILE), addChecksum(JSON.stringify(state)), {
        isPrivate: true,
      }),
    );
    this.#writing = written.catch(() => {
      this.#written = -1;
    });
    return written;
  }
}
