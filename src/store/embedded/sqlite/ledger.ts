/**
 * How much there should be: a count of changes and of the items of each collection, kept in the database with every
 * change, and beside it in a file. What is lost or put back from elsewhere without a word shows as a difference.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../files/replace-file.js';
import type { Db } from './sqlite.js';

/** Name in the data directory. */
export const LEDGER_FILE = 'ledger.json';

const schema = z.object({
  format: z.literal(1),
  /** Of the database; one that was made anew has another. */
  store: z.string(),
  /** Changes up to this moment. */
  revision: z.number(),
  /** File number of the database: a copy has another. */
  inode: z.string(),
  /** Whether the store was open. */
  open: z.boolean(),
  collections: z.array(z.object({ name: z.string(), items: z.number() })),
});

/** What was last known of a data directory. */
export type LastKnown = z.infer<typeof schema>;

/** What is written in a data directory, or null when nothing is, or nothing that can be read. */
export function readLastKnown(dataDir: string): LastKnown | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path.join(dataDir, LEDGER_FILE), 'utf8')));
  } catch {
    return null; // Missing or damaged: then nothing is known, which is no reason to distrust the database.
  }
}

/** The rows of the table `ledger`: 0 counts changes, the others the items of the collection of that id. */
const REVISION = 0;

export class Ledger {
  readonly #db: Db;
  readonly #get;
  readonly #add;
  readonly #set;
  readonly #remove;
  /** In memory alone, as the disk had no room for it: it knows nothing that outlasts this process. */
  readonly #isTemporary: boolean;
  /** Revision of the last file that was written. */
  #written = -1;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Db) {
    this.#db = db;
    this.#get = db.prepare<[number], number>('SELECT n FROM ledger WHERE id = ?').pluck();
    this.#add = db.prepare('UPDATE ledger SET n = n + ? WHERE id = ?');
    this.#set = db.prepare('INSERT OR REPLACE INTO ledger (id, n) VALUES (?, ?)');
    this.#remove = db.prepare('DELETE FROM ledger WHERE id = ?');
    const temporary = db.prepare("SELECT 1 FROM sqlite_temp_master WHERE name = 'ledger'");
    this.#isTemporary = temporary.get() !== undefined;
  }

  get revision(): number {
    return this.#get.get(REVISION) ?? 0;
  }

  /** Which database this is. */
  get store(): string {
    return this.#db.prepare<[], string>('SELECT store FROM identity').pluck().get() ?? '';
  }

  /** Items that each collection should hold, by its id. */
  counts(): Map<number, number> {
    const rows = this.#db.prepare<[number], { id: number; n: number }>(
      'SELECT id, n FROM ledger WHERE id <> ?',
    );
    return new Map(rows.all(REVISION).map(({ id, n }) => [id, n]));
  }

  /** Notes a change, inside its transaction. @param items how many more there are in the collection */
  change(collection?: number, items = 0): void {
    this.#add.run(1, REVISION);
    if (collection !== undefined && items !== 0) {
      this.#add.run(items, collection);
    }
  }

  /** Notes a new collection, or how many items one has. */
  open(collection: number, items = 0): void {
    this.#set.run(collection, items);
  }

  close(collection: number): void {
    this.#remove.run(collection);
  }

  /**
   * Writes the file when something has changed since the last time, one after the other.
   *
   * @throws the file system's error; the old file stays, which knows less but nothing wrong
   */
  write(open: boolean, collections: LastKnown['collections']): Promise<void> {
    const { revision, store } = this;
    if (this.#isTemporary || (open && revision === this.#written)) {
      return this.#writing;
    }
    this.#written = revision;
    const file = this.#db.name;
    const inode = String(statSync(file, { bigint: true }).ino);
    const known: LastKnown = { format: 1, store, revision, inode, open, collections };
    const written = this.#writing.then(() =>
      replaceFile(path.join(path.dirname(file), LEDGER_FILE), `${JSON.stringify(known)}\n`, {
        isPrivate: true,
      }),
    );
    this.#writing = written.catch(() => {
      this.#written = -1;
    });
    return written;
  }
}
